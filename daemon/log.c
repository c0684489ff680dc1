/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "log.h"

#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <systemd/sd-journal.h>

#include "clock.h"

/* log_rarely() and log_error_rarely(): so many lines in so long a time. */
#define STRETCH_US    10000000
#define STRETCH_LINES 5

static struct {
	int level;
	bool to_journal;
} log_state = {.level = LOG_INFO};

void log_to_journal(void)
{
	log_state.to_journal = true;
}

void log_set_level(int level)
{
	log_state.level = level;
}

int log_level_from_name(const char *name, int *ret)
{
	static const struct {
		const char *name;
		int level;
	} levels[] = {
		{"error", LOG_ERR},
		{"warning", LOG_WARNING},
		{"info", LOG_INFO},
		{"debug", LOG_DEBUG},
	};

	for (size_t i = 0; i < ARRAY_SIZE(levels); i++)
		if (str_eq(name, levels[i].name)) {
			*ret = levels[i].level;
			return 0;
		}
	return -EINVAL;
}

/* $JOURNAL_STREAM is "device:inode" of the journal's pipe, see systemd.exec(5). */
static bool stderr_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	char ours[64];
	struct stat st;

	if (!stream || fstat(STDERR_FILENO, &st) < 0)
		return false;
	snprintf(ours, sizeof(ours), "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
	return str_eq(stream, ours);
}

_printf_(2, 0) static void log_va(int level, const char *format, va_list args)
{
	int saved = errno;
	char text[2048];

	if (level > log_state.level)
		return;
	vsnprintf(text, sizeof(text), format, args);
	if (log_state.to_journal)
		sd_journal_print(level, "%s", text);
	else if (stderr_is_journal())
		fprintf(stderr, "<%d>%s\n", level, text);
	else
		fprintf(stderr, "dwdd: %s\n", text);
	errno = saved;
}

void log_line(int level, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	log_va(level, format, args);
	va_end(args);
}

/* Whether one more line is too many; says how many were when a new stretch begins. */
static bool is_too_many(int level, struct log_limit *limit)
{
	uint64_t now = clock_monotonic_us();

	if (now - limit->since >= STRETCH_US) {
		if (limit->count > STRETCH_LINES)
			log_line(level, "%u lines like the next were left out",
				 limit->count - STRETCH_LINES);
		*limit = (struct log_limit){.since = now};
	}
	return limit->count++ >= STRETCH_LINES;
}

void log_line_rarely(int level, struct log_limit *limit, const char *format, ...)
{
	va_list args;

	if (is_too_many(level, limit))
		return;
	va_start(args, format);
	log_va(level, format, args);
	va_end(args);
}
