/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DWD_WATCH_H
#define DWD_WATCH_H

/*
 * One watch: what it names and how it is narrowed. Parsing, validation, normalisation and rendering
 * only: nothing here touches files, the kernel or a socket.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <jansson.h>

#include "backend.h"
#include "event.h"
#include "principal.h"
#include "util.h"

/* What narrows a watch; all of it must hold. Zero or NULL does not narrow. */
struct watch_filters {
	bool has_uid;
	uid_t uid;
	const char *const
		*args; /* patterns, each of which an argument must match; ended by NULL, or NULL */
	pid_t under;   /* beneath this process, in the daemon's pid namespace */
	uint64_t under_start;	/* its start time in clock ticks, as /proc/PID/stat has it */
	const char *under_name; /* beneath a process with this comm */
	const char *cgroup;	/* absolute path of a directory of the cgroup2 file system */
	uint64_t skip;		/* let so many matches run first */
	uint64_t count;		/* stop so many, then no more */
	uint64_t max_stopped;	/* at one time */
};

/* Whether filters can be those of a watch. NULL, or static text that says what is wrong, and *which
 * is the name of the one to blame. A pattern of `args` is text of at most DWD_ARG_MAX bytes besides
 * a `*` at either end, and there are at most DWD_FILTER_ARGS of them. */
const char *watch_check_filters(const struct watch_filters *filters, const char **which);

/* The filters that the members of an object tell, those of a call or of what is kept, which were
 * checked by params_check(); `args` is its array of that name. Borrows from both. */
struct watch_filters watch_filters_from_json(json_t *object, const char *const *args);

struct watch {
	uint64_t id;
	uint32_t slot;
	enum dwd_watch_kind kind;
	char *target; /* normalised; a directory ends with a slash */
	struct watch_filters filters;
	uint64_t hold;	    /* ms until `then` happens to a stop that nobody took; 0: never */
	bool then_kill;	    /* else it is released */
	const void *holder; /* the client with whom it ends; NULL: it stays */
	struct principal owner;
	int64_t created;  /* realtime, us since the epoch */
	char **setenv;	  /* what it stops is given these variables; ended by NULL, or NULL */
	char *saved;	  /* the file that it comes from; NULL: none */
	char *saved_line; /* and the line of it */
};

/* Parse a target: NAME, absolute PATH or PATH/. Normalises `//`, `.` and `..`
 * textually. On -EINVAL *reason (static text) says what is wrong: empty, longer than a name or a
 * path may be, deeper than DWD_PATH_DEPTH, relative, a name of `.` or `..`, or the root directory,
 * which would stop the whole machine. Bytes need not be UTF-8. */
int watch_new(struct watch **ret, const char *target, const char **reason);
/* Take a copy of these filters, which must be good; -ENOMEM. */
int watch_set_filters(struct watch *w, const struct watch_filters *filters);
/* Take copies of these variables, NULL for none; -ENOMEM. */
int watch_set_variables(struct watch *w, const char *const *variables);
/* Note the file that has it, and the line; NULL for none. -ENOMEM, and nothing is changed. */
int watch_set_saved(struct watch *w, const char *path, const char *line);
struct watch *watch_free(struct watch *w);
DEFINE_CLEANUP(struct watch *, watch_free)

/* Write the normal form of absolute `from` to `to`, which has room for as much and a slash: one
 * slash between components, no "." and "..", a slash at the end if and only if a directory is named
 * ("/a/", "/a/." and "/a/b/.."). NULL, or static text that says why this is no path to watch. */
const char *watch_normalise(const char *from, char *to, bool *directory);

/* Whether it would have this target, in whatever form it is written. */
bool watch_has_target(const struct watch *w, const char *target);

/* Counters of skips by reason, without those that are 0. */
json_t *watch_skips_to_json(const __u64 skipped[static DWD_SKIP_COUNT]);

/* The WatchRule object of the Varlink interface; a new reference, NULL on lack of memory. */
json_t *watch_to_json(const struct watch *w, const struct dwd_counters *counters,
		      enum backend_unresolved unresolved);

#endif
