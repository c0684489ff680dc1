/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DWD_UTIL_H
#define DWD_UTIL_H

/*
 * The few things every part of user space needs: scope-bound cleanup and small conversions. All
 * inline; nothing here keeps state, logs or knows what dwd is.
 */

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define container_of(ptr, type, member) ((type *)((char *)(ptr) - offsetof(type, member)))
#define _printf_(fmt, args)		__attribute__((format(printf, fmt, args)))
#define _cleanup_(f)			__attribute__((cleanup(f)))

/* Defines `func`p() for _cleanup_(): frees *p with `func`, which must take NULL. */
#define DEFINE_CLEANUP(type, func)                                                                 \
	static inline __attribute__((unused)) void func##p(type *p)                                \
	{                                                                                          \
		if (*p)                                                                            \
			func(*p);                                                                  \
	}

static inline void freep(void *p)
{
	free(*(void **)p);
}

/* Close and answer -1, leaving errno alone; negative descriptors are fine. */
static inline int close_fd(int fd)
{
	int saved = errno;

	if (fd >= 0)
		close(fd);
	errno = saved;
	return -1;
}

static inline void close_fdp(int *fd)
{
	*fd = close_fd(*fd);
}

#define _cleanup_free_ _cleanup_(freep)
#define _cleanup_fd_   _cleanup_(close_fdp)

/* Hand a pointer or a descriptor out of a scope that would free it. */
#define steal_pointer(p)                                                                           \
	({                                                                                         \
		__typeof__(p) *pp_ = &(p);                                                         \
		__typeof__(p) p_ = *pp_;                                                           \
		*pp_ = NULL;                                                                       \
		p_;                                                                                \
	})

static inline int steal_fd(int *fd)
{
	int r = *fd;

	*fd = -1;
	return r;
}

static inline bool str_eq(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

/* The last component of a path without trailing slash: "sshd" of "/usr/sbin/sshd". */
static inline const char *path_leaf(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

#endif
