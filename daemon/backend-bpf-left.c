/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "backend-bpf-left.h"

#include <bpf/bpf.h>
#include <stdio.h>
#include <time.h>

#include "backend-bpf-pins.h"
#include "util.h"

#define LARGEST_KEY	256
#define DETACH_PAUSE_NS 50000000 /* far longer than a program runs */

/* The start of a key, whatever the schema; start_time and tgid of struct dwd_stop_key. */
#define KEY_PREFIX (offsetof(struct dwd_stop_key, tgid) + sizeof(__u32))

#define NAMESPACE_AT offsetof(struct dwd_control, pid_namespace) /* the same */

struct left_backend {
	struct backend backend;
	char *path;
	int stops;
	__u32 key_size;
	/* Keys that were found, each `key_size` long; the engine knows them by their place here. */
	char *keys;
	size_t count;
};

static struct left_backend *left_backend(const struct backend *b)
{
	return container_of((struct backend *)b, struct left_backend, backend);
}

static const char *key_at(const struct left_backend *b, size_t place)
{
	return b->keys + place * b->key_size;
}

/* What the engine is shown for it: the place stands for the rest of the key. */
static struct dwd_stop_key shown_key(const struct left_backend *b, size_t place)
{
	struct dwd_stop_key key = {};

	memcpy(&key, key_at(b, place), KEY_PREFIX);
	key.exec_id = (__u32)place;
	return key;
}

static int left_arm(struct backend *backend, bool on)
{
	return on ? -EOPNOTSUPP : 0;
}

static int gather(struct left_backend *b)
{
	char key[LARGEST_KEY], *more;
	const void *previous = NULL;

	b->count = 0;
	while (bpf_map_get_next_key(b->stops, previous, key) == 0) {
		more = reallocarray(b->keys, b->count + 1, b->key_size);
		if (!more)
			return -ENOMEM;
		b->keys = more;
		memcpy(b->keys + b->count * b->key_size, key, b->key_size);
		previous = key_at(b, b->count++);
	}
	return 0;
}

static int left_for_each_stop(struct backend *backend,
			      int (*fn)(void *userdata, const struct dwd_stop_key *key),
			      void *userdata)
{
	struct left_backend *b = left_backend(backend);
	int r = gather(b);

	for (size_t i = 0; r == 0 && i < b->count; i++) {
		struct dwd_stop_key key = shown_key(b, i);

		r = fn(userdata, &key);
	}
	return r;
}

static int left_get_stop(struct backend *backend, const struct dwd_stop_key *key,
			 struct dwd_stop_record *ret)
{
	*ret = (struct dwd_stop_record){.key = *key};
	return 0;
}

static int left_forget_stop(struct backend *backend, const struct dwd_stop_key *key)
{
	struct left_backend *b = left_backend(backend);

	if (key->exec_id >= b->count)
		return -ENOENT;
	return bpf_map_delete_elem(b->stops, key_at(b, key->exec_id)) < 0 ? -errno : 0;
}

static int left_take_down(struct backend *backend)
{
	return pins_remove_tree(left_backend(backend)->path);
}

static void left_free(struct backend *backend)
{
	struct left_backend *b = left_backend(backend);

	close_fd(b->stops);
	free(b->keys);
	free(b->path);
	free(b);
}

static const struct backend_ops left_ops = {
	.free = left_free,
	.take_down = left_take_down,
	.arm = left_arm,
	.for_each_stop = left_for_each_stop,
	.get_stop = left_get_stop,
	.forget_stop = left_forget_stop,
};

/* -EPROTO: it is no map of stops. */
static int open_stops(struct left_backend *b)
{
	_cleanup_free_ char *path = NULL;
	struct bpf_map_info info = {};
	__u32 size = sizeof(info);

	if (asprintf(&path, "%s/stops", b->path) < 0)
		return -ENOMEM;
	b->stops = bpf_obj_get(path);
	if (b->stops < 0)
		return errno == ENOENT ? -EPROTO : -errno;
	if (bpf_obj_get_info_by_fd(b->stops, &info, &size) < 0)
		return -errno;
	if (info.type != BPF_MAP_TYPE_HASH || info.key_size < KEY_PREFIX ||
	    info.key_size > LARGEST_KEY)
		return -EPROTO;
	b->key_size = info.key_size;
	return 0;
}

static struct left_backend *new_left(const struct pins *pins, const char *schema)
{
	struct left_backend *b = calloc(1, sizeof(*b));

	if (!b)
		return NULL;
	b->backend.ops = &left_ops;
	b->stops = -1;
	b->path = pins_schema_path(pins, schema);
	if (!b->path) {
		left_free(&b->backend);
		return NULL;
	}
	return b;
}

int backend_left_open(struct backend **ret, const struct pins *pins, const char *schema)
{
	const struct timespec pause = {.tv_nsec = DETACH_PAUSE_NS};
	struct left_backend *b = new_left(pins, schema);
	int r;

	if (!b)
		return -ENOMEM;
	r = pins_remove_directories(b->path); /* which hold the links */
	if (r == 0)
		r = open_stops(b);
	if (r < 0) {
		left_free(&b->backend);
		return r;
	}
	nanosleep(&pause, NULL);
	*ret = &b->backend;
	return 0;
}

size_t backend_left_count(const struct pins *pins, const char *schema)
{
	struct left_backend *b = new_left(pins, schema);
	size_t n = 0;

	if (b && open_stops(b) == 0 && gather(b) == 0)
		n = b->count;
	if (b)
		left_free(&b->backend);
	return n;
}

/* -EPROTO: they are no settings. */
static int read_namespace(int control, uint32_t *ret)
{
	_cleanup_free_ char *value = NULL;
	struct bpf_map_info info = {};
	__u32 size = sizeof(info), zero = 0;

	if (bpf_obj_get_info_by_fd(control, &info, &size) < 0)
		return -errno;
	if (info.type != BPF_MAP_TYPE_ARRAY || info.key_size != sizeof(zero) ||
	    info.value_size < NAMESPACE_AT + sizeof(*ret))
		return -EPROTO;
	value = malloc(info.value_size);
	if (!value)
		return -ENOMEM;
	if (bpf_map_lookup_elem(control, &zero, value) < 0)
		return -errno;
	memcpy(ret, value + NAMESPACE_AT, sizeof(*ret));
	return 0;
}

int backend_left_namespace(uint32_t *ret, const struct pins *pins, const char *schema)
{
	_cleanup_free_ char *directory = pins_schema_path(pins, schema), *path = NULL;
	_cleanup_fd_ int control = -1;
	int r;

	*ret = 0;
	if (!directory || asprintf(&path, "%s/control", directory) < 0)
		return -ENOMEM;
	control = bpf_obj_get(path);
	if (control < 0)
		return errno == ENOENT ? 0 : -errno;
	r = read_namespace(control, ret);
	return r == -EPROTO ? 0 : r;
}

int backend_left_remove(const struct pins *pins, const char *schema)
{
	_cleanup_free_ char *path = pins_schema_path(pins, schema);

	return path ? pins_remove_tree(path) : -ENOMEM;
}
