/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "watch.h"

#include <limits.h>

#include "backend.h"
#include "clock.h"
#include "params.h"
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

/* What is there depends on who looks: for a client it would be the daemon's. Other paths may be
 * links to these; that only looking could tell. */
static bool is_in_own_proc(const char *normal)
{
	static const char *const own[] = {
		"/proc/self", "/proc/thread-self", "/dev/fd",
		"/dev/stdin", "/dev/stdout",	   "/dev/stderr",
	};

	for (size_t i = 0; i < ARRAY_SIZE(own); i++) {
		size_t length = strlen(own[i]);

		if (strncmp(normal, own[i], length) == 0 &&
		    (normal[length] == '/' || normal[length] == '\0'))
			return true;
	}
	return false;
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
	if (!reason && is_in_own_proc(normal))
		reason = "/proc/self and /dev/fd mean a different process to each who looks them "
			 "up: give /proc/PID/...";
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

static size_t list_length(const char *const *list)
{
	size_t n = 0;

	while (list && list[n])
		n++;
	return n;
}

/* *ret is to be freed by list_free(), also on failure; an empty list is NULL. */
static int list_copy(char ***ret, const char *const *list)
{
	size_t n = list_length(list);

	*ret = n ? calloc(n + 1, sizeof(**ret)) : NULL;
	if (n && !*ret)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		(*ret)[i] = strdup(list[i]);
		if (!(*ret)[i])
			return -ENOMEM;
	}
	return 0;
}

static void list_free(char **list)
{
	for (char **item = list; item && *item; item++)
		free(*item);
	free(list);
}

/* The text of a pattern, without the stars. */
static size_t pattern_length(const char *pattern)
{
	size_t length = strlen(pattern);

	if (length > 0 && pattern[length - 1] == '*')
		length--;
	return length > 0 && *pattern == '*' ? length - 1 : length;
}

static const char *check_args(const char *const *args)
{
	if (list_length(args) > DWD_FILTER_ARGS)
		return "more than 4 arguments cannot be asked for";
	for (; args && *args; args++) {
		if (!**args)
			return "an argument to look for is empty";
		if (pattern_length(*args) == 0)
			return "a pattern of stars alone fits every argument";
		if (pattern_length(*args) > DWD_ARG_MAX)
			return "an argument to look for is longer than 255 bytes";
	}
	return NULL;
}

const char *watch_check_filters(const struct watch_filters *filters, const char **which)
{
	const char *wrong = check_args(filters->args);

	*which = "args";
	if (wrong)
		return wrong;
	*which = "under_name";
	if (filters->under_name && !*filters->under_name)
		return "the name of the ancestor is empty";
	if (filters->under_name && strchr(filters->under_name, '/'))
		return "an ancestor is known by its name only, which has no slash";
	if (filters->under_name && strlen(filters->under_name) >= DWD_COMM_LEN)
		return "the kernel keeps 15 bytes of a process's name, and this is longer";
	*which = "cgroup";
	if (filters->cgroup && *filters->cgroup != '/')
		return "the cgroup is not an absolute path";
	return NULL;
}

struct watch_filters watch_filters_from_json(json_t *object, const char *const *args)
{
	json_int_t uid = 0;
	bool has_uid = params_int(object, "uid", &uid);

	return (struct watch_filters){
		.has_uid = has_uid,
		.uid = (uid_t)uid,
		.args = args,
		.under = (pid_t)params_count(object, "under"),
		.under_start = params_count(object, "under_start"),
		.under_name = params_string(object, "under_name"),
		.cgroup = params_string(object, "cgroup"),
		.skip = params_count(object, "skip"),
		.count = params_count(object, "count"),
		.max_stopped = params_count(object, "max_stopped"),
	};
}

int watch_set_filters(struct watch *w, const struct watch_filters *filters)
{
	struct watch_filters *f = &w->filters;
	char **args;
	int r;

	*f = *filters;
	f->under_name = f->cgroup = NULL;
	r = list_copy(&args, filters->args);
	f->args = (const char *const *)args;
	if (filters->under_name && !(f->under_name = strdup(filters->under_name)))
		return -ENOMEM;
	if (filters->cgroup && !(f->cgroup = strdup(filters->cgroup)))
		return -ENOMEM;
	return r;
}

int watch_set_variables(struct watch *w, const char *const *variables)
{
	return list_copy(&w->setenv, variables);
}

int watch_set_saved(struct watch *w, const char *path, const char *line)
{
	_cleanup_free_ char *new_path = path ? strdup(path) : NULL;
	_cleanup_free_ char *new_line = line ? strdup(line) : NULL;

	if ((path && !new_path) || (line && !new_line))
		return -ENOMEM;
	free(w->saved);
	free(w->saved_line);
	w->saved = steal_pointer(new_path);
	w->saved_line = steal_pointer(new_line);
	return 0;
}

struct watch *watch_free(struct watch *w)
{
	if (w) {
		list_free((char **)w->filters.args);
		free((char *)w->filters.under_name);
		free((char *)w->filters.cgroup);
		list_free(w->setenv);
		free(w->target);
		free(w->saved);
		free(w->saved_line);
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

static const char *kind_name(enum dwd_watch_kind kind)
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

static int set_number(json_t *object, const char *key, uint64_t value)
{
	return value == 0 ? 0 : json_object_set_new(object, key, json_integer((json_int_t)value));
}

static int set_text(json_t *object, const char *key, const char *value)
{
	return value ? varlink_set_bytes(object, key, value, strlen(value)) : 0;
}

static int set_texts(json_t *object, const char *key, const char *const *values)
{
	return values ? varlink_set_byte_strings(object, key, values, list_length(values)) : 0;
}

/* All that a watch has besides its target; what does not narrow is left out. */
static int set_rule(json_t *object, const struct watch *w)
{
	const struct watch_filters *f = &w->filters;

	if ((f->has_uid && json_object_set_new(object, "uid", json_integer(f->uid)) < 0) ||
	    set_texts(object, "args", f->args) < 0 ||
	    set_number(object, "under", (uint64_t)f->under) < 0 ||
	    set_text(object, "under_name", f->under_name) < 0 ||
	    set_text(object, "cgroup", f->cgroup) < 0 || set_number(object, "skip", f->skip) < 0 ||
	    set_number(object, "count", f->count) < 0 ||
	    set_number(object, "max_stopped", f->max_stopped) < 0 ||
	    set_number(object, "hold", w->hold) < 0 ||
	    (w->hold && json_object_set_new(object, "then",
					    json_string(w->then_kill ? "kill" : "continue")) < 0) ||
	    (w->holder && json_object_set_new(object, "own", json_true()) < 0) ||
	    set_texts(object, "setenv", (const char *const *)w->setenv) < 0)
		return -ENOMEM;
	return 0;
}

json_t *watch_to_json(const struct watch *w, const struct dwd_counters *counters,
		      enum backend_unresolved unresolved)
{
	char created[CLOCK_TEXT_SIZE];
	json_t *object;

	clock_format(w->created, created);
	object = json_pack("{s:I, s:s, s:I, s:I, s:o, s:s}", "id", (json_int_t)w->id, "kind",
			   kind_name(w->kind), "owner", (json_int_t)w->owner.uid, "caught",
			   (json_int_t)counters->caught, "skipped",
			   watch_skips_to_json(counters->skipped), "created", created);
	if (!object)
		return NULL;
	if (varlink_set_bytes(object, "target", w->target, strlen(w->target)) < 0 ||
	    set_text(object, "saved", w->saved) < 0 ||
	    set_text(object, "unresolved", backend_unresolved_name(unresolved)) < 0 ||
	    set_rule(object, w) < 0) {
		json_decref(object);
		return NULL;
	}
	return object;
}
