/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Watches that outlive the daemon. */

#include "config.h"
#include "methods.h"

#define DEFAULT_NAME "saved"

/* False, having failed the call, if there are none. */
static bool has_files(struct call *call)
{
	if (!call->service->config)
		call_fail(call, ERROR("NoWatchesDirectory"), NULL);
	return call->service->config;
}

void method_reload(struct call *call)
{
	struct config_changes changes;
	int r;

	if (!has_files(call))
		return;
	r = config_load(call->service->config, &changes);
	if (r < 0)
		methods_fail(call, r, 0, NULL);
	else
		call_reply(call,
			   json_pack("{s:I, s:I, s:I, s:o}", "added", (json_int_t)changes.added,
				     "removed", (json_int_t)changes.removed, "kept",
				     (json_int_t)changes.kept, "errors", changes.errors));
}

static void fail_saving(struct call *call, int answer, json_int_t id, const char *message)
{
	switch (answer) {
	case CONFIG_NO_SUCH_WATCH:
		call_fail(call, ERROR("NoSuchWatch"), json_pack("{s:I}", "id", id));
		break;
	case CONFIG_NOT_SAVED:
		call_fail(call, ERROR("NotSaved"), json_pack("{s:I}", "id", id));
		break;
	case CONFIG_ALREADY_SAVED:
		call_fail(call, ERROR("AlreadySaved"),
			  json_pack("{s:I, s:s?}", "id", id, "file", message));
		break;
	case CONFIG_BAD_NAME:
	case CONFIG_BAD_LINE:
		call_fail(call, ERROR("CannotSave"), json_pack("{s:s?}", "reason", message));
		break;
	default:
		call_fail(call, ERROR("CannotSave"),
			  json_pack("{s:s}", "reason", message ? message : strerror(-answer)));
	}
}

static void reply_watch(struct call *call, json_int_t id)
{
	struct watchdog *w = call->service->watchdog;
	const struct watch *watch = watchdog_find_watch(w, (uint64_t)id);

	call_reply(call, json_pack("{s:o}", "watch", watchdog_watch_to_json(w, watch)));
}

void method_save(struct call *call)
{
	const char *line = params_string(call->parameters, "line");
	const char *name = params_string(call->parameters, "name");
	_cleanup_free_ char *message = NULL;
	json_int_t id = 0;
	int r;

	if (!has_files(call))
		return;
	params_int(call->parameters, "id", &id);
	r = config_save(call->service->config, (uint64_t)id, name ? name : DEFAULT_NAME, line,
			&message);
	if (r != CONFIG_OK)
		fail_saving(call, r, id, message);
	else
		reply_watch(call, id);
}

void method_unsave(struct call *call)
{
	_cleanup_free_ char *message = NULL;
	json_int_t id = 0;
	int r;

	if (!has_files(call))
		return;
	params_int(call->parameters, "id", &id);
	r = config_unsave(call->service->config, (uint64_t)id, &message);
	if (r != CONFIG_OK)
		fail_saving(call, r, id, message);
	else
		reply_watch(call, id);
}
