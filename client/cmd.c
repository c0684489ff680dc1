/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd.h"

#include <stdarg.h>
#include <stdio.h>

#include "duration.h"
#include "names.h"
#include "print.h"
#include "util.h"

const struct cmd *const cmd_table[] = {
	&cmd_watch,
	&cmd_unwatch,
	&cmd_watches,
	&cmd_reload,
	&cmd_list,
	&cmd_info,
	&cmd_wait,
	&cmd_attach,
	&cmd_run_command,
	&cmd_continue,
	&cmd_kill,
	&cmd_events,
	&cmd_status,
	&cmd_doctor,
	&cmd_help,
	&cmd_version,
	&cmd_debugger_attached,
	&cmd_complete_words,
	&cmd_exit,
	&cmd_quit,
	NULL,
};

const struct option_spec cmd_global_options[] = {
	{.name = "socket",
	 .value = "PATH",
	 .kind = ARG_FILE,
	 .help = "where the daemon listens (default: $DWD_SOCKET, " DWD_DEFAULT_SOCKET ")"},
	{.name = "json", .help = "print data as JSON"},
	{.name = "quiet", .letter = 'q', .help = "print errors and the data asked for, no more"},
	{.name = "no-start", .help = "do not start a daemon where none listens"},
	{.name = "color",
	 .value = "auto|always|never",
	 .kind = ARG_CHOICE,
	 .help = "use colour: on a terminal (auto), always or never"},
	{.name = "help", .letter = 'h', .help = "print help and exit"},
	{.name = "version", .help = "print the version and exit"},
	{0},
};

const struct option_spec cmd_shell_options[] = {
	{.name = "keep-going", .help = "do not end a script on standard input at the first error"},
	{0},
};

#define COMMANDS_MAX 40

/* The names that a user may type, in the order of the table. */
static size_t visible_names(const char **names)
{
	size_t n = 0;

	for (const struct cmd *const *c = cmd_table; *c; c++) {
		if (!((*c)->flags & CMD_HIDDEN))
			names[n++] = (*c)->name;
	}
	return n;
}

static const struct cmd *find_exactly(const char *name)
{
	for (const struct cmd *const *c = cmd_table; *c; c++) {
		if (str_eq((*c)->name, name))
			return *c;
	}
	return NULL;
}

static void explain_ambiguous(const char *word, const char *const *names, size_t n)
{
	char candidates[256] = "";
	size_t used = 0;

	for (size_t i = 0; i < n && used < sizeof(candidates); i++) {
		if (strncmp(names[i], word, strlen(word)) == 0)
			used += (size_t)snprintf(candidates + used, sizeof(candidates) - used,
						 "%s%s", used ? ", " : "", names[i]);
	}
	print_error("'%s' is ambiguous: %s", word, candidates);
}

const struct cmd *cmd_lookup(const char *word)
{
	const char *names[COMMANDS_MAX];
	ssize_t i = names_resolve(names, visible_names(names), word);

	return find_exactly(i >= 0 ? names[i] : word);
}

const struct cmd *cmd_find(const char *word)
{
	const struct cmd *cmd = cmd_lookup(word);
	const char *names[COMMANDS_MAX];
	size_t n = visible_names(names);
	ssize_t i;

	if (cmd)
		return cmd;
	if (names_resolve(names, n, word) == -ENOTUNIQ) {
		explain_ambiguous(word, names, n);
		return NULL;
	}

	i = names_nearest(names, n, word);
	if (i >= 0)
		print_error("there is no command '%s'; did you mean %s?", word, names[i]);
	else
		print_error("there is no command '%s'; dwd help lists what there is", word);
	return NULL;
}

enum exit_status cmd_misused(const struct cmd *cmd, const char *format, ...)
{
	char why[256];
	va_list ap;

	va_start(ap, format);
	vsnprintf(why, sizeof(why), format, ap);
	va_end(ap);
	print_error("%s: %s (usage: dwd %s%s%s)", cmd->name, why, cmd->name,
		    *cmd->synopsis ? " " : "", cmd->synopsis);
	return EXIT_USAGE;
}

enum exit_status cmd_timeout(const struct args *args, int *ret)
{
	const char *text = args_get(args, "timeout");
	int r = text ? duration_parse(text, ret) : 0;

	if (r == -ERANGE)
		print_error(
			"--timeout %s: that is more than 24 days; without it dwd waits for ever",
			text);
	else if (r < 0)
		print_error("--timeout %s: not a length of time, such as 10, 0.5, 300ms or 2m",
			    text);
	return r < 0 ? EXIT_USAGE : EXIT_DONE;
}

enum exit_status cmd_apply_options(struct client *c, const struct args *args)
{
	const char *socket = args_get(args, "socket"), *color = args_get(args, "color");

	if (color && color_mode_parse(color, &c->options.color) < 0) {
		print_error("--color %s: it is one of auto, always and never", color);
		return EXIT_USAGE;
	}
	color_choose(c->options.color);
	if (socket && !*socket) {
		print_error("--socket: the path is empty");
		return EXIT_USAGE;
	}
	if (socket)
		c->options.socket = socket;
	c->options.json |= args_get(args, "json") != NULL;
	c->options.quiet |= args_get(args, "quiet") != NULL;
	c->options.no_start |= args_get(args, "no-start") != NULL;
	return EXIT_DONE;
}

/* What a command calls its operands. */
static const char *operand_name(enum arg_kind kind)
{
	switch (kind) {
	case ARG_SELECTOR:
		return "a PID, NAME, PATH or '#N' of what is stopped";
	case ARG_TARGET:
		return "a TARGET: NAME, PATH or PATH/";
	default:
		return "one word more";
	}
}

static int run_parsed(struct client *c, const struct cmd *cmd, const struct args *args)
{
	if (args_get(args, "help")) {
		cmd_print_help(cmd);
		return EXIT_DONE;
	}
	if (args_get(args, "version"))
		return cmd_version.run(c, args);
	if (args->count < cmd->min)
		return cmd_misused(cmd, "it needs %s", operand_name(cmd->operand));
	if (cmd->max >= 0 && args->count > cmd->max)
		return cmd_misused(cmd, "'%s' is one word too many", args->words[cmd->max]);
	return (int)cmd->run(c, args);
}

int cmd_run(struct client *c, int argc, char **argv)
{
	static const struct option_spec none[] = {{0}};
	const struct client_options before = c->options;
	const struct cmd *cmd = cmd_find(argv[0]);
	_cleanup_(args_done) struct args args = {0};
	int r;

	if (!cmd)
		return EXIT_USAGE;

	const struct option_spec *const specs[] = {cmd->options ? cmd->options : none,
						   cmd_global_options, NULL};

	r = args_parse(&args, specs, argc - 1, argv + 1, (cmd->flags & CMD_REST) ? ARGS_REST : 0);
	if (r == -EINVAL)
		return cmd_misused(cmd, "%s", args.error);
	if (r < 0)
		return print_failure(cmd->name, r);

	r = (int)cmd_apply_options(c, &args);
	if (r == EXIT_DONE)
		r = run_parsed(c, cmd, &args);
	c->options = before;
	color_choose(before.color);
	return r;
}

static int run_without_command(struct client *c, const struct args *args,
			       int (*shell)(struct client *c))
{
	if (args_get(args, "help"))
		return (int)cmd_help.run(c, args);
	if (args_get(args, "version"))
		return (int)cmd_version.run(c, args);
	if (shell)
		return shell(c);
	print_error("what is to be done? help lists the commands");
	return EXIT_USAGE;
}

static int run_after_options(struct client *c, const struct args *args,
			     int (*shell)(struct client *c))
{
	enum exit_status status = cmd_apply_options(c, args);

	if (status != EXIT_DONE)
		return (int)status;
	c->options.keep_going = args_get(args, "keep-going");
	if (args->count == 0 || args_get(args, "help") || args_get(args, "version"))
		return run_without_command(c, args, shell);
	if (!c->options.keep_going)
		return cmd_run(c, args->count, args->words);
	print_error("--keep-going is for a script on standard input, not for '%s'", args->words[0]);
	return EXIT_USAGE;
}

int cmd_run_line(struct client *c, int argc, char **argv, int (*shell)(struct client *c))
{
	const struct option_spec *const specs[] = {cmd_global_options,
						   shell ? cmd_shell_options : NULL, NULL};
	const struct client_options before = c->options;
	_cleanup_(args_done) struct args args = {0};
	int r = args_parse(&args, specs, argc, argv, ARGS_STOP);

	if (r == -EINVAL) {
		print_error("%s (dwd --help lists the options)", args.error);
		return EXIT_USAGE;
	}
	if (r < 0)
		return print_failure("cannot read the command line", r);
	r = run_after_options(c, &args, shell);
	c->options = before;
	color_choose(before.color);
	return r;
}
