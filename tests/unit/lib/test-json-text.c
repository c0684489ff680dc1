/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Reading and writing JSON text: the same as jansson does, on texts of every kind, on all their
 * beginnings, and with every one of their bytes replaced.
 */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "json-text.h"
#include "util.h"

static const char *const texts[] = {
	"{}",
	" { \t\r\n } ",
	"{\"a\":1,\"b\":[true,false,null],\"c\":{\"d\":{},\"e\":[]}}",
	"{ \"a\" : [ 1 , 2 ] , \"b\" : \"x\" }",
	"{\"n\":[0,-0,7,-12,99999999999999999,999999999999999999]}",
	"{\"n\":[9223372036854775807,-9223372036854775808]}",
	"{\"r\":[0.5,-1.25e3,1E-2,1e+2,0e0]}",
	"{\"s\":[\"\",\"plain\",\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\",\"\x7f\"]}",
	"{\"e\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0001\\u001F\\u00e4\\u20AC\\ud83d\\ude00\"}",
	"{\"\":1,\"\xc3\xa4\":2,\"\\n\":3,\"a b\":4}",
	"{\"a\":1,\"a\":2}",
	"{\"a\":1,\"\\u0061\":2}",
	"{\"a\":\"\\u0000\"}",
	"{\"a\":\"\xff\",\"b\":\"\xc0\xaf\"}",
	"{\"a\":01,\"b\":-,\"c\":1.,\"d\":.5,\"e\":1e}",
	"{\"a\":9223372036854775808}",
	"{\"a\":[1,],}",
	"{\"a\":1}x",
	"[]",
	"null",
};

static json_t *read_by_jansson(const char *text, size_t n)
{
	json_t *value = json_loadb(text, n, JSON_REJECT_DUPLICATES, NULL);

	if (value && !json_is_object(value)) {
		json_decref(value);
		return NULL;
	}
	return value;
}

/* The first `n` bytes of `text` are read as jansson reads them, and written as it writes them. */
static void assert_same(const char *text, size_t n)
{
	json_auto_t *expected = read_by_jansson(text, n), *got = NULL;
	_cleanup_free_ char *copy = strndup(text, n), *dump = NULL;
	struct buffer b = {};

	assert_non_null(copy);
	assert_int_equal(json_text_read(copy, n, &got), expected ? 0 : -EBADMSG);
	assert_memory_equal(copy, text, n);
	if (!expected) {
		assert_null(got);
		return;
	}
	assert_true(json_equal(got, expected));
	dump = json_dumps(expected, JSON_COMPACT);
	assert_int_equal(json_text_write(&b, got), 0);
	assert_int_equal(buffer_used(&b), strlen(dump));
	assert_memory_equal(b.data, dump, strlen(dump));
	buffer_clear(&b);
}

static void test_texts(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		assert_same(texts[i], strlen(texts[i]));
}

static void test_beginnings(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		for (size_t n = 0; n < strlen(texts[i]); n++)
			assert_same(texts[i], n);
}

static void test_replaced_bytes(void **state)
{
	static const char replacements[] = "\"\\{}[],: 01-.eunx\n\x01\x1f\x80\xc3";

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		for (size_t at = 0; at < strlen(texts[i]); at++)
			for (const char *c = replacements; *c; c++) {
				_cleanup_free_ char *text = strdup(texts[i]);

				assert_non_null(text);
				text[at] = *c;
				assert_same(text, strlen(text));
			}
}

/* Some of the texts must be good and some bad, or the comparison shows nothing. */
static void test_both_kinds(void **state)
{
	size_t good = 0;

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		json_auto_t *value = read_by_jansson(texts[i], strlen(texts[i]));

		good += value != NULL;
	}
	assert_int_equal(good, 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_beginnings),
		cmocka_unit_test(test_replaced_bytes),
		cmocka_unit_test(test_both_kinds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
