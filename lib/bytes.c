/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bytes.h"

#include <stdio.h>

#include "util.h"

/* Length of the valid UTF-8 sequence at `s` (RFC 3629), its code point in *ret; 0 if there is none.
 */
static size_t decode_utf8(const unsigned char *s, size_t n, uint32_t *ret)
{
	static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t length = s[0] < 0x80 ? 1 : s[0] < 0xc0 ? 0 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
	uint32_t c = length == 1 ? s[0] : s[0] & (0x7fu >> length);

	if (length == 0 || s[0] > 0xf4 || length > n)
		return 0;
	for (size_t i = 1; i < length; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3f);
	}
	if (c < smallest[length] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	*ret = c;
	return length;
}

/* Controls of the terminal (C0, DEL, C1), line separators, and what changes the order of text. */
static bool is_control(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x061c || c == 0x200e || c == 0x200f ||
	       (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

/* The letter that stands for a byte after a backslash, or 0. */
static char short_escape(unsigned char c)
{
	static const char bytes[] = "\a\b\t\n\v\f\r\\", letters[] = "abtnvfr\\";
	const char *at = c ? strchr(bytes, c) : NULL;

	return at ? letters[at - bytes] : '\0';
}

/* Writes the escapes of `n` bytes; returns the new end. */
static char *escape_bytes(char *out, const unsigned char *s, size_t n)
{
	static const char hex[] = "0123456789abcdef";

	for (size_t i = 0; i < n; i++) {
		char letter = short_escape(s[i]);

		*out++ = '\\';
		if (letter) {
			*out++ = letter;
		} else {
			*out++ = 'x';
			*out++ = hex[s[i] >> 4];
			*out++ = hex[s[i] & 15];
		}
	}
	return out;
}

char *varlink_escape(const void *bytes, size_t size)
{
	const unsigned char *s = bytes, *end = s + size;
	char *text, *out;

	if (size > (SIZE_MAX - 1) / 4)
		return NULL;
	text = out = malloc(size * 4 + 1);
	if (!text)
		return NULL;
	while (s < end) {
		uint32_t c = 0;
		size_t length = decode_utf8(s, (size_t)(end - s), &c);
		size_t n = length ? length : 1;

		if (length == 0 || c == '\\' || is_control(c))
			out = escape_bytes(out, s, n);
		else
			out = mempcpy(out, s, n);
		s += n;
	}
	*out = '\0';
	return text;
}

/* RFC 4648, with padding. */
static char *base64(const unsigned char *s, size_t n)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	char *text, *out;

	if (n > SIZE_MAX / 2)
		return NULL;
	text = malloc((n + 2) / 3 * 4 + 1);
	if (!text)
		return NULL;
	out = text;
	for (size_t i = 0; i < n; i += 3) {
		size_t left = n - i;
		uint32_t group = (uint32_t)s[i] << 16 | (left > 1 ? (uint32_t)s[i + 1] << 8 : 0) |
				 (left > 2 ? s[i + 2] : 0);

		*out++ = digits[group >> 18];
		*out++ = digits[group >> 12 & 63];
		*out++ = left > 1 ? digits[group >> 6 & 63] : '=';
		*out++ = left > 2 ? digits[group & 63] : '=';
	}
	*out = '\0';
	return text;
}

/* The printable form as JSON; sets *differs if it is not the very bytes. NULL on lack of memory. */
static json_t *printable(const void *bytes, size_t size, bool *differs)
{
	_cleanup_free_ char *text = varlink_escape(bytes, size);
	size_t length;

	if (!text)
		return NULL;
	length = strlen(text);
	if (length != size || memcmp(text, bytes, size) != 0)
		*differs = true;
	return json_stringn_nocheck(text, length);
}

static json_t *encoded(const void *bytes, size_t size)
{
	_cleanup_free_ char *text = base64(bytes, size);

	return text ? json_string_nocheck(text) : NULL;
}

static int set_raw(json_t *object, const char *key, json_t *raw)
{
	_cleanup_free_ char *raw_key = NULL;

	if (asprintf(&raw_key, "%s_raw", key) < 0) {
		raw_key = NULL;
		json_decref(raw);
		return -ENOMEM;
	}
	return json_object_set_new(object, raw_key, raw) < 0 ? -ENOMEM : 0;
}

int varlink_set_bytes(json_t *object, const char *key, const void *bytes, size_t size)
{
	bool differs = false;

	if (json_object_set_new(object, key, printable(bytes, size, &differs)) < 0)
		return -ENOMEM;
	return differs ? set_raw(object, key, encoded(bytes, size)) : 0;
}

int varlink_set_byte_strings(json_t *object, const char *key, const char *const *strings, size_t n)
{
	json_auto_t *raw = NULL;
	json_t *texts = json_array();
	bool differs = false;

	if (json_object_set_new(object, key, texts) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		if (json_array_append_new(texts,
					  printable(strings[i], strlen(strings[i]), &differs)) < 0)
			return -ENOMEM;
	if (!differs)
		return 0;
	raw = json_array();
	for (size_t i = 0; i < n; i++)
		if (json_array_append_new(raw, encoded(strings[i], strlen(strings[i]))) < 0)
			return -ENOMEM;
	return set_raw(object, key, json_incref(raw));
}
