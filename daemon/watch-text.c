/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The text is JSON. Strings of a watch may hold any byte but NUL, and JSON's may not; so each byte
 * is written as the character of the same number, ASCII as itself.
 */

#include "watch-text.h"

#include "environ.h"
#include "params.h"

#define HOLD_MAX (INT64_MAX / 1000) /* ms that can be told in us */

static const struct param watch_members[] = {
	{"id", PARAM_INT, true, 1, INT64_MAX},
	{"slot", PARAM_INT, true, 0, DWD_MAX_WATCHES - 1},
	{"target", PARAM_STRING, true},
	{"owner", PARAM_INT, true, 0, UINT32_MAX},
	{"group", PARAM_INT, true, 0, UINT32_MAX},
	{"created", PARAM_INT, true, 1, INT64_MAX},
	{"own", PARAM_BOOL},
	{"hold", PARAM_INT, false, 0, HOLD_MAX},
	{"kill", PARAM_BOOL},
	{"saved", PARAM_STRING},
	{"line", PARAM_STRING},
	{"setenv", PARAM_STRINGS},
	{"uid", PARAM_INT, false, 0, UINT32_MAX - 1},
	{"args", PARAM_STRINGS},
	{"under", PARAM_INT, false, 1, INT32_MAX},
	{"under_start", PARAM_INT, false, 0, INT64_MAX},
	{"under_name", PARAM_STRING},
	{"cgroup", PARAM_STRING},
	{"skip", PARAM_INT, false, 0, INT64_MAX},
	{"count", PARAM_INT, false, 0, INT64_MAX},
	{"max_stopped", PARAM_INT, false, 0, INT64_MAX},
	{},
};

static const struct param stop_members[] = {
	{"setenv", PARAM_STRINGS, true},
	{},
};

/* ---- writing --------------------------------------------------------------------------------- */

static json_t *string_of(const char *bytes)
{
	_cleanup_free_ char *text = malloc(2 * strlen(bytes) + 1);
	char *to = text;

	if (!text)
		return NULL;
	for (const unsigned char *from = (const unsigned char *)bytes; *from; from++) {
		if (*from < 0x80) {
			*to++ = (char)*from;
		} else {
			*to++ = (char)(0xc0 | *from >> 6);
			*to++ = (char)(0x80 | (*from & 0x3f));
		}
	}
	return json_stringn(text, (size_t)(to - text));
}

static json_t *strings_of(const char *const *list)
{
	json_t *array = json_array();

	for (; array && *list; list++)
		if (json_array_append_new(array, string_of(*list)) < 0) {
			json_decref(array);
			return NULL;
		}
	return array;
}

/* What is absent is left out. */
static int set_string(json_t *object, const char *key, const char *value)
{
	return value ? json_object_set_new(object, key, string_of(value)) : 0;
}

static int set_strings(json_t *object, const char *key, const char *const *value)
{
	return value ? json_object_set_new(object, key, strings_of(value)) : 0;
}

static int set_number(json_t *object, const char *key, uint64_t value)
{
	return value ? json_object_set_new(object, key, json_integer((json_int_t)value)) : 0;
}

static int set_true(json_t *object, const char *key, bool value)
{
	return value ? json_object_set_new(object, key, json_true()) : 0;
}

static int set_filters(json_t *object, const struct watch_filters *f)
{
	if ((f->has_uid && json_object_set_new(object, "uid", json_integer(f->uid)) < 0) ||
	    set_strings(object, "args", f->args) < 0 ||
	    set_number(object, "under", (uint64_t)f->under) < 0 ||
	    set_number(object, "under_start", f->under_start) < 0 ||
	    set_string(object, "under_name", f->under_name) < 0 ||
	    set_string(object, "cgroup", f->cgroup) < 0 ||
	    set_number(object, "skip", f->skip) < 0 || set_number(object, "count", f->count) < 0)
		return -1;
	return set_number(object, "max_stopped", f->max_stopped);
}

static char *dump(json_t *object, int result)
{
	char *text = object && result == 0 ? json_dumps(object, JSON_COMPACT) : NULL;

	json_decref(object);
	return text;
}

char *watch_to_text(const struct watch *w)
{
	json_t *object = json_pack("{s:I, s:I, s:o, s:I, s:I, s:I}", "id", (json_int_t)w->id,
				   "slot", (json_int_t)w->slot, "target", string_of(w->target),
				   "owner", (json_int_t)w->owner.uid, "group",
				   (json_int_t)w->owner.gid, "created", (json_int_t)w->created);
	int r = object ? 0 : -1;

	if (r == 0 &&
	    (set_true(object, "own", w->holder) < 0 || set_number(object, "hold", w->hold) < 0 ||
	     set_true(object, "kill", w->then_kill) < 0 ||
	     set_string(object, "saved", w->saved) < 0 ||
	     set_string(object, "line", w->saved_line) < 0 ||
	     set_strings(object, "setenv", (const char *const *)w->setenv) < 0 ||
	     set_filters(object, &w->filters) < 0))
		r = -1;
	return dump(object, r);
}

char *variables_to_text(const char *const *variables)
{
	json_t *object = json_pack("{s:o}", "setenv", strings_of(variables));

	return dump(object, 0);
}

/* ---- reading --------------------------------------------------------------------------------- */

/* Give a string its bytes back. */
static int restore_string(json_t *value)
{
	_cleanup_free_ char *bytes = strdup(json_string_value(value));
	const unsigned char *from = (const unsigned char *)bytes;
	char *to = bytes;

	if (!bytes)
		return -ENOMEM;
	for (; *from; from++) {
		if (*from < 0x80) {
			*to++ = (char)*from;
		} else {
			if (*from > 0xc3) /* a character that is no byte */
				return -EBADMSG;
			*to++ = (char)(*from << 6 | (from[1] & 0x3f));
			from++;
		}
	}
	return json_string_setn_nocheck(value, bytes, (size_t)(to - bytes)) < 0 ? -ENOMEM : 0;
}

static int restore_strings(json_t *object)
{
	json_t *member, *item;
	const char *key;
	size_t i;
	int r = 0;

	json_object_foreach (object, key, member) {
		if (json_is_string(member))
			r = restore_string(member);
		json_array_foreach (member, i, item)
			if (r == 0 && json_is_string(item))
				r = restore_string(item);
		if (r < 0)
			return r;
	}
	return 0;
}

static int load(json_t **ret, const char *text, const struct param *members)
{
	json_error_t error;
	json_t *object = json_loads(text, JSON_REJECT_DUPLICATES, &error);
	int r = -EBADMSG;

	if (!object && json_error_code(&error) == json_error_out_of_memory)
		return -ENOMEM;
	if (json_is_object(object) && !params_check(members, object))
		r = restore_strings(object);
	if (r < 0) {
		json_decref(object);
		return r;
	}
	*ret = object;
	return 0;
}

static int read_filters(struct watch *w, json_t *object, const char *const *args)
{
	const struct watch_filters filters = watch_filters_from_json(object, args);
	const char *which;

	return watch_check_filters(&filters, &which) ? -EINVAL : watch_set_filters(w, &filters);
}

static int read_variables(struct watch *w, const char *const *variables)
{
	const char *bad;

	if (variables && environ_check(variables, &bad))
		return -EINVAL;
	return watch_set_variables(w, variables);
}

static int read_rest(struct watch *w, json_t *object)
{
	_cleanup_free_ const char **args = NULL, **variables = NULL;
	int r;

	w->id = params_count(object, "id");
	w->slot = (uint32_t)params_count(object, "slot");
	w->owner.uid = (uid_t)params_count(object, "owner");
	w->owner.gid = (gid_t)params_count(object, "group");
	w->created = (int64_t)params_count(object, "created");
	w->hold = params_count(object, "hold");
	w->then_kill = params_bool(object, "kill", false);
	r = params_strings(object, "args", &args);
	if (r == 0)
		r = params_strings(object, "setenv", &variables);
	if (r == 0)
		r = read_filters(w, object, args);
	if (r == 0)
		r = read_variables(w, variables);
	return r < 0 ? r
		     : watch_set_saved(w, params_string(object, "saved"),
				       params_string(object, "line"));
}

int watch_from_text(struct watch **ret, const char *text, bool *own)
{
	_cleanup_(watch_freep) struct watch *w = NULL;
	json_t *object;
	const char *reason;
	int r;

	r = load(&object, text, watch_members);
	if (r < 0)
		return r;
	r = watch_new(&w, params_string(object, "target"), &reason);
	if (r == 0)
		r = read_rest(w, object);
	*own = params_bool(object, "own", false);
	json_decref(object);
	if (r == 0)
		*ret = steal_pointer(w);
	return r;
}

int variables_from_text(const char ***ret, json_t **json, const char *text)
{
	_cleanup_free_ const char **variables = NULL;
	json_auto_t *object = NULL;
	const char *bad;
	int r;

	r = load(&object, text, stop_members);
	if (r == 0)
		r = params_strings(object, "setenv", &variables);
	if (r < 0)
		return r;
	if (!variables || environ_check(variables, &bad))
		return -EINVAL;
	*ret = steal_pointer(variables);
	*json = steal_pointer(object);
	return 0;
}
