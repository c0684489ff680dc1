/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The shell on a terminal: one loop for keys, signals and the daemon.
 *
 * readline is driven through its callbacks, so that a process that is stopped while the user types
 * is told at once, in a line above the prompt, and what he has typed stands beneath it as it was.
 * While a command runs readline is not there: the terminal is the command's.
 */

#include <poll.h>
#include <stdio.h>
#include <readline/readline.h>

#include "print.h"
#include "shell.h"
#include "shell-complete.h"
#include "shell-history.h"
#include "shell-monitor.h"
#include "shell-terminal.h"
#include "util.h"
#include "width.h"

#define RETRY_MS 1000 /* between looks for a daemon that is not there */

#define BUSY_SEARCHING (RL_STATE_ISEARCH | RL_STATE_NSEARCH | RL_STATE_NUMERICARG)

/* readline's callbacks are not told whose they are; there is one terminal, and one of these. */
static struct session {
	struct client *client;
	struct shell_monitor *monitor;
	struct shell_terminal terminal;
	bool prompting; /* readline has the terminal */
	char prompt[128];
	char *line; /* typed, still to be run */
	bool ended; /* by Ctrl-D */
	int status;
} session;

static void format_prompt(char *buffer, size_t size)
{
	size_t stopped = shell_monitor_stopped(session.monitor);
	bool connected = shell_monitor_connected(session.monitor);
	enum color color = connected ? COLOR_STOPPED : COLOR_ERROR;
	const char *on = color_on(stdout, color), *off = color_off(stdout, color);
	char note[32] = "not connected";

	if (connected && stopped == 0) {
		snprintf(buffer, size, "dwd> ");
		return;
	}
	if (connected)
		snprintf(note, sizeof(note), "%zu stopped", stopped);
	/* What takes no room stands between \001 and \002 for readline. */
	if (*on)
		snprintf(buffer, size, "dwd (\001%s\002%s\001%s\002)> ", on, note, off);
	else
		snprintf(buffer, size, "dwd (%s)> ", note);
}

static void on_line(char *line)
{
	session.line = line;
	session.ended = !line;
	rl_callback_handler_remove();
	session.prompting = false;
}

static void begin_prompt(void)
{
	format_prompt(session.prompt, sizeof(session.prompt));
	rl_reset_screen_size();
	rl_callback_handler_install(session.prompt, on_line);
	session.prompting = true;
}

/* A search has the prompt's place; it gets its due when that is over. */
static void update_prompt(void)
{
	char prompt[sizeof(session.prompt)];

	format_prompt(prompt, sizeof(prompt));
	if (!session.prompting || RL_ISSTATE(BUSY_SEARCHING) || str_eq(prompt, session.prompt))
		return;
	strcpy(session.prompt, prompt);
	rl_clear_visible_line();
	rl_set_prompt(session.prompt);
	rl_on_new_line();
	rl_redisplay();
}

static size_t screen_width(void)
{
	int rows, columns;

	rl_get_screen_size(&rows, &columns);
	return columns > 1 ? (size_t)columns - 1 : 1;
}

/* Show a line, above the prompt if there is one. */
static void say(const char *line, enum color color, void *userdata)
{
	int first = (int)strcspn(line, " "), length = (int)strlen(line);

	if (session.prompting) {
		length = (int)width_fitting(line, screen_width());
		first = first < length ? first : length;
		rl_clear_visible_line();
	}
	printf("%s%.*s%s%.*s\n", color_on(stdout, color), first, line, color_off(stdout, color),
	       length - first, line + first);
	fflush(stdout);
	if (session.prompting) {
		rl_on_new_line();
		rl_redisplay();
	}
}

/* Ctrl-C: what was typed stays to be seen, and a new line begins. */
static void drop_line(void)
{
	rl_callback_sigcleanup();
	rl_free_line_state();
	rl_point = rl_end;
	rl_redisplay();
	rl_echo_signal_char(SIGINT);
	rl_crlf();
	rl_replace_line("", 1);
	rl_on_new_line();
	rl_redisplay();
}

/* We have been stopped, or are about to be: what has the terminal meanwhile changes it. */
static void suspend(void)
{
	rl_deprep_terminal();
	shell_terminal_obey(SIGTSTP);
}

static void resume(void)
{
	rl_prep_terminal(1);
	rl_on_new_line();
	rl_redisplay();
}

static void end_by(int signal_number)
{
	rl_callback_handler_remove();
	putchar('\n');
	fflush(stdout);
	shell_terminal_obey(signal_number);
}

static void on_signal(int signal_number)
{
	switch (signal_number) {
	case SIGINT:
		drop_line();
		break;
	case SIGWINCH:
		rl_resize_terminal();
		break;
	case SIGTSTP:
		suspend();
		break;
	case SIGCONT:
		resume();
		break;
	case SIGTERM:
	case SIGHUP:
		end_by(signal_number);
		break;
	}
}

/* Run one of the lines that a paste may consist of. */
static void run_line(const char *line)
{
	struct client *c = session.client;

	if (!line[strspn(line, " \t")])
		return;
	shell_history_add(line);
	c->shown_stop = 0;
	c->shown_all = false;
	shell_terminal_lend(&session.terminal);
	session.status = shell_line(c, line, session.status);
	if (shell_terminal_interrupted())
		print_interrupted();
	if (print_flush() < 0)
		c->leave = true;
	/* What was interrupted or killed may have left the cursor behind some text. */
	if (shell_terminal_interrupted() || session.status > 128)
		putchar('\n');
	shell_monitor_catch_up(session.monitor);
	shell_terminal_take_back(&session.terminal);
}

static void run_typed(void)
{
	_cleanup_free_ char *text = steal_pointer(session.line);
	char *rest = text, *line;

	while (rest && !session.client->leave && (line = strsep(&rest, "\n")))
		run_line(line);
}

/* A daemon that hangs does so when it is connected to: then Ctrl-C must not go unheard. */
static void update_monitor(void)
{
	bool connected = shell_monitor_connected(session.monitor);

	if (!connected)
		shell_terminal_lend(&session.terminal);
	shell_monitor_update(session.monitor);
	if (!connected)
		shell_terminal_take_back(&session.terminal);
}

/* Wait for something to happen, and see to it. */
static int attend(void)
{
	struct pollfd fds[] = {
		{session.terminal.signal_fd, POLLIN, 0},
		{STDIN_FILENO, POLLIN, 0},
		{shell_monitor_fd(session.monitor), POLLIN, 0},
	};
	int n = poll(fds, ARRAY_SIZE(fds),
		     shell_monitor_connected(session.monitor) ? -1 : RETRY_MS);

	if (n < 0 && errno != EINTR)
		return -errno;
	if (n > 0 && fds[0].revents)
		on_signal(shell_terminal_signal(&session.terminal));
	if (n == 0 || (n > 0 && fds[2].revents))
		update_monitor();
	if (n > 0 && fds[1].revents)
		rl_callback_read_char();
	return 0;
}

static int converse(void)
{
	int r = 0;

	while (r == 0 && !session.client->leave) {
		if (!session.prompting)
			begin_prompt();
		update_prompt();
		r = attend();
		if (session.ended) {
			puts("exit");
			return 0;
		}
		if (session.line)
			run_typed();
	}
	return r;
}

static void say_goodbye(void)
{
	size_t n = shell_monitor_stopped(session.monitor);

	if (n > 0)
		print_note(session.client,
			   "%zu process%s still stopped; dwd continue --all lets them go", n,
			   n == 1 ? " is" : "es are");
}

static void init_readline(struct client *c)
{
	rl_readline_name = "dwd";
	rl_catch_signals = 0;
	rl_catch_sigwinch = 0;
	rl_change_environment = 0;
	rl_initialize();
	shell_complete_init(c);
	shell_history_load();
}

int shell_interactive(struct client *c)
{
	const struct shell_monitor_listener listener = {.say = say};
	int r;

	session.client = c;
	r = shell_terminal_open(&session.terminal);
	if (r < 0)
		return print_failure("cannot take the terminal's signals", r);
	r = shell_monitor_new(&session.monitor, c, &listener);
	if (r == 0) {
		init_readline(c);
		/* A failure is explained, and no reason not to begin. */
		shell_terminal_lend(&session.terminal);
		client_connect(c, true);
		shell_monitor_update(session.monitor);
		shell_terminal_take_back(&session.terminal);
		r = converse();
		say_goodbye();
	}
	session.monitor = shell_monitor_free(session.monitor);
	shell_terminal_close(&session.terminal);
	return r < 0 ? (int)print_failure("cannot go on with the shell", r) : session.status;
}
