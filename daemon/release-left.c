/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "release-left.h"

#include <stdio.h>

#include "backend-bpf-left.h"
#include "backend-bpf-pins.h"
#include "listen.h"
#include "log.h"
#include "options.h"
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
		return backend_left_remove(pins, schema);
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

/* All schemas of one place. *any: there was something. */
static int release_place(struct pins *pins, const char *socket, struct watchdog_released *total,
			 bool *any)
{
	_cleanup_free_ char *message = NULL;
	char *schema = NULL;
	int r = 0;

	*total = (struct watchdog_released){};
	*any = false;
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

/* What others have left that are dead is not released, but who has given the wrong socket should
 * know of it. */
static void tell_of_others(const struct pins *pins, const char *pin_dir)
{
	char *name = NULL;

	while ((name = pins_next_beside(pins, name))) {
		_cleanup_(pins_freep) struct pins *other = NULL;
		size_t n = pins_open_beside(&other, pins, name) < 0 ? 0 : count_stops(other);

		if (n > 0)
			log_warning("not released: %zu processes that a dead dwdd with another "
				    "socket has left stopped: give --socket the one that %s/%s "
				    "is named after",
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

/* The place of the socket, so that no daemon begins meanwhile. Where it cannot be had for another
 * reason than a daemon that lives, as its directory is gone, there is no socket to remove. */
static int open_place(struct listen_place **place, struct pins **pins,
		      const struct options *options)
{
	_cleanup_free_ char *message = NULL;
	int r = listen_reserve(place, options->socket, &message);

	if (r != -EBUSY) {
		free(steal_pointer(message));
		r = pins_open(pins, options->pin_dir, options->socket, &message);
	}
	if (r < 0)
		log_error("%s", message ? message : strerror(-r));
	return r;
}

int release_left(const struct options *options)
{
	_cleanup_(listen_freep) struct listen_place *place = NULL;
	_cleanup_(pins_freep) struct pins *pins = NULL;
	struct watchdog_released total;
	bool any;
	int r;

	if (comes_back()) {
		puts("kept for the dwdd that is started next");
		return EXIT_SUCCESS;
	}
	if (open_place(&place, &pins, options) < 0)
		return EXIT_FAILURE;
	r = release_place(pins, options->socket, &total, &any);
	if (!any)
		log_info("no dwdd with the socket %s has left anything", options->socket);
	tell_of_others(pins, options->pin_dir);
	if (r >= 0)
		remove_socket(place, options->socket);
	print_result(total);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
