/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#ifndef DWD_GATE_H
#define DWD_GATE_H

/*
 * Is this exec worth a look? False is certain, and nearly every exec of a machine gets it, so this
 * is what dwd costs where it is not asked for.
 *
 * Nobody has touched dwd's memory since the last exec, so each line of it that is read here comes
 * from afar and costs as much as a hundred instructions: 30 to 50 ns. Therefore the *front*, a copy
 * of the gate in less detail, in memory that the kernel maps by large pages, as it does not what is
 * shared with user space. It is all that a plain exec reads: a word for the name, one for the file,
 * both on their way at once. Nothing else is read before, no setting and no read-only data, which
 * is memory as well. So all that must be known first of all is in the front's own terms: it is all
 * ones while that does not suffice to tell, as with watched directories.
 *
 * What the front lets through is asked again of the gate proper: see gate_open_for_exec().
 */

#define GATE_DEPTH 32 /* directories looked at above a file; deeper down it may be watched */

/* One element, and not shared with user space: then the kernel takes it from its direct mapping. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct dwd_front);
} front SEC(".maps");

/* ---- names ----------------------------------------------------------------------------------- */

/* Since 6.14. */
union shortname_store___new {
	unsigned char string[40];
} __attribute__((preserve_access_index));

struct dentry___new {
	union shortname_store___new d_shortname;
} __attribute__((preserve_access_index));

/* The first 15 bytes of a name, as the gate and a task's comm have them. */
struct name_words {
	__u64 a, b;
};

static __always_inline struct name_words cut(__u64 a, __u64 b, __u32 length)
{
	if (length < 8)
		return (struct name_words){a & ((1ULL << 8 * length) - 1), 0};
	if (length >= DWD_COMM_LEN)
		length = DWD_COMM_LEN - 1;
	return (struct name_words){a, b & ((1ULL << 8 * (length - 8)) - 1)};
}

static __always_inline struct name_words words_at(const unsigned char *name)
{
	__u64 words[2] = {};

	bpf_probe_read_kernel_str(words, sizeof(words), name);
	return (struct name_words){words[0], words[1]};
}

/* A short name is kept in the dentry itself, and found there without a call. */
static __always_inline struct name_words words_of(struct dentry *dentry)
{
	struct dentry___new *renewed = (void *)dentry;
	__u32 length = dentry->d_name.len;
	const __u64 *here;

	if (bpf_core_field_exists(renewed->d_shortname)) {
		if (length >= bpf_core_field_size(renewed->d_shortname))
			return words_at(dentry->d_name.name);
		here = (const __u64 *)renewed->d_shortname.string;
	} else {
		if (length >= bpf_core_field_size(dentry->d_iname))
			return words_at(dentry->d_name.name);
		here = (const __u64 *)dentry->d_iname;
	}
	return cut(here[0], here[1], length);
}

/* ---- the front ------------------------------------------------------------------------------- */

static __always_inline bool front_open(const struct dwd_front *f, __u64 hash)
{
	__u64 mask = dwd_gate_mask(hash);

	return (f->words[dwd_front_word(hash)] & mask) == mask;
}

/* Earlier hooks leave what they found with the task, and few tasks have anything. */
static __always_inline bool has_storage(struct task_struct *task)
{
	return !bpf_core_field_exists(task->bpf_storage) || task->bpf_storage;
}

static __always_inline const struct dwd_front *front_get(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&front, &zero);
}

/* The front tells nothing of a memfd's name, which may also be watched without its prefix. */
static __always_inline bool front_open_for_name(const struct dwd_front *f, struct name_words name)
{
	return is_memfd_name(name.a) || front_open(f, dwd_gate_hash(name.a, name.b));
}

/* Is there more to ask of an exec, before anything is known but the file? */
static __always_inline bool worth_a_check(struct task_struct *task, struct file *file)
{
	const struct dwd_front *f = front_get();

	return !f || front_open(f, dwd_gate_hash(file->f_inode->i_ino, 0)) ||
	       front_open_for_name(f, words_of(file->f_path.dentry)) || has_storage(task);
}

/* The same once the exec has gone so far that the name given to it is the task's comm, which most
 * often is also the file's. */
static __always_inline bool worth_a_look(struct task_struct *task, struct file *file)
{
	const __u64 *comm = (const __u64 *)task->comm;
	const struct dwd_front *f = front_get();
	struct name_words name;

	if (!f || front_open(f, dwd_gate_hash(comm[0], comm[1])) ||
	    front_open(f, dwd_gate_hash(file->f_inode->i_ino, 0)) || has_storage(task))
		return true;
	name = words_of(file->f_path.dentry);
	if (name.a == comm[0] && name.b == comm[1])
		return is_memfd_name(name.a);
	return front_open_for_name(f, name);
}

/* ---- the gate proper ------------------------------------------------------------------------- */

static __always_inline bool gate_open(__u64 a, __u64 b)
{
	__u64 hash = dwd_gate_hash(a, b), mask = dwd_gate_mask(hash);

	return (gate[dwd_gate_word(hash)] & mask) == mask;
}

/* Is this mount, of which the root has been reached, mounted anywhere but on a root itself, as the
 * machine's and a container's are? Then directories above that place may be watched. */
static __always_inline bool is_mounted_deeper(struct vfsmount *mnt)
{
	struct mount *m = (void *)mnt - bpf_core_field_offset(struct mount, mnt);
	struct dentry *place = BPF_CORE_READ(m, mnt_mountpoint);

	return BPF_CORE_READ(place, d_parent) != place;
}

struct gate_walk {
	struct dentry *dentry;
	bool at_root, open;
};

/* One step from a file towards the root of its mount. */
static long gate_step(__u32 index, struct gate_walk *walk)
{
	struct dentry *parent = walk->dentry->d_parent;
	struct name_words name;

	if (parent == walk->dentry) {
		walk->at_root = true;
		return 1;
	}
	name = words_of(parent);
	walk->dentry = parent;
	walk->open = gate_open(parent->d_inode->i_ino, 0) || gate_open(name.a, name.b);
	return walk->open;
}

/* May one of the directories above the file be watched? Only the mount that is the process's root
 * is walked here; a file on another mount gets the benefit of the doubt. */
static __always_inline bool gate_open_for_directories(struct task_struct *task, struct file *file)
{
	struct gate_walk walk = {.dentry = file->f_path.dentry};
	struct vfsmount *mnt = file->f_path.mnt;

	if (mnt != task->fs->root.mnt)
		return true;
	bpf_loop(GATE_DEPTH, gate_step, &walk, 0);
	return walk.open || !walk.at_root || is_mounted_deeper(mnt);
}

static __always_inline bool gate_open_for_file(struct task_struct *task, struct file *file)
{
	struct dentry *dentry = file->f_path.dentry;
	struct name_words name = words_of(dentry);

	if (gate_open(name.a, name.b))
		return true;
	if (is_memfd_name(name.a)) {
		name = words_at(dentry->d_name.name + MEMFD_PREFIX_SIZE);
		if (gate_open(name.a, name.b))
			return true;
	}
	if (gate_open(file->f_inode->i_ino, 0))
		return true;
	return local.directories && gate_open_for_directories(task, file);
}

/* May this exec be watched? The kernel has just made the name given to exec the task's comm. */
static __noinline bool gate_open_for_exec(struct task_struct *task, struct file *file)
{
	const __u64 *comm = (const __u64 *)task->comm;

	return gate_open(comm[0], comm[1]) || gate_open_for_file(task, file);
}

#endif
