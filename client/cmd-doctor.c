/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>

#include "cmd.h"
#include "doctor.h"
#include "print.h"
#include "util.h"

static const char *text(json_t *check, const char *key)
{
	return json_string_value(json_object_get(check, key));
}

static void print_checks(json_t *checks)
{
	json_t *check;
	size_t i;

	json_array_foreach (checks, i, check) {
		printf("%-8s %-18s %s\n", text(check, "state"), text(check, "check"),
		       text(check, "detail"));
		if (text(check, "advice"))
			printf("%-8s %-18s -> %s\n", "", "", text(check, "advice"));
	}
}

static int print_report(const struct client *c, const struct report *report)
{
	json_auto_t *object = NULL;
	_cleanup_free_ char *whole = NULL;

	if (report->error < 0)
		return report->error;
	if (!c->options.json) {
		print_checks(report->checks);
		return 0;
	}
	object = json_pack("{s:b, s:O}", "works", !report->broken, "checks", report->checks);
	whole = object ? json_dumps(object, JSON_INDENT(2)) : NULL;
	if (!whole)
		return -ENOMEM;
	print_json_line(whole);
	return 0;
}

static enum exit_status run(struct client *c, const struct args *args)
{
	struct report report = {.checks = json_array()};
	int r;

	doctor_check_kernel(&report);
	doctor_check_backends(&report);
	doctor_check_daemon(&report, c);
	doctor_check_debugger(&report);

	r = print_report(c, &report);
	json_decref(report.checks);
	if (r < 0)
		return print_failure("cannot report", r);
	if (report.broken)
		print_note(c, "cannot work here, for want of what is missing above");
	return report.broken ? EXIT_FAILED : EXIT_DONE;
}

const struct cmd cmd_doctor = {
	.name = "doctor",
	.synopsis = "",
	.summary = "look at what this machine offers, what is missing and how to get it",
	.details = "Works without a daemon, and starts none. Exit status 1: dwd cannot work here.",
	.run = run,
};
