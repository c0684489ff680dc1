/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Who may do what. Alice and Mallory are users other than root; neither is the one who runs the
 * test, so that its children are never theirs in fact, only by the record.
 */

#include "harness.h"

#include <signal.h>

#include "permissions.h"

#define ALICE	(getuid() + 1001)
#define MALLORY (getuid() + 1002)

static struct watchdog_client client_of(uid_t uid)
{
	return (struct watchdog_client){.pid = (pid_t)uid, .user = {.uid = uid, .gid = uid}};
}

static uint64_t add_watch(struct harness *h, const struct watchdog_client *client)
{
	const struct watch *watch;

	assert_int_equal(harness_add_watch(h, client, "program", NULL, &watch), ANSWER_OK);
	return watch->id;
}

/* A stop of Alice's, caught by root's watch 1 and, if she has one, her own. */
static struct stop *hold(struct harness *h, const struct child *c, uint64_t own_watch)
{
	struct dwd_stop_record *record = fake_backend_record(h->fake, c->pid);

	record->uid = record->euid = record->gid = record->egid = ALICE;
	record->users_watch = own_watch;
	if (own_watch) {
		record->watches[record->watch_count++] = own_watch;
		record->flags |= DWD_STOP_USERS_WATCH(1);
	}
	fake_backend_ring_stopped(h->fake, &record->key);
	json_decref(harness_expect(h, "stopped", h->fake->last_id));
	return harness_find(h, c->pid);
}

static struct stop *first_seen_by(struct harness *h, uid_t uid)
{
	const struct stop_selector selector = {.viewer = client_of(uid).user};

	return watchdog_next_stop(h->watchdog, 0, &selector);
}

/* The next event that this user sees must be of this type, NULL: there is none. */
static json_t *expect_event(struct harness *h, uid_t uid, uint64_t *place, const char *type)
{
	const struct principal user = client_of(uid).user;
	json_t *event = events_read(watchdog_events(h->watchdog), &user, place);

	if (type) {
		assert_non_null(event);
		assert_string_equal(get_string(event, "event"), type);
	} else {
		assert_null(event);
	}
	return event;
}

static void test_whose_stop_it_is(void **state)
{
	static const struct {
		bool roots, users_watch;
		bool root, alice, mallory;
	} table[] = {
		/* process of root's; watched by root alone */
		{true, false, true, false, false},
		/* Alice's */
		{false, false, true, false, false},
		{false, true, true, true, false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		const struct stop s = {
			.uid = table[i].roots ? 0 : ALICE,
			.users_watch = table[i].users_watch ? 7 : 0,
		};
		const struct principal alice = {.uid = ALICE}, mallory = {.uid = MALLORY};

		assert_int_equal(permissions_see_stop(&root, &s), table[i].root);
		assert_int_equal(permissions_see_stop(&alice, &s), table[i].alice);
		assert_int_equal(permissions_see_stop(&mallory, &s), table[i].mallory);
	}
}

static void test_watches_are_their_owners(void **state)
{
	struct harness *h = *state;
	struct watchdog_client alice = client_of(ALICE), mallory = client_of(MALLORY);
	uint64_t watch = add_watch(h, &alice), place = h->place;
	json_t *json = NULL;

	assert_int_equal(watchdog_remove_watch(h->watchdog, &mallory, watch, &json),
			 ANSWER_NO_SUCH_WATCH);
	assert_null(json);
	expect_event(h, MALLORY, &place, NULL);
	place = h->place;
	json_decref(expect_event(h, ALICE, &place, "watched"));
	assert_int_equal(watchdog_remove_watch(h->watchdog, &alice, watch, &json), ANSWER_OK);
	json_decref(json);
}

static void test_a_stop_is_no_strangers(void **state)
{
	struct harness *h = *state;
	struct watchdog_client alice = client_of(ALICE), mallory = client_of(MALLORY);
	struct child c = child_start_stopped();
	uint64_t place, watch;
	struct stop *s, *taken = NULL;

	add_watch(h, &h->client);
	watch = add_watch(h, &alice);
	for (int i = 0; i < 2; i++)
		json_decref(harness_expect(h, "watched", 0));
	place = h->place;
	s = hold(h, &c, watch);
	assert_ptr_equal(first_seen_by(h, ALICE), s);
	assert_null(first_seen_by(h, MALLORY));
	for (int by_id = 0; by_id < 2; by_id++) {
		const struct stop_selector selector = {.id = by_id ? s->id : 0,
						       .viewer = mallory.user};

		assert_int_equal(watchdog_claim(h->watchdog, &mallory, &selector, &taken),
				 ANSWER_NO_SUCH_STOP);
		assert_null(taken);
	}
	expect_event(h, MALLORY, &place, NULL);
}

static void test_what_only_root_watches(void **state)
{
	struct harness *h = *state;
	struct child c = child_start_stopped();
	uint64_t place = h->place;

	hold(h, &c, 0);
	assert_null(first_seen_by(h, ALICE));
	expect_event(h, ALICE, &place, NULL);
}

/* Others' watches are not named, nor the paths of what she could not trace. */
static void test_what_is_told_of_a_stop(void **state)
{
	struct harness *h = *state;
	struct watchdog_client alice = client_of(ALICE);
	struct child c = child_start_stopped();
	uint64_t watch = add_watch(h, &alice);
	json_auto_t *told = NULL, *all = NULL;
	struct stop *s;

	json_decref(harness_expect(h, "watched", 0));
	s = hold(h, &c, watch + 1); /* which is not root's 1 either */
	assert_true(s->shielded);   /* the child is not hers in fact */
	told = stop_to_json(s, &s->now, &alice.user, false);
	assert_int_equal(get_int(told, "watch"), watch + 1);
	assert_int_equal(json_array_size(json_object_get(told, "watches")), 1);
	assert_string_equal(get_string(told, "exe"), "program");
	assert_string_equal(get_string(told, "path"), "program");
	assert_null(json_object_get(told, "cwd"));
	all = stop_to_json(s, &s->now, &root, false);
	assert_int_equal(json_array_size(json_object_get(all, "watches")), 2);
	assert_string_equal(get_string(all, "exe"), "/opt/program");
	assert_non_null(json_object_get(all, "cwd"));
	/* Nor can they be guessed. */
	assert_true(
		stop_matches(s, &(struct stop_selector){.name = "program", .viewer = alice.user}));
	assert_false(
		stop_matches(s, &(struct stop_selector){.name = "link", .viewer = alice.user}));
	assert_false(stop_matches(
		s, &(struct stop_selector){.path = "/opt/program", .viewer = alice.user}));
	s->shielded = false;
	assert_true(stop_matches(
		s, &(struct stop_selector){.path = "/opt/program", .viewer = alice.user}));
}

/* The record says it is hers; the process has become another's since. */
static void test_what_is_hers_no_more(void **state)
{
	struct harness *h = *state;
	struct watchdog_client alice = client_of(ALICE);
	struct child c = child_start_stopped();
	struct stop *s = hold(h, &c, 2);

	assert_int_equal(watchdog_continue(h->watchdog, &alice, s), ANSWER_NOT_PERMITTED);
	assert_int_equal(watchdog_kill(h->watchdog, &alice, s, SIGKILL), ANSWER_NOT_PERMITTED);
	assert_int_equal(watchdog_kill(h->watchdog, &alice, s, SIGCONT), ANSWER_NOT_PERMITTED);
	assert_false(permissions_trace(&alice.user, s));
	assert_true(permissions_trace(&root, s));
	assert_false(child_has_resumed(&c));
	assert_int_equal(watchdog_continue(h->watchdog, &h->client, s), ANSWER_OK);
	child_wait_resumed(&c);
}

static void test_a_hold_does_not_kill_what_is_hers_no_more(void **state)
{
	const struct watch_rule rule = {.target = "program", .hold = 1, .then_kill = true};
	struct harness *h = *state;
	struct watchdog_client alice = client_of(ALICE);
	struct child c = child_start_stopped();
	const struct watch *watch;
	struct watch_fault fault;
	struct stop *s;

	assert_int_equal(watchdog_add_watch(h->watchdog, &alice, &rule, &watch, &fault), ANSWER_OK);
	json_decref(harness_expect(h, "watched", 0));
	s = hold(h, &c, watch->id);
	while (s->hold_until)
		harness_turn(h);
	assert_false(stop_has_ended(s));
	harness_expect_no_event(h);
}

static void test_filters_of_others(void **state)
{
	struct harness *h = *state;
	struct watchdog_client alice = client_of(ALICE);
	const uid_t others = MALLORY, own = ALICE;
	struct watch_rule rule = {.target = "program", .filters.under = getpid()};
	const struct watch *watch;
	struct watch_fault fault;

	assert_int_equal(harness_add_watch(h, &alice, "program", &others, &watch),
			 ANSWER_NOT_PERMITTED);
	assert_int_equal(harness_add_watch(h, &alice, "program", &own, &watch), ANSWER_OK);
	assert_int_equal(watchdog_add_watch(h->watchdog, &alice, &rule, &watch, &fault),
			 ANSWER_NOT_PERMITTED);
	assert_int_equal(watchdog_add_watch(h->watchdog, &h->client, &rule, &watch, &fault),
			 ANSWER_OK);
}

static void test_quota_of_watches(void **state)
{
	const struct watch_rule rule = {.target = "program"};
	struct harness *h = *state;
	struct watchdog_client alice = client_of(ALICE), other;
	const struct watch *watch;
	struct watch_fault fault;
	uid_t uid = MALLORY;

	for (size_t i = 0; i < USER_WATCHES_MAX; i++)
		add_watch(h, &alice);
	assert_int_equal(watchdog_add_watch(h->watchdog, &alice, &rule, &watch, &fault),
			 ANSWER_LIMIT_REACHED);
	assert_int_equal(fault.limit, USER_WATCHES_MAX);
	for (size_t i = USER_WATCHES_MAX; i < USERS_WATCHES_MAX; i++) {
		other = client_of(uid + (uid_t)(i / USER_WATCHES_MAX));
		add_watch(h, &other);
	}
	other = client_of(uid);
	assert_int_equal(watchdog_add_watch(h->watchdog, &other, &rule, &watch, &fault),
			 ANSWER_LIMIT_REACHED);
	assert_int_equal(fault.limit, USERS_WATCHES_MAX);
	add_watch(h, &h->client);
}

static void test_skips(void **state)
{
	const struct dwd_ring_record of_root = {.type = DWD_RING_SKIP, .watch = 3},
				     of_both = {.type = DWD_RING_SKIP,
						.watch = 3,
						.users_watch = 4,
						.user = ALICE,
						.watch_count = 2};
	struct harness *h = *state;
	json_auto_t *event = NULL;
	uint64_t place = h->place, places = h->place;

	fake_backend_ring_skipped(h->fake, &of_root);
	fake_backend_ring_skipped(h->fake, &of_both);
	for (int i = 0; i < 2; i++)
		json_decref(harness_expect(h, "skipped", 0));
	event = expect_event(h, ALICE, &place, "skipped");
	assert_int_equal(get_int(json_object_get(event, "skip"), "watch"), 4);
	expect_event(h, ALICE, &place, NULL);
	expect_event(h, MALLORY, &places, NULL);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, harness_setup, harness_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whose_stop_it_is),
		TEST(test_watches_are_their_owners),
		TEST(test_a_stop_is_no_strangers),
		TEST(test_what_only_root_watches),
		TEST(test_what_is_told_of_a_stop),
		TEST(test_what_is_hers_no_more),
		TEST(test_a_hold_does_not_kill_what_is_hers_no_more),
		TEST(test_filters_of_others),
		TEST(test_quota_of_watches),
		TEST(test_skips),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
