/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What the daemon's errors mean to a caller: a code to act on, and one line for people. The line
 * names the stop, watch or process in question; where the error does not say which it was, the
 * request does.
 */

#include "connection.h"

#include <stdio.h>

static const char *text(const json_t *object, const char *key)
{
	const char *s = json_string_value(json_object_get(object, key));

	return s ? s : "?";
}

static long long number(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

/* A member of the request as printable text, "" if it is not there; the caller frees it. */
static char *shown(const json_t *request, const char *key)
{
	const char *value = json_string_value(json_object_get(request, key));

	return value ? varlink_escape(value, strlen(value)) : strdup("");
}

/* " named sshd", " with pid 12": the processes that the request is about, "" if any. The caller
 * frees it; NULL on lack of memory. */
static char *describe_selection(const json_t *request)
{
	_cleanup_free_ char *name = shown(request, "name"), *path = shown(request, "path");
	char id[sizeof(" as stop #") + 20] = "", pid[sizeof(" with pid ") + 20] = "", *all;

	if (!name || !path)
		return NULL;
	if (number(request, "id"))
		snprintf(id, sizeof(id), " as stop #%lld", number(request, "id"));
	if (number(request, "pid"))
		snprintf(pid, sizeof(pid), " with pid %lld", number(request, "pid"));
	if (asprintf(&all, "%s%s%s%s%s%s", id, pid, *name ? " named " : "", name,
		     *path ? " of " : "", path) < 0)
		return NULL;
	return all;
}

/* The id that the error or the request names, or the only one of several; else 0. */
static long long stop_id(const json_t *parameters, const json_t *request)
{
	const json_t *ids = json_object_get(request, "ids");

	if (number(parameters, "id"))
		return number(parameters, "id");
	if (json_array_size(ids) == 1)
		return json_integer_value(json_array_get(ids, 0));
	return number(request, "id");
}

static int no_such_stop(struct dwd *d, const json_t *parameters)
{
	_cleanup_free_ char *which = describe_selection(d->request);
	long long id = stop_id(parameters, d->request);

	if (id)
		return conn_fail(d, -ENOENT, "there is no stop #%lld", id);
	if (json_object_get(d->request, "ids"))
		return conn_fail(d, -ENOENT, "one of these stops does not exist");
	return conn_fail(d, -ENOENT, "no process%s is stopped%s", which ? which : "",
			 str_eq(d->method, "Claim") ? " and free to take" : "");
}

static int no_such_watch(struct dwd *d, const json_t *parameters)
{
	return conn_fail(d, -ENOENT, "there is no watch %lld", number(parameters, "id"));
}

static int already_claimed(struct dwd *d, const json_t *parameters)
{
	return conn_fail(d, -EBUSY, "stop #%lld is already taken by the client with pid %lld",
			 number(parameters, "id"), number(parameters, "by"));
}

static int not_claimed(struct dwd *d, const json_t *parameters)
{
	return conn_fail(d, -EBUSY,
			 "stop #%lld is not taken, so it cannot be given back or resumed",
			 number(parameters, "id"));
}

static int not_traced(struct dwd *d, const json_t *parameters)
{
	return conn_fail(d, -EBUSY, "no debugger is attached to stop #%lld",
			 number(parameters, "id"));
}

static int wrong_state(struct dwd *d, const json_t *parameters)
{
	return conn_fail(d, -EBUSY, "stop #%lld is %s, which does not allow this",
			 number(parameters, "id"), text(parameters, "state"));
}

static int timed_out(struct dwd *d, const json_t *parameters)
{
	_cleanup_free_ char *which = describe_selection(d->request);

	return conn_fail(d, -ETIMEDOUT, "no process%s was stopped within %g s", which ? which : "",
			 (double)number(d->request, "timeout") / 1000);
}

static int limit_reached(struct dwd *d, const json_t *parameters)
{
	return conn_fail(d, -ENOSPC, "the limit for %s is reached (%lld): remove some first",
			 text(parameters, "limit"), number(parameters, "value"));
}

static int invalid_target(struct dwd *d, const json_t *parameters)
{
	return conn_fail(d, -EINVAL, "cannot watch '%s': %s", text(parameters, "target"),
			 text(parameters, "reason"));
}

/* The value of a filter that was asked for, "" for those that are lists; as shown(). */
static char *shown_filter(const json_t *request, const char *filter)
{
	const json_t *value = json_object_get(request, filter);
	char *decimal;

	if (!json_is_integer(value))
		return shown(request, filter);
	return asprintf(&decimal, "%lld", (long long)json_integer_value(value)) < 0 ? NULL
										    : decimal;
}

static int invalid_filter(struct dwd *d, const json_t *parameters)
{
	const char *filter = text(parameters, "filter");
	_cleanup_free_ char *target = shown(d->request, "target");
	_cleanup_free_ char *value = shown_filter(d->request, filter);

	return conn_fail(d, -EINVAL,
			 value && *value ? "cannot watch '%s' with %s '%s': %s"
					 : "cannot watch '%s' with %s%s: %s",
			 target ? target : "", str_eq(filter, "under_name") ? "under" : filter,
			 value ? value : "", text(parameters, "reason"));
}

static int invalid_variable(struct dwd *d, const json_t *parameters)
{
	_cleanup_free_ char *variable = shown(parameters, "variable");

	return conn_fail(d, -EINVAL, "cannot set '%.200s': %s", variable ? variable : "",
			 text(parameters, "reason"));
}

static int environment_not_set(struct dwd *d, const json_t *parameters)
{
	return conn_fail(d, -EOPNOTSUPP,
			 "cannot set variables in the process of stop #%lld, which stays stopped: "
			 "%s",
			 number(parameters, "id"), text(parameters, "reason"));
}

static int no_watches_directory(struct dwd *d, const json_t *parameters)
{
	return conn_fail(d, -EOPNOTSUPP,
			 "this dwdd keeps no watches in files: start it with --watches-dir");
}

static int already_saved(struct dwd *d, const json_t *parameters)
{
	return conn_fail(d, -EALREADY, "watch %lld is saved already, in %s",
			 number(parameters, "id"), text(parameters, "file"));
}

static int not_saved(struct dwd *d, const json_t *parameters)
{
	return conn_fail(d, -EALREADY, "watch %lld is in no file: it ends with dwdd anyway",
			 number(parameters, "id"));
}

static int cannot_save(struct dwd *d, const json_t *parameters)
{
	_cleanup_free_ char *name = shown(d->request, "name");

	return conn_fail(d, -EINVAL, "cannot save watch %lld%s%s: %s", number(d->request, "id"),
			 name && *name ? " as " : "", name ? name : "", text(parameters, "reason"));
}

static int kernel_failed(struct dwd *d, const json_t *parameters)
{
	long long code = number(parameters, "errno");
	bool denied = code == EPERM || code == EACCES;

	/* Other codes of the kernel would be mistaken for what they mean in dwd.h. */
	return conn_fail(d, denied ? -(int)code : -EIO, "the kernel refused: %s: %s",
			 text(parameters, "what"),
			 code > 0 && code < 4096 ? strerror((int)code) : "unknown error");
}

static int permission_denied(struct dwd *d, const json_t *parameters)
{
	return conn_fail(d, -EPERM, "dwdd permits %s to root only", d->method);
}

static int not_permitted(struct dwd *d, const json_t *parameters)
{
	return conn_fail(d, -EPERM, "%s", text(parameters, "reason"));
}

static int method_unknown(struct dwd *d, const json_t *parameters)
{
	return conn_fail(d, -EPROTO, "dwdd does not know %s: it is older than libdwd or not dwdd",
			 d->method);
}

static int invalid_parameter(struct dwd *d, const json_t *parameters)
{
	return conn_fail(d, -EPROTO, "dwdd does not accept '%s' of %s",
			 text(parameters, "parameter"), d->method);
}

int error_from_reply(struct dwd *d, const char *error, const json_t *parameters)
{
	static const struct {
		const char *name;
		int (*fail)(struct dwd *d, const json_t *parameters);
	} errors[] = {
		{"io.dwd.Watchdog.NoSuchStop", no_such_stop},
		{"io.dwd.Watchdog.NoSuchWatch", no_such_watch},
		{"io.dwd.Watchdog.AlreadyClaimed", already_claimed},
		{"io.dwd.Watchdog.NotClaimed", not_claimed},
		{"io.dwd.Watchdog.NotTraced", not_traced},
		{"io.dwd.Watchdog.WrongState", wrong_state},
		{"io.dwd.Watchdog.TimedOut", timed_out},
		{"io.dwd.Watchdog.LimitReached", limit_reached},
		{"io.dwd.Watchdog.InvalidTarget", invalid_target},
		{"io.dwd.Watchdog.InvalidFilter", invalid_filter},
		{"io.dwd.Watchdog.InvalidVariable", invalid_variable},
		{"io.dwd.Watchdog.EnvironmentNotSet", environment_not_set},
		{"io.dwd.Watchdog.NoWatchesDirectory", no_watches_directory},
		{"io.dwd.Watchdog.AlreadySaved", already_saved},
		{"io.dwd.Watchdog.NotSaved", not_saved},
		{"io.dwd.Watchdog.CannotSave", cannot_save},
		{"io.dwd.Watchdog.NotPermitted", not_permitted},
		{"io.dwd.Watchdog.KernelFailed", kernel_failed},
		{"org.varlink.service.PermissionDenied", permission_denied},
		{"org.varlink.service.InterfaceNotFound", method_unknown},
		{"org.varlink.service.MethodNotFound", method_unknown},
		{"org.varlink.service.MethodNotImplemented", method_unknown},
		{"org.varlink.service.InvalidParameter", invalid_parameter},
	};

	for (size_t i = 0; i < ARRAY_SIZE(errors); i++)
		if (str_eq(error, errors[i].name))
			return errors[i].fail(d, parameters);
	return conn_fail(d, -EPROTO, "dwdd answered %s with an unknown error, %s", d->method,
			 error);
}
