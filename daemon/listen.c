/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "listen.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>
#include <time.h>

#include "dwd.h"
#include "procfs.h"

#define BACKLOG	      1024
#define LOCK_PAUSE_NS 5000000
/* One byte less than sun_path holds, for the "~" of the name it is bound under. */
#define PATH_LIMIT (sizeof(((struct sockaddr_un *)NULL)->sun_path) - 2)

struct listen_place {
	char *path; /* NULL: the socket was passed */
	char *lock_path;
	int lock;
	int passed;
	bool bound;
};

bool listen_is_passed(void)
{
	return sd_listen_fds(0) > 0;
}

/* Say why in *message. Returns `error`. */
_printf_(3, 4) static int fail(char **message, int error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	if (vasprintf(message, format, args) < 0)
		*message = NULL;
	va_end(args);
	return error;
}

static int reserve_passed(struct listen_place *place, char **message)
{
	int n = sd_listen_fds(1);

	if (n != 1)
		return fail(message, -EINVAL,
			    "the service manager passed %d sockets: one is wanted, check the "
			    "ListenStream= lines",
			    n);
	if (sd_is_socket_unix(SD_LISTEN_FDS_START, SOCK_STREAM, 1, NULL, 0) <= 0)
		return fail(
			message, -EINVAL,
			"what the service manager passed is not a listening Unix stream socket: "
			"check the ListenStream= line");
	if (fcntl(SD_LISTEN_FDS_START, F_SETFL, O_NONBLOCK) < 0)
		return fail(message, -errno, "cannot use the socket that was passed: %m");
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
		return fail(message, -errno, "cannot create %s: %m", directory);
	return 0;
}

static pid_t holder_of(int lock)
{
	char holder[16] = "";

	return pread(lock, holder, sizeof(holder) - 1, 0) > 0 ? atoi(holder) : 0;
}

static int fail_taken(int lock, const char *path, char **message)
{
	return fail(message, -EBUSY,
		    "another dwdd (pid %d) listens on %s: use it, end it, or give another --socket",
		    (int)holder_of(lock), path);
}

/* A killed one lets go of its lock last of all. */
static bool is_ending(int lock)
{
	struct procfs_stat stat;

	return procfs_read_stat(holder_of(lock), &stat) == 0 && stat.exiting;
}

static bool is_same_file(int fd, const char *path)
{
	struct stat ours, theirs;

	return fstat(fd, &ours) == 0 && stat(path, &theirs) == 0 && ours.st_ino == theirs.st_ino &&
	       ours.st_dev == theirs.st_dev;
}

static int fail_lock(int error, const struct listen_place *place, char **message)
{
	if (error == ENOENT || error == ENOTDIR)
		return fail(message, -error,
			    "cannot listen on %s: there is no such directory; make it, or give "
			    "another --socket",
			    place->path);
	return fail(message, -error, "cannot listen on %s: cannot create %s: %s", place->path,
		    place->lock_path, strerror(error));
}

/* The one before us removes the file at its end, so what was locked may be a file no more. */
static int take_lock(struct listen_place *place, char **message)
{
	const struct timespec pause = {.tv_nsec = LOCK_PAUSE_NS};

	for (;;) {
		_cleanup_fd_ int lock =
			open(place->lock_path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

		if (lock < 0)
			return fail_lock(errno, place, message);
		if (flock(lock, LOCK_EX | LOCK_NB) < 0) {
			if (errno != EWOULDBLOCK)
				return fail(message, -errno, "cannot lock %s: %m",
					    place->lock_path);
			if (!is_ending(lock))
				return fail_taken(lock, place->path, message);
			nanosleep(&pause, NULL);
			continue;
		}
		if (is_same_file(lock, place->lock_path)) {
			place->lock = steal_fd(&lock);
			return 0;
		}
	}
}

static int write_holder(const struct listen_place *place, char **message)
{
	if (ftruncate(place->lock, 0) < 0 || dprintf(place->lock, "%d\n", (int)getpid()) < 0)
		return fail(message, -errno, "cannot write %s: %m", place->lock_path);
	return 0;
}

static int reserve_path(struct listen_place *place, const char *path, char **message)
{
	int r;

	if (strlen(path) > PATH_LIMIT)
		return fail(message, -ENAMETOOLONG,
			    "the socket's path is too long: %zu bytes, %zu are possible: %s",
			    strlen(path), PATH_LIMIT, path);
	r = make_directory(path, message);
	if (r < 0)
		return r;
	place->path = strdup(path);
	if (!place->path || asprintf(&place->lock_path, "%s.lock", path) < 0)
		return -ENOMEM;
	r = take_lock(place, message);
	return r < 0 ? r : write_holder(place, message);
}

int listen_reserve(struct listen_place **ret, const char *path, char **message)
{
	_cleanup_(listen_freep) struct listen_place *place = calloc(1, sizeof(*place));
	int r;

	if (!place)
		return -ENOMEM;
	place->lock = place->passed = -1;
	r = path ? reserve_path(place, path, message) : reserve_passed(place, message);
	if (r < 0)
		return r;
	*ret = steal_pointer(place);
	return 0;
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
		return fail(message, -EEXIST, "%s is there and is not a socket: move it away",
			    path);
	return 0;
}

int listen_open(struct listen_place *place, const struct listen_access *access, int *ret,
		char **message)
{
	char other[PATH_LIMIT + 2];
	int fd = -1, r;

	if (!place->path) {
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
		return fail(message, r, "cannot listen on %s: %s", place->path, strerror(-r));
	}
	if (rename(other, place->path) < 0) {
		r = fail(message, -errno, "cannot put the socket at %s: %m", place->path);
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
	if (place->lock >= 0)
		unlink(place->lock_path);
	close_fd(place->lock);
	close_fd(place->passed);
	free(place->path);
	free(place->lock_path);
	free(place);
	return NULL;
}
