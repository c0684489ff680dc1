/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DWD_RELEASE_LEFT_H
#define DWD_RELEASE_LEFT_H

/*
 * Releasing what a dead daemon has left, without taking it over.
 */

struct options;
struct pins;

/* What a dwdd of another schema, or in a pid namespace that has ended, has left at the place of
 * this socket, and this one cannot take over. -EIO: some of it could not be released, which was
 * logged. -EXDEV: it can be released in another pid namespace only, and has stayed, so that the
 * place cannot be used: *message (malloc()ed, or NULL) says what to do. */
int release_strangers(struct pins *pins, const char *socket, char **message);

/* Log that a dead dwdd with this socket has left something in a pin directory that this one does
 * not work with, and what to do. */
void release_tell_of(const char *pin_dir, const char *socket);

/* `dwdd --release-all`: whatever is left; returns what to exit with. */
int release_left(const struct options *options);

#endif
