/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "watch.h"

#include <limits.h>

#include "backend.h"
#include "clock.h"
#include "util.h"
#include "varlink.h"

#define NAME_LIMIT 255
#define PATH_LIMIT 4095

static const char *check_name(const char *name)
{
	if (str_eq(name, ".") || str_eq(name, ".."))
		return "\".\" and \"..\" are not names of programs";
	if (strlen(name) > NAME_LIMIT)
		return "longer than a file name may be (255 bytes)";
	return NULL;
}

static void drop_last(char *path, size_t *size)
{
	while (*size > 0 && path[--*size] != '/')
		;
	path[*size] = '\0';
}

const char *watch_normalise(const char *from, char *to, bool *directory)
{
	size_t size = 0;
	unsigned depth = 0;

	*directory = true;
	for (;;) {
		size_t length;

		from += strspn(from, "/");
		length = strcspn(from, "/");
		if (length == 0)
			break;
		if (length > NAME_LIMIT)
			return "a component is longer than a file name may be (255 bytes)";
		*directory = from[length] == '/';
		if (length == 1 && from[0] == '.') {
			*directory = true;
		} else if (length == 2 && from[0] == '.' && from[1] == '.') {
			*directory = true;
			drop_last(to, &size);
			depth -= depth > 0;
		} else {
			to[size++] = '/';
			memcpy(to + size, from, length);
			size += length;
			depth++;
		}
		from += length;
	}
	if (depth == 0)
		return "the root directory holds every program: all of them would stop";
	if (depth > DWD_PATH_DEPTH)
		return "deeper than paths are compared (128 components)";
	if (*directory)
		to[size++] = '/';
	to[size] = '\0';
	return NULL;
}

static const char *parse(const char *target, char *normal, enum dwd_watch_kind *kind)
{
	bool directory;
	const char *reason;

	if (!*target)
		return "it is empty: give a NAME, a PATH or a PATH/";
	if (!strchr(target, '/')) {
		*kind = DWD_WATCH_NAME;
		reason = check_name(target);
		if (!reason)
			strcpy(normal, target);
		return reason;
	}
	if (*target != '/')
		return "a relative path: give a name without a slash, or an absolute path";
	if (strlen(target) > PATH_LIMIT)
		return "longer than a path may be (4095 bytes)";
	reason = watch_normalise(target, normal, &directory);
	*kind = directory ? DWD_WATCH_DIRECTORY : DWD_WATCH_PATH;
	return reason;
}

int watch_new(struct watch **ret, const char *target, const char **reason)
{
	_cleanup_free_ char *normal = malloc(strlen(target) + 2);
	struct watch *w;
	enum dwd_watch_kind kind;
	const char *wrong;

	if (!normal)
		return -ENOMEM;
	wrong = parse(target, normal, &kind);
	if (wrong) {
		*reason = wrong;
		return -EINVAL;
	}
	w = calloc(1, sizeof(*w));
	if (!w)
		return -ENOMEM;
	w->kind = kind;
	w->target = steal_pointer(normal);
	w->created = clock_realtime_us();
	*ret = w;
	return 0;
}

int watch_set_variables(struct watch *w, const char *const *variables)
{
	size_t n = 0;

	while (variables && variables[n])
		n++;
	w->setenv = n ? calloc(n + 1, sizeof(*w->setenv)) : NULL;
	if (n && !w->setenv)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		w->setenv[i] = strdup(variables[i]);
		if (!w->setenv[i])
			return -ENOMEM;
	}
	return 0;
}

struct watch *watch_free(struct watch *w)
{
	if (w) {
		for (char **v = w->setenv; v && *v; v++)
			free(*v);
		free(w->setenv);
		free(w->target);
		free(w->saved);
		free(w);
	}
	return NULL;
}

bool watch_has_target(const struct watch *w, const char *target)
{
	_cleanup_(watch_freep) struct watch *other = NULL;
	const char *reason;

	return watch_new(&other, target, &reason) == 0 && str_eq(other->target, w->target);
}

const char *watch_kind_name(enum dwd_watch_kind kind)
{
	static const char *const names[] = {
		[DWD_WATCH_NAME] = "name",
		[DWD_WATCH_PATH] = "path",
		[DWD_WATCH_DIRECTORY] = "directory",
	};

	return (unsigned)kind < ARRAY_SIZE(names) ? names[kind] : "unknown";
}

json_t *watch_skips_to_json(const __u64 skipped[static DWD_SKIP_COUNT])
{
	json_t *object = json_object();

	for (unsigned i = 0; object && i < DWD_SKIP_COUNT; i++)
		if (skipped[i])
			json_object_set_new(object, backend_skip_name((enum dwd_skip)i),
					    json_integer((json_int_t)skipped[i]));
	return object;
}

json_t *watch_to_json(const struct watch *w, const struct dwd_counters *counters)
{
	char created[CLOCK_TEXT_SIZE];
	json_t *object;

	clock_format(w->created, created);
	object = json_pack("{s:I, s:s, s:I, s:I, s:o, s:s}", "id", (json_int_t)w->id, "kind",
			   watch_kind_name(w->kind), "owner", (json_int_t)w->owner, "caught",
			   (json_int_t)counters->caught, "skipped",
			   watch_skips_to_json(counters->skipped), "created", created);
	if (!object)
		return NULL;
	if (varlink_set_bytes(object, "target", w->target, strlen(w->target)) < 0 ||
	    (w->saved && varlink_set_bytes(object, "saved", w->saved, strlen(w->saved)) < 0) ||
	    (w->filters.has_uid &&
	     json_object_set_new(object, "uid", json_integer(w->filters.uid)) < 0)) {
		json_decref(object);
		return NULL;
	}
	return object;
}
