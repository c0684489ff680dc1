/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "details.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>

#include "bytes.h"
#include "signals.h"
#include "util.h"

/* The whole of a file in a process's directory, with a NUL after it. */
static int read_file(int directory, const char *name, char **ret, size_t *ret_size)
{
	_cleanup_fd_ int fd = openat(directory, name, O_RDONLY | O_CLOEXEC);
	_cleanup_free_ char *text = NULL;
	size_t size = 0, room = 0;
	ssize_t n;

	if (fd < 0)
		return -errno;
	do {
		if (room - size < 2) {
			char *more = realloc(text, room = room ? 2 * room : 8192);

			if (!more)
				return -ENOMEM;
			text = more;
		}
		n = read(fd, text + size, room - size - 1);
		if (n < 0)
			return -errno;
		size += (size_t)n;
	} while (n > 0);
	text[size] = '\0';
	*ret = steal_pointer(text);
	*ret_size = size;
	return 0;
}

/* Field 22 of /proc/PID/stat counts clock ticks since boot; the kernel makes them of nanoseconds by
 * a division (nsec_to_clock_t()). */
static bool started_at(int directory, uint64_t start_time)
{
	_cleanup_free_ char *text = NULL;
	const char *at;
	size_t size;

	read_file(directory, "stat", &text, &size);
	if (!text)
		return false;
	at = strrchr(text, ')'); /* a comm may hold anything */
	for (int field = 2; at && field < 22; field++)
		at = strchr(at + 1, ' ');
	return at &&
	       strtoull(at, NULL, 10) == start_time / (1000000000 / (uint64_t)sysconf(_SC_CLK_TCK));
}

static int read_environment(int directory, json_t *into)
{
	_cleanup_free_ const char **strings = NULL;
	_cleanup_free_ char *text = NULL;
	size_t size, n = 0;
	int r = read_file(directory, "environ", &text, &size);

	if (!text)
		return r;
	strings = calloc(size + 1, sizeof(*strings));
	if (!strings)
		return -ENOMEM;
	for (const char *s = text; s < text + size; s += strlen(s) + 1)
		strings[n++] = s;
	return varlink_set_byte_strings(into, "environment", strings, n);
}

/* Widths of the columns of /proc/PID/limits: proc_pid_limits() in the kernel. */
#define LIMIT_NAME 26
#define LIMIT_ROOM 21

static json_t *limit_value(const char *text)
{
	text += strspn(text, " ");
	return isdigit((unsigned char)*text) ? json_integer(strtoll(text, NULL, 10)) : json_null();
}

static char *limit_text(const char *text, size_t n)
{
	while (n > 0 && text[n - 1] == ' ')
		n--;
	return strndup(text, n);
}

static json_t *parse_limit(const char *line)
{
	_cleanup_free_ char *name = NULL, *unit = NULL;

	if (strncmp(line, "Max ", 4) != 0 || strlen(line) < LIMIT_NAME + 2 * LIMIT_ROOM)
		return NULL;
	name = limit_text(line + 4, LIMIT_NAME - 4);
	line += LIMIT_NAME;
	unit = limit_text(line + 2 * LIMIT_ROOM, strlen(line + 2 * LIMIT_ROOM));
	return json_pack("{s:s, s:o, s:o, s:s*}", "name", name ? name : "", "soft",
			 limit_value(line), "hard", limit_value(line + LIMIT_ROOM), "unit",
			 unit && *unit ? unit : NULL);
}

static int read_limits(int directory, json_t *into)
{
	_cleanup_free_ char *text = NULL;
	json_t *limits = json_array();
	size_t size;
	int r = read_file(directory, "limits", &text, &size);

	for (char *rest = text, *line; r == 0 && (line = strsep(&rest, "\n"));) {
		json_t *limit = parse_limit(line);

		if (limit)
			json_array_append_new(limits, limit);
	}
	if (r == 0)
		return json_object_set_new(into, "limits", limits) < 0 ? -ENOMEM : 0;
	json_decref(limits);
	return r;
}

/* How a file was opened, by the octal flags in /proc/PID/fdinfo/N. */
static const char *file_mode(int directory, const char *fd)
{
	_cleanup_free_ char *text = NULL;
	char name[64];
	const char *at;
	size_t size;
	long flags;

	snprintf(name, sizeof(name), "fdinfo/%.32s", fd);
	read_file(directory, name, &text, &size);
	if (!text || !(at = strstr(text, "flags:")))
		return "?";
	flags = strtol(at + strlen("flags:"), NULL, 8);
	if (flags & O_PATH)
		return "path";
	switch (flags & O_ACCMODE) {
	case O_RDONLY:
		return "read";
	case O_WRONLY:
		return "write";
	default:
		return "read-write";
	}
}

static json_t *read_one_file(int directory, const char *fd)
{
	char name[64], path[PATH_MAX];
	json_t *file = json_pack("{s:I, s:s}", "fd", (json_int_t)strtoll(fd, NULL, 10), "mode",
				 file_mode(directory, fd));
	ssize_t n;

	snprintf(name, sizeof(name), "fd/%.32s", fd);
	n = readlinkat(directory, name, path, sizeof(path));
	if (!file || varlink_set_bytes(file, "path", path, n < 0 ? 0 : (size_t)n) < 0) {
		json_decref(file);
		return NULL;
	}
	return file;
}

static int read_files(int directory, json_t *into)
{
	struct dirent **entries;
	json_t *files;
	int n = scandirat(directory, "fd", &entries, NULL, versionsort);

	if (n < 0)
		return -errno;
	files = json_array();
	for (int i = 0; i < n; i++) {
		if (isdigit((unsigned char)*entries[i]->d_name))
			json_array_append_new(files, read_one_file(directory, entries[i]->d_name));
		free(entries[i]);
	}
	free(entries);
	return json_object_set_new(into, "files", files) < 0 ? -ENOMEM : 0;
}

/* Add what a mask in /proc/PID/status (bit 0 is signal 1) holds to an array of names. */
static void add_signals(const char *status, const char *field, json_t *names)
{
	const char *at = strstr(status, field);
	unsigned long long mask = at ? strtoull(at + strlen(field), NULL, 16) : 0;

	for (int signal = 1; signal <= SIGRTMAX; signal++) {
		char name[32];

		if (!(mask >> (signal - 1) & 1))
			continue;
		signal_format(signal, name, sizeof(name));
		json_array_append_new(names, json_string(name));
	}
}

static int read_signals(int directory, json_t *into)
{
	static const struct {
		const char *name, *field;
	} masks[] = {
		{"pending", "\nSigPnd:"}, {"pending", "\nShdPnd:"}, {"blocked", "\nSigBlk:"},
		{"ignored", "\nSigIgn:"}, {"caught", "\nSigCgt:"},
	};
	_cleanup_free_ char *text = NULL;
	json_t *signals;
	size_t size;
	int r = read_file(directory, "status", &text, &size);

	if (r < 0)
		return r;
	signals = json_pack("{s:[], s:[], s:[], s:[]}", "pending", "blocked", "ignored", "caught");
	for (size_t i = 0; i < ARRAY_SIZE(masks); i++)
		add_signals(text, masks[i].field, json_object_get(signals, masks[i].name));
	return json_object_set_new(into, "signals", signals) < 0 ? -ENOMEM : 0;
}

static const char *explain(int error)
{
	switch (-error) {
	case EACCES:
	case EPERM:
		return "not permitted: only root and the process's own user may see it";
	case ENOENT:
	case ESRCH:
		return "the process has ended";
	default:
		return strerror(-error);
	}
}

int details_read(pid_t pid, uint64_t start_time, json_t **ret)
{
	static const struct {
		const char *name;
		int (*read)(int directory, json_t *into);
	} parts[] = {
		{"environment", read_environment},
		{"limits", read_limits},
		{"files", read_files},
		{"signals", read_signals},
	};
	json_auto_t *details = json_object();
	_cleanup_fd_ int directory = -1;
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d", (int)pid);
	directory = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	/* An open directory of /proc stays this process's, whoever has the pid later. */
	if (directory < 0 || !started_at(directory, start_time))
		return -ESRCH;
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		int r = parts[i].read(directory, details);

		if (r == -ENOMEM)
			return r;
		if (r < 0 && !json_object_get(details, "unreadable"))
			json_object_set_new(details, "unreadable", json_object());
		if (r < 0)
			json_object_set_new(json_object_get(details, "unreadable"), parts[i].name,
					    json_string(explain(r)));
	}
	*ret = steal_pointer(details);
	return *ret ? 0 : -ENOMEM;
}
