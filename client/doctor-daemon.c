/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Checks of dwdd: that it is there, what it can do with this kernel, whether one runs.
 */

#include <stdio.h>

#include "doctor.h"
#include "process.h"
#include "start.h"
#include "util.h"

/* What `dwdd --probe` says of one backend. That one fails matters only if none is left. */
static void add_backend(struct report *report, json_t *backend, bool any)
{
	const char *name = json_string_value(json_object_get(backend, "backend"));
	const char *reason = json_string_value(json_object_get(backend, "reason"));
	bool works = json_is_true(json_object_get(backend, "works"));
	char check[64];

	snprintf(check, sizeof(check), "%s backend", name ? name : "unnamed");
	if (works)
		report_add(report, CHECK_OK, check, NULL, "loads and fires");
	else
		report_add(report, any ? CHECK_WARN : CHECK_MISSING, check,
			   any ? "not needed while another works" : NULL, "%s",
			   reason ? reason : "does not work");
}

static void add_backends(struct report *report, json_t *probe)
{
	const char *best = json_string_value(json_object_get(probe, "auto"));
	json_t *backend;
	size_t i;

	json_array_foreach (json_object_get(probe, "backends"), i, backend)
		add_backend(report, backend, best);
	if (best)
		report_add(report, CHECK_OK, "backend", NULL, "dwdd takes %s", best);
	else
		report_broken(report, "backend",
			      "see the reasons above; a container or sandbox may forbid BPF",
			      "none works here");
}

static void probe_backends(struct report *report, char *daemon)
{
	_cleanup_free_ char *text = NULL;
	json_auto_t *probe = NULL;
	int r;

	if (geteuid() != 0) {
		report_add(report, CHECK_WARN, "backend", "sudo dwd doctor",
			   "only root can try the backends");
		return;
	}
	r = process_capture((char *[]){daemon, (char *)"--probe", NULL}, STDOUT_FILENO, &text);
	probe = r >= 0 ? json_loads(text, 0, NULL) : NULL;
	if (json_is_array(json_object_get(probe, "backends")))
		add_backends(report, probe);
	else
		report_broken(report, "backend", "run it by hand to see why", "%s --probe failed",
			      daemon);
}

void doctor_check_backends(struct report *report)
{
	_cleanup_free_ char *daemon = NULL;

	if (start_find_daemon(&daemon) < 0) {
		report_broken(report, "dwdd", "install dwd, or name dwdd in $DWD_DAEMON",
			      "neither beside dwd nor in " DWD_SBINDIR);
		return;
	}
	report_add(report, CHECK_OK, "dwdd", NULL, "%s", daemon);
	probe_backends(report, daemon);
}

static void add_absence(struct report *report, const struct client *c)
{
	_cleanup_free_ char *what = NULL, *advice = NULL;
	enum start_trace trace; /* of one that does not listen */
	pid_t pid;

	trace = start_find_trace(c, &pid);
	what = start_describe_trace(trace, client_socket(c), pid);
	advice = start_advise_trace(trace, client_socket(c), pid);
	if (what)
		report_add(report, CHECK_MISSING, "daemon", advice, "%s", what);
	else if (geteuid() == 0)
		report_add(report, CHECK_OK, "daemon", NULL,
			   "none listens on %s; dwd watch starts one", client_socket(c));
	else
		report_add(report, CHECK_MISSING, "daemon", "start it as root: dwdd",
			   "none listens on %s", client_socket(c));
}

void doctor_check_daemon(struct report *report, const struct client *c)
{
	struct dwd_status *status = NULL;
	struct dwd *d = NULL;
	int r = dwd_connect(&d, client_socket(c));

	if (r >= 0)
		r = dwd_status(d, &status);
	if (r >= 0)
		report_add(report, CHECK_OK, "daemon", NULL, "dwdd %s (pid %d) on %s, %s backend",
			   status->version, (int)status->pid, client_socket(c), status->backend);
	else if (exit_status(r) == EXIT_NO_DAEMON)
		add_absence(report, c);
	else
		report_add(report, CHECK_MISSING, "daemon", NULL, "%s", dwd_error(d));
	dwd_status_free(status);
	dwd_close(d);
}
