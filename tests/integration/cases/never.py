# SPDX-License-Identifier: GPL-2.0-or-later
"""Who is never stopped: what is traced, the kernel's helpers, dwd itself."""

import contextlib
import os
import resource
import signal

from harness import Skip, case, equal, until


def skipped(b, watch, reason, at_least=1):
    counters = until(lambda: b.main.counters(watch), 'counters')
    equal(counters['caught'], 0, 'caught')
    equal(list(counters['skipped']), [reason], 'reasons')
    assert counters['skipped'][reason] >= at_least, counters
    events = b.main.dwd('events').stdout
    assert reason in events, events


@case
def under_strace(b):
    program = b.program()
    watch = b.main.watch(program)
    child = b.run('strace', '-f', '-o', '/dev/null', 'sh', '-c', f'{program}; {program}')
    equal(child.wait(60), 0, 'exit status')
    skipped(b, watch, 'already-traced', 2)


@case
def under_gdb(b):
    program = b.program('/bin/true')
    watch = b.main.watch(program)
    child = b.run('gdb', '-q', '-nx', '-batch', '-ex', 'set startup-with-shell off', '-ex', 'run', program)
    output, _ = child.communicate(timeout=300)
    assert 'exited normally' in output, output
    skipped(b, watch, 'already-traced')


@contextlib.contextmanager
def core_pattern(text):
    path = '/proc/sys/kernel/core_pattern'
    with open(path, encoding='utf-8') as f:
        before = f.read()
    try:
        with open(path, 'w', encoding='utf-8') as f:
            f.write(text)
    except OSError as error:
        raise Skip(f'core_pattern cannot be set: {error}') from error
    try:
        yield
    finally:
        with open(path, 'w', encoding='utf-8') as f:
            f.write(before)


@case
def core_pattern_helper(b):
    """Stopping it would hang every core dump of the machine."""
    helper = b.program()
    watch = b.main.watch(helper)
    with core_pattern(f'|{helper}'):
        child = b.run('sh', '-c', 'kill -SEGV $$', preexec_fn=lambda: resource.setrlimit(
            resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY)))
        equal(child.wait(60), -signal.SIGSEGV, 'exit status')
        until(lambda: b.main.counters(watch)['skipped'], 'the helper to have run')
    skipped(b, watch, 'kernel-helper')


@case
def dwd_itself(b):
    for program in (b.dwd_path, b.dwdd):
        watch = b.main.watch(program)
        child = b.run(program, '--version')
        equal(child.wait(20), 0, f'exit status of {program}')
        skipped(b, watch, 'exempt')
        b.main.dwd('unwatch', program)


@case
def debugger_and_what_it_runs(b):
    """gdb is watched, and so is a program that gdb's shell command runs: neither is stopped."""
    program, helper = b.program('/bin/true'), b.program()
    debugger = b.program('/usr/bin/gdb')
    b.main.watch(program)
    watches = [b.main.watch(debugger), b.main.watch(helper)]
    child = b.run(program)
    b.main.wait(program)
    b.main.dwd('attach', program, '--gdb', '--', '-nx', '-batch', '-ex', f'shell {helper} 0',
               '-ex', 'continue', env={**os.environ, 'DWD_GDB': debugger}, timeout=120)
    equal(child.wait(20), 0, 'exit status')
    for watch in watches:
        skipped(b, watch, 'exempt')
