# SPDX-License-Identifier: GPL-2.0-or-later
"""`dwd list --follow` and `--tree`, and what else goes on until somebody ends it."""

import fcntl
import json
import os
import re
import signal
import struct
import subprocess
import termios

from harness import SCALE, case, equal, until
from terminal import Terminal


def screen_of(text, columns, rows):
    """What a terminal of this size shows of the output, line by line: just what dwd makes use of."""
    lines, row, column, i = [''], 0, 0, 0
    while i < len(text):
        sequence = re.compile(r'\x1b\[(\d*)([A-Za-z])').match(text, i)
        if sequence:
            i = sequence.end()
            if sequence[2] == 'A':
                row = max(max(0, len(lines) - rows), row - int(sequence[1] or 1))
            elif sequence[2] == 'J':
                lines = lines[:row] + [lines[row][:column]]
            continue
        c = text[i]
        i += 1
        if c == '\r':
            column = 0
        elif c == '\n' or column == columns:
            row, column = row + 1, 0 if c != '\n' else column
            lines += [''] * (row + 1 - len(lines))
        if c not in '\r\n':
            lines[row] = lines[row].ljust(column)[:column] + c + lines[row][column + 1:]
            column += 1
    return lines


def follow_list(b, columns=100, rows=30, *arguments):
    return Terminal([b.dwd_path, '--socket', b.main.socket, 'list', '--follow', *arguments],
                    columns=columns, rows=rows)


def shows(terminal, columns, rows, condition):
    """Read on until the screen is as wanted."""
    def look():
        terminal.read(0.1)
        lines = screen_of(terminal.shown, columns, rows)
        return lines if lines[-1] == '' and condition(lines) else None
    return until(look, 'the screen to show it', 30)


@case
def list_is_refreshed_in_place(b):
    program = b.program()
    name = os.path.basename(program)
    with follow_list(b) as terminal:
        equal(shows(terminal, 100, 30, lambda s: 'nothing is stopped' in s[0]), ['nothing is stopped', ''], 'screen')
        b.main.watch(program)
        children = [b.run(program, '0', str(i)) for i in range(3)]
        lines = shows(terminal, 100, 30, lambda s: sum(name in line for line in s) == 3)
        equal(len(lines), 5, 'lines')  # nothing of what was there before is left, and none stands twice
        assert lines[0].startswith('ID') or ' ID' in lines[0], lines
        b.main.dwd('continue', children[1].pid)
        lines = shows(terminal, 100, 30, lambda s: sum(name in line for line in s) == 2)
        equal(len(lines), 4, 'lines')
        assert str(children[1].pid) not in ' '.join(lines), lines
        b.main.dwd('continue', '--all')
        shows(terminal, 100, 30, lambda s: s == ['nothing is stopped', ''])
        terminal.type('\x03')
        terminal.wait()


@case
def list_in_the_shell_ends_with_ctrl_c(b):
    with Terminal([b.dwd_path, '--socket', b.main.socket], {**os.environ, 'HOME': b.scratch}) as terminal:
        terminal.expect('dwd> ')
        terminal.type('list --follow\r')
        terminal.expect('nothing is stopped')
        terminal.type('\x03')
        terminal.expect('dwd> ')
        terminal.type('status\r')
        terminal.expect('Backend[^$]*dwd> ')
        terminal.type('\x04')
        terminal.wait()


@case
def list_fits_a_terminal_that_changes(b):
    program = b.program()
    b.main.watch(program)
    for i in range(12):
        b.run(program, '0', 'x' * 120)
    until(lambda: len(b.main.stops()) == 12, 'twelve stops')
    with follow_list(b, columns=90, rows=8) as terminal:
        lines = shows(terminal, 90, 8, lambda s: any('more lines' in line for line in s))
        equal(len(lines), 8, 'lines')
        equal(lines[6], '... and 7 more lines', 'last line')
        assert max(map(len, lines)) <= 90, lines
        mark = len(terminal.shown)
        fcntl.ioctl(terminal.fd, termios.TIOCSWINSZ, struct.pack('HHHH', 40, 100, 0, 0))
        os.kill(terminal.pid, signal.SIGWINCH)
        until(lambda: (terminal.read(0.1), terminal.shown[mark:].count('xxx') >= 12)[1], 'all lines')


@case
def list_is_printed_again_elsewhere(b):
    program = b.program()
    b.main.watch(program)
    follower = b.run(b.dwd_path, '--socket', b.main.socket, '--json', 'list', '--follow')
    equal(json.loads(follower.stdout.readline()), [], 'at first')
    child = b.run(program)
    equal([s['pid'] for s in json.loads(follower.stdout.readline())], [child.pid], 'then')
    b.main.dwd('continue', child.pid)
    equal(json.loads(follower.stdout.readline()), [], 'at last')
    follower.terminate()


@case
def followers_end_with_their_reader(b):
    """`dwd events --follow | head -1` ends with head, not at the next event."""
    for command in (['events', '--follow'], ['list', '--follow']):
        reader, writer = os.pipe()
        follower = subprocess.Popen([b.dwd_path, '--socket', b.main.socket, *command], stdout=writer,
                                    stdin=subprocess.DEVNULL)
        b.children.append(follower)
        os.close(writer)
        until(lambda: b.main.json('status')['clients'] >= 2, 'the follower')
        os.close(reader)
        # 1: it was just then printing what nobody reads
        assert follower.wait(20 * SCALE) in (0, 1), f'exit status of {command}'


@case
def all_watches_are_named(b):
    """Which have caught it, in every list; JSON has them in an array."""
    program = b.program()
    added = [str(b.main.watch(target)) for target in (program, os.path.basename(program))]
    b.run(program)
    stop = b.main.wait(program)
    named = ','.join(str(i) for i in stop['watches'])
    equal(sorted(named.split(',')), sorted(added), 'watches')
    for words in (['list'], ['list', '--tree'], ['wait', program]):
        out = b.main.dwd(*words).stdout
        assert re.search(rf'\b{named} +{program}', out), out
    events = b.main.dwd('events').stdout
    assert f' by watches {named}: {program}' in events, events
    b.main.dwd('continue', '--all')
    b.main.watch(*[program] * 18)
    b.run(program)
    b.main.wait(program)
    out = b.main.dwd('list').stdout
    assert re.search(rf' \d+(,\d+){{15}},\+4 +{program}', out), out


@case
def tree_of_stops(b):
    program = b.program()
    name = os.path.basename(program)
    b.main.watch(program)
    script = b.script(f'#!/bin/bash\n{program} 0 one &\n{program} 0 two &\nwait\n')
    b.run(script)
    until(lambda: len(b.main.stops()) == 2, 'two stops')
    lines = b.main.dwd('list', '--tree').stdout.splitlines()
    at = {word: next(i for i, line in enumerate(lines) if word in line)
          for word in (os.path.basename(script), ' one', ' two')}
    assert at[os.path.basename(script)] < min(at[' one'], at[' two']), lines
    indent = [len(lines[i]) - len(lines[i].lstrip(' |`-└├─│')) for i in at.values()]
    assert indent[0] < indent[1] == indent[2], lines
    assert lines[1].split()[1] == '1', lines  # pid 1, above them all
    assert lines[at[' one']].split()[1:3][0].startswith('#'), lines
    stop = b.main.json('list', '--tree')[0]
    equal([stop['ancestors'][0]['comm'], stop['ancestors'][-1]['pid']], [os.path.basename(script), 1], 'ancestors')
    assert name in lines[at[' one']], lines
    b.main.dwd('continue', '--all')
