/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>

#include "cmd.h"
#include "print.h"
#include "util.h"
#include "wrap.h"

#define HELP_COLUMN 26

static void put_option(FILE *f, const struct option_spec *o)
{
	char text[64];

	snprintf(text, sizeof(text), "%c%c%s--%s%s%s", o->letter ? '-' : ' ',
		 o->letter ? o->letter : ' ', o->letter ? ", " : "  ", o->name, o->value ? " " : "",
		 o->value ? o->value : "");
	if (strlen(text) < HELP_COLUMN - 3)
		fprintf(f, "  %-*s %s\n", HELP_COLUMN - 3, text, o->help);
	else
		fprintf(f, "  %s\n%*s%s\n", text, HELP_COLUMN, "", o->help);
}

static void put_options(FILE *f, const char *title, const struct option_spec *options)
{
	fprintf(f, "\n%s\n", title);
	for (; options->name; options++)
		put_option(f, options);
}

static void put_help(FILE *f, const struct cmd *cmd)
{
	fprintf(f, "dwd %s%s%s\n    %s\n", cmd->name, *cmd->synopsis ? " " : "", cmd->synopsis,
		cmd->summary);
	if (cmd->details)
		fprintf(f, "\n%s\n", cmd->details);
	if (cmd->options)
		put_options(f, "Options:", cmd->options);
}

static void put_help_on_all(FILE *f)
{
	fputs("dwd [OPTION]... COMMAND [ARGUMENT]...\n"
	      "    The debug watchdog: stop a program at exec, list what is stopped, hand it to a\n"
	      "    debugger, let it go.\n\n"
	      "Commands (their beginning will do where it is unique):\n",
	      f);
	for (const struct cmd *const *c = cmd_table; *c; c++) {
		if (!((*c)->flags & CMD_HIDDEN))
			fprintf(f, "  %-*s %s\n", HELP_COLUMN - 3 - 12, (*c)->name, (*c)->summary);
	}
	put_options(f, "Options of every command:", cmd_global_options);
	put_options(f, "Option of dwd without a command:", cmd_shell_options);
	fputs("\nWithout a command dwd is a shell, in which all of these work, #N needs no quotes, "
	      "!COMMAND\n"
	      "runs a command of the system, and exit or Ctrl-D leaves. If its standard input is "
	      "not a\n"
	      "terminal it runs the lines there as a script and stops at the first error.\n",
	      f);
	fputs("\nA SELECTOR is a PID, '#N' for the stop with id N, the NAME of a program, or a "
	      "PATH.\n"
	      "dwd help COMMAND tells more, dwd(1) all.\n",
	      f);
}

/* On one command, or on all if it is NULL. */
static void print_help(const struct cmd *cmd)
{
	_cleanup_free_ char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (f && cmd)
		put_help(f, cmd);
	else if (f)
		put_help_on_all(f);
	if (f && fclose(f) == 0)
		wrap_put(text);
	else
		print_failure("cannot tell", -ENOMEM);
}

void cmd_print_help(const struct cmd *cmd)
{
	print_help(cmd);
}

static enum exit_status run(struct client *c, const struct args *args)
{
	const struct cmd *cmd;

	if (args->count == 0) {
		print_help(NULL);
		return EXIT_DONE;
	}
	cmd = cmd_find(args->words[0]);
	if (!cmd)
		return EXIT_USAGE;
	cmd_print_help(cmd);
	return EXIT_DONE;
}

const struct cmd cmd_help = {
	.name = "help",
	.synopsis = "[COMMAND]",
	.summary = "tell what the commands do",
	.operand = ARG_COMMAND,
	.max = 1,
	.run = run,
};
