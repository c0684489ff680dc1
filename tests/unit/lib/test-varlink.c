/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Framing: whatever way the bytes come in, the same messages come out, or the error
 * that varlink.h promises. A socketpair stands for the connection; `peer` is its raw other end.
 */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#include "util.h"
#include "varlink.h"

#define MAX_MESSAGE 1024

struct fixture {
	struct varlink *v;
	int peer;
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	int fds[2];

	assert_non_null(f);
	assert_return_code(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), errno);
	assert_int_equal(varlink_new(&f->v, fds[0], MAX_MESSAGE), 0);
	f->peer = fds[1];
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	varlink_free(f->v);
	close_fd(f->peer);
	free(f);
	return 0;
}

static void peer_sends(const struct fixture *f, const void *bytes, size_t n)
{
	assert_int_equal(write(f->peer, bytes, n), n);
}

/* A string literal and the NUL that it ends with anyway. */
#define PEER_SENDS_MESSAGE(f, text) peer_sends(f, text, sizeof(text))

static void peer_closes(struct fixture *f)
{
	f->peer = close_fd(f->peer);
}

/* The next message is there, and is `text`. */
static void assert_receives(const struct fixture *f, const char *text)
{
	json_auto_t *message = NULL, *expected = json_loads(text, 0, NULL);

	assert_non_null(expected);
	assert_int_equal(varlink_receive(f->v, &message), 1);
	assert_true(json_equal(message, expected));
}

static void assert_receive_fails(const struct fixture *f, int error)
{
	json_t *untouched = NULL;

	assert_int_equal(varlink_receive(f->v, &untouched), error);
	assert_null(untouched);
	assert_false(varlink_pending(f->v));
	/* And it stays so. */
	assert_int_equal(varlink_receive(f->v, &untouched), error);
}

static void assert_nothing_yet(const struct fixture *f)
{
	json_t *untouched = NULL;

	assert_int_equal(varlink_receive(f->v, &untouched), 0);
	assert_null(untouched);
}

static void test_takes_over_descriptor(void **state)
{
	const struct fixture *f = *state;
	int fd = varlink_fd(f->v);

	assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
}

static void test_bad_descriptor(void **state)
{
	struct varlink *untouched = NULL;

	assert_int_equal(varlink_new(&untouched, -1, MAX_MESSAGE), -EBADF);
	assert_null(untouched);
	assert_null(varlink_free(NULL));
}

static void test_one_message(void **state)
{
	const struct fixture *f = *state;

	assert_nothing_yet(f);
	PEER_SENDS_MESSAGE(f, "{\"a\": 1}");
	assert_receives(f, "{\"a\": 1}");
	assert_nothing_yet(f);
}

static void test_byte_by_byte(void **state)
{
	static const char text[] = " {\"a\": [\"x\", null]} ";
	const struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(text) - 1; i++) {
		peer_sends(f, &text[i], 1);
		assert_nothing_yet(f);
	}
	peer_sends(f, "", 1);
	assert_receives(f, text);
}

static void test_several_in_one_read(void **state)
{
	const struct fixture *f = *state;

	PEER_SENDS_MESSAGE(f, "{\"a\": 1}\0{\"a\": 2}\0{\"a\": 3}\0{\"a\"");
	assert_false(varlink_pending(f->v));
	assert_receives(f, "{\"a\": 1}");
	assert_true(varlink_pending(f->v));
	assert_receives(f, "{\"a\": 2}");
	assert_receives(f, "{\"a\": 3}");
	/* `{"a"` is a whole message, though not a good one. */
	assert_true(varlink_pending(f->v));
	assert_receive_fails(f, -EBADMSG);
}

static void test_rest_follows(void **state)
{
	const struct fixture *f = *state;

	peer_sends(f, "{}\0{\"a\"", 7);
	assert_receives(f, "{}");
	assert_false(varlink_pending(f->v));
	assert_nothing_yet(f);
	PEER_SENDS_MESSAGE(f, ": 1}");
	assert_receives(f, "{\"a\": 1}");
}

/* A message of exactly `size` bytes, its NUL included. */
static char *message_of_size(size_t size)
{
	char *text = malloc(size);

	assert_non_null(text);
	memset(text, ' ', size);
	memcpy(text, "{}", 2);
	text[size - 1] = '\0';
	return text;
}

static void test_largest_message(void **state)
{
	_cleanup_free_ char *text = message_of_size(MAX_MESSAGE);
	const struct fixture *f = *state;

	peer_sends(f, text, MAX_MESSAGE);
	assert_receives(f, "{}");
}

static void test_message_too_large(void **state)
{
	_cleanup_free_ char *text = message_of_size(MAX_MESSAGE + 1);
	const struct fixture *f = *state;

	peer_sends(f, text, MAX_MESSAGE + 1);
	assert_receive_fails(f, -EMSGSIZE);
}

static void test_message_too_large_is_not_awaited(void **state)
{
	_cleanup_free_ char *text = message_of_size(MAX_MESSAGE + 1);
	const struct fixture *f = *state;

	peer_sends(f, text, MAX_MESSAGE - 1);
	assert_nothing_yet(f);
	peer_sends(f, text + MAX_MESSAGE - 1, 1);
	assert_receive_fails(f, -EMSGSIZE);
}

static void test_large_one_does_not_hide_those_before(void **state)
{
	_cleanup_free_ char *text = message_of_size(2 * MAX_MESSAGE);
	const struct fixture *f = *state;

	PEER_SENDS_MESSAGE(f, "{\"a\": 1}");
	peer_sends(f, text, 2 * MAX_MESSAGE);
	assert_receives(f, "{\"a\": 1}");
	assert_receive_fails(f, -EMSGSIZE);
}

static void test_end_between_messages(void **state)
{
	struct fixture *f = *state;

	PEER_SENDS_MESSAGE(f, "{\"a\": 1}");
	peer_closes(f);
	assert_receives(f, "{\"a\": 1}");
	assert_receive_fails(f, -ECONNRESET);
}

static void test_end_within_message(void **state)
{
	struct fixture *f = *state;

	peer_sends(f, "{\"a\"", 4);
	peer_closes(f);
	assert_receive_fails(f, -EPIPE);
}

/* The kernel reports a peer that left bytes unread in another way. */
static void test_end_with_bytes_unread(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(varlink_enqueue(f->v, varlink_reply(NULL, false)), 0);
	assert_int_equal(varlink_flush(f->v), 1);
	PEER_SENDS_MESSAGE(f, "{\"a\": 1}");
	peer_sends(f, "{\"a\"", 4);
	peer_closes(f);
	assert_receives(f, "{\"a\": 1}");
	assert_receive_fails(f, -EPIPE);
}

static void test_bad_messages(void **state)
{
	static const char *const bad[] = {
		"",
		" ",
		"[]",
		"1",
		"\"text\"",
		"null",
		"{",
		"{}}",
		"{} {}",
		"{\"a\":}",
		"{\"a\":1,}",
		"{a:1}",
		"{'a':1}",
		"{\"a\":1, \"a\":2}",
		"{\"x\":{\"a\":1, \"\\u0061\":2}}",
		"{\"a\":\"\xff\"}",
		"{\"a\":\"\xc0\xaf\"}",
		"{\"a\":\"\xed\xa0\x80\"}",
		"{\"\xc3\x28\":1}",
		"{\"a\":\"x\\u0000y\"}",
		"{\"x\\u0000\":1}",
		"{\"a\":\"\\ud800\"}",
		"{\"a\":\"\n\"}",
		"{\"a\":9223372036854775808}",
		"{\"a\":01}",
		"{\"a\":1e999}",
		"{\"a\":nul}",
		"{\"a\":NaN}",
		"\xef\xbb\xbf{}",
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct fixture *f;

		set_up((void **)&f);
		peer_sends(f, bad[i], strlen(bad[i]) + 1);
		assert_receive_fails(f, -EBADMSG);
		tear_down((void **)&f);
	}
}

/* {"a":[[[...]]]} with `depth` values in one another. */
static int receive_nested(size_t depth)
{
	_cleanup_free_ char *text = calloc(1, 2 * depth + 16);
	size_t arrays = depth - 1;
	json_auto_t *message = NULL;
	struct varlink *v;
	int fds[2], r;

	assert_non_null(text);
	assert_return_code(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), errno);
	assert_int_equal(varlink_new(&v, fds[0], 1 << 20), 0);
	strcpy(text, "{\"a\":");
	memset(text + 5, '[', arrays);
	memset(text + 5 + arrays, ']', arrays);
	text[5 + 2 * arrays] = '}';
	assert_int_equal(write(fds[1], text, strlen(text) + 1), strlen(text) + 1);
	r = varlink_receive(v, &message);
	varlink_free(v);
	close_fd(fds[1]);
	return r;
}

static void test_nesting(void **state)
{
	assert_int_equal(receive_nested(JSON_PARSER_MAX_DEPTH), 1);
	assert_int_equal(receive_nested(JSON_PARSER_MAX_DEPTH + 1), -EBADMSG);
	assert_int_equal(receive_nested(50000), -EBADMSG);
}

/* Read what is there; returns the new end. */
static char *peer_reads(const struct fixture *f, char *at, size_t n)
{
	ssize_t got = recv(f->peer, at, n, MSG_DONTWAIT);

	if (got < 0)
		assert_int_equal(errno, EAGAIN);
	return got > 0 ? at + got : at;
}

static void test_sends_compact_text(void **state)
{
	static const char expected[] = "{\"parameters\":{\"a\":[1,\"\xc3\xa4\",null]}}\0"
				       "{\"error\":\"a.b.C\",\"parameters\":{}}";
	const struct fixture *f = *state;
	char got[sizeof(expected) + 1];

	assert_int_equal(varlink_flush(f->v), 1);
	assert_int_equal(
		varlink_enqueue(f->v,
				varlink_reply(json_pack("{s:[i,s,n]}", "a", 1, "\xc3\xa4"), 0)),
		0);
	assert_int_equal(varlink_enqueue(f->v, varlink_error("a.b.C", NULL)), 0);
	assert_int_equal(varlink_queued(f->v), sizeof(expected));
	assert_int_equal(varlink_flush(f->v), 1);
	assert_int_equal(varlink_queued(f->v), 0);
	assert_ptr_equal(peer_reads(f, got, sizeof(got)), got + sizeof(expected));
	assert_memory_equal(got, expected, sizeof(expected));
}

static void test_nothing_to_enqueue(void **state)
{
	const struct fixture *f = *state;

	assert_int_equal(varlink_enqueue(f->v, NULL), -ENOMEM);
	assert_int_equal(varlink_queued(f->v), 0);
}

static void test_peer_is_gone(void **state)
{
	struct fixture *f = *state;

	peer_closes(f);
	assert_int_equal(varlink_enqueue(f->v, varlink_reply(NULL, false)), 0);
	assert_int_equal(varlink_flush(f->v), -EPIPE);
}

/* Much more than the socket takes, with more enqueued while the peer reads bit by bit. */
static void test_slow_reader(void **state)
{
	enum { MESSAGES = 300, PADDING = 20000, LATER = 100 };
	const struct fixture *f = *state;
	_cleanup_free_ char *padding = message_of_size(PADDING);
	_cleanup_free_ char *got = malloc((MESSAGES + LATER) * (size_t)(PADDING + 100));
	char *at = got, *message = got;
	int sent = 0, finished = 0;

	assert_non_null(got);
	while (sent < MESSAGES || !finished) {
		if (sent < MESSAGES + LATER) {
			json_t *parameters = json_pack("{s:i, s:s}", "n", sent++, "p", padding);

			assert_int_equal(varlink_enqueue(f->v, varlink_reply(parameters, true)), 0);
		}
		if (sent < MESSAGES)
			continue;
		finished = varlink_flush(f->v);
		assert_in_range(finished, 0, 1);
		assert_true(finished == (varlink_queued(f->v) == 0));
		at = peer_reads(f, at, 7777);
	}
	for (char *end = NULL; end != at; at = peer_reads(f, at, 1 << 20))
		end = at;
	assert_int_equal(sent, MESSAGES + LATER);
	for (int i = 0; i < sent; i++) {
		json_auto_t *reply = json_loads(message, 0, NULL);
		const json_t *parameters = json_object_get(reply, "parameters");

		assert_int_equal(json_integer_value(json_object_get(parameters, "n")), i);
		assert_string_equal(json_string_value(json_object_get(parameters, "p")), padding);
		message += strlen(message) + 1;
	}
	assert_ptr_equal(message, at);
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(takes_over_descriptor),
		cmocka_unit_test(test_bad_descriptor),
		TEST(one_message),
		TEST(byte_by_byte),
		TEST(several_in_one_read),
		TEST(rest_follows),
		TEST(largest_message),
		TEST(message_too_large),
		TEST(message_too_large_is_not_awaited),
		TEST(large_one_does_not_hide_those_before),
		TEST(end_between_messages),
		TEST(end_within_message),
		TEST(end_with_bytes_unread),
		cmocka_unit_test(test_bad_messages),
		cmocka_unit_test(test_nesting),
		TEST(sends_compact_text),
		TEST(nothing_to_enqueue),
		TEST(peer_is_gone),
		TEST(slow_reader),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
