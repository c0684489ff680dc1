/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd.h"
#include "print.h"
#include "util.h"

DEFINE_CLEANUP(struct dwd_reload *, dwd_reload_free)

static enum exit_status run(struct client *c, const struct args *args)
{
	_cleanup_(dwd_reload_freep) struct dwd_reload *reload = NULL;
	enum exit_status status = client_connect(c, false);
	int r;

	if (status != EXIT_DONE)
		return status;
	r = dwd_reload(c->dwd, &reload);
	if (r < 0)
		return client_failed(c, r);
	if (c->options.json)
		print_json_line(dwd_reload_json(reload));
	print_done(c, "watches: %llu added, %llu removed, %llu kept",
		   (unsigned long long)reload->added, (unsigned long long)reload->removed,
		   (unsigned long long)reload->kept);
	for (const char *const *error = reload->errors; *error; error++)
		print_error("%s", *error);
	return reload->errors_count ? EXIT_FAILED : EXIT_DONE;
}

const struct cmd cmd_reload = {
	.name = "reload",
	.synopsis = "",
	.summary = "have the daemon read its saved watches anew",
	.details = "They are the lines of " DWD_WATCHES_DIR
		   "/*.conf, each what dwd watch would be\n"
		   "given. A changed file adds and removes just the difference. What is wrong is\n"
		   "told by file and line, and the exit status is 1; the rest is in force.",
	.run = run,
};
