/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * What gdb runs once it has attached: see debugger.h.
 */

#include "cmd.h"
#include "print.h"
#include "util.h"

static enum exit_status run(struct client *c, const struct args *args)
{
	enum exit_status status;
	char *end;
	uint64_t id;
	int r;

	errno = 0;
	id = strtoull(args->words[0], &end, 10);
	if (errno || *end || id == 0)
		return cmd_misused(&cmd_debugger_attached, "'%s' is not an id", args->words[0]);
	status = client_connect(c, false);
	if (status != EXIT_DONE)
		return status;
	r = dwd_attached(c->dwd, id);
	if (r == -EBUSY) {
		print_error("gdb did not attach to #%llu: it is still stopped",
			    (unsigned long long)id);
		return EXIT_FAILED;
	}
	return r < 0 ? client_failed(c, r) : EXIT_DONE;
}

const struct cmd cmd_debugger_attached = {
	.name = "debugger-attached",
	.synopsis = "ID",
	.summary = "say that a debugger has attached (for dwd's own use)",
	.min = 1,
	.max = 1,
	.flags = CMD_HIDDEN,
	.run = run,
};
