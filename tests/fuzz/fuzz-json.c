/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * JSON text: what json-text.c makes of any bytes is what jansson makes of them, and the text that
 * it writes is the text that jansson writes.
 */

#include "fuzz.h"

#include "json-text.h"
#include "util.h"

/* Text ends with its first NUL, as the framing sees to it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *text = strndup((const char *)data, size), *before = NULL, *dump = NULL;
	json_auto_t *expected = NULL, *got = NULL;
	struct buffer b = {};
	size_t n;
	int r;

	CHECK(text);
	n = strlen(text);
	before = strdup(text);
	CHECK(before);
	expected = json_loadb(text, n, JSON_REJECT_DUPLICATES, NULL);
	r = json_text_read(text, n, &got);
	CHECK(memcmp(before, text, n) == 0);
	CHECK(r == (json_is_object(expected) ? 0 : -EBADMSG));
	if (r < 0)
		return 0;
	CHECK(json_equal(got, expected));
	dump = json_dumps(got, JSON_COMPACT);
	CHECK(dump);
	CHECK(json_text_write(&b, got) == 0);
	CHECK(buffer_used(&b) == strlen(dump));
	CHECK(memcmp(b.data, dump, strlen(dump)) == 0);
	buffer_clear(&b);
	return 0;
}
