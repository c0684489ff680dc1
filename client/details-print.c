/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Details as people read them: one thing a line, signals by name, sizes in units. */

#include "details.h"

#include <stdio.h>

#include "print.h"
#include "util.h"

static const char *text(const json_t *object, const char *key)
{
	const char *value = json_string_value(json_object_get(object, key));

	return value ? value : "";
}

/* The first line of a field stands behind its label, the others beneath it. */
static const char *label_of(const char *label, size_t line)
{
	return line == 0 ? label : "";
}

static bool is_absent(const json_t *details, const char *key, const char *label)
{
	if (json_object_get(details, key))
		return false;
	print_field(label, "%s", text(json_object_get(details, "unreadable"), key));
	return true;
}

static void print_environment(const json_t *details)
{
	const json_t *strings = json_object_get(details, "environment"), *string;
	size_t i;

	if (is_absent(details, "environment", "Environment"))
		return;
	if (json_array_size(strings) == 0)
		print_field("Environment", "empty");
	json_array_foreach (strings, i, string)
		print_field(label_of("Environment", i), "%s", json_string_value(string));
}

/* A limit as a person would say it. */
static void format_limit(const json_t *value, const char *unit, char *buffer, size_t size)
{
	static const char *const multiples[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
	json_int_t n = json_integer_value(value);
	size_t i = 0;

	if (!json_is_integer(value)) {
		snprintf(buffer, size, "unlimited");
		return;
	}
	while (str_eq(unit, "bytes") && n && n % 1024 == 0 && i + 1 < ARRAY_SIZE(multiples)) {
		n /= 1024;
		i++;
	}
	if (str_eq(unit, "us"))
		unit = "microseconds";
	snprintf(buffer, size, "%lld%s%s", (long long)n, *unit ? " " : "",
		 str_eq(unit, "bytes") ? multiples[i] : unit);
}

static void print_limits(const json_t *details)
{
	const json_t *limits = json_object_get(details, "limits"), *limit;
	size_t i;

	if (is_absent(details, "limits", "Limits"))
		return;
	json_array_foreach (limits, i, limit) {
		const json_t *soft = json_object_get(limit, "soft");
		const json_t *hard = json_object_get(limit, "hard");
		const char *unit = text(limit, "unit");
		char now[64], most[64];

		format_limit(soft, unit, now, sizeof(now));
		format_limit(hard, unit, most, sizeof(most));
		if (json_equal(soft, hard))
			print_field(label_of("Limits", i), "%-18s %s", text(limit, "name"), now);
		else
			print_field(label_of("Limits", i), "%-18s %s, may be raised to %s",
				    text(limit, "name"), now, most);
	}
}

static void print_files(const json_t *details)
{
	const json_t *files = json_object_get(details, "files"), *file;
	size_t i;

	if (is_absent(details, "files", "Open files"))
		return;
	if (json_array_size(files) == 0)
		print_field("Open files", "none");
	json_array_foreach (files, i, file) {
		print_field(label_of("Open files", i), "%3lld %-10s %s",
			    (long long)json_integer_value(json_object_get(file, "fd")),
			    text(file, "mode"), text(file, "path"));
	}
}

static void print_signals(const json_t *details)
{
	static const char *const kinds[] = {"blocked", "ignored", "caught", "pending"};
	const json_t *signals = json_object_get(details, "signals");

	if (is_absent(details, "signals", "Signals"))
		return;
	for (size_t k = 0; k < ARRAY_SIZE(kinds); k++) {
		const json_t *names = json_object_get(signals, kinds[k]), *name;
		_cleanup_free_ char *line = NULL;
		size_t i, size;
		FILE *out = open_memstream(&line, &size);

		if (!out)
			return;
		json_array_foreach (names, i, name)
			fprintf(out, " %s", json_string_value(name));
		if (fclose(out) != 0)
			return;
		print_field(label_of("Signals", k), "%-8s%s", kinds[k], *line ? line : " none");
	}
}

void details_print(const json_t *details)
{
	print_environment(details);
	print_limits(details);
	print_files(details);
	print_signals(details);
}
