/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "options.h"

#include <getopt.h>
#include <grp.h>
#include <stdio.h>
#include <syslog.h>

#include "backend.h"
#include "dwd.h"
#include "listen.h"
#include "lock-file.h"
#include "log.h"
#include "places.h"
#include "util.h"

#define USAGE_ERROR	    2
#define DEFAULT_MAX_STOPPED 1024
#define MOST_STOPPED	    100000
#define LONGEST_IDLE	    (365 * 24 * 3600)
#define DEFAULT_FAIL_OPEN   10
#define LONGEST_FAIL_OPEN   (24 * 3600)
/* The heart beats once a second: a late beat is no death. */
#define SHORTEST_FAIL_OPEN 3

static const char help[] =
	"Usage: dwdd [OPTION]...\n"
	"Stop watched programs at exec and keep them for debuggers; dwd(1) commands it.\n"
	"\n"
	"  --socket PATH       listen there (default: $DWD_SOCKET or " DWD_DEFAULT_SOCKET ")\n"
	"  --socket-group GROUP\n"
	"                      let its members connect: dwdd(8) tells what they may do\n"
	"  --socket-mode MODE  of the socket (default: 0600, with a group 0660)\n"
	"  --backend KIND      auto (default), lsm, fentry or tracepoint\n"
	"  --on-exit WHAT      continue (default) what is stopped, and leave nothing; or keep it "
	"and\n"
	"                      the watches for another dwdd\n"
	"  --pin-dir DIR       keep the kernel side there, so that it outlives the daemon "
	"(default:\n"
	"                      " PLACES_DEFAULT ", or where one that was killed has left it)\n"
	"  --fail-open-after SECONDS\n"
	"                      let all run once no daemon has lived for so long (default: 10, "
	"at\n"
	"                      least 3); 0: stop what is watched for ever\n"
	"  --max-stopped N     stop no more than N processes at a time (default: 1024)\n"
	"  --log-level LEVEL   error, warning, info (default) or debug\n"
	"  --background        return when ready, and go on in the background\n"
	"  --exit-idle SECONDS end when there is no watch, stop or client for so long\n"
	"  --watches-dir DIR   where watches that outlive the daemon are kept (default:\n"
	"                      " DWD_WATCHES_DIR ", but with --socket none); '': none\n"
	"  --probe             tell which backends work here, and end\n"
	"  --release-all       release and unpin what a dead daemon has left, and end\n"
	"  --help, --version   print this, or the version, and end\n";

enum {
	OPTION_SOCKET = 256,
	OPTION_SOCKET_GROUP,
	OPTION_SOCKET_MODE,
	OPTION_BACKEND,
	OPTION_ON_EXIT,
	OPTION_MAX_STOPPED,
	OPTION_LOG_LEVEL,
	OPTION_BACKGROUND,
	OPTION_EXIT_IDLE,
	OPTION_PROBE,
	OPTION_PIN_DIR,
	OPTION_FAIL_OPEN_AFTER,
	OPTION_RELEASE_ALL,
	OPTION_WATCHES_DIR,
	OPTION_HELP,
	OPTION_VERSION,
};

static const struct option long_options[] = {
	{"socket", required_argument, NULL, OPTION_SOCKET},
	{"socket-group", required_argument, NULL, OPTION_SOCKET_GROUP},
	{"socket-mode", required_argument, NULL, OPTION_SOCKET_MODE},
	{"backend", required_argument, NULL, OPTION_BACKEND},
	{"on-exit", required_argument, NULL, OPTION_ON_EXIT},
	{"max-stopped", required_argument, NULL, OPTION_MAX_STOPPED},
	{"log-level", required_argument, NULL, OPTION_LOG_LEVEL},
	{"background", no_argument, NULL, OPTION_BACKGROUND},
	{"exit-idle", required_argument, NULL, OPTION_EXIT_IDLE},
	{"probe", no_argument, NULL, OPTION_PROBE},
	{"pin-dir", required_argument, NULL, OPTION_PIN_DIR},
	{"fail-open-after", required_argument, NULL, OPTION_FAIL_OPEN_AFTER},
	{"release-all", no_argument, NULL, OPTION_RELEASE_ALL},
	{"watches-dir", required_argument, NULL, OPTION_WATCHES_DIR},
	{"help", no_argument, NULL, OPTION_HELP},
	{"version", no_argument, NULL, OPTION_VERSION},
	{},
};

static bool parse_number(const char *text, uint64_t low, uint64_t high, uint64_t *ret)
{
	unsigned long long value;
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	value = strtoull(text, &end, 10);
	if (errno || *end || value < low || value > high)
		return false;
	*ret = value;
	return true;
}

static bool parse_backend(const char *text, int *ret)
{
	enum dwd_backend kind;

	if (str_eq(text, "auto")) {
		*ret = -1;
		return true;
	}
	if (backend_kind_from_name(text, &kind) < 0)
		return false;
	*ret = (int)kind;
	return true;
}

static bool parse_fail_open(const char *text, uint64_t *ret)
{
	return parse_number(text, 0, 0, ret) ||
	       parse_number(text, SHORTEST_FAIL_OPEN, LONGEST_FAIL_OPEN, ret);
}

/* By name or number. */
static bool parse_group(const char *text, gid_t *ret)
{
	const struct group *group = getgrnam(text);
	uint64_t number;

	if (!group && !parse_number(text, 0, UINT32_MAX - 1, &number))
		return false;
	*ret = group ? group->gr_gid : (gid_t)number;
	return true;
}

/* As of chmod(1), without the bits that mean nothing to a socket. */
static bool parse_mode(const char *text, mode_t *ret)
{
	unsigned long value;
	char *end;

	if (!*text || text[strspn(text, "01234567")])
		return false;
	value = strtoul(text, &end, 8);
	if (value > 0777)
		return false;
	*ret = (mode_t)value;
	return true;
}

/* The value of one option. NULL if it is fine, else what it should have been. */
static const char *set_option(struct options *o, int option, const char *value)
{
	uint64_t number;

	switch (option) {
	case OPTION_SOCKET:
		free(o->socket);
		o->socket = strdup(value);
		return *value ? NULL : "a path";
	case OPTION_SOCKET_GROUP:
		o->socket_access_given = true;
		return parse_group(value, &o->socket_group) ? NULL
							    : "the name or number of a group";
	case OPTION_SOCKET_MODE:
		o->socket_access_given = true;
		return parse_mode(value, &o->socket_mode) ? NULL : "an octal mode up to 0777";
	case OPTION_BACKEND:
		return parse_backend(value, &o->backend) ? NULL : "auto, lsm, fentry or tracepoint";
	case OPTION_ON_EXIT:
		o->keep = str_eq(value, "keep");
		return o->keep || str_eq(value, "continue") ? NULL : "continue or keep";
	case OPTION_MAX_STOPPED:
		if (!parse_number(value, 1, MOST_STOPPED, &number))
			return "a number from 1 to 100000";
		o->max_stopped = (uint32_t)number;
		return NULL;
	case OPTION_LOG_LEVEL:
		return log_level_from_name(value, &o->log_level) < 0
			       ? "error, warning, info or debug"
			       : NULL;
	case OPTION_BACKGROUND:
		o->background = true;
		return NULL;
	case OPTION_EXIT_IDLE:
		return parse_number(value, 1, LONGEST_IDLE, &o->exit_idle)
			       ? NULL
			       : "seconds, from 1 to a year's";
	case OPTION_WATCHES_DIR:
		free(o->watches);
		o->watches = strdup(value);
		return !*value || *value == '/' ? NULL : "an absolute path";
	case OPTION_PIN_DIR:
		free(o->pin_dir);
		o->pin_dir = strdup(value);
		return lock_file_can_name(value) ? NULL : "an absolute path";
	case OPTION_FAIL_OPEN_AFTER:
		return parse_fail_open(value, &o->fail_open_after)
			       ? NULL
			       : "seconds, from 3 to a day's; or 0, never to fail open";
	case OPTION_RELEASE_ALL:
		o->release_all = true;
		return NULL;
	case OPTION_PROBE:
		o->probe = true;
		return NULL;
	}
	return "another option";
}

static bool usage_error(int *status)
{
	fputs("Try 'dwdd --help'.\n", stderr);
	*status = USAGE_ERROR;
	return false;
}

static bool print(const char *text, int *status)
{
	*status = fputs(text, stdout) < 0 || fflush(stdout) != 0;
	return false;
}

/* The daemon leaves its directory, so the path is made absolute; and there must be one. */
static bool complete_socket(struct options *o, int *status)
{
	const char *environment = getenv("DWD_SOCKET");
	_cleanup_free_ char *given = o->socket, *directory = NULL;

	o->socket = NULL;
	if (!given)
		given = strdup(environment && *environment ? environment : DWD_DEFAULT_SOCKET);
	if (given && *given == '/') {
		o->socket = steal_pointer(given);
	} else if (given) {
		directory = getcwd(NULL, 0);
		if (!directory || asprintf(&o->socket, "%s/%s", directory, given) < 0)
			o->socket = NULL;
	}
	if (!o->socket)
		log_error("cannot make the socket's path absolute: %s", strerror(errno));
	*status = !o->socket;
	return o->socket;
}

/* If it is used at all. */
static bool check_socket(const struct options *o, int *status)
{
	size_t length = strlen(o->socket);

	if (length <= LISTEN_LONGEST_PATH || o->probe || listen_is_passed())
		return true;
	fprintf(stderr, "dwdd: the socket's path is too long: %zu bytes, %d are possible: %s\n",
		length, LISTEN_LONGEST_PATH, o->socket);
	return usage_error(status);
}

/* Whoever names a group wants it to connect. */
static void complete_access(struct options *o)
{
	bool group = o->socket_group != (gid_t)-1;

	if (!group)
		o->socket_group = getegid();
	if (o->socket_mode == (mode_t)-1)
		o->socket_mode = group ? 0660 : 0600;
}

/* A daemon with a socket of its own is somebody's private one, to whom those watches are none of
 * his business. */
static void complete_watches(struct options *o)
{
	bool private = !str_eq(o->socket, DWD_DEFAULT_SOCKET);

	if (!o->watches && !private)
		o->watches = strdup(DWD_WATCHES_DIR);
	if (o->watches && !*o->watches) {
		free(o->watches);
		o->watches = NULL;
	}
}

bool options_parse(struct options *o, int argc, char **argv, int *status)
{
	int option, at;

	*o = (struct options){
		.backend = -1,
		.socket_group = (gid_t)-1,
		.socket_mode = (mode_t)-1,
		.max_stopped = DEFAULT_MAX_STOPPED,
		.log_level = LOG_INFO,
		.fail_open_after = DEFAULT_FAIL_OPEN,
	};
	argv[0] = (char *)"dwdd"; /* what getopt's messages begin with */
	while ((option = getopt_long(argc, argv, "", long_options, &at)) >= 0) {
		const char *wanted;

		if (option == '?')
			return usage_error(status);
		if (option == OPTION_VERSION)
			return print("dwdd " DWD_VERSION "\n", status);
		if (option == OPTION_HELP)
			return print(help, status);
		wanted = set_option(o, option, optarg);
		if (wanted) {
			fprintf(stderr, "dwdd: --%s takes %s, not '%s'\n", long_options[at].name,
				wanted, optarg);
			return usage_error(status);
		}
	}
	if (optind < argc) {
		fprintf(stderr, "dwdd: takes options only, not '%s'\n", argv[optind]);
		return usage_error(status);
	}
	if (o->probe && o->release_all) {
		fputs("dwdd: --probe and --release-all are two things to do: give one\n", stderr);
		return usage_error(status);
	}
	if (!complete_socket(o, status) || !check_socket(o, status))
		return false;
	complete_access(o);
	complete_watches(o);
	return true;
}

void options_destroy(struct options *o)
{
	free(o->socket);
	free(o->pin_dir);
	free(o->watches);
}
