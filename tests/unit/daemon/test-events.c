/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Whose events are kept when there are more than can be: nobody pushes out those of others.
 */

#include "harness.h"

#include "events.h"
#include "methods.h"

#define ROOT	0
#define ALICE	1001
#define MALLORY 1002
#define OTHERS	2000 /* the first of as many as are wanted */

/* Zeroed as the engine's is. */
struct fixture {
	struct events events;
	struct events_listener listener;
	json_int_t added; /* also the id of the watch in the newest */
	size_t dropped;
};

static void on_added(struct events_listener *l)
{
}

static void on_dropped(struct events_listener *l, const struct event *event)
{
	struct fixture *f = container_of(l, struct fixture, listener);

	assert_true(event->number < (uint64_t)f->added);
	f->dropped++;
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	if (!f)
		return -1;
	f->listener = (struct events_listener){.added = on_added, .dropped = on_dropped};
	events_init(&f->events);
	events_listen(&f->events, &f->listener);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	events_destroy(&f->events);
	free(f);
	return 0;
}

static void add(struct fixture *f, uid_t user)
{
	json_auto_t *watch = json_pack("{s:I}", "id", ++f->added);
	const struct event event = {.type = EVENT_WATCHED, .watch = watch, .user = user};

	events_add(&f->events, &event);
}

static void add_many(struct fixture *f, uid_t user, size_t count)
{
	for (size_t i = 0; i < count; i++)
		add(f, user);
}

/* How many are there for this user; each comes but once, in the order they were added in. *first
 * and *last are the ids of those that come first and last. */
static size_t read_all(const struct fixture *f, uid_t uid, json_int_t *first, json_int_t *last)
{
	const struct principal viewer = {.uid = uid};
	uint64_t place = 0;
	size_t count = 0;
	json_t *event;

	*first = *last = 0;
	while ((event = events_read(&f->events, &viewer, &place))) {
		json_int_t id = get_int(json_object_get(event, "watch"), "id");

		assert_true(id > *last);
		assert_int_equal(place, id);
		if (count++ == 0)
			*first = id;
		*last = id;
		json_decref(event);
	}
	assert_int_equal(place, f->events.next);
	return count;
}

static void expect(const struct fixture *f, uid_t uid, size_t count, json_int_t first,
		   json_int_t last)
{
	json_int_t seen_first, seen_last;

	assert_int_equal(read_all(f, uid, &seen_first, &seen_last), count);
	assert_int_equal(seen_first, first);
	assert_int_equal(seen_last, last);
}

static void test_a_user_pushes_out_his_own(void **state)
{
	enum { FLOOD = 3 * EVENTS_KEPT };
	struct fixture *f = *state;
	json_int_t end;

	add_many(f, MALLORY, 2);
	add_many(f, ROOT, 3);  /* 3 to 5 */
	add_many(f, ALICE, 2); /* 6 and 7 */
	add_many(f, MALLORY, FLOOD);
	end = f->added;
	expect(f, ALICE, 2, 6, 7);
	expect(f, MALLORY, EVENTS_USERS - 2, end - (EVENTS_USERS - 2) + 1, end);
	expect(f, ROOT, EVENTS_USERS + 3, 3, end);
	assert_int_equal(f->dropped, f->added - (EVENTS_USERS + 3));
}

/* Who comes later gets his part from him who has most, until they have the same. */
static void test_who_has_most_gives(void **state)
{
	struct fixture *f = *state;

	add_many(f, MALLORY, EVENTS_USERS);
	add_many(f, ALICE, 10);
	expect(f, ALICE, 10, EVENTS_USERS + 1, EVENTS_USERS + 10);
	expect(f, MALLORY, EVENTS_USERS - 10, 11, EVENTS_USERS);
	add_many(f, ALICE, EVENTS_USERS);
	expect(f, ALICE, EVENTS_USERS / 2, f->added - EVENTS_USERS / 2 + 1, f->added);
	expect(f, MALLORY, EVENTS_USERS / 2, EVENTS_USERS / 2 + 1, EVENTS_USERS);
}

static void test_many_users_together(void **state)
{
	struct fixture *f = *state;

	add_many(f, ROOT, EVENTS_ROOTS);
	for (uid_t i = 0; i < 2 * EVENTS_USERS; i++)
		add_many(f, OTHERS + i, 2);
	expect(f, ROOT, EVENTS_KEPT, 1, f->added);
	expect(f, OTHERS + 2 * EVENTS_USERS - 1, 1, f->added, f->added);
	add(f, ALICE);
	expect(f, ALICE, 1, f->added, f->added);
	add(f, ALICE);
	expect(f, ALICE, 1, f->added, f->added);
}

static void test_root_pushes_out_his_own(void **state)
{
	struct fixture *f = *state;

	add(f, ALICE);
	add_many(f, ROOT, 2 * EVENTS_ROOTS);
	expect(f, ALICE, 1, 1, 1);
	expect(f, ROOT, EVENTS_ROOTS + 1, 1, f->added);
}

/* What only root sees of a user's processes is not root's for that. */
static void test_what_users_cause(void **state)
{
	static struct stop stop = {.references = 1, .uid = MALLORY}; /* kept to the end */
	const struct event stopped = {.type = EVENT_STOPPED, .stop = &stop};
	const struct event skipped = {.type = EVENT_SKIPPED, .skip = {.watch = 1}};
	struct fixture *f = *state;
	json_int_t first, last;

	add_many(f, ROOT, EVENTS_ROOTS);
	add(f, ALICE);
	for (int i = 0; i < EVENTS_USERS; i++) {
		events_add(&f->events, &stopped);
		events_add(&f->events, &skipped);
		f->added += 2;
	}
	assert_int_equal(f->events.count, EVENTS_KEPT);
	assert_int_equal(read_all(f, ALICE, &first, &last), 1);
	assert_int_equal(f->events.kept[0].number, 0);
	assert_int_equal(f->events.users_events, EVENTS_USERS);
}

/* One who was behind goes on with the oldest that is there. */
static void test_a_place_that_is_gone(void **state)
{
	const struct principal mallory = {.uid = MALLORY};
	struct fixture *f = *state;
	uint64_t place = 5;
	json_auto_t *event = NULL;

	add_many(f, MALLORY, EVENTS_USERS + 10);
	event = events_read(&f->events, &mallory, &place);
	assert_int_equal(place, 11);
	assert_int_equal(f->dropped, 10);
}

/* What is lost to a reader is what he has not read yet, was to read, and may see. */
static void test_what_is_lost_to_whom(void **state)
{
	static const struct {
		uint64_t number;
		uid_t user;
		uint64_t lost;
	} table[] = {
		{6, ALICE, 0}, {7, ALICE, 1}, {8, MALLORY, 1},
		{8, ROOT, 1},  {9, ALICE, 2}, {10, ALICE, 2},
	};
	struct peer peer = {.client.user.uid = ALICE,
			    .call = {.reads_events = true, .place = 7, .end = 10}};
	json_auto_t *watch = json_object();

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		const struct event event = {
			.number = table[i].number, .watch = watch, .user = table[i].user};

		methods_event_dropped(&peer.call, &event);
		assert_int_equal(peer.call.lost, table[i].lost);
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_user_pushes_out_his_own),
		TEST(test_who_has_most_gives),
		TEST(test_many_users_together),
		TEST(test_root_pushes_out_his_own),
		TEST(test_what_users_cause),
		TEST(test_a_place_that_is_gone),
		cmocka_unit_test(test_what_is_lost_to_whom),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
