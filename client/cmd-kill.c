/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <signal.h>
#include <stdio.h>

#include "cmd.h"
#include "print.h"
#include "show.h"
#include "signals.h"
#include "stops.h"

/* What is sent, and how often it was. */
struct sending {
	int signal;
	char name[32];
	size_t count;
};

static enum exit_status kill_one(struct client *c, const struct dwd_stop *stop, void *userdata)
{
	struct sending *s = userdata;
	ssize_t n = dwd_kill(c->dwd, &stop->id, 1, s->signal);

	if (n < 0)
		return client_failed(c, (int)n);
	s->count += (size_t)n;
	print_done(c, "sent %s to " STOP_FORMAT, s->name, STOP_ARGS(stop));
	return EXIT_DONE;
}

static enum exit_status kill_all(struct client *c, struct sending *s)
{
	ssize_t n = dwd_kill(c->dwd, NULL, 0, s->signal);

	if (n < 0)
		return client_failed(c, (int)n);
	s->count = (size_t)n;
	print_done(c, "sent %s to %zu process%s", s->name, s->count, s->count == 1 ? "" : "es");
	return EXIT_DONE;
}

static enum exit_status run(struct client *c, const struct args *args)
{
	const char *name = args_get(args, "signal");
	struct sending sending = {.signal = SIGKILL};
	bool all = args_get(args, "all");
	enum exit_status status;

	if (all == (args->count > 0))
		return cmd_misused(&cmd_kill, CMD_NEEDS_STOPS);
	if (name && signal_parse(name, &sending.signal) < 0)
		return cmd_misused(&cmd_kill, "there is no signal '%s'", name);
	signal_format(sending.signal, sending.name, sizeof(sending.name));

	status = client_connect(c, false);
	if (status != EXIT_DONE)
		return status;
	status = all ? kill_all(c, &sending) : stops_for_each(c, args, kill_one, &sending);
	if (c->options.json)
		printf("{\"signalled\": %zu}\n", sending.count);
	return status;
}

static const struct option_spec options[] = {
	{.name = "signal",
	 .letter = 's',
	 .bare = true,
	 .value = "SIGNAL",
	 .kind = ARG_SIGNAL,
	 .help = "what to send (default: KILL); -SIGNAL does as well"},
	CMD_OPTION_ALL("send it to all"),
	{0},
};

const struct cmd cmd_kill = {
	.name = "kill",
	.synopsis = "[-SIGNAL] SELECTOR...|--all",
	.summary = "send a signal to stopped processes, SIGKILL if none is named",
	.details = "But for KILL and CONT a process takes the signal when it runs on.",
	.options = options,
	.operand = ARG_SELECTOR,
	.max = -1,
	.run = run,
};
