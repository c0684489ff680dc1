/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "print.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdio_ext.h>

#include "color.h"
#include "printable.h"

#define LABEL_WIDTH 14

static unsigned long script_line, error_count;
/* Why standard output failed first: the stream remembers only that it did. */
static int failed;

/* A line on standard error, which may hold what the user typed. */
static _printf_(2, 0) void complain(enum color color, const char *format, va_list ap)
{
	_cleanup_free_ char *text = NULL;

	if (vasprintf(&text, format, ap) < 0)
		text = NULL;
	fflush(stdout);
	fprintf(stderr, "%sdwd:%s ", color_on(stderr, color), color_off(stderr, color));
	if (color == COLOR_ERROR && script_line > 0)
		fprintf(stderr, "line %lu: ", script_line);
	printable_put(stderr, text ? text : strerror(ENOMEM));
	fputc('\n', stderr);
}

void print_set_line(unsigned long line)
{
	script_line = line;
}

unsigned long print_error_count(void)
{
	return error_count;
}

void print_error(const char *format, ...)
{
	va_list ap;

	error_count++;
	va_start(ap, format);
	complain(COLOR_ERROR, format, ap);
	va_end(ap);
}

enum exit_status print_failure(const char *what, int result)
{
	print_error("%s: %s", what, strerror(-result));
	return exit_status(result);
}

static bool is_reserved(const struct client *c)
{
	return c->options.quiet || c->options.json;
}

void print_note(const struct client *c, const char *format, ...)
{
	va_list ap;

	if (is_reserved(c))
		return;
	va_start(ap, format);
	complain(COLOR_PLAIN, format, ap);
	va_end(ap);
}

void print_done(const struct client *c, const char *format, ...)
{
	va_list ap;

	if (is_reserved(c))
		return;
	va_start(ap, format);
	vprintf(format, ap);
	va_end(ap);
	putchar('\n');
}

void print_field(const char *label, const char *format, ...)
{
	va_list ap;

	printf("%*s%c ", LABEL_WIDTH, label, *label ? ':' : ' ');
	va_start(ap, format);
	vprintf(format, ap);
	va_end(ap);
	putchar('\n');
}

void print_array_add(struct print_array *a, const char *json)
{
	printf("%s  %s", a->begun ? ",\n" : "[\n", json ? json : "null");
	a->begun = true;
}

void print_array_end(struct print_array *a)
{
	puts(a->begun ? "\n]" : "[]");
}

void print_json_line(const char *json)
{
	puts(json ? json : "null");
}

void print_interrupted(void)
{
	__fpurge(stdout);
	clearerr(stdout);
	failed = 0;
}

int print_flush(void)
{
	errno = 0;
	if (fflush(stdout) == 0 && !ferror(stdout))
		return 0;
	if (failed == 0)
		failed = errno ? -errno : -EIO;
	return failed;
}
