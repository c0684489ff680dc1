/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Calls and replies: how they are made, and what is taken for one.
 */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>

#include "interface.h"
#include "util.h"
#include "varlink.h"

static void assert_text(json_t *message, const char *expected)
{
	_cleanup_free_ char *text = json_dumps(message, JSON_COMPACT);

	assert_string_equal(text, expected);
	json_decref(message);
}

static void test_makes_messages(void **state)
{
	assert_text(varlink_call("a.b.C", NULL, false, false),
		    "{\"method\":\"a.b.C\",\"parameters\":{}}");
	assert_text(
		varlink_call("a.b.C", json_pack("{s:i}", "x", 1), true, true),
		"{\"method\":\"a.b.C\",\"parameters\":{\"x\":1},\"more\":true,\"oneway\":true}");
	assert_text(varlink_reply(NULL, false), "{\"parameters\":{}}");
	assert_text(varlink_reply(json_pack("{s:i}", "x", 1), true),
		    "{\"parameters\":{\"x\":1},\"continues\":true}");
	assert_text(varlink_error("a.b.E", json_pack("{s:i}", "x", 1)),
		    "{\"error\":\"a.b.E\",\"parameters\":{\"x\":1}}");
}

static void test_parses_call(void **state)
{
	json_auto_t *message = json_loads("{\"method\": \"a.b.C\", \"parameters\": {\"x\": 1},"
					  " \"more\": true, \"oneway\": false, \"upgrade\": true}",
					  0, NULL);
	struct varlink_method_call call;

	assert_int_equal(varlink_parse_call(message, &call), 0);
	assert_string_equal(call.method, "a.b.C");
	assert_ptr_equal(call.parameters, json_object_get(message, "parameters"));
	assert_true(call.more);
	assert_false(call.oneway);
	assert_true(call.upgrade);
}

static void test_parses_smallest_call(void **state)
{
	static const char *const texts[] = {
		"{\"method\": \"a.b.C\"}",
		"{\"method\": \"a.b.C\", \"parameters\": null, \"more\": null, \"unknown\": 1}",
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		json_auto_t *message = json_loads(texts[i], 0, NULL);
		struct varlink_method_call call;

		assert_int_equal(varlink_parse_call(message, &call), 0);
		assert_true(json_is_object(call.parameters));
		assert_int_equal(json_object_size(call.parameters), 0);
		assert_false(call.more || call.oneway || call.upgrade);
	}
}

static void test_parses_reply(void **state)
{
	json_auto_t *good =
		json_loads("{\"parameters\": {\"x\": 1}, \"continues\": true}", 0, NULL);
	json_auto_t *bad = json_loads("{\"error\": \"a.b.E\"}", 0, NULL);
	struct varlink_method_reply reply;

	assert_int_equal(varlink_parse_reply(good, &reply), 0);
	assert_null(reply.error);
	assert_true(reply.continues);
	assert_int_equal(json_object_size(reply.parameters), 1);
	assert_int_equal(varlink_parse_reply(bad, &reply), 0);
	assert_string_equal(reply.error, "a.b.E");
	assert_false(reply.continues);
	assert_int_equal(json_object_size(reply.parameters), 0);
}

static void test_refuses_mistyped_members(void **state)
{
	static const char *const calls[] = {
		"{}",
		"{\"method\": 1}",
		"{\"method\": null}",
		"{\"method\": \"a.b.C\", \"parameters\": []}",
		"{\"method\": \"a.b.C\", \"more\": 1}",
		"{\"method\": \"a.b.C\", \"oneway\": \"yes\"}",
		"{\"method\": \"a.b.C\", \"upgrade\": {}}",
	};
	static const char *const replies[] = {
		"{\"error\": 1}",
		"{\"parameters\": \"x\"}",
		"{\"continues\": 1}",
	};

	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		json_auto_t *message = json_loads(calls[i], 0, NULL);
		struct varlink_method_call call = {.method = "untouched"};

		assert_int_equal(varlink_parse_call(message, &call), -EBADMSG);
		assert_string_equal(call.method, "untouched");
	}
	for (size_t i = 0; i < ARRAY_SIZE(replies); i++) {
		json_auto_t *message = json_loads(replies[i], 0, NULL);
		struct varlink_method_reply reply;

		assert_int_equal(varlink_parse_reply(message, &reply), -EBADMSG);
	}
}

/* The interface that is served is the file, byte by byte. */
static void test_interface_text(void **state)
{
	size_t n = strlen(dwd_interface_varlink);
	_cleanup_free_ char *text = malloc(n + 1);
	FILE *file = fopen(INTERFACE_FILE, "re");

	assert_non_null(text);
	assert_non_null(file);
	assert_int_equal(fread(text, 1, n + 1, file), n);
	fclose(file);
	assert_memory_equal(text, dwd_interface_varlink, n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_makes_messages),
		cmocka_unit_test(test_parses_call),
		cmocka_unit_test(test_parses_smallest_call),
		cmocka_unit_test(test_parses_reply),
		cmocka_unit_test(test_refuses_mistyped_members),
		cmocka_unit_test(test_interface_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
