/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "backend-bpf-texts.h"

#include <bpf/bpf.h>

#include "util.h"

#define TEXT_MAX (512 * 1024)

/* How the first chunk begins; the text follows. */
struct head {
	__u32 size;
	__u32 version; /* 0 or 1 */
};

#define HEAD_TEXT (DWD_TEXT_CHUNK - sizeof(struct head))

static struct dwd_text_key key_of(enum backend_text kind, uint64_t id, __u32 version, __u32 chunk)
{
	return (struct dwd_text_key){.id = id, .kind = kind << 1 | version, .chunk = chunk};
}

/* How many chunks come after the first. */
static __u32 more_chunks(size_t size)
{
	return size <= HEAD_TEXT ? 0 : (__u32)((size - HEAD_TEXT - 1) / DWD_TEXT_CHUNK + 1);
}

static int read_first(int map, enum backend_text kind, uint64_t id, struct head *head,
		      struct dwd_text_chunk *chunk)
{
	struct dwd_text_key key = key_of(kind, id, 0, 0);

	*head = (struct head){};
	if (bpf_map_lookup_elem(map, &key, chunk) < 0)
		return -errno;
	memcpy(head, chunk->bytes, sizeof(*head));
	return head->size > TEXT_MAX || head->version > 1 ? -EBADMSG : 0;
}

static void drop_chunks(int map, enum backend_text kind, uint64_t id, const struct head *head)
{
	for (__u32 i = more_chunks(head->size); i > 0; i--) {
		struct dwd_text_key key = key_of(kind, id, head->version, i);

		bpf_map_delete_elem(map, &key);
	}
}

static int write_chunk(int map, struct dwd_text_key key, const char *bytes, size_t size)
{
	struct dwd_text_chunk chunk = {};

	memcpy(chunk.bytes, bytes, size);
	return bpf_map_update_elem(map, &key, &chunk, BPF_ANY) < 0 ? -errno : 0;
}

static int write_first(int map, struct dwd_text_key key, const struct head *head, const char *text)
{
	struct dwd_text_chunk chunk = {};

	memcpy(chunk.bytes, head, sizeof(*head));
	memcpy(chunk.bytes + sizeof(*head), text, head->size < HEAD_TEXT ? head->size : HEAD_TEXT);
	return bpf_map_update_elem(map, &key, &chunk, BPF_ANY) < 0 ? -errno : 0;
}

int texts_keep(int map, enum backend_text kind, uint64_t id, const char *text)
{
	struct head old, head = {.size = (__u32)strlen(text)};
	struct dwd_text_chunk first;
	int found, r = 0;

	if (head.size > TEXT_MAX)
		return -E2BIG;
	found = read_first(map, kind, id, &old, &first);
	if (found >= 0)
		head.version = !old.version;
	for (__u32 i = more_chunks(head.size); i > 0 && r == 0; i--) {
		size_t at = HEAD_TEXT + (size_t)(i - 1) * DWD_TEXT_CHUNK, rest = head.size - at;

		r = write_chunk(map, key_of(kind, id, head.version, i), text + at,
				rest < DWD_TEXT_CHUNK ? rest : DWD_TEXT_CHUNK);
	}
	if (r == 0)
		r = write_first(map, key_of(kind, id, 0, 0), &head, text);
	if (r < 0)
		drop_chunks(map, kind, id, &head);
	else if (found >= 0)
		drop_chunks(map, kind, id, &old);
	return r;
}

int texts_drop(int map, enum backend_text kind, uint64_t id)
{
	struct dwd_text_key key = key_of(kind, id, 0, 0);
	struct dwd_text_chunk first;
	struct head head;
	int found = read_first(map, kind, id, &head, &first);

	if (bpf_map_delete_elem(map, &key) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (found >= 0)
		drop_chunks(map, kind, id, &head);
	return 0;
}

int texts_get(int map, enum backend_text kind, uint64_t id, char **ret)
{
	_cleanup_free_ char *text = NULL;
	struct dwd_text_chunk chunk;
	struct head head;
	int r;

	r = read_first(map, kind, id, &head, &chunk);
	if (r < 0)
		return r;
	text = malloc(HEAD_TEXT + (size_t)more_chunks(head.size) * DWD_TEXT_CHUNK + 1);
	if (!text)
		return -ENOMEM;
	memcpy(text, chunk.bytes + sizeof(head), HEAD_TEXT);
	for (__u32 i = 1; i <= more_chunks(head.size); i++) {
		struct dwd_text_key key = key_of(kind, id, head.version, i);

		if (bpf_map_lookup_elem(map, &key, text + HEAD_TEXT + (i - 1) * DWD_TEXT_CHUNK) < 0)
			return errno == ENOENT ? -EBADMSG : -errno;
	}
	text[head.size] = '\0';
	if (strlen(text) != head.size)
		return -EBADMSG;
	*ret = steal_pointer(text);
	return 0;
}

/* ---- all of them ----------------------------------------------------------------------------- */

/* Keys, gathered first: one that vanishes under a walk sends it back to the start. */
static int gather(int map, struct dwd_text_key **ret, size_t *count)
{
	_cleanup_free_ struct dwd_text_key *keys = NULL;
	struct dwd_text_key *previous = NULL, key;
	size_t n = 0, room = 0;

	while (bpf_map_get_next_key(map, previous, &key) == 0 && n < 2 * DWD_TEXTS) {
		if (n == room) {
			struct dwd_text_key *more;

			room = room ? 2 * room : 64;
			more = reallocarray(keys, room, sizeof(*keys));
			if (!more)
				return -ENOMEM;
			keys = more;
		}
		keys[n] = key;
		previous = &keys[n++];
	}
	*ret = steal_pointer(keys);
	*count = n;
	return 0;
}

static int compare_ids(const void *a, const void *b)
{
	const struct dwd_text_key *x = a, *y = b;

	return x->id < y->id ? -1 : x->id > y->id;
}

int texts_for_each(int map, enum backend_text kind, int (*fn)(void *userdata, uint64_t id),
		   void *userdata)
{
	_cleanup_free_ struct dwd_text_key *keys = NULL;
	size_t count;
	int r = gather(map, &keys, &count);

	if (r == 0 && count > 0)
		qsort(keys, count, sizeof(*keys), compare_ids);
	for (size_t i = 0; r == 0 && i < count; i++)
		if (keys[i].chunk == 0 && keys[i].kind == (__u32)kind << 1)
			r = fn(userdata, keys[i].id);
	return r;
}

static bool belongs(int map, const struct dwd_text_key *key)
{
	struct dwd_text_chunk first;
	struct head head;

	if (key->chunk == 0)
		return !(key->kind & 1);
	return read_first(map, (enum backend_text)(key->kind >> 1), key->id, &head, &first) >= 0 &&
	       head.version == (key->kind & 1) && key->chunk <= more_chunks(head.size);
}

int texts_tidy(int map)
{
	_cleanup_free_ struct dwd_text_key *keys = NULL;
	size_t count;
	int r = gather(map, &keys, &count);

	for (size_t i = 0; r == 0 && i < count; i++)
		if (!belongs(map, &keys[i]))
			bpf_map_delete_elem(map, &keys[i]);
	return r;
}
