/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * A stop as the Varlink interface shows it. What a process gave (paths, arguments, names) may hold
 * any byte; varlink_set_bytes() makes it printable and keeps the bytes beside it.
 */

#include "backend.h"
#include "clock.h"
#include "permissions.h"
#include "procfs.h"
#include "stop.h"
#include "varlink.h"

#define WHOLE_ARGV_MAX (128 * 1024)

static int set_string(json_t *object, const char *key, const char *value)
{
	return value ? varlink_set_bytes(object, key, value, strlen(value)) : 0;
}

static int set_exe(json_t *object, const struct stop *s)
{
	return s->whole_exe ? set_string(object, "exe", s->whole_exe)
			    : varlink_set_bytes(object, "exe", s->exe.data, s->exe.size);
}

/* Where the viewer may not know the paths, the name that everybody can see stands for them. */
static int set_paths(json_t *object, const struct stop *s, const struct principal *viewer)
{
	if (!permissions_see_details(viewer, s))
		return set_string(object, "exe", s->comm) < 0 ? -ENOMEM
							      : set_string(object, "path", s->comm);
	if (set_exe(object, s) < 0 ||
	    varlink_set_bytes(object, "path", s->path.data, s->path.size) < 0)
		return -ENOMEM;
	return set_string(object, "cwd", s->cwd);
}

static int set_optional_pid(json_t *object, const char *key, pid_t pid)
{
	return pid ? json_object_set_new(object, key, json_integer(pid)) : 0;
}

/* The strings in `bytes`, each up to its NUL; a last one that was cut off counts too. */
static size_t count_strings(struct stop_bytes bytes)
{
	size_t n = 0;

	for (uint32_t at = 0; at < bytes.size; at += (uint32_t)strlen(bytes.data + at) + 1)
		n++;
	return n;
}

static int set_strings(json_t *object, const char *key, struct stop_bytes bytes)
{
	size_t n = count_strings(bytes), i = 0;
	_cleanup_free_ const char **strings = calloc(n + 1, sizeof(*strings));

	if (!strings)
		return -ENOMEM;
	for (uint32_t at = 0; at < bytes.size; at += (uint32_t)strlen(bytes.data + at) + 1)
		strings[i++] = bytes.data + at;
	return varlink_set_byte_strings(object, key, strings, n);
}

/* The arguments from the process itself, if it can still be asked: `text` owns them. */
static struct stop_bytes read_argv(const struct stop *s, char **text)
{
	struct stop_bytes bytes = {};
	enum stop_sight sight;
	pid_t tracer;
	size_t size;

	if (stop_is_over(s) || procfs_read_cmdline(s->pid, WHOLE_ARGV_MAX, text, &size) < 0)
		return bytes;
	if (stop_look(s, &sight, &tracer) < 0 || sight == SIGHT_GONE)
		return bytes;
	bytes.data = *text;
	bytes.size = (uint32_t)size;
	return bytes;
}

static int set_argv(json_t *object, const struct stop *s, bool whole)
{
	bool truncated = s->flags & DWD_STOP_ARGV_TRUNCATED;
	_cleanup_free_ char *text = NULL;
	struct stop_bytes argv = s->argv;

	if (truncated && whole) {
		struct stop_bytes read = read_argv(s, &text);

		if (read.size > argv.size) {
			argv = read;
			truncated = read.size >= WHOLE_ARGV_MAX;
		}
	}
	if (truncated && json_object_set_new(object, "truncated", json_true()) < 0)
		return -ENOMEM;
	return set_strings(object, "argv", argv);
}

static int set_variables(json_t *object, const struct stop *s)
{
	if (s->variables_count &&
	    varlink_set_byte_strings(object, "setenv", (const char *const *)s->variables,
				     s->variables_count) < 0)
		return -ENOMEM;
	return set_string(object, "setenv_error", s->setenv_error);
}

/* To a user others' watches do not exist. */
static int set_watches(json_t *object, const struct stop *s, const struct principal *viewer)
{
	json_t *watches = json_array();

	for (uint32_t i = 0; watches && i < s->watch_count; i++)
		if (principal_is_root(viewer) || s->flags & DWD_STOP_USERS_WATCH(i))
			json_array_append_new(watches, json_integer((json_int_t)s->watches[i]));
	if (json_object_set_new(object, "watches", watches) < 0)
		return -ENOMEM;
	if (s->watches_total == s->watch_count || !principal_is_root(viewer))
		return 0;
	return json_object_set_new(object, "watches_total",
				   json_integer((json_int_t)s->watches_total));
}

static int set_container(json_t *object, const struct stop *s)
{
	json_t *container;

	if (!stop_in_container(s))
		return 0;
	container = json_pack("{s:I, s:I}", "pid_namespace", (json_int_t)s->pid_ns,
			      "mount_namespace", (json_int_t)s->mnt_ns);
	if (json_object_set_new(object, "container", container) < 0)
		return -ENOMEM;
	return set_optional_pid(container, "pid", s->inner_pid);
}

static uint64_t first_watch(const struct stop *s, const struct principal *viewer)
{
	if (!principal_is_root(viewer))
		return s->users_watch;
	return s->watch_count ? s->watches[0] : 0;
}

json_t *stop_to_json(const struct stop *s, const struct stop_now *now,
		     const struct principal *viewer, bool whole)
{
	char since[CLOCK_TEXT_SIZE];
	json_t *object;

	clock_format(s->since, since);
	object = json_pack(
		"{s:I, s:i, s:s, s:I, s:I, s:I, s:I, s:i, s:I, s:s, s:s, s:I, s:I, s:I, s:I}", "id",
		(json_int_t)s->id, "pid", s->pid, "state", stop_state_name(now->state), "uid",
		(json_int_t)s->uid, "euid", (json_int_t)s->euid, "gid", (json_int_t)s->gid, "egid",
		(json_int_t)s->egid, "ppid", s->ppid, "watch", (json_int_t)first_watch(s, viewer),
		"backend", backend_kind_name((enum dwd_backend)s->backend), "since", since,
		"start_time", (json_int_t)s->key.start_time, "cgroup_id", (json_int_t)s->cgroup_id,
		"pid_namespace", (json_int_t)s->pid_ns, "mount_namespace", (json_int_t)s->mnt_ns);
	if (!object)
		return NULL;
	if (set_paths(object, s, viewer) < 0 || set_string(object, "comm", s->comm) < 0 ||
	    set_argv(object, s, whole) < 0 || set_string(object, "parent", s->parent) < 0 ||
	    set_watches(object, s, viewer) < 0 || set_container(object, s) < 0 ||
	    set_variables(object, s) < 0 ||
	    set_optional_pid(object, "claimed_by", now->claimed_by) < 0 ||
	    set_optional_pid(object, "tracer", now->tracer) < 0) {
		json_decref(object);
		return NULL;
	}
	return object;
}
