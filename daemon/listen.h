/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DWD_LISTEN_H
#define DWD_LISTEN_H

/*
 * How the socket comes to be, and goes.
 *
 * The socket's existence means that the daemon is ready: it is bound under another name, with mode
 * 0600 from its first moment, is opened to those who may use it, and renamed into place when it
 * listens. So there is no moment at which anybody else could connect. A lock file beside it
 * (lock-file.h) makes sure that there is one daemon for it; so a socket file that is found under
 * the lock is a dead daemon's and is replaced. Both files are removed at the end.
 *
 * A socket handed over by the service manager is used as it is, with the access it has.
 */

#include <sys/types.h>

#include "util.h"

/* Of the path of a socket that is made here, in bytes. */
#define LISTEN_LONGEST_PATH 106

struct listen_place;
struct lock_file;

/* Who may connect, as of any file: the group and the mode of the socket. */
struct listen_access {
	gid_t group;
	mode_t mode;
};

/* Reserve the place for this process, and take what was passed by sd_listen_fds(3) if that is to be
 * used. On failure *message (malloc()ed, may come back NULL) says in one line what is wrong and
 * what to do; -EBUSY: another daemon has it. */
int listen_reserve(struct listen_place **ret, const char *path, bool passed, char **message);
/* The lock it holds; NULL: a socket was passed, and there is no place for one. */
struct lock_file *listen_lock(const struct listen_place *place);
/* Make the socket appear; the descriptor is the caller's. To be called once. `access` is nothing to
 * a socket that was passed. */
int listen_open(struct listen_place *place, const struct listen_access *access, int *ret,
		char **message);
/* Remove the socket of a daemon that has died. One that somebody listens on, such as the service
 * manager, stays. */
int listen_remove_dead(const struct listen_place *place);
/* Remove the files and give up the reservation. */
struct listen_place *listen_free(struct listen_place *place);
DEFINE_CLEANUP(struct listen_place *, listen_free)

/* Whether the service manager passed a socket. */
bool listen_is_passed(void);

#endif
