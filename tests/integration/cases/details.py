# SPDX-License-Identifier: GPL-2.0-or-later
"""What `dwd info` tells of a process from /proc, to people and to programs."""

import json
import os
import re
import resource
import signal

from harness import case, equal


def prepare():
    """In the child: things to be found again."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (77, 99))
    resource.setrlimit(resource.RLIMIT_CORE, (8 << 20, 8 << 20))
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_SETMASK, [signal.SIGHUP, signal.SIGRTMIN + 1])


def stopped(b, **options):
    program = b.program()
    b.main.watch(program)
    child = b.run(program, preexec_fn=prepare, **options)
    b.main.wait(program)
    return program, child


@case
def info_for_people(b):
    program, child = stopped(b, env={'ONE': 'two words', 'ODD': 'a\nb\udcff\033[31m'})
    info = b.main.dwd('info', child.pid).stdout
    for line in (r'   Environment: ONE=two words', r'                ODD=a\nb\xff\x1b[31m',
                 r'                open files         77 files, may be raised to 99 files',
                 r'                core file size     8 MiB',
                 r'    Open files:   0 read-write /dev/null',
                 r'       Signals: blocked  SIGHUP SIGRTMIN+1',
                 r'                caught   none'):
        assert line + '\n' in info, f'{line!r} is missing in {info}'
    assert re.search(r'\n {16}  1 write +pipe:\[\d+\]\n', info), info
    assert re.search(r'\n {16}ignored .*\bSIGUSR1\b', info), info
    b.caught(child, program)


@case
def info_for_programs(b):
    program, child = stopped(b, env={'ODD': 'a\udcff'})
    process = b.main.json('info', child.pid)['process']
    equal(process['environment'], ['ODD=a\\xff'], 'environment')
    equal(process['environment_raw'], ['T0REPWH/'], 'environment_raw')
    limits = {limit['name']: limit for limit in process['limits']}
    equal(limits['open files'], {'name': 'open files', 'soft': 77, 'hard': 99, 'unit': 'files'}, 'limit')
    equal(limits['file size']['soft'], None, 'no limit')
    equal(process['files'][0], {'fd': 0, 'mode': 'read-write', 'path': '/dev/null'}, 'file')
    equal(process['signals']['blocked'], ['SIGHUP', 'SIGRTMIN+1'], 'blocked')
    assert 'SIGUSR1' in process['signals']['ignored'], process['signals']
    equal(process['signals']['caught'], [], 'caught')
    assert 'unreadable' not in process, process
    b.caught(child, program)


@case
def info_that_is_not_permitted(b):
    """Without CAP_SYS_PTRACE and CAP_DAC_* another user's process shows little."""
    program, child = stopped(b, user=65534, group=65534)
    dwd = ('setpriv', '--bounding-set', '-sys_ptrace,-dac_override,-dac_read_search',
           b.dwd_path, '--socket', b.main.socket)
    info = b.run(*dwd, 'info', child.pid).communicate(timeout=20)[0]
    why = 'not permitted: only root and the process\'s own user may see it'
    for line in (f'   Environment: {why}', f'    Open files: {why}', '    Executable: '):
        assert line in info, info
    assert '       Signals: blocked  SIGHUP' in info, info
    process = json.loads(b.run(*dwd, '--json', 'info', child.pid).communicate(timeout=20)[0])['process']
    equal(process['unreadable'], {'environment': why, 'files': why}, 'unreadable')
    equal(os.path.basename(program) in info, True, 'name')
    b.caught(child, program)
