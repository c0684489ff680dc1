/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DWD_OPTIONS_H
#define DWD_OPTIONS_H

/*
 * The daemon's command line.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct options {
	char *socket; /* absolute */
	gid_t socket_group;
	mode_t socket_mode;
	bool socket_access_given; /* one of the two */
	int backend;		  /* an enum dwd_backend, or -1: the best one */
	uint32_t max_stopped;
	bool keep; /* at the end leave processes stopped */
	int log_level;
	bool background;
	uint64_t exit_idle; /* seconds; 0: never */
	bool probe;
	char *pin_dir;		  /* absolute; NULL: not given */
	uint64_t fail_open_after; /* seconds; 0: never */
	bool release_all;
	char *watches; /* the directory of watches that outlive the daemon; NULL: none */
};

/* True to go on; false if all is done, or wrong, and *status is to be exited with. */
bool options_parse(struct options *o, int argc, char **argv, int *status);
void options_destroy(struct options *o);

#endif
