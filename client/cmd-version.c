/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>

#include "cmd.h"

static enum exit_status run(struct client *c, const struct args *args)
{
	if (c->options.json)
		puts("{\"version\": \"" DWD_VERSION "\"}");
	else
		puts("dwd " DWD_VERSION);
	return EXIT_DONE;
}

const struct cmd cmd_version = {
	.name = "version",
	.synopsis = "",
	.summary = "print the version of this program",
	.run = run,
};
