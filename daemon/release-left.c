/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "release-left.h"

#include <stdio.h>

#include "backend-bpf-left.h"
#include "backend-bpf-pins.h"
#include "listen.h"
#include "lock-file.h"
#include "log.h"
#include "options.h"
#include "places.h"
#include "procfs.h"
#include "watchdog.h"

/* A pid means something else in another pid namespace, so what is left of one that lives can be
 * released in there only. In one that has ended nothing lives, as its init took all with it. 1: it
 * has ended; -EXDEV: it lives, or may, which *message says. */
static int check_namespace(struct pins *pins, const char *schema, const char *socket,
			   char **message)
{
	uint32_t theirs;
	pid_t inside;
	int r;

	r = backend_left_namespace(&theirs, pins, schema);
	if (r < 0 || !theirs || theirs == procfs_own_namespace("pid"))
		return r;
	r = procfs_find_in_pid_namespace(theirs, &inside);
	if (r == 0)
		return 1;
	free(*message);
	if (r > 0)
		r = asprintf(message,
			     "left by a dwdd in another pid namespace (%u), that of process %d: "
			     "release it there (nsenter -t %d -m -p dwdd --release-all --socket "
			     "%s), or end that namespace",
			     theirs, (int)inside, (int)inside, socket);
	else
		r = asprintf(message,
			     "left by a dwdd in another pid namespace (%u), which cannot be seen "
			     "from here: release it there, or outside of all containers if it has "
			     "ended (dwdd --release-all --socket %s)",
			     theirs, socket);
	if (r < 0)
		*message = NULL;
	return -EXDEV;
}

/* What was stopped cannot be known any more: somebody has removed what tells it, or a version of
 * dwdd wrote it that is none. */
static int remove_unread(struct pins *pins, const char *schema)
{
	_cleanup_free_ char *path = pins_schema_path(pins, schema);

	log_warning("the table of stopped processes in %s is gone or cannot be read: what a dead "
		    "dwdd had stopped may stay so, in no list (state T in ps): kill -CONT PID "
		    "lets it run",
		    path ? path : schema);
	return backend_left_remove(pins, schema);
}

/* One schema's directory. On -EXDEV it stays as it is, and *message says why. */
static int release_schema(struct pins *pins, const char *schema, const char *socket,
			  struct watchdog_released *result, char **message)
{
	struct backend *left;
	int r;

	*result = (struct watchdog_released){};
	r = check_namespace(pins, schema, socket, message);
	if (r < 0)
		return r;
	if (r > 0)
		return backend_left_remove(pins, schema);
	r = backend_left_open(&left, pins, schema);
	if (r == -EPROTO)
		return remove_unread(pins, schema);
	if (r < 0)
		return r;
	r = watchdog_release_left(left, result);
	left->ops->free(left);
	return r;
}

/* Ours only if we could not work with it. */
static bool is_strange(struct pins *pins, const char *schema)
{
	struct pins_left left;

	return !pins_is_ours(schema) || pins_find(pins, &left) == -EPROTO;
}

int release_strangers(struct pins *pins, const char *socket, char **message)
{
	char *schema = NULL;
	int r = 0;

	while (r >= 0 && (schema = pins_next_schema(pins, schema))) {
		struct watchdog_released result;

		if (!is_strange(pins, schema))
			continue;
		r = release_schema(pins, schema, socket, &result, message);
		if (r == -EXDEV)
			break;
		if (r < 0)
			log_error("cannot release what another version of dwdd has left (%s): %s",
				  schema, strerror(-r));
		else
			log_warning("another version of dwdd, or one in a pid namespace that has "
				    "ended, has left what this one cannot take over (%s): its "
				    "watches are gone; of the processes that it had stopped are "
				    "released: %zu; left to their debuggers: %zu",
				    schema, result.released, result.traced);
	}
	free(schema);
	return r;
}

/* As ExecStopPost= this runs whenever the service has ended, and systemd.exec(5) says why. After
 * these ends Restart=on-failure starts it again, to find all as it was. If that is given up, the
 * unit that is OnFailure= of this one runs without such a word. */
static bool comes_back(void)
{
	static const char *const results[] = {"exit-code", "signal", "core-dump", "watchdog",
					      "oom-kill"};
	const char *result = getenv("SERVICE_RESULT");

	for (size_t i = 0; result && i < ARRAY_SIZE(results); i++)
		if (str_eq(result, results[i]))
			return true;
	return false;
}

/* All schemas of one place. *any is set if there was something. */
static int release_place(struct pins *pins, const char *socket, struct watchdog_released *total,
			 bool *any)
{
	_cleanup_free_ char *message = NULL;
	char *schema = NULL;
	int r = 0;

	while (r >= 0 && (schema = pins_next_schema(pins, schema))) {
		struct watchdog_released result;

		r = release_schema(pins, schema, socket, &result, &message);
		total->released += result.released;
		total->traced += result.traced;
		total->failed += result.failed;
		*any = true;
	}
	free(schema);
	if (r < 0)
		log_error("cannot release all that is left: %s", message ? message : strerror(-r));
	return r;
}

static size_t count_stops(const struct pins *pins)
{
	char *schema = NULL;
	size_t n = 0;

	while ((schema = pins_next_schema(pins, schema)))
		n += backend_left_count(pins, schema);
	return n;
}

void release_tell_of(const char *pin_dir, const char *socket)
{
	_cleanup_(pins_freep) struct pins *pins = NULL;
	_cleanup_free_ char *message = NULL;

	if (pins_open(&pins, pin_dir, socket, &message) < 0)
		log_warning("an earlier dwdd of this socket has left something in %s, which cannot "
			    "be looked at: %s",
			    pin_dir, message ? message : strerror(ENOMEM));
	else
		log_warning("an earlier dwdd of this socket has left something in %s, which this "
			    "one does not take over; stopped processes there: %zu; once this one "
			    "has ended, release it: dwdd --release-all --socket %s; or take it "
			    "over: dwdd --pin-dir %s --socket %s",
			    pin_dir, count_stops(pins), socket, pin_dir, socket);
}

/* What others have left that are dead is not released, but who has given the wrong socket should
 * know of it. */
static void tell_of_others(const struct pins *pins, const char *pin_dir)
{
	char *name = NULL;

	while ((name = pins_next_beside(pins, name))) {
		_cleanup_(pins_freep) struct pins *other = NULL;
		size_t n = pins_open_beside(&other, pins, name) < 0 ? 0 : count_stops(other);

		if (n > 0)
			log_warning("a dead dwdd with another socket has left processes stopped, "
				    "which are not released: %zu; give --socket the one that "
				    "%s/%s is named after",
				    n, pin_dir, name);
	}
}

/* So that clients speak of a dead daemon no more. */
static void remove_socket(const struct listen_place *place, const char *socket)
{
	int r = place ? listen_remove_dead(place) : 0;

	if (r < 0)
		log_warning("cannot remove %s, which a dead dwdd has left: %s", socket,
			    strerror(-r));
}

static void print_result(struct watchdog_released total)
{
	printf("released %zu", total.released);
	if (total.traced)
		printf("; left to their debuggers: %zu", total.traced);
	if (total.failed)
		printf("; failed on: %zu", total.failed);
	putchar('\n');
}

/* All that one pin directory has of this socket is added to *total. */
static int release_in(const char *pin_dir, const char *socket, struct watchdog_released *total,
		      bool *any)
{
	_cleanup_(pins_freep) struct pins *pins = NULL;
	_cleanup_free_ char *message = NULL;
	int r;

	if (!str_eq(pin_dir, PLACES_DEFAULT))
		log_info("looking at what a dwdd of %s has left in %s", socket, pin_dir);
	r = pins_open(&pins, pin_dir, socket, &message);
	if (r < 0) {
		log_error("%s", message ? message : strerror(-r));
		return r;
	}
	r = release_place(pins, socket, total, any);
	tell_of_others(pins, pin_dir);
	return r;
}

/* In every place, the one that was given first, whatever comes of the others. */
static int release_everywhere(char *const *left, const struct options *options,
			      struct watchdog_released *total, bool *any)
{
	const char *first = places_choose(left, options->pin_dir);
	int result = release_in(first, options->socket, total, any);

	for (; *left; left++) {
		int r = 0;

		if (!places_are_same(*left, first))
			r = release_in(*left, options->socket, total, any);
		result = result < 0 ? result : r;
	}
	return result;
}

/* The place of the socket, so that no daemon begins meanwhile. Where it cannot be had for another
 * reason than a daemon that lives, as its directory is gone, there is no socket to remove. */
static int open_place(struct listen_place **place, const char *socket)
{
	_cleanup_free_ char *message = NULL;
	int r = listen_reserve(place, socket, false, &message);

	if (r != -EBUSY)
		return 0;
	log_error("%s", message ? message : strerror(-r));
	return r;
}

int release_left(const struct options *options)
{
	_cleanup_(listen_freep) struct listen_place *place = NULL;
	_cleanup_(places_freep) char **left = NULL;
	struct watchdog_released total = {};
	struct lock_file *lock;
	bool any = false;
	int r;

	if (comes_back()) {
		puts("kept for the dwdd that is started next");
		return EXIT_SUCCESS;
	}
	if (open_place(&place, options->socket) < 0)
		return EXIT_FAILURE;
	lock = place ? listen_lock(place) : NULL;
	left = places_left(lock, options->socket);
	r = left ? release_everywhere(left, options, &total, &any) : -ENOMEM;
	if (r >= 0 && !any)
		log_info("no dwdd with the socket %s has left anything", options->socket);
	if (r >= 0)
		remove_socket(place, options->socket);
	if (lock)
		places_settle(lock, options->socket);
	print_result(total);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
