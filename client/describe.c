/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "describe.h"

#include <stdio.h>
#include <string.h>

#include "duration.h"
#include "show.h"
#include "util.h"
#include "words.h"

static void put_target(FILE *f, const char *target)
{
	if (!strchr(target, '/'))
		fprintf(f, "executes a program or script called %s", target);
	else if (*path_leaf(target))
		fprintf(f, "executes %s, the file there now or later", target);
	else
		fprintf(f, "executes anything beneath %s", target);
}

static void put_pattern(FILE *f, const char *pattern)
{
	size_t length = strlen(pattern);
	bool start = *pattern == '*', end = length > 1 && pattern[length - 1] == '*';

	fprintf(f, "has an argument that %s \"%.*s\"",
		start && end ? "contains"
		: start	     ? "ends with"
		: end	     ? "begins with"
			     : "is",
		(int)(length - start - end), pattern + start);
}

/* What must hold besides, each after an `and`. */
static void put_conditions(FILE *f, const struct dwd_rule *rule)
{
	char user[64];

	if (rule->has_uid) {
		show_user(rule->uid, user, sizeof(user));
		fprintf(f, ", and runs as user %s", user);
	}
	for (const char *const *arg = rule->args; arg && *arg; arg++) {
		fputs(", and ", f);
		put_pattern(f, *arg);
	}
	if (rule->under)
		fprintf(f, ", and is process %d or descends from it", (int)rule->under);
	if (rule->under_name)
		fprintf(f, ", and descends from a process called %s", rule->under_name);
	if (rule->cgroup)
		fprintf(f, ", and is in the cgroup %s or beneath it", rule->cgroup);
}

static void put_limits(FILE *f, const struct dwd_rule *rule)
{
	if (rule->skip == 1)
		fputs("; the first of them runs", f);
	else if (rule->skip)
		fprintf(f, "; the first %llu of them run", (unsigned long long)rule->skip);
	if (rule->count)
		fprintf(f, "; after %llu %s all run", (unsigned long long)rule->count,
			rule->count == 1 ? "stop" : "stops");
	if (rule->max_stopped)
		fprintf(f, "; while %llu are stopped others run",
			(unsigned long long)rule->max_stopped);
}

static void put_fate(FILE *f, const struct dwd_rule *rule)
{
	char time[32];

	if (rule->setenv && *rule->setenv) {
		fputs("; each is given", f);
		for (const char *const *v = rule->setenv; *v; v++)
			fprintf(f, "%s %s", v == rule->setenv ? "" : ",", *v);
	}
	if (rule->hold) {
		duration_format((double)rule->hold / 1000, time, sizeof(time));
		fprintf(f, "; one that nobody has taken after %s is %s", time,
			rule->then && str_eq(rule->then, "kill") ? "killed" : "continued");
	}
}

char *describe_rule(const struct dwd_rule *rule)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return NULL;
	fputs("Stops at its start every process that ", f);
	put_target(f, rule->target);
	put_conditions(f, rule);
	put_limits(f, rule);
	put_fate(f, rule);
	fputs("; never stopped are what is traced already, dwd and its debuggers, init, and "
	      "helpers "
	      "of the kernel.",
	      f);
	return fclose(f) == 0 ? text : NULL;
}

/* ` --name word`, quoted as a shell would need it. */
static void put_option(FILE *f, const char *name, const char *word)
{
	_cleanup_free_ char *quoted = word ? words_quote(word) : NULL;

	if (word)
		fprintf(f, " --%s %s", name, quoted ? quoted : word);
}

static void put_options(FILE *f, const char *name, const char *const *words)
{
	for (; words && *words; words++)
		put_option(f, name, *words);
}

static void put_number(FILE *f, const char *name, uint64_t number)
{
	if (number > 0)
		fprintf(f, " --%s %llu", name, (unsigned long long)number);
}

char *describe_options(const struct dwd_watch *watch)
{
	char *text = NULL, user[64];
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return NULL;
	if (watch->has_uid) {
		show_user(watch->uid, user, sizeof(user));
		put_option(f, "uid", user);
	}
	put_options(f, "arg", watch->args);
	put_number(f, "under", (uint64_t)watch->under);
	put_option(f, "under", watch->under_name);
	put_option(f, "cgroup", watch->cgroup);
	put_number(f, "skip", watch->skip);
	put_number(f, "count", watch->count);
	put_number(f, "max-stopped", watch->max_stopped);
	if (watch->hold)
		fprintf(f, " --hold %gs --then %s", (double)watch->hold / 1000, watch->then);
	put_options(f, "setenv", watch->setenv);
	if (fclose(f) != 0)
		return NULL;
	if (*text)
		memmove(text, text + 1, strlen(text));
	return text;
}
