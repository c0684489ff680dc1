/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "shell-terminal.h"

#include <sys/signalfd.h>
#include <sys/time.h>

/* So many times Ctrl-C is asked nicely of a command that does not end. */
#define PATIENCE 3

#define REMINDER_US 50000

static const int caught[] = {SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGTSTP, SIGCONT, SIGWINCH};

static volatile sig_atomic_t interrupts;

/* Have SIGALRM come every so often, or, at 0, no more. */
static void set_reminder(long us)
{
	const struct itimerval every = {{0, us}, {0, us}};

	setitimer(ITIMER_REAL, &every, NULL);
}

/* A call of libdwd that waits fails with -EINTR, and if it was only about to wait it does at the
 * reminder. One that does not wait goes on, for long if the daemon hangs: then the third Ctrl-C
 * ends dwd. */
static void interrupted(int signal_number)
{
	if (++interrupts == PATIENCE - 1)
		signal(signal_number, SIG_DFL);
	set_reminder(REMINDER_US);
}

static void reminded(int signal_number)
{
}

static void fill(sigset_t *set)
{
	sigemptyset(set);
	for (size_t i = 0; i < ARRAY_SIZE(caught); i++)
		sigaddset(set, caught[i]);
}

int shell_terminal_open(struct shell_terminal *t)
{
	sigset_t set;

	fill(&set);
	t->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (t->signal_fd < 0)
		return -errno;
	sigprocmask(SIG_BLOCK, &set, &t->outside);
	return 0;
}

void shell_terminal_close(struct shell_terminal *t)
{
	sigprocmask(SIG_SETMASK, &t->outside, NULL);
	t->signal_fd = close_fd(t->signal_fd);
}

void shell_terminal_lend(struct shell_terminal *t)
{
	const struct sigaction interrupt = {.sa_handler = interrupted};
	const struct sigaction remind = {.sa_handler = reminded};

	interrupts = 0;
	tcgetattr(STDIN_FILENO, &t->modes);
	sigaction(SIGINT, &interrupt, NULL);
	sigaction(SIGALRM, &remind, NULL);
	sigprocmask(SIG_SETMASK, &t->outside, NULL);
}

bool shell_terminal_interrupted(void)
{
	return interrupts > 0;
}

void shell_terminal_take_back(struct shell_terminal *t)
{
	sigset_t set, before;

	fill(&set);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGINT, SIG_DFL);
	set_reminder(0);

	/* A debugger that was killed leaves the terminal to the process group of its program, and
	 * in any mode. We are not in the foreground then, and this would stop us. */
	sigemptyset(&set);
	sigaddset(&set, SIGTTOU);
	sigprocmask(SIG_BLOCK, &set, &before);
	tcsetpgrp(STDIN_FILENO, getpgrp());
	tcsetattr(STDIN_FILENO, TCSADRAIN, &t->modes);
	sigprocmask(SIG_SETMASK, &before, NULL);
}

int shell_terminal_signal(struct shell_terminal *t)
{
	struct signalfd_siginfo info;

	return read(t->signal_fd, &info, sizeof(info)) == sizeof(info) ? (int)info.ssi_signo : 0;
}

void shell_terminal_obey(int signal_number)
{
	sigset_t set, before;

	sigemptyset(&set);
	sigaddset(&set, signal_number);
	raise(signal_number);
	sigprocmask(SIG_UNBLOCK, &set, &before);
	sigprocmask(SIG_SETMASK, &before, NULL);
}
