# SPDX-License-Identifier: GPL-2.0-or-later
"""gdb on a stopped process."""

import os
import signal
import struct
import subprocess

from harness import SCALE, Skip, case, equal, state_of, until
from terminal import Terminal

AT_BASE = 7  # of the auxiliary vector, getauxval(3)
PT_INTERP = 3  # of the program headers, elf(5)

LIBRARY = r'''
#include <stdio.h>
int answer(int x) { return x + 1; }
'''
PROGRAM = r'''
#include <dlfcn.h>
#include <stdio.h>
int main(int argc, char **argv)
{
    void *library = argc > 1 ? dlopen(argv[1], RTLD_NOW) : 0;
    int (*answer)(int) = library ? (int (*)(int))dlsym(library, "answer") : 0;
    printf("the answer is %d\n", answer ? answer(41) : 0);
    return 0;
}
'''


def compiled(b):
    """A program with symbols, and a library that it opens at run time."""
    program, library = b.path(b.unique('dbg')), b.path(b.unique('lib') + '.so')
    for source, target, flags in ((PROGRAM, program, ['-ldl']), (LIBRARY, library, ['-shared', '-fPIC'])):
        subprocess.run(['gcc', '-g', '-O0', '-x', 'c', '-', '-o', target, *flags], input=source, check=True,
                       text=True)
    return program, library


def gdb(b, target, *arguments, **options):
    options.setdefault('timeout', 120)
    return b.main.dwd('attach', target, '--gdb', '--timeout', 20 * SCALE, '--', '-nx', '-batch', *arguments,
                      **options)


@case
def first_continue_continues(b):
    program, _ = compiled(b)
    b.main.watch(program)
    child = b.run(program)
    done = gdb(b, program, '-ex', 'break main', '-ex', 'continue', '-ex', 'backtrace', '-ex', 'continue')
    assert 'Breakpoint 1, main' in done.stdout and '#0  main (argc=1' in done.stdout, done.stdout
    assert 'exited normally' in done.stdout, done.stdout
    output, _ = child.communicate(timeout=60)
    equal((child.returncode, output), (0, 'the answer is 0\n'), 'the program')
    equal(b.main.stops(), [], 'stops')


def interpreter(path):
    """The dynamic loader that a 64-bit ELF file names."""
    with open(path, 'rb') as f:
        elf = f.read()
    table, = struct.unpack_from('<Q', elf, 32)
    size, count = struct.unpack_from('<HH', elf, 54)
    for at in range(table, table + size * count, size):
        if struct.unpack_from('<I', elf, at)[0] == PT_INTERP:
            offset, = struct.unpack_from('<Q', elf, at + 8)
            return elf[offset:elf.index(b'\0', offset)].decode()
    raise AssertionError(f'{path} is not dynamic')


@case
def stands_at_its_first_instruction(b):
    """Where the kernel starts a dynamic program: the entry point of its ELF interpreter."""
    program = b.program('/bin/true')
    b.main.watch(program)
    child = b.run(program)
    b.main.wait(program)
    with open(f'/proc/{child.pid}/auxv', 'rb') as f:
        auxv = dict(struct.iter_unpack('QQ', f.read()))
    with open(interpreter(program), 'rb') as f:
        entry, = struct.unpack_from('<Q', f.read(64), 24)
    with open(f'/proc/{child.pid}/syscall', encoding='ascii') as f:
        equal(int(f.read().split()[-1], 16), auxv[AT_BASE] + entry, 'program counter')
    b.caught(child, program)


@case
def breakpoint_in_a_library_not_loaded_yet(b):
    program, library = compiled(b)
    b.main.watch(program)
    child = b.run(program, library)
    done = gdb(b, program, '-ex', 'set breakpoint pending on', '-ex', 'break answer', '-ex', 'continue',
               '-ex', 'print x', '-ex', 'continue')
    assert '$1 = 41' in done.stdout, done.stdout
    output, _ = child.communicate(timeout=60)
    equal(output, 'the answer is 42\n', 'output')


@case
def detach_leaves_it_running(b):
    program = b.program('/bin/sleep')
    for commands in (['-ex', 'detach'], ['-ex', 'break nanosleep', '-ex', 'continue', '-ex', 'detach'], []):
        b.main.watch(program)
        child = b.run(program, '1000')
        gdb(b, program, *commands)
        until(lambda c=child: state_of(c.pid) in ('S', 'R'), 'the process to run')
        equal(b.main.stops(), [], 'stops')
        child.kill()
        equal(child.wait(20), -signal.SIGKILL, 'exit status')
        b.main.dwd('unwatch', program)


@case
def status_of_gdb_is_passed_on(b):
    program = b.program('/bin/true')
    b.main.watch(program)
    child = b.run(program)
    gdb(b, program, '-ex', 'python gdb.execute("quit 7")', status=7)
    equal(child.wait(60), 0, 'exit status')


@case
def account_without_a_shell(b):
    program = b.program('/bin/true')
    b.main.watch(program)
    child = b.run(program)
    done = gdb(b, program, '-ex', 'continue', env={**os.environ, 'SHELL': '/bin/false'})
    assert 'exited normally' in done.stdout, done.stdout
    equal(child.wait(60), 0, 'exit status')


@case
def missing_gdb(b):
    """One clear line, and the process is still stopped and listed."""
    program = b.program()
    b.main.watch(program)
    child = b.run(program)
    done = gdb(b, program, status=1, env={**os.environ, 'DWD_GDB': '/no/such/gdb'})
    assert '/no/such/gdb' in done.stderr and done.stderr.count('\n') == 1, done.stderr
    b.caught(child, program, state='stopped')


@case
def gdb_that_cannot_attach(b):
    """Something else traces the process already."""
    program = b.program()
    b.main.watch(program)
    child = b.run(program)
    stop = b.main.wait(program)
    tracer = b.run('strace', '-o', '/dev/null', '-p', stop['pid'])
    until(lambda: state_of(stop['pid']) == 't', 'strace to attach')
    done = gdb(b, f'#{stop["id"]}', status=None)
    assert done.returncode == 1 and 'trace' in done.stderr and done.stderr.count('\n') == 1, (done.returncode, done.stderr)
    tracer.send_signal(signal.SIGINT)
    tracer.wait(60)
    until(lambda: state_of(stop['pid']) == 'T', 'strace to detach')
    b.caught(child, program)


@case
def yama_forbids(b):
    path = '/proc/sys/kernel/yama/ptrace_scope'
    try:
        with open(path, encoding='ascii') as f:
            before = f.read()
    except FileNotFoundError as error:
        raise Skip('this kernel has no Yama') from error
    if before.strip() == '3':
        raise Skip('ptrace_scope is 3 already')
    # Scope 3 cannot be taken back, so an unprivileged gdb under scope 2 must do.
    program = b.program()
    b.main.watch(program)
    child = b.run(program)
    b.main.wait(program)
    with open(path, 'w', encoding='ascii') as f:
        f.write('2')
    try:
        done = b.run('setpriv', '--bounding-set=-sys_ptrace', '--inh-caps=-sys_ptrace', b.dwd_path, '--socket',
                     b.main.socket, 'attach', program, '--gdb', '--', '-nx', '-batch')
        output, _ = done.communicate(timeout=60 * SCALE)
    finally:
        with open(path, 'w', encoding='ascii') as f:
            f.write(before)
    assert done.returncode == 1 and 'ptrace_scope' in output, (done.returncode, output)
    b.caught(child, program)


@case
def two_attaches_never_get_the_same(b):
    program = b.program('/bin/true')
    b.main.watch(program)
    clients = [b.run(b.dwd_path, '--socket', b.main.socket, 'attach', program, '--gdb', '--timeout', 60 * SCALE,
                     '--', '-nx', '-batch', '-ex', 'python print("PID", gdb.selected_inferior().pid)',
                     '-ex', 'continue') for _ in range(2)]
    children = [b.run(program) for _ in range(2)]
    pids = set()
    for client in clients:
        output, _ = client.communicate(timeout=120 * SCALE)
        equal(client.returncode, 0, f'exit status: {output}')
        pids |= {line for line in output.splitlines() if line.startswith('PID')}
    equal(pids, {f'PID {c.pid}' for c in children}, 'pids debugged')
    for child in children:
        equal(child.wait(20), 0, 'exit status')


@case
def killed_client_gives_its_stop_back(b):
    program = b.program('/bin/true')
    b.main.watch(program)
    child = b.run(program)
    v = b.main.varlink()
    stop = v.call('io.dwd.Watchdog.Claim', {'timeout': 20000})['parameters']['stop']
    assert b.main.stops()[0]['claimed_by'] == os.getpid(), b.main.stops()
    v.close()
    until(lambda: 'claimed_by' not in b.main.stops()[0], 'the claim to end')
    b.caught(child, program, id=stop['id'])


@case
def interrupt_goes_to_the_debuggee(b):
    """At a terminal: the first continue continues, Ctrl-C comes back to gdb, quit leaves it running."""
    program = b.program('/bin/sleep')
    b.main.watch(program)
    child = b.run(program, '1000')
    with Terminal([b.dwd_path, '--socket', b.main.socket, 'attach', program, '--gdb', '--', '-nx']) as terminal:
        terminal.expect(r'\(gdb\) $', 60)
        equal(b.main.stops()[0]['state'], 'attached', 'state')
        terminal.type('continue\n')
        terminal.expect('Continuing')
        until(lambda: state_of(child.pid) == 'S', 'the process to run')
        terminal.type('\x03')
        terminal.expect(r'received signal SIGINT[\s\S]*\(gdb\) $')
        terminal.type('quit\n')
        terminal.expect(r'\(y or n\)')
        terminal.type('y\n')
        equal(terminal.wait(), 0, 'exit status')
    until(lambda: state_of(child.pid) == 'S', 'the process to run on')
    equal(b.main.stops(), [], 'stops')
