/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The connection of libdwd: sockets, one call at a time, and how it all ends.
 *
 * Varlink answers the calls of one connection strictly in order, so a subscription, whose replies
 * never end, would keep every later call from being answered. Therefore a `struct dwd` has up to
 * two sockets: one for calls, and, from dwd_subscribe() on, a second one for events. The daemon
 * answers a subscription at once, so nothing that happens after dwd_subscribe() returned is missed.
 *
 * The descriptor for the caller's loop is an epoll that holds both sockets (that of the calls shows
 * the daemon's death) and an eventfd, which is readable while events are queued that were read
 * during a call: their socket would no longer be. It is the same from connect to close.
 *
 * A call that fails with an error of the daemon leaves the connection as it was. A stream that
 * fails, or makes no sense, or a wait that a signal ends, ends the connection: its sockets are
 * closed at once (the daemon then takes claims back and forgets the wait), every later call answers
 * -ENOTCONN and dwd_dispatch() tells the listener. A signal ends only calls that may wait long; the
 * others are answered promptly and go on. A daemon that does not answer within its time, counted
 * anew for each reply, is taken for one that has gone.
 */

#include "connection.h"

#include <grp.h>
#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>

/* The daemon sends long lists in pieces far smaller than this. */
#define MAX_REPLY (16u << 20)

/* Of this thread's last failed dwd_connect(). The path of a socket is short, so anything fits. */
static __thread char connect_message[1024];

_printf_(2, 0) static void set_message(char **message, const char *format, va_list args)
{
	char *old = *message; /* which `args` may speak of */

	if (vasprintf(message, format, args) < 0)
		*message = NULL;
	free(old);
}

int conn_fail(struct dwd *d, int error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	set_message(&d->message, format, args);
	va_end(args);
	return error;
}

int conn_break(struct dwd *d, int error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	set_message(&d->broken_message, format, args);
	va_end(args);
	d->broken = error;
	d->calls = varlink_free(d->calls);
	d->events = varlink_free(d->events);
	conn_update_wake(d);
	return conn_fail(d, error, "%s", conn_broken_message(d));
}

const char *conn_broken_message(const struct dwd *d)
{
	return d->broken_message ? d->broken_message : strerror(-d->broken);
}

int conn_fail_reply(struct dwd *d, int error, const char *what)
{
	if (error != -EPROTO)
		return conn_fail(d, error, "%s: %s", d->method, strerror(-error));
	return conn_fail(
		d, error,
		"dwdd's answer to %s is not understood: '%s' is missing or wrong; dwdd and "
		"libdwd may be of different versions",
		d->method, what);
}

int conn_check(struct dwd *d)
{
	if (d->in_callback)
		return conn_fail(d, -EDEADLK, "called from within a callback of this connection");
	if (d->broken)
		return conn_fail(d, -ENOTCONN, "not connected any more: %s",
				 conn_broken_message(d));
	return 0;
}

void conn_update_wake(struct dwd *d)
{
	bool wake = d->broken || json_array_size(d->queue) > 0 ||
		    (d->events && varlink_pending(d->events));
	eventfd_t value;

	if (wake == d->awake)
		return;
	/* Neither can fail or block: the counter goes between 0 and 1. */
	if (wake)
		(void)eventfd_write(d->wake_fd, 1);
	else
		(void)eventfd_read(d->wake_fd, &value);
	d->awake = wake;
}

static int open_socket(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	_cleanup_fd_ int fd = -1;

	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	strcpy(address.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	return steal_fd(&fd);
}

/* The group whose members the socket is for, by name or else number; "" if it is for no group. To
 * be freed; NULL on lack of memory. */
static char *group_of(const struct stat *socket)
{
	const struct group *group;
	char *number;

	if (!(socket->st_mode & S_IWGRP) || socket->st_gid == 0)
		return strdup("");
	group = getgrgid(socket->st_gid); /* NOLINT(concurrency-mt-unsafe) */
	if (group)
		return strdup(group->gr_name);
	return asprintf(&number, "%u", (unsigned)socket->st_gid) < 0 ? NULL : number;
}

static int fail_permission(struct dwd *d, int error, const char *path)
{
	_cleanup_free_ char *group = NULL;
	struct stat st;

	/* It is the directory that is closed, and so the socket's own group is not known. */
	if (stat(d->socket, &st) < 0)
		return conn_fail(d, error,
				 "permission denied on %s: its directory lets only others in; run "
				 "this as root, or have yourself let in",
				 path);
	group = group_of(&st);
	if (group && *group)
		return conn_fail(d, error,
				 "permission denied on %s: only root and members of the group '%s' "
				 "may talk to dwdd; run this as root, or have yourself added "
				 "(usermod -aG %s USER, and a new login)",
				 path, group, group);
	return conn_fail(d, error,
			 "permission denied on %s: only root may talk to dwdd; run this as root",
			 path);
}

static int fail_open(struct dwd *d, int error)
{
	_cleanup_free_ char *escaped = varlink_escape(d->socket, strlen(d->socket));
	const char *path = escaped ? escaped : "its socket";

	switch (-error) {
	case ENOENT:
	case ENOTDIR:
	case ECONNREFUSED:
		return conn_fail(d, -ECONNREFUSED,
				 "no dwdd listens on %s: start dwdd, or name its socket", path);
	case EACCES:
	case EPERM:
		return fail_permission(d, error, path);
	case ENAMETOOLONG:
		return conn_fail(
			d, error,
			"cannot connect to %s: a socket's path has 107 bytes at most, one that "
			"dwdd makes 106",
			path);
	default:
		return conn_fail(d, error, "cannot connect to %s: %s", path, strerror(-error));
	}
}

int conn_open(struct dwd *d, struct varlink **ret)
{
	_cleanup_(varlink_freep) struct varlink *v = NULL;
	_cleanup_fd_ int fd = open_socket(d->socket);
	struct epoll_event event = {.events = EPOLLIN};
	int r;

	if (fd < 0)
		return fail_open(d, fd);
	r = varlink_new(&v, fd, MAX_REPLY);
	if (r < 0)
		return fail_open(d, r);
	steal_fd(&fd);
	if (epoll_ctl(d->epoll_fd, EPOLL_CTL_ADD, varlink_fd(v), &event) < 0)
		return fail_open(d, -errno);
	*ret = steal_pointer(v);
	return 0;
}

/* Which socket is meant. */
static const char *choose_socket(const char *socket)
{
	const char *env = secure_getenv("DWD_SOCKET");

	if (socket)
		return socket;
	return env && *env ? env : DWD_DEFAULT_SOCKET;
}

/* A connection without sockets to the daemon. */
static int conn_new(struct dwd **ret, const char *socket)
{
	_cleanup_(dwd_closep) struct dwd *d = calloc(1, sizeof(*d));
	struct epoll_event event = {.events = EPOLLIN};

	if (!d)
		return -ENOMEM;
	d->epoll_fd = d->wake_fd = -1;
	d->patience = DWD_DEFAULT_PATIENCE;
	d->socket = strdup(socket);
	d->queue = json_array();
	if (!d->socket || !d->queue)
		return -ENOMEM;
	d->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	d->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (d->epoll_fd < 0 || d->wake_fd < 0)
		return -errno;
	if (epoll_ctl(d->epoll_fd, EPOLL_CTL_ADD, d->wake_fd, &event) < 0)
		return -errno;
	*ret = steal_pointer(d);
	return 0;
}

int dwd_connect(struct dwd **ret, const char *socket)
{
	_cleanup_(dwd_closep) struct dwd *d = NULL;
	int r;

	r = conn_new(&d, choose_socket(socket));
	if (d)
		r = conn_open(d, &d->calls);
	if (r < 0) {
		snprintf(connect_message, sizeof(connect_message), "%s",
			 d && d->message ? d->message : strerror(-r));
		return r;
	}
	*ret = steal_pointer(d);
	return 0;
}

struct dwd *dwd_close(struct dwd *d)
{
	if (!d)
		return NULL;
	varlink_free(d->calls);
	varlink_free(d->events);
	close_fd(d->epoll_fd);
	close_fd(d->wake_fd);
	json_decref(d->queue);
	json_decref(d->request);
	free(d->socket);
	free(d->message);
	free(d->broken_message);
	free(d);
	return NULL;
}

const char *dwd_error(struct dwd *d)
{
	if (!d)
		return connect_message;
	return d->message ? d->message : "";
}

void dwd_set_patience(struct dwd *d, int ms)
{
	d->patience = ms;
}

int dwd_get_fd(struct dwd *d)
{
	return d->epoll_fd;
}

int dwd_get_events(struct dwd *d)
{
	return POLLIN;
}

int conn_send(struct dwd *d, struct varlink *v, const char *method, json_t *parameters, bool more)
{
	char name[64];
	int r;

	json_decref(d->request);
	d->request = parameters;
	d->method = method;
	if (!parameters)
		return conn_fail(d, -ENOMEM, "%s: %s", method, strerror(ENOMEM));
	snprintf(name, sizeof(name), "io.dwd.Watchdog.%s", method);
	r = varlink_enqueue(v, varlink_call(name, json_incref(parameters), more, false));
	return r < 0 ? conn_fail(d, r, "%s: %s", method, strerror(-r)) : 0;
}

int64_t conn_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int conn_time_left(int64_t timeout, int64_t start)
{
	int64_t passed = conn_now() - start, left = timeout - passed;

	return timeout < 0 ? -1 : left <= 0 ? 0 : left < INT_MAX ? (int)left : INT_MAX;
}

/* Block, at most `time` ms, until `v` can go on, and queue the events that come meanwhile. */
static int wait_for(struct dwd *d, const struct varlink *v, int time, bool interruptible)
{
	struct pollfd fds[] = {
		{varlink_fd(v), POLLIN, 0},
		{d->events && events_wanted(d) ? varlink_fd(d->events) : -1, POLLIN, 0},
	};
	int r;

	if (varlink_queued(v))
		fds[0].events |= POLLOUT;
	r = poll(fds, ARRAY_SIZE(fds), time);
	if (r < 0)
		return errno == EINTR && !interruptible ? 0 : -errno;
	if (r == 0)
		return -ETIMEDOUT;
	return fds[1].revents ? events_read(d) : 0;
}

/* Write what is queued and block for one message. */
static int exchange(struct dwd *d, struct varlink *v, int timeout, json_t **ret)
{
	int64_t limit = timeout < 0 || d->patience < 0 ? -1 : (int64_t)timeout + d->patience;
	int64_t start = conn_now();
	int r;

	for (;;) {
		r = varlink_flush(v);
		/* A daemon that hung up may have said why before. */
		if (r < 0 && r != -EPIPE)
			return r;
		r = varlink_receive(v, ret);
		if (r != 0)
			return r;
		r = wait_for(d, v, conn_time_left(limit, start), timeout != 0);
		if (r < 0)
			return r;
	}
}

int conn_fail_stream(struct dwd *d, const struct varlink *v, int error)
{
	int (*fail)(struct dwd *, int, const char *, ...) =
		v == d->calls || v == d->events ? conn_break : conn_fail;

	/* What the daemon told before it fell silent is still to be delivered. */
	if (v == d->calls && d->events && events_read(d) < 0)
		return d->broken;
	switch (-error) {
	case EPIPE:
		return fail(
			d, -ECONNRESET,
			"dwdd closed the connection in the middle of a message: it was ended, or "
			"nothing had been read here for half a minute; its log says which");
	case ECONNRESET:
		return fail(d, -ECONNRESET, "dwdd closed the connection");
	case EBADMSG:
	case EMSGSIZE:
		return fail(d, -EPROTO, "what answers is not dwdd: it sent no Varlink message");
	case ETIMEDOUT:
		return fail(d, -ECONNRESET,
			    "dwdd does not answer: it took more than %g s over %s; the log of dwdd "
			    "may say why, and ending it lets everything run that it has stopped",
			    d->patience / 1000.0, d->method);
	case EINTR:
		return fail(d, -EINTR, "interrupted by a signal");
	default:
		return fail(d, error, "connection to dwdd: %s", strerror(-error));
	}
}

int conn_receive(struct dwd *d, struct varlink *v, int timeout, json_t **ret, bool *continues)
{
	struct varlink_method_reply reply;
	json_auto_t *message = NULL;
	int r;

	r = exchange(d, v, timeout, &message);
	/* The subscription may have failed and taken `v` along. */
	if (d->broken)
		return r;
	if (r >= 0)
		r = varlink_parse_reply(message, &reply);
	if (r < 0)
		return conn_fail_stream(d, v, r);
	if (reply.error)
		return error_from_reply(d, reply.error, reply.parameters);
	*continues = reply.continues;
	*ret = json_incref(reply.parameters);
	return 0;
}

int conn_call(struct dwd *d, const char *method, json_t *parameters, int timeout, json_t **ret)
{
	json_auto_t *reply = NULL;
	bool continues;
	int r;

	r = conn_send(d, d->calls, method, parameters, false);
	if (r == 0)
		r = conn_receive(d, d->calls, timeout, &reply, &continues);
	if (r < 0)
		return r;
	if (continues)
		return conn_break(d, -EPROTO, "dwdd answered %s more than once", method);
	*ret = steal_pointer(reply);
	return 0;
}

int conn_collect(struct dwd *d, const char *method, json_t *parameters, const char *key,
		 json_t **ret)
{
	json_auto_t *all = json_array();
	bool continues = true;
	int r;

	r = conn_send(d, d->calls, method, parameters, true);
	while (r == 0 && continues) {
		json_auto_t *reply = NULL;
		json_t *part;

		r = conn_receive(d, d->calls, 0, &reply, &continues);
		if (r < 0)
			break;
		part = json_object_get(reply, key);
		/* More replies may be under way, which nobody would read. */
		if (!json_is_array(part))
			r = conn_break(d, -EPROTO, "dwdd answered %s without '%s'", method, key);
		else if (json_array_extend(all, part) < 0)
			r = conn_break(d, -ENOMEM, "%s: %s", method, strerror(ENOMEM));
	}
	if (r < 0)
		return r;
	*ret = steal_pointer(all);
	return 0;
}

ssize_t conn_count(struct dwd *d, const char *method, json_t *parameters, const char *key)
{
	bool continues = true;
	json_int_t sum = 0;
	int r;

	r = conn_send(d, d->calls, method, parameters, true);
	while (r == 0 && continues) {
		json_auto_t *reply = NULL;
		const json_t *part;

		r = conn_receive(d, d->calls, 0, &reply, &continues);
		if (r < 0)
			break;
		part = json_object_get(reply, key);
		if (!json_is_integer(part) || json_integer_value(part) < 0 ||
		    json_integer_value(part) > SSIZE_MAX - sum)
			r = continues ? conn_break(d, -EPROTO, "dwdd answered %s without '%s'",
						   method, key)
				      : conn_fail_reply(d, -EPROTO, key);
		else
			sum += json_integer_value(part);
	}
	return r < 0 ? r : (ssize_t)sum;
}
