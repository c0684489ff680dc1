# SPDX-License-Identifier: GPL-2.0-or-later
"""A shell with job control, as a person sees it in a terminal."""

import os

from harness import case, until
from terminal import Terminal


@case
def job_of_a_shell(b):
    """The shell reports its child as stopped, and once released the job runs on."""
    program = b.script('#!/bin/sh\necho it runs\n')
    b.main.watch(program)
    with Terminal(['bash', '--norc', '--noprofile', '-i'], {**os.environ, 'PS1': 'prompt> '}) as terminal:
        terminal.type(f'{program}\n')
        terminal.expect(r'\[1\]\+\s+Stopped')
        stop = until(lambda: b.main.stops(program), 'the stop')[0]
        b.main.dwd('continue', stop['pid'])
        terminal.expect('it runs')
        terminal.type('jobs\n')
        terminal.expect('prompt> ')


@case
def foreground_of_a_shell_continues_too(b):
    program = b.script('#!/bin/sh\necho it runs\n')
    b.main.watch(program)
    with Terminal(['bash', '--norc', '--noprofile', '-i'], {**os.environ, 'PS1': 'prompt> '}) as terminal:
        terminal.type(f'{program}\n')
        terminal.expect(r'\[1\]\+\s+Stopped')
        until(lambda: b.main.stops(program), 'the stop')
        terminal.type('fg\n')
        terminal.expect('it runs')
        until(lambda: not b.main.stops(program), 'the stop to be over')
