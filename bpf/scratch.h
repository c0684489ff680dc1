/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#ifndef DWD_SCRATCH_H
#define DWD_SCRATCH_H

/*
 * What the look at one exec works with: the watches it has hit so far, the path and the arguments
 * in hand, and where each loop stands. It is far too large for the stack.
 *
 * It comes from a pool, not from per-CPU maps: an LSM or fentry program may be preempted by another
 * task's exec on the same CPU.
 */

#define SCRATCH_COUNT 64
#define COMPONENTS    (2 * DWD_PATH_DEPTH) /* a power of two */
#define PATH_BUFFER   4096
#define ARG_CHUNK     4096 /* read at once of the arguments */
#define ARG_TAIL      256  /* kept of the chunk before: as long as a pattern can be */

/* Where a loop stands. What loops change lies in map memory, of which the verifier assumes nothing;
 * on the stack it would follow every value it can take. */
struct list_walk {
	dwd_link link;
	__u32 kind;
};

struct path_walk {
	struct dentry *dentry, *root_dentry;
	struct vfsmount *mnt, *root_mnt;
	__u32 directories; /* look up each directory on the way */
	__u32 text;	   /* write the path to exe */
	__u32 below;	   /* we are above the file already */
	__u32 reached;	   /* the walk ended at the process's root */
};

struct text_walk {
	struct dwd_path_hash component;
	__u64 word;
	__u32 length; /* of the component so far */
	__u32 valid;
};

struct fold_walk {
	struct dwd_path_hash path;
	__u32 directories; /* look up each prefix too */
	__u32 pad;
};

struct arg_walk {
	__u64 at, end; /* what is still to be read of them */
	__u64 hash;    /* of the last bytes of the argument in hand, as many as the pattern has */
	__u32 index;   /* of that argument */
	__u32 length;  /* of it so far */
	__u32 argc;    /* how many there are */
	__u32 chunk;   /* bytes read last, in arg_text behind ARG_TAIL */
	__u32 found;   /* an argument matches */
	__u32 unreadable; /* they were not all read */
	__u32 text_end;	  /* in arg_text, of what is compared */
	__u32 pad;
};

struct ancestor_walk {
	struct task_struct *task;
	__u32 by_name; /* ask for a name, not for a process */
	__u32 found;
};

struct scratch {
	__u32 busy;
	__u32 epoch;		 /* of stamps */
	__u32 uid;		 /* real uid of the process that executes */
	__u32 user;		 /* whose it is wholly; 0: root's, or of no single user */
	struct dwd_stop_key key; /* and what a stop of it would be known by */
	__u32 hit_count;
	struct hit_owners {
		__u32 root;    /* so many of the hits are root's, and come first */
		__u32 of_user; /* the first that is not, its slot + 1; 0: there is none */
	} owners;
	__u32 hits[DWD_MAX_WATCHES];   /* slots */
	__u32 stamps[DWD_MAX_WATCHES]; /* epoch in which a slot was looked at */
	/* The path in hand is components[first .. top). A walk upwards fills from the middle down,
	 * text is appended from the middle up. */
	__u32 first, top;
	struct dwd_path_hash components[COMPONENTS];
	char name[DWD_NAME_MAX] __attribute__((aligned(8)));
	__u32 given_leaf; /* where the last component of `given` starts */
	__u32 exe_start;  /* exe is written backwards */
	struct list_walk list_walk;
	struct path_walk path_walk;
	struct text_walk text_walk;
	struct fold_walk fold_walk;
	struct arg_walk arg_walk;
	struct ancestor_walk ancestor_walk;
	struct dwd_ring_record skip;
	__u32 in_cgroup;
	__u32 late_filters; /* which of DWD_FILTER_LATE any hit has */
	__u32 kept;	    /* hits that have passed so far */
	__u64 arg_start, arg_end;
	__u64 arg_budget; /* bytes that may still be read for this exec */
	char arg_text[ARG_TAIL + 2 * ARG_CHUNK];
	char given[PATH_BUFFER];
	char exe[PATH_BUFFER + DWD_NAME_MAX];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SCRATCH_COUNT);
	__type(key, __u32);
	__type(value, struct scratch);
} scratches SEC(".maps");

static __always_inline struct scratch *scratch_get(void)
{
	__u32 start = bpf_get_smp_processor_id();

	for (__u32 i = 0; i < SCRATCH_COUNT; i++) {
		__u32 key = (start + i) & (SCRATCH_COUNT - 1);
		struct scratch *s = bpf_map_lookup_elem(&scratches, &key);

		if (!s || __sync_val_compare_and_swap(&s->busy, 0, 1) != 0)
			continue;
		s->epoch++;
		s->hit_count = 0;
		s->owners = (struct hit_owners){};
		s->late_filters = 0;
		return s;
	}
	return NULL;
}

static __always_inline void scratch_put(struct scratch *s)
{
	__sync_lock_test_and_set(&s->busy, 0);
}

#endif
