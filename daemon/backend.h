/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DWD_BACKEND_H
#define DWD_BACKEND_H

/*
 * The seam between the engine and the kernel side: all that the engine asks of whatever stops
 * processes. backend-bpf.c is the real one; the tests bring a scripted one.
 *
 * Everything returns 0 or -errno unless said otherwise. The notifications of `struct
 * backend_listener` are doorbells, called from within dispatch(): they may come late, twice or not
 * at all, and `rescan` says that some were lost; what get_stop() and for_each_stop() answer is the
 * truth.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "event.h"

struct backend;
struct watch;

/* What is kept: the rule of a watch, by its id; what cannot be learnt anew of a stop, by its id. */
enum backend_text {
	BACKEND_TEXT_WATCH,
	BACKEND_TEXT_STOP,
};

/* What a watch names that could not be looked at, or not be made use of, when that was last tried,
 * and is tried again: its path; or its cgroup, also one that is not there any more. */
enum backend_unresolved {
	BACKEND_RESOLVED,
	BACKEND_UNRESOLVED_PATH,
	BACKEND_UNRESOLVED_CGROUP,
	BACKEND_UNRESOLVED_COUNT,
};

struct backend_listener {
	/* A process was stopped; its exec is confirmed, the record is in the map. */
	void (*stopped)(void *userdata, const struct dwd_stop_key *key);
	/* Somebody sent SIGCONT to a process that has a record. */
	void (*continued)(void *userdata, const struct dwd_stop_key *key);
	/* A match was not stopped. */
	void (*skipped)(void *userdata, const struct dwd_ring_record *record);
	/* Notifications were lost: look at everything. */
	void (*rescan)(void *userdata);
};

struct backend_ops {
	/* Frees the backend; what is stopped stays so. If it is pinned and in charge, see arm(), it
	 * goes on without the daemon. */
	void (*free)(struct backend *b);
	/* Leave nothing for the next daemon. To be called with nothing stopped and disarmed. */
	int (*take_down)(struct backend *b);
	/* From now on notifications go to `listener`, which must outlive the backend. */
	void (*listen)(struct backend *b, const struct backend_listener *listener, void *userdata);
	/* Start (or cease) to match. What an earlier daemon has left matches until then, and from
	 * then on no more; there is no moment between. */
	int (*arm)(struct backend *b, bool on);
	/* The daemon is alive: to be called often while anything is watched. */
	void (*beat)(struct backend *b);
	/* Texts that outlive the daemon, in one piece or not at all; -E2BIG: no room. To drop one
	 * that is not there is no error. */
	int (*keep_text)(struct backend *b, enum backend_text kind, uint64_t id, const char *text);
	int (*drop_text)(struct backend *b, enum backend_text kind, uint64_t id);
	/* *ret is to be freed; -ENOENT, -EBADMSG. */
	int (*get_text)(struct backend *b, enum backend_text kind, uint64_t id, char **ret);
	/* In rising order; ends early, and returns it, if `fn` returns other than 0. `fn` may drop
	 * the one it is given. */
	int (*for_each_text)(struct backend *b, enum backend_text kind,
			     int (*fn)(void *userdata, uint64_t id), void *userdata);
	/* The greatest id of a watch, and of a stop, that was ever given. */
	uint64_t (*last_watch)(const struct backend *b);
	uint64_t (*last_stop)(const struct backend *b);

	/* Put a watch into force under `slot` (0 .. DWD_MAX_WATCHES - 1), or end it. What the watch
	 * names is resolved here, again on every refresh_watch(): files come and go. The caller
	 * keeps `watch` alive and unchanged until remove_watch(). -EDESTADDRREQ: its cgroup is
	 * none; -EAGAIN: its cgroup cannot be looked at now. With `restored` clients were told of
	 * it long ago, and neither is an error: it matches nothing until the cgroup is found. */
	int (*add_watch)(struct backend *b, uint32_t slot, const struct watch *watch,
			 bool restored);
	/* Before the first add_watch() for a watch, in whatever daemon's life: its counters start
	 * at 0. */
	void (*clear_counters)(struct backend *b, uint32_t slot);
	int (*refresh_watch)(struct backend *b, uint32_t slot);
	int (*remove_watch)(struct backend *b, uint32_t slot);
	/* How far the watch in this slot is in force. Without its path it matches what that has led
	 * to before, and execs by just this path; without its cgroup nothing, which is told first.
	 */
	enum backend_unresolved (*unresolved)(const struct backend *b, uint32_t slot);
	/* The counters of a slot. `count` is reached, and the
	 * watch spent, when `taken` is not below it; for a moment that may be so of one that is
	 * about to be given back, as a process was not stopped after all. */
	int (*get_counters)(struct backend *b, uint32_t slot, struct dwd_counters *ret);

	/* -ENOENT if there is no such record. */
	int (*get_stop)(struct backend *b, const struct dwd_stop_key *key,
			struct dwd_stop_record *ret);
	/* Calls `fn` with the key of each record (confirmed or not); ends early, and returns it, if
	 * `fn` returns other than 0. `fn` may forget the stop it is given. */
	int (*for_each_stop)(struct backend *b,
			     int (*fn)(void *userdata, const struct dwd_stop_key *key),
			     void *userdata);
	/* Whether there are records without DWD_STOP_CONFIRMED. For the moment of an exec that is
	 * so; where it lasts, the notification of them will not come. */
	bool (*has_unconfirmed)(const struct backend *b);
	/* Set DWD_STOP_CONFIRMED in a record, or DWD_STOP_RELEASED, which makes room for another
	 * stop. -ENOENT if there is none. */
	int (*flag_stop)(struct backend *b, const struct dwd_stop_key *key, uint32_t flags);
	/* Remove a record, and make room if that was not done. -ENOENT if there is none. */
	int (*forget_stop)(struct backend *b, const struct dwd_stop_key *key);

	/* The process and all its descendants are never stopped; calls nest by count per tgid. On
	 * behalf of a user other than root, those of them that are wholly his; -EBUSY if that is so
	 * on behalf of another already. */
	int (*exempt)(struct backend *b, pid_t tgid, uid_t user, bool on);
	/* Those that an earlier daemon has exempted are so no more. */
	void (*disown)(struct backend *b);

	/* Whether SIGCONT to stopped processes is noticed. The engine asks for it before it first
	 * relies on it, and again with false when nothing is stopped any more. */
	int (*watch_signals)(struct backend *b, bool on);

	/* Readable when dispatch() has something to do. */
	int (*get_fd)(const struct backend *b);
	int (*dispatch)(struct backend *b);

	/* Which backend is in use; why a better one is not (NULL: it was not tried, or is the one).
	 */
	enum dwd_backend (*kind)(const struct backend *b);
	const char *(*refused)(const struct backend *b, enum dwd_backend kind);
	/* The system-wide limit in force. */
	uint32_t (*max_stopped)(const struct backend *b);
	/* Execs that passed unseen, at most: for want of memory, or because the kernel left out a
	 * program that it found already running on the CPU. Whether they match is not known. */
	uint64_t (*missed)(const struct backend *b);
	/* Where the kernel side outlives the daemon; NULL if it does not, and *why not. */
	const char *(*pinned)(const struct backend *b, const char **why);
};

/* Every backend begins with this. */
struct backend {
	const struct backend_ops *ops;
};

/* "lsm", "fentry", "tracepoint"; -EINVAL for another name. */
const char *backend_kind_name(enum dwd_backend kind);
int backend_kind_from_name(const char *name, enum dwd_backend *ret);
/* "already-traced", ... */
const char *backend_skip_name(enum dwd_skip reason);
/* "path", "cgroup"; NULL: it is resolved. */
const char *backend_unresolved_name(enum backend_unresolved what);

#endif
