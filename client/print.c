/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "print.h"

#include <stdarg.h>
#include <stdio.h>

#define LABEL_WIDTH 14

static _printf_(3, 0) void line(FILE *f, const char *before, const char *format, va_list ap)
{
	fputs(before, f);
	vfprintf(f, format, ap);
	fputc('\n', f);
}

void print_error(const char *format, ...)
{
	va_list ap;

	fflush(stdout);
	va_start(ap, format);
	line(stderr, "dwd: ", format, ap);
	va_end(ap);
}

enum exit_status print_failure(const char *what, int result)
{
	print_error("%s: %s", what, strerror(-result));
	return exit_status(result);
}

void print_note(const struct client *c, const char *format, ...)
{
	va_list ap;

	if (c->options.quiet || c->options.json)
		return;
	fflush(stdout);
	va_start(ap, format);
	line(stderr, "dwd: ", format, ap);
	va_end(ap);
}

void print_done(const struct client *c, const char *format, ...)
{
	va_list ap;

	if (c->options.quiet || c->options.json)
		return;
	va_start(ap, format);
	line(stdout, "", format, ap);
	va_end(ap);
}

void print_field(const char *label, const char *format, ...)
{
	va_list ap;

	printf("%*s: ", LABEL_WIDTH, label);
	va_start(ap, format);
	line(stdout, "", format, ap);
	va_end(ap);
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

int print_flush(void)
{
	static int failed; /* the first reason: the stream remembers only that there was one */

	errno = 0;
	if (fflush(stdout) == 0 && !ferror(stdout))
		return 0;
	if (failed == 0)
		failed = errno ? -errno : -EIO;
	return failed;
}
