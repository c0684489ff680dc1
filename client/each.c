/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "each.h"

#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

#include "deadline.h"
#include "each-job.h"
#include "print.h"
#include "process.h"
#include "show.h"
#include "stops.h"
#include "util.h"

struct run {
	struct client *client;
	const struct each *each;
	struct each_result *result;
	enum exit_status status; /* what kept it from being done */
	struct job *jobs;
	unsigned running;
	json_t *waiting; /* stops, the oldest first */
	bool list;	 /* events were lost: see what is stopped */
	char *log_dir;
	int signals; /* a signalfd */
	sigset_t before;
	int64_t deadline; /* of all */
	int64_t patience; /* when debuggers are made to end */
	bool ending;
	bool command_ended;
};

/* ---- which stops ----------------------------------------------------------------------------- */

static bool is_meant(const struct dwd_stop *stop, const struct each *each)
{
	return !each->watches || own_watches_caught(each->watches, stop);
}

/* What else is meant is for the daemon to judge. */
static bool selects(const struct dwd_selector *match)
{
	return match->id || match->pid || match->name || match->path;
}

static bool is_begun(const struct run *r, uint64_t id)
{
	for (unsigned i = 0; i < r->each->jobs; i++) {
		if (r->jobs[i].child && job_id(&r->jobs[i]) == id)
			return true;
	}
	return false;
}

static void consider(struct run *r, const struct dwd_stop *stop)
{
	const char *text;

	if (r->ending || stop->claimed_by || is_begun(r, stop->id) || !is_meant(stop, r->each))
		return;
	if (!r->each->debugger) {
		print_note(r->client, STOP_FORMAT " is stopped: dwd attach %d", STOP_ARGS(stop),
			   (int)stop->pid);
		return;
	}
	text = dwd_stop_json(stop);
	if (text)
		json_array_append_new(r->waiting, json_loads(text, 0, NULL));
}

static void on_event(struct dwd *d, const struct dwd_event *event, void *userdata)
{
	struct run *r = userdata;

	r->list |= event->lost > 0;
	if (!str_eq(event->event, "stopped") || !event->stop)
		return;
	if (selects(&r->each->match))
		r->list = true;
	else
		consider(r, event->stop);
}

/* All that is stopped now, anew. A stop that an event tells of again is had once all the same. */
static int list(struct run *r)
{
	_cleanup_stops_ struct dwd_stop **stops = NULL;
	ssize_t n = dwd_list(r->client->dwd, &r->each->match, &stops);

	r->list = false;
	if (n >= 0)
		json_array_clear(r->waiting);
	for (ssize_t i = 0; i < n; i++) {
		if (str_eq(stops[i]->state, "stopped"))
			consider(r, stops[i]);
	}
	return n < 0 ? (int)n : 0;
}

/* ---- the debuggers --------------------------------------------------------------------------- */

/* Nobody is there to see to a process that is still stopped. */
static void let_go(struct run *r, uint64_t id)
{
	_cleanup_stop_ struct dwd_stop *stop = NULL;
	const struct dwd_selector selector = {.id = id};

	if (r->each->at_terminal || !r->client->dwd ||
	    dwd_info(r->client->dwd, &selector, &stop) < 0)
		return;
	if (!stop->claimed_by && str_eq(stop->state, "stopped") &&
	    dwd_continue(r->client->dwd, &id, 1) > 0)
		print_note(r->client, STOP_FORMAT " was left stopped: it runs on", STOP_ARGS(stop));
}

/* A fresh directory, which is told. */
static int make_log_dir(struct run *r)
{
	const char *temporary = getenv("TMPDIR");
	_cleanup_free_ char *dir = NULL;

	if (!temporary || !*temporary)
		temporary = "/tmp";
	if (asprintf(&dir, "%s/dwd-logs-XXXXXX", temporary) < 0)
		dir = NULL;
	if (!dir || !mkdtemp(dir)) {
		print_error("cannot make a directory in %s for the debuggers' output: %s; "
			    "--log-dir names another",
			    temporary, strerror(errno));
		return -errno;
	}
	print_note(r->client, "the debuggers' output goes to %s", dir);
	r->log_dir = steal_pointer(dir);
	return 0;
}

static void start_one(struct run *r, struct job *job)
{
	bool silent = r->each->at_terminal || debugger_is_none(r->each->debugger);
	int result = r->log_dir || silent ? 0 : make_log_dir(r);
	const struct job_place place = {
		.at_terminal = r->each->at_terminal,
		.log_dir = r->log_dir,
		.signals = &r->before,
	};
	json_t *stop = json_incref(json_array_get(r->waiting, 0));
	uint64_t id = (uint64_t)json_integer_value(json_object_get(stop, "id"));

	json_array_remove(r->waiting, 0);
	if (result < 0)
		json_decref(stop);
	if (result == 0 && job_start(job, r->client, r->each->debugger, stop, &place) == 0) {
		r->running++;
		return;
	}
	r->result->failed = r->result->lost = true;
	let_go(r, id);
}

static bool may_start(const struct run *r)
{
	uint64_t count = r->each->count;

	return !r->ending && r->running < r->each->jobs && json_array_size(r->waiting) > 0 &&
	       (count == 0 || r->result->runs + r->running < count);
}

static void start_jobs(struct run *r)
{
	for (unsigned i = 0; i < r->each->jobs && may_start(r); i++) {
		if (!r->jobs[i].child)
			start_one(r, &r->jobs[i]);
	}
}

static void finish(struct run *r, struct job *job, int wait_status)
{
	_cleanup_free_ char *line = NULL;
	int status = process_exit_status(wait_status);
	uint64_t id = job_id(job);

	r->running--;
	if (!job_finish(job, r->each->debugger, status, &line, &r->result->lost))
		return;
	r->result->runs++;
	r->result->failed |= status != 0;
	let_go(r, id);
	if (line)
		print_json_line(line);
	print_flush();
}

static bool has_ended(pid_t pid)
{
	return kill(pid, 0) < 0 && errno == ESRCH;
}

static void signal_command(const struct run *r, int signal)
{
	if (!r->command_ended)
		kill(r->each->at_terminal ? -r->each->command : r->each->command, signal);
}

/* No debugger is started any more; those that run end, but for the last words on processes that
 * have ended, if those may be said. */
static void end(struct run *r, bool last_words)
{
	if (r->ending)
		return;
	r->ending = true;
	json_array_clear(r->waiting);
	r->patience = deadline_in(PROCESS_GRACE * 1000);
	for (unsigned i = 0; i < r->each->jobs; i++) {
		const struct job *job = &r->jobs[i];

		if (job->child && !(last_words && has_ended(job_debuggee(job))))
			job_signal(job, SIGTERM);
	}
}

static void make_end(struct run *r)
{
	r->patience = DEADLINE_NEVER;
	if (r->result->timed_out)
		signal_command(r, SIGKILL);
	for (unsigned i = 0; i < r->each->jobs; i++) {
		if (r->jobs[i].child)
			job_signal(&r->jobs[i], SIGKILL);
	}
}

/* ---- what happens ---------------------------------------------------------------------------- */

static void child_ended(struct run *r, pid_t pid, int status)
{
	for (unsigned i = 0; i < r->each->jobs; i++) {
		if (r->jobs[i].child == pid)
			finish(r, &r->jobs[i], status);
	}
	if (pid == r->each->command) {
		r->command_ended = true;
		r->result->command_status = process_exit_status(status);
		end(r, true);
	}
}

/* There may be adopted ones among them. */
static void reap(struct run *r)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		child_ended(r, pid, status);
}

static void take_signals(struct run *r)
{
	struct signalfd_siginfo info;

	while (read(r->signals, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGCHLD) {
			reap(r);
			continue;
		}
		/* At the terminal it is the debugger's. */
		if (info.ssi_signo == SIGINT && r->each->at_terminal && r->running > 0)
			continue;
		/* The terminal sends it to the whole process group, of which the command is one
		 * unless it leads its own. */
		if (r->each->at_terminal || info.ssi_code <= 0)
			signal_command(r, (int)info.ssi_signo);
		r->result->interrupted = (int)info.ssi_signo;
		end(r, false);
	}
}

static void fail(struct run *r, int error)
{
	enum exit_status status = client_failed(r->client, error);

	if (r->status == EXIT_DONE)
		r->status = status;
	end(r, false);
}

static void look_at_clock(struct run *r)
{
	if (deadline_left(r->deadline) == 0 && !r->ending) {
		r->result->timed_out = true;
		signal_command(r, SIGTERM);
		end(r, false);
	}
	if (deadline_left(r->patience) == 0)
		make_end(r);
}

static void await(struct run *r)
{
	struct dwd *d = r->client->dwd;
	struct pollfd fds[] = {
		{r->signals, POLLIN, 0},
		{d ? dwd_get_fd(d) : -1, POLLIN, 0},
	};
	int result = 0;

	poll(fds, ARRAY_SIZE(fds), deadline_left(r->ending ? r->patience : r->deadline));
	if (fds[1].revents)
		result = dwd_dispatch(d, 0);
	if (result >= 0 && r->list && !r->ending)
		result = list(r);
	if (result < 0)
		fail(r, result);
	if (fds[0].revents)
		take_signals(r);
	look_at_clock(r);
}

static bool is_over(const struct run *r)
{
	return r->ending && r->running == 0 && r->command_ended;
}

/* The watches that are the connection's own end with it, and with them what they alone have
 * stopped. A command may be waiting for a process that another watch has stopped as well. */
static void give_up(struct run *r)
{
	if (!r->client->dwd)
		return;
	client_disconnect(r->client);
	if (r->each->command && r->each->watches)
		own_watches_release(r->client, r->each->watches);
}

static void go_on(struct run *r)
{
	while (!is_over(r)) {
		start_jobs(r);
		if (r->each->count && r->result->runs >= r->each->count)
			end(r, false);
		if (r->ending && r->running == 0)
			give_up(r);
		if (!is_over(r))
			await(r);
	}
	give_up(r);
}

/* ---- the whole ------------------------------------------------------------------------------- */

static int open_signals(struct run *r)
{
	sigset_t mask;

	sigemptyset(&mask);
	for (const int *n = (const int[]){SIGCHLD, SIGINT, SIGTERM, SIGHUP, SIGQUIT, 0}; *n; n++)
		sigaddset(&mask, *n);
	sigprocmask(SIG_BLOCK, &mask, &r->before);
	r->signals = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	return r->signals < 0 ? -errno : 0;
}

static void begin(struct run *r)
{
	static const struct dwd_listener listener = {.event = on_event};
	int result = dwd_subscribe(r->client->dwd, false, &listener, r);

	if (result == 0)
		result = list(r);
	if (result < 0)
		fail(r, result);
	/* Nothing has told of a command that has ended before. */
	reap(r);
}

static void run_done(struct run *r)
{
	close_fd(r->signals);
	sigprocmask(SIG_SETMASK, &r->before, NULL);
	json_decref(r->waiting);
	free(r->jobs);
	free(r->log_dir);
}

enum exit_status each_run(struct client *c, const struct each *each, struct each_result *ret)
{
	_cleanup_(run_done) struct run r = {
		.client = c,
		.each = each,
		.result = ret,
		.jobs = calloc(each->jobs, sizeof(*r.jobs)),
		.waiting = json_array(),
		.deadline = deadline_in(each->timeout),
		.patience = DEADLINE_NEVER,
		.command_ended = each->command == 0,
	};
	int result = open_signals(&r);

	*ret = (struct each_result){0};
	if (result == 0 && (!r.jobs || !r.waiting))
		result = -ENOMEM;
	if (result < 0)
		return print_failure("cannot run debuggers", result);
	if (each->log_dir && !each->at_terminal && !(r.log_dir = strdup(each->log_dir)))
		return print_failure("cannot run debuggers", -ENOMEM);
	begin(&r);
	go_on(&r);
	return r.status;
}
