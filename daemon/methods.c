/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "methods.h"

#include <sys/utsname.h>

#include "backend.h"
#include "clock.h"
#include "environ.h"
#include "interface.h"
#include "permissions.h"

/* https://varlink.org/Service */
static const char service_interface[] =
	"# What every Varlink service offers.\n"
	"interface org.varlink.service\n"
	"\n"
	"# Who serves, and which interfaces.\n"
	"method GetInfo() -> (\n"
	"  vendor: string,\n"
	"  product: string,\n"
	"  version: string,\n"
	"  url: string,\n"
	"  interfaces: []string\n"
	")\n"
	"\n"
	"# The definition of an interface.\n"
	"method GetInterfaceDescription(interface: string) -> (description: string)\n"
	"\n"
	"error InterfaceNotFound (interface: string)\n"
	"error MethodNotFound (method: string)\n"
	"error MethodNotImplemented (method: string)\n"
	"error InvalidParameter (parameter: string)\n"
	"error PermissionDenied ()\n"
	"error ExpectedMore ()\n";

static const struct {
	const char *name;
	const char *description;
} interfaces[] = {
	{"org.varlink.service", service_interface},
	{"io.dwd.Watchdog", dwd_interface_varlink},
};

static void get_info(struct call *call)
{
	json_t *names = json_array();

	for (size_t i = 0; i < ARRAY_SIZE(interfaces); i++)
		json_array_append_new(names, json_string(interfaces[i].name));
	call_reply(call, json_pack("{s:s, s:s, s:s, s:s, s:o}", "vendor", "dwd", "product", "dwdd",
				   "version", DWD_VERSION, "url", "https://varlink.org/",
				   "interfaces", names));
}

static void get_interface_description(struct call *call)
{
	const char *name = params_string(call->parameters, "interface");

	for (size_t i = 0; i < ARRAY_SIZE(interfaces); i++)
		if (str_eq(interfaces[i].name, name)) {
			call_reply(call,
				   json_pack("{s:s}", "description", interfaces[i].description));
			return;
		}
	call_fail(call, "org.varlink.service.InterfaceNotFound",
		  json_pack("{s:s}", "interface", name));
}

static json_t *refusals(const struct watchdog_status *status)
{
	json_t *refused = json_object();

	for (unsigned i = 0; i < DWD_BACKEND_COUNT; i++)
		if (status->refused[i])
			varlink_set_bytes(refused, backend_kind_name((enum dwd_backend)i),
					  status->refused[i], strlen(status->refused[i]));
	return refused;
}

/* Others are told of their own only. */
static size_t count_clients(struct call *call)
{
	const struct principal *user = methods_user(call);

	return principal_is_root(user) ? call->service->clients
				       : call->service->count_clients(call->service, user);
}

static void get_status(struct call *call)
{
	char started[CLOCK_TEXT_SIZE];
	struct watchdog_status status;
	struct utsname kernel;

	watchdog_get_status(call->service->watchdog, methods_user(call), &status);
	clock_format(call->service->started, started);
	uname(&kernel);
	call_reply(call,
		   json_pack("{s:{s:s, s:i, s:s, s:o, s:I, s:I, s:I, s:I,"
			     "     s:o, s:I, s:I, s:s, s:s, s:s*, s:s*}}",
			     "status", "version", DWD_VERSION, "pid", getpid(), "backend",
			     backend_kind_name(status.backend), "refused", refusals(&status),
			     "watches", (json_int_t)status.watches, "stops",
			     (json_int_t)status.stops, "max_stopped",
			     (json_int_t)status.max_stopped, "caught",
			     (json_int_t)status.total.caught, "skipped",
			     watch_skips_to_json(status.total.skipped), "missed",
			     (json_int_t)status.missed, "clients", (json_int_t)count_clients(call),
			     "started", started, "kernel", kernel.release, "pinned", status.pinned,
			     "unpinned", status.unpinned));
}

static const struct param interface_params[] = {
	{"interface", PARAM_STRING, true},
	{},
};

/* Longer than anybody waits, in ms; and it does not overflow in us. */
#define HOLD_MAX (INT64_C(100) * 365 * 24 * 3600 * 1000)

static const struct param watch_params[] = {
	{"target", PARAM_STRING, true},
	{"uid", PARAM_INT, false, 0, UINT32_MAX - 1},
	{"args", PARAM_STRINGS},
	{"under", PARAM_INT, false, 1, INT32_MAX},
	{"under_name", PARAM_STRING},
	{"cgroup", PARAM_STRING},
	{"skip", PARAM_INT, false, 0, INT64_MAX},
	{"count", PARAM_INT, false, 0, INT64_MAX},
	{"max_stopped", PARAM_INT, false, 0, INT64_MAX},
	{"hold", PARAM_INT, false, 0, HOLD_MAX},
	{"then", PARAM_STRING},
	{"own", PARAM_BOOL},
	{"setenv", PARAM_STRINGS},
	{},
};

static const struct param id_params[] = {
	{"id", PARAM_INT, true, 1, INT64_MAX},
	{},
};

static const struct param save_params[] = {
	{"id", PARAM_INT, true, 1, INT64_MAX},
	{"line", PARAM_STRING, true},
	{"name", PARAM_STRING},
	{},
};

static const struct param selector_params[] = {
	{"id", PARAM_INT, false, 1, INT64_MAX},
	{"pid", PARAM_INT, false, 1, INT32_MAX},
	{"name", PARAM_STRING},
	{"path", PARAM_STRING},
	{},
};

static const struct param wait_params[] = {
	{"id", PARAM_INT, false, 1, INT64_MAX},
	{"pid", PARAM_INT, false, 1, INT32_MAX},
	{"name", PARAM_STRING},
	{"path", PARAM_STRING},
	{"timeout", PARAM_INT},
	{},
};

static const struct param continue_params[] = {
	{"ids", PARAM_INTS, false, 1, INT64_MAX},
	{"all", PARAM_BOOL},
	{"setenv", PARAM_STRINGS},
	{},
};

static const struct param kill_params[] = {
	{"ids", PARAM_INTS, false, 1, INT64_MAX},
	{"all", PARAM_BOOL},
	{"signal", PARAM_INT, false, 1, 64},
	{},
};

static const struct param subscribe_params[] = {
	{"replay", PARAM_BOOL},
	{"follow", PARAM_BOOL},
	{},
};

static const struct method {
	const char *name;
	void (*run)(struct call *call);
	const struct param *params;
	bool roots; /* nobody else may call it */
} methods[] = {
	{"org.varlink.service.GetInfo", get_info},
	{"org.varlink.service.GetInterfaceDescription", get_interface_description,
	 interface_params},
	{"io.dwd.Watchdog.Watch", method_watch, watch_params},
	{"io.dwd.Watchdog.Unwatch", method_unwatch, id_params},
	{"io.dwd.Watchdog.ListWatches", method_list_watches},
	{"io.dwd.Watchdog.Reload", method_reload, NULL, true},
	{"io.dwd.Watchdog.Save", method_save, save_params, true},
	{"io.dwd.Watchdog.Unsave", method_unsave, id_params, true},
	{"io.dwd.Watchdog.ListStops", method_list_stops, selector_params},
	{"io.dwd.Watchdog.Claim", method_claim, wait_params},
	{"io.dwd.Watchdog.Unclaim", method_unclaim, id_params},
	{"io.dwd.Watchdog.Attached", method_attached, id_params},
	{"io.dwd.Watchdog.Wait", method_wait, wait_params},
	{"io.dwd.Watchdog.Continue", method_continue, continue_params},
	{"io.dwd.Watchdog.Kill", method_kill, kill_params},
	{"io.dwd.Watchdog.Subscribe", method_subscribe, subscribe_params},
	{"io.dwd.Watchdog.Status", get_status},
};

/* "INTERFACE.METHOD": which half is unknown? */
static void fail_unknown(struct call *call)
{
	const char *dot = strrchr(call->method, '.');
	size_t length = dot ? (size_t)(dot - call->method) : 0;

	for (size_t i = 0; i < ARRAY_SIZE(interfaces); i++)
		if (strlen(interfaces[i].name) == length &&
		    strncmp(interfaces[i].name, call->method, length) == 0) {
			call_fail(call, "org.varlink.service.MethodNotFound",
				  json_pack("{s:s}", "method", call->method));
			return;
		}
	call_fail(call, "org.varlink.service.InterfaceNotFound",
		  json_pack("{s:s%}", "interface", call->method, length));
}

static void fail_roots(struct call *call, const char *method)
{
	methods_log_refusal(call, strrchr(method, '.') + 1, "it is permitted to root only");
	call_fail(call, "org.varlink.service.PermissionDenied", NULL);
}

void methods_run(struct call *call)
{
	for (size_t i = 0; i < ARRAY_SIZE(methods); i++)
		if (str_eq(methods[i].name, call->method)) {
			const char *bad = params_check(methods[i].params, call->parameters);

			if (methods[i].roots && !principal_is_root(methods_user(call)))
				fail_roots(call, methods[i].name);
			else if (bad)
				methods_fail_parameter(call, bad);
			else
				methods[i].run(call);
			return;
		}
	fail_unknown(call);
}

void methods_fail_parameter(struct call *call, const char *name)
{
	call_fail(call, "org.varlink.service.InvalidParameter",
		  json_pack("{s:s}", "parameter", name));
}

bool methods_check_variables(struct call *call, const char *const *variables)
{
	const char *bad, *reason = variables ? environ_check(variables, &bad) : NULL;

	if (reason)
		call_fail(call, ERROR("InvalidVariable"),
			  json_pack("{s:s, s:s}", "variable", bad, "reason", reason));
	return !reason;
}

static void fail_environment(struct call *call, uint64_t id)
{
	const struct stop *s = watchdog_find_stop(call->service->watchdog, id);

	call_fail(call, ERROR("EnvironmentNotSet"),
		  json_pack("{s:I, s:s}", "id", (json_int_t)id, "reason",
			    s && s->setenv_error ? s->setenv_error : "the process has ended"));
}

void methods_fail(struct call *call, int answer, uint64_t id, const struct stop_now *now)
{
	json_int_t number = (json_int_t)id;

	switch (answer) {
	case ANSWER_NO_SUCH_STOP:
		call_fail(call, ERROR("NoSuchStop"), id ? json_pack("{s:I}", "id", number) : NULL);
		break;
	case ANSWER_ALREADY_CLAIMED:
		call_fail(call, ERROR("AlreadyClaimed"),
			  json_pack("{s:I, s:i}", "id", number, "by", now->claimed_by));
		break;
	case ANSWER_NOT_CLAIMED:
		call_fail(call, ERROR("NotClaimed"), json_pack("{s:I}", "id", number));
		break;
	case ANSWER_NOT_TRACED:
		call_fail(call, ERROR("NotTraced"), json_pack("{s:I}", "id", number));
		break;
	case ANSWER_WRONG_STATE:
		call_fail(call, ERROR("WrongState"),
			  json_pack("{s:I, s:s}", "id", number, "state",
				    stop_state_name(now->state)));
		break;
	case ANSWER_NOT_PERMITTED:
		methods_log_refusal(call, "an act on a stop", "the process is not his any more");
		call_fail(call, ERROR("NotPermitted"),
			  json_pack("{s:s}", "reason", "the process is not yours any more"));
		break;
	case ANSWER_ENVIRONMENT_NOT_SET:
		fail_environment(call, id);
		break;
	default:
		call_fail(call, ERROR("KernelFailed"),
			  json_pack("{s:s, s:i}", "what", strrchr(call->method, '.') + 1, "errno",
				    -answer));
	}
}

void methods_log_refusal(struct call *call, const char *what, const char *why)
{
	const struct watchdog_client *client = call_client(call);

	refusals_log(&call->service->refusals, &client->user, client->pid, what, why);
}

const struct principal *methods_user(struct call *call)
{
	return &call_client(call)->user;
}

struct stop *methods_find_stop(struct call *call, uint64_t id)
{
	struct stop *s = watchdog_find_stop(call->service->watchdog, id);

	if (!s || permissions_see_stop(methods_user(call), s))
		return s;
	methods_log_refusal(call, "an act on a stop", "it is not his");
	return NULL;
}

struct stop_selector methods_selector(struct call *call)
{
	json_t *parameters = call->parameters;
	struct stop_selector selector = {
		.viewer = *methods_user(call),
		.name = params_string(parameters, "name"),
		.path = params_string(parameters, "path"),
	};
	json_int_t number;

	if (params_int(parameters, "id", &number))
		selector.id = (uint64_t)number;
	if (params_int(parameters, "pid", &number))
		selector.pid = (pid_t)number;
	return selector;
}

json_t *methods_stop(struct call *call, const struct stop *s)
{
	return json_pack("{s:o}", "stop", stop_to_json(s, &s->now, methods_user(call), false));
}

size_t methods_weight(struct call *call, const json_t *object)
{
	return principal_is_root(methods_user(call)) ? 0 : json_dumpb(object, NULL, 0, 0);
}

/* The next objects, up to `most`, or a user's share of memory; *ended: there are no more. NULL
 * without memory. */
static json_t *collect(struct call *call, size_t most, bool *ended)
{
	json_t *array = json_array(), *object;
	size_t weight = 0;

	*ended = false;
	while (json_array_size(array) < most && weight < USER_REPLY_MAX) {
		if (!call->next(call, &object)) {
			*ended = true;
			break;
		}
		weight += object ? methods_weight(call, object) : 0;
		if (json_array_append_new(array, object) < 0) {
			json_decref(array);
			return NULL;
		}
	}
	return array;
}

static void produce_list(struct call *call)
{
	bool ended;
	json_t *array = collect(call, CHUNK, &ended);
	json_t *parameters = json_pack("{s:o}", call->key, array);

	if (array && !ended)
		call_reply_part(call, parameters);
	else
		call_reply(call, parameters);
}

void methods_list(struct call *call, const char *key, bool (*next)(struct call *, json_t **))
{
	json_t *array;
	bool ended;

	call->key = key;
	call->next = next;
	if (call->more) {
		call->produce = produce_list;
		return;
	}
	array = collect(call, LARGEST_REPLY + 1, &ended);
	if (array && !ended) {
		json_decref(array);
		call_fail(call, "org.varlink.service.ExpectedMore", NULL);
	} else {
		call_reply(call, json_pack("{s:o}", key, array));
	}
}
