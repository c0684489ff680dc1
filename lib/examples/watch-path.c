/* SPDX-License-Identifier: BSD-2-Clause */
/* Say who executes PATH, and let him: cc watch-path.c $(pkg-config --cflags --libs libdwd) */
#include <dwd.h>
#include <stdio.h>
#include <string.h>

static struct dwd_watch *watch;
static uint64_t stopped[64]; /* to be released: a callback may not ask the daemon for anything */
static size_t stopped_count;

static void on_event(struct dwd *d, const struct dwd_event *event, void *userdata)
{
	const struct dwd_stop *stop = event->stop;

	if (strcmp(event->event, "stopped") != 0 || stop->watch != watch->id || stopped_count == 64)
		return;
	printf("%s: process %d, started by %s\n", stop->exe, (int)stop->pid, stop->parent);
	stopped[stopped_count++] = stop->id;
}

static void on_error(struct dwd *d, int error, const char *message, void *userdata)
{
	fprintf(stderr, "watch-path: the connection is over: %s\n", message);
}

int main(int argc, char **argv)
{
	const struct dwd_listener listener = {.event = on_event, .error = on_error};
	const struct dwd_rule rule = {.target = argc > 1 ? argv[1] : ""};
	struct dwd *d = NULL;
	bool ok = dwd_connect(&d, NULL) >= 0 && dwd_subscribe(d, false, &listener, NULL) >= 0 &&
		  dwd_watch(d, &rule, &watch) >= 0;

	setlinebuf(stdout);
	while (ok && dwd_dispatch(d, -1) >= 0)
		while (stopped_count > 0)
			dwd_continue(d, &stopped[--stopped_count], 1);
	fprintf(stderr, "watch-path: %s\n", dwd_error(d));
	dwd_watch_free(watch);
	dwd_close(d);
	return 1;
}
