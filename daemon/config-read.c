/* SPDX-License-Identifier: GPL-2.0-or-later */

/* From files to lines; what the lines mean is not looked at. */

#include <dirent.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>

#include "config-internal.h"
#include "log.h"
#include "varlink.h"

#define BLANKS " \t\r\n"

struct config_line *config_line_new(const char *path, unsigned number, const char *text)
{
	struct config_line *line = calloc(1, sizeof(*line));

	if (!line)
		return NULL;
	line->path = strdup(path);
	line->number = number;
	line->text = strdup(text);
	return line->path && line->text ? line : config_line_free(line);
}

struct config_line *config_line_free(struct config_line *line)
{
	if (line) {
		free(line->path);
		free(line->text);
		free(line);
	}
	return NULL;
}

void config_lines_clear(struct config_lines *lines)
{
	struct config_line *line;

	while ((line = TAILQ_FIRST(lines))) {
		TAILQ_REMOVE(lines, line, entry);
		config_line_free(line);
	}
}

void config_complain(json_t *errors, const char *path, unsigned number, const char *format, ...)
{
	_cleanup_free_ char *what = NULL, *whole = NULL, *shown = NULL;
	char at[16] = "";
	va_list args;

	va_start(args, format);
	if (vasprintf(&what, format, args) < 0)
		what = NULL;
	va_end(args);
	if (number)
		snprintf(at, sizeof(at), ":%u", number);
	if (!what || asprintf(&whole, "%s%s: %s", path, at, what) < 0) {
		whole = NULL;
		return;
	}
	/* Whoever may write the files may be somebody else than who reads this. */
	shown = varlink_escape(whole, strlen(whole));
	if (!shown)
		return;
	log_warning("%s", shown);
	json_array_append_new(errors, json_string(shown));
}

/* Without the blanks around it, which are cut off at the end. */
static char *trim(char *text)
{
	size_t n;

	text += strspn(text, BLANKS);
	for (n = strlen(text); n > 0 && strchr(BLANKS, text[n - 1]); n--)
		;
	text[n] = '\0';
	return text;
}

static int check_kind(int fd, const char **why)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (S_ISREG(st.st_mode))
		return 0;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	*why = "it is not a regular file";
	return -EINVAL;
}

/* At most `most` bytes. */
static ssize_t read_bytes(int fd, char *text, size_t most)
{
	size_t size = 0;
	ssize_t n = 1;

	while (size < most && n > 0) {
		n = read(fd, text + size, most - size);
		if (n > 0)
			size += (size_t)n;
	}
	return n < 0 ? -errno : (ssize_t)size;
}

static ssize_t read_text(const char *path, char *text, const char **why)
{
	/* The open of a FIFO must not wait for its other end. */
	_cleanup_fd_ int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -errno : check_kind(fd, why);

	if (n == 0)
		n = read_bytes(fd, text, CONFIG_FILE_MAX + 1);
	if (n <= CONFIG_FILE_MAX)
		return n;
	*why = "it is larger than 4 MiB";
	return -EFBIG;
}

int config_read_file(const char *path, char **ret, size_t *size, const char **why)
{
	/* Memory for no more than it holds: what is not touched is none. */
	_cleanup_free_ char *text = malloc(CONFIG_FILE_MAX + 1);
	ssize_t n;

	if (!text)
		return -ENOMEM;
	*why = NULL;
	n = read_text(path, text, why);
	if (n < 0 && !*why)
		*why = strerror((int)-n);
	if (n < 0)
		return (int)n;
	text[n] = '\0';
	*ret = steal_pointer(text);
	*size = (size_t)n;
	return 0;
}

/* `text` has this size, and a NUL behind it; it is written to. */
static int read_line(const char *path, unsigned number, char *text, size_t size,
		     struct config_lines *ret, json_t *errors)
{
	struct config_line *line;

	if (strlen(text) != size) {
		config_complain(errors, path, number, "a byte of value 0 is in this line");
		return 0;
	}
	text = trim(text);
	if (!*text || *text == '#')
		return 0;
	line = config_line_new(path, number, text);
	if (!line)
		return -ENOMEM;
	TAILQ_INSERT_TAIL(ret, line, entry);
	return 0;
}

static int read_file(const char *path, struct config_lines *ret, json_t *errors)
{
	_cleanup_free_ char *text = NULL;
	const char *why;
	size_t size, length;
	unsigned number = 0;
	int r = config_read_file(path, &text, &size, &why);

	if (r == -ENOMEM)
		return r;
	if (r < 0) {
		config_complain(errors, path, 0, "cannot read it: %s", why);
		return 0;
	}
	for (size_t at = 0; r == 0 && at < size; at += length + 1) {
		const char *newline = memchr(text + at, '\n', size - at);

		length = newline ? (size_t)(newline - text) - at : size - at;
		text[at + length] = '\0';
		r = read_line(path, ++number, text + at, length, ret, errors);
	}
	return r;
}

static int is_wanted(const struct dirent *entry)
{
	size_t n = strlen(entry->d_name);

	return *entry->d_name != '.' && n > strlen(".conf") &&
	       str_eq(entry->d_name + n - strlen(".conf"), ".conf");
}

int config_read(const char *directory, struct config_lines *ret, json_t *errors)
{
	struct dirent **entries;
	int n = scandir(directory, &entries, is_wanted, alphasort), r = 0;

	/* Where there is no directory there are no watches. */
	if (n < 0 && errno != ENOENT)
		config_complain(errors, directory, 0, "cannot read it: %s", strerror(errno));
	if (n < 0)
		return 0;
	for (int i = 0; i < n; i++) {
		_cleanup_free_ char *path = NULL;

		if (r == 0 && asprintf(&path, "%s/%s", directory, entries[i]->d_name) < 0) {
			path = NULL;
			r = -ENOMEM;
		}
		if (r == 0)
			r = read_file(path, ret, errors);
		free(entries[i]);
	}
	free(entries);
	return r;
}
