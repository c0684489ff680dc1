/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Text that may hold any byte: the printable form is printable and unambiguous, the raw form is
 * there exactly when it is needed, and both give the bytes back.
 */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "util.h"
#include "varlink.h"

/* The opposite of varlink_escape(), by what varlink.h says. Returns the length. */
static size_t unescape(const char *text, unsigned char *ret)
{
	static const char letters[] = "abtnvfr\\", bytes[] = "\a\b\t\n\v\f\r\\";
	unsigned char *out = ret;

	for (const char *s = text; *s; s++) {
		if (*s != '\\') {
			*out++ = (unsigned char)*s;
		} else if (*++s == 'x') {
			char digits[] = {s[1], s[2], '\0'};

			*out++ = (unsigned char)strtoul(digits, NULL, 16);
			s += 2;
		} else {
			assert_non_null(strchr(letters, *s));
			*out++ = (unsigned char)bytes[strchr(letters, *s) - letters];
		}
	}
	return (size_t)(out - ret);
}

static unsigned int base64_digit(char c)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	assert_non_null(strchr(digits, c));
	return (unsigned int)(strchr(digits, c) - digits);
}

static size_t base64_decode(const char *text, unsigned char *ret)
{
	unsigned char *out = ret;

	assert_int_equal(strlen(text) % 4, 0);
	for (; *text; text += 4) {
		unsigned int group = base64_digit(text[0]) << 18 | base64_digit(text[1]) << 12;

		*out++ = (unsigned char)(group >> 16);
		if (text[2] == '=')
			break;
		group |= base64_digit(text[2]) << 6;
		*out++ = (unsigned char)(group >> 8);
		if (text[3] == '=')
			break;
		*out++ = (unsigned char)(group | base64_digit(text[3]));
	}
	return (size_t)(out - ret);
}

static const char *text_of(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

/* The string literal `bytes` (which may hold NULs) becomes `text`. */
#define ASSERT_ESCAPED(bytes, text) assert_escaped(bytes, sizeof(bytes) - 1, text)

static void assert_escaped(const char *bytes, size_t n, const char *text)
{
	_cleanup_free_ char *escaped = varlink_escape(bytes, n);

	assert_non_null(escaped);
	assert_string_equal(escaped, text);
}

static void test_printable_stays(void **state)
{
	ASSERT_ESCAPED("", "");
	ASSERT_ESCAPED("/usr/bin/a b~\"'?", "/usr/bin/a b~\"'?");
	ASSERT_ESCAPED("\u00e4\u20ac\U0001f600", "\u00e4\u20ac\U0001f600");
	ASSERT_ESCAPED("\u0800\U00010000\U0010ffff", "\u0800\U00010000\U0010ffff");
}

static void test_controls_are_escaped(void **state)
{
	ASSERT_ESCAPED("\a\b\t\n\v\f\r\\", "\\a\\b\\t\\n\\v\\f\\r\\\\");
	ASSERT_ESCAPED("a\0b", "a\\x00b");
	ASSERT_ESCAPED("\x1b[31m\x7f", "\\x1b[31m\\x7f");
	/* CSI as one character: a terminal obeys it like ESC [. */
	ASSERT_ESCAPED("\xc2\x9b"
		       "31m",
		       "\\xc2\\x9b31m");
}

static void test_marks_that_reorder_are_escaped(void **state)
{
	ASSERT_ESCAPED("a\u202eb", "a\\xe2\\x80\\xaeb");
	ASSERT_ESCAPED("\u2066\u200f\u2028", "\\xe2\\x81\\xa6\\xe2\\x80\\x8f\\xe2\\x80\\xa8");
}

static void test_bad_utf8_is_escaped(void **state)
{
	ASSERT_ESCAPED("\xff", "\\xff");
	ASSERT_ESCAPED("\x80", "\\x80");
	ASSERT_ESCAPED("\xc3", "\\xc3");
	ASSERT_ESCAPED("\xe2\x82", "\\xe2\\x82");
	ASSERT_ESCAPED("\xc3(", "\\xc3(");
	/* Longer than needed, a surrogate, beyond Unicode. */
	ASSERT_ESCAPED("\xc0\xaf", "\\xc0\\xaf");
	ASSERT_ESCAPED("\xe0\x80\xaf", "\\xe0\\x80\\xaf");
	ASSERT_ESCAPED("\xed\xa0\x80", "\\xed\\xa0\\x80");
	ASSERT_ESCAPED("\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80");
	ASSERT_ESCAPED("\xe4\xc3\xa4", "\\xe4\u00e4");
}

static void test_raw_only_if_needed(void **state)
{
	json_auto_t *object = json_object();

	assert_int_equal(varlink_set_bytes(object, "a", "plain", 5), 0);
	assert_string_equal(text_of(object, "a"), "plain");
	assert_null(json_object_get(object, "a_raw"));
	assert_int_equal(varlink_set_bytes(object, "b", "x\\y", 3), 0);
	assert_string_equal(text_of(object, "b"), "x\\\\y");
	assert_string_equal(text_of(object, "b_raw"), "eFx5");
	assert_int_equal(varlink_set_bytes(object, "c", "", 0), 0);
	assert_string_equal(text_of(object, "c"), "");
	assert_int_equal(json_object_size(object), 4);
}

/* The test vectors of RFC 4648, made unprintable so that they are encoded at all. */
static void test_base64_padding(void **state)
{
	json_auto_t *object = json_object();

	assert_int_equal(varlink_set_bytes(object, "a", "\xfb", 1), 0);
	assert_string_equal(text_of(object, "a_raw"), "+w==");
	assert_int_equal(varlink_set_bytes(object, "b", "\xff\xff", 2), 0);
	assert_string_equal(text_of(object, "b_raw"), "//8=");
	assert_int_equal(varlink_set_bytes(object, "c", "\0foobar\0", 8), 0);
	assert_string_equal(text_of(object, "c_raw"), "AGZvb2JhcgA=");
}

static void assert_round_trip(const unsigned char *bytes, size_t n)
{
	json_auto_t *object = json_object();
	unsigned char back[512];

	assert_int_equal(varlink_set_bytes(object, "k", bytes, n), 0);
	assert_int_equal(unescape(text_of(object, "k"), back), n);
	assert_memory_equal(back, bytes, n);
	if (!json_object_get(object, "k_raw")) {
		assert_int_equal(strlen(text_of(object, "k")), n);
		assert_memory_equal(text_of(object, "k"), bytes, n);
		return;
	}
	assert_int_equal(base64_decode(text_of(object, "k_raw"), back), n);
	assert_memory_equal(back, bytes, n);
}

static void test_round_trips(void **state)
{
	unsigned char bytes[256];
	uint32_t random = 1;

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (unsigned char)i;
	assert_round_trip(bytes, sizeof(bytes));
	for (int round = 0; round < 5000; round++) {
		size_t n = (size_t)round % 40;

		for (size_t i = 0; i < n; i++) {
			random = random * 1664525 + 1013904223;
			bytes[i] = (unsigned char)(random >> 24);
		}
		assert_round_trip(bytes, n);
	}
}

static void test_strings(void **state)
{
	json_auto_t *object = json_object(), *expected = NULL;

	assert_int_equal(varlink_set_byte_strings(object, "none", NULL, 0), 0);
	assert_int_equal(
		varlink_set_byte_strings(object, "argv", (const char *[]){"ls", "", "-l"}, 3), 0);
	assert_int_equal(varlink_set_byte_strings(object, "odd", (const char *[]){"ls", "\xff"}, 2),
			 0);
	expected = json_pack("{s:[], s:[s,s,s], s:[s,s], s:[s,s]}", "none", "argv", "ls", "", "-l",
			     "odd", "ls", "\\xff", "odd_raw", "bHM=", "/w==");
	assert_non_null(expected);
	assert_true(json_equal(object, expected));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_printable_stays),
		cmocka_unit_test(test_controls_are_escaped),
		cmocka_unit_test(test_marks_that_reorder_are_escaped),
		cmocka_unit_test(test_bad_utf8_is_escaped),
		cmocka_unit_test(test_raw_only_if_needed),
		cmocka_unit_test(test_base64_padding),
		cmocka_unit_test(test_round_trips),
		cmocka_unit_test(test_strings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
