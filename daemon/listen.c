/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "listen.h"

#include <assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>

#include "dwd.h"
#include "lock-file.h"
#include "message.h"

#define BACKLOG 1024

/* Bound under a name that is longer by a "~". */
static_assert(LISTEN_LONGEST_PATH + sizeof("~") == sizeof(((struct sockaddr_un *)NULL)->sun_path),
	      "sun_path ends in a NUL");

struct listen_place {
	char *path;
	struct lock_file *lock; /* NULL: only where the socket was passed, and it cannot be had */
	int passed;		/* -1: it was not */
	bool bound;
};

bool listen_is_passed(void)
{
	return sd_listen_fds(0) > 0;
}

static int reserve_passed(struct listen_place *place, char **message)
{
	int n = sd_listen_fds(1);

	if (n != 1)
		return message_fail(
			message, -EINVAL,
			"the service manager passed %d sockets: one is wanted, check the "
			"ListenStream= lines",
			n);
	if (sd_is_socket_unix(SD_LISTEN_FDS_START, SOCK_STREAM, 1, NULL, 0) <= 0)
		return message_fail(
			message, -EINVAL,
			"what the service manager passed is not a listening Unix stream socket: "
			"check the ListenStream= line");
	if (fcntl(SD_LISTEN_FDS_START, F_SETFL, O_NONBLOCK) < 0)
		return message_fail(message, -errno, "cannot use the socket that was passed: %m");
	place->passed = SD_LISTEN_FDS_START;
	return 0;
}

/* The directory of the default socket is the daemon's own business, any other the caller's. */
static int make_directory(const char *path, char **message)
{
	_cleanup_free_ char *directory = strdup(path);

	if (!str_eq(path, DWD_DEFAULT_SOCKET))
		return 0;
	if (!directory)
		return -ENOMEM;
	*strrchr(directory, '/') = '\0';
	if (mkdir(directory, 0755) < 0 && errno != EEXIST)
		return message_fail(message, -errno, "cannot create %s: %m", directory);
	return 0;
}

static int reserve_path(struct listen_place *place, char **message)
{
	int r;

	if (strlen(place->path) > LISTEN_LONGEST_PATH)
		return message_fail(message, -ENAMETOOLONG,
				    "the socket's path is too long: %zu bytes, %d are possible: %s",
				    strlen(place->path), LISTEN_LONGEST_PATH, place->path);
	r = make_directory(place->path, message);
	return r < 0 ? r : lock_file_take(&place->lock, place->path, message);
}

/* There is one daemon for it as the service manager starts no other. The lock is for what it notes,
 * and does without if there is no such place. */
static int reserve_both(struct listen_place *place, char **message)
{
	int r = reserve_passed(place, message);

	if (r < 0)
		return r;
	r = reserve_path(place, message);
	if (r == -EBUSY)
		return r;
	if (r < 0) {
		free(*message);
		*message = NULL;
	}
	return 0;
}

int listen_reserve(struct listen_place **ret, const char *path, bool passed, char **message)
{
	_cleanup_(listen_freep) struct listen_place *place = calloc(1, sizeof(*place));
	int r;

	if (!place)
		return -ENOMEM;
	place->passed = -1;
	place->path = strdup(path);
	if (!place->path)
		return -ENOMEM;
	r = passed ? reserve_both(place, message) : reserve_path(place, message);
	if (r < 0)
		return r;
	*ret = steal_pointer(place);
	return 0;
}

struct lock_file *listen_lock(const struct listen_place *place)
{
	return place->lock;
}

/* Open the socket file, which root alone can use so far, to those who may. Both steps are for the
 * very file that was bound, whatever may stand under its name by now; the group is first, so that
 * the mode never speaks of another. */
static int give_access(const char *path, const struct listen_access *access)
{
	_cleanup_fd_ int file = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	char name[sizeof("/proc/self/fd/") + 12];
	struct stat st;

	if (file < 0 || fstat(file, &st) < 0)
		return -errno;
	if (!S_ISSOCK(st.st_mode) || st.st_uid != geteuid())
		return -ESTALE;
	if (st.st_gid != access->group &&
	    fchownat(file, "", (uid_t)-1, access->group, AT_EMPTY_PATH) < 0)
		return -errno;
	snprintf(name, sizeof(name), "/proc/self/fd/%d", file);
	return chmod(name, access->mode) < 0 ? -errno : 0;
}

/* Bound and listening under another name. */
static int prepare_socket(const char *path, const struct listen_access *access, int *ret)
{
	_cleanup_fd_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	mode_t mask;
	int r;

	if (fd < 0)
		return -errno;
	strcpy(address.sun_path, path);
	unlink(path);
	mask = umask(0177);
	r = bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ? -errno : 0;
	umask(mask);
	if (r >= 0)
		r = give_access(path, access);
	if (r < 0)
		return r;
	if (listen(fd, BACKLOG) < 0)
		return -errno;
	*ret = steal_fd(&fd);
	return 0;
}

/* Only a socket is taken for a dead daemon's. */
static int check_stale(const char *path, char **message)
{
	struct stat st;

	if (lstat(path, &st) == 0 && !S_ISSOCK(st.st_mode))
		return message_fail(message, -EEXIST,
				    "%s is there and is not a socket: move it away", path);
	return 0;
}

int listen_open(struct listen_place *place, const struct listen_access *access, int *ret,
		char **message)
{
	char other[LISTEN_LONGEST_PATH + sizeof("~")];
	int fd = -1, r;

	if (place->passed >= 0) {
		*ret = steal_fd(&place->passed);
		return 0;
	}
	snprintf(other, sizeof(other), "%s~", place->path);
	r = check_stale(place->path, message);
	if (r >= 0)
		r = check_stale(other, message);
	if (r < 0)
		return r;
	r = prepare_socket(other, access, &fd);
	if (r < 0) {
		unlink(other);
		return message_fail(message, r, "cannot listen on %s: %s", place->path,
				    strerror(-r));
	}
	if (rename(other, place->path) < 0) {
		r = message_fail(message, -errno, "cannot put the socket at %s: %m", place->path);
		unlink(other);
		close_fd(fd);
		return r;
	}
	place->bound = true;
	*ret = fd;
	return 0;
}

/* Found without a connection, which would have the service manager start a daemon: the kernel
 * looks for an open socket before it looks at its type. */
static bool is_dead(const char *path)
{
	_cleanup_fd_ int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct stat st;

	strcpy(address.sun_path, path);
	return lstat(path, &st) == 0 && S_ISSOCK(st.st_mode) &&
	       connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0 &&
	       errno == ECONNREFUSED;
}

int listen_remove_dead(const struct listen_place *place)
{
	return is_dead(place->path) && unlink(place->path) < 0 ? -errno : 0;
}

struct listen_place *listen_free(struct listen_place *place)
{
	if (!place)
		return NULL;
	if (place->bound)
		unlink(place->path);
	lock_file_free(place->lock);
	close_fd(place->passed);
	free(place->path);
	free(place);
	return NULL;
}
