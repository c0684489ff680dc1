/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What is in force of what the files say, and how the one becomes the other. */

#include "config-internal.h"
#include "environ.h"
#include "log.h"
#include "rule.h"

/* Watches of lines that an earlier daemon has read: they are in force already. */
static int adopt(struct config *config)
{
	const struct watch *watch;
	uint64_t id = 0;

	while ((watch = watchdog_next_watch(config->watchdog, id))) {
		struct config_line *line;

		id = watch->id;
		if (!watch->saved || !watch->saved_line)
			continue;
		line = config_line_new(watch->saved, 0, watch->saved_line);
		if (!line)
			return -ENOMEM;
		line->watch = id;
		TAILQ_INSERT_TAIL(&config->lines, line, entry);
	}
	return 0;
}

int config_new(struct config **ret, const char *directory, struct watchdog *watchdog)
{
	struct config *config = calloc(1, sizeof(*config));

	if (!config)
		return -ENOMEM;
	TAILQ_INIT(&config->lines);
	config->watchdog = watchdog;
	config->self = (struct watchdog_client){.pid = getpid(), .user = {.uid = geteuid()}};
	config->directory = strdup(directory);
	if (!config->directory || adopt(config) < 0) {
		config_free(config);
		return -ENOMEM;
	}
	*ret = config;
	return 0;
}

struct config *config_free(struct config *config)
{
	if (config) {
		config_lines_clear(&config->lines);
		free(config->directory);
		free(config);
	}
	return NULL;
}

/* Whether the line's watch was not removed by hand. */
static bool is_in_force(const struct config *config, const struct config_line *line)
{
	return line->watch && watchdog_find_watch(config->watchdog, line->watch);
}

/* Let lines that were there before have the watches they had. */
static void recognise(struct config *config, struct config_lines *lines,
		      struct config_changes *changes)
{
	struct config_line *line, *old;

	TAILQ_FOREACH(line, lines, entry)
	{
		TAILQ_FOREACH(old, &config->lines, entry)
		{
			if (str_eq(old->text, line->text) && is_in_force(config, old))
				break;
		}
		if (!old)
			continue;
		line->watch = old->watch;
		old->watch = 0;
		changes->kept++;
	}
}

/* What the engine answered to a rule that could be read. */
static void explain(json_t *errors, const struct config_line *line, const struct rule *rule,
		    int answer, const struct watch_fault *fault)
{
	switch (answer) {
	case ANSWER_INVALID_TARGET:
		config_complain(errors, line->path, line->number, "cannot watch '%s': %s",
				rule->target, fault->reason);
		break;
	case ANSWER_INVALID_FILTER:
		config_complain(errors, line->path, line->number, "cannot watch '%s' with %s: %s",
				rule->target, fault->filter, fault->reason);
		break;
	case ANSWER_LIMIT_REACHED:
		config_complain(errors, line->path, line->number,
				"there are %d watches already, and no more are possible",
				WATCHES_MAX);
		break;
	default:
		config_complain(errors, line->path, line->number, "the kernel refused '%s': %s",
				rule->target, strerror(-answer));
	}
}

static bool variables_are_good(json_t *errors, const struct config_line *line,
			       const char *const *variables)
{
	const char *bad, *reason = environ_check(variables, &bad);

	if (reason)
		config_complain(errors, line->path, line->number, "cannot set '%s': %s", bad,
				reason);
	return !reason;
}

struct watch_rule config_watch_rule(const struct rule *rule)
{
	return (struct watch_rule){
		.target = rule->target,
		.filters =
			{
				.has_uid = rule->has_uid,
				.uid = rule->uid,
				.args = rule->args,
				.under = rule->under,
				.under_name = rule->under_name,
				.cgroup = rule->cgroup,
				.skip = rule->skip,
				.count = rule->count,
				.max_stopped = rule->max_stopped,
			},
		.hold = rule->hold,
		.then_kill = rule->then && str_eq(rule->then, "kill"),
		.setenv = rule->setenv,
	};
}

static int put_in_force(struct config *config, const struct rule *rule, const struct watch **ret,
			struct watch_fault *fault)
{
	const struct watch_rule asked = config_watch_rule(rule);

	return watchdog_add_watch(config->watchdog, &config->self, &asked, ret, fault);
}

static void add(struct config *config, struct config_line *line, struct config_changes *changes)
{
	_cleanup_(rule_line_done) struct rule_line read = {};
	_cleanup_free_ char *message = NULL;
	const struct watch *watch;
	struct watch_fault fault;
	int r = rule_line_read(&read, line->text, &message);

	if (r == 0)
		return;
	if (r < 0) {
		config_complain(changes->errors, line->path, line->number, "%s",
				message ? message : strerror(-r));
		return;
	}
	if (!variables_are_good(changes->errors, line, read.rule.setenv))
		return;
	r = put_in_force(config, &read.rule, &watch, &fault);
	if (r != ANSWER_OK) {
		explain(changes->errors, line, &read.rule, r, &fault);
		return;
	}
	line->watch = watch->id;
	changes->added++;
}

static void remove_old(struct config *config, struct config_changes *changes)
{
	struct config_line *line;

	TAILQ_FOREACH(line, &config->lines, entry)
	{
		json_t *watch;
		int r;

		if (!is_in_force(config, line))
			continue;
		r = watchdog_remove_watch(config->watchdog, &config->self, line->watch, &watch);
		if (r != ANSWER_OK) {
			log_error("cannot remove watch %ju, which no file has any more: %s",
				  (uintmax_t)line->watch, strerror(-r));
			continue;
		}
		json_decref(watch);
		changes->removed++;
	}
}

static void mark(struct config *config)
{
	struct config_line *line;

	TAILQ_FOREACH(line, &config->lines, entry)
	{
		if (line->watch)
			watchdog_mark_saved(config->watchdog, line->watch, line->path, line->text);
	}
}

int config_load(struct config *config, struct config_changes *ret)
{
	struct config_changes changes = {.errors = json_array()};
	struct config_lines lines = TAILQ_HEAD_INITIALIZER(lines);
	struct config_line *line;
	int r = changes.errors ? config_read(config->directory, &lines, changes.errors) : -ENOMEM;

	if (r < 0) {
		config_lines_clear(&lines);
		json_decref(changes.errors);
		return r;
	}
	recognise(config, &lines, &changes);
	TAILQ_FOREACH(line, &lines, entry)
	{
		if (!line->watch)
			add(config, line, &changes);
	}
	remove_old(config, &changes);
	config_lines_clear(&config->lines);
	TAILQ_CONCAT(&config->lines, &lines, entry);
	mark(config);
	if (changes.added || changes.removed)
		log_info("%s: watches: %zu added, %zu removed, %zu kept", config->directory,
			 changes.added, changes.removed, changes.kept);
	*ret = changes;
	return 0;
}
