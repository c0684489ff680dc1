/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "targets.h"

#include <sys/stat.h>

#include "print.h"
#include "util.h"

/* PATH/ where PATH is there and has nothing beneath it. */
static bool is_below_file(const char *target)
{
	_cleanup_free_ char *path = strdup(target);
	struct stat st;

	if (!path || *path_leaf(target))
		return false;
	path[strlen(path) - 1] = '\0';
	return stat(path, &st) == 0 && !S_ISDIR(st.st_mode);
}

/* What is not there, or what one may not see: then it may well be there. */
static void remark_missing(const struct client *c, const char *target, int error)
{
	if (error == ENOENT || error == ENOTDIR)
		print_note(c, "%s does not exist yet; its first exec will be caught", target);
	else
		print_note(c,
			   "%s cannot be looked at (%s): only an exec by just this path will "
			   "be caught",
			   target, strerror(error));
}

void targets_remark_unresolved(const struct client *c, const struct dwd_watch *watch)
{
	unsigned long long id = watch->id;

	if (!watch->unresolved)
		return;
	if (str_eq(watch->unresolved, "cgroup"))
		print_note(c,
			   "watch %llu: its cgroup %s is gone or could not be looked at (trying "
			   "again): it catches nothing meanwhile",
			   id, watch->cgroup ? watch->cgroup : "");
	else
		print_note(c,
			   "watch %llu: %s could not be looked at (trying again): it may not catch "
			   "what is there now",
			   id, watch->target);
}

void targets_remark(const struct client *c, const struct dwd_watch *watch, const char *target)
{
	struct stat st;

	targets_remark_unresolved(c, watch);
	if (watch->unresolved || *target != '/')
		return;
	if (is_below_file(target))
		print_note(c,
			   "%.*s is a file, not a directory; without the slash it would be watched",
			   (int)strlen(target) - 1, target);
	else if (stat(target, &st) < 0)
		remark_missing(c, target, errno);
	else if (S_ISDIR(st.st_mode) && *path_leaf(target))
		print_note(c, "%s is a directory; %s/ would watch what lies beneath it", target,
			   target);
}
