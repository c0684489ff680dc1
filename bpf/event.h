/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#ifndef DWD_EVENT_H
#define DWD_EVENT_H

/*
 * The contract between the kernel side (dwd.bpf.c) and the daemon (backend-bpf.c): the keys and
 * values of every map and the records of the ring buffer. Fixed width, no implicit padding, checked
 * by static asserts on both sides.
 *
 * Who writes what: the daemon writes watches, their filters, index heads, exempt processes, kept
 * texts and the settings in `dwd_control`; the kernel side writes stops, counters and the rest of
 * `dwd_control`; both write marks. The kernel side deletes stops whose exec failed; all others end
 * at the daemon's request, by programs it has run (forget_stop() in daemon.h), since a program is
 * never interrupted half-way, as the daemon may be.
 *
 * Two kinds of maps. The *lasting* ones are pinned and go from daemon to daemon: `stops`,
 * `counters`, `control`, `exec_states`, `marks`, `exempt` and `texts`. Whatever is derived from the
 * watches belongs to one *generation* of programs, those that one daemon has loaded, and is built
 * anew by the next. `control.generation` says which generation is in charge; others decide nothing,
 * so that one store hands over without a moment in which an exec is decided by none or by both.
 *
 * DWD_SCHEMA must be raised with any change to a lasting map: then a daemon does not take over what
 * it would misread. Whatever the schema, three things hold: the map of stops is pinned as `stops`,
 * with keys that begin as struct dwd_stop_key does (start_time, tgid); that of the settings as
 * `control`, with `pid_namespace` where struct dwd_control has it; and links stand in directories
 * beside them.
 */

#define DWD_SCHEMA 1

#ifdef __bpf__
typedef unsigned char __u8;
typedef unsigned short __u16;
typedef unsigned int __u32;
typedef unsigned long long __u64;
typedef signed int __s32;
typedef signed long long __s64;
#else
#include <linux/types.h>
#endif

/* The kernel side has no calls to spare. */
#define dwd_inline inline __attribute__((always_inline))

/* Slots for watches, a power of two; more than the 10,000 promised, so that a freed one is not used
 * again at once. */
#define DWD_MAX_WATCHES	   16384
#define DWD_WATCH_KEYS	   4	/* index keys one watch may stand under; three are in use */
#define DWD_NAME_MAX	   256	/* one path component and its NUL */
#define DWD_PATH_DEPTH	   128	/* components of a path that take part in matching */
#define DWD_RECORD_PATH	   1024 /* bytes kept of a path, NUL included */
#define DWD_RECORD_ARGV	   4096 /* bytes kept of the arguments */
#define DWD_RECORD_WATCHES 16	/* watch ids kept with a stop */
#define DWD_COMM_LEN	   16
#define DWD_GATE_ORDER	   13			 /* log2 of the gate's 64-bit words */
#define DWD_FRONT_ORDER	   11			 /* and of the front's */
#define DWD_USER_ORDER	   10			 /* log2 of the counters of users' stops */
#define DWD_ALL_USERS	   (1 << DWD_USER_ORDER) /* behind them: the one for all */

/* How the kernel side is attached. Order of preference. */
enum dwd_backend {
	DWD_BACKEND_LSM,
	DWD_BACKEND_FENTRY,
	DWD_BACKEND_TRACEPOINT,
	DWD_BACKEND_COUNT,
};

/* Why a match was not stopped. */
enum dwd_skip {
	DWD_SKIP_ALREADY_TRACED, /* a tracer is attached; the stop would go to it */
	DWD_SKIP_EXEMPT,	 /* dwd itself, or a debugger it started */
	DWD_SKIP_KERNEL_HELPER,	 /* a usermode helper; stopping it would hang the kernel's caller */
	DWD_SKIP_INIT,		 /* the machine's init */
	DWD_SKIP_LIMIT,		 /* as many as allowed are stopped already */
	DWD_SKIP_NO_MEMORY,	 /* no room to record it */
	DWD_SKIP_SIGNAL_FAILED,	 /* the kernel did not take the signal */
	DWD_SKIP_EXEC_FAILED,	 /* the exec failed after the signal had been sent */
	DWD_SKIP_UNREADABLE,	 /* its arguments, which the watch asks for, could not be read */
	DWD_SKIP_NO_DAEMON,	 /* nobody would release it: the daemon has not been heard of */
	DWD_SKIP_COUNT,
};

enum dwd_watch_kind {
	DWD_WATCH_NAME,
	DWD_WATCH_PATH,
	DWD_WATCH_DIRECTORY,
};

/* One file, as the kernel names it. The generation tells a file from a later one of the same inode
 * number; `dev` is the superblock's s_dev (major << 20 | minor), never what stat(2) says. */
struct dwd_file_id {
	__u64 ino;
	__u32 dev;
	__u32 generation;
};

/* Two independent hashes of a path; see dwd_path_push(). */
struct dwd_path_hash {
	__u64 h[2];
};

/* An index points at the first watch of its list; a link is (slot << 2 | which key) + 1, 0 ends. */
typedef __u32 dwd_link;
#define DWD_LINK(slot, key) (((__u32)(slot) << 2 | (__u32)(key)) + 1)
#define DWD_LINK_SLOT(link) (((link)-1) >> 2)
#define DWD_LINK_KEY(link)  (((link)-1) & 3)

struct dwd_watch_entry {
	__u64 id; /* 0: free */
	__u32 kind;
	__u32 uid;
	__u32 filters; /* DWD_FILTER_... */
	dwd_link next[DWD_WATCH_KEYS];
	__u32 owner; /* whose watch: one of a user other than root stops only what is wholly his */
};

struct dwd_counters {
	__u64 caught;
	__u64 passed; /* let run for the sake of `skip`, never more than that */
	__u64 taken;  /* used up of `count`; a moment's more where several try at once */
	__u64 live;   /* stopped now, as far as `max_stopped` asks for it; the same */
	__u64 skipped[DWD_SKIP_COUNT];
};

#define DWD_FILTER_ARGS 4   /* patterns of one watch */
#define DWD_ARG_MAX	255 /* bytes of one */

/* What narrows a watch. The uid stands in the entry, the rest in a struct dwd_filter. */
#define DWD_FILTER_UID	       (1 << 0)
#define DWD_FILTER_ARGUMENTS   (1 << 1)
#define DWD_FILTER_UNDER       (1 << 2)
#define DWD_FILTER_UNDER_NAME  (1 << 3)
#define DWD_FILTER_CGROUP      (1 << 4)
#define DWD_FILTER_SKIP	       (1 << 5)
#define DWD_FILTER_COUNT       (1 << 6)
#define DWD_FILTER_MAX_STOPPED (1 << 7)
/* Those that are decided once it is known which watches name the program. */
#define DWD_FILTER_LATE (~DWD_FILTER_UID)

/* A pattern for one argument. The text stands at the end of its array, as it is compared from its
 * end; the hash is dwd_arg_push() over it. */
struct dwd_arg_pattern {
	__u64 hash;
	__u64 power; /* dwd_arg_base() to the power of the length: takes a byte out of a hash */
	__u32 length;
	__u32 open; /* DWD_ARG_OPEN_... */
	char text[DWD_ARG_MAX + 1];
};

#define DWD_ARG_OPEN_START (1 << 0) /* anything may stand before the text */
#define DWD_ARG_OPEN_END   (1 << 1) /* and behind it */

/* A process, and no later one with the same number. */
struct dwd_process {
	__u64 start; /* ns since boot, cut to clock ticks: all that /proc tells */
	__u32 tgid;
	__u32 uses; /* in `roots`: how many watches ask for it */
};

/* Who is exempt with all its descendants, by tgid. On behalf of a user it is so for what is his
 * alone; thus a pid that was given to somebody else meanwhile does not exempt that one. */
struct dwd_exemption {
	__u64 start; /* of the process, as struct dwd_process has it */
	__u32 uses;  /* on behalf of root */
	__u32 users_uses;
	__u32 user;
	__u32 pad;
};

#define DWD_TICK_NS 10000000

struct dwd_filter {
	__u64 skip, count, max_stopped;
	__u64 cgroup; /* id of the cgroup2 directory */
	struct dwd_process under;
	char under_name[DWD_COMM_LEN];
	__u32 arg_count;
	__u32 pad;
	struct dwd_arg_pattern args[DWD_FILTER_ARGS];
};

#define DWD_MARKS 8 /* processes that one process can be marked to descend from */

/* From whom a process descends, of those that watches ask for. */
struct dwd_marks {
	__u32 count; /* ever made; the last DWD_MARKS are kept */
	__u32 pad;
	struct dwd_process roots[DWD_MARKS];
};

/* What is known of an exec before it is decided, and that it was. Kept with the task. */
struct dwd_exec_state {
	__u32 script_count; /* watches of the script and of scripts that interpret it */
	__u32 script_slots[DWD_RECORD_WATCHES];
	__u32 decided; /* low half of self_exec_id of the last exec decided */
};

/* Settings and state that last; shared memory. */
struct dwd_control {
	__u64 generation; /* daemon: which programs are in charge; 0: none, nothing is stopped */
	__u64 last_generation; /* daemon: the last number given */
	__u64 last_watch;      /* daemon: the last id given */
	__u64 heartbeat;       /* daemon: when it was last alive, ns of CLOCK_MONOTONIC */
	__u64 fail_open_after; /* daemon: stop nothing when that is so long ago, ns; 0: do */
	__u64 next_stop;       /* kernel: the last stop id given */
	__u32 max_stopped;     /* daemon: system-wide limit */
	__u32 stops;	       /* kernel: records in the map that are not released */
	__u32 provisional;     /* kernel: records whose exec is not confirmed */
	__u32 deciding;	       /* kernel: execs that are being decided */
	__u32 pid_namespace;   /* daemon: whose pids the keys of stops hold; its inode number */
	__u32 max_of_user;     /* daemon: limit on what the watches of one user hold ... */
	__u32 max_of_users;    /* daemon: ... and those of all but root */
	__u32 pad;
	__u64 users_seed; /* daemon, once and for all: for dwd_user_counter() */
	/* kernel: what the watches of users other than root hold: by dwd_user_counter(), and of
	 * all. */
	__u32 users_stops[DWD_ALL_USERS + 1];
	__u32 pad_users;
};

/* The same of one generation; in the object's .bss. */
struct dwd_local {
	__u32 directories;   /* daemon: how many DIRECTORY watches there are */
	__u32 probe_tgid;    /* daemon: while not in charge, whose exec to notice */
	__u32 probe_fired;   /* kernel: 1 << backend for each hook that saw that exec */
	__u32 missed;	     /* kernel: execs not looked at for want of memory */
	__u32 pid_level;     /* how deep the daemon's pid namespace is; 0: the initial one */
	__u32 pid_namespace; /* its inode number */
	__u64 lost;	     /* kernel: ring records that found no room */
};

/* Texts that outlive the daemon, such as the rules of watches, in chunks: see
 * backend-bpf-texts.c. */
#define DWD_TEXT_CHUNK 256
#define DWD_TEXTS      65536 /* chunks */

struct dwd_text_key {
	__u64 id;
	__u32 kind; /* enum backend_text; above the lowest bit which of two versions */
	__u32 chunk;
};

struct dwd_text_chunk {
	char bytes[DWD_TEXT_CHUNK];
};

/* The identity of one exec: never used twice. */
struct dwd_stop_key {
	__u64 start_time; /* of the thread group leader, ns since boot (start_boottime) */
	__u32 tgid;	  /* in the daemon's pid namespace */
	__u32 exec_id;	  /* low half of task->self_exec_id */
};

/* The exec went through. What was to say so may not have run (see dwd.bpf.c): the daemon takes up a
 * record that stays without for long, and says so itself once the process was seen stopped. */
#define DWD_STOP_CONFIRMED	(1 << 0)
#define DWD_STOP_ARGV_TRUNCATED (1 << 1)
#define DWD_STOP_EXE_TRUNCATED	(1 << 2)
#define DWD_STOP_PATH_TRUNCATED (1 << 3)
/* No watch of root's asked for it: it counts as one of the user's, see dwd_user_counter(). */
#define DWD_STOP_OF_USER (1 << 4)
/* It is to run on: it counts no more, and if it is found stopped that is because the daemon was
 * killed before it could send SIGCONT. */
#define DWD_STOP_RELEASED (1 << 5)
/* This one of the watches that are kept with it is not root's. */
#define DWD_STOP_USERS_WATCH(i) (1U << (16 + (i)))

/* One stopped process, as the kernel side saw it. */
struct dwd_stop_record {
	struct dwd_stop_key key;
	__u64 id;
	__u64 time; /* ns since boot (CLOCK_BOOTTIME) */
	__u64 cgroup_id;
	__u64 watches[DWD_RECORD_WATCHES]; /* ids */
	__u64 users_watch; /* the first of the user's whose process it is; 0: root's alone */
	__u32 watch_slots[DWD_RECORD_WATCHES];
	__u32 watch_count; /* may exceed what is kept */
	__u32 flags;
	__u32 backend;
	__u32 ppid;
	__u32 uid, euid, suid, fsuid;
	__u32 gid, egid, sgid, fsgid;
	__u32 pid_ns, mnt_ns;
	__u32 argv_len; /* bytes used in argv */
	__u32 argc;	/* what exec was given; may exceed what is kept */
	char comm[DWD_COMM_LEN];
	char parent_comm[DWD_COMM_LEN];
	char exe[DWD_RECORD_PATH];  /* the file executed, as the process sees it */
	char path[DWD_RECORD_PATH]; /* the string given to exec */
	char argv[DWD_RECORD_ARGV]; /* argument strings, each with its NUL */
};

enum dwd_ring_type {
	DWD_RING_STOP,	   /* a stop was confirmed */
	DWD_RING_CONTINUE, /* somebody sent SIGCONT to a stopped process */
	DWD_RING_SKIP,	   /* a match was not stopped */
};

struct dwd_ring_record {
	__u32 type;
	__u32 reason; /* SKIP */
	struct dwd_stop_key key;
	__u64 watch;	   /* SKIP: id of the first watch that matched */
	__u64 users_watch; /* SKIP: of the first of ... */
	__u32 user;	   /* SKIP: ... this user's, whose process it is; 0: of none but root's */
	__u32 watch_count; /* SKIP */
	char comm[DWD_COMM_LEN]; /* SKIP */
};

/*
 * Hashing, shared so that both sides agree.
 *
 * dwd_mix() is the finaliser of splitmix64: every input bit reaches every output bit. A component
 * is hashed eight bytes at a time, the last word zero-padded and never full, its length after that;
 * a path by folding in its components from the root on. The seed is random per daemon, so that
 * nobody can prepare a collision.
 */
static dwd_inline __u64 dwd_mix(__u64 x)
{
	x ^= x >> 30;
	x *= 0xbf58476d1ce4e5b9ULL;
	x ^= x >> 27;
	x *= 0x94d049bb133111ebULL;
	x ^= x >> 31;
	return x;
}

static dwd_inline __u64 dwd_mix2(__u64 a, __u64 b, __u64 seed)
{
	return dwd_mix(dwd_mix(a ^ seed) + b);
}

/* Fold one word of a component into its hash. */
static dwd_inline void dwd_component_word(struct dwd_path_hash *component, __u64 word, __u64 seed)
{
	component->h[0] = dwd_mix2(component->h[0], word, seed);
	component->h[1] = dwd_mix2(component->h[1], word, ~seed);
}

/* Append a component to a path; the root is all zero. */
static dwd_inline void dwd_path_push(struct dwd_path_hash *path,
				     const struct dwd_path_hash *component, __u64 seed)
{
	path->h[0] = dwd_mix2(path->h[0], component->h[0], seed);
	path->h[1] = dwd_mix2(path->h[1], component->h[1], ~seed);
}

/* Directories and files stand in one index under different keys. */
static dwd_inline struct dwd_path_hash dwd_path_key(struct dwd_path_hash path, __u32 directory)
{
	path.h[0] ^= directory;
	return path;
}

/* The hash of an argument, or of so many of its last bytes: a byte that leaves is subtracted times
 * the base to the power of that number. Equal hashes are followed by a comparison. */
static dwd_inline __u64 dwd_arg_base(__u64 seed)
{
	return dwd_mix(seed) | 1;
}

static dwd_inline __u64 dwd_arg_push(__u64 hash, __u8 byte, __u64 seed)
{
	return hash * dwd_arg_base(seed) + byte;
}

/*
 * The gate is a Bloom filter of which each key touches one word only: one load, most likely a cache
 * miss, is what a test costs. Three bits of that word must be set for the key to be worth a
 * look-up; with 10,000 watches about one key in five hundred gets through that should not.
 *
 * Of a name the gate knows the first 15 bytes, zero-padded, as two words: that is also what the
 * kernel keeps as comm of the name given to exec. Of a file it knows the inode number.
 *
 * There is no seed in it: that would be one more load, and the result depend on it. Who prepares a
 * collision has his own exec looked up in vain.
 */
static dwd_inline __u64 dwd_gate_hash(__u64 a, __u64 b)
{
	__u64 x = a ^ b * 0xbf58476d1ce4e5b9ULL;

	return (x ^ x >> 32) * 0x9e3779b97f4a7c15ULL;
}

/* Which counter counts a user's stops. Two users may share one, and not by their choice. */
static dwd_inline __u32 dwd_user_counter(__u32 uid, __u64 seed)
{
	return dwd_mix(uid ^ seed) >> (64 - DWD_USER_ORDER);
}

static dwd_inline __u32 dwd_gate_word(__u64 hash)
{
	return hash >> (64 - DWD_GATE_ORDER);
}

static dwd_inline __u32 dwd_front_word(__u64 hash)
{
	return hash >> (64 - DWD_FRONT_ORDER);
}

static dwd_inline __u64 dwd_gate_mask(__u64 hash)
{
	return 1ULL << (hash >> 33 & 63) | 1ULL << (hash >> 39 & 63) | 1ULL << (hash >> 45 & 63);
}

/* Each word is of so many of the gate's, side by side, all that any of them has; or all ones: let
 * everything through. */
#define DWD_FRONT_WIDTH (1 << (DWD_GATE_ORDER - DWD_FRONT_ORDER))

struct dwd_front {
	__u64 words[1 << DWD_FRONT_ORDER];
};

_Static_assert(sizeof(struct dwd_file_id) == 16, "dwd_file_id");
_Static_assert(sizeof(struct dwd_watch_entry) == 40, "dwd_watch_entry");
_Static_assert(__builtin_offsetof(struct dwd_control, pid_namespace) == 64, "of every schema");
_Static_assert(sizeof(struct dwd_counters) == 32 + 8 * DWD_SKIP_COUNT, "dwd_counters");
_Static_assert(sizeof(struct dwd_filter) == 1192, "dwd_filter");
_Static_assert(sizeof(struct dwd_marks) == 136, "dwd_marks");
_Static_assert(sizeof(struct dwd_exec_state) == 72, "dwd_exec_state");
_Static_assert(sizeof(struct dwd_exemption) == 24, "dwd_exemption");
_Static_assert(sizeof(struct dwd_control) == 88 + 4 * (DWD_ALL_USERS + 2), "dwd_control");
_Static_assert(sizeof(struct dwd_local) == 32, "dwd_local");
_Static_assert(sizeof(struct dwd_text_key) == 16, "dwd_text_key");
_Static_assert(sizeof(struct dwd_stop_key) == 16, "dwd_stop_key");
_Static_assert(sizeof(struct dwd_stop_record) == 6480, "dwd_stop_record");
_Static_assert(sizeof(struct dwd_ring_record) == 64, "dwd_ring_record");
_Static_assert(DWD_RECORD_WATCHES <= 16, "DWD_STOP_USERS_WATCH");

#endif
