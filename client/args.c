/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "args.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "names.h"
#include "util.h"

#define OPTIONS_MAX 32 /* in all tables of one call */

struct option_given {
	const struct option_spec *spec;
	const char *value;
};

/* Where the parser is in its words. */
struct cursor {
	struct args *args;
	const struct option_spec *const *specs;
	int argc;
	char **argv;
	int at;
};

static _printf_(2, 3) int mistake(struct args *args, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(args->error, sizeof(args->error), format, ap);
	va_end(ap);
	return -EINVAL;
}

static size_t collect(const struct option_spec *const *specs, const struct option_spec **ret)
{
	size_t n = 0;

	for (; *specs; specs++) {
		for (const struct option_spec *s = *specs; s->name && n < OPTIONS_MAX; s++)
			ret[n++] = s;
	}
	return n;
}

static int give(struct args *args, const struct option_spec *spec, const char *value)
{
	size_t n = args->given_count;
	struct option_given *given = reallocarray(args->given, n + 1, sizeof(*given));

	if (!given)
		return -ENOMEM;
	given[n] = (struct option_given){.spec = spec, .value = value};
	args->given = given;
	args->given_count = n + 1;
	return 0;
}

/* The word after the current one, as the value of an option; `shown` is how the user wrote it. */
static int next_value(struct cursor *c, const struct option_spec *spec, const char *shown)
{
	if (c->at + 1 >= c->argc)
		return mistake(c->args, "option %s needs a value: %s", shown, spec->value);
	return give(c->args, spec, c->argv[++c->at]);
}

static int unknown_option(struct args *args, const char *const *names, size_t n, const char *name)
{
	ssize_t near = names_nearest(names, n, name);

	if (near < 0)
		return mistake(args, "there is no option --%s", name);
	return mistake(args, "there is no option --%s; did you mean --%s?", name, names[near]);
}

static int parse_long(struct cursor *c, const char *text)
{
	const struct option_spec *specs[OPTIONS_MAX];
	const char *names[OPTIONS_MAX], *equals = strchr(text, '=');
	_cleanup_free_ char *name = equals ? strndup(text, (size_t)(equals - text)) : strdup(text);
	size_t n = collect(c->specs, specs);
	char shown[64];
	ssize_t i;

	if (!name)
		return -ENOMEM;
	for (size_t k = 0; k < n; k++)
		names[k] = specs[k]->name;

	i = names_resolve(names, n, name);
	if (i == -ENOTUNIQ)
		return mistake(c->args, "option --%s is ambiguous", name);
	if (i < 0)
		return unknown_option(c->args, names, n, name);

	snprintf(shown, sizeof(shown), "--%s", names[i]);
	if (!specs[i]->value)
		return equals ? mistake(c->args, "option %s takes no value", shown)
			      : give(c->args, specs[i], "");
	return equals ? give(c->args, specs[i], equals + 1) : next_value(c, specs[i], shown);
}

static const struct option_spec *find_letter(struct cursor *c, char letter)
{
	const struct option_spec *specs[OPTIONS_MAX];
	size_t n = collect(c->specs, specs);

	for (size_t i = 0; i < n; i++) {
		if (specs[i]->letter == letter)
			return specs[i];
	}
	return NULL;
}

static const struct option_spec *find_bare(struct cursor *c)
{
	const struct option_spec *specs[OPTIONS_MAX];
	size_t n = collect(c->specs, specs);

	for (size_t i = 0; i < n; i++) {
		if (specs[i]->bare)
			return specs[i];
	}
	return NULL;
}

/* A bundle of letters, of which the last may have a value, glued on or following. */
static int parse_letters(struct cursor *c, const char *text)
{
	const struct option_spec *bare = find_bare(c);
	int r;

	if (bare && !(find_letter(c, *text) && !text[1]))
		return give(c->args, bare, text);

	for (const char *p = text; *p; p++) {
		const struct option_spec *spec = find_letter(c, *p);
		char shown[] = {'-', *p, '\0'};

		if (!spec)
			return mistake(c->args, "there is no option -%s", p);
		if (spec->value)
			return p[1] ? give(c->args, spec, p + 1) : next_value(c, spec, shown);
		r = give(c->args, spec, "");
		if (r < 0)
			return r;
	}
	return 0;
}

static void take_all(struct cursor *c)
{
	while (c->at < c->argc)
		c->args->words[c->args->count++] = c->argv[c->at++];
}

int args_parse(struct args *ret, const struct option_spec *const *specs, int argc, char **argv,
	       unsigned flags)
{
	struct cursor c = {.args = ret, .specs = specs, .argc = argc, .argv = argv};

	*ret = (struct args){.words = calloc((size_t)argc + 1, sizeof(char *))};
	if (!ret->words)
		return -ENOMEM;

	for (; c.at < argc; c.at++) {
		char *word = argv[c.at];
		int r = 0;

		if (str_eq(word, "--")) {
			c.at++;
			if (flags & ARGS_REST) {
				ret->rest = argv + c.at;
				ret->rest_count = argc - c.at;
				break;
			}
			take_all(&c);
		} else if (strncmp(word, "--", 2) == 0) {
			r = parse_long(&c, word + 2);
		} else if (word[0] == '-' && word[1]) {
			r = parse_letters(&c, word + 1);
		} else if (flags & ARGS_STOP) {
			take_all(&c);
		} else {
			ret->words[ret->count++] = word;
		}
		if (r < 0)
			return r;
	}
	return 0;
}

void args_done(struct args *args)
{
	free(args->words);
	free(args->given);
	*args = (struct args){0};
}

const char *args_get(const struct args *args, const char *name)
{
	for (size_t i = args->given_count; i-- > 0;) {
		if (str_eq(args->given[i].spec->name, name))
			return args->given[i].value;
	}
	return NULL;
}

const char **args_get_all(const struct args *args, const char *name)
{
	const char **values = calloc(args->given_count + 1, sizeof(*values));
	size_t n = 0;

	for (size_t i = 0; values && i < args->given_count; i++) {
		if (str_eq(args->given[i].spec->name, name))
			values[n++] = args->given[i].value;
	}
	return values;
}
