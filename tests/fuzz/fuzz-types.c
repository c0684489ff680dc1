/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * What libdwd makes of objects from a daemon, whatever is in them: a structure with all its
 * strings, or an error that names a field.
 */

#include "fuzz.h"

#include "connection.h"

static void check_watch(const struct dwd_watch *w)
{
	uint64_t sum = 0;

	CHECK(w->target && w->kind && w->created);
	for (size_t i = 0; i < w->skips_count; i++) {
		CHECK(w->skips[i].name);
		sum += w->skips[i].value;
	}
	CHECK(w->skipped == sum);
	CHECK(dwd_watch_json(w));
}

static void check_stop(const struct dwd_stop *s)
{
	CHECK(s->state && s->exe && s->path && s->comm && s->parent && s->backend && s->since);
	for (size_t i = 0; i < s->argc; i++)
		CHECK(s->argv[i]);
	CHECK(!s->argv[s->argc]);
	CHECK(s->age >= 0);
	CHECK(s->pid >= 0 && s->ppid >= 0 && s->claimed_by >= 0 && s->tracer >= 0);
	CHECK(dwd_stop_json(s));
}

static void check_event(const struct dwd_event *e)
{
	CHECK(e->event && e->time);
	if (e->stop)
		check_stop(e->stop);
	if (e->watch)
		check_watch(e->watch);
	CHECK(!e->skip_comm == !e->skip_reason);
	CHECK(dwd_event_json(e));
}

static void check_error(int r, const char *bad)
{
	CHECK(r == -EPROTO);
	CHECK(bad);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	json_auto_t *object = json_loadb((const char *)data, size, JSON_DECODE_ANY, NULL);
	struct dwd_status *status = NULL;
	struct dwd_watch *watch = NULL;
	struct dwd_event *event = NULL;
	struct dwd_stop *stop = NULL;
	const char *bad = NULL;
	int r;

	if ((r = watch_parse(&watch, object, &bad)) == 0)
		check_watch(watch);
	else
		check_error(r, bad);
	if ((r = stop_parse(&stop, object, &bad)) == 0)
		check_stop(stop);
	else
		check_error(r, bad);
	if ((r = event_parse(&event, object, &bad)) == 0)
		check_event(event);
	else
		check_error(r, bad);
	if ((r = status_parse(&status, object, &bad)) == 0)
		CHECK(status->version && status->backend && dwd_status_json(status));
	else
		check_error(r, bad);
	dwd_watch_free(watch);
	dwd_stop_free(stop);
	event_free(event);
	dwd_status_free(status);
	return 0;
}
