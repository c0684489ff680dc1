# SPDX-License-Identifier: GPL-2.0-or-later
"""Every way to execute a program, and execs that fail."""

import json
import os
import signal
import struct

from harness import Skip, case, equal, state_of, until


def by_way(b, way, source='tiny', **expect):
    program = b.program(source)
    name = os.path.basename(program)
    b.main.watch(name)
    return b.caught(b.ways(way, program), name, **expect)


@case
def memfd(b):
    stop = by_way(b, 'memfd')
    assert stop['exe'].startswith('/memfd:'), stop['exe']


@case
def execveat_below_a_directory(b):
    by_way(b, 'execveat-directory')


@case
def execveat_of_a_descriptor(b):
    by_way(b, 'execveat-empty')


@case
def posix_spawn(b):
    by_way(b, 'posix_spawn')


@case
def vfork(b):
    by_way(b, 'vfork')


@case
def thread_of_a_threaded_process(b):
    stop = by_way(b, 'thread')
    equal(stop['pid'], b.children[0].pid, 'pid')


@case
def dynamic_program(b):
    program = b.program('/bin/true')
    b.main.watch(program)
    b.caught(b.run(program), program)


@case
def program_of_32_bits(b):
    if not os.path.exists(os.path.join(b.programs, 'tiny32')):
        raise Skip('no 32-bit program was built')
    by_way(b, 'posix_spawn', 'tiny32')


def refused(b, path, status):
    """An exec that fails early: caught nothing, and nothing is left."""
    watch = b.main.watch(os.path.basename(path))
    b.not_caught(b.main, watch, b.ways('vfork', path), status)
    counters = b.main.counters(watch)
    equal(counters['skipped'], {}, 'skipped')


@case
def no_such_file(b):
    refused(b, b.path(b.unique()), 127)


@case
def not_executable(b):
    program = b.program()
    os.chmod(program, 0o644)
    refused(b, program, 126)


@case
def not_a_program(b):
    refused(b, b.script('\x01\x02 neither ELF nor #!'), 126)


@case
def interpreter_is_missing(b):
    refused(b, b.script('#!/no/such/interpreter\n'), 127)


def break_elf(path):
    """Make the kernel fail to map the program when there is no way back: a segment of it is to lie
    where no process has memory."""
    with open(path, 'r+b') as f:
        elf = bytearray(f.read())
        phoff, = struct.unpack_from('<Q', elf, 32)
        phentsize, phnum = struct.unpack_from('<HH', elf, 54)
        for i in range(phnum):
            at = phoff + i * phentsize
            if struct.unpack_from('<I', elf, at)[0] == 1:
                struct.pack_into('<QQ', elf, at + 16, 0xffff_8000_0000_0000, 0xffff_8000_0000_0000)
        f.seek(0)
        f.write(elf)


@case
def bad_elf_after_the_point_of_no_return(b):
    program = b.program()
    break_elf(program)
    watch = b.main.watch(os.path.basename(program))
    child = b.run(program)
    child.wait(20)
    assert child.returncode in (-signal.SIGSEGV, -signal.SIGKILL), child.returncode
    counters = until(lambda: b.main.counters(watch), 'counters')
    equal(counters['caught'], 0, 'caught')
    if b.main.json('status')['backend'] == 'tracepoint':
        equal(counters['skipped'], {}, 'skipped')
    else:
        equal(counters['skipped'], {'exec-failed': 1}, 'skipped')
    equal(b.main.stops(), [], 'stops')


@case
def script_after_a_script_that_failed(b):
    """What was noted of an exec that failed must not count for the next one of the same process."""
    bad = b.script('#!/no/such/interpreter\n')
    good = b.script('#!/bin/sh\nexit 0\n')
    watch = b.main.watch(bad)
    starter = b.script(f'#!/usr/bin/perl\nexec({{"{bad}"}} "{bad}"); exec("{good}");\n')
    b.not_caught(b.main, watch, b.run(starter))


@case
def exec_chain(b):
    """A stop for each exec of the same process; the pid stays."""
    first, second = b.script(''), b.program()
    b.script(f'#!/bin/sh\nexec {second}\n', name=os.path.basename(first))
    b.main.watch(first)
    b.main.watch(second)
    child = b.run(first)
    stop = b.main.wait(first)
    equal(stop['pid'], child.pid, 'pid')
    b.main.dwd('continue', first)
    again = b.caught(child, second, pid=child.pid)
    assert again['id'] > stop['id'], (again, stop)


@case
def killed_from_outside(b):
    program = b.program()
    b.main.watch(program)
    child = b.run(program)
    stop = b.main.wait(program)
    os.kill(stop['pid'], signal.SIGKILL)
    equal(child.wait(20), -signal.SIGKILL, 'exit status')
    until(lambda: b.main.stops() == [], 'the stop to be gone')
    events = [e for e in map(json.loads, b.main.dwd('--json', 'events').stdout.splitlines())
              if e.get('stop', {}).get('id') == stop['id']]
    equal([e['event'] for e in events], ['stopped', 'gone'], 'events')


@case
def continued_from_outside_to_stop_itself(b):
    """Soon after, before anybody may have seen it run: that is no longer the stop at exec."""
    program = b.script('#!/bin/sh\nkill -STOP $$\n')
    b.main.watch(program)
    child = b.run(program)
    stop = b.main.wait(program)
    os.kill(child.pid, signal.SIGCONT)
    until(lambda: b.main.stops() == [], 'the stop to be over')
    until(lambda: state_of(child.pid) == 'T', 'the process to have stopped itself')
    events = [e for e in map(json.loads, b.main.dwd('--json', 'events').stdout.splitlines())
              if e.get('stop', {}).get('id') == stop['id']]
    equal([(e['event'], e.get('by')) for e in events], [('stopped', None), ('continued', None)], 'events')
    os.kill(child.pid, signal.SIGCONT)
    equal(child.wait(20), 0, 'exit status')


@case
def continued_from_outside(b):
    program = b.program('/bin/sleep')
    b.main.watch(program)
    child = b.run(program, '1000')
    stop = b.main.wait(program)
    os.kill(stop['pid'], signal.SIGCONT)
    until(lambda: b.main.stops() == [], 'the stop to be over')
    until(lambda: state_of(child.pid) == 'S', 'the process to sleep')
    events = [e for e in map(json.loads, b.main.dwd('--json', 'events').stdout.splitlines())
              if e.get('stop', {}).get('id') == stop['id']]
    equal([(e['event'], e.get('by')) for e in events], [('stopped', None), ('continued', None)], 'events')
