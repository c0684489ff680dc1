/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#ifndef DWD_FILTER_H
#define DWD_FILTER_H

/*
 * Of the watches that name the program, which want this process?
 *
 * What match.h collects has passed the gate and the watch's uid; here the rest is asked, once for
 * each watch, in two steps. First what the process itself tells: its arguments, its ancestors, its
 * cgroup. A watch of which one does not hold was not matched, and nothing is said of it. Then,
 * behind reason_to_skip(), what the watch may still have: `skip`, `count` and `max_stopped`. Each
 * is one atomic counter, taken before the process is stopped and given back if it is not, or if its
 * exec fails; so never more than `count` are stopped, on however many processors, but one that
 * comes while another is about to give back is let run.
 *
 * Who descends from a process cannot be told from its ancestors alone: when one in between ends,
 * its children become init's. So while a watch asks for that, every child is marked at fork with
 * those it descends from; the daemon marks what is there when the watch is made. A mark that could
 * not be made (for want of memory, or on 7.0 and later where on_fork() is left out, as on_exec()
 * may be) leaves the walk upwards to find it.
 *
 * An exec that no filtered watch names comes past here with one test of a flag.
 *
 * The arguments are read from user memory, where exec has just put them. If they cannot be read
 * (they have been swapped out again), or there are more than ARG_BUDGET bytes to look through, the
 * process is not stopped and a skip says so.
 */

#define ANCESTORS    64		/* so far up one is looked for */
#define CGROUP_DEPTH 64		/* so deep down one is looked for */
#define ARG_PIECE    8		/* bytes looked at in one turn of a loop */
#define ARG_CHUNKS   (1 << 14)	/* more than the kernel lets anybody pass */
#define ARG_BUDGET   (64 << 20) /* bytes read for one exec, over all patterns */

/* By id of the watch. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, DWD_MAX_WATCHES);
	__type(key, __u64);
	__type(value, struct dwd_filter);
} filters SEC(".maps");

/* Processes beneath which something is watched, by tgid. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, DWD_MAX_WATCHES);
	__type(key, __u32);
	__type(value, struct dwd_process);
} roots SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct dwd_marks);
} marks SEC(".maps");

/* What the steps over all hits have in hand, and those within one. */
struct hit_walk {
	struct scratch *s;
	struct task_struct *task;
};

struct filter_walk {
	struct scratch *s;
	struct task_struct *task;
	struct dwd_filter *f;
};

/* ---- arguments ------------------------------------------------------------------------------- */

struct arg_search {
	struct scratch *s;
	const struct dwd_arg_pattern *pattern;
};

#define ARG_AT(s, at) ((s)->arg_text[(at) & (2 * ARG_CHUNK - 1)])

/* Eight bytes of the comparison, from the end on. */
static long text_word(__u32 index, struct arg_search *search)
{
	const struct dwd_arg_pattern *p = search->pattern;
	struct arg_walk *walk = &search->s->arg_walk;
	__u32 at = (sizeof(p->text) - 8 - 8 * index) & (sizeof(p->text) - 8);
	__u32 from_end = sizeof(p->text) - at;
	__u64 word = *(__u64 *)&ARG_AT(search->s, walk->text_end - from_end);
	__u64 wanted = *(const __u64 *)&p->text[at];

	if (p->length + 8 <= from_end)
		return 1;
	word ^= wanted;
	if (from_end > p->length)
		word >>= 8 * (from_end - p->length);
	walk->found = word == 0;
	return word != 0;
}

/* Does the text of the pattern, whose hash fits, stand before `end`? */
static __always_inline bool same_text(struct arg_search *search, __u32 end)
{
	struct arg_walk *walk = &search->s->arg_walk;

	walk->text_end = end;
	walk->found = 1;
	bpf_loop(sizeof(search->pattern->text) / 8, text_word, search, 0);
	return walk->found;
}

/* Take up one byte of the arguments. True when there is no need for another. */
static __always_inline bool arg_byte(struct arg_search *search, __u32 at)
{
	const struct dwd_arg_pattern *p = search->pattern;
	struct scratch *s = search->s;
	struct arg_walk *walk = &s->arg_walk;
	__u8 c = ARG_AT(s, at), gone;
	bool ended = c == '\0';

	if (!ended) {
		walk->length++;
		walk->hash = dwd_arg_push(walk->hash, c, seed);
		if (walk->length > p->length) {
			gone = ARG_AT(s, at - p->length);
			walk->hash -= gone * p->power;
		}
		at++;
	}
	if (walk->hash == p->hash && walk->index > 0 && walk->length >= p->length &&
	    (walk->length == p->length || p->open & DWD_ARG_OPEN_START) &&
	    (ended || p->open & DWD_ARG_OPEN_END) && same_text(search, at))
		return true;
	if (!ended)
		return false;
	walk->hash = 0;
	walk->length = 0;
	return ++walk->index >= walk->argc;
}

static long arg_piece(__u32 index, struct arg_search *search)
{
	struct arg_walk *walk = &search->s->arg_walk;

#pragma clang loop unroll(disable)
	for (__u32 i = 0; i < ARG_PIECE; i++) {
		__u32 at = index * ARG_PIECE + i;

		if (at >= walk->chunk)
			return 1;
		if (arg_byte(search, ARG_TAIL + at)) {
			walk->at = walk->end;
			return 1;
		}
	}
	return 0;
}

static long arg_chunk(__u32 index, struct arg_search *search)
{
	struct scratch *s = search->s;
	struct arg_walk *walk = &s->arg_walk;
	__u64 size = walk->end - walk->at;

	if (size == 0)
		return 1;
	if (size > ARG_CHUNK)
		size = ARG_CHUNK;
	bpf_probe_read_kernel(s->arg_text, ARG_TAIL, &ARG_AT(s, walk->chunk));
	if (s->arg_budget < size ||
	    bpf_probe_read_user(&s->arg_text[ARG_TAIL], size, (const void *)walk->at) != 0) {
		walk->unreadable = 1;
		return 1;
	}
	s->arg_budget -= size;
	walk->at += size;
	walk->chunk = size;
	bpf_loop(ARG_CHUNK / ARG_PIECE, arg_piece, search, 0);
	return 0;
}

/* Where the arguments are: the tracepoint comes after the kernel has noted it in the memory map. */
static __always_inline void find_arguments(struct scratch *s, struct task_struct *task,
					   struct linux_binprm *bprm, bool completed)
{
	struct mm_struct *mm = BPF_CORE_READ(task, mm);

	s->arg_budget = ARG_BUDGET;
	s->arg_walk.argc = BPF_CORE_READ(bprm, argc);
	s->arg_start = completed ? BPF_CORE_READ(mm, arg_start) : BPF_CORE_READ(bprm, p);
	s->arg_end = completed ? BPF_CORE_READ(mm, arg_end) : BPF_CORE_READ(bprm, exec);
}

/* Does any argument but argv[0] match the pattern? Ends with the first pattern of which none does.
 */
static long pattern_step(__u32 index, struct filter_walk *filter)
{
	struct scratch *s = filter->s;
	struct arg_walk *walk = &s->arg_walk;
	struct arg_search search = {
		.s = s,
		.pattern = &filter->f->args[index & (DWD_FILTER_ARGS - 1)],
	};

	walk->at = s->arg_start;
	walk->end = s->arg_end;
	walk->hash = 0;
	walk->index = walk->length = walk->chunk = walk->found = 0;
	bpf_loop(ARG_CHUNKS, arg_chunk, &search, 0);
	return !walk->found;
}

/* If this is false and s->arg_walk.unreadable is set: it is not known. */
static __always_inline bool has_arguments(struct filter_walk *filter)
{
	struct arg_walk *walk = &filter->s->arg_walk;

	walk->unreadable = 0;
	bpf_loop(filter->f->arg_count, pattern_step, filter, 0);
	return walk->found;
}

/* ---- ancestors and cgroups ------------------------------------------------------------------- */

static __always_inline bool is_process(struct task_struct *leader, __u32 tgid,
				       const struct dwd_process *process)
{
	return tgid == process->tgid &&
	       BPF_CORE_READ(leader, start_boottime) - process->start + DWD_TICK_NS <
		       3 * DWD_TICK_NS;
}

static __always_inline bool is_called(struct task_struct *leader, const char *name)
{
	const __u64 *wanted = (const __u64 *)name;
	__u64 comm[2];

	bpf_probe_read_kernel(comm, sizeof(comm), &leader->comm);
	return comm[0] == wanted[0] && comm[1] == wanted[1];
}

/* Is this one the process asked for, or, above the first, called as asked for? */
static long ancestor_step(__u32 index, struct filter_walk *filter)
{
	const struct dwd_filter *f = filter->f;
	struct ancestor_walk *walk = &filter->s->ancestor_walk;
	struct task_struct *leader = walk->task, *parent;
	__u32 tgid = tgid_of(leader);

	parent = BPF_CORE_READ(leader, real_parent, group_leader);
	walk->task = parent;
	if (index == 0 && walk->by_name)
		return 0;
	walk->found = walk->by_name ? is_called(leader, f->under_name)
				    : is_process(leader, tgid, &f->under);
	return walk->found || tgid <= 1;
}

static __always_inline bool has_ancestor(struct filter_walk *filter, bool by_name)
{
	struct ancestor_walk *walk = &filter->s->ancestor_walk;
	struct task_struct *task = filter->task;

	*walk = (struct ancestor_walk){
		.task = BPF_CORE_READ(task, group_leader),
		.by_name = by_name,
	};
	bpf_loop(ANCESTORS, ancestor_step, filter, 0);
	return walk->found;
}

static __always_inline bool has_mark(const struct dwd_marks *m, const struct dwd_process *root)
{
	for (int i = 0; i < DWD_MARKS; i++)
		if (m->roots[i].tgid == root->tgid && m->roots[i].start == root->start)
			return true;
	return false;
}

/* Was the process marked when it was forked? See on_fork(). */
static __always_inline bool is_marked(const struct dwd_process *root)
{
	struct dwd_marks *m = bpf_task_storage_get(&marks, bpf_get_current_task_btf(), 0, 0);

	return m && has_mark(m, root);
}

/* A child descends from whom its parent descends, and from its parent. */
static __always_inline void mark_child(struct task_struct *parent, struct task_struct *child)
{
	struct dwd_marks *of_parent = bpf_task_storage_get(&marks, parent, 0, 0), *of_child;
	struct task_struct *leader = BPF_CORE_READ(parent, group_leader);
	__u32 tgid = tgid_of(parent);
	struct dwd_process *root = bpf_map_lookup_elem(&roots, &tgid);

	/* A thread is no child. */
	if (root && (child->tgid == parent->tgid || !is_process(leader, tgid, root)))
		root = NULL;
	if (!root && !of_parent)
		return;
	of_child = bpf_task_storage_get(&marks, child, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!of_child)
		return;
	if (of_parent)
		*of_child = *of_parent;
	if (!root || has_mark(of_child, root))
		return;
	of_child->roots[of_child->count & (DWD_MARKS - 1)] = *root;
	of_child->count++;
}

static long cgroup_step(__u32 level, struct filter_walk *filter)
{
	__u64 id = bpf_get_current_ancestor_cgroup_id(level);

	filter->s->in_cgroup = id == filter->f->cgroup;
	return !id || filter->s->in_cgroup;
}

static __always_inline bool is_in_cgroup(struct filter_walk *filter)
{
	filter->s->in_cgroup = 0;
	bpf_loop(CGROUP_DEPTH, cgroup_step, filter, 0);
	return filter->s->in_cgroup;
}

/* ---- all together ---------------------------------------------------------------------------- */

static __always_inline struct dwd_filter *filter_of(struct dwd_watch_entry *w)
{
	__u64 id = w->id;

	return bpf_map_lookup_elem(&filters, &id);
}

/* What is kept of the hits is gathered anew. */
static __always_inline void keep_none(struct scratch *s)
{
	s->kept = 0;
	s->owners = (struct hit_owners){};
}

static __always_inline void keep_hit(struct scratch *s, __u32 slot, const struct dwd_watch_entry *w)
{
	note_owner(s, slot, w);
	s->hits[s->kept & (DWD_MAX_WATCHES - 1)] = slot;
	s->kept++;
}

/* The cheap ones first. */
static __always_inline bool holds(struct filter_walk *filter, __u32 wanted)
{
	if (wanted & DWD_FILTER_CGROUP && !is_in_cgroup(filter))
		return false;
	if (wanted & DWD_FILTER_UNDER && !is_marked(&filter->f->under) &&
	    !has_ancestor(filter, false))
		return false;
	if (wanted & DWD_FILTER_UNDER_NAME && !has_ancestor(filter, true))
		return false;
	return !(wanted & DWD_FILTER_ARGUMENTS) || has_arguments(filter);
}

static long filter_step(__u32 index, struct hit_walk *walk)
{
	struct scratch *s = walk->s;
	__u32 slot = s->hits[index & (DWD_MAX_WATCHES - 1)];
	struct dwd_watch_entry *w = bpf_map_lookup_elem(&watches, &slot);
	struct filter_walk filter = {.s = s, .task = walk->task};

	if (!w)
		return 1;
	if (!(w->filters & DWD_FILTER_LATE)) {
		keep_hit(s, slot, w);
		return 0;
	}
	filter.f = filter_of(w);
	if (!filter.f) /* the watch has just been removed */
		return 0;
	s->arg_walk.unreadable = 0;
	if (holds(&filter, w->filters))
		keep_hit(s, slot, w);
	else if (s->arg_walk.unreadable)
		report_skip(walk->s, walk->task, DWD_SKIP_UNREADABLE, slot);
	return 0;
}

/* Drop the hits whose filters do not hold for this process. */
static __always_inline void drop_others(struct scratch *s, struct task_struct *task,
					struct linux_binprm *bprm, bool completed)
{
	struct hit_walk walk = {.s = s, .task = task};

	find_arguments(s, task, bprm, completed);
	keep_none(s);
	bpf_loop(s->hit_count, filter_step, &walk, 0);
	s->hit_count = s->kept;
}

/* ---- what a watch may still have ------------------------------------------------------------- */

/* One more, if there are not `limit` already. */
static __always_inline bool take_one(__u64 *counter, __u64 limit)
{
	if (__sync_fetch_and_add(counter, 1) < limit)
		return true;
	__sync_fetch_and_sub(counter, 1);
	return false;
}

/* A process this watch has caught is not stopped after all. */
static __always_inline void give_back(struct dwd_watch_entry *w, struct dwd_counters *c)
{
	if (w->filters & DWD_FILTER_COUNT)
		__sync_fetch_and_sub(&c->taken, 1);
	if (w->filters & DWD_FILTER_MAX_STOPPED)
		__sync_fetch_and_sub(&c->live, 1);
}

static long take_step(__u32 index, struct hit_walk *walk)
{
	struct scratch *s = walk->s;
	__u32 slot = s->hits[index & (DWD_MAX_WATCHES - 1)];
	struct dwd_watch_entry *w = bpf_map_lookup_elem(&watches, &slot);
	struct dwd_counters *c = bpf_map_lookup_elem(&counters, &slot);
	struct dwd_filter *f;

	if (!w || !c)
		return 1;
	if (!(w->filters & DWD_FILTER_LATE)) {
		keep_hit(s, slot, w);
		return 0;
	}
	f = filter_of(w);
	if (!f)
		return 0;
	if (w->filters & DWD_FILTER_SKIP && take_one(&c->passed, f->skip))
		return 0;
	if (w->filters & DWD_FILTER_COUNT && !take_one(&c->taken, f->count))
		return 0;
	/* What is not kept with the stop could not be given back. */
	if (w->filters & DWD_FILTER_MAX_STOPPED &&
	    (s->kept >= DWD_RECORD_WATCHES || !take_one(&c->live, f->max_stopped))) {
		if (w->filters & DWD_FILTER_COUNT)
			__sync_fetch_and_sub(&c->taken, 1);
		report_skip(walk->s, walk->task, DWD_SKIP_LIMIT, slot);
		return 0;
	}
	keep_hit(s, slot, w);
	return 0;
}

/* Nothing speaks against stopping the process: drop the hits that may not have it. Those that stay
 * have taken it. */
static __always_inline void take(struct scratch *s, struct task_struct *task)
{
	struct hit_walk walk = {.s = s, .task = task};

	keep_none(s);
	bpf_loop(s->hit_count, take_step, &walk, 0);
	s->hit_count = s->kept;
}

static long give_back_step(__u32 index, struct scratch **scratch)
{
	__u32 slot = (*scratch)->hits[index & (DWD_MAX_WATCHES - 1)];
	struct dwd_watch_entry *w = bpf_map_lookup_elem(&watches, &slot);
	struct dwd_counters *c = bpf_map_lookup_elem(&counters, &slot);

	if (w && c)
		give_back(w, c);
	return 0;
}

static __always_inline void give_back_all(struct scratch *s)
{
	bpf_loop(s->hit_count, give_back_step, &s, 0);
}

#endif
