/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "path.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util.h"

/* Append the components of `path` to the `length` bytes in `out`, which hold an absolute path
 * without trailing slash ("" is the root). */
static size_t append(char *out, size_t length, const char *path)
{
	while (*path) {
		size_t n = strcspn(path, "/");

		if (n == 2 && strncmp(path, "..", 2) == 0) {
			while (length > 0 && out[--length] != '/')
				;
		} else if (n > 0 && !(n == 1 && *path == '.')) {
			out[length++] = '/';
			memcpy(out + length, path, n);
			length += n;
		}
		path += n;
		path += strspn(path, "/");
	}
	return length;
}

/* What stands before the last `..` may be a symbolic link, so it is the file system that tells
 * where that leads: `text` with everything up to there resolved, or NULL if there is no `..` behind
 * a name or nothing is there. */
static char *resolve_dots(const char *text, const char *cwd)
{
	_cleanup_free_ char *front = NULL, *real = NULL;
	const char *last = NULL, *at = text + strspn(text, "./");
	char *joined;

	while ((at = strstr(at, "/.."))) {
		at += 3;
		if (*at == '/' || *at == '\0')
			last = at;
	}
	if (!last)
		return NULL;
	if (asprintf(&front, "%s%s%.*s", *text == '/' ? "" : cwd, *text == '/' ? "" : "/",
		     (int)(last - text), text) < 0)
		return NULL;
	real = realpath(front, NULL);
	return real && asprintf(&joined, "%s%s", real, last) >= 0 ? joined : NULL;
}

int path_absolute(const char *text, const char *cwd, char **ret)
{
	_cleanup_free_ char *own = NULL, *out = NULL, *resolved = NULL;
	size_t length = 0;

	if (*text == '/') {
		cwd = "";
	} else if (!cwd) {
		own = getcwd(NULL, 0);
		if (!own)
			return -errno;
		cwd = own;
	}

	resolved = resolve_dots(text, cwd);
	if (resolved) {
		text = resolved;
		cwd = "";
	}
	out = malloc(strlen(cwd) + strlen(text) + 3);
	if (!out)
		return -ENOMEM;
	length = append(out, length, cwd);
	length = append(out, length, text);
	if (length == 0)
		out[length++] = '/';
	out[length] = '\0';
	*ret = steal_pointer(out);
	return 0;
}

static bool names_directory(const char *text)
{
	const char *leaf = path_leaf(text);

	return str_eq(leaf, "") || str_eq(leaf, ".") || str_eq(leaf, "..");
}

int path_target(const char *text, const char *cwd, char **ret)
{
	_cleanup_free_ char *path = NULL;
	int r;

	if (!strchr(text, '/')) {
		*ret = strdup(text);
		return *ret ? 0 : -ENOMEM;
	}

	r = path_absolute(text, cwd, &path);
	if (!path)
		return r;
	/* path_absolute() left room for it */
	if (names_directory(text) && path[1])
		strcat(path, "/");
	*ret = steal_pointer(path);
	return 0;
}
