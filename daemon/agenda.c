/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agenda.h"

#include "clock.h"

static const uint32_t delays_us[AGENDA_DELAYS] = {
	0, 50, 100, 200, 400, 800, 1600, 3200, 6400, 10000, 20000, 40000, 100000, 1000000,
};

void agenda_init(struct agenda *a)
{
	for (unsigned i = 0; i < AGENDA_DELAYS; i++)
		TAILQ_INIT(&a->queues[i]);
}

void agenda_put(struct agenda *a, struct stop *s, unsigned delay)
{
	agenda_remove(a, s);
	s->delay = delay;
	s->look_at = clock_monotonic_us() + delays_us[delay];
	TAILQ_INSERT_TAIL(&a->queues[delay], s, on_agenda);
}

void agenda_remove(struct agenda *a, struct stop *s)
{
	if (s->look_at) {
		TAILQ_REMOVE(&a->queues[s->delay], s, on_agenda);
		s->look_at = 0;
	}
}

unsigned agenda_longer(const struct stop *s, unsigned slowest)
{
	return s->delay < slowest ? s->delay + 1 : slowest;
}

static struct stop *next(const struct agenda *a)
{
	struct stop *soonest = NULL;

	for (unsigned i = 0; i < AGENDA_DELAYS; i++) {
		struct stop *s = TAILQ_FIRST(&a->queues[i]);

		if (s && (!soonest || s->look_at < soonest->look_at))
			soonest = s;
	}
	return soonest;
}

uint64_t agenda_next(const struct agenda *a)
{
	const struct stop *s = next(a);

	return s ? s->look_at : UINT64_MAX;
}

struct stop *agenda_take(struct agenda *a, uint64_t now)
{
	struct stop *s = next(a);

	if (!s || s->look_at > now)
		return NULL;
	agenda_remove(a, s);
	return s;
}
