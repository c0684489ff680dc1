/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DWD_H
#define DWD_H

/*
 * libdwd: talk to the debug watchdog.
 *
 * A `struct dwd` is one connection to the daemon. Every call below that asks the daemon something
 * blocks until the answer is there; events that arrive meanwhile are queued and handed to the
 * listener by the next dwd_dispatch(). Callers with an event loop poll dwd_get_fd() for
 * dwd_get_events() and call dwd_dispatch(d, 0); callers without one call dwd_dispatch(d, -1).
 * From within a callback only what is marked "callback-safe" may be called; other calls fail with
 * -EDEADLK, and dwd_close() is not allowed.
 *
 * Results: 0 or more is success. Negative is failure: one of -errno, and dwd_error() then tells
 * what failed, on what, why, and what to do about it. Outputs are untouched on failure. The codes
 * that a caller is expected to handle:
 *
 *   -ENOENT     no such stop or watch, or none fits
 *   -ETIMEDOUT  the time given ran out
 *   -EBUSY      the stop is claimed by somebody else, or is in a state that does not allow this
 *   -EPERM, -EACCES  not permitted
 *   -EINVAL     an argument, or a target that cannot be watched
 *   -ENOSPC     a limit was reached
 *   -EIO        the kernel refused
 *   -EOPNOTSUPP the environment of this process cannot be changed; it stays stopped
 *   -ECONNREFUSED  no daemon; -ECONNRESET  it went away, or does not answer (dwd_set_patience());
 *               -ENOTCONN  the connection is over
 *   -EINTR      a signal came while a call that may take long waited
 *   -EPROTO     the daemon answered what this library does not understand
 *
 * -ECONNRESET and -EINTR end the connection, and so does -EPROTO if the stream is unusable: claims
 * fall back, later calls answer -ENOTCONN, and all that is left to do is dwd_close().
 *
 * The library does not log, does not start threads, installs no signal handlers and is safe to use
 * from several threads as long as each connection is used by one at a time.
 *
 * Strings in the structures are printable UTF-8, escaped where a process gave other bytes; the
 * daemon's JSON, which has those bytes in base64 too, is what dwd_stop_json() and its like answer.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define DWD_DEFAULT_SOCKET "/run/dwd/dwd.sock"

struct dwd;

/* A counter with a name, as in the skips of a watch. */
struct dwd_count {
	const char *name;
	uint64_t value;
};

struct dwd_watch {
	uint64_t id;
	const char *target;
	const char *kind; /* "name", "path" or "directory" */
	/* What narrows it, and what becomes of its stops: as in struct dwd_rule. */
	bool has_uid;
	uid_t uid;
	const char *const *args; /* NULL: there are none */
	pid_t under;
	const char *under_name, *cgroup;
	uint64_t skip, count, max_stopped, hold;
	const char *then;
	bool own;
	const char *const *setenv; /* NULL: there are none */
	uid_t owner;
	uint64_t caught;
	uint64_t skipped; /* the sum of skips */
	const struct dwd_count *skips;
	size_t skips_count;
	const char *created; /* RFC 3339 */
	const char *saved;   /* the file that brings it back when the daemon starts; NULL: none */
	/* What could not be looked at when that was last tried, and is tried again: "path", it may
	 * not catch what is there now; "cgroup", it catches nothing. NULL: nothing. */
	const char *unresolved;
};

/* What a reload did. */
struct dwd_reload {
	uint64_t added, removed, kept;
	const char *const *errors; /* "FILE:LINE: what is wrong", NULL-terminated */
	size_t errors_count;
};

struct dwd_stop {
	uint64_t id;
	pid_t pid;
	const char *state; /* "stopping", "stopped", "attached", "running" or "gone" */
	const char *exe;   /* the file executed */
	const char *path;  /* what was given to exec */
	const char *comm;
	const char *const *argv; /* NULL-terminated */
	size_t argc;
	bool truncated;	 /* argv is not whole */
	const char *cwd; /* NULL if unknown */
	uid_t uid, euid;
	gid_t gid, egid;
	pid_t ppid;
	const char *parent; /* the parent's comm */
	uint64_t watch;	    /* the first watch that matched */
	const uint64_t *watches;
	size_t watches_count;
	uint64_t watches_total; /* how many caught it, of which not all may be named */
	const char *backend;
	const char *since; /* RFC 3339 */
	double age;	   /* seconds, by this machine's clock, when the reply arrived */
	bool container;	   /* in another pid or mount namespace than the daemon */
	pid_t claimed_by;  /* 0: nobody */
	pid_t tracer;	   /* 0: none */
	/* Environment variables it was given; NULL-terminated. /proc/PID/environ lacks them. */
	const char *const *variables;
	size_t variables_count;
	const char *setenv_error; /* why the last attempt to set some failed; NULL: it did not */
};

/* What happened; fields that do not apply are NULL or 0. */
struct dwd_event {
	const char *event; /* "stopped", "attached", "detached", "continued", "killed", "gone",
			      "skipped", "watched" or "unwatched" */
	const char *time;  /* RFC 3339 */
	const struct dwd_stop *stop;
	const struct dwd_watch *watch;
	pid_t by;	    /* the client that did it, 0: nobody within dwd */
	const char *signal; /* "SIGKILL" */
	uint64_t lost;	    /* so many events before this one were dropped */
	/* for "skipped": */
	pid_t skip_pid;
	const char *skip_comm;
	const char *skip_reason;
	uint64_t skip_watch;
};

struct dwd_status {
	const char *version;
	pid_t pid;
	const char *backend;
	uint64_t watches, stops, max_stopped, caught, skipped, clients;
	uint64_t missed; /* execs that have passed unseen, at most */
	const char *started;
	const char *kernel;
	const char *pinned;   /* where it outlives the daemon; NULL: nowhere ... */
	const char *unpinned; /* ... and why */
};

/* Which stops are meant. Zero or NULL in a field does not narrow. */
struct dwd_selector {
	uint64_t id;
	pid_t pid;
	const char *name; /* last component of exe or path */
	const char *path; /* exe or path */
};

/* Callbacks of a connection; any may be NULL. What they are given lives until they return. */
struct dwd_listener {
	void (*event)(struct dwd *d, const struct dwd_event *event, void *userdata);
	/* The connection is over; `error` is a -errno. Called once, from dwd_dispatch(). */
	void (*error)(struct dwd *d, int error, const char *message, void *userdata);
};

/* Connect. `socket` NULL: $DWD_SOCKET, else DWD_DEFAULT_SOCKET. On failure *ret is untouched;
 * dwd_error(NULL) gives the message of this thread's last failed dwd_connect(). */
int dwd_connect(struct dwd **ret, const char *socket);

/* Close and free; NULL is fine. Claims of this connection fall back. Returns NULL. */
struct dwd *dwd_close(struct dwd *d);

/* How long, in ms, the daemon may take to answer what it can answer at once, and beyond the time
 * given for a wait; negative: for ever. A daemon that takes longer counts as gone. */
#define DWD_DEFAULT_PATIENCE 30000
void dwd_set_patience(struct dwd *d, int ms);

/* The message of the last failure on `d` (callback-safe); "" if there was none. Lives until the
 * next call. */
const char *dwd_error(struct dwd *d);

/* What a watch is asked to be. All that narrows it must hold; what is zero or NULL does not narrow.
 */
struct dwd_rule {
	const char *target; /* NAME, an absolute PATH or PATH/ */
	bool has_uid;
	uid_t uid; /* only this real uid, if has_uid */
	/* Patterns, ended by NULL, at most 4: each must be an argument behind argv[0]; a `*` at its
	 * start or end stands for anything. */
	const char *const *args;
	pid_t under;		/* only this process and its descendants */
	const char *under_name; /* only descendants of a process with this comm */
	const char *cgroup;	/* only in or beneath this directory of the cgroup2 file system */
	uint64_t skip;		/* let so many matches run first */
	uint64_t count;		/* then stop so many and no more */
	uint64_t max_stopped;	/* at one time */
	uint64_t hold;		/* ms after which `then` happens to a stop nobody took; 0: never */
	const char *then;	/* "continue" (also NULL) or "kill"; NULL without `hold` */
	bool own; /* end with this connection, and release what only such watches have stopped */
	const char *const *setenv; /* NAME=VALUE for what it stops; ended by NULL */
};

/* Add a watch. `ret` may be NULL, else free it with dwd_watch_free(). */
int dwd_watch(struct dwd *d, const struct dwd_rule *rule, struct dwd_watch **ret);
int dwd_unwatch(struct dwd *d, uint64_t id);

/* All watches by id, or the stops that `sel` (NULL: all) allows, oldest first. The array is
 * NULL-terminated; free it with dwd_watches_free() or dwd_stops_free(). Returns how many. */
ssize_t dwd_watches(struct dwd *d, struct dwd_watch ***ret);
ssize_t dwd_list(struct dwd *d, const struct dwd_selector *sel, struct dwd_stop ***ret);

/* Watches that outlive the daemon, one a line in the files of its directory (dwdd(8)). Root only.
 *
 * dwd_reload: put in force what the files say now; what is wrong in them is no failure.
 * dwd_save: append `line`, which is what `dwd watch` would be given for this watch (quoted as for a
 *   shell), to the file `name`.conf (NULL: "saved"). `ret` (may be NULL) is the watch as it is now.
 * dwd_unsave: remove its line; the watch stays in force.
 * -ENOENT: there is no such watch; -EALREADY: it is saved already, or not saved; -EINVAL: the name
 * or the line will not do, or the file cannot be written; -EOPNOTSUPP: the daemon keeps no watches.
 */
int dwd_reload(struct dwd *d, struct dwd_reload **ret);
int dwd_save(struct dwd *d, uint64_t watch, const char *line, const char *name,
	     struct dwd_watch **ret);
int dwd_unsave(struct dwd *d, uint64_t watch);

/* The one stop that `sel` names, -ENOENT if none, -EBUSY if more than one. */
int dwd_info(struct dwd *d, const struct dwd_selector *sel, struct dwd_stop **ret);

/* Wait until a stop exists that `sel` allows. timeout in ms; 0: look once, negative: for ever.
 * Unless it is 0 a signal handler that runs while this waits ends it, and the connection, with
 * -EINTR. */
int dwd_wait(struct dwd *d, const struct dwd_selector *sel, int timeout, struct dwd_stop **ret);

/* Take the oldest stop that nobody has taken and `sel` allows. timeout as in dwd_wait(). */
int dwd_claim(struct dwd *d, const struct dwd_selector *sel, int timeout, struct dwd_stop **ret);
/* Give it back. `ret` (may be NULL) tells what became of the process. */
int dwd_unclaim(struct dwd *d, uint64_t id, struct dwd_stop **ret);
/* Say that a debugger has attached to a claimed stop: it is resumed under the debugger. May be said
 * on another connection than the one that holds the claim. */
int dwd_attached(struct dwd *d, uint64_t id);

/* Release, or send `signal` to, the `n` stops named. `ids` NULL: all there are, and none that ends
 * meanwhile is an error. Returns how many. */
ssize_t dwd_continue(struct dwd *d, const uint64_t *ids, size_t n);
ssize_t dwd_kill(struct dwd *d, const uint64_t *ids, size_t n, int signal);
/* Release the `n` stops named, each with `variables` (NAME=VALUE, ended by NULL) added to its
 * environment, or replaced there. Where that is impossible (-EOPNOTSUPP: a set-id program, one
 * whose first instruction is past, another processor than x86-64) the process stays stopped. */
ssize_t dwd_continue_with(struct dwd *d, const uint64_t *ids, size_t n,
			  const char *const *variables);

/* Have events delivered to `listener` (copied) from now on; with `replay` those that the
 * daemon has kept come first. Once per connection, else -EALREADY. A caller that does not dispatch
 * for so long that the queue fills up learns from an event how many were `lost`. */
int dwd_subscribe(struct dwd *d, bool replay, const struct dwd_listener *listener, void *userdata);

/* The events the daemon has kept, oldest first, without subscribing: each is handed to `cb`. */
int dwd_history(struct dwd *d,
		void (*cb)(struct dwd *d, const struct dwd_event *event, void *userdata),
		void *userdata);

int dwd_status(struct dwd *d, struct dwd_status **ret);

/* For the caller's own loop: poll the descriptor for these poll(2) events (callback-safe). It is
 * the same from dwd_connect() to dwd_close(), and shows the daemon's death also without
 * subscription. */
int dwd_get_fd(struct dwd *d);
int dwd_get_events(struct dwd *d);
/* Read what is there, waiting at most `timeout` ms (0: not, negative: for ever) for the first
 * event, and call the listener. Returns the number of events delivered, 0 if the time ran out, or
 * fails with what ended the connection, or with -EINTR, which here leaves the connection alone. */
int dwd_dispatch(struct dwd *d, int timeout);

/* The object as the daemon sent it, one line of JSON, which lives as long as the structure (and is
 * made when first asked for; callback-safe). NULL on lack of memory. */
const char *dwd_watch_json(const struct dwd_watch *w);
const char *dwd_reload_json(const struct dwd_reload *r);
const char *dwd_stop_json(const struct dwd_stop *s);
const char *dwd_event_json(const struct dwd_event *e);
const char *dwd_status_json(const struct dwd_status *s);

struct dwd_watch *dwd_watch_free(struct dwd_watch *w);
struct dwd_watch **dwd_watches_free(struct dwd_watch **w);
struct dwd_reload *dwd_reload_free(struct dwd_reload *r);
struct dwd_stop *dwd_stop_free(struct dwd_stop *s);
struct dwd_stop **dwd_stops_free(struct dwd_stop **s);
struct dwd_status *dwd_status_free(struct dwd_status *s);

#ifdef __cplusplus
}
#endif

#endif
