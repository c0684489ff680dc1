/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "understood.h"

#include "connection.h"

bool understood_event(json_t *object)
{
	struct dwd_event *event = NULL;
	const char *bad = NULL;
	int r = event_parse(&event, object, &bad);

	event_free(event);
	return r == 0;
}

bool understood_stop(json_t *object)
{
	struct dwd_stop *stop = NULL;
	const char *bad = NULL;
	int r = stop_parse(&stop, object, &bad);

	dwd_stop_free(stop);
	return r == 0;
}

bool understood_watch(json_t *object)
{
	struct dwd_watch *watch = NULL;
	const char *bad = NULL;
	int r = watch_parse(&watch, object, &bad);

	dwd_watch_free(watch);
	return r == 0;
}
