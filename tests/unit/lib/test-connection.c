/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * How a connection of libdwd begins and ends.
 */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "peer.h"
#include "samples.h"
#include "util.h"

struct directory {
	char path[sizeof("/tmp/dwd-test-XXXXXX")];
	char socket[sizeof("/tmp/dwd-test-XXXXXX/socket")];
};

static void make_directory(struct directory *dir)
{
	strcpy(dir->path, "/tmp/dwd-test-XXXXXX");
	assert_non_null(mkdtemp(dir->path));
	snprintf(dir->socket, sizeof(dir->socket), "%s/socket", dir->path);
}

static void remove_directory(const struct directory *dir)
{
	unlink(dir->socket);
	assert_return_code(rmdir(dir->path), errno);
}

static int listen_at(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	strcpy(address.sun_path, path);
	assert_return_code(bind(fd, (struct sockaddr *)&address, sizeof(address)), errno);
	assert_return_code(listen(fd, 1), errno);
	return fd;
}

static void assert_no_daemon(const char *socket)
{
	struct dwd *untouched = NULL;

	assert_int_equal(dwd_connect(&untouched, socket), -ECONNREFUSED);
	assert_null(untouched);
	assert_non_null(strstr(dwd_error(NULL), "no dwdd listens on "));
	assert_non_null(strstr(dwd_error(NULL), socket));
}

static void test_nobody_listens(void **state)
{
	struct directory dir;

	make_directory(&dir);
	assert_no_daemon(dir.socket);
	assert_no_daemon("/dev/null/socket");
	/* A daemon died and its socket is still there. */
	close_fd(listen_at(dir.socket));
	assert_no_daemon(dir.socket);
	remove_directory(&dir);
}

static void test_odd_paths(void **state)
{
	struct dwd *untouched = NULL;
	char path[200];

	memset(path, 'x', sizeof(path));
	path[sizeof(path) - 1] = '\0';
	assert_int_equal(dwd_connect(&untouched, path), -ENAMETOOLONG);
	assert_non_null(strstr(dwd_error(NULL), "107 bytes"));
	assert_int_equal(dwd_connect(&untouched, "/\x1b[31m"), -ECONNREFUSED);
	assert_non_null(strstr(dwd_error(NULL), "/\\x1b[31m"));
	assert_null(untouched);
}

/* In a child that is nobody: to root nothing is forbidden. Its status tells what it saw. */
static int connect_as_nobody(const char *socket)
{
	struct dwd *d = NULL;
	int r;

	if (geteuid() == 0 && setresuid(65534, 65534, 65534) < 0)
		return 1;
	r = dwd_connect(&d, socket);
	if (r != -EACCES)
		return 2;
	return strstr(dwd_error(NULL), "permission denied on ") ? 0 : 3;
}

static void test_permission_denied(void **state)
{
	struct directory dir;
	int fd, status;
	pid_t pid;

	make_directory(&dir);
	fd = listen_at(dir.socket);
	assert_return_code(chmod(dir.path, 0755), errno);
	assert_return_code(chmod(dir.socket, geteuid() == 0 ? 0600 : 0), errno);
	pid = fork();
	assert_return_code(pid, errno);
	if (pid == 0)
		_exit(connect_as_nobody(dir.socket));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	close_fd(fd);
	remove_directory(&dir);
}

static void test_socket_from_environment(void **state)
{
	const struct peer_step steps[] = {{PEER_ACCEPT}, {PEER_EXPECT_END, 0}, {PEER_END}};
	struct peer *peer = peer_start(steps);
	struct dwd *d = NULL;

	setenv("DWD_SOCKET", peer_socket(peer), true);
	assert_int_equal(dwd_connect(&d, NULL), 0);
	dwd_close(d);
	peer_finish(peer);
	/* An argument wins. */
	assert_no_daemon("/nonexistent/argument");
	setenv("DWD_SOCKET", "/nonexistent/environment", true);
	assert_int_equal(dwd_connect(&d, NULL), -ECONNREFUSED);
	assert_non_null(strstr(dwd_error(NULL), "/nonexistent/environment"));
	unsetenv("DWD_SOCKET");
}

static int get_status(struct dwd *d)
{
	struct dwd_status *s = NULL;
	int r = dwd_status(d, &s);

	dwd_status_free(s);
	return r;
}

static void expect_prefix(const char *text, const char *prefix)
{
	assert_memory_equal(text, prefix, strlen(prefix));
}

static void expect_closed(struct dwd *d, bool in_a_message)
{
	if (in_a_message)
		expect_prefix(dwd_error(d),
			      "dwdd closed the connection in the middle of a message: ");
	else
		assert_string_equal(dwd_error(d), "dwdd closed the connection");
}

static void test_daemon_dies_in_a_call(void **state)
{
	static const char *const parts[] = {"", "{\"param", "{\"parameters\":{}}"};

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		const struct peer_step steps[] = {
			{PEER_ACCEPT},
			{PEER_EXPECT, 0, CALL("Status", "{}")},
			{PEER_SEND_PART, 0, parts[i]},
			{PEER_HANG_UP, 0},
			{PEER_END},
		};
		struct peer *peer = peer_start(steps);
		struct dwd *d = connect_to(peer);

		assert_int_equal(get_status(d), -ECONNRESET);
		expect_closed(d, parts[i][0] != '\0');
		assert_int_equal(get_status(d), -ENOTCONN);
		expect_prefix(dwd_error(d), "not connected any more: dwdd closed the connection");
		dwd_close(d);
		peer_finish(peer);
	}
}

static void test_daemon_dies_in_a_list(void **state)
{
	const struct peer_step steps[] = {
		{PEER_ACCEPT},
		{PEER_EXPECT, 0, CALL_MORE("ListStops", "{}")},
		{PEER_SEND, 0, REPLY_CONTINUES("{\"stops\":[" STOP "]}")},
		{PEER_HANG_UP, 0},
		{PEER_END},
	};
	struct peer *peer = peer_start(steps);
	struct dwd *d = connect_to(peer);
	struct dwd_stop **untouched = NULL;

	assert_int_equal(dwd_list(d, NULL, &untouched), -ECONNRESET);
	assert_null(untouched);
	dwd_close(d);
	peer_finish(peer);
}

/* A daemon that has too many clients says so and hangs up before it has read the call. */
static void test_last_words_are_heard(void **state)
{
	const struct peer_step steps[] = {
		{PEER_ACCEPT},
		{PEER_SEND, 0,
		 ERROR("io.dwd.Watchdog.LimitReached", "{\"limit\":\"clients\",\"value\":64}")},
		{PEER_HANG_UP, 0},
		{PEER_END},
	};
	struct peer *peer = peer_start(steps);
	struct dwd *d = connect_to(peer);
	struct pollfd p = {dwd_get_fd(d), POLLIN, 0};

	assert_int_equal(poll(&p, 1, -1), 1);
	assert_int_equal(get_status(d), -ENOSPC);
	assert_string_equal(dwd_error(d),
			    "the limit for clients is reached (64): remove some first");
	dwd_close(d);
	peer_finish(peer);
}

static void test_death_shows_without_a_call(void **state)
{
	const struct peer_step steps[] = {{PEER_ACCEPT}, {PEER_HANG_UP, 0}, {PEER_END}};
	struct peer *peer = peer_start(steps);
	struct dwd *d = connect_to(peer);
	struct pollfd p = {dwd_get_fd(d), (short)dwd_get_events(d), 0};

	assert_int_equal(poll(&p, 1, -1), 1);
	assert_int_equal(dwd_dispatch(d, 0), -ECONNRESET);
	assert_int_equal(dwd_dispatch(d, -1), -ECONNRESET);
	assert_int_equal(get_status(d), -ENOTCONN);
	/* Who polls on is not left waiting. */
	assert_int_equal(poll(&p, 1, 0), 1);
	dwd_close(d);
	peer_finish(peer);
}

static void test_signal_ends_a_wait(void **state)
{
	const struct peer_step steps[] = {
		{PEER_ACCEPT},
		{PEER_EXPECT, 0, CALL("Wait", "{\"timeout\":-1}")},
		{PEER_INTERRUPT, 0},
		{PEER_END},
	};
	struct peer *peer = peer_start(steps);
	struct dwd *d = connect_to(peer);
	struct dwd_stop *s = NULL;

	assert_int_equal(dwd_wait(d, NULL, -1, &s), -EINTR);
	assert_string_equal(dwd_error(d), "interrupted by a signal");
	assert_null(s);
	/* The peer has seen the end by now, or its script would go on. */
	peer_finish(peer);
	assert_int_equal(dwd_wait(d, NULL, -1, &s), -ENOTCONN);
	dwd_close(d);
}

/* The peer reads the call and says nothing more until the connection has ended. */
static void test_silence(void **state)
{
	const struct peer_step steps[] = {
		{PEER_ACCEPT},
		{PEER_EXPECT, 0, CALL("Status", "{}")},
		{PEER_EXPECT_END, 0},
		{PEER_END},
	};
	struct peer *peer = peer_start(steps);
	struct dwd *d = connect_to(peer);
	struct dwd_status *status = NULL;

	dwd_set_patience(d, 20);
	assert_int_equal(dwd_status(d, &status), -ECONNRESET);
	assert_string_equal(
		dwd_error(d),
		"dwdd does not answer: it took more than 0.02 s over Status; the log of "
		"dwdd may say why, and ending it lets everything run that it has stopped");
	peer_finish(peer);
	assert_int_equal(dwd_status(d, &status), -ENOTCONN);
	dwd_close(d);
}

/* Time that the caller gave is not silence, nor is any that he did not limit. */
static void test_silence_that_was_asked_for(void **state)
{
	const struct peer_step steps[] = {
		{PEER_ACCEPT},
		{PEER_EXPECT, 0, CALL("Wait", "{\"timeout\":20}")},
		{PEER_EXPECT_END, 0},
		{PEER_ACCEPT},
		{PEER_EXPECT, 1, CALL("Wait", "{\"timeout\":-1}")},
		{PEER_INTERRUPT, 1},
		{PEER_END},
	};
	struct peer *peer = peer_start(steps);
	struct dwd *d = connect_to(peer);
	struct dwd_stop *s = NULL;

	dwd_set_patience(d, 0);
	assert_int_equal(dwd_wait(d, NULL, 20, &s), -ECONNRESET);
	dwd_close(d);
	d = connect_to(peer);
	dwd_set_patience(d, 0);
	assert_int_equal(dwd_wait(d, NULL, -1, &s), -EINTR);
	dwd_close(d);
	peer_finish(peer);
}

static void test_descriptors_are_private(void **state)
{
	const struct peer_step steps[] = {{PEER_ACCEPT}, {PEER_EXPECT_END, 0}, {PEER_END}};
	struct peer *peer = peer_start(steps);
	struct dwd *d = connect_to(peer);

	assert_true(fcntl(dwd_get_fd(d), F_GETFD) & FD_CLOEXEC);
	assert_int_equal(dwd_get_events(d), POLLIN);
	dwd_close(d);
	peer_finish(peer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nobody_listens),
		cmocka_unit_test(test_odd_paths),
		cmocka_unit_test(test_permission_denied),
		cmocka_unit_test(test_socket_from_environment),
		cmocka_unit_test(test_daemon_dies_in_a_call),
		cmocka_unit_test(test_daemon_dies_in_a_list),
		cmocka_unit_test(test_last_words_are_heard),
		cmocka_unit_test(test_death_shows_without_a_call),
		cmocka_unit_test(test_signal_ends_a_wait),
		cmocka_unit_test(test_silence),
		cmocka_unit_test(test_silence_that_was_asked_for),
		cmocka_unit_test(test_descriptors_are_private),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
