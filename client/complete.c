/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "complete.h"

#include <stdio.h>

#include "cmd.h"
#include "complete-sources.h"

/* Nobody at a keyboard waits longer for candidates. */
#define PATIENCE_MS 1000

/* Where the word stands that is to be completed. */
struct place {
	const struct cmd *cmd;		    /* NULL: before the command */
	const struct option_spec *value_of; /* the word is the value of this option */
	int operands;			    /* that many stand before it */
	int rest;			    /* so many words behind `--`, -1: no `--` yet */
	bool shell;			    /* it is one in dwd's own shell */
	bool unknown;			    /* there is no such command, or there are several */
	const char *socket;		    /* given by the words */
};

/* Where candidates go, and what is to be known to find them. */
struct completion_run {
	struct client *client;
	const struct place *place;
	struct completions *list;
};

/* The tables of options that hold at a place. */
struct tables {
	const struct option_spec *of[3];
};

static struct tables tables_at(const struct place *place)
{
	struct tables t = {{cmd_global_options, place->shell ? NULL : cmd_shell_options}};

	if (place->cmd && place->cmd->options)
		t = (struct tables){{place->cmd->options, cmd_global_options}};
	return t;
}

static void walk_option(struct place *place, const char *word, const char *next)
{
	const struct tables tables = tables_at(place);
	const char *value;
	const struct option_spec *spec = args_option(tables.of, word, &value);

	if (!spec || !spec->value)
		return;
	if (!value) {
		place->value_of = spec;
		value = next;
	}
	if (str_eq(spec->name, "socket"))
		place->socket = value;
}

/* Past a word that is complete; `next` follows it. */
static void walk_word(struct place *place, const char *word, const char *next)
{
	bool option = word[0] == '-' && word[1];

	if (place->rest >= 0)
		place->rest++;
	else if (place->value_of)
		place->value_of = NULL;
	else if (str_eq(word, "--") && place->cmd)
		place->rest = 0;
	else if (option)
		walk_option(place, word, next);
	else if (!place->cmd) {
		place->cmd = cmd_lookup(word);
		place->unknown = !place->cmd;
	} else {
		place->operands++;
	}
}

static void complete_commands(const struct completion_run *run)
{
	for (const struct cmd *const *c = cmd_table; *c; c++) {
		bool hidden = (*c)->flags & CMD_HIDDEN, shell = (*c)->flags & CMD_SHELL;

		if (!hidden || (shell && run->place->shell))
			completions_add(run->list, (*c)->name, (*c)->summary);
	}
}

/* The words of `choices`, which | separates. */
static void complete_choice(struct completions *list, const char *choices)
{
	_cleanup_free_ char *words = strdup(choices);
	char *rest = words, *word;

	while (rest && (word = strsep(&rest, "|")))
		completions_add(list, word, NULL);
}

/* On a connection for the moment: one that a hanging daemon ends is no loss to a session. */
static void ask_daemon(const struct completion_run *run,
		       void (*ask)(struct completions *list, struct dwd *d))
{
	const char *socket = run->place->socket;
	struct dwd *d = NULL;

	if (dwd_connect(&d, socket ? socket : client_socket(run->client)) < 0)
		return;
	dwd_set_patience(d, PATIENCE_MS);
	ask(run->list, d);
	dwd_close(d);
}

static void complete_kind(const struct completion_run *run, enum arg_kind kind, const char *choices)
{
	switch (kind) {
	case ARG_OTHER:
		break;
	case ARG_CHOICE:
		if (choices)
			complete_choice(run->list, choices);
		break;
	case ARG_COMMAND:
		complete_commands(run);
		break;
	case ARG_SELECTOR:
		ask_daemon(run, complete_stops);
		break;
	case ARG_TARGET:
		complete_targets(run->list);
		break;
	case ARG_WATCH:
		ask_daemon(run, complete_watches);
		break;
	case ARG_SIGNAL:
		complete_signals(run->list);
		break;
	case ARG_USER:
		complete_users(run->list);
		break;
	case ARG_FILE:
		complete_files(run->list, false);
		break;
	case ARG_PROCESS:
		complete_processes(run->list);
		break;
	case ARG_CGROUP:
		complete_cgroups(run->list);
		break;
	case ARG_DEBUGGER:
		complete_debuggers(run->list);
		break;
	}
}

/* `--name=VALUE`. */
static void complete_glued_value(const struct completion_run *run)
{
	const char *word = run->list->word, *value;
	const struct tables tables = tables_at(run->place);
	const struct option_spec *spec = args_option(tables.of, word, &value);
	_cleanup_free_ char *glue = NULL;

	if (!spec || !spec->value || !value)
		return;
	glue = strndup(word, (size_t)(value - word));
	if (!glue) {
		run->list->error = -ENOMEM;
		return;
	}
	run->list->glue = glue;
	complete_kind(run, spec->kind, spec->value);
	run->list->glue = NULL;
}

static void complete_options(const struct completion_run *run)
{
	const struct tables tables = tables_at(run->place);

	for (const struct option_spec *const *t = tables.of; *t; t++) {
		for (const struct option_spec *o = *t; o->name; o++) {
			_cleanup_free_ char *text = NULL;

			if (asprintf(&text, "--%s", o->name) < 0)
				text = NULL;
			else
				completions_add(run->list, text, o->help);
			if (!o->bare)
				continue;
			run->list->glue = "-";
			complete_kind(run, o->kind, o->value);
			run->list->glue = NULL;
		}
	}
}

/* What stands behind `--`: operands that may begin with a dash, or another program's words. */
static void complete_rest(const struct completion_run *run)
{
	const struct cmd *cmd = run->place->cmd;

	if (!(cmd->flags & CMD_REST))
		complete_kind(run, cmd->operand, NULL);
	else if (run->place->rest == 0 && cmd->rest == ARG_TARGET)
		complete_targets(run->list);
	else
		complete_files(run->list, false);
}

static void complete_at(const struct completion_run *run)
{
	const struct place *place = run->place;
	const char *word = run->list->word;

	if (place->rest >= 0)
		complete_rest(run);
	else if (place->value_of)
		complete_kind(run, place->value_of->kind, place->value_of->value);
	else if (strncmp(word, "--", 2) == 0 && strchr(word, '='))
		complete_glued_value(run);
	else if (*word == '-')
		complete_options(run);
	else if (!place->cmd)
		complete_commands(run);
	else if (place->cmd->max < 0 || place->operands < place->cmd->max)
		complete_kind(run, place->cmd->operand, NULL);
}

int complete_words(struct client *c, int argc, char *const *argv, struct completions *ret)
{
	struct completions list = {.word = argv[argc - 1]};
	struct place place = {.rest = -1, .shell = c->in_shell};
	const struct completion_run run = {.client = c, .place = &place, .list = &list};

	for (int i = 0; i < argc - 1 && !place.unknown; i++)
		walk_word(&place, argv[i], argv[i + 1]);
	if (!place.unknown)
		complete_at(&run);
	if (list.error < 0) {
		completions_done(&list);
		return list.error;
	}
	completions_sort(&list);
	*ret = list;
	return 0;
}
