/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "release-left.h"

#include <stdio.h>

#include "backend-bpf-left.h"
#include "backend-bpf-pins.h"
#include "log.h"
#include "options.h"
#include "watchdog.h"

/* One schema's directory. */
static int release_schema(struct pins *pins, const char *schema, size_t *released)
{
	struct backend *left;
	int r;

	*released = 0;
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

int release_strangers(struct pins *pins)
{
	char *schema = NULL;
	int r = 0;

	while (r >= 0 && (schema = pins_next_schema(pins, schema))) {
		size_t released;

		if (!is_strange(pins, schema))
			continue;
		r = release_schema(pins, schema, &released);
		if (r < 0)
			log_error("cannot release what another version of dwdd has left (%s): %s",
				  schema, strerror(-r));
		else
			log_warning("another version of dwdd, or one in another pid namespace, has "
				    "left what this one cannot take over (%s): its watches are "
				    "gone, the %zu processes that it had stopped are released",
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
		r = release_schema(pins, schema, &released);
		total += released;
	}
	free(schema);
	if (r < 0)
		log_error("cannot release all that is left: %s", strerror(-r));
	printf("released %zu\n", total);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
