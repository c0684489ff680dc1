/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "stops.h"

#include <signal.h>

#include "print.h"

enum exit_status stops_selector(const struct args *args, int i, struct selector *ret)
{
	const char *reason;
	int r;

	if (i >= args->count) {
		*ret = (struct selector){0};
		return EXIT_DONE;
	}
	r = selector_parse(ret, args->words[i], NULL, &reason);
	if (r < 0)
		print_error("'%s' selects nothing: %s", args->words[i], reason);
	return exit_status(r);
}

enum exit_status stops_may_come(const struct selector *selector)
{
	pid_t pid = selector->match.pid;

	if (!pid || kill(pid, 0) == 0 || errno != ESRCH)
		return EXIT_DONE;
	print_error("there is no process %d to wait for", (int)pid);
	return EXIT_NO_MATCH;
}

/* Every stop found so far, from one list per operand. */
struct found {
	struct dwd_stop ***lists;
	size_t lists_count;
};

static void found_done(struct found *f)
{
	for (size_t i = 0; i < f->lists_count; i++)
		dwd_stops_free(f->lists[i]);
	free(f->lists);
}

static enum exit_status find(struct client *c, const struct args *args, int i, struct found *f)
{
	_cleanup_selector_ struct selector selector = {0};
	struct dwd_stop **list = NULL;
	enum exit_status status = stops_selector(args, i, &selector);
	ssize_t n;

	if (status != EXIT_DONE)
		return status;
	n = dwd_list(c->dwd, &selector.match, &list);
	if (n < 0)
		return client_failed(c, (int)n);
	f->lists[f->lists_count++] = list;
	if (n > 0)
		return EXIT_DONE;
	print_error("nothing that is stopped matches '%s'; dwd list shows all that is",
		    args->words[i]);
	return EXIT_NO_MATCH;
}

/* Whether an earlier list has the stop too. */
static bool seen_before(const struct found *f, size_t list, const struct dwd_stop *stop)
{
	for (size_t i = 0; i < list; i++) {
		for (struct dwd_stop **s = f->lists[i]; *s; s++) {
			if ((*s)->id == stop->id)
				return true;
		}
	}
	return false;
}

static void keep_first(enum exit_status *first, enum exit_status status)
{
	if (*first == EXIT_DONE)
		*first = status;
}

enum exit_status stops_for_each(struct client *c, const struct args *args, stops_act act,
				void *userdata)
{
	_cleanup_(found_done) struct found found = {0};
	enum exit_status first = EXIT_DONE;

	found.lists = calloc((size_t)args->count, sizeof(*found.lists));
	if (!found.lists)
		return print_failure("cannot look stops up", -ENOMEM);

	for (int i = 0; i < args->count && c->dwd; i++)
		keep_first(&first, find(c, args, i, &found));

	for (size_t i = 0; i < found.lists_count; i++) {
		for (struct dwd_stop **s = found.lists[i]; *s && c->dwd; s++) {
			if (!seen_before(&found, i, *s))
				keep_first(&first, act(c, *s, userdata));
		}
	}
	return first;
}
