# SPDX-License-Identifier: GPL-2.0-or-later
"""A program on a pseudo-terminal: keys are typed, what it shows is read."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time

from harness import SCALE


class Terminal:
    def __init__(self, command, environment=None, columns=100, rows=30):
        self.shown = ''
        self.at = 0
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execvpe(command[0], command, environment or dict(os.environ))
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack('HHHH', rows, columns, 0, 0))
        self.status = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.status is None:
            os.kill(self.pid, signal.SIGHUP)
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self.fd)

    def type(self, text):
        os.write(self.fd, text.encode())

    def read(self, timeout):
        """Read what is there; False at the end."""
        if not select.select([self.fd], [], [], timeout)[0]:
            return True
        try:
            data = os.read(self.fd, 65536)
        except OSError:  # the other end is closed
            return False
        self.shown += data.decode('utf-8', 'replace')
        return bool(data)

    def expect(self, pattern, timeout=20):
        """Wait until what was shown since the last match matches; return the match."""
        deadline = time.monotonic() + timeout * SCALE
        while True:
            match = re.compile(pattern).search(self.shown, self.at)
            if match:
                self.at = match.end()
                return match
            left = deadline - time.monotonic()
            if left < 0 or not self.read(left):
                raise AssertionError(f'{pattern!r} was not shown, but: {self.shown[self.at:]!r}')

    def wait(self, timeout=20):
        """Wait for the program to end; return its exit status."""
        deadline = time.monotonic() + timeout * SCALE
        while self.read(0.05):
            if time.monotonic() > deadline:
                raise AssertionError(f'it does not end; it shows: {self.shown[self.at:]!r}')
        self.status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        return self.status
