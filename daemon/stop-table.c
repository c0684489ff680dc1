/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "stop-table.h"

#define FIRST_BUCKETS 256

static struct stop **pid_bucket(const struct stop_table *t, pid_t pid)
{
	return &t->by_pid[dwd_mix((uint64_t)pid) & (t->buckets - 1)];
}

static struct stop **id_bucket(const struct stop_table *t, uint64_t id)
{
	return &t->by_id[dwd_mix(id) & (t->buckets - 1)];
}

int stop_table_init(struct stop_table *t)
{
	*t = (struct stop_table){.buckets = FIRST_BUCKETS};
	TAILQ_INIT(&t->order);
	t->by_pid = calloc(t->buckets, sizeof(*t->by_pid));
	t->by_id = calloc(t->buckets, sizeof(*t->by_id));
	return t->by_pid && t->by_id ? 0 : -ENOMEM;
}

void stop_table_destroy(struct stop_table *t)
{
	struct stop *s;

	while ((s = TAILQ_FIRST(&t->order)))
		stop_table_remove(t, s);
	free(t->by_pid);
	free(t->by_id);
}

static void link_hashes(struct stop_table *t, struct stop *s)
{
	struct stop **pid = pid_bucket(t, s->pid), **id = id_bucket(t, s->id);

	s->next_by_pid = *pid;
	*pid = s;
	s->next_by_id = *id;
	*id = s;
}

/* Without memory to grow the chains get longer, nothing worse. */
static void grow(struct stop_table *t)
{
	size_t buckets = t->buckets * 2;
	struct stop **by_pid = calloc(buckets, sizeof(*by_pid));
	struct stop **by_id = calloc(buckets, sizeof(*by_id));
	struct stop *s;

	if (!by_pid || !by_id) {
		free(by_pid);
		free(by_id);
		return;
	}
	free(t->by_pid);
	free(t->by_id);
	t->by_pid = by_pid;
	t->by_id = by_id;
	t->buckets = buckets;
	TAILQ_FOREACH(s, &t->order, in_order)
	link_hashes(t, s);
}

/* Stops come nearly in order, so look for the place from the end. */
static void link_order(struct stop_table *t, struct stop *s)
{
	struct stop *before = TAILQ_LAST(&t->order, stop_list);

	while (before && before->id > s->id)
		before = TAILQ_PREV(before, stop_list, in_order);
	if (before)
		TAILQ_INSERT_AFTER(&t->order, before, s, in_order);
	else
		TAILQ_INSERT_HEAD(&t->order, s, in_order);
}

void stop_table_add(struct stop_table *t, struct stop *s)
{
	if (t->count >= t->buckets)
		grow(t);
	stop_ref(s);
	link_hashes(t, s);
	link_order(t, s);
	t->count++;
}

void stop_table_remove(struct stop_table *t, struct stop *s)
{
	struct stop **pid = pid_bucket(t, s->pid), **id = id_bucket(t, s->id);

	while (*pid != s)
		pid = &(*pid)->next_by_pid;
	*pid = s->next_by_pid;
	while (*id != s)
		id = &(*id)->next_by_id;
	*id = s->next_by_id;
	TAILQ_REMOVE(&t->order, s, in_order);
	t->count--;
	stop_unref(s);
}

struct stop *stop_table_find(const struct stop_table *t, const struct dwd_stop_key *key)
{
	struct stop *s = *pid_bucket(t, (pid_t)key->tgid);

	while (s && memcmp(&s->key, key, sizeof(*key)) != 0)
		s = s->next_by_pid;
	return s;
}

struct stop *stop_table_find_id(const struct stop_table *t, uint64_t id)
{
	struct stop *s = *id_bucket(t, id);

	while (s && s->id != id)
		s = s->next_by_id;
	return s;
}

struct stop *stop_table_find_pid(const struct stop_table *t, pid_t pid)
{
	struct stop *s = *pid_bucket(t, pid);

	while (s && (s->pid != pid || stop_is_over(s)))
		s = s->next_by_pid;
	return s;
}

struct stop *stop_table_after(const struct stop_table *t, uint64_t id)
{
	struct stop *s = stop_table_find_id(t, id);

	if (s)
		return TAILQ_NEXT(s, in_order);
	TAILQ_FOREACH(s, &t->order, in_order)
	if (s->id > id)
		return s;
	return NULL;
}
