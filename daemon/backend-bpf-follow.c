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
 * The looking itself is left to the process of backend-bpf-looker.c.
 *
 * When it cannot be looked, what was known and followed stays, and it is tried again, after ever
 * longer. So a watch is blind for a moment at worst, not for good.
 */

#include <limits.h>
#include <sys/inotify.h>

#include "backend-bpf-follow.h"
#include "backoff.h"
#include "clock.h"
#include "log.h"
#include "util.h"

#define REVIEW_US 1000000
/* What is followed for users takes inotify watches of root's, of which there may be no more than
 * 8192 for all that root runs. Directories that are followed twice are counted twice. */
#define USER_HOPS_MAX  2048
#define USERS_HOPS_MAX 4096

struct followed {
	uid_t uid;
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
	unsigned int room;	/* for so many hops */
	bool crowded;		/* there were more */
	struct log_limit crowded_told;
	struct followed *slots[DWD_MAX_WATCHES];
	struct backoff again[DWD_MAX_WATCHES]; /* when to look */
	uint64_t review_at;		       /* monotonic us: none of them is due before */
	uint32_t review_from;		       /* the slot to begin with */
	uint32_t used;			       /* slots at and above were never followed */
	int *wd_uses;			       /* by watch descriptor */
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

/* It is followed for nobody. */
static void wd_tidy(struct follow *f, int wd)
{
	if ((size_t)wd >= f->wd_count || f->wd_uses[wd] == 0)
		inotify_rm_watch(f->inotify, wd);
}

static struct followed *leave(struct follow *f, struct followed *followed)
{
	for (unsigned int i = 0; followed && i < followed->count; i++)
		wd_drop(f, followed->hops[i].wd);
	free(followed);
	return NULL;
}

void follow_forget(struct follow *f, uint32_t slot)
{
	f->again[slot] = (struct backoff){};
	f->slots[slot] = leave(f, f->slots[slot]);
}

void follow_later(struct follow *f, uint32_t slot)
{
	backoff_fail(&f->again[slot]);
	if (f->again[slot].at < f->review_at)
		f->review_at = f->again[slot].at;
}

bool follow_is_late(const struct follow *f, uint32_t slot)
{
	return backoff_failed(&f->again[slot]);
}

/* ---- looking up ------------------------------------------------------------------------------ */

static bool is_same(const struct look_hop *a, const struct look_hop *b)
{
	return a->wd == b->wd && a->leaf == b->leaf;
}

/* A hop of a look-up that is going on. */
static void take_hop(void *userdata, const struct look_hop *hop)
{
	struct follow *f = userdata;

	for (unsigned int i = 0; i < f->taken->count; i++)
		if (is_same(&f->taken->hops[i], hop))
			return;
	if (f->taken->count < f->room && wd_use(f, hop->wd) >= 0) {
		f->taken->hops[f->taken->count++] = *hop;
		return;
	}
	f->crowded = true;
	wd_tidy(f, hop->wd);
}

static unsigned int at_most(unsigned int max, unsigned int used)
{
	return used < max ? max - used : 0;
}

/* How many hops may be followed for this slot. */
static unsigned int room_for(const struct follow *f, uint32_t slot, uid_t uid)
{
	unsigned int own = 0, users = 0, room;

	if (uid == 0)
		return LOOK_HOPS;
	for (uint32_t i = 0; i < f->used; i++) {
		const struct followed *other = f->slots[i];

		if (!other || i == slot || other->uid == 0)
			continue;
		users += other->count;
		own += other->uid == uid ? other->count : 0;
	}
	room = at_most(USER_HOPS_MAX, own);
	if (room > at_most(USERS_HOPS_MAX, users))
		room = at_most(USERS_HOPS_MAX, users);
	return room < LOOK_HOPS ? room : LOOK_HOPS;
}

/* Have the path looked up: see looker_find(). */
static int look(struct follow *f, uint32_t slot, const struct principal *owner, const char *target)
{
	int fd;

	f->taken->uid = owner->uid;
	f->room = room_for(f, slot, owner->uid);
	f->crowded = false;
	fd = looker_find(f->looker, owner, target, take_hop, f, f->real);
	if (f->crowded)
		log_rarely(&f->crowded_told,
			   "the watches of user %u, or of all users, lead over more directories "
			   "than are followed (%d, %d): what is there may change unnoticed",
			   owner->uid, USER_HOPS_MAX, USERS_HOPS_MAX);
	return fd;
}

/* From now on follow for this slot what was found on the way. */
static void adopt(struct follow *f, uint32_t slot)
{
	struct followed *fitting =
		realloc(f->taken, sizeof(*f->taken) + f->taken->count * sizeof(struct look_hop));

	leave(f, f->slots[slot]);
	f->slots[slot] = fitting ? fitting : f->taken;
	if (slot >= f->used)
		f->used = slot + 1;
}

int follow_path(struct follow *f, uint32_t slot, const struct principal *owner, const char *target,
		struct index_target *ret)
{
	struct index_target found = {};
	_cleanup_fd_ int fd = -1;
	int r;

	f->taken = calloc(1, sizeof(*f->taken) + LOOK_HOPS * sizeof(struct look_hop));
	if (!f->taken)
		return -ENOMEM;
	fd = look(f, slot, owner, target);
	if (fd == -EAGAIN) {
		if (f->slots[slot])
			leave(f, f->taken);
		else
			adopt(f, slot);
		follow_later(f, slot);
		return fd;
	}
	adopt(f, slot);

	found.real = f->real[0] ? f->real : NULL;
	if (fd >= 0) {
		r = f->identify(f->userdata, fd, &found.file);
		if (r < 0)
			return r;
		found.exists = true;
	}
	f->again[slot] = (struct backoff){};
	*ret = found;
	return 0;
}

/* ---- telling --------------------------------------------------------------------------------- */

static void tell(struct follow *f, const struct inotify_event *event)
{
	bool self = event->mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED);
	bool all = event->mask & IN_Q_OVERFLOW;
	uint32_t leaf = event->len > 0 ? look_hash(event->name) : 0;

	for (uint32_t slot = 0; slot < f->used; slot++) {
		struct followed *followed = f->slots[slot];

		for (unsigned int i = 0; followed && i < followed->count; i++) {
			struct look_hop *hop = &followed->hops[i];

			if (!all &&
			    (hop->wd != event->wd || (!self && hop->leaf && hop->leaf != leaf)))
				continue;
			backoff_now(&f->again[slot]);
			f->review_at = 0;
			break;
		}
	}
	if (event->mask & IN_IGNORED && (size_t)event->wd < f->wd_count)
		f->wd_uses[event->wd] = 0;
}

void follow_review(struct follow *f)
{
	uint64_t began = clock_monotonic_us();

	if (began < f->review_at)
		return;
	f->review_at = UINT64_MAX;
	for (uint32_t i = 0; i < f->used; i++) {
		uint32_t slot = f->review_from++ % f->used;
		struct backoff *again = &f->again[slot];

		if (backoff_due(again)) {
			again->at = 0;
			f->changed(f->userdata, slot);
		}
		if (again->at && again->at < f->review_at)
			f->review_at = again->at;
		if (clock_monotonic_us() - began > REVIEW_US) {
			f->review_at = 0;
			return;
		}
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
