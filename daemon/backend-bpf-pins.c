/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "backend-bpf-pins.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

#include "backend-bpf-instance.h"
#include "backend-bpf-load.h"
#include "dwd.skel.h"
#include "procfs.h"

#define PIN_PATH (PATH_MAX + 128)

/* The lasting maps, `control` last: see the header. */
enum lasting { STOPS, COUNTERS, EXEC_STATES, MARKS, EXEMPT, TEXTS, CONTROL, LASTING };

static const char *const lasting_names[LASTING] = {
	"stops", "counters", "exec_states", "marks", "exempt", "texts", "control",
};

struct pins {
	char *instance; /* PIN_DIR/INSTANCE */
	char *path;	/* PIN_DIR/INSTANCE/vSCHEMA */
	char *links;	/* of the generation kept last; NULL: none */
	int lock;
	int maps[LASTING]; /* found; -1: not */
};

static struct bpf_map *lasting_map(struct dwd_bpf *object, enum lasting which)
{
	switch (which) {
	case STOPS:
		return object->maps.stops;
	case COUNTERS:
		return object->maps.counters;
	case EXEC_STATES:
		return object->maps.exec_states;
	case MARKS:
		return object->maps.marks;
	case EXEMPT:
		return object->maps.exempt;
	case TEXTS:
		return object->maps.texts;
	case CONTROL:
	case LASTING:
		break;
	}
	return object->maps.data_control;
}

/* Of the instance that `lock` has locked. Both arguments are taken, whatever comes of it. */
static int new_pins(struct pins **ret, int lock, char *instance)
{
	_cleanup_(pins_freep) struct pins *p = calloc(1, sizeof(*p));

	if (!p) {
		close_fd(lock);
		free(instance);
		return -ENOMEM;
	}
	p->lock = lock;
	p->instance = instance;
	for (int i = 0; i < LASTING; i++)
		p->maps[i] = -1;
	if (asprintf(&p->path, "%s/v%d", p->instance, DWD_SCHEMA) < 0)
		return -ENOMEM;
	*ret = steal_pointer(p);
	return 0;
}

int pins_open(struct pins **ret, const char *pin_dir, const char *socket, char **message)
{
	char *instance;
	int lock = instance_open(&instance, pin_dir, socket, message);

	return lock < 0 ? lock : new_pins(ret, lock, instance);
}

int pins_open_beside(struct pins **ret, const struct pins *p, const char *name)
{
	char *instance;
	int lock = instance_open_beside(&instance, p->instance, name);

	return lock < 0 ? lock : new_pins(ret, lock, instance);
}

struct pins *pins_free(struct pins *p)
{
	if (!p)
		return NULL;
	if (p->lock >= 0)
		rmdir(p->instance); /* if nothing is pinned */
	for (int i = 0; i < LASTING; i++)
		close_fd(p->maps[i]);
	close_fd(p->lock);
	free(p->instance);
	free(p->path);
	free(p->links);
	free(p);
	return NULL;
}

const char *pins_path(const struct pins *p)
{
	return p->path;
}

/* ---- what was left --------------------------------------------------------------------------- */

static void close_maps(struct pins *p)
{
	for (int i = 0; i < LASTING; i++)
		p->maps[i] = close_fd(p->maps[i]);
}

/* What a map of ours must be like. The table of stops is as large as it was asked for. */
static bool fits(int fd, const struct bpf_map *map, enum lasting which)
{
	struct bpf_map_info info = {};
	__u32 size = sizeof(info);

	if (bpf_obj_get_info_by_fd(fd, &info, &size) < 0)
		return false;
	return info.type == bpf_map__type(map) && info.key_size == bpf_map__key_size(map) &&
	       info.value_size == bpf_map__value_size(map) &&
	       info.map_flags == bpf_map__map_flags(map) &&
	       (which == STOPS || info.max_entries == bpf_map__max_entries(map));
}

static int open_maps(struct pins *p)
{
	_cleanup_free_ char *path = malloc(PIN_PATH);
	struct dwd_bpf *object = dwd_bpf__open();
	int r = path && object ? 0 : -ENOMEM;

	for (int i = 0; i < LASTING && r == 0; i++) {
		snprintf(path, PIN_PATH, "%s/%s", p->path, lasting_names[i]);
		p->maps[i] = bpf_obj_get(path);
		if (p->maps[i] < 0 ||
		    !fits(p->maps[i], lasting_map(object, (enum lasting)i), (enum lasting)i))
			r = -EPROTO;
	}
	dwd_bpf__destroy(object);
	return r;
}

static uint32_t room_of(int fd)
{
	struct bpf_map_info info = {};
	__u32 size = sizeof(info);

	return bpf_obj_get_info_by_fd(fd, &info, &size) < 0 ? 0 : info.max_entries;
}

int pins_find(struct pins *p, struct pins_left *ret)
{
	_cleanup_free_ char *control = NULL;
	__u32 zero = 0;
	int r;

	*ret = (struct pins_left){};
	if (asprintf(&control, "%s/%s", p->path, lasting_names[CONTROL]) < 0)
		return -ENOMEM;
	if (access(control, F_OK) < 0)
		return errno == ENOENT ? pins_remove_tree(p->path) : -errno;
	r = open_maps(p);
	if (r >= 0 && bpf_map_lookup_elem(p->maps[CONTROL], &zero, &ret->control) < 0)
		r = -errno;
	/* 0: nothing was ever in charge. */
	if (r >= 0 && ret->control.pid_namespace &&
	    ret->control.pid_namespace != procfs_own_namespace("pid"))
		r = -EPROTO;
	if (r < 0) {
		close_maps(p);
		return r;
	}
	ret->stops_room = room_of(p->maps[STOPS]);
	ret->any = true;
	return 0;
}

int pins_reuse(struct pins *p, struct dwd_bpf *object)
{
	int r = 0;

	for (int i = 0; i < LASTING && r == 0; i++)
		if (p->maps[i] >= 0)
			r = bpf_map__reuse_fd(lasting_map(object, (enum lasting)i), p->maps[i]);
	return r;
}

/* ---- pinning --------------------------------------------------------------------------------- */

static int pin(int fd, const char *directory, const char *name)
{
	_cleanup_free_ char *path = NULL;

	if (asprintf(&path, "%s/%s", directory, name) < 0)
		return -ENOMEM;
	return bpf_obj_pin(fd, path) < 0 ? -errno : 0;
}

static int pin_maps(struct pins *p, struct dwd_bpf *object)
{
	int r = 0;

	for (int i = 0; i < LASTING && r == 0; i++)
		if (p->maps[i] < 0)
			r = pin(bpf_map__fd(lasting_map(object, (enum lasting)i)), p->path,
				lasting_names[i]);
	return r;
}

/* A directory in vSCHEMA/generation-N. */
static int make_part(const struct pins *p, uint64_t generation, const char *part, char **ret)
{
	_cleanup_free_ char *parent = NULL, *path = NULL;

	if (asprintf(&parent, "%s/generation-%ju", p->path, (uintmax_t)generation) < 0 ||
	    asprintf(&path, "%s/%s", parent, part) < 0)
		return -ENOMEM;
	if ((mkdir(parent, 0700) < 0 && errno != EEXIST) || mkdir(path, 0700) < 0)
		return -errno;
	*ret = steal_pointer(path);
	return 0;
}

/* The links that the skeleton has made, each named as its program is. */
static int pin_links(const struct bpf_object_skeleton *skeleton, const char *directory)
{
	int r = 0;

	for (int i = 0; i < skeleton->prog_cnt && r == 0; i++) {
		const struct bpf_link *link = *skeleton->progs[i].link;

		if (link)
			r = pin(bpf_link__fd(link), directory, skeleton->progs[i].name);
	}
	return r;
}

static int pin_programs(const struct bpf_object_skeleton *skeleton, const char *directory)
{
	int r = 0;

	for (int i = 0; i < skeleton->prog_cnt && r == 0; i++) {
		const struct bpf_program *program = *skeleton->progs[i].prog;

		if (bpf_program__fd(program) >= 0)
			r = pin(bpf_program__fd(program), directory, skeleton->progs[i].name);
	}
	return r;
}

static int pin_generation(struct pins *p, struct dwd_bpf *object, uint64_t generation)
{
	_cleanup_free_ char *programs = NULL;
	int r;

	r = make_part(p, generation, "links", &p->links);
	if (r == 0)
		r = make_part(p, generation, "programs", &programs);
	if (r == 0)
		r = pin_links(object->skeleton, p->links);
	return r < 0 ? r : pin_programs(object->skeleton, programs);
}

int pins_keep(struct pins *p, struct dwd_bpf *object, uint64_t generation)
{
	int r;

	if (mkdir(p->path, 0700) < 0 && errno != EEXIST)
		return -errno;
	r = pin_generation(p, object, generation);
	return r < 0 ? r : pin_maps(p, object);
}

int pins_keep_link(struct pins *p, struct bpf_link *link, const char *name)
{
	return p && p->links ? pin(bpf_link__fd(link), p->links, name) : 0;
}

void pins_drop_link(struct pins *p, const char *name)
{
	_cleanup_free_ char *path = NULL;

	if (p && p->links && asprintf(&path, "%s/%s", p->links, name) >= 0)
		unlink(path);
}

/* ---- unpinning ------------------------------------------------------------------------------- */

static bool is_dots(const char *name)
{
	return str_eq(name, ".") || str_eq(name, "..");
}

/* Go through what lies in a directory, which `fn` may remove. */
static int for_each_entry(const char *path,
			  int (*fn)(void *userdata, const char *inner, const char *name),
			  void *userdata)
{
	DIR *directory = opendir(path);
	struct dirent *entry;
	int r = 0;

	if (!directory)
		return errno == ENOENT ? 0 : -errno;
	while (r == 0 && (entry = readdir(directory))) {
		_cleanup_free_ char *inner = NULL;

		if (is_dots(entry->d_name))
			continue;
		if (asprintf(&inner, "%s/%s", path, entry->d_name) < 0)
			r = -ENOMEM;
		else
			r = fn(userdata, inner, entry->d_name);
	}
	closedir(directory);
	return r;
}

static int remove_entry(void *userdata, const char *path, const char *name)
{
	if (unlink(path) == 0 || errno == ENOENT)
		return 0;
	return errno == EISDIR ? pins_remove_tree(path) : -errno;
}

int pins_remove_tree(const char *path)
{
	int r = for_each_entry(path, remove_entry, NULL);

	return r < 0 ? r : rmdir(path) < 0 && errno != ENOENT ? -errno : 0;
}

static int remove_if_directory(void *userdata, const char *path, const char *name)
{
	struct stat st;

	if (lstat(path, &st) < 0)
		return errno == ENOENT ? 0 : -errno;
	return S_ISDIR(st.st_mode) ? pins_remove_tree(path) : 0;
}

int pins_remove_directories(const char *path)
{
	return for_each_entry(path, remove_if_directory, NULL);
}

static int remove_other_generation(void *userdata, const char *path, const char *name)
{
	const char *kept = userdata;

	return strncmp(name, "generation-", 11) != 0 || str_eq(name, kept) ? 0
									   : pins_remove_tree(path);
}

int pins_drop_generations(struct pins *p, uint64_t but)
{
	char kept[64];

	snprintf(kept, sizeof(kept), "generation-%ju", (uintmax_t)but);
	return for_each_entry(p->path, remove_other_generation, kept);
}

int pins_drop_generation(struct pins *p, uint64_t generation)
{
	_cleanup_free_ char *path = NULL;

	if (asprintf(&path, "%s/generation-%ju", p->path, (uintmax_t)generation) < 0)
		return -ENOMEM;
	return pins_remove_tree(path);
}

int pins_drop(struct pins *p)
{
	_cleanup_free_ char *control = NULL;
	int r;

	/* Whoever finds it gone knows that all was released. */
	if (asprintf(&control, "%s/%s", p->path, lasting_names[CONTROL]) < 0)
		return -ENOMEM;
	r = pins_drop_generations(p, 0);
	if (r == 0 && unlink(control) < 0 && errno != ENOENT)
		r = -errno;
	return r < 0 ? r : pins_remove_tree(p->path);
}

/* The next name in a directory, of those that begin in this way. */
static char *next_name(const char *path, const char *prefix, char *previous)
{
	DIR *directory = opendir(path);
	struct dirent *entry;
	char *least = NULL;

	/* The order does not matter, only that it is one. */
	while (directory && (entry = readdir(directory)))
		if (strncmp(entry->d_name, prefix, strlen(prefix)) == 0 &&
		    !is_dots(entry->d_name) && (!previous || strcmp(entry->d_name, previous) > 0) &&
		    (!least || strcmp(entry->d_name, least) < 0)) {
			free(least);
			least = strdup(entry->d_name);
		}
	if (directory)
		closedir(directory);
	free(previous);
	return least;
}

char *pins_next_schema(const struct pins *p, char *previous)
{
	return next_name(p->instance, "v", previous);
}

char *pins_next_beside(const struct pins *p, char *previous)
{
	_cleanup_free_ char *pin_dir = strdup(p->instance);

	if (!pin_dir) {
		free(previous);
		return NULL;
	}
	*strrchr(pin_dir, '/') = '\0';
	return next_name(pin_dir, "", previous);
}

char *pins_schema_path(const struct pins *p, const char *schema)
{
	char *path;

	return asprintf(&path, "%s/%s", p->instance, schema) < 0 ? NULL : path;
}

bool pins_is_ours(const char *schema)
{
	return schema[0] == 'v' && atoi(schema + 1) == DWD_SCHEMA;
}
