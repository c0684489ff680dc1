/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "complete-sources.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>

#include "cgroup.h"
#include "debugger.h"
#include "stops.h"
#include "watches.h"

/* What of the word the user typed behind the glue. */
static const char *typed(const struct completions *list)
{
	size_t n = list->glue ? strlen(list->glue) : 0;

	return strlen(list->word) >= n ? list->word + n : "";
}

/* Whether to offer an entry of the directory `fd`, and if so whether it is a directory. */
static bool is_wanted(int fd, const char *name, bool executable, bool *directory)
{
	struct stat st;

	if (fstatat(fd, name, &st, 0) < 0)
		return !executable && fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
	*directory = S_ISDIR(st.st_mode);
	if (*directory || !executable)
		return true;
	return S_ISREG(st.st_mode) && faccessat(fd, name, X_OK, AT_EACCESS) == 0;
}

enum wanted_entries {
	ANY_ENTRY,
	PROGRAMS,		  /* executable files */
	PROGRAMS_AND_DIRECTORIES, /* what a target may lead to */
	DIRECTORIES,
};

/* The entries of `path` that begin with `leaf`, each behind `front`. */
static void complete_entries(struct completions *list, const char *path, const char *front,
			     const char *leaf, enum wanted_entries wanted)
{
	DIR *dir = opendir(path);
	struct dirent *entry;

	if (!dir)
		return;
	while ((entry = readdir(dir))) {
		bool directory = false, executable = wanted != ANY_ENTRY;
		_cleanup_free_ char *text = NULL;

		if (strncmp(entry->d_name, leaf, strlen(leaf)) != 0 ||
		    (*leaf != '.' && *entry->d_name == '.') || str_eq(entry->d_name, ".") ||
		    str_eq(entry->d_name, ".."))
			continue;
		if (!is_wanted(dirfd(dir), entry->d_name, executable, &directory))
			continue;
		if ((directory && wanted == PROGRAMS) || (!directory && wanted == DIRECTORIES))
			continue;
		if (asprintf(&text, "%s%s%s", front, entry->d_name, directory ? "/" : "") < 0)
			text = NULL;
		if (text)
			completions_add(list, text, NULL);
	}
	closedir(dir);
}

/* `~/x` is looked for in $HOME and stays as it was typed. */
static char *directory_of(const char *front)
{
	const char *home = getenv("HOME");
	char *path;

	if (!*front)
		return strdup(".");
	if (strncmp(front, "~/", 2) != 0 || !home)
		return strdup(front);
	return asprintf(&path, "%s/%s", home, front + 2) < 0 ? NULL : path;
}

static void complete_path(struct completions *list, enum wanted_entries wanted)
{
	const char *word = typed(list), *leaf = path_leaf(word);
	_cleanup_free_ char *front = strndup(word, (size_t)(leaf - word)), *path = NULL;

	path = front ? directory_of(front) : NULL;
	if (path)
		complete_entries(list, path, front, leaf, wanted);
}

void complete_files(struct completions *list, bool executable)
{
	complete_path(list, executable ? PROGRAMS_AND_DIRECTORIES : ANY_ENTRY);
}

void complete_cgroups(struct completions *list)
{
	const char *word = typed(list), *leaf = path_leaf(word);
	_cleanup_free_ char *front = strndup(word, (size_t)(leaf - word)), *path = NULL;

	if (!front || asprintf(&path, "%s/%s", *word == '/' ? "" : cgroup_root(), front) < 0)
		path = NULL;
	if (path)
		complete_entries(list, path, front, leaf, DIRECTORIES);
}

void complete_debuggers(struct completions *list)
{
	const char *name, *what;

	for (size_t i = 0; (name = debugger_word(i, &what)); i++)
		completions_add(list, name, what);
}

static void complete_programs(struct completions *list)
{
	const char *env = getenv("PATH");
	_cleanup_free_ char *paths = strdup(env ? env : "/usr/bin:/bin");
	char *rest = paths, *path;

	while (rest && (path = strsep(&rest, ":")))
		complete_entries(list, *path ? path : ".", "", typed(list), PROGRAMS);
}

void complete_targets(struct completions *list)
{
	if (strchr(typed(list), '/')) {
		complete_files(list, true);
		return;
	}
	complete_programs(list);
	if (*typed(list))
		complete_path(list, DIRECTORIES);
}

void complete_users(struct completions *list)
{
	const struct passwd *user;

	setpwent();
	while ((user = getpwent()))
		completions_addf(list, user->pw_name, "uid %u", (unsigned)user->pw_uid);
	endpwent();
}

void complete_signals(struct completions *list)
{
	for (int i = 1; i < SIGRTMIN; i++) {
		if (sigabbrev_np(i))
			completions_add(list, sigabbrev_np(i), sigdescr_np(i));
	}
}

/* A name that a process chose is offered as it stands; one with odd bytes cannot be typed. */
static bool can_be_typed(const char *printable)
{
	return *printable && !strchr(printable, '\\');
}

static bool read_comm(const char *pid, char *buffer, size_t size)
{
	char path[64];
	FILE *f;
	bool ok;

	snprintf(path, sizeof(path), "/proc/%.20s/comm", pid);
	f = fopen(path, "re");
	if (!f)
		return false;
	ok = fgets(buffer, (int)size, f) != NULL;
	fclose(f);
	buffer[strcspn(buffer, "\n")] = '\0';
	for (const char *p = buffer; ok && *p; p++)
		ok = isprint((unsigned char)*p);
	return ok && can_be_typed(buffer);
}

void complete_processes(struct completions *list)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;
	char comm[32];

	if (!dir)
		return;
	while ((entry = readdir(dir))) {
		if (!isdigit((unsigned char)*entry->d_name) ||
		    !read_comm(entry->d_name, comm, sizeof(comm)))
			continue;
		completions_add(list, entry->d_name, comm);
		completions_add(list, comm, NULL);
	}
	closedir(dir);
}

static void complete_stop(struct completions *list, const struct dwd_stop *stop)
{
	const char *name = path_leaf(*stop->exe ? stop->exe : stop->path);
	char text[32];

	snprintf(text, sizeof(text), "#%llu", (unsigned long long)stop->id);
	completions_addf(list, text, "%s (pid %d), %s", stop->comm, (int)stop->pid, stop->state);
	snprintf(text, sizeof(text), "%d", (int)stop->pid);
	completions_addf(list, text, "%s (#%llu), %s", stop->comm, (unsigned long long)stop->id,
			 stop->state);
	if (can_be_typed(name))
		completions_add(list, name, "by name");
	if (*typed(list) == '/' && can_be_typed(stop->exe))
		completions_add(list, stop->exe, NULL);
}

void complete_stops(struct completions *list, struct dwd *d)
{
	_cleanup_stops_ struct dwd_stop **stops = NULL;

	if (dwd_list(d, NULL, &stops) < 0)
		return;
	for (struct dwd_stop **s = stops; *s; s++)
		complete_stop(list, *s);
}

void complete_watches(struct completions *list, struct dwd *d)
{
	_cleanup_watches_ struct dwd_watch **watches = NULL;
	char text[32];

	if (dwd_watches(d, &watches) < 0)
		return;
	for (struct dwd_watch **w = watches; *w; w++) {
		snprintf(text, sizeof(text), "%llu", (unsigned long long)(*w)->id);
		completions_add(list, text, (*w)->target);
		if (can_be_typed((*w)->target))
			completions_addf(list, (*w)->target, "watch %s", text);
	}
}
