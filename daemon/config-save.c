/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Writing lines into files, and taking them out. */

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>

#include "config-internal.h"
#include "rule.h"

_printf_(3, 4) static int fail(char **message, int answer, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	if (vasprintf(message, format, args) < 0)
		*message = NULL;
	va_end(args);
	return answer;
}

static struct config_line *find(const struct config *config, uint64_t id)
{
	struct config_line *line;

	TAILQ_FOREACH(line, &config->lines, entry)
	{
		if (line->watch == id)
			return line;
	}
	return NULL;
}

/* The directory, and the one it lies in: /etc/dwd. */
static int make_directory(const char *path, char **message)
{
	_cleanup_free_ char *parent = strdup(path);

	if (!parent)
		return -ENOMEM;
	if (strrchr(parent, '/') > parent)
		*strrchr(parent, '/') = '\0';
	(void)mkdir(parent, 0755);
	if (mkdir(path, 0755) < 0 && errno != EEXIST)
		return fail(message, -errno, "cannot create %s: %s", path, strerror(errno));
	return 0;
}

/* The whole file, "" if there is none. */
static int read_whole(const char *path, char **ret, char **message)
{
	_cleanup_free_ char *text = NULL;
	const char *why;
	size_t size;
	int r = config_read_file(path, &text, &size, &why);

	if (r == -ENOENT) {
		*ret = strdup("");
		return *ret ? 0 : -ENOMEM;
	}
	if (r == -ENOMEM)
		return r;
	if (r < 0)
		return fail(message, r, "cannot read %s: %s", path, why);
	/* What follows would be lost when the file is written. */
	if (strlen(text) != size)
		return fail(message, -EBADMSG, "cannot change %s: it holds a byte of value 0",
			    path);
	*ret = steal_pointer(text);
	return 0;
}

/* Make it the old file's owner's, and give it its mode. Another owner than root takes CAP_CHOWN,
 * which was given up. */
static int keep_access(int fd, const struct stat *old, const char *path, char **message)
{
	struct stat new;

	if (fstat(fd, &new) < 0)
		return -errno;
	if ((new.st_uid != old->st_uid || new.st_gid != old->st_gid) &&
	    fchown(fd, old->st_uid, old->st_gid) < 0)
		return fail(message, -errno,
			    "cannot write %s: it would not keep owner and group of the file "
			    "that it replaces: make that one root's",
			    path);
	return fchmod(fd, old->st_mode & 07777) < 0 ? -errno : 0;
}

/* `old`: the file that it is to take the place of; NULL: none. */
static int write_beside(const char *path, const char *text, const struct stat *old, char **message)
{
	_cleanup_fd_ int fd = -1;
	size_t size = strlen(text);
	int r;

	/* One may be left from a write that was broken off. */
	(void)unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, old ? 0600 : 0644);
	r = fd < 0 ? -errno : old ? keep_access(fd, old, path, message) : 0;
	if (r < 0)
		return r;
	while (size > 0) {
		ssize_t n = write(fd, text, size);

		if (n < 0)
			return -errno;
		text += n;
		size -= (size_t)n;
	}
	return fsync(fd) < 0 ? -errno : 0;
}

/* Put `text` in the file's place, which is never seen half written. */
static int replace_file(const char *path, const char *text, char **message)
{
	_cleanup_free_ char *other = NULL;
	struct stat old;
	bool there = stat(path, &old) == 0;
	int r;

	if (asprintf(&other, "%s.new", path) < 0) {
		other = NULL;
		return -ENOMEM;
	}
	r = write_beside(other, text, there ? &old : NULL, message);
	if (r == 0 && rename(other, path) < 0)
		r = -errno;
	if (r < 0)
		unlink(other);
	return r;
}

static bool is_link(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISLNK(st.st_mode);
}

/* A file that becomes empty goes; a link stays, and what it leads to is changed. */
static int replace(const char *path, const char *text, char **message)
{
	_cleanup_free_ char *file = is_link(path) ? realpath(path, NULL) : strdup(path);
	int r;

	if (!file)
		r = -errno;
	else if (!*text && !is_link(path))
		r = unlink(path) < 0 && errno != ENOENT ? -errno : 0;
	else
		r = replace_file(file, text, message);
	if (r < 0 && !*message)
		return fail(message, r, "cannot write %s: %s", path, strerror(-r));
	return r;
}

static unsigned count_lines(const char *text)
{
	unsigned n = 0;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

/* The line must bring back this very watch. */
static int check_line(const struct watch *watch, const char *text, char **message)
{
	_cleanup_(rule_line_done) struct rule_line read = {};
	_cleanup_free_ char *mistake = NULL;
	int r;

	if (strchr(text, '\n'))
		return fail(message, CONFIG_BAD_LINE, "a line of a file cannot hold a newline");
	r = rule_line_read(&read, text, &mistake);
	if (r == -ENOMEM)
		return r;
	if (r <= 0)
		return fail(message, CONFIG_BAD_LINE, "%s", mistake ? mistake : "it is empty");
	if (!watch_has_target(watch, read.rule.target))
		return fail(message, CONFIG_BAD_LINE, "watch %ju has another target",
			    (uintmax_t)watch->id);
	return CONFIG_OK;
}

static int append(const struct config *config, const char *path, const char *line, unsigned *number,
		  char **message)
{
	_cleanup_free_ char *before = NULL, *after = NULL;
	bool whole;
	int r = make_directory(config->directory, message);

	if (r == 0)
		r = read_whole(path, &before, message);
	if (r < 0 || !before)
		return r < 0 ? r : -ENOMEM;
	whole = !*before || before[strlen(before) - 1] == '\n';
	if (asprintf(&after, "%s%s%s\n", before, whole ? "" : "\n", line) < 0) {
		after = NULL;
		return -ENOMEM;
	}
	if (strlen(after) > CONFIG_FILE_MAX)
		return fail(message, -EFBIG, "cannot write %s: it would be larger than 4 MiB",
			    path);
	*number = count_lines(after);
	return replace(path, after, message);
}

int config_save(struct config *config, uint64_t id, const char *name, const char *line,
		char **message)
{
	const struct watch *watch = watchdog_find_watch(config->watchdog, id);
	const struct config_line *saved = find(config, id);
	const char *wrong = rule_file_name_fault(name);
	_cleanup_free_ char *path = NULL;
	struct config_line *new;
	unsigned number = 0;
	int r;

	*message = NULL;
	if (!watch)
		return CONFIG_NO_SUCH_WATCH;
	if (saved)
		return fail(message, CONFIG_ALREADY_SAVED, "%s", saved->path);
	if (wrong)
		return fail(message, CONFIG_BAD_NAME, "%s", wrong);
	r = check_line(watch, line, message);
	if (r != CONFIG_OK)
		return r;
	if (asprintf(&path, "%s/%s.conf", config->directory, name) < 0) {
		path = NULL;
		return -ENOMEM;
	}
	r = append(config, path, line, &number, message);
	if (r < 0)
		return r;
	new = config_line_new(path, number, line);
	if (!new)
		return -ENOMEM;
	new->watch = id;
	TAILQ_INSERT_TAIL(&config->lines, new, entry);
	watchdog_mark_saved(config->watchdog, id, path, new->text);
	return CONFIG_OK;
}

/* Whether the line that begins here is this one, blanks around it aside; its length in *length. */
static bool is_line(const char *at, const char *text, size_t *length)
{
	size_t n = strlen(text), blanks = strspn(at, " \t\r");

	*length = strcspn(at, "\n");
	*length += at[*length] == '\n';
	return strncmp(at + blanks, text, n) == 0 && blanks + n <= *length &&
	       strspn(at + blanks + n, " \t\r\n") >= *length - blanks - n;
}

int config_unsave(struct config *config, uint64_t id, char **message)
{
	struct config_line *line = find(config, id);
	_cleanup_free_ char *text = NULL;
	size_t length = 0;
	char *at;
	int r;

	*message = NULL;
	if (!watchdog_find_watch(config->watchdog, id))
		return CONFIG_NO_SUCH_WATCH;
	if (!line)
		return CONFIG_NOT_SAVED;
	r = read_whole(line->path, &text, message);
	if (!text)
		return r;
	for (at = text; *at && !is_line(at, line->text, &length); at += length)
		;
	/* Somebody may have taken it out already. */
	if (*at) {
		memmove(at, at + length, strlen(at + length) + 1);
		r = replace(line->path, text, message);
	}
	if (r < 0)
		return r;
	watchdog_mark_saved(config->watchdog, id, NULL, NULL);
	TAILQ_REMOVE(&config->lines, line, entry);
	config_line_free(line);
	return CONFIG_OK;
}
