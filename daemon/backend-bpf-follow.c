/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * A PATH means whatever file is there at the moment: files get built, upgraded, and links switched
 * to another version. The path's text catches the first exec of a new file without any help from
 * here; this module keeps the *file identity* right, so that the old file is no longer matched and
 * the new one is however it is reached.
 *
 * Followed by inotify is every component of the path, as an entry of the directory it is in, and
 * of each path that its last component leads to as a symbolic link (/usr/bin/java ->
 * /etc/alternatives/java -> /usr/lib/jvm/...); of a very deep path the last LOOK_HOPS. A directory
 * that does not exist is waited for in the nearest one that does.
 * The looking itself is left to looker.c's process.
 */

#include <limits.h>
#include <sys/inotify.h>

#include "backend-bpf-follow.h"
#include "util.h"

struct followed {
	unsigned int count;
	struct look_hop hops[];
};

struct follow {
	follow_identify identify;
	follow_changed changed;
	void *userdata;
	int inotify;
	struct looker *looker;
	struct followed *taken; /* what is being looked up */
	struct followed *slots[DWD_MAX_WATCHES];
	bool to_look[DWD_MAX_WATCHES]; /* at the next opportunity */
	uint32_t used;		       /* slots at and above were never followed */
	int *wd_uses;		       /* by watch descriptor */
	size_t wd_count;
	char real[PATH_MAX];
};

/* ---- inotify --------------------------------------------------------------------------------- */

static int wd_use(struct follow *f, int wd)
{
	if ((size_t)wd >= f->wd_count) {
		size_t count = (size_t)wd + 64;
		int *uses = reallocarray(f->wd_uses, count, sizeof(*uses));

		if (!uses)
			return -ENOMEM;
		memset(uses + f->wd_count, 0, (count - f->wd_count) * sizeof(*uses));
		f->wd_uses = uses;
		f->wd_count = count;
	}
	f->wd_uses[wd]++;
	return 0;
}

static void wd_drop(struct follow *f, int wd)
{
	if ((size_t)wd < f->wd_count && f->wd_uses[wd] > 0 && --f->wd_uses[wd] == 0)
		inotify_rm_watch(f->inotify, wd);
}

void follow_forget(struct follow *f, uint32_t slot)
{
	struct followed *followed = f->slots[slot];

	f->to_look[slot] = false;
	if (!followed)
		return;
	for (unsigned int i = 0; i < followed->count; i++)
		wd_drop(f, followed->hops[i].wd);
	free(followed);
	f->slots[slot] = NULL;
}

/* ---- looking up ------------------------------------------------------------------------------ */

/* A hop of a look-up that is going on. */
static void take_hop(void *userdata, const struct look_hop *hop)
{
	struct follow *f = userdata;

	if (f->taken->count < LOOK_HOPS && wd_use(f, hop->wd) >= 0)
		f->taken->hops[f->taken->count++] = *hop;
}

int follow_path(struct follow *f, uint32_t slot, const struct principal *owner, const char *target,
		struct index_target *ret)
{
	struct index_target found = {};
	struct followed *fitting;
	_cleanup_fd_ int fd = -1;
	int r;

	f->taken = calloc(1, sizeof(*f->taken) + LOOK_HOPS * sizeof(struct look_hop));
	if (!f->taken)
		return -ENOMEM;
	fd = looker_find(f->looker, owner, target, take_hop, f, f->real);
	follow_forget(f, slot);
	f->to_look[slot] = fd == -EBUSY;
	fitting = realloc(f->taken, sizeof(*f->taken) + f->taken->count * sizeof(struct look_hop));
	f->slots[slot] = fitting ? fitting : f->taken;
	if (slot >= f->used)
		f->used = slot + 1;

	found.real = f->real[0] ? f->real : NULL;
	if (fd >= 0) {
		r = f->identify(f->userdata, fd, &found.file);
		if (r < 0)
			return r;
		found.exists = true;
	}
	*ret = found;
	return 0;
}

/* ---- telling --------------------------------------------------------------------------------- */

static void tell(struct follow *f, const struct inotify_event *event)
{
	bool self = event->mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED);
	bool all = event->mask & IN_Q_OVERFLOW;
	uint32_t leaf = event->len > 0 ? look_leaf(event->name) : 0;

	for (uint32_t slot = 0; slot < f->used; slot++) {
		struct followed *followed = f->slots[slot];

		for (unsigned int i = 0; followed && i < followed->count; i++) {
			struct look_hop *hop = &followed->hops[i];

			if (!all &&
			    (hop->wd != event->wd || (!self && hop->leaf && hop->leaf != leaf)))
				continue;
			f->to_look[slot] = true;
			break;
		}
	}
	if (event->mask & IN_IGNORED && (size_t)event->wd < f->wd_count)
		f->wd_uses[event->wd] = 0;
}

void follow_review(struct follow *f)
{
	for (uint32_t slot = 0; slot < f->used; slot++) {
		if (!f->to_look[slot])
			continue;
		f->to_look[slot] = false;
		f->changed(f->userdata, slot);
	}
}

/* However often it has changed it is looked at once, and so are others served in between: a user
 * can change what he watches as fast as it is read here. */
int follow_dispatch(struct follow *f)
{
	char buffer[16384] __attribute__((aligned(__alignof__(struct inotify_event))));
	ssize_t size = read(f->inotify, buffer, sizeof(buffer));

	if (size < 0)
		return errno != EAGAIN && errno != EINTR ? -errno : 0;
	for (char *at = buffer; at < buffer + size;) {
		const struct inotify_event *event = (const struct inotify_event *)at;

		tell(f, event);
		at += sizeof(*event) + event->len;
	}
	follow_review(f);
	return 0;
}

int follow_new(struct follow **ret, int inotify, struct looker *looker, follow_identify identify,
	       follow_changed changed, void *userdata)
{
	struct follow *f = calloc(1, sizeof(*f));

	if (!f)
		return -ENOMEM;
	f->identify = identify;
	f->changed = changed;
	f->userdata = userdata;
	f->inotify = inotify;
	f->looker = looker;
	*ret = f;
	return 0;
}

struct follow *follow_free(struct follow *f)
{
	if (!f)
		return NULL;
	for (uint32_t slot = 0; slot < f->used; slot++)
		free(f->slots[slot]);
	free(f->wd_uses);
	free(f);
	return NULL;
}
