# SPDX-License-Identifier: GPL-2.0-or-later
"""A program on the screen of a terminal, which tmux keeps: keys are sent, the screen is read back."""

import os
import re
import shlex
import shutil
import subprocess

from harness import Skip, until


class Screen:
    """The screen ends with the line `ended STATUS` when the program has."""

    def __init__(self, bench, *command, columns=80, rows=24, **environment):
        if not shutil.which('tmux'):
            raise Skip('tmux is not installed')
        self.socket = bench.path(bench.unique('tmux'))
        os.makedirs(bench.path('home'), exist_ok=True)
        variables = {'HOME': bench.path('home'), 'PATH': os.environ['PATH'], 'LC_ALL': 'C.UTF-8',
                     'TERM': 'screen', 'INPUTRC': '/dev/null', **environment}
        words = ['env', '-i', *(f'{k}={v}' for k, v in variables.items()), *map(str, command)]
        self.tmux('-f', '/dev/null', 'new-session', '-d', '-x', columns, '-y', rows,
                  # Ctrl-C is for the program alone.
                  'trap : INT; ' + shlex.join(words) + '; echo "ended $?"; exec cat')

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.tmux('kill-server')

    def tmux(self, *arguments):
        return subprocess.run(['tmux', '-S', self.socket, *map(str, arguments)], check=True, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, encoding='utf-8').stdout

    def type(self, text):
        self.tmux('send-keys', '-l', '--', text)

    def keys(self, *names):
        """Keys by the names that tmux has for them: Enter, Tab, C-c, Up."""
        self.tmux('send-keys', *names)

    def resize(self, columns, rows=24):
        self.tmux('resize-window', '-x', columns, '-y', rows)

    def lines(self):
        """What is on the screen, without empty lines at its end."""
        return self.tmux('capture-pane', '-p').rstrip('\n').split('\n')

    def text(self):
        return '\n'.join(self.lines())

    def expect(self, pattern, timeout=20):
        """Wait until the screen matches; `$` is the end of the last line that is not empty."""
        shown = []

        def matches():
            shown[:] = [self.text()]
            return re.search(pattern, shown[0])
        try:
            return until(matches, pattern, timeout)
        except AssertionError:
            raise AssertionError(f'{pattern!r} did not appear on the screen:\n{shown[0]}') from None

    def run(self, line, pattern=''):
        """Type a line at the prompt and wait for what it shows, above the next prompt."""
        self.clear()
        self.type(line)
        self.expect(re.escape(line[-20:]) + '$')
        self.keys('Enter')
        return self.expect(pattern + r'[\s\S]*\ndwd( \([^)]*\))?>$')

    def clear(self):
        """Ctrl-L: the prompt alone is on the screen."""
        self.keys('C-l')
        self.expect(r'^dwd( \([^)]*\))?>$')
