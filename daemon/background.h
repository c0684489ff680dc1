/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DWD_BACKGROUND_H
#define DWD_BACKGROUND_H

/*
 * Going into the background in such a way that whoever started the daemon knows when it is ready.
 *
 * Until then the child writes its errors to the terminal it was started from, and its exit status
 * becomes the parent's. From then on it has no terminal and no standard streams, and logs to the
 * journal; where there is no journal, nowhere.
 */

#include <stdbool.h>

/* Fork. In the child: true, and *ready is a descriptor for background_ready(). In the parent: false
 * once the child is ready or has failed, and *status is to be exited with. */
bool background_start(int *ready, int *status);
/* Keep nothing that is the starter's: neither his directory nor his streams. */
void background_let_go(void);
/* The child is ready, and has let go: let the parent go. */
void background_ready(int ready);

#endif
