/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <pwd.h>
#include <sys/stat.h>

#include "cmd.h"
#include "path.h"
#include "print.h"
#include "util.h"
#include "watches.h"

/* A user by name or number. Answers an exit status. */
static enum exit_status parse_user(const char *text, uid_t *ret)
{
	const struct passwd *user = getpwnam(text);
	unsigned long value;
	char *end;

	if (user) {
		*ret = user->pw_uid;
		return EXIT_DONE;
	}
	errno = 0;
	value = strtoul(text, &end, 10);
	if (errno || *end || text[strspn(text, "0123456789")] || !*text || value >= (uid_t)-1) {
		print_error("--uid %s: there is no such user", text);
		return EXIT_USAGE;
	}
	*ret = (uid_t)value;
	return EXIT_DONE;
}

/* What somebody who watches this path may not expect. */
static void remark(const struct client *c, const char *target)
{
	struct stat st;

	if (*target != '/')
		return;
	if (stat(target, &st) < 0)
		print_note(c, "%s does not exist yet; its first exec will be caught", target);
	else if (S_ISDIR(st.st_mode) && *path_leaf(target))
		print_note(c, "%s is a directory; %s/ would watch what lies beneath it", target,
			   target);
}

static enum exit_status watch_one(struct client *c, const char *text, const uid_t *uid,
				  struct print_array *json)
{
	_cleanup_free_ char *target = NULL;
	_cleanup_watch_ struct dwd_watch *watch = NULL;
	int r = path_target(text, NULL, &target);

	if (r < 0) {
		print_error("cannot make %s an absolute path: %s", text, strerror(-r));
		return exit_status(r);
	}
	r = dwd_watch(c->dwd, target, uid, &watch);
	if (r < 0)
		return client_failed(c, r);

	if (c->options.json)
		print_array_add(json, dwd_watch_json(watch));
	print_done(c, "watch %llu: %s", (unsigned long long)watch->id, watch->target);
	remark(c, target);
	return EXIT_DONE;
}

static enum exit_status run(struct client *c, const struct args *args)
{
	const char *user = args_get(args, "uid");
	struct print_array json = {0};
	enum exit_status first;
	uid_t uid;

	first = user ? parse_user(user, &uid) : EXIT_DONE;
	if (first == EXIT_DONE)
		first = client_connect(c, true);
	if (first != EXIT_DONE)
		return first;

	for (int i = 0; i < args->count && c->dwd; i++) {
		enum exit_status status = watch_one(c, args->words[i], user ? &uid : NULL, &json);

		if (first == EXIT_DONE)
			first = status;
	}
	if (c->options.json)
		print_array_end(&json);
	return first;
}

static const struct option_spec options[] = {
	{.name = "uid",
	 .letter = 'u',
	 .value = "USER",
	 .kind = ARG_USER,
	 .help = "only processes of this user (a name or a uid)"},
	{0},
};

const struct cmd cmd_watch = {
	.name = "watch",
	.synopsis = "[--uid USER] TARGET...",
	.summary = "stop a program whenever it is executed",
	.details = "From now on every process that executes a TARGET is stopped before its first\n"
		   "instruction. A TARGET is one of\n"
		   "  NAME   without a slash: the name a program is executed by, or of its file\n"
		   "  PATH   the file there now, or whatever will be there\n"
		   "  PATH/  everything beneath a directory\n"
		   "Scripts count by their own name and path, and by their interpreter's.",
	.options = options,
	.operand = ARG_TARGET,
	.min = 1,
	.max = -1,
	.run = run,
};
