# SPDX-License-Identifier: GPL-2.0-or-later
"""Completion in bash, zsh and fish: keys are typed, and what the completed line runs is looked at."""

import os
import re
import shutil

from harness import Skip, case, cgroup_root, equal
from terminal import Terminal

FILES = os.path.abspath(os.path.join(os.path.dirname(__file__), '../../../completions'))

START = {
    'bash': (['bash', '--norc', '--noprofile'], f'. {FILES}/dwd.bash'),
    'zsh': (['zsh', '-f', '-i'],
            f'fpath=({FILES} $fpath); autoload -Uz compinit; compinit -u -d $HOME/zcompdump'),
    'fish': (['fish', '--no-config', '-i'], f'set -p fish_complete_path {FILES}'),
}


def open_shell(b, name):
    """A shell whose `dwd` completes as dwd does, but only shows what it is run with."""
    if not shutil.which(name):
        raise Skip(f'no {name}')
    command, setup = START[name]
    home = b.path(b.unique('home'))
    os.mkdir(home)
    b.script('#!/bin/sh\n'
             f'[ "$1" != complete-words ] || exec {b.dwd_path} "$@"\n'
             "printf 'RAN'; printf '<%s>' \"$@\"; echo\n", name='dwd', directory=home)
    terminal = Terminal(command, {'HOME': home, 'PATH': f'{home}:{os.environ["PATH"]}', 'TERM': 'xterm',
                                  'LC_ALL': 'C.UTF-8', 'DWD_SOCKET': b.main.socket}, columns=200)
    terminal.type(f'{setup}; echo re""ady\r')
    terminal.expect(r'\bready\b')
    return terminal


def completes(terminal, keys, *words):
    """The keys make this command line."""
    terminal.type(f'dwd {keys}\r')
    expected = ''.join(f'<{re.escape(str(word))}>' for word in words)
    terminal.expect(f'RAN{expected}\r')


def check_shell(b, name):
    program = b.program()
    leaf = os.path.basename(program)
    watch = b.main.watch(program)
    child = b.run(program)
    stop = b.main.wait(program)
    odd = b.path(b.unique('a b'))
    os.mkdir(odd)
    with open_shell(b, name) as terminal:
        completes(terminal, 'watche\t', 'watches')
        completes(terminal, 'list --fol\t', 'list', '--follow')
        completes(terminal, f'info {str(child.pid)[:-1]}\t', 'info', child.pid)
        completes(terminal, f'info "#{str(stop["id"])}\t', 'info', f'#{stop["id"]}')
        completes(terminal, f'continue {leaf[:-2]}\t', 'continue', leaf)
        completes(terminal, f'unwatch {program[:-1]}\t', 'unwatch', program)
        completes(terminal, f'watch {program[:-1]}\t--uid nobo\t', 'watch', program, '--uid', 'nobody')
        completes(terminal, f'--socket={b.main.log_path[:-1]}\tlist', f'--socket={b.main.log_path}', 'list')
        completes(terminal, f'--socket {odd[:-3]}\tx list', '--socket', f'{odd}/x', 'list')
        # what there is to choose from is shown with what it is
        terminal.type('dwd watch\t\t')
        terminal.expect('watches.*list the watches')
        terminal.type('\x03')
    assert watch
    b.caught(child, program)


def offered(b, *words):
    """What stands for the last word, without the notes."""
    done = b.main.dwd('complete-words', len(words) - 1, '--', *words)
    return [line.partition('\t')[0] for line in done.stdout.splitlines()]


@case
def values_of_options(b):
    equal(offered(b, 'run', '--debugger', ''), ['dap', 'gdb', 'gdbserver', 'lldb', 'none', 'perf', 'strace'],
          'debuggers')
    root = cgroup_root()
    group = os.path.join(root, b.unique('group'))
    try:
        os.makedirs(os.path.join(group, 'inner'))
    except OSError as error:
        raise Skip(f'no cgroup can be made: {error}') from error
    try:
        leaf = os.path.basename(group)
        equal(offered(b, 'watch', '--cgroup', leaf[:-1]), [f'{leaf}/'], 'within the file system of the cgroups')
        equal(offered(b, 'watch', '--cgroup', f'{leaf}/i'), [f'{leaf}/inner/'], 'beneath one')
        equal(offered(b, 'watch', f'--cgroup={group[:-1]}'), [f'--cgroup={group}/'], 'by its path')
        assert 'README.md' not in offered(b, 'watch', '--cgroup', ''), 'no files of this directory'
    finally:
        os.rmdir(os.path.join(group, 'inner'))
        os.rmdir(group)


@case
def completion_in_bash(b):
    check_shell(b, 'bash')


@case
def completion_in_zsh(b):
    check_shell(b, 'zsh')


@case
def completion_in_fish(b):
    check_shell(b, 'fish')
