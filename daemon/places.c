/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "places.h"

#include <sys/stat.h>

#include "backend-bpf-instance.h"
#include "lock-file.h"

char **places_free(char **places)
{
	for (char **place = places; place && *place; place++)
		free(*place);
	free(places);
	return NULL;
}

bool places_are_same(const char *one, const char *other)
{
	struct stat a, b;

	if (str_eq(one, other))
		return true;
	return stat(one, &a) == 0 && stat(other, &b) == 0 && a.st_ino == b.st_ino &&
	       a.st_dev == b.st_dev;
}

static bool is_among(char *const *places, const char *directory)
{
	for (; *places; places++)
		if (places_are_same(*places, directory))
			return true;
	return false;
}

/* `places` has room for it. */
static int add(char **places, const char *directory, const char *socket)
{
	if (!instance_is_left(directory, socket) || is_among(places, directory))
		return 0;
	while (*places)
		places++;
	*places = strdup(directory);
	return *places ? 0 : -ENOMEM;
}

static size_t count(const char *const *texts)
{
	size_t n = 0;

	while (texts[n])
		n++;
	return n;
}

char **places_left(const struct lock_file *lock, const char *socket)
{
	static const char *const none[] = {NULL};
	const char *const *named = lock ? lock_file_directories(lock) : none;
	_cleanup_(places_freep) char **places = calloc(count(named) + 2, sizeof(*places));

	if (!places)
		return NULL;
	for (; *named; named++)
		if (add(places, *named, socket) < 0)
			return NULL;
	if (add(places, PLACES_DEFAULT, socket) < 0)
		return NULL;
	return steal_pointer(places);
}

const char *places_choose(char *const *left, const char *given)
{
	if (given)
		return given;
	return *left ? *left : PLACES_DEFAULT;
}

int places_name(struct lock_file *lock, char *const *left, const char *directory)
{
	_cleanup_free_ const char **names = NULL;
	size_t n = 0;

	names = calloc(count((const char *const *)left) + 2, sizeof(*names));
	if (!names)
		return -ENOMEM;
	if (!str_eq(directory, PLACES_DEFAULT))
		names[n++] = directory;
	for (; *left; left++)
		if (!str_eq(*left, PLACES_DEFAULT) && !places_are_same(*left, directory))
			names[n++] = *left;
	return lock_file_name(lock, names);
}

void places_settle(struct lock_file *lock, const char *socket)
{
	_cleanup_(places_freep) char **left = places_left(lock, socket);

	if (!left || *left)
		lock_file_keep(lock);
}
