/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "release-left.h"

#include <stdio.h>

#include "backend-bpf-left.h"
#include "backend-bpf-pins.h"
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
			  size_t *released, char **message)
{
	struct backend *left;
	int r;

	*released = 0;
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
	r = watchdog_release_left(left, released);
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
		size_t released;

		if (!is_strange(pins, schema))
			continue;
		r = release_schema(pins, schema, socket, &released, message);
		if (r == -EXDEV)
			break;
		if (r < 0)
			log_error("cannot release what another version of dwdd has left (%s): %s",
				  schema, strerror(-r));
		else
			log_warning("another version of dwdd, or one in a pid namespace that has "
				    "ended, has left what this one cannot take over (%s): its "
				    "watches are gone, the %zu processes that it had stopped are "
				    "released",
				    schema, released);
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

int release_left(const struct options *options)
{
	_cleanup_(pins_freep) struct pins *pins = NULL;
	_cleanup_free_ char *message = NULL;
	char *schema = NULL;
	size_t total = 0, released;
	int r;

	if (comes_back()) {
		puts("kept for the dwdd that is started next");
		return EXIT_SUCCESS;
	}
	r = pins_open(&pins, options->pin_dir, options->socket, &message);
	if (r < 0) {
		log_error("%s", message ? message : strerror(-r));
		return EXIT_FAILURE;
	}
	while (r >= 0 && (schema = pins_next_schema(pins, schema))) {
		r = release_schema(pins, schema, options->socket, &released, &message);
		total += released;
	}
	free(schema);
	if (r < 0)
		log_error("cannot release all that is left: %s", message ? message : strerror(-r));
	printf("released %zu\n", total);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
