/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "harness.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "log.h"
#include "procfs.h"

/* Far longer than anything here takes, on a machine however busy. */
#define VERY_LONG_US 60000000

const struct principal root = {};

/* Those that were not ended yet. */
static struct child *children;
static size_t children_count;

static struct child *add_child(void)
{
	children = reallocarray(children, children_count + 1, sizeof(*children));
	assert_non_null(children);
	return &children[children_count++];
}

static void remove_child(pid_t pid)
{
	size_t i = 0;

	while (children[i].pid != pid)
		i++;
	children[i] = children[--children_count];
}

int harness_setup(void **state)
{
	struct harness *h = calloc(1, sizeof(*h));

	assert_non_null(h);
	log_set_level(LOG_ERR);
	h->fake = fake_backend_new();
	h->client = (struct watchdog_client){.pid = 4242, .user = root};
	assert_true(sd_event_new(&h->event) >= 0);
	harness_restart(h);
	*state = h;
	return 0;
}

void harness_restart(struct harness *h)
{
	watchdog_free(h->watchdog);
	fake_backend_survive(h->fake);
	h->place = 0;
	assert_int_equal(watchdog_new(&h->watchdog, h->event, &h->fake->backend), 0);
	assert_int_equal(watchdog_start(h->watchdog), 0);
}

int harness_teardown(void **state)
{
	struct harness *h = *state;

	watchdog_free(h->watchdog);
	sd_event_unref(h->event);
	fake_backend_free(h->fake);
	free(h);
	while (children_count > 0)
		child_end(&children[0]);
	free(steal_pointer(children));
	return 0;
}

static void write_byte(int fd)
{
	while (write(fd, "", 1) < 0 && errno == EINTR)
		;
}

static void read_byte(int fd)
{
	char byte;

	while (read(fd, &byte, 1) < 0 && errno == EINTR)
		;
}

static _Noreturn void live(int told, int resumed, bool block)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	read_byte(told);
	raise(SIGSTOP);
	/* The parent sleeps in state D until this child of its ends, and that when it does. */
	if (block && vfork() == 0)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	else
		write_byte(resumed);
	for (;;)
		pause();
}

static struct child start(bool block)
{
	int told[2], resumed[2];
	struct child c;

	assert_int_equal(pipe2(told, O_CLOEXEC), 0);
	assert_int_equal(pipe2(resumed, O_CLOEXEC), 0);
	c.pid = fork();
	assert_true(c.pid >= 0);
	if (c.pid == 0) {
		close(told[1]);
		live(told[0], resumed[1], block);
	}
	close(told[0]);
	close(resumed[1]);
	c.tell = told[1];
	c.resumed = resumed[0];
	*add_child() = c;
	return c;
}

struct child child_start(void)
{
	return start(false);
}

struct child child_start_plain(void)
{
	struct child c = {.pid = fork(), .tell = -1, .resumed = -1};

	assert_true(c.pid >= 0);
	if (c.pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		raise(SIGSTOP);
		for (;;)
			pause();
	}
	*add_child() = c;
	return c;
}

void child_stop(const struct child *c)
{
	int status;

	write_byte(c->tell);
	assert_int_equal(waitpid(c->pid, &status, WUNTRACED), c->pid);
	assert_true(WIFSTOPPED(status));
}

struct child child_start_stopped(void)
{
	struct child c = child_start();

	child_stop(&c);
	return c;
}

struct child child_start_stopped_to_block(void)
{
	struct child c = start(true);

	child_stop(&c);
	return c;
}

void child_wait_state(const struct child *c, char state)
{
	struct procfs_stat stat = {.state = 0};

	while (stat.state != state)
		assert_int_equal(procfs_read_stat(c->pid, &stat), 0);
}

static bool is_readable(int fd, int timeout_ms)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	return poll(&p, 1, timeout_ms) > 0 && (p.revents & POLLIN);
}

bool child_has_resumed(const struct child *c)
{
	return is_readable(c->resumed, 0);
}

void child_wait_resumed(const struct child *c)
{
	assert_true(is_readable(c->resumed, VERY_LONG_US / 1000));
}

void child_forget(const struct child *c)
{
	const struct child ended = *c; /* `c` may lie in the array */

	close_fd(ended.tell);
	close_fd(ended.resumed);
	remove_child(ended.pid);
}

void child_end(const struct child *c)
{
	kill(c->pid, SIGKILL);
	while (waitpid(c->pid, NULL, __WALL) != c->pid || kill(c->pid, 0) == 0)
		; /* a traced one is reported as stopped first */
	child_forget(c);
}

void harness_turn(struct harness *h)
{
	int r = sd_event_run(h->event, VERY_LONG_US);

	assert_true(r > 0);
}

void harness_settle(struct harness *h)
{
	while (sd_event_run(h->event, 0) > 0)
		;
}

struct dwd_stop_key harness_ring_stop(struct harness *h, pid_t pid)
{
	struct dwd_stop_key key = fake_backend_record(h->fake, pid)->key;

	fake_backend_ring_stopped(h->fake, &key);
	return key;
}

struct stop *harness_find(struct harness *h, pid_t pid)
{
	const struct stop_selector selector = {.pid = pid};

	return watchdog_next_stop(h->watchdog, 0, &selector);
}

struct stop *harness_hold(struct harness *h, pid_t pid)
{
	harness_ring_stop(h, pid);
	json_decref(harness_expect(h, "stopped", h->fake->last_id));
	return harness_find(h, pid);
}

json_t *harness_expect(struct harness *h, const char *type, uint64_t s_id)
{
	struct events *events = watchdog_events(h->watchdog);
	json_t *event, *s;

	while (h->place >= events->next)
		harness_turn(h);
	event = events_read(events, &root, &h->place);
	assert_non_null(event);
	assert_string_equal(get_string(event, "event"), type);
	if (s_id) {
		s = json_object_get(event, "stop");
		assert_int_equal(get_int(s, "id"), s_id);
	}
	return event;
}

void harness_expect_no_event(struct harness *h)
{
	assert_int_equal(h->place, watchdog_events(h->watchdog)->next);
}

json_int_t get_int(json_t *object, const char *key)
{
	json_t *value = json_object_get(object, key);

	assert_true(json_is_integer(value));
	return json_integer_value(value);
}

const char *get_string(json_t *object, const char *key)
{
	json_t *value = json_object_get(object, key);

	assert_true(json_is_string(value));
	return json_string_value(value);
}

int harness_add_watch(struct harness *h, const struct watchdog_client *client, const char *target,
		      const uid_t *uid, const struct watch **ret)
{
	const struct watch_rule rule = {
		.target = target,
		.filters = {.has_uid = uid, .uid = uid ? *uid : 0},
	};
	struct watch_fault fault;

	return watchdog_add_watch(h->watchdog, client, &rule, ret, &fault);
}

void harness_remove_watches(struct harness *h)
{
	const struct watch *watch;

	while ((watch = watchdog_next_watch(h->watchdog, 0))) {
		json_t *removed;

		assert_int_equal(
			watchdog_remove_watch(h->watchdog, &h->client, watch->id, &removed),
			ANSWER_OK);
		json_decref(removed);
	}
}
