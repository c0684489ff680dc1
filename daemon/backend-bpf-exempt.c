/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "backend-bpf-exempt.h"

#include <bpf/bpf.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>

#include "procfs.h"
#include "util.h"

#define INHERITED_MAX 1024 /* as many as the map holds */

struct exempt {
	int processes, files;
	__u32 inherited[INHERITED_MAX]; /* tgids */
	size_t inherited_count;
};

/* ---- programs -------------------------------------------------------------------------------- */

static int exempt_file(struct exempt *e, const char *path, follow_identify identify, void *userdata)
{
	_cleanup_fd_ int fd = open(path, O_PATH | O_CLOEXEC);
	struct dwd_file_id id;
	__u32 on = 1;
	int r;

	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR ? 0 : -errno;
	r = identify(userdata, fd, &id);
	if (r < 0)
		return r;
	return bpf_map_update_elem(e->files, &id, &on, BPF_ANY) < 0 ? -errno : 0;
}

int exempt_ourselves(struct exempt *e, follow_identify identify, void *userdata)
{
	static const char *const beside[] = {"dwd", "../bin/dwd", "../client/dwd"};
	char self[PATH_MAX], path[PATH_MAX + 32];
	ssize_t size = readlink("/proc/self/exe", self, sizeof(self) - 1);
	int r;

	if (size < 0)
		return -errno;
	self[size] = '\0';
	r = exempt_file(e, "/proc/self/exe", identify, userdata);
	if (r >= 0)
		r = exempt_file(e, DWD_BINDIR "/dwd", identify, userdata);
	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(beside); i++) {
		snprintf(path, sizeof(path), "%.*s%s", (int)(path_leaf(self) - self), self,
			 beside[i]);
		r = exempt_file(e, path, identify, userdata);
	}
	return r;
}

/* ---- processes ------------------------------------------------------------------------------- */

/* When it was started, as struct dwd_process has it; 0: it has ended. */
static __u64 start_of(__u32 tgid)
{
	struct procfs_stat stat;

	return procfs_read_stat((pid_t)tgid, &stat) < 0 ? 0 : stat.start_ticks * DWD_TICK_NS;
}

int exempt_process(struct exempt *e, pid_t tgid, uid_t user, bool on)
{
	struct dwd_exemption process = {};
	__u32 key = (__u32)tgid, *uses;

	if (bpf_map_lookup_elem(e->processes, &key, &process) < 0) {
		if (errno != ENOENT)
			return -errno;
		process.start = start_of(key);
	}
	if (user && process.users_uses && process.user != user)
		return -EBUSY;
	uses = user ? &process.users_uses : &process.uses;
	*uses += on ? 1 : *uses > 0 ? -1 : 0;
	if (user)
		process.user = user;
	if (process.uses || process.users_uses)
		return bpf_map_update_elem(e->processes, &key, &process, BPF_ANY) < 0 ? -errno : 0;
	return bpf_map_delete_elem(e->processes, &key) < 0 && errno != ENOENT ? -errno : 0;
}

static bool has_ended(struct exempt *e, __u32 tgid)
{
	struct dwd_exemption process;

	return bpf_map_lookup_elem(e->processes, &tgid, &process) < 0 || process.start == 0 ||
	       process.start != start_of(tgid);
}

void exempt_review(struct exempt *e)
{
	for (size_t i = e->inherited_count; i > 0; i--) {
		__u32 tgid = e->inherited[i - 1];

		if (!has_ended(e, tgid))
			continue;
		bpf_map_delete_elem(e->processes, &tgid);
		e->inherited[i - 1] = e->inherited[--e->inherited_count];
	}
}

void exempt_disown(struct exempt *e)
{
	while (e->inherited_count > 0) {
		__u32 tgid = e->inherited[--e->inherited_count];
		struct dwd_exemption process;

		if (bpf_map_lookup_elem(e->processes, &tgid, &process) < 0)
			continue;
		if (process.uses)
			exempt_process(e, (pid_t)tgid, 0, false);
		if (process.users_uses)
			exempt_process(e, (pid_t)tgid, process.user, false);
	}
}

/* Whatever they were exempt for, it is one use now. */
static void inherit(struct exempt *e)
{
	__u32 key, *previous = NULL;

	while (e->inherited_count < INHERITED_MAX &&
	       bpf_map_get_next_key(e->processes, previous, &key) == 0) {
		e->inherited[e->inherited_count] = key;
		previous = &e->inherited[e->inherited_count++];
	}
	exempt_review(e);
	for (size_t i = 0; i < e->inherited_count; i++) {
		struct dwd_exemption process;

		if (bpf_map_lookup_elem(e->processes, &e->inherited[i], &process) < 0)
			continue;
		process.uses = process.uses > 0;
		process.users_uses = process.users_uses > 0;
		bpf_map_update_elem(e->processes, &e->inherited[i], &process, BPF_EXIST);
	}
}

int exempt_new(struct exempt **ret, int processes, int files)
{
	struct exempt *e = calloc(1, sizeof(*e));

	if (!e)
		return -ENOMEM;
	e->processes = processes;
	e->files = files;
	inherit(e);
	*ret = e;
	return 0;
}

struct exempt *exempt_free(struct exempt *e)
{
	free(e);
	return NULL;
}
