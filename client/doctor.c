/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "doctor.h"

#include <stdarg.h>
#include <stdio.h>

#include "util.h"

void report_add(struct report *report, enum check_state state, const char *check,
		const char *advice, const char *format, ...)
{
	static const char *const names[] = {
		[CHECK_OK] = "ok",
		[CHECK_WARN] = "warn",
		[CHECK_MISSING] = "missing",
	};
	char detail[1024];
	va_list ap;

	va_start(ap, format);
	vsnprintf(detail, sizeof(detail), format, ap);
	va_end(ap);
	if (json_array_append_new(report->checks,
				  json_pack("{s:s, s:s, s:s, s:s?}", "check", check, "state",
					    names[state], "detail", detail, "advice", advice)) < 0)
		report->error = -ENOMEM;
}

int doctor_read_line(const char *path, char **ret)
{
	_cleanup_free_ char *line = NULL;
	FILE *f = fopen(path, "re");
	size_t size = 0;
	int r = 0;

	if (!f)
		return -errno;
	errno = 0;
	if (getline(&line, &size, f) < 0)
		r = errno ? -errno : -ENODATA;
	fclose(f);
	if (r < 0)
		return r;
	line[strcspn(line, "\n")] = '\0';
	*ret = steal_pointer(line);
	return 0;
}
