/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * gdbserver: it attaches and waits for a debugger to connect.
 *
 * It talks to dwd, on its standard streams, and dwd passes on what it says to whoever connects. So
 * dwd can see that it has attached, and have it take the SIGCONT that resumes the process, before
 * any debugger is there: that one needs to know nothing of it and its first `continue` continues.
 * And the port that the user did not name is one that is certainly free, and known.
 *
 * One debugger is served. When it has gone, or dwd is told to end, gdbserver detaches and ends.
 */

#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "debugger-kind.h"
#include "gdb-remote.h"
#include "print.h"
#include "process.h"
#include "show.h"

/* Nobody else's business, unless the user says so. */
#define DEFAULT_HOST "localhost"

/* What is served: gdbserver at one end, a debugger at the other. */
struct service {
	const struct dwd_stop *stop;
	pid_t gdbserver;
	int server;   /* to gdbserver */
	int listener; /* -1 once a debugger is connected */
	int peer;     /* to the debugger, -1 until then and when it has gone */
	int signals;
	int interrupted; /* the signal that told us to end; 0: none */
	bool ending;	 /* gdbserver has been told to */
};

bool debugger_is_address(const char *word)
{
	const char *colon = strrchr(word, ':');

	return colon && colon[1] && !strchr(word, '/') &&
	       !colon[1 + strspn(colon + 1, "0123456789")] && atoi(colon + 1) <= UINT16_MAX;
}

/* ---- where to connect ------------------------------------------------------------------------ */

/* HOST of HOST:PORT, without the brackets of an IPv6 address; malloc()ed. */
static char *host_of(const char *address, const char *colon)
{
	size_t n = (size_t)(colon - address);

	if (n == 0)
		return strdup(DEFAULT_HOST);
	if (n > 2 && address[0] == '[' && colon[-1] == ']')
		return strndup(address + 1, n - 2);
	return strndup(address, n);
}

static int listen_on(const struct addrinfo *info, int *ret)
{
	_cleanup_fd_ int fd = socket(info->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int on = 1;

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, info->ai_addr, info->ai_addrlen) < 0 || listen(fd, 1) < 0)
		return -errno;
	*ret = steal_fd(&fd);
	return 0;
}

static int port_of(int fd, char *port, size_t size)
{
	struct sockaddr_storage address;
	socklen_t length = sizeof(address);

	if (getsockname(fd, (struct sockaddr *)&address, &length) < 0)
		return -errno;
	return getnameinfo((struct sockaddr *)&address, length, NULL, 0, port, (socklen_t)size,
			   NI_NUMERICSERV) == 0
		       ? 0
		       : -EADDRNOTAVAIL;
}

/* Listen on ADDR and tell where that is, as `target remote` wants it; malloc()ed. 0 or -errno,
 * having explained it. */
static int open_listener(const char *address, int *fd, char **where)
{
	const char *asked = *address ? address : ":0", *colon = strrchr(asked, ':');
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
	_cleanup_free_ char *host = host_of(asked, colon);
	_cleanup_fd_ int listener = -1;
	struct addrinfo *info = NULL;
	char port[16];
	int r = host ? 0 : -ENOMEM, failure;

	failure = r == 0 ? getaddrinfo(host, colon + 1, &hints, &info) : 0;
	if (failure) {
		print_error("--gdbserver %s: %s", asked, gai_strerror(failure));
		return -EADDRNOTAVAIL;
	}
	if (r == 0)
		r = listen_on(info, &listener);
	if (info)
		freeaddrinfo(info);
	if (r == 0)
		r = port_of(listener, port, sizeof(port));
	if (r == 0 && asprintf(where, "%.*s:%s", (int)(colon - asked), asked, port) < 0)
		r = -ENOMEM;
	if (r < 0)
		print_error("--gdbserver: cannot listen on %s: %s", asked, strerror(-r));
	else
		*fd = steal_fd(&listener);
	return r;
}

/* ---- gdbserver ------------------------------------------------------------------------------- */

static int start_gdbserver(const struct debugger *d, struct service *s)
{
	_cleanup_fd_ int ours = -1, its = -1;
	_cleanup_argv_ struct argv w = {0};
	int pair[2], r;

	argv_add(&w, d->program);
	argv_add_all(&w, d->args);
	argv_add_all(&w, (const char *[]){"--once", "--attach", "-", NULL});
	argv_addf(&w, "%d", (int)s->stop->pid);
	if (!argv_list(&w))
		return -ENOMEM;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	ours = pair[0];
	its = pair[1];
	r = process_start(argv_list(&w), its, its, &s->gdbserver);
	if (r == 0)
		s->server = steal_fd(&ours);
	return r;
}

/* Have it attached, the process resumed under it and the SIGCONT out of the way. */
static int prepare(struct client *c, struct service *s)
{
	int r = gdb_remote_ready(s->server);

	if (r == 0)
		r = dwd_attached(c->dwd, s->stop->id);
	if (r == 0)
		r = gdb_remote_take_signal(s->server);
	if (r < 0)
		print_error("gdbserver did not attach to " STOP_FORMAT ": %s", STOP_ARGS(s->stop),
			    r == -ECONNRESET ? "it ended" : strerror(-r));
	return r;
}

static bool runs(const struct dwd_stop *stop)
{
	char path[64], *line = NULL, *state;
	size_t size = 0;
	bool stopped;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)stop->pid);
	f = fopen(path, "re");
	if (!f)
		return false;
	state = getline(&line, &size, f) > 0 ? strrchr(line, ')') : NULL;
	stopped = !state || state[1] != ' ' || strchr("tTZX", state[2]);
	free(line);
	fclose(f);
	return !stopped;
}

/* It detaches at the end of its input, if it listens: a process that runs must stop first. */
static void end_gdbserver(struct service *s)
{
	if (s->ending)
		return;
	s->ending = true;
	if (s->interrupted && runs(s->stop))
		(void)!send(s->server, "\003", 1, MSG_NOSIGNAL);
	shutdown(s->server, SHUT_WR);
}

/* ---- passing on ------------------------------------------------------------------------------ */

/* Move what is there. False at the end of the stream. */
static bool pass_on(int from, int to)
{
	char buffer[16384];
	ssize_t n = read(from, buffer, sizeof(buffer)), sent = 0;

	while (n > 0 && to >= 0 && sent < n) {
		ssize_t r = send(to, buffer + sent, (size_t)(n - sent), MSG_NOSIGNAL);

		if (r < 0 && errno != EINTR)
			break;
		sent += r > 0 ? r : 0;
	}
	return n > 0 || (n < 0 && errno == EINTR);
}

static void take_signal(struct service *s)
{
	struct signalfd_siginfo info;

	if (read(s->signals, &info, sizeof(info)) != sizeof(info))
		return;
	s->interrupted = (int)info.ssi_signo;
	end_gdbserver(s);
}

static void connect_peer(struct service *s)
{
	s->peer = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC);
	if (s->peer >= 0)
		s->listener = close_fd(s->listener);
}

/* Until gdbserver has ended. */
static void serve(struct service *s)
{
	bool open = true;

	while (open) {
		struct pollfd fds[] = {
			{s->server, POLLIN, 0},
			{s->listener, POLLIN, 0},
			{s->peer, POLLIN, 0},
			{s->signals, POLLIN, 0},
		};

		if (poll(fds, ARRAY_SIZE(fds), -1) < 0 && errno != EINTR)
			break;
		if (fds[3].revents)
			take_signal(s);
		if (fds[2].revents && !pass_on(s->peer, s->ending ? -1 : s->server)) {
			s->peer = close_fd(s->peer);
			end_gdbserver(s);
		}
		if (fds[1].revents)
			connect_peer(s);
		if (fds[0].revents)
			open = pass_on(s->server, s->peer);
	}
	s->server = close_fd(s->server);
}

/* gdbserver's exit status, or that of a program that was interrupted. */
static int reap(struct service *s)
{
	int status;

	while (waitpid(s->gdbserver, &status, 0) < 0) {
		if (errno != EINTR)
			return -errno;
	}
	return s->interrupted ? 128 + s->interrupted : process_exit_status(status);
}

static void tell(const struct debugger *d, const struct dwd_stop *stop, const char *where)
{
	if (d->reachable) {
		d->reachable(stop, where, d->userdata);
		return;
	}
	printf(STOP_FORMAT ": target remote %s\n", STOP_ARGS(stop), where);
	print_flush();
}

static int run_service(const struct debugger *d, struct client *c, struct service *s,
		       const char *where)
{
	int r = start_gdbserver(d, s), status;

	if (r < 0) {
		print_error("cannot run %s: %s", d->program, strerror(-r));
		return r;
	}
	r = prepare(c, s);
	if (r == 0) {
		tell(d, s->stop, where);
		serve(s);
	}
	s->server = close_fd(s->server);
	status = reap(s);
	return r < 0 ? r : status;
}

static int run_gdbserver(const struct debugger *d, struct client *c, const struct dwd_stop *stop)
{
	struct service s = {.stop = stop, .server = -1, .listener = -1, .peer = -1, .signals = -1};
	_cleanup_free_ char *where = NULL;
	sigset_t mask, before;
	int r = open_listener(d->value, &s.listener, &where);

	if (r < 0)
		return r;
	sigemptyset(&mask);
	for (const int *n = (const int[]){SIGINT, SIGTERM, SIGHUP, 0}; *n; n++)
		sigaddset(&mask, *n);
	sigprocmask(SIG_BLOCK, &mask, &before);
	s.signals = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	r = run_service(d, c, &s, where);
	close_fd(s.listener);
	close_fd(s.peer);
	close_fd(s.signals);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return r;
}

/* Found out when a process has been stopped for it, it would be too late. */
static enum exit_status check_gdbserver(const struct debugger *d)
{
	_cleanup_free_ char *where = NULL;
	_cleanup_fd_ int listener = -1;

	if (*d->value && !debugger_is_address(d->value)) {
		print_error("--gdbserver %s: not an address, which is HOST:PORT or :PORT",
			    d->value);
		return EXIT_USAGE;
	}
	return open_listener(d->value, &listener, &where) < 0 ? EXIT_FAILED : EXIT_DONE;
}

const struct debugger_kind debugger_gdbserver = {
	.name = "gdbserver",
	.program = "gdbserver",
	.env = "DWD_GDBSERVER",
	.package = "gdbserver",
	.check = check_gdbserver,
	.run = run_gdbserver,
};
