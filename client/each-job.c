/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <fcntl.h>
#include <limits.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include "attach.h"
#include "each-job.h"
#include "print.h"
#include "process.h"
#include "show.h"
#include "stops.h"
#include "util.h"

uint64_t job_id(const struct job *job)
{
	return (uint64_t)json_integer_value(json_object_get(job->stop, "id"));
}

pid_t job_debuggee(const struct job *job)
{
	return (pid_t)json_integer_value(json_object_get(job->stop, "pid"));
}

/* DIR/ID-NAME-PID.log. What a process calls itself need not be fit for a file name. */
static char *log_path(const char *dir, const struct job *job)
{
	_cleanup_free_ char *name =
		strdup(json_string_value(json_object_get(job->stop, "comm")) ?: "");
	char *path;

	if (!name)
		return NULL;
	for (char *p = name; *p; p++) {
		if (strchr("/\\ ", *p))
			*p = '_';
	}
	if (asprintf(&path, "%s/%llu-%s-%d.log", dir, (unsigned long long)job_id(job), name,
		     (int)job_debuggee(job)) < 0)
		return NULL;
	return path;
}

/* Nothing to read, nobody to ask, and all that is written goes to the log. 0 or -errno. */
static int redirect(const char *path)
{
	_cleanup_fd_ int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	_cleanup_fd_ int log =
		open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0666);

	if (null < 0 || log < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(log, STDOUT_FILENO) < 0 ||
	    dup2(log, STDERR_FILENO) < 0)
		return -errno;
	return 0;
}

/* Whether what was written to standard output, a log, found room: then more would, too. Debuggers
 * do not look. 0 or -errno. */
static int check_room(void)
{
	struct stat st;

	if (fstat(STDOUT_FILENO, &st) < 0 ||
	    fallocate(STDOUT_FILENO, FALLOC_FL_KEEP_SIZE, st.st_size, 1) == 0)
		return 0;
	return errno == ENOSPC || errno == EDQUOT || errno == EIO ? -errno : 0;
}

/* Whom the child tells something before it ends. */
struct audience {
	int report; /* to dwd */
	int terminal;
};

static void tell_address(const struct dwd_stop *stop, const char *address, void *userdata)
{
	const struct audience *audience = userdata;

	dprintf(audience->terminal, "dwd: " STOP_FORMAT ": target remote %s\n", STOP_ARGS(stop),
		address);
	(void)!write(audience->report, address, strlen(address));
}

static enum exit_status log_failed(const struct job *job, int error, int report)
{
	_cleanup_free_ char *text = NULL;
	int n = asprintf(&text, "cannot write %s: %s", job->log, strerror(-error));

	if (n < 0)
		return print_failure(job->log, -ENOMEM);
	print_error("%s", text);
	(void)!write(report, "", 1);
	(void)!write(report, text, (size_t)n);
	return EXIT_FAILED;
}

/* In the child. Answers its exit status. */
static int debug(struct client *c, struct debugger d, const struct job *job, int report)
{
	_cleanup_stop_ struct dwd_stop *stop = NULL;
	const struct dwd_selector selector = {.id = job_id(job)};
	struct audience audience = {report, fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0)};
	int status, r;

	c->dwd = dwd_close(c->dwd);
	client_disconnect(c);
	status = client_connect(c, false);
	if (status != EXIT_DONE)
		return status;
	if (dwd_claim(c->dwd, &selector, 0, &stop) < 0 || write(report, "", 1) != 1)
		return EXIT_NO_MATCH;
	if (job->log) {
		d.reachable = tell_address;
		d.userdata = &audience;
	}
	r = job->log ? redirect(job->log) : 0;
	if (r < 0)
		return log_failed(job, r, report);
	status = attach_debugger(c, &d, stop, true);
	print_flush();
	r = job->log ? check_room() : 0;
	return r < 0 ? (int)log_failed(job, r, report) : status;
}

/* dwd has died, and this is told by SIGALRM: all that runs for this job is to end, and what still
 * does when the time is up is made to. */
static void take_along(int signal)
{
	static volatile sig_atomic_t told;

	(void)signal;
	if (told++)
		kill(0, SIGKILL);
	alarm(PROCESS_GRACE);
	kill(0, SIGTERM);
}

/* Unattended it leads a session, in which a debugger may run what it likes. At a terminal those
 * beside it are no business of ours: it passes on to the debugger that it shall end. */
static void become_child(const struct job_place *place, pid_t parent)
{
	const struct sigaction action = {.sa_handler = take_along};
	sigset_t signals = *place->signals;

	if (!place->at_terminal) {
		setsid();
		sigaction(SIGALRM, &action, NULL);
		sigdelset(&signals, SIGALRM);
	}
	sigprocmask(SIG_SETMASK, &signals, NULL);
	prctl(PR_SET_PDEATHSIG, place->at_terminal ? SIGTERM : SIGALRM);
	if (getppid() != parent)
		_exit(128 + SIGTERM);
}

static void forget(struct job *job)
{
	json_decref(job->stop);
	free(job->log);
	close_fd(job->report);
	*job = (struct job){.report = -1};
}

int job_start(struct job *job, struct client *c, const struct debugger *d, json_t *stop,
	      const struct job_place *place)
{
	_cleanup_fd_ int reader = -1, writer = -1;
	pid_t parent = getpid();
	int fds[2], status, r = 0;

	*job = (struct job){.stop = stop, .unattended = !place->at_terminal, .report = -1};
	if (place->log_dir && !(job->log = log_path(place->log_dir, job)))
		r = -ENOMEM;
	if (r == 0 && pipe2(fds, O_CLOEXEC) < 0)
		r = -errno;
	if (r == 0) {
		reader = fds[0];
		writer = fds[1];
		print_flush();
		job->child = fork();
		r = job->child < 0 ? -errno : 0;
	}
	if (r < 0) {
		print_error("cannot start a debugger: %s", strerror(-r));
		forget(job);
		return r;
	}
	if (job->child == 0) {
		become_child(place, parent);
		status = debug(c, *d, job, writer);
		/* Others may need longer than the debugger: see take_along(). */
		while (job->unattended && getppid() != parent)
			pause();
		_exit(status);
	}
	job->report = steal_fd(&reader);
	return 0;
}

void job_signal(const struct job *job, int signal)
{
	/* If it does not lead a session it is in our own process group. */
	kill(job->unattended ? -job->child : job->child, signal);
}

static char *result_line(const struct job *job, const struct debugger *d, int status,
			 const char *address, const char *error)
{
	json_t *raw = json_object_get(job->stop, "argv_raw");
	json_t *result = json_pack(
		"{s:O, s:O, s:O, s:s, s:i, s:s*}", "id", json_object_get(job->stop, "id"), "pid",
		json_object_get(job->stop, "pid"), "argv", json_object_get(job->stop, "argv"),
		"debugger", debugger_name(d), "status", status, "log", job->log);
	char *line;

	if (raw)
		json_object_set(result, "argv_raw", raw);
	if (*address)
		json_object_set_new(result, "address", json_string(address));
	if (*error)
		json_object_set_new(result, "error", json_string(error));
	line = result ? json_dumps(result, JSON_COMPACT) : NULL;
	json_decref(result);
	return line;
}

bool job_finish(struct job *job, const struct debugger *d, int status, char **line, bool *lost)
{
	/* Each part of it is a string: one NUL more than was read ends the last. */
	char report[1 + NI_MAXHOST + NI_MAXSERV + PATH_MAX + 128] = "";
	bool was_run = read(job->report, report, sizeof(report) - 2) > 0;
	const char *address = report + 1, *error = address + strlen(address) + 1;

	*line = was_run && job->unattended ? result_line(job, d, status, address, error) : NULL;
	*lost |= was_run && *error;
	forget(job);
	return was_run;
}
