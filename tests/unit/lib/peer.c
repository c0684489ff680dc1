/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "peer.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "util.h"
#include "varlink.h"

#define MAX_CONNECTIONS 4

struct peer {
	const struct peer_step *steps;
	char directory[sizeof("/tmp/dwd-peer-XXXXXX")];
	struct sockaddr_un address;
	int listen_fd;
	struct varlink *connections[MAX_CONNECTIONS];
	int accepted;
	pthread_t thread, client;
	char problem[1024]; /* what did not go as written */
};

static void wait_for(int fd, short events, int timeout)
{
	struct pollfd p = {fd, events, 0};

	while (poll(&p, 1, timeout) < 0 && errno == EINTR)
		;
}

/* Each step returns whether it went as written; a problem is noted for the thread of the test. */
_printf_(2, 3) static bool problem(struct peer *p, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(p->problem, sizeof(p->problem), format, args);
	va_end(args);
	return false;
}

static bool accept_client(struct peer *p)
{
	int fd = accept4(p->listen_fd, NULL, NULL, SOCK_CLOEXEC);

	if (fd < 0 || varlink_new(&p->connections[p->accepted], fd, 16 << 20) < 0)
		return problem(p, "accept: %s", strerror(errno));
	p->accepted++;
	return true;
}

/* What comes next: as varlink_receive(), but blocking. */
static int receive(struct varlink *v, json_t **ret)
{
	int r;

	while ((r = varlink_receive(v, ret)) == 0)
		wait_for(varlink_fd(v), POLLIN, -1);
	return r;
}

static bool expect(struct peer *p, struct varlink *v, const char *text)
{
	json_auto_t *expected = json_loads(text, 0, NULL), *message = NULL;
	_cleanup_free_ char *got = NULL;
	int r;

	if (!expected)
		return problem(p, "the script's own JSON is bad: %s", text);
	r = receive(v, &message);
	if (r < 0)
		return problem(p, "expected %s, got %s", text, strerror(-r));
	got = json_dumps(message, JSON_COMPACT);
	return json_equal(expected, message) || problem(p, "expected %s, got %s", text, got);
}

static bool expect_end(struct peer *p, struct varlink *v)
{
	json_auto_t *message = NULL;
	int r;

	r = receive(v, &message);
	return r == -ECONNRESET ||
	       problem(p, "expected the end, got %s", r < 0 ? strerror(-r) : "a message");
}

static bool send_text(struct peer *p, const struct varlink *v, const char *text, size_t n)
{
	while (n > 0) {
		ssize_t sent = send(varlink_fd(v), text, n, MSG_NOSIGNAL);

		if (sent < 0 && errno != EAGAIN && errno != EINTR)
			return problem(p, "send: %s", strerror(errno));
		if (sent < 0) {
			wait_for(varlink_fd(v), POLLOUT, -1);
			continue;
		}
		text += sent;
		n -= (size_t)sent;
	}
	return true;
}

static bool send_message(struct peer *p, const struct varlink *v, const char *text, int repeat)
{
	bool good = true;

	for (int i = 0; i < (repeat ? repeat : 1) && good; i++)
		good = send_text(p, v, text, strlen(text) + 1);
	return good;
}

/* One signal may come before the client waits, so they are sent until it acts on one. */
static bool interrupt(struct peer *p, struct varlink *v)
{
	json_auto_t *message = NULL;
	int r;

	while ((r = varlink_receive(v, &message)) == 0) {
		pthread_kill(p->client, PEER_SIGNAL);
		wait_for(varlink_fd(v), POLLIN, 1);
	}
	return r == -ECONNRESET || problem(p, "interrupted, but got no end");
}

static bool do_step(struct peer *p, const struct peer_step *step)
{
	struct varlink **v = &p->connections[step->connection];

	switch (step->action) {
	case PEER_ACCEPT:
		return accept_client(p);
	case PEER_EXPECT:
		return expect(p, *v, step->text);
	case PEER_EXPECT_END:
		return expect_end(p, *v);
	case PEER_SEND:
		return send_message(p, *v, step->text, step->repeat);
	case PEER_SEND_PART:
		return send_text(p, *v, step->text, strlen(step->text));
	case PEER_HANG_UP:
		*v = varlink_free(*v);
		return true;
	case PEER_INTERRUPT:
		return interrupt(p, *v);
	case PEER_END:
		break;
	}
	return problem(p, "unknown action");
}

static void *run(void *userdata)
{
	struct peer *p = userdata;
	const struct peer_step *step = p->steps;

	while (step->action != PEER_END && do_step(p, step))
		step++;
	/* So that the client's side ends too, whatever it waits for. */
	if (*p->problem)
		for (int i = 0; i < p->accepted; i++)
			p->connections[i] = varlink_free(p->connections[i]);
	p->listen_fd = close_fd(p->listen_fd);
	return NULL;
}

static void ignore(int signal)
{
}

struct peer *peer_start(const struct peer_step *steps)
{
	const struct sigaction action = {.sa_handler = ignore};
	struct peer *p = calloc(1, sizeof(*p));

	assert_non_null(p);
	p->steps = steps;
	p->client = pthread_self();
	strcpy(p->directory, "/tmp/dwd-peer-XXXXXX");
	assert_non_null(mkdtemp(p->directory));
	p->address.sun_family = AF_UNIX;
	snprintf(p->address.sun_path, sizeof(p->address.sun_path), "%s/socket", p->directory);
	p->listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_return_code(p->listen_fd, errno);
	assert_return_code(
		bind(p->listen_fd, (const struct sockaddr *)&p->address, sizeof(p->address)),
		errno);
	assert_return_code(listen(p->listen_fd, 8), errno);
	assert_return_code(sigaction(PEER_SIGNAL, &action, NULL), errno);
	assert_int_equal(pthread_create(&p->thread, NULL, run, p), 0);
	return p;
}

const char *peer_socket(const struct peer *p)
{
	return p->address.sun_path;
}

void peer_finish(struct peer *p)
{
	char message[sizeof(p->problem)];

	assert_int_equal(pthread_join(p->thread, NULL), 0);
	for (int i = 0; i < p->accepted; i++)
		varlink_free(p->connections[i]);
	unlink(p->address.sun_path);
	rmdir(p->directory);
	strcpy(message, p->problem);
	free(p);
	if (*message)
		fail_msg("%s", message);
}
