/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DWD_STOP_H
#define DWD_STOP_H

/*
 * One process that was stopped at exec.
 *
 * A struct stop knows who the process is (pid and start time, held by a pidfd), what the kernel
 * side recorded of it, and where it stands in its life. It can look at the process and send it
 * signals; it never decides to: that is the engine's part. Every signal goes through the pidfd,
 * which is only kept if the process behind it started when the record says, so a pid that was
 * given to another process meanwhile is never signalled.
 *
 * The 6.4 KiB record is not kept: strings are stored at their exact size behind the structure, in
 * the same block of memory. Stops are reference-counted, because past events speak of them.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/types.h>
#include <jansson.h>

#include "event.h"
#include "principal.h"
#include "util.h"

enum stop_state {
	STOP_STOPPING, /* the signal is sent; the process was not seen stopped yet */
	STOP_STOPPED,  /* seen stopped, announced */
	STOP_ATTACHED, /* something traces it */
	STOP_RUNNING,  /* runs on: the end of a stop */
	STOP_GONE,     /* the process ended: the end of a stop */
	STOP_STATE_COUNT,
};

/* What may change in a stop's life, so that an event can keep what was true when it happened. */
struct stop_now {
	enum stop_state state;
	pid_t claimed_by; /* the client that took it; 0: nobody */
	pid_t tracer;	  /* 0: none */
};

/* Bytes that need not be text; a NUL follows them. */
struct stop_bytes {
	const char *data;
	uint32_t size;
};

struct stop {
	unsigned references;
	struct stop_now now;
	int pidfd; /* -1 before stop_open() and after the end */

	/* The engine's: who claims it, and where it stands in the engine's tables. */
	const void *claimant;
	bool exempted; /* the claimant is, on behalf of this stop */
	struct stop *next_by_pid, *next_by_id;
	TAILQ_ENTRY(stop) in_order;
	TAILQ_ENTRY(stop) on_agenda;
	uint64_t look_at;     /* monotonic us; 0: not on the agenda */
	unsigned delay;	      /* see agenda.h */
	uint64_t arrived;     /* monotonic us */
	uint64_t doubt_since; /* seems to run since then, to be confirmed; 0: no doubt */
	uint64_t doubt_ran;   /* what it had run by then, in ns; 0: the kernel does not count it */
	bool release;	      /* to be released as soon as it is seen stopped ... */
	pid_t release_by;     /* ... on behalf of this client; 0: nobody */
	bool refused;	      /* ... because it could not be kept */
	uint64_t hold_until;  /* monotonic us; then it is released or ... */
	bool hold_kills;      /* ... killed; 0: it may last */
	bool resumed;	      /* got its SIGCONT under a debugger */
	bool forgotten;	      /* the kernel side keeps no record of it any more */
	uint64_t faults;      /* page faults it had had when it was seen stopped */
	bool untouched;	      /* since then nobody has traced or taken it ... */
	bool continued;	      /* ... but somebody has sent SIGCONT */

	/* As recorded. */
	struct dwd_stop_key key;
	uint64_t id;
	pid_t pid;
	int64_t since;	   /* realtime, us since the epoch */
	uint64_t recorded; /* the same in ns since boot */
	uint64_t cgroup_id;
	uint32_t backend;
	uint32_t flags; /* DWD_STOP_... */
	pid_t ppid;
	uid_t uid, euid;
	gid_t gid, egid;
	uint32_t pid_ns, mnt_ns;
	char comm[DWD_COMM_LEN];
	char parent[DWD_COMM_LEN];
	struct stop_bytes exe, path, argv;

	/* Learnt from /proc once it was seen stopped. */
	char *cwd;	 /* NULL: unknown */
	char *whole_exe; /* where the record's is cut off or empty, else NULL */
	pid_t inner_pid; /* in its own pid namespace; 0: unknown */
	bool shielded;	 /* /proc does not show its user what concerns its memory or its paths */

	/* What was put into its environment, in that order, `variables_count` of them; why the last
	 * attempt failed, NULL if it did not. */
	char **variables;
	size_t variables_count;
	char *setenv_error;

	uint64_t users_watch; /* the first that is its user's, who is not root; 0: there is none */
	uint32_t watches_total; /* that caught it; the record names the first of them */
	uint32_t watch_count;
	uint64_t watches[]; /* and then the strings */
};

TAILQ_HEAD(stop_list, stop);

/* Whether a record can be the kernel side's. Its numbers are within what they count, so that
 * nothing behind this need ask; text may be anything. */
bool stop_record_is_sound(const struct dwd_stop_record *record);
/* One reference, for the caller; state stopping, no pidfd. Strings and lists are cut off where the
 * record ends, whatever it says. */
int stop_new(struct stop **ret, const struct dwd_stop_record *record);
struct stop *stop_ref(struct stop *s);
struct stop *stop_unref(struct stop *s);
DEFINE_CLEANUP(struct stop *, stop_unref)

const char *stop_state_name(enum stop_state state);
/* The end of a stop: running or gone. */
bool stop_is_over(const struct stop *s);
/* Change the state; false, and nothing changed, if it may not follow the present one. */
bool stop_become(struct stop *s, enum stop_state state);

/* What a look at a process shows. */
enum stop_sight {
	SIGHT_GONE,    /* ended, or its pid is another's now */
	SIGHT_STOPPED, /* state T */
	SIGHT_TRACED,
	SIGHT_PENDING, /* SIGSTOP waits to be taken */
	SIGHT_BLOCKED, /* state D: stopped in a frozen cgroup (version 1), or anything */
	SIGHT_ASLEEP,  /* it certainly left the stop */
	SIGHT_RUNNING, /* not stopped now; but it may be on the way into or between two stops */
};

/* Get hold of the process and make sure that it is the recorded one. 0 and what was seen (a quick
 * look: SIGHT_RUNNING may mean SIGHT_PENDING); or -errno of pidfd_open(2) or open(2) when that
 * could not be found out. */
int stop_open(struct stop *s, enum stop_sight *ret);
/* Look at the process; *tracer is set with SIGHT_TRACED. 0 or -errno. */
int stop_look(const struct stop *s, enum stop_sight *ret, pid_t *tracer);
/* Whether the process behind the pidfd has ended. */
bool stop_has_ended(const struct stop *s);
/* Read from /proc what the record lacks. The process should be stopped. */
void stop_learn(struct stop *s);
/* These were put into its environment: NAME=VALUE each, ended by NULL. */
int stop_remember_variables(struct stop *s, const char *const *variables);
/* -ESRCH if it ended. */
int stop_signal(const struct stop *s, int signal);
/* Let go of the pidfd. */
void stop_close(struct stop *s);

/* Whether it lives in other namespaces than this process and the first one. */
bool stop_in_container(const struct stop *s);

/* Which stops are meant; 0 and NULL do not narrow. */
struct stop_selector {
	uint64_t id;
	pid_t pid;
	const char *name;	 /* last component of exe or path */
	const char *path;	 /* exe or path */
	struct principal viewer; /* only what he may see */
};

bool stop_matches(const struct stop *s, const struct stop_selector *selector);

/* The Stop object of the Varlink interface as `viewer`, who may see the stop, is shown it, with
 * `now` as its state; NULL on lack of memory. With `whole` arguments that the record cut off are
 * read from the process, up to 128 KiB. */
json_t *stop_to_json(const struct stop *s, const struct stop_now *now,
		     const struct principal *viewer, bool whole);

#endif
