/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "attach.h"

#include "print.h"
#include "show.h"
#include "stops.h"
#include "util.h"

/* The debugger has ended with `status`: see what became of the process. */
static enum exit_status give_back(struct client *c, const struct dwd_stop *claimed, int status,
				  bool stays)
{
	_cleanup_stop_ struct dwd_stop *stop = NULL;
	int r = dwd_unclaim(c->dwd, claimed->id, &stop);

	/* A process that ended under the debugger has no stop any more. */
	if (r == -ENOENT)
		return status;
	if (r < 0) {
		client_failed(c, r);
		return status != EXIT_DONE ? status : EXIT_FAILED;
	}
	if (!str_eq(stop->state, "stopped") && !str_eq(stop->state, "stopping"))
		return status;
	if (!stays)
		print_error(STOP_FORMAT " was left stopped by the debugger, and runs on unless "
					"another watch has stopped it as well",
			    STOP_ARGS(stop));
	else
		print_error(STOP_FORMAT " is still stopped: dwd attach %d tries "
					"again, dwd continue %d lets it go",
			    STOP_ARGS(stop), (int)stop->pid, (int)stop->pid);
	return EXIT_FAILED;
}

enum exit_status attach_debugger(struct client *c, const struct debugger *d,
				 const struct dwd_stop *stop, bool stays)
{
	enum exit_status status = debugger_check(d, stop);
	int r;

	if (status != EXIT_DONE) {
		dwd_unclaim(c->dwd, stop->id, NULL);
		return status;
	}
	r = debugger_run(d, c, stop);
	if (r < 0) {
		dwd_unclaim(c->dwd, stop->id, NULL);
		return EXIT_FAILED;
	}
	return give_back(c, stop, r, stays);
}
