/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "buffer.h"

#include "util.h"

/* The smallest allocation; buffers grow in powers of two from here. */
#define BUFFER_MIN 4096

void buffer_clear(struct buffer *b)
{
	free(b->data);
	*b = (struct buffer){};
}

void buffer_take(struct buffer *b, size_t n)
{
	b->start += n;
	if (b->start == b->end)
		buffer_clear(b);
}

int buffer_reserve(struct buffer *b, size_t n)
{
	size_t used = buffer_used(b), size = b->size ? b->size : BUFFER_MIN;
	char *data;

	if (b->size - b->end >= n)
		return 0;
	if (b->start >= used && b->size - used >= n) {
		memcpy(b->data, b->data + b->start, used);
		b->start = 0;
		b->end = used;
		return 0;
	}
	while (size - b->end < n) {
		if (size > SIZE_MAX / 2)
			return -ENOMEM;
		size *= 2;
	}
	data = realloc(b->data, size);
	if (!data)
		return -ENOMEM;
	b->data = data;
	b->size = size;
	return 0;
}
