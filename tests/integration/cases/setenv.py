# SPDX-License-Identifier: GPL-2.0-or-later
"""Environment variables put into a process before its first instruction."""

import ctypes
import os
import resource
import signal
import struct
import subprocess

from harness import SCALE, Skip, case, equal, state_of, until
from users import privileged_directory

AT_BASE, AT_PLATFORM, AT_RANDOM, AT_EXECFN = 7, 15, 25, 31  # of the auxiliary vector, getauxval(3)
ADDR_NO_RANDOMIZE = 0x0040000
PTRACE_SINGLESTEP, PTRACE_DETACH, PTRACE_SEIZE = 9, 17, 0x4206
WALL = 0x40000000

ENTRIES = {'entry': 8, 'entry-static-pie': 8, 'entry-dynamic': 8, 'entry-dynamic-fixed': 8, 'entry32': 4}


def fixed_addresses():
    """Two runs of a program have everything at the same addresses."""
    ctypes.CDLL(None).personality(ADDR_NO_RANDOMIZE)


class Entry:
    """What a copy of tests/programs/entry says of its start, and what its pointers point to."""

    def __init__(self, child, word):
        registers = 16 if word == 8 else 8
        self.child = child
        self.word = word
        self.registers = self.words(registers)
        self.sp = self.words(1)[0]
        self.argc = self.words(1)[0]
        with open(f'/proc/{child.pid}/mem', 'rb', 0) as self.memory:
            self.argv = self.strings()
            equal(self.argc, len(self.argv), 'argc')
            self.env = self.strings()
            self.auxv = list(self.pairs())
            pointed = dict(self.auxv)
            self.dynamic = pointed[AT_BASE] != 0
            self.pointed = [self.string(pointed[kind]) for kind in (AT_EXECFN, AT_PLATFORM)]
            self.at(pointed[AT_RANDOM], 16)
        self.cmdline = self.proc('cmdline')
        self.kept_env = self.proc('environ')
        self.kept_auxv = self.proc('auxv')

    def words(self, count):
        data = self.child.stdout.buffer.read(count * self.word)
        return struct.unpack(f'<{count}{"Q" if self.word == 8 else "I"}', data)

    def at(self, address, size):
        self.memory.seek(address)
        return self.memory.read(size)

    def string(self, address):
        data = b''
        while b'\0' not in data:
            data += self.at(address + len(data), 1024 - (address + len(data)) % 1024)
        return data.partition(b'\0')[0].decode()

    def strings(self):
        found = []
        while (pointer := self.words(1)[0]):
            found.append(self.string(pointer))
        return found

    def pairs(self):
        while True:
            kind, value = self.words(2)
            yield kind, value
            if kind == 0:
                return

    def proc(self, name):
        with open(f'/proc/{self.child.pid}/{name}', 'rb') as f:
            return f.read()

    def vector(self):
        """The auxiliary vector as bytes."""
        flat = [number for pair in self.auxv for number in pair]
        return struct.pack(f'<{len(flat)}{"Q" if self.word == 8 else "I"}', *flat)

    def finish(self):
        self.child.stdin.close()
        equal(self.child.wait(20 * SCALE), 0, 'exit status')


def launch(b, program, arguments=(), env=None):
    return b.run(program, *arguments, env=env or {}, stdin=subprocess.PIPE, preexec_fn=fixed_addresses)


def run_entry(b, program, word, variables, arguments=('one', ''), env=None):
    """Catch it, release it with `variables`, and read what it found."""
    child = launch(b, program, arguments, env)
    stop = b.main.wait(program)
    b.main.dwd('continue', f'#{stop["id"]}', *(f'--setenv={v}' for v in variables))
    entry = Entry(child, word)
    entry.finish()
    return entry


def compare(plain, changed, env):
    """All is the same but the environment and where its pointers lie."""
    if not plain.dynamic:  # the dynamic loader has put addresses on the stack into some
        equal(changed.registers, plain.registers, 'registers')
    for what in ('argc', 'argv', 'auxv', 'pointed', 'cmdline', 'kept_env', 'kept_auxv'):
        equal(getattr(changed, what), getattr(plain, what), what)
    equal(changed.env, env, 'environment')
    equal(changed.sp % 16, plain.sp % 16, 'alignment')
    equal(plain.sp % 16, 0, 'alignment')
    assert changed.sp < plain.sp, (changed.sp, plain.sp)
    assert changed.kept_auxv.startswith(changed.vector()), changed.auxv


def hold(b, program=None, **options):
    """A program that is stopped, its process, and the stop."""
    program = program or b.program()
    b.main.watch(program)
    child = b.run(program, **options)
    return program, child, b.main.wait(program)


@case
def nothing_else_changes(b):
    for source, word in ENTRIES.items():
        program = b.program(source)
        b.main.watch(program)
        env = {'A': '1', 'PATH': '/bin', 'Z': 'last'}
        plain = run_entry(b, program, word, [], env=env)
        equal(plain.env, ['A=1', 'PATH=/bin', 'Z=last'], 'environment')
        for new in (['N=1'], ['N=1', 'M='], ['N=' + 7 * 'n', 'M=m', 'L=' + 5000 * 'l']):
            compare(plain, run_entry(b, program, word, new, env=env), plain.env + new)
        compare(plain, run_entry(b, program, word, ['PATH=/new', 'Z=', 'A=3', 'A=2'], env=env),
                ['A=2', 'PATH=/new', 'Z='])


@case
def no_environment_and_many_arguments(b):
    program = b.program('entry')
    b.main.watch(program)
    few = run_entry(b, program, 8, [], env={}, arguments=())
    compare(few, run_entry(b, program, 8, ['N=1'], env={}, arguments=()), ['N=1'])
    # More pointers than there are pages below the stack at exec.
    many = [f'argument{i}' for i in range(20000)]
    plain = run_entry(b, program, 8, [], many)
    compare(plain, run_entry(b, program, 8, ['N=1'], many), ['N=1'])


@case
def of_a_watch(b):
    """They are there when the stop is announced, whoever lets it run; and can be replaced then."""
    program = b.program('entry')
    equal(b.main.json('watch', '--setenv=N=1', '--setenv=A=', program)[0]['setenv'], ['N=1', 'A='], 'of the watch')
    plain = run_entry(b, program, 8, [], env={'Z': '1'})
    equal(plain.env, ['Z=1', 'N=1', 'A='], 'environment')
    compare(plain, run_entry(b, program, 8, ['A=2', 'M=3'], env={'Z': '1'}), ['Z=1', 'N=1', 'A=2', 'M=3'])
    child = launch(b, program, env={})
    stop = b.main.wait(program)
    equal((stop['setenv'], state_of(child.pid)), (['N=1', 'A='], 'T'), 'the stop')
    info = b.main.dwd('info', program).stdout
    assert 'Set: N=1\n' in info and 'Set: A=\n' in info, info
    os.kill(child.pid, signal.SIGCONT)
    entry = Entry(child, 8)
    equal(entry.env, ['N=1', 'A='], 'environment')
    entry.finish()


@case
def of_several_watches(b):
    program = b.program('entry')
    b.main.watch('--setenv=A=1', '--setenv=B=1', program)
    b.main.watch('--setenv=C=2', os.path.basename(program))
    b.main.watch(os.path.dirname(program) + '/')
    equal(sorted(run_entry(b, program, 8, []).env), ['A=1', 'B=1', 'C=2'], 'environment')


@case
def of_many_processes_at_once(b):
    program = b.program()
    b.main.watch('--setenv=A=1', program)
    children = [b.run(program) for _ in range(200)]
    until(lambda: [s['state'] for s in b.main.stops()] == ['stopped'] * len(children), 'all to be stopped',
          60)
    equal([s.get('setenv') for s in b.main.stops()], [['A=1']] * len(children), 'variables')
    b.main.dwd('continue', '--all')
    equal({child.wait(20 * SCALE) for child in children}, {0}, 'exit status')


@case
def of_those_released_at_once(b):
    """Also what is released while it is stopping, before it is announced."""
    program = b.program('entry')
    b.main.watch('--setenv=A=1', program)
    children = [launch(b, program) for _ in range(50)]
    until(lambda: len(b.main.stops()) == len(children), 'all of them to be there')
    b.main.dwd('continue', '--all')
    for child in children:
        entry = Entry(child, 8)
        equal(entry.env, ['A=1'], 'environment')
        entry.finish()


@case
def the_parent_does_not_notice(b):
    """It is told once that its child has stopped, and not again."""
    program = b.program()
    b.main.watch('--setenv=A=1', program)
    pid = os.posix_spawn(program, [program], {})
    try:
        equal(os.WSTOPSIG(os.waitpid(pid, os.WUNTRACED)[1]), signal.SIGSTOP, 'stopped by')
        equal(b.main.wait(program)['setenv'], ['A=1'], 'variables')
        flags = os.WNOHANG | os.WUNTRACED | os.WCONTINUED
        equal(os.waitpid(pid, flags), (0, 0), 'news of the child')
        b.main.dwd('continue', program)
    finally:
        os.kill(pid, signal.SIGCONT)
        equal(os.waitpid(pid, 0)[1], 0, 'status')


def refused(b, selector, reason, status=1):
    """`continue --setenv` fails for this reason, and the process stays stopped."""
    done = b.main.dwd('continue', selector, '--setenv', 'A=1', status=status)
    assert reason in done.stderr, done.stderr
    equal(done.stdout, '', 'what is continued')
    stop = b.main.json('info', selector)
    equal((stop['state'], state_of(stop['pid'])), ('stopped', 'T'), 'state')
    return stop


@case
def on_a_processor_it_knows(b):
    """It takes knowledge of the processor to see that no instruction has run."""
    program, child, _ = hold(b)
    if os.uname().machine == 'x86_64':
        b.main.dwd('continue', program, '--setenv', 'A=1')
        equal(child.wait(20 * SCALE), 0, 'exit status')
    else:
        refused(b, program, 'this is only possible on x86-64')
        b.caught(child, program)


def set_id_is_refused(b, program, mode):
    os.chown(program, 65534, 65534)
    os.chmod(program, mode)
    _, child, _ = hold(b, program)
    stop = refused(b, program, 'the program is set-id or has file capabilities')
    assert stop['setenv_error'].startswith('the program is set-id'), stop
    assert 'setenv' not in stop, stop
    b.caught(child, program)


@case
def never_of_set_id_programs(b):
    with privileged_directory() as directory:
        for mode in (0o4755, 0o2755):
            set_id_is_refused(b, b.program(directory=directory), mode)


@case
def a_watch_stops_what_it_cannot_give_variables(b):
    with privileged_directory() as directory:
        program = b.program(directory=directory)
        os.chown(program, 65534, 65534)
        os.chmod(program, 0o4755)
        b.main.watch('--setenv=A=1', program)
        child = b.run(program)
        reason = 'the program is set-id or has file capabilities'
        assert b.main.wait(program)['setenv_error'].startswith(reason), b.main.stops(program)
        info = b.main.dwd('info', program).stdout
        assert f'Not set: the variables asked for: {reason}' in info, info
        assert f'(variables not set: {reason}' in b.main.dwd('events').stdout, b.main.dwd('events').stdout
        log = f'process {child.pid} is stopped without the variables of its watch: {reason}'
        assert log in b.main.log(), b.main.log()
        b.caught(child, program)


@case
def never_of_programs_with_file_capabilities(b):
    with privileged_directory() as directory:
        program = b.program(directory=directory)
        # cap_net_raw+ep, as setcap(8) of libcap writes it
        os.setxattr(program, 'security.capability', struct.pack('<5I', 0x02000001, 1 << 13, 0, 0, 0))
        _, child, _ = hold(b, program, user=65534, group=65534, extra_groups=[])
        refused(b, program, 'the program is set-id or has file capabilities')
        b.caught(child, program)


def ptrace(request, pid):
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.ptrace(ctypes.c_long(request), ctypes.c_long(pid), None, None) < 0:
        raise OSError(ctypes.get_errno(), f'ptrace {request:#x}')
    if request != PTRACE_DETACH:
        os.waitpid(pid, WALL)


@case
def not_after_the_first_instruction(b):
    program, child, stop = hold(b)
    for request in (PTRACE_SEIZE, PTRACE_SINGLESTEP, PTRACE_DETACH):
        ptrace(request, stop['pid'])
    until(lambda: state_of(stop['pid']) == 'T', 'the process to be stopped again')
    until(lambda: b.main.stops(program)[0]['state'] == 'stopped', 'the stop to be free again')
    refused(b, program, 'variables can only be set before its first instruction')
    b.caught(child, program)


@case
def not_under_a_debugger(b):
    program, child, stop = hold(b)
    ptrace(PTRACE_SEIZE, stop['pid'])
    done = b.main.dwd('continue', program, '--setenv', 'A=1', status=1)
    assert 'is attached, which does not allow this' in done.stderr, done.stderr
    ptrace(PTRACE_DETACH, stop['pid'])
    until(lambda: b.main.stops(program)[0]['state'] == 'stopped', 'the stop to be free again')
    b.caught(child, program)


@case
def not_in_a_frozen_cgroup(b):
    """There tracing hangs: whoever asks is told after a second, and the process stays as it was."""
    freezer = f'/sys/fs/cgroup/freezer/{b.unique()}'
    if not os.path.exists('/sys/fs/cgroup/freezer/cgroup.procs'):
        raise Skip('no freezer of cgroup v1 is mounted')
    program, child, stop = hold(b)

    def freeze(state):
        with open(f'{freezer}/freezer.state', 'w', encoding='ascii') as f:
            f.write(state)

    os.mkdir(freezer)
    try:
        with open(f'{freezer}/cgroup.procs', 'w', encoding='ascii') as f:
            f.write(str(stop['pid']))
        freeze('FROZEN')
        done = b.main.dwd('continue', program, '--setenv', 'A=1', status=1)
        assert 'is its cgroup frozen?' in done.stderr, done.stderr
        freeze('THAWED')
        until(lambda: state_of(stop['pid']) == 'T', 'the process to be stopped again')
    finally:
        freeze('THAWED')
        child.kill()
        child.wait()
        os.rmdir(freezer)


@case
def not_beyond_what_the_stack_may_hold(b):
    limit = 160 * 1024
    program, child, _ = hold(b, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_STACK, (limit, limit)))
    done = b.main.dwd('continue', program, '--setenv', 'A=' + 50000 * 'a', status=1)
    assert 'no room on its stack' in done.stderr, done.stderr
    equal(b.main.stops(program)[0]['state'], 'stopped', 'state')
    b.main.dwd('continue', program, '--setenv', 'A=' + 20000 * 'a')
    equal(child.wait(20 * SCALE), 0, 'exit status')


@case
def what_is_no_variable(b):
    program, child, _ = hold(b)
    for variable, reason in (('A', "it has no '='"), ('=1', "there is no name before the '='"), ('', "it has no '='"),
                             ('A=' + 70000 * 'a', 'more than 64 KiB at once')):
        done = b.main.dwd('continue', program, '--setenv', variable, status=2)
        assert reason in done.stderr, done.stderr
    done = b.main.dwd('continue', program, '--setenv', 'A=\udcff', status=2)
    assert 'not UTF-8' in done.stderr, done.stderr
    done = b.main.dwd('continue', '--all', '--setenv', 'A=1', status=2)
    assert 'name the stops instead of --all' in done.stderr, done.stderr
    equal(state_of(child.pid), 'T', 'state')
    b.caught(child, program)
