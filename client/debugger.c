/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "debugger.h"

#include <ctype.h>
#include <stdio.h>

#include "debugger-kind.h"
#include "path.h"
#include "print.h"
#include "process.h"
#include "quote.h"
#include "show.h"
#include "util.h"
#include "yama.h"

const struct debugger_kind *const debugger_kinds[] = {
	&debugger_gdb, &debugger_lldb, &debugger_gdbserver, &debugger_dap, NULL,
};

/* ---- choosing -------------------------------------------------------------------------------- */

bool debugger_is_given(const struct args *args)
{
	bool given = args_get(args, debugger_command.name) != NULL;

	for (const struct debugger_kind *const *k = debugger_kinds; *k; k++)
		given |= args_get(args, (*k)->name) != NULL;
	return given;
}

/* Other words that --debugger knows, and what they stand for. */
static const struct {
	const char *word, *command;
} shorthands[] = {
	{"strace", "strace -p {pid}"},
	{"perf", "perf record -p {pid}"},
};

const char *debugger_word(size_t i, const char **what)
{
	size_t kinds = ARRAY_SIZE(debugger_kinds) - 1;

	*what = NULL;
	if (i < kinds)
		return debugger_kinds[i]->name;
	i -= kinds;
	if (i < ARRAY_SIZE(shorthands)) {
		*what = shorthands[i].command;
		return shorthands[i].word;
	}
	*what = "let it run";
	return i == ARRAY_SIZE(shorthands) ? debugger_none.name : NULL;
}

/* The kind of this name, or else a command line. */
static void choose_by_text(const char *text, const char *named_by, struct debugger *d)
{
	d->kind = &debugger_command;
	d->value = text;
	d->named_by = named_by;
	for (size_t i = 0; i < ARRAY_SIZE(shorthands); i++) {
		if (str_eq(shorthands[i].word, text))
			d->value = shorthands[i].command;
	}
	if (str_eq(text, debugger_none.name))
		d->kind = &debugger_none;
	for (const struct debugger_kind *const *k = debugger_kinds; *k; k++) {
		if (str_eq((*k)->name, text)) {
			d->kind = *k;
			d->value = "";
		}
	}
}

static enum exit_status choose_by_options(const struct args *args, struct debugger *d)
{
	const char *text = args_get(args, debugger_command.name), *env = getenv("DWD_DEBUGGER");

	if (text)
		choose_by_text(text, "--debugger", d);
	for (const struct debugger_kind *const *k = debugger_kinds; *k; k++) {
		const char *value = args_get(args, (*k)->name);

		if (value && d->kind) {
			print_error("--%s and --%s: one debugger at a time can have a process",
				    text ? debugger_command.name : d->kind->name, (*k)->name);
			return EXIT_USAGE;
		}
		if (value) {
			d->kind = *k;
			d->value = value;
		}
	}
	if (!d->kind && env && *env)
		choose_by_text(env, "$DWD_DEBUGGER", d);
	if (!d->kind)
		choose_by_text(debugger_gdb.name, NULL, d);
	return EXIT_DONE;
}

int debugger_find(const struct debugger_kind *kind, char **ret, const char **wanted)
{
	const char *env = kind->env ? getenv(kind->env) : NULL;

	*wanted = env && *env ? env : kind->program;
	return process_find(*wanted, ret);
}

static enum exit_status find_program(struct debugger *d)
{
	const char *wanted, *by = d->named_by;
	int r = debugger_find(d->kind, &d->program, &wanted);

	if (r == -ENOENT && wanted != d->kind->program)
		print_error("%s, which $%s names, is not a program", wanted, d->kind->env);
	else if (r == -ENOENT)
		print_error(
			"%s%s%s%s is not installed, or not in $PATH: apt install %s, or name it "
			"in $%s",
			wanted, by ? ", asked for by " : "", by ? by : "", by ? "," : "",
			d->kind->package, d->kind->env);
	else if (r < 0)
		print_error("cannot look for %s: %s", wanted, strerror(-r));
	return r < 0 ? EXIT_FAILED : EXIT_DONE;
}

enum exit_status debugger_choose(const struct args *args, const char *const *own,
				 struct debugger *ret)
{
	enum exit_status status;

	*ret = (struct debugger){.args = own, .attended = isatty(STDIN_FILENO)};
	status = choose_by_options(args, ret);
	if (status == EXIT_DONE && ret->kind->program)
		status = find_program(ret);
	if (status == EXIT_DONE && ret->kind->check)
		status = ret->kind->check(ret);
	return status;
}

void debugger_done(struct debugger *d)
{
	free(d->program);
	*d = (struct debugger){0};
}

void debugger_choose_none(struct debugger *ret)
{
	*ret = (struct debugger){.kind = &debugger_none};
}

bool debugger_is_none(const struct debugger *d)
{
	return d->kind == &debugger_none;
}

void debugger_is_unattended(struct debugger *d)
{
	d->attended = false;
	if (!d->args || !*d->args)
		d->args = d->kind->unattended;
}

bool debugger_is_alone(const struct debugger *d)
{
	const char *colon = d->kind == &debugger_gdbserver ? strrchr(d->value, ':') : NULL;

	return colon && atoi(colon + 1) != 0;
}

const char *debugger_name(const struct debugger *d)
{
	return d->kind == &debugger_command ? d->value : d->kind->name;
}

/* ---- what a process allows ------------------------------------------------------------------- */

/* Yama, where it is in force, would have the debugger fail with a bare EPERM. */
static enum exit_status check_yama(const struct debugger *d, const struct dwd_stop *stop)
{
	enum yama_scope scope = yama_scope();

	if (yama_allows_attach(scope))
		return EXIT_DONE;
	if (scope == YAMA_NOBODY)
		print_error("%s cannot attach to " STOP_FORMAT ": Yama's ptrace_scope is 3, which "
			    "forbids it to everybody until the next boot",
			    debugger_name(d), STOP_ARGS(stop));
	else
		print_error("%s cannot attach to " STOP_FORMAT
			    ": Yama's ptrace_scope is %d; run dwd "
			    "as root, or sysctl kernel.yama.ptrace_scope=0",
			    debugger_name(d), STOP_ARGS(stop), (int)scope);
	return EXIT_FAILED;
}

enum exit_status debugger_check(const struct debugger *d, const struct dwd_stop *stop)
{
	long tracer;

	if (debugger_is_none(d))
		return EXIT_DONE;
	if (process_status_field(stop->pid, "TracerPid", &tracer) < 0) {
		print_error(STOP_FORMAT " is gone", STOP_ARGS(stop));
		return EXIT_NO_MATCH;
	}
	if (tracer != 0) {
		print_error(STOP_FORMAT " is already traced by process %ld; end that first",
			    STOP_ARGS(stop), tracer);
		return EXIT_FAILED;
	}
	return check_yama(d, stop);
}

int debugger_run(const struct debugger *d, struct client *c, const struct dwd_stop *stop)
{
	return d->kind->run(d, c, stop);
}

/* ---- what the kinds share -------------------------------------------------------------------- */

int debugger_version(const char *program, char **line)
{
	_cleanup_free_ char *text = NULL;
	int r = process_capture((char *[]){(char *)program, (char *)"--version", NULL},
				STDOUT_FILENO, &text);
	const char *last;

	if (r != 0)
		return r < 0 ? r : -EIO;
	text[strcspn(text, "\n")] = '\0';
	/* "GNU gdb (Debian 13.1-3) 13.1": the last word. */
	last = strrchr(text, ' ');
	last = last ? last + 1 : text;
	r = isdigit((unsigned char)*last) ? atoi(last) : -EBADMSG;
	if (line)
		*line = steal_pointer(text);
	return r;
}

int debugger_report_command(const struct debugger *d, const struct client *c,
			    const struct dwd_stop *stop, char **ret)
{
	_cleanup_free_ char *socket = NULL, *quoted = NULL;
	char *command;
	int r = path_absolute(client_socket(c), NULL, &socket);

	if (r == 0)
		r = quote_any_shell(socket, &quoted);
	if (r == -EINVAL) {
		print_error(
			"%s cannot be told of the socket %s: not every shell can quote its name",
			debugger_name(d), socket);
		return r;
	}
	if (r == 0 && asprintf(&command, "/proc/%d/exe --socket %s debugger-attached %llu",
			       (int)getpid(), quoted, (unsigned long long)stop->id) < 0)
		r = -ENOMEM;
	if (r == 0)
		*ret = command;
	else
		print_error("cannot prepare %s: %s", debugger_name(d), strerror(-r));
	return r;
}

/* That of an account that may not log in runs nothing. */
void debugger_ensure_shell(void)
{
	static const char *const shells[] = {"sh",   "bash", "dash", "zsh", "ksh",
					     "mksh", "fish", "csh",  "tcsh"};
	const char *shell = getenv("SHELL");

	if (!shell)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(shells); i++)
		if (str_eq(path_leaf(shell), shells[i]) && access(shell, X_OK) == 0)
			return;
	setenv("SHELL", "/bin/sh", 1);
}

int debugger_foreground(const struct debugger *d, const struct argv *words,
			bool (*look)(void *userdata), void *userdata)
{
	char *const *argv = argv_list(words);
	int r;

	if (!argv) {
		print_error("cannot prepare %s: %s", debugger_name(d), strerror(ENOMEM));
		return -ENOMEM;
	}
	fflush(stdout);
	r = process_observed(argv, look, userdata);
	if (r < 0)
		print_error("cannot run %s: %s", argv[0], strerror(-r));
	return r;
}
