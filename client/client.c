/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "client.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "print.h"
#include "start.h"
#include "util.h"

const char *client_socket(const struct client *c)
{
	const char *env = getenv("DWD_SOCKET");

	if (c->options.socket)
		return c->options.socket;
	return env && *env ? env : DWD_DEFAULT_SOCKET;
}

void client_disconnect(struct client *c)
{
	c->dwd = dwd_close(c->dwd);
	free(c->connected_to);
	c->connected_to = NULL;
}

void client_check(struct client *c)
{
	if (c->dwd && dwd_dispatch(c->dwd, 0) < 0)
		client_disconnect(c);
}

/* What there still is of one. False if there is nothing. */
static bool explain_trace(const struct client *c)
{
	_cleanup_free_ char *what = NULL, *advice = NULL;
	const char *socket = client_socket(c);
	enum start_trace trace;
	pid_t pid;

	trace = start_find_trace(c, &pid);
	what = start_describe_trace(trace, socket, pid);
	advice = start_advise_trace(trace, socket, pid);
	if (what && advice)
		print_error("%s: %s", what, advice);
	return what && advice;
}

/* The daemon's absence is common enough to be explained in the user's terms. */
static enum exit_status explain_absence(const struct client *c, bool may_be_started)
{
	const char *socket = client_socket(c);
	struct stat st;

	if (stat(socket, &st) == 0 && !S_ISSOCK(st.st_mode))
		print_error("%s is there and is not a socket: give another --socket, or move it "
			    "away",
			    socket);
	else if (explain_trace(c))
		return EXIT_NO_DAEMON;
	else if (geteuid() != 0)
		print_error("no daemon listens on %s; start it as root (dwdd), or run dwd as root, "
			    "which starts one",
			    socket);
	else if (c->options.no_start && may_be_started)
		print_error("no daemon listens on %s; start one with dwdd, or leave out --no-start",
			    socket);
	else
		print_error("no daemon listens on %s; dwd watch TARGET starts one", socket);
	return EXIT_NO_DAEMON;
}

static enum exit_status explain_refusal(const struct client *c, int r, bool may_be_started)
{
	if (exit_status(r) == EXIT_NO_DAEMON)
		return explain_absence(c, may_be_started);
	print_error("%s", dwd_error(NULL));
	return exit_status(r);
}

static void announce_start(struct client *c)
{
	struct dwd_status *status = NULL;

	if (dwd_status(c->dwd, &status) < 0)
		return;
	print_note(c, "started dwdd (pid %d, %s backend)", (int)status->pid, status->backend);
	dwd_status_free(status);
}

/* Connect, if need be as soon as a daemon that somebody else is starting is ready. */
static int connect_patiently(struct client *c)
{
	int r = dwd_connect(&c->dwd, client_socket(c));

	for (int tries = 0; r < 0 && tries < 500 && start_is_under_way(c); tries++) {
		usleep(20 * 1000);
		r = dwd_connect(&c->dwd, client_socket(c));
	}
	return r;
}

/* Start a daemon and connect to it, or to one that was started at the same time. */
static enum exit_status start(struct client *c)
{
	_cleanup_free_ char *complaint = NULL;
	enum exit_status status = start_daemon(c, &complaint);
	int r = connect_patiently(c);

	if (r < 0 && status != EXIT_DONE) {
		if (start_is_under_way(c) && explain_trace(c))
			return status;
		print_error("%s", complaint ? complaint : strerror(ENOMEM));
		return status;
	}
	if (r < 0 && exit_status(r) == EXIT_NO_DAEMON) {
		print_error("a daemon was started, but none listens on %s: is $DWD_DAEMON a dwdd?",
			    client_socket(c));
		return EXIT_NO_DAEMON;
	}
	if (r < 0)
		return explain_refusal(c, r, true);
	if (status == EXIT_DONE)
		announce_start(c);
	return EXIT_DONE;
}

/* One that takes over is wanted whatever the command. */
static bool should_start(const struct client *c, bool may_be_started)
{
	enum start_trace trace;
	pid_t pid;

	if (c->options.no_start || geteuid() != 0)
		return false;
	trace = start_find_trace(c, &pid);
	return may_be_started || trace == START_TRACE_KILLED || trace == START_TRACE_LEFT;
}

enum exit_status client_connect(struct client *c, bool may_be_started)
{
	_cleanup_free_ char *socket = strdup(client_socket(c));
	enum exit_status status = EXIT_DONE;
	int r;

	if (!socket)
		return print_failure("cannot connect", -ENOMEM);
	if (c->dwd && str_eq(c->connected_to, socket))
		return EXIT_DONE;
	client_disconnect(c);

	r = dwd_connect(&c->dwd, socket);
	if (exit_status(r) == EXIT_NO_DAEMON && should_start(c, may_be_started))
		status = start(c);
	else if (r < 0)
		status = explain_refusal(c, r, may_be_started);
	if (status == EXIT_DONE)
		c->connected_to = steal_pointer(socket);
	return status;
}

enum exit_status client_failed(struct client *c, int result)
{
	enum exit_status status = exit_status(result);

	/* Whoever interrupted us knows. */
	if (status != EXIT_INTERRUPTED)
		print_error("%s", dwd_error(c->dwd));
	if (status == EXIT_NO_DAEMON || status == EXIT_INTERRUPTED)
		client_disconnect(c);
	return status;
}

bool client_has_watches(struct client *c)
{
	struct dwd_watch **watches = NULL;
	ssize_t n = dwd_watches(c->dwd, &watches);

	if (n >= 0)
		dwd_watches_free(watches);
	return n != 0;
}
