/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#ifndef DWD_MATCH_H
#define DWD_MATCH_H

/*
 * Which watches does an exec match?
 *
 * Two steps. The gate rejects, see gate.h. What passes is *collected*: exact look-ups by name, by
 * file identity, by each directory above the file and by path, each giving a list of watches; every
 * watch of those lists is a hit, once. What else narrows those few watches is then asked in
 * filter.h.
 *
 * Paths are compared by hash, not by text: a path is hashed component by component from the root
 * the process sees, found by walking dentries and mounts upwards (nothing else serves every program
 * type), or by reading the text given to exec, `.` and `..` taken out as text.
 */

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, DWD_MAX_WATCHES);
	__type(key, __u32);
	__type(value, struct dwd_watch_entry);
} watches SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, DWD_MAX_WATCHES);
	__type(key, char[DWD_NAME_MAX]);
	__type(value, dwd_link);
} names SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, DWD_MAX_WATCHES);
	__type(key, struct dwd_file_id);
	__type(value, dwd_link);
} files SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 2 * DWD_MAX_WATCHES);
	__type(key, struct dwd_path_hash);
	__type(value, dwd_link);
} paths SEC(".maps");

/* A map of its own, as it lasts. */
struct dwd_control control SEC(".data.control");
struct dwd_local local;
__u64 gate[1 << DWD_GATE_ORDER];

/* For the hashes; random, set before the object is loaded, so that the verifier folds it in. */
const volatile __u64 seed;

/* Which generation these programs are; set before the object is loaded. */
const volatile __u64 generation;

/* ---- lists of watches ------------------------------------------------------------------------ */

static __always_inline void note_owner(struct scratch *s, __u32 slot,
				       const struct dwd_watch_entry *w)
{
	if (!w->owner)
		s->owners.root++;
	else if (!s->owners.of_user)
		s->owners.of_user = slot + 1;
}

/* Only the first hits are kept with a script or a stop; so root's come first, lest a user could
 * crowd them out. */
static __always_inline void add_hit(struct scratch *s, __u32 slot, const struct dwd_watch_entry *w)
{
	__u32 *last = &s->hits[s->hit_count & (DWD_MAX_WATCHES - 1)];
	__u32 *first_of_user = &s->hits[s->owners.root & (DWD_MAX_WATCHES - 1)];

	if (w->owner) {
		*last = slot;
	} else {
		*last = *first_of_user;
		*first_of_user = slot;
	}
	s->hit_count++;
}

/* Note a watch as matching, once, unless its uid is another, or its owner may not have the process:
 * for him it is as if it had not been there. What else narrows it is decided by filter.h. */
static __always_inline void consider(struct scratch *s, __u32 slot, const struct dwd_watch_entry *w)
{
	slot &= DWD_MAX_WATCHES - 1;
	if (s->stamps[slot] == s->epoch)
		return;
	s->stamps[slot] = s->epoch;
	if (w->filters & DWD_FILTER_UID && w->uid != s->uid)
		return;
	if (w->owner && w->owner != s->user)
		return;
	s->late_filters |= w->filters & DWD_FILTER_LATE;
	add_hit(s, slot, w);
	note_owner(s, slot, w);
}

static long list_step(__u32 index, struct scratch **scratch)
{
	struct list_walk *walk = &(*scratch)->list_walk;
	__u32 slot = DWD_LINK_SLOT(walk->link), key = DWD_LINK_KEY(walk->link);
	struct dwd_watch_entry *w;

	if (!walk->link)
		return 1;
	w = bpf_map_lookup_elem(&watches, &slot);
	if (!w)
		return 1;
	/* One that has just been removed still leads on to the rest of its list. */
	if (w->id && w->kind == walk->kind)
		consider(*scratch, slot, w);
	walk->link = w->next[key & (DWD_WATCH_KEYS - 1)];
	return 0;
}

static __always_inline void consider_list(struct scratch *s, const dwd_link *head, __u32 kind)
{
	if (!head)
		return;
	s->list_walk.link = *head;
	s->list_walk.kind = kind;
	bpf_loop(DWD_MAX_WATCHES, list_step, &s, 0);
}

/* ---- by name --------------------------------------------------------------------------------- */

static __always_inline void consider_name(struct scratch *s, const void *kernel_string)
{
	__builtin_memset(s->name, 0, sizeof(s->name));
	bpf_probe_read_kernel_str(s->name, sizeof(s->name), kernel_string);
	consider_list(s, bpf_map_lookup_elem(&names, s->name), DWD_WATCH_NAME);
}

#define MEMFD_PREFIX	  "memfd:"
#define MEMFD_PREFIX_SIZE (sizeof(MEMFD_PREFIX) - 1)

static __always_inline bool is_memfd_name(__u64 first_word)
{
	return (first_word & 0xffffffffffffULL) == 0x3a64666d656dULL; /* "memfd:", little endian */
}

static __always_inline void consider_file_name(struct scratch *s, const unsigned char *name)
{
	consider_name(s, name);
	if (is_memfd_name(*(__u64 *)s->name))
		consider_name(s, name + MEMFD_PREFIX_SIZE);
}

/* ---- by file and directory ------------------------------------------------------------------- */

static __always_inline void consider_inode(struct scratch *s, struct inode *inode, __u32 kind)
{
	struct dwd_file_id id = {
		.ino = BPF_CORE_READ(inode, i_ino),
		.dev = BPF_CORE_READ(inode, i_sb, s_dev),
		.generation = BPF_CORE_READ(inode, i_generation),
	};

	consider_list(s, bpf_map_lookup_elem(&files, &id), kind);
}

/* ---- by path --------------------------------------------------------------------------------- */

/* The hash of the component in s->name, `length` bytes. */
static __always_inline struct dwd_path_hash component_hash(struct scratch *s, __u32 length)
{
	const __u64 *words = (const __u64 *)s->name;
	struct dwd_path_hash hash = {};

#pragma clang loop unroll(disable)
	for (__u32 i = 0; i < DWD_NAME_MAX / 8; i++) {
		__u64 word = words[i];
		__u32 rest = length - 8 * i;

		if (rest < 8) {
			word &= (1ULL << (8 * rest)) - 1;
			dwd_component_word(&hash, word, seed);
			break;
		}
		dwd_component_word(&hash, word, seed);
	}
	dwd_component_word(&hash, length, seed);
	return hash;
}

/* Put a dentry's name in front of the path in hand and of its text. False if there is no room. */
static __always_inline bool prepend_component(struct scratch *s, struct dentry *dentry)
{
	long length = bpf_probe_read_kernel_str(s->name, sizeof(s->name),
						BPF_CORE_READ(dentry, d_name.name));
	__u32 size = (length - 1) & (DWD_NAME_MAX - 1);

	if (length <= 1 || s->first == 0)
		return false;
	s->first--;
	s->components[s->first & (COMPONENTS - 1)] = component_hash(s, length - 1);
	if (!s->path_walk.text || s->exe_start < length)
		return true;
	s->exe_start -= size;
	bpf_probe_read_kernel(&s->exe[s->exe_start & (PATH_BUFFER - 1)], size, s->name);
	s->exe_start--;
	s->exe[s->exe_start & (PATH_BUFFER - 1)] = '/';
	return true;
}

/* One step from a file towards the root. */
static long path_step(__u32 index, struct scratch **scratch)
{
	struct scratch *s = *scratch;
	struct path_walk *walk = &s->path_walk;
	struct dentry *dentry = walk->dentry, *parent = BPF_CORE_READ(dentry, d_parent);
	struct vfsmount *mnt = walk->mnt;

	if (walk->below && walk->directories)
		consider_inode(s, BPF_CORE_READ(dentry, d_inode), DWD_WATCH_DIRECTORY);
	walk->below = 1;
	if (dentry == walk->root_dentry && mnt == walk->root_mnt) {
		/* The process sees no further, but a watched directory may hold its root. */
		walk->reached = 1;
		if (!walk->directories)
			return 1;
	}
	if (dentry == parent || dentry == BPF_CORE_READ(mnt, mnt_root)) {
		struct mount *m = (void *)mnt - bpf_core_field_offset(struct mount, mnt);
		struct mount *mnt_parent = BPF_CORE_READ(m, mnt_parent);

		if (m == mnt_parent)
			return 1;
		walk->dentry = BPF_CORE_READ(m, mnt_mountpoint);
		walk->mnt = (void *)mnt_parent + bpf_core_field_offset(struct mount, mnt);
		walk->below = 0; /* the directory underneath a mount is not above the file */
		return 0;
	}
	if (!walk->reached && !prepend_component(s, dentry))
		return 1;
	walk->dentry = parent;
	return 0;
}

/* Lay out the components of a path as the process sees it. False if it lies outside its root, or
 * is deeper than DWD_PATH_DEPTH. */
static __always_inline bool walk_path(struct scratch *s, struct task_struct *task,
				      const struct path *path, bool directories, bool text)
{
	struct fs_struct *fs = BPF_CORE_READ(task, fs);

	s->path_walk = (struct path_walk){
		.dentry = BPF_CORE_READ(path, dentry),
		.mnt = BPF_CORE_READ(path, mnt),
		.root_dentry = BPF_CORE_READ(fs, root.dentry),
		.root_mnt = BPF_CORE_READ(fs, root.mnt),
		.directories = directories,
		.text = text,
	};

	s->first = s->top = DWD_PATH_DEPTH;
	bpf_loop(2 * DWD_PATH_DEPTH, path_step, &s, 0);
	return s->path_walk.reached;
}

/* One byte of the path given to exec. */
static long text_step(__u32 index, struct scratch **scratch)
{
	struct scratch *s = *scratch;
	struct text_walk *walk = &s->text_walk;
	__u8 c = s->given[index & (PATH_BUFFER - 1)];

	if (c != '/' && c != '\0') {
		walk->word |= (__u64)c << (8 * (walk->length & 7));
		if ((++walk->length & 7) == 0) {
			dwd_component_word(&walk->component, walk->word, seed);
			walk->word = 0;
		}
		return 0;
	}
	if (walk->length == 0 || (walk->length == 1 && walk->word == '.')) {
		/* nothing, or this same directory */
	} else if (walk->length == 2 && walk->word == ('.' | '.' << 8)) {
		/* Behind a name, which may be a symbolic link's, text does not tell where it leads.
		 */
		if (s->top > DWD_PATH_DEPTH)
			walk->valid = 0;
		else if (s->top > s->first)
			s->top--;
	} else if (s->top >= COMPONENTS) {
		walk->valid = 0;
		return 1;
	} else {
		dwd_component_word(&walk->component, walk->word, seed);
		dwd_component_word(&walk->component, walk->length, seed);
		s->components[s->top & (COMPONENTS - 1)] = walk->component;
		s->top++;
	}
	walk->component.h[0] = walk->component.h[1] = walk->word = walk->length = 0;
	if (c == '\0')
		return 1;
	s->given_leaf = index + 1;
	return 0;
}

/* Lay out the components of the path in s->given, which may be relative to the working directory.
 */
static __always_inline bool read_given_path(struct scratch *s, struct task_struct *task)
{
	s->text_walk = (struct text_walk){.valid = 1};
	s->given_leaf = 0;
	s->first = s->top = DWD_PATH_DEPTH;
	if (s->given[0] != '/') {
		struct fs_struct *fs = BPF_CORE_READ(task, fs);

		s->text_walk.valid = walk_path(s, task, &fs->pwd, false, false);
	}
	bpf_loop(PATH_BUFFER, text_step, &s, 0);
	return s->text_walk.valid;
}

static long fold_step(__u32 index, struct scratch **scratch)
{
	struct scratch *s = *scratch;
	struct fold_walk *walk = &s->fold_walk;
	__u32 at = s->first + index;
	struct dwd_path_hash key;
	bool last = at + 1 >= s->top;

	if (at >= s->top)
		return 1;
	dwd_path_push(&walk->path, &s->components[at & (COMPONENTS - 1)], seed);
	if (!last && !walk->directories)
		return 0;
	key = dwd_path_key(walk->path, !last);
	consider_list(s, bpf_map_lookup_elem(&paths, &key),
		      last ? DWD_WATCH_PATH : DWD_WATCH_DIRECTORY);
	return last;
}

/* Look up the path whose components are laid out, and on demand the directories above it. */
static __always_inline void consider_path(struct scratch *s, bool directories)
{
	s->fold_walk = (struct fold_walk){.directories = directories};
	bpf_loop(COMPONENTS, fold_step, &s, 0);
}

/* ---- all together ---------------------------------------------------------------------------- */

/* Every rule that looks at a file: its name, itself, the directories above it, its path. */
static __always_inline void collect_file(struct scratch *s, struct task_struct *task,
					 struct file *file)
{
	bool reached;

	consider_file_name(s, BPF_CORE_READ(file, f_path.dentry, d_name.name));
	consider_inode(s, BPF_CORE_READ(file, f_inode), DWD_WATCH_PATH);
	s->exe_start = PATH_BUFFER - 1;
	s->exe[PATH_BUFFER - 1] = '\0';
	reached = walk_path(s, task, &file->f_path, local.directories != 0, true);
	if (reached)
		consider_path(s, local.directories != 0);
	else if (s->first == s->top) /* in no directory, as a memfd */
		prepend_component(s, BPF_CORE_READ(file, f_path.dentry));
}

/* Every rule that looks at the text given to exec. `directories`: that text is all there is to tell
 * where the file lies. */
static __always_inline void collect_given(struct scratch *s, struct task_struct *task,
					  const char *filename, bool directories)
{
	if (bpf_probe_read_kernel_str(s->given, sizeof(s->given), filename) <= 0)
		return;
	if (read_given_path(s, task))
		consider_path(s, directories);
	consider_name(s, &s->given[s->given_leaf & (PATH_BUFFER - 1)]);
}

#endif
