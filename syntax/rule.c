/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rule.h"

#include <ctype.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>

#include "duration.h"
#include "util.h"

static const struct option_spec rule_options[] = {RULE_OPTIONS, {0}};

static _printf_(2, 3) int mistake(char **message, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	if (vasprintf(message, format, ap) < 0)
		*message = NULL;
	va_end(ap);
	return -EINVAL;
}

/* A user by name or number. */
static int parse_user(const char *text, uid_t *ret, char **message)
{
	const struct passwd *user = getpwnam(text);
	unsigned long value;
	char *end;

	if (user) {
		*ret = user->pw_uid;
		return 0;
	}
	errno = 0;
	value = strtoul(text, &end, 10);
	if (errno || *end || text[strspn(text, "0123456789")] || !*text || value >= (uid_t)-1)
		return mistake(message, "--uid %s: there is no such user", text);
	*ret = (uid_t)value;
	return 0;
}

/* A number of something, at least `least`; what is not given stays. */
static int parse_number(const struct args *args, const char *option, uint64_t least, uint64_t *ret,
			char **message)
{
	const char *text = args_get(args, option);
	unsigned long long value;

	if (!text)
		return 0;
	errno = 0;
	value = strtoull(text, NULL, 10);
	if (!*text || text[strspn(text, "0123456789")])
		return mistake(message, "--%s %s: not a number", option, text);
	if (errno || value > INT64_MAX)
		return mistake(message, "--%s %s: too large", option, text);
	if (value < least)
		return mistake(message, "--%s %s: it must be at least %llu", option, text,
			       (unsigned long long)least);
	*ret = value;
	return 0;
}

static int parse_count(struct rule *rule, const struct args *args, char **message)
{
	if (args_get(args, "once") && args_get(args, "count"))
		return mistake(message, "--once is --count 1: give one of the two");
	if (args_get(args, "once"))
		rule->count = 1;
	return parse_number(args, "count", 1, &rule->count, message);
}

static int parse_hold(struct rule *rule, const struct args *args, char **message)
{
	const char *hold = args_get(args, "hold");
	int ms, r;

	rule->then = args_get(args, "then");
	if (rule->then && !hold)
		return mistake(message, "--then says how --hold T ends a stop: give that too");
	if (rule->then && !str_eq(rule->then, "continue") && !str_eq(rule->then, "kill"))
		return mistake(message, "--then %s: it is continue or kill", rule->then);
	if (!hold)
		return 0;
	r = duration_parse(hold, &ms);
	if (r == -ERANGE)
		return mistake(message,
			       "--hold %s: that is more than 24 days; without it a stop "
			       "lasts until somebody ends it",
			       hold);
	if (r < 0 || ms == 0)
		return mistake(message,
			       "--hold %s: not a length of time, such as 10, 0.5, 300ms or 2m",
			       hold);
	rule->hold = (uint64_t)ms;
	return 0;
}

/* What consists of digits is a pid. */
static int parse_under(struct rule *rule, const struct args *args, char **message)
{
	const char *text = args_get(args, "under");
	uint64_t pid = 0;
	int r;

	if (text && !*text)
		return mistake(message, "--under: it needs a PID or a NAME");
	if (!text || text[strspn(text, "0123456789")]) {
		rule->under_name = text;
		return 0;
	}
	r = parse_number(args, "under", 1, &pid, message);
	if (r == 0 && pid > INT32_MAX)
		return mistake(message, "--under %s: there are no such pids", text);
	rule->under = (pid_t)pid;
	return r;
}

int rule_from_args(struct rule *ret, const struct args *args, char **message)
{
	const char *user = args_get(args, "uid");
	int r;

	*ret = (struct rule){
		.has_uid = user,
		.args = args_get_all(args, "arg"),
		.cgroup = args_get(args, "cgroup"),
		.setenv = args_get_all(args, "setenv"),
	};
	if (!ret->args || !ret->setenv)
		return -ENOMEM;
	if (ret->cgroup && !*ret->cgroup)
		return mistake(message, "--cgroup: it needs a directory of a cgroup2 file system");
	r = user ? parse_user(user, &ret->uid, message) : 0;
	if (r == 0)
		r = parse_under(ret, args, message);
	if (r == 0)
		r = parse_number(args, "skip", 0, &ret->skip, message);
	if (r == 0)
		r = parse_count(ret, args, message);
	if (r == 0)
		r = parse_number(args, "max-stopped", 1, &ret->max_stopped, message);
	return r < 0 ? r : parse_hold(ret, args, message);
}

void rule_done(struct rule *rule)
{
	free(rule->args);
	free(rule->setenv);
}

static int read_words(struct rule_line *line, char **message)
{
	static const struct option_spec *const specs[] = {rule_options, NULL};
	int r = args_parse(&line->args, specs, line->words.count, line->words.words, 0);

	if (r == -EINVAL)
		return mistake(message, "%s", line->args.error);
	if (r < 0)
		return r;
	if (line->args.count == 0)
		return mistake(message, "there is no TARGET");
	if (line->args.count > 1)
		return mistake(message, "'%s' is one word too many: one watch a line",
			       line->args.words[1]);
	r = rule_from_args(&line->rule, &line->args, message);
	line->rule.target = line->args.words[0];
	return r;
}

int rule_line_read(struct rule_line *ret, const char *text, char **message)
{
	int r;

	*ret = (struct rule_line){0};
	r = words_split_of_file(&ret->words, text);
	if (r == -EINVAL)
		return ret->words.open == '\\'
			       ? mistake(message, "nothing follows the backslash at its end")
			       : mistake(message, "the quote %c is not closed", ret->words.open);
	if (r < 0 || ret->words.count == 0)
		return r;
	r = read_words(ret, message);
	return r < 0 ? r : 1;
}

void rule_line_done(struct rule_line *line)
{
	rule_done(&line->rule);
	args_done(&line->args);
	words_done(&line->words);
}

static bool is_rules(const struct option_spec *spec)
{
	for (const struct option_spec *o = rule_options; o->name; o++) {
		if (str_eq(o->name, spec->name))
			return true;
	}
	return false;
}

const char *rule_option_given(const struct args *args, size_t i)
{
	const struct option_spec *spec;
	const char *value;

	for (size_t k = 0; (spec = args_given(args, k, &value)); k++) {
		if (is_rules(spec) && i-- == 0)
			return spec->name;
	}
	return NULL;
}

const char *rule_file_name_fault(const char *name)
{
	if (!isalnum((unsigned char)*name))
		return "it does not begin with a letter or a digit";
	for (const char *c = name; *c; c++) {
		if (!isalnum((unsigned char)*c) && !strchr("._-", *c))
			return "only letters, digits and ._- can be in it";
	}
	return strlen(name) > 200 ? "it is longer than 200 bytes" : NULL;
}

static void put_word(FILE *out, const char *front, const char *word)
{
	_cleanup_free_ char *quoted = words_quote(word);

	fprintf(out, "%s%s", front, quoted ? quoted : word);
}

char *rule_line_write(const struct args *args, const char *target, const char *cgroup)
{
	const struct option_spec *spec;
	const char *value;
	char *line = NULL;
	size_t size;
	FILE *out = open_memstream(&line, &size);

	if (!out)
		return NULL;
	for (size_t i = 0; (spec = args_given(args, i, &value)); i++) {
		if (!is_rules(spec))
			continue;
		fprintf(out, "--%s", spec->name);
		if (cgroup && str_eq(spec->name, "cgroup"))
			value = cgroup;
		if (spec->value)
			put_word(out, " ", value);
		fputc(' ', out);
	}
	/* What begins with a dash is no option behind this. */
	put_word(out, *target == '-' ? "-- " : "", target);
	return fclose(out) == 0 ? line : NULL;
}
