/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DWD_BUFFER_H
#define DWD_BUFFER_H

/*
 * A queue of bytes: added at the back, taken from the front.
 *
 * Taking moves an offset; bytes are moved to the front only when at least as many were taken since,
 * so that a byte is copied a bounded number of times however long the queue gets. An empty buffer
 * owns no memory: a thousand idle connections cost a thousand small structs.
 */

#include <stddef.h>
#include <string.h>

/* All zero is an empty buffer. The bytes are at data + start, up to data + end. */
struct buffer {
	char *data;
	size_t start, end, size;
};

/* Make room for `n` bytes at data + end. 0 or -ENOMEM. */
int buffer_reserve(struct buffer *b, size_t n);
/* Take `n` bytes, which must be there. */
void buffer_take(struct buffer *b, size_t n);
void buffer_clear(struct buffer *b);

static inline size_t buffer_used(const struct buffer *b)
{
	return b->end - b->start;
}

static inline int buffer_append(struct buffer *b, const char *bytes, size_t n)
{
	int r = b->size - b->end >= n ? 0 : buffer_reserve(b, n);

	if (r == 0) {
		memcpy(b->data + b->end, bytes, n);
		b->end += n;
	}
	return r;
}

#endif
