/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "refusals.h"

#include "clock.h"

#define STRETCH_US 60000000

static bool is_same(const struct refusal *refusal, uid_t user, const char *what, const char *why)
{
	return refusal->what && refusal->user == user && str_eq(refusal->what, what) &&
	       str_eq(refusal->why, why);
}

/* The last one that is the same, or the place of the one told longest ago. */
static struct refusal *find(struct refusals *refusals, uid_t user, const char *what,
			    const char *why)
{
	struct refusal *oldest = refusals->recent;

	for (size_t i = 0; i < ARRAY_SIZE(refusals->recent); i++) {
		struct refusal *refusal = &refusals->recent[i];

		if (is_same(refusal, user, what, why))
			return refusal;
		if (refusal->since < oldest->since)
			oldest = refusal;
	}
	return oldest;
}

void refusals_log(struct refusals *refusals, const struct principal *user, pid_t pid,
		  const char *what, const char *why)
{
	struct refusal *refusal = find(refusals, user->uid, what, why);
	bool again = is_same(refusal, user->uid, what, why);
	uint64_t now = clock_monotonic_us();

	if (again && now - refusal->since < STRETCH_US) {
		refusal->more++;
		return;
	}
	if (again && refusal->more > 0)
		log_rarely(&refusals->all,
			   "refused %s to process %d of user %u: %s (and %u times since it was "
			   "last told)",
			   what, (int)pid, user->uid, why, refusal->more);
	else
		log_rarely(&refusals->all, "refused %s to process %d of user %u: %s", what,
			   (int)pid, user->uid, why);
	*refusal = (struct refusal){.user = user->uid, .what = what, .why = why, .since = now};
}
