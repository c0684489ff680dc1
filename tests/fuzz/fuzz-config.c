/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * A file of watches, whatever is in it: each line is a watch, a mistake that is told, or nothing;
 * read again it changes nothing; and a watch that is taken out of it leaves the others alone.
 */

#include "fuzz.h"

#include <fcntl.h>

#include "config-internal.h"
#include "harness.h"
#include "log.h"

static char directory[] = "/dev/shm/dwd-fuzz-config-XXXXXX";
static char path[sizeof(directory) + sizeof("/a.conf")];

static void remove_directory(void)
{
	unlink(path);
	rmdir(directory);
}

static struct harness *get_harness(void)
{
	static void *state;

	if (!state) {
		CHECK(mkdtemp(directory));
		snprintf(path, sizeof(path), "%s/a.conf", directory);
		CHECK(atexit(remove_directory) == 0);
		CHECK(harness_setup(&state) == 0);
		log_set_level(LOG_EMERG);
	}
	return state;
}

static void write_file(const uint8_t *data, size_t size)
{
	_cleanup_fd_ int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	CHECK(fd >= 0);
	CHECK(write(fd, data, size) == (ssize_t)size);
}

/* How many lines hold something, be it a mistake. */
static size_t check_lines(void)
{
	struct config_lines lines = TAILQ_HEAD_INITIALIZER(lines);
	json_auto_t *errors = json_array();
	const struct config_line *line;
	unsigned last = 0;
	size_t n;

	CHECK(config_read(directory, &lines, errors) == 0);
	n = json_array_size(errors); /* lines with a NUL */
	TAILQ_FOREACH(line, &lines, entry)
	{
		CHECK(line->number > last && !line->watch);
		CHECK(*line->text && *line->text != '#' && !strchr(line->text, '\n'));
		last = line->number;
		n++;
	}
	config_lines_clear(&lines);
	return n;
}

static struct config_changes load(struct config *config)
{
	struct config_changes changes;

	CHECK(config_load(config, &changes) == 0);
	return changes;
}

static void unsave_first(struct config *config, struct watchdog *watchdog, size_t watches,
			 const uint8_t *data, size_t size)
{
	const struct watch *watch = watchdog_next_watch(watchdog, 0);
	struct config_changes changes;
	char *message = NULL;

	CHECK(watch && str_eq(watch->saved, path));
	if (memchr(data, '\0', size)) {
		CHECK(config_unsave(config, watch->id, &message) == -EBADMSG && message);
		free(message);
		return;
	}
	CHECK(config_unsave(config, watch->id, &message) == CONFIG_OK && !message);
	CHECK(!watch->saved);
	changes = load(config);
	/* Of the same line several times another one may have become its own. */
	CHECK(changes.kept + 1 == watches && changes.added == 0 && changes.removed == 0);
	json_decref(changes.errors);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct harness *h = get_harness();
	struct config_changes first, second;
	struct config *config;
	size_t lines;

	write_file(data, size);
	lines = check_lines();
	CHECK(config_new(&config, directory, h->watchdog) == 0);
	first = load(config);
	CHECK(first.kept == 0 && first.removed == 0);
	CHECK(first.added + json_array_size(first.errors) <= lines);
	second = load(config);
	CHECK(second.kept == first.added && second.added == 0 && second.removed == 0);
	CHECK(json_equal(first.errors, second.errors));
	if (first.added)
		unsave_first(config, h->watchdog, first.added, data, size);
	config_free(config);
	harness_remove_watches(h);
	json_decref(first.errors);
	json_decref(second.errors);
	return 0;
}
