/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DWD_CLIENT_PROCESS_H
#define DWD_CLIENT_PROCESS_H

/*
 * Running other programs, and looking at processes. Silent; answers 0 or -errno unless it says
 * otherwise. An exit status is that of a shell: 128 + N if signal N ended the program.
 */

#include <stdbool.h>
#include <sys/types.h>

/* So long, in seconds, a program that was told to end may take for it. */
#define PROCESS_GRACE 5

/* The program `name` as execvp(3) would find it, malloc()ed. -ENOENT. */
int process_find(const char *name, char **ret);

/* Run argv[0] (a path) to its end, without standard input. What it writes to `stream`, which is
 * STDOUT_FILENO or STDERR_FILENO, is in *ret then, malloc()ed; what it writes to the other is
 * thrown away. Answers its exit status. A program that goes into the background must let go of
 * `stream`. */
int process_capture(char *const argv[], int stream, char **ret);

/* Run argv[0] in the foreground: it has our terminal, and SIGINT and SIGQUIT are for it alone while
 * SIGTERM and SIGHUP are passed on to it; if it does not end then it is made to. Answers its exit
 * status. */
int process_foreground(char *const argv[]);
/* The same; unless `look` is NULL it is called every 10 ms until it answers true. */
int process_observed(char *const argv[], bool (*look)(void *userdata), void *userdata);

/* Start argv[0] in a session of its own, with `in` and `out` as its standard input and output, and
 * error output as ours. The caller waits for it. */
int process_start(char *const argv[], int in, int out, pid_t *ret);

/* Of a status that waitpid(2) gave. */
int process_exit_status(int wait_status);

/* A number in /proc/PID/status, such as "TracerPid". -ESRCH if the process is gone. */
int process_status_field(pid_t pid, const char *field, long *ret);

#endif
