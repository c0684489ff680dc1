/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "args.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "names.h"
#include "util.h"

#define OPTIONS_MAX 64 /* in all tables of one call */

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
	if (spec->takes && (c->at + 1 >= c->argc || !spec->takes(c->argv[c->at + 1])))
		return give(c->args, spec, "");
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

/* All long options there are, and the one meant by what stands before a `=` in `text`, by its
 * index, or what names_resolve() says. */
struct long_options {
	const struct option_spec *specs[OPTIONS_MAX];
	const char *names[OPTIONS_MAX];
	size_t count;
	const char *equals; /* NULL: none */
	char *name;	    /* as the user wrote it */
};

static ssize_t resolve_long(struct long_options *o, const struct option_spec *const *tables,
			    const char *text)
{
	o->count = collect(tables, o->specs);
	o->equals = strchr(text, '=');
	o->name = o->equals ? strndup(text, (size_t)(o->equals - text)) : strdup(text);
	if (!o->name)
		return -ENOMEM;
	for (size_t k = 0; k < o->count; k++)
		o->names[k] = o->specs[k]->name;
	return names_resolve(o->names, o->count, o->name);
}

static void long_options_done(struct long_options *o)
{
	free(o->name);
}

static int parse_long(struct cursor *c, const char *text)
{
	_cleanup_(long_options_done) struct long_options o = {0};
	ssize_t i = resolve_long(&o, c->specs, text);
	const struct option_spec *spec;
	char shown[64];

	if (i == -ENOMEM)
		return -ENOMEM;
	if (i == -ENOTUNIQ)
		return mistake(c->args, "option --%s is ambiguous", o.name);
	if (i < 0)
		return unknown_option(c->args, o.names, o.count, o.name);

	spec = o.specs[i];
	snprintf(shown, sizeof(shown), "--%s", spec->name);
	if (!spec->value)
		return o.equals ? mistake(c->args, "option %s takes no value", shown)
				: give(c->args, spec, "");
	return o.equals ? give(c->args, spec, o.equals + 1) : next_value(c, spec, shown);
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

static const struct option_spec *long_option(const struct option_spec *const *tables,
					     const char *text, const char **value)
{
	_cleanup_(long_options_done) struct long_options o = {0};
	ssize_t i = resolve_long(&o, tables, text);

	*value = o.equals ? o.equals + 1 : NULL;
	return i < 0 ? NULL : o.specs[i];
}

static const struct option_spec *letter_option(const struct option_spec *const *tables,
					       const char *text, const char **value)
{
	struct cursor c = {.specs = tables};
	const struct option_spec *spec = NULL, *bare = find_bare(&c);

	if (bare && !(find_letter(&c, *text) && !text[1])) {
		*value = text;
		return bare;
	}
	for (; *text; text++) {
		spec = find_letter(&c, *text);
		if (!spec || spec->value)
			break;
	}
	*value = *text && text[1] ? text + 1 : NULL;
	return spec;
}

const struct option_spec *args_option(const struct option_spec *const *specs, const char *word,
				      const char **value)
{
	return strncmp(word, "--", 2) == 0 ? long_option(specs, word + 2, value)
					   : letter_option(specs, word + 1, value);
}

const struct option_spec *args_given(const struct args *args, size_t i, const char **value)
{
	if (i >= args->given_count)
		return NULL;
	*value = args->given[i].value;
	return args->given[i].spec;
}
