/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * dwdd: wires the kernel side, the engine and the server together, in the order that makes the
 * socket's appearance mean "ready": reserve the socket's place and that of the pins, load the
 * kernel side and see it fire, take over what an earlier daemon has left and arm, and only then
 * listen.
 */

#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <systemd/sd-daemon.h>

#include "backend-bpf.h"
#include "backend-bpf-pins.h"
#include "background.h"
#include "clock.h"
#include "config.h"
#include "listen.h"
#include "lock-file.h"
#include "log.h"
#include "message.h"
#include "options.h"
#include "places.h"
#include "privileges.h"
#include "procfs.h"
#include "release-left.h"
#include "server.h"
#include "watchdog.h"

/* Everything there is, in the order of making. */
struct daemon {
	const struct options *options;
	sd_event *event;
	bool passed; /* the socket is the service manager's */
	struct listen_place *place;
	char **left;	   /* where dead ones have left something */
	struct pins *pins; /* NULL: the kernel side ends with the daemon ... */
	char *unpinned;	   /* ... and why */
	struct backend *backend;
	struct watchdog *watchdog;
	struct config *config; /* NULL: no watches are kept */
	struct server *server;
	sd_event_source *idle;
};

static void destroy(struct daemon *d)
{
	sd_event_source_disable_unref(d->idle);
	server_free(d->server);
	config_free(d->config);
	watchdog_free(d->watchdog);
	if (d->backend)
		d->backend->ops->free(d->backend);
	pins_free(d->pins);
	free(d->unpinned);
	places_free(d->left);
	if (d->place && listen_lock(d->place))
		places_settle(listen_lock(d->place), d->options->socket);
	listen_free(d->place);
	sd_event_unref(d->event);
}

/* Log what failed and why, `message` having been made for that if there is one; it is freed. */
static int fail(int error, const char *what, char *message)
{
	log_error("%s%s%s", what, *what ? ": " : "", message ? message : strerror(-error));
	free(message);
	return error;
}

static json_t *probe_one(enum dwd_backend kind, bool *works)
{
	_cleanup_free_ char *message = NULL;
	int r = geteuid() == 0 ? backend_bpf_probe(kind, &message)
			       : message_fail(&message, -EPERM, "only root can try it");

	*works = r >= 0;
	return json_pack("{s:s, s:b, s:s?}", "backend", backend_kind_name(kind), "works", *works,
			 "reason",
			 *works	   ? NULL
			 : message ? message
				   : strerror(-r));
}

/* One JSON object; the first backend that works is the one that "auto" takes. */
static int probe(void)
{
	json_t *backends = json_array(), *result;
	const char *best = NULL;

	for (unsigned i = 0; i < DWD_BACKEND_COUNT; i++) {
		bool works;

		json_array_append_new(backends, probe_one((enum dwd_backend)i, &works));
		if (works && !best)
			best = backend_kind_name((enum dwd_backend)i);
	}
	result = json_pack("{s:o, s:s?}", "backends", backends, "auto", best);
	json_dumpf(result, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(result);
	return best ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* A stop takes a descriptor. */
static void raise_limits(uint32_t max_stopped)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	if (limit.rlim_max < (rlim_t)max_stopped + 4096) {
		struct rlimit higher = {max_stopped + 4096, max_stopped + 4096};

		if (setrlimit(RLIMIT_NOFILE, &higher) == 0)
			return;
		log_warning("the limit on open files (%ju) may not allow --max-stopped %u: raise "
			    "LimitNOFILE=",
			    (uintmax_t)limit.rlim_max, max_stopped);
	}
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

static int reserve_place(struct daemon *d)
{
	char *message = NULL;
	int r;

	d->passed = listen_is_passed();
	r = listen_reserve(&d->place, d->options->socket, d->passed, &message);
	if (r < 0)
		return fail(r, "", message);
	d->left = places_left(listen_lock(d->place), d->options->socket);
	return d->left ? 0 : fail(-ENOMEM, "cannot look for what was left", NULL);
}

/* So that whoever comes next looks there. */
static void name_place(const struct daemon *d, const char *pin_dir)
{
	struct lock_file *lock = listen_lock(d->place);
	int r = lock ? places_name(lock, d->left, pin_dir) : -ENOENT;

	if (r < 0 && !str_eq(pin_dir, PLACES_DEFAULT))
		log_warning("cannot note in %s.lock that --pin-dir is %s (%s): give it to the next "
			    "dwdd, and to dwdd --release-all, too",
			    d->options->socket, pin_dir, strerror(-r));
}

/* What is left in a place that this one has not would be forgotten. */
static void tell_of_elsewhere(const struct daemon *d, const char *pin_dir)
{
	for (char **left = d->left; *left; left++)
		if (!places_are_same(*left, pin_dir))
			release_tell_of(*left, d->options->socket);
}

/* It works without, but for not outliving the daemon. Only that another one has them is fatal: the
 * two would take each other's stops for what a dead one has left. */
static int open_pins(struct daemon *d)
{
	const char *pin_dir = places_choose(d->left, d->options->pin_dir);
	char *message = NULL;
	int r;

	if (!d->options->pin_dir && !str_eq(pin_dir, PLACES_DEFAULT))
		log_info("an earlier dwdd of %s has left what it had in %s: taken for --pin-dir",
			 d->options->socket, pin_dir);
	r = pins_open(&d->pins, pin_dir, d->options->socket, &message);
	if (r == -EBUSY)
		return fail(r, "", message);
	tell_of_elsewhere(d, pin_dir);
	if (r == 0) {
		name_place(d, pin_dir);
		r = release_strangers(d->pins, d->options->socket, &message);
	}
	if (d->pins && r != -EXDEV)
		return r;
	d->pins = pins_free(d->pins);
	d->unpinned = message ? message : strdup(strerror(-r));
	log_warning("if dwdd is killed, watches and stops are lost: %s", d->unpinned);
	return 0;
}

static int make_backend(struct daemon *d)
{
	const struct backend_bpf_options wanted = {
		.kind = d->options->backend,
		.max_stopped = d->options->max_stopped,
		.fail_open_after = d->options->fail_open_after,
		.pins = d->pins,
		.unpinned = d->unpinned,
	};
	char *message = NULL;
	int r;

	r = backend_bpf_new(&d->backend, &wanted, &message);
	return r < 0 ? fail(r, "", message) : 0;
}

/* Read the watches that are kept; what is wrong with them was logged. */
static int load_config(struct daemon *d)
{
	struct config_changes changes;
	int r = d->config ? config_load(d->config, &changes) : 0;

	if (d->config && r >= 0)
		json_decref(changes.errors);
	return r;
}

static int on_hangup(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata)
{
	int r = load_config(userdata);

	if (r < 0)
		fail(r, "cannot reload the watches", NULL);
	return 0;
}

/* What root asks for by a signal waits for no client. Without a handler it ends the loop. */
static int add_signal(struct daemon *d, int signal, sd_event_signal_handler_t handler)
{
	sd_event_source *source;
	int r = sd_event_add_signal(d->event, &source, signal, handler, handler ? d : NULL);

	if (r < 0)
		return r;
	r = sd_event_source_set_priority(source, SD_EVENT_PRIORITY_IMPORTANT);
	sd_event_source_set_floating(source, true);
	sd_event_source_unref(source);
	return r;
}

/* SIGTERM and SIGINT end the loop, SIGHUP reloads. */
static int make_loop(struct daemon *d)
{
	static const struct {
		int signal;
		sd_event_signal_handler_t handler; /* NULL: end */
	} signals[] = {{SIGTERM}, {SIGINT}, {SIGHUP, on_hangup}};
	sigset_t mask;
	int r;

	sigemptyset(&mask);
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		sigaddset(&mask, signals[i].signal);
	sigprocmask(SIG_BLOCK, &mask, NULL);
	r = sd_event_new(&d->event);
	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(signals); i++)
		r = add_signal(d, signals[i].signal, signals[i].handler);
	return r < 0 ? fail(r, "cannot make an event loop", NULL) : 0;
}

static int make_engine(struct daemon *d)
{
	int r;

	r = watchdog_new(&d->watchdog, d->event, d->backend);
	if (r >= 0)
		r = watchdog_start(d->watchdog);
	return r < 0 ? fail(r, "cannot start the watchdog", NULL) : 0;
}

/* Before anybody can connect: the socket means that all is in force. */
static int make_config(struct daemon *d)
{
	int r;

	if (!d->options->watches)
		return 0;
	r = config_new(&d->config, d->options->watches, d->watchdog);
	if (r >= 0)
		r = load_config(d);
	return r < 0 ? fail(r, "cannot load the watches", NULL) : 0;
}

static int make_server(struct daemon *d)
{
	const struct listen_access access = {
		.group = d->options->socket_group,
		.mode = d->options->socket_mode,
	};
	char *message = NULL;
	int fd, r;

	if (d->passed && d->options->socket_access_given)
		log_warning("--socket-group and --socket-mode are nothing to a socket that is "
			    "passed: set SocketGroup= and SocketMode= in the socket unit");
	r = listen_open(d->place, &access, &fd, &message);
	if (r < 0)
		return fail(r, "", message);
	r = server_new(&d->server, d->event, d->watchdog, fd);
	if (r < 0)
		return fail(r, "cannot serve", NULL);
	server_set_config(d->server, d->config);
	return 0;
}

static uint64_t idle_since(const struct daemon *d)
{
	uint64_t watchdog = watchdog_idle_since(d->watchdog);
	uint64_t server = server_idle_since(d->server);

	if (!watchdog || !server)
		return 0;
	return watchdog > server ? watchdog : server;
}

static int on_idle(sd_event_source *source, uint64_t time, void *userdata)
{
	struct daemon *d = userdata;
	uint64_t now = clock_monotonic_us(), since = idle_since(d);
	uint64_t end = (since ? since : now) + d->options->exit_idle * 1000000;

	if (now >= end) {
		log_info("nothing to do for %ju s: ending", (uintmax_t)d->options->exit_idle);
		return sd_event_exit(d->event, 0);
	}
	sd_event_source_set_time(source, end);
	return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

static int make_idle(struct daemon *d)
{
	int r;

	if (!d->options->exit_idle)
		return 0;
	r = sd_event_add_time(d->event, &d->idle, CLOCK_MONOTONIC, 0, 0, on_idle, d);
	return r < 0 ? fail(r, "cannot make a timer", NULL) : 0;
}

static int drop_privileges(struct daemon *d)
{
	int r = privileges_drop();

	return r < 0 ? fail(r, "cannot give up capabilities", NULL) : 0;
}

static int start(struct daemon *d)
{
	static int (*const steps[])(struct daemon * d) = {
		reserve_place, open_pins,   make_backend, make_loop,	   make_engine,
		make_config,   make_server, make_idle,	  drop_privileges,
	};

	raise_limits(d->options->max_stopped);
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		int r = steps[i](d);

		if (r < 0) {
			/* What was there before is not for this one to end. */
			if (d->watchdog)
				watchdog_shutdown(d->watchdog, watchdog_took_over(d->watchdog));
			return r;
		}
	}
	return 0;
}

static void say_ready(const struct daemon *d, int ready)
{
	const char *kind = backend_kind_name(d->backend->ops->kind(d->backend));

	/* In the background the journal has it, and the terminal is not bothered. */
	if (ready >= 0)
		background_ready(ready);
	if (d->passed)
		log_info("ready, with the %s backend, on the socket that was passed", kind);
	else
		log_info("ready, with the %s backend, on %s", kind, d->options->socket);
	sd_notifyf(0, "READY=1\nSTATUS=Watching by the %s backend", kind);
}

static bool may_run(const struct options *options)
{
	if (geteuid() != 0) {
		log_error("only root can %s as root",
			  options->release_all ? "release what is stopped: run dwdd --release-all"
					       : "load the kernel side: run dwdd");
		return false;
	}
	/* It would stop processes that it cannot find again. */
	if (!procfs_is_own()) {
		log_error("/proc is not mounted, or is that of another pid namespace: "
			  "mount -t proc proc /proc");
		return false;
	}
	return true;
}

static int run(const struct options *options, int ready)
{
	_cleanup_(destroy) struct daemon d = {.options = options};
	int r;

	if (!may_run(options) || start(&d) < 0)
		return EXIT_FAILURE;
	say_ready(&d, ready);
	/* If the service manager wants to be told that this still runs. */
	sd_event_set_watchdog(d.event, true);
	r = sd_event_loop(d.event);
	sd_notify(0, "STOPPING=1");
	if (r < 0)
		fail(r, "the event loop failed", NULL);
	watchdog_shutdown(d.watchdog, options->keep);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	_cleanup_(options_destroy) struct options options;
	int ready = -1, status;

	if (!options_parse(&options, argc, argv, &status))
		return status;
	log_set_level(options.log_level);
	signal(SIGPIPE, SIG_IGN);
	if (options.probe)
		return probe();
	if (options.release_all)
		return may_run(&options) ? release_left(&options) : EXIT_FAILURE;
	if (options.background && !background_start(&ready, &status))
		return status;
	return run(&options, ready);
}
