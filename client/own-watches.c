/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "own-watches.h"

#include <signal.h>

#include "deadline.h"
#include "follow.h"
#include "path.h"
#include "print.h"
#include "stops.h"
#include "targets.h"
#include "util.h"
#include "watches.h"

static enum exit_status add(struct client *c, const char *text, struct dwd_rule rule,
			    struct own_watches *w)
{
	_cleanup_watch_ struct dwd_watch *watch = NULL;
	_cleanup_free_ char *target = NULL;
	int r = path_target(text, NULL, &target);

	if (r < 0)
		return print_failure(text, r);
	rule.target = target;
	rule.own = true;
	r = dwd_watch(c->dwd, &rule, &watch);
	if (r < 0)
		return client_failed(c, r);
	w->ids[w->count++] = watch->id;
	targets_remark(c, watch, target);
	return EXIT_DONE;
}

enum exit_status own_watches_add(struct client *c, const struct args *args,
				 const struct dwd_rule *rule, struct own_watches *ret)
{
	_cleanup_free_ const char **targets = args_get_all(args, "watch");
	enum exit_status status = EXIT_DONE;
	size_t n = 0;

	while (targets && targets[n])
		n++;
	*ret = (struct own_watches){.ids = calloc(n + 1, sizeof(*ret->ids))};
	if (!targets || !ret->ids)
		return print_failure("cannot watch", -ENOMEM);
	for (size_t i = 0; status == EXIT_DONE && i < n; i++)
		status = add(c, targets[i], *rule, ret);
	return status;
}

void own_watches_done(struct own_watches *w)
{
	free(w->ids);
}

bool own_watches_caught(const struct own_watches *w, const struct dwd_stop *stop)
{
	for (size_t i = 0; i < stop->watches_count; i++) {
		for (size_t k = 0; k < w->count; k++) {
			if (stop->watches[i] == w->ids[k])
				return true;
		}
	}
	return false;
}

/* Whether somebody else is to see to it. A process that has ended will soon have lost its claim. */
static bool is_claimed(const struct dwd_stop *stop)
{
	return stop->claimed_by && (kill(stop->claimed_by, 0) == 0 || errno != ESRCH);
}

void own_watches_release(const struct client *c, const struct own_watches *w)
{
	_cleanup_stops_ struct dwd_stop **stops = NULL;
	struct dwd *d = NULL;
	ssize_t n;

	if (dwd_connect(&d, client_socket(c)) < 0)
		return;
	n = dwd_list(d, NULL, &stops);
	for (ssize_t i = 0; i < n; i++) {
		bool held = str_eq(stops[i]->state, "stopped") ||
			    str_eq(stops[i]->state, "stopping");

		if (held && own_watches_caught(w, stops[i]) && !is_claimed(stops[i]))
			dwd_continue(d, &stops[i]->id, 1);
	}
	dwd_close(d);
}

/* ---- waiting for a stop of theirs ------------------------------------------------------------ */

struct expectation {
	struct own_watches watches;
	uint64_t stop; /* the first that came; 0: none yet */
};

static void on_event(struct dwd *d, const struct dwd_event *event, void *userdata)
{
	struct expectation *e = userdata;

	if (!e->stop && str_eq(event->event, "stopped") && event->stop &&
	    own_watches_caught(&e->watches, event->stop))
		e->stop = event->stop->id;
}

/* Until it has come, or the time has run out: 0; or fails as follow_next() does. */
static int expect(struct client *c, const struct expectation *e, int timeout)
{
	int64_t deadline = deadline_in(timeout);
	struct follow f;
	int r = 0;

	follow_begin(&f, c);
	while (r >= 0 && !e->stop && deadline_left(deadline) != 0)
		r = follow_next(&f, deadline_left(deadline));
	follow_end(&f);
	return r < 0 ? r : 0;
}

static enum exit_status explain(struct client *c, int r)
{
	return r == -EPIPE ? print_failure("standard output", r) : client_failed(c, r);
}

enum exit_status own_watches_claim(struct client *c, const struct args *args,
				   const struct dwd_rule *rule, int timeout, struct dwd_stop **ret)
{
	static const struct dwd_listener listener = {.event = on_event};
	struct expectation e = {0};
	struct dwd_selector selector = {0};
	enum exit_status status;
	int r = dwd_subscribe(c->dwd, false, &listener, &e);

	status = r < 0 ? client_failed(c, r) : own_watches_add(c, args, rule, &e.watches);
	if (status == EXIT_DONE) {
		if (timeout < 0)
			print_note(c, "waiting for a process to be stopped (Ctrl-C ends)");
		r = expect(c, &e, timeout);
		selector.id = e.stop;
		if (r >= 0 && e.stop)
			r = dwd_claim(c->dwd, &selector, 0, ret);
		status = r < 0 ? explain(c, r) : EXIT_DONE;
	}
	own_watches_done(&e.watches);
	if (status != EXIT_DONE || e.stop)
		return status;
	print_error("no process was stopped within %g s", timeout / 1000.0);
	return EXIT_TIMED_OUT;
}
