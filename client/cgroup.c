/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cgroup.h"

#include <linux/magic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "path.h"
#include "util.h"

static bool is_cgroup(const char *path)
{
	struct statfs system;

	return statfs(path, &system) == 0 && system.f_type == CGROUP2_SUPER_MAGIC;
}

/* Where the groups are: beside those of version 1 they have a directory of their own. */
const char *cgroup_root(void)
{
	static const char alone[] = "/sys/fs/cgroup", beside[] = "/sys/fs/cgroup/unified";

	return is_cgroup(beside) && !is_cgroup(alone) ? beside : alone;
}

static int path_within(const char *text, char **ret)
{
	_cleanup_free_ char *joined = NULL;

	if (asprintf(&joined, "%s/%s", cgroup_root(), text) < 0) {
		joined = NULL;
		return -ENOMEM;
	}
	return path_absolute(joined, NULL, ret);
}

int cgroup_path(const char *text, char **ret)
{
	_cleanup_free_ char *here = NULL, *within = NULL;
	int r = path_absolute(text, NULL, &here);

	if (r == 0)
		r = path_within(text, &within);
	if (!within)
		return r;
	if (is_cgroup(here) || (*text == '/' && !is_cgroup(within)))
		*ret = steal_pointer(here);
	else
		*ret = steal_pointer(within);
	return 0;
}

/* What /proc/PID/cgroup says of version 2, which is hierarchy 0. */
static int read_group(pid_t pid, char **line, const char **ret)
{
	char path[64];
	size_t size = 0;
	int r = -ENOENT;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/cgroup", (int)pid);
	f = fopen(path, "re");
	if (!f)
		return -errno;
	while (r < 0 && getline(line, &size, f) > 0) {
		(*line)[strcspn(*line, "\n")] = '\0';
		if (strncmp(*line, "0::", 3) == 0)
			r = 0;
	}
	*ret = *line + 3;
	fclose(f);
	return r;
}

bool cgroup_holds(const char *directory, pid_t pid)
{
	_cleanup_free_ char *line = NULL, *at = NULL;
	struct stat wanted, st;
	const char *group = NULL;

	if (read_group(pid, &line, &group) < 0 || path_within(group, &at) < 0 ||
	    stat(directory, &wanted) < 0)
		return false;
	while (is_cgroup(at)) {
		if (stat(at, &st) == 0 && st.st_dev == wanted.st_dev && st.st_ino == wanted.st_ino)
			return true;
		*strrchr(at, '/') = '\0';
	}
	return false;
}
