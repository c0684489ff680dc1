/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef HARNESS_H
#define HARNESS_H

/*
 * The engine on a scripted backend, and real child processes for it to hold.
 */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "fake-backend.h"
#include "util.h"
#include "watchdog.h"

/* Who may do everything, and see it. */
extern const struct principal root;

struct harness {
	sd_event *event;
	struct fake_backend *fake;
	struct watchdog *watchdog;
	uint64_t place; /* the next event to be read */
	struct watchdog_client client;
};

/* cmocka's set-up and tear-down; *state is the harness, its engine started. All children that a
 * test left are killed. */
int harness_setup(void **state);
int harness_teardown(void **state);

/* A child of the test. It stops itself when told to, runs on, says so, and waits for its end. */
struct child {
	pid_t pid;
	int tell;    /* written to: stop yourself */
	int resumed; /* readable once it runs after the stop */
};

struct child child_start(void);
/* Make it stop itself, and wait until it has. */
void child_stop(const struct child *c);
/* child_start() and child_stop(). */
struct child child_start_stopped(void);
/* The same, but once it runs it sleeps in state D until it is killed. */
struct child child_start_stopped_to_block(void);
/* Wait until /proc shows this state. */
void child_wait_state(const struct child *c, char state);
bool child_has_resumed(const struct child *c);
/* Block until it runs after its stop. */
void child_wait_resumed(const struct child *c);
/* SIGKILL and reap. */
void child_end(const struct child *c);
/* It is reaped already. */
void child_forget(const struct child *c);
/* A child without pipes, of which there can be thousands: stops itself, then waits for its end. */
struct child child_start_plain(void);

/* A record of a stopped child, and the doorbell. */
struct dwd_stop_key harness_ring_stop(struct harness *h, pid_t pid);
/* The same, and wait until it is announced. */
struct stop *harness_hold(struct harness *h, pid_t pid);
struct stop *harness_find(struct harness *h, pid_t pid);

/* A new engine on the same backend, as after the daemon's death. */
void harness_restart(struct harness *h);

/* Let the event loop turn once, waiting for something to happen. Fails the test when nothing does
 * for very long. */
void harness_turn(struct harness *h);
/* Let it turn until it has nothing more to do at once. */
void harness_settle(struct harness *h);

/* watchdog_add_watch() of a target and, if not NULL, a uid. */
int harness_add_watch(struct harness *h, const struct watchdog_client *client, const char *target,
		      const uid_t *uid, const struct watch **ret);

/* None is left. */
void harness_remove_watches(struct harness *h);

/* The next event, waited for, must be of this type and, with `s_id`, be about that stop. */
json_t *harness_expect(struct harness *h, const char *type, uint64_t s_id);
/* There must be no event that was not read. */
void harness_expect_no_event(struct harness *h);

/* The members of JSON objects, which must be there. */
json_int_t get_int(json_t *object, const char *key);
const char *get_string(json_t *object, const char *key);

#endif
