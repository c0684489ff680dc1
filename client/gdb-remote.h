/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DWD_CLIENT_GDB_REMOTE_H
#define DWD_CLIENT_GDB_REMOTE_H

/*
 * As much of gdb's remote protocol as it takes to see that gdbserver has attached, and to have it
 * take a signal before any debugger is connected.
 * https://sourceware.org/gdb/current/onlinedocs/gdb.html/Remote-Protocol.html
 *
 * `fd` is connected to a gdbserver that nobody else talks to yet. Both block until it answers;
 * -ECONNRESET if it hangs up instead, which is how it says that it could not attach.
 */

/* Wait until gdbserver has attached. 0 or -errno. */
int gdb_remote_ready(int fd);

/* Let the process take the signal that is pending for it; it stops there and runs no instruction.
 * 0 or -errno. */
int gdb_remote_take_signal(int fd);

#endif
