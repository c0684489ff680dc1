/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>

#include "cmd.h"
#include "util.h"

#define HELP_COLUMN 26

static void print_option(const struct option_spec *o)
{
	char text[64];

	snprintf(text, sizeof(text), "%c%c%s--%s%s%s", o->letter ? '-' : ' ',
		 o->letter ? o->letter : ' ', o->letter ? ", " : "  ", o->name, o->value ? " " : "",
		 o->value ? o->value : "");
	if (strlen(text) < HELP_COLUMN - 3)
		printf("  %-*s %s\n", HELP_COLUMN - 3, text, o->help);
	else
		printf("  %s\n%*s%s\n", text, HELP_COLUMN, "", o->help);
}

static void print_options(const char *title, const struct option_spec *options)
{
	printf("\n%s\n", title);
	for (; options->name; options++)
		print_option(options);
}

void cmd_print_help(const struct cmd *cmd)
{
	printf("dwd %s%s%s\n    %s\n", cmd->name, *cmd->synopsis ? " " : "", cmd->synopsis,
	       cmd->summary);
	if (cmd->details)
		printf("\n%s\n", cmd->details);
	if (cmd->options)
		print_options("Options:", cmd->options);
}

static void help_on_all(void)
{
	puts("dwd [OPTION]... COMMAND [ARGUMENT]...\n"
	     "    The debug watchdog: stop a program at exec, list what is stopped, hand it to a\n"
	     "    debugger, let it go.\n\n"
	     "Commands (their beginning will do where it is unique):");
	for (const struct cmd *const *c = cmd_table; *c; c++) {
		if (!((*c)->flags & CMD_HIDDEN))
			printf("  %-*s %s\n", HELP_COLUMN - 3 - 12, (*c)->name, (*c)->summary);
	}
	print_options("Options of every command:", cmd_global_options);
	puts("\nA SELECTOR is a PID, '#N' for the stop with id N, the NAME of a program, or a "
	     "PATH.\n"
	     "dwd help COMMAND tells more, dwd(1) all.");
}

static enum exit_status run(struct client *c, const struct args *args)
{
	const struct cmd *cmd;

	if (args->count == 0) {
		help_on_all();
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
