/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DWD_RELEASE_LEFT_H
#define DWD_RELEASE_LEFT_H

/*
 * Releasing what a dead daemon has left, without taking it over.
 */

struct options;
struct pins;

/* What a dwdd of another schema has left, which this one does not understand. -EIO: some of it
 * could not be released, which was logged. */
int release_strangers(struct pins *pins);

/* `dwdd --release-all`: whatever is left; returns what to exit with. */
int release_left(const struct options *options);

#endif
