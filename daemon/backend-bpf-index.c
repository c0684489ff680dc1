/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The indexes by name, file and path, each a hash map from a key to a list of watches, and the gate
 * in front of them.
 *
 * A watch stands under up to three keys: a NAME under its name; a PATH or PATH/ under the file it
 * is now, under its path as written and under its path without symbolic links. Watches that share a
 * key form a list, linked through the entries themselves.
 *
 * The kernel side walks those lists without a lock, so the order of writes is all that keeps them
 * whole: an entry is filled in and leads on to the rest of its list before anything leads to it;
 * one that is taken out keeps leading on. Its slot is used again late, see watch-table.c.
 *
 * The gate is a Bloom filter, and those cannot forget: how often each bit is wanted is counted
 * here. Its front, which is not shared memory, is written as a whole.
 */

#include <bpf/bpf.h>
#include <stdio.h>

#include "backend-bpf-filters.h"
#include "backend-bpf-index.h"
#include "util.h"
#include "watch.h"

/* The places in a watch's entry. A NAME has but one key, so it may share the first. */
enum { KEY_NAME = 0, KEY_FILE = 0, KEY_PATH = 1, KEY_REAL_PATH = 2 };

/* What a watch stands under. */
struct slot_keys {
	unsigned int linked; /* 1 << key */
	enum dwd_watch_kind kind;
	char *name; /* NAME */
	struct dwd_file_id file;
	struct dwd_path_hash path, real_path;
	__u64 gates[DWD_WATCH_KEYS]; /* the gate's hash for each linked key */
};

struct index {
	struct index_maps maps;
	struct slot_keys *slots[DWD_MAX_WATCHES];
	uint16_t gate_uses[64 << DWD_GATE_ORDER];
	struct dwd_front front;
};

/* ---- the gate -------------------------------------------------------------------------------- */

static int write_front(int map, const struct dwd_front *front)
{
	const uint32_t zero = 0;

	return bpf_map_update_elem(map, &zero, front, BPF_ANY) < 0 ? -errno : 0;
}

int index_open_front(int front)
{
	struct dwd_front all;

	memset(&all, 0xff, sizeof(all));
	return write_front(front, &all);
}

/* What lies beneath a watched directory is not for the front to tell. */
static int update_front(const struct index *ix)
{
	return ix->maps.local->directories ? index_open_front(ix->maps.front)
					   : write_front(ix->maps.front, &ix->front);
}

/* Word `at` of the gate has changed: does that of the front? */
static int follow_gate(struct index *ix, uint32_t at)
{
	const __u64 *gate = &ix->maps.gate[at - at % DWD_FRONT_WIDTH];
	__u64 *word = &ix->front.words[at / DWD_FRONT_WIDTH], before = *word;

	*word = 0;
	for (unsigned int i = 0; i < DWD_FRONT_WIDTH; i++)
		*word |= gate[i];
	return *word == before ? 0 : update_front(ix);
}

static int gate_want(struct index *ix, __u64 hash, int delta)
{
	uint32_t at = dwd_gate_word(hash);
	__u64 word = ix->maps.gate[at];

	for (__u64 mask = dwd_gate_mask(hash); mask; mask &= mask - 1) {
		uint16_t *uses = &ix->gate_uses[64 * at + (unsigned int)__builtin_ctzll(mask)];
		__u64 bit = mask & -mask;

		/* A bit wanted by more watches than can be counted stays: too open is safe. */
		if (*uses == UINT16_MAX)
			continue;
		*uses += delta;
		word = *uses ? word | bit : word & ~bit;
	}
	__atomic_store_n(&ix->maps.gate[at], word, __ATOMIC_RELEASE);
	return follow_gate(ix, at);
}

static __u64 gate_hash_of_name(const char *name)
{
	__u64 words[2] = {};

	memcpy(words, name, strnlen(name, DWD_COMM_LEN - 1));
	return dwd_gate_hash(words[0], words[1]);
}

/* ---- paths ----------------------------------------------------------------------------------- */

static struct dwd_path_hash hash_component(const char *name, size_t length, __u64 seed)
{
	struct dwd_path_hash hash = {};
	__u64 word;
	size_t i;

	for (i = 0; i + 8 <= length; i += 8) {
		memcpy(&word, name + i, 8);
		dwd_component_word(&hash, word, seed);
	}
	word = 0;
	memcpy(&word, name + i, length - i);
	dwd_component_word(&hash, word, seed);
	dwd_component_word(&hash, length, seed);
	return hash;
}

static struct dwd_path_hash hash_path(const char *path, bool directory, __u64 seed)
{
	struct dwd_path_hash hash = {};

	while (*path) {
		size_t length = strcspn(path, "/");

		if (length > 0) {
			struct dwd_path_hash component = hash_component(path, length, seed);

			dwd_path_push(&hash, &component, seed);
		}
		path += length + (path[length] == '/');
	}
	return dwd_path_key(hash, directory);
}

/* ---- lists ----------------------------------------------------------------------------------- */

static int key_map(const struct index *ix, const struct slot_keys *keys, int key)
{
	if (keys->kind == DWD_WATCH_NAME)
		return ix->maps.names;
	return key == KEY_FILE ? ix->maps.files : ix->maps.paths;
}

static const void *key_value(const struct slot_keys *keys, int key)
{
	if (keys->kind == DWD_WATCH_NAME)
		return keys->name;
	if (key == KEY_FILE)
		return &keys->file;
	return key == KEY_PATH ? &keys->path : &keys->real_path;
}

static int link_key(struct index *ix, uint32_t slot, int key, __u64 gate)
{
	struct slot_keys *keys = ix->slots[slot];
	dwd_link head = 0, link = DWD_LINK(slot, key);
	int map = key_map(ix, keys, key);
	const void *value = key_value(keys, key);

	if (bpf_map_lookup_elem(map, value, &head) < 0 && errno != ENOENT)
		return -errno;
	__atomic_store_n(&ix->maps.entries[slot].next[key], head, __ATOMIC_RELEASE);
	if (bpf_map_update_elem(map, value, &link, BPF_ANY) < 0)
		return -errno;
	keys->linked |= 1U << key;
	keys->gates[key] = gate;
	return gate_want(ix, gate, +1);
}

static void unlink_key(struct index *ix, uint32_t slot, int key)
{
	struct slot_keys *keys = ix->slots[slot];
	dwd_link link = DWD_LINK(slot, key), at = 0, next;
	int map = key_map(ix, keys, key);
	const void *value = key_value(keys, key);

	if (!(keys->linked & 1U << key))
		return;
	keys->linked &= ~(1U << key);
	gate_want(ix, keys->gates[key], -1);

	next = ix->maps.entries[slot].next[key];
	bpf_map_lookup_elem(map, value, &at);
	if (at == link) {
		if (next)
			bpf_map_update_elem(map, value, &next, BPF_ANY);
		else
			bpf_map_delete_elem(map, value);
		return;
	}
	while (at) {
		dwd_link *place = &ix->maps.entries[DWD_LINK_SLOT(at)].next[DWD_LINK_KEY(at)];

		if (*place == link) {
			__atomic_store_n(place, next, __ATOMIC_RELEASE);
			return;
		}
		at = *place;
	}
}

/* ---- watches --------------------------------------------------------------------------------- */

static struct slot_keys *slot_keys_free(struct slot_keys *keys)
{
	if (!keys)
		return NULL;
	free(keys->name);
	free(keys);
	return NULL;
}

static int link_name(struct index *ix, uint32_t slot, const char *name)
{
	struct slot_keys *keys = ix->slots[slot];

	keys->name = calloc(1, DWD_NAME_MAX);
	if (!keys->name)
		return -ENOMEM;
	memcpy(keys->name, name, strnlen(name, DWD_NAME_MAX - 1));
	return link_key(ix, slot, KEY_NAME, gate_hash_of_name(name));
}

static int link_file(struct index *ix, uint32_t slot, const struct index_target *target)
{
	struct slot_keys *keys = ix->slots[slot];

	if (!target->exists)
		return 0;
	keys->file = target->file;
	return link_key(ix, slot, KEY_FILE, dwd_gate_hash(keys->file.ino, 0));
}

/* The last component of a path, into `leaf`: "bin" of "/usr/bin/". */
static void leaf_of(const char *path, char leaf[static DWD_NAME_MAX])
{
	size_t end = strlen(path), start;

	while (end > 0 && path[end - 1] == '/')
		end--;
	for (start = end; start > 0 && path[start - 1] != '/'; start--)
		;
	snprintf(leaf, DWD_NAME_MAX, "%.*s", (int)(end - start), path + start);
}

/* The gate's hash for a path is its last component's. */
static int link_path(struct index *ix, uint32_t slot, int key, const char *path)
{
	struct slot_keys *keys = ix->slots[slot];
	bool directory = keys->kind == DWD_WATCH_DIRECTORY;
	struct dwd_path_hash hash = hash_path(path, directory, ix->maps.seed);
	char leaf[DWD_NAME_MAX];

	if (key == KEY_PATH)
		keys->path = hash;
	else if (memcmp(&hash, &keys->path, sizeof(hash)) == 0)
		return 0;
	else
		keys->real_path = hash;
	leaf_of(path, leaf);
	return link_key(ix, slot, key, gate_hash_of_name(leaf));
}

static int count_directory(struct index *ix, int delta)
{
	uint32_t count = __atomic_add_fetch(&ix->maps.local->directories, delta, __ATOMIC_RELEASE);

	return count <= 1 ? update_front(ix) : 0;
}

int index_add(struct index *ix, uint32_t slot, const struct watch *watch,
	      const struct index_target *target)
{
	struct dwd_watch_entry *entry = &ix->maps.entries[slot];
	int r;

	ix->slots[slot] = calloc(1, sizeof(struct slot_keys));
	if (!ix->slots[slot])
		return -ENOMEM;
	ix->slots[slot]->kind = watch->kind;
	*entry = (struct dwd_watch_entry){
		.kind = watch->kind,
		.filters = filters_of(watch),
		.uid = watch->filters.uid,
		.owner = watch->owner.uid,
	};
	r = watch->kind == DWD_WATCH_DIRECTORY ? count_directory(ix, +1) : 0;
	__atomic_store_n(&entry->id, watch->id, __ATOMIC_RELEASE);

	if (r >= 0 && watch->kind == DWD_WATCH_NAME) {
		r = link_name(ix, slot, watch->target);
	} else if (r >= 0) {
		r = link_path(ix, slot, KEY_PATH, watch->target);
		if (r >= 0 && target->real)
			r = link_path(ix, slot, KEY_REAL_PATH, target->real);
		if (r >= 0)
			r = link_file(ix, slot, target);
	}
	if (r < 0)
		index_remove(ix, slot);
	return r;
}

int index_update(struct index *ix, uint32_t slot, const struct index_target *target)
{
	struct slot_keys *keys = ix->slots[slot];
	bool directory = keys->kind == DWD_WATCH_DIRECTORY;
	struct dwd_path_hash real = {};
	int r = 0;

	if (target->real)
		real = hash_path(target->real, directory, ix->maps.seed);
	if (!(keys->linked & 1U << KEY_REAL_PATH) ||
	    memcmp(&real, &keys->real_path, sizeof(real)) != 0) {
		unlink_key(ix, slot, KEY_REAL_PATH);
		if (target->real)
			r = link_path(ix, slot, KEY_REAL_PATH, target->real);
	}
	if (target->exists && (keys->linked & 1U << KEY_FILE) &&
	    memcmp(&target->file, &keys->file, sizeof(keys->file)) == 0)
		return r;
	unlink_key(ix, slot, KEY_FILE);
	return r < 0 ? r : link_file(ix, slot, target);
}

void index_remove(struct index *ix, uint32_t slot)
{
	struct slot_keys *keys = ix->slots[slot];

	if (!keys)
		return;
	__atomic_store_n(&ix->maps.entries[slot].id, 0, __ATOMIC_RELEASE);
	for (int key = 0; key < DWD_WATCH_KEYS; key++)
		unlink_key(ix, slot, key);
	if (keys->kind == DWD_WATCH_DIRECTORY)
		count_directory(ix, -1);
	ix->slots[slot] = slot_keys_free(keys);
}

int index_new(struct index **ret, const struct index_maps *maps)
{
	struct index *ix = calloc(1, sizeof(*ix));
	int r;

	if (!ix)
		return -ENOMEM;
	ix->maps = *maps;
	r = update_front(ix);
	if (r < 0) {
		free(ix);
		return r;
	}
	*ret = ix;
	return 0;
}

struct index *index_free(struct index *ix)
{
	if (!ix)
		return NULL;
	for (size_t i = 0; i < DWD_MAX_WATCHES; i++)
		slot_keys_free(ix->slots[i]);
	free(ix);
	return NULL;
}
