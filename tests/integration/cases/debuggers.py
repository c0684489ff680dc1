# SPDX-License-Identifier: GPL-2.0-or-later
"""Debuggers other than gdb: with each the first continue continues, and detach leaves it running."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess

from harness import SCALE, Skip, case, equal, state_of, until


def need(*programs):
    for program in programs:
        if not shutil.which(program):
            raise Skip(f'{program} is not installed')


def compiled(b):
    program = b.path(b.unique('dbg'))
    subprocess.run(['gcc', '-g', '-O0', '-x', 'c', '-', '-o', program], check=True, text=True,
                   input='#include <unistd.h>\nint main(void) { for (;;) sleep(1); }\n')
    return program


def stopped(b, program, *arguments):
    b.main.watch(program)
    child = b.run(program, *arguments)
    b.main.wait(program)
    return child


def attach(b, target, *options, **keywords):
    keywords.setdefault('timeout', 120)
    return b.main.dwd('attach', target, '--timeout', 20 * SCALE, *options, **keywords)


def attach_aside(b, *options, **keywords):
    return b.run(b.dwd_path, '--socket', b.main.socket, 'attach', '--timeout', 20 * SCALE, *options,
                 **keywords)


def runs_on(b, child):
    until(lambda: state_of(child.pid) in ('S', 'R'), 'the process to run')
    with open(f'/proc/{child.pid}/status', encoding='utf-8') as f:
        status = f.read()
    assert 'TracerPid:\t0' in status, status
    for mask in ('SigPnd', 'ShdPnd'):
        equal(re.search(f'{mask}:\\s*(\\w+)', status).group(1), '0' * 16, mask)
    equal(b.main.stops(), [], 'stops')


@case
def lldb(b):
    need('lldb')
    program = compiled(b)
    child = stopped(b, program)
    done = attach(b, program, '--lldb', '--', '--no-lldbinit', '--batch', '-o', 'breakpoint set -n main',
                  '-o', 'continue', '-o', 'thread backtrace', '-o', 'detach')
    assert 'stop reason = breakpoint' in done.stdout and 'main at <stdin>' in done.stdout, done
    runs_on(b, child)


@case
def lldb_that_only_quits(b):
    need('lldb')
    program = compiled(b)
    child = stopped(b, program)
    attach(b, program, '--lldb', '--', '--no-lldbinit')
    runs_on(b, child)


def address_of(server):
    line = server.stdout.readline()
    while 'target remote' not in line:
        assert line, 'gdbserver has ended'
        line = server.stdout.readline()
    return line.split('target remote ')[1].strip()


def remote_gdb(address, *commands):
    words = ['gdb', '-nx', '-batch', '-iex', 'set debuginfod enabled off', '-ex', f'target remote {address}']
    for command in commands:
        words += ['-ex', command]
    return subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          timeout=120 * SCALE, check=True, text=True).stdout


@case
def gdbserver(b):
    need('gdb', 'gdbserver')
    program = compiled(b)
    child = stopped(b, program)
    server = attach_aside(b, program, '--gdbserver')
    address = address_of(server)
    assert re.fullmatch(r':[1-9]\d+', address), address
    equal(b.main.stops()[0]['state'], 'attached', 'state')
    shown = remote_gdb(address, 'print $pc', 'break main', 'continue', 'backtrace', 'detach')
    assert '_start' in shown and 'Breakpoint 1, ' in shown and re.search('#0 .* main ', shown), shown
    assert 'received signal' not in shown, shown
    equal(server.wait(60 * SCALE), 0, 'exit status')
    runs_on(b, child)


@case
def gdbserver_at_an_address(b):
    need('gdb', 'gdbserver')
    program = compiled(b)
    for given in ('localhost:0', '--gdbserver=127.0.0.1:0'):
        child = stopped(b, program)
        server = attach_aside(b, *([given] if given[0] == '-' else ['--gdbserver', given]), program)
        address = address_of(server)
        equal(address.rpartition(':')[0], given.removeprefix('--gdbserver=').rpartition(':')[0], 'host')
        # A debugger that just goes away leaves it running too.
        remote_gdb(address, 'disconnect')
        equal(server.wait(60 * SCALE), 0, 'exit status')
        runs_on(b, child)
        child.kill()
        b.main.dwd('unwatch', program)


@case
def gdbserver_for_every_stop(b):
    """Where to connect is told at once, and in the result."""
    need('gdb', 'gdbserver')
    program = compiled(b)
    b.main.watch(program)
    server = attach_aside(b, '--each', '--gdbserver', '--count', 2, '--log-dir', b.path('served'), program)
    children = [b.run(program) for _ in range(2)]
    addresses = [address_of(server) for _ in children]
    for address in addresses:
        remote_gdb(address, 'detach')
    output, _ = server.communicate(timeout=60 * SCALE)
    equal(server.returncode, 0, f'exit status: {output}')
    lines = [json.loads(line) for line in output.splitlines() if line.startswith('{')]
    equal(sorted(line['address'] for line in lines), sorted(addresses), 'addresses')
    for child in children:
        runs_on(b, child)


@case
def gdbserver_on_a_port_in_use(b):
    """It is refused before anything is stopped or run for it."""
    need('gdbserver')
    with socket.create_server(('127.0.0.1', 0)) as taken:
        address = f'127.0.0.1:{taken.getsockname()[1]}'
        for words in (['attach'], ['attach', '--each'], ['run', '--watch', b.unique()]):
            done = b.main.dwd(*words, f'--gdbserver={address}', *(['--', 'true'] if 'run' in words else []), status=1)
            equal(done.stderr, f'dwd: --gdbserver: cannot listen on {address}: Address already in use\n', 'text')


@case
def gdbserver_told_to_end(b):
    """Whether nobody has connected yet, the process is stopped by its debugger, or it runs."""
    need('gdb', 'gdbserver')
    for commands in ([], ['break main'], ['break main', 'continue', 'continue']):
        program = compiled(b)
        child = stopped(b, program)
        server = attach_aside(b, program, '--gdbserver')
        address = address_of(server)
        if commands:
            gdb = b.run('gdb', '-nx', '-q', program, '-iex', 'set confirm off',
                        '-iex', 'set debuginfod enabled off', stdin=subprocess.PIPE)
            gdb.stdin.write('\n'.join([f'target remote {address}', *commands, '']))
            gdb.stdin.flush()
            what = {'break main': 'Breakpoint 1 at', 'continue': 'Breakpoint 1, '}[commands[min(1, len(commands) - 1)]]
            while what not in (line := gdb.stdout.readline()):
                assert line, 'gdb has ended'
        if len(commands) == 3:
            until(lambda c=child: state_of(c.pid) == 'S', 'the process to run')
        server.send_signal(signal.SIGTERM)
        equal(server.wait(60 * SCALE), 128 + signal.SIGTERM, 'exit status')
        runs_on(b, child)
        child.kill()
        equal(child.wait(20), -signal.SIGKILL, 'how it ended')


@case
def strace(b):
    need('strace')
    program = b.program('/bin/sleep')
    child = stopped(b, program, '1000')
    tracer = attach_aside(b, program, '--debugger', 'strace -p {pid}', '--', '-e', 'trace=openat,execve')
    while 'libc.so' not in (line := tracer.stdout.readline()):
        assert line, 'strace has ended'
    until(lambda: state_of(child.pid) == 'S', 'the process to run')
    os.killpg(tracer.pid, signal.SIGINT)
    equal(tracer.wait(60 * SCALE), 128 + signal.SIGINT, 'exit status')
    runs_on(b, child)


@case
def command_that_attaches_late(b):
    """The process stays stopped until the debugger has it, however long that takes."""
    need('strace')
    program = b.program('/bin/true')
    child = stopped(b, program)
    gate = b.path(b.unique('gate'))
    os.mkfifo(gate)
    tracer = attach_aside(b, program, '--debugger', f'read go <{gate}; strace -o {b.path("trace")} -p {{pid}}')
    until(lambda: 'claimed_by' in b.main.stops()[0], 'the claim')
    equal(state_of(child.pid), 'T', 'state')
    with open(gate, 'w', encoding='utf-8') as f:
        f.write('go\n')
    equal(tracer.wait(60 * SCALE), 0, 'exit status')
    equal(child.wait(20), 0, 'exit status of the process')
    with open(b.path('trace'), encoding='utf-8') as f:
        trace = f.read()
    assert 'libc.so' in trace and 'exited with 0' in trace, trace


@case
def command_that_does_not_attach(b):
    program = b.program()
    child = stopped(b, program)
    done = attach(b, program, '--debugger', 'exit 3 # {pid}', status=1)
    assert 'is still stopped' in done.stderr, done.stderr
    b.caught(child, program, state='stopped')


@case
def profiler(b):
    """It traces nothing; that it holds perf events is what shows that it is ready."""
    need('perf')
    if subprocess.run(['perf', 'stat', '-e', 'task-clock', 'true'], capture_output=True, check=False).returncode:
        raise Skip('perf does not work here')
    program = b.program('/bin/true')
    child = stopped(b, program)
    profile = attach_aside(b, program, '--debugger', 'perf stat -e task-clock -p {pid}')
    equal(child.wait(60 * SCALE), 0, 'exit status of the process')
    output, _ = profile.communicate(timeout=60 * SCALE)
    equal(profile.returncode, 0, 'exit status')
    assert 'task-clock' in output, output


@case
def debugger_by_environment(b):
    program = b.program('/bin/true')
    for value in ('gdb', 'gdb -nx -batch -p {pid} -ex "handle SIGCONT nostop noprint pass"'):
        child = stopped(b, program)
        done = attach(b, program, '--', '-nx', '-batch', '-ex', 'continue', env={**os.environ, 'DWD_DEBUGGER': value})
        assert 'exited normally' in done.stdout, done.stdout
        equal(child.wait(20), 0, 'exit status')
        b.main.dwd('unwatch', program)


@case
def gdb_without_dap(b):
    """gdb 13 has none: refused with a reason, and the process is still stopped and listed."""
    old = b.script('#!/bin/sh\necho "GNU gdb (Debian 13.1-3) 13.1"\n')
    program = b.program()
    child = stopped(b, program)
    done = attach(b, program, '--dap', status=1, env={**os.environ, 'DWD_GDB': old})
    assert 'gdb 14' in done.stderr and '13.1' in done.stderr and done.stderr.count('\n') == 1, done.stderr
    b.caught(child, program, state='stopped')


@case
def choosing_a_debugger(b):
    dwd = b.main.dwd
    for words in (['--gdb', '--lldb'], ['--debugger', 'ltrace'], ['--gdbserver=nowhere'], ['--debugger', 'gdb', '--gdb'],
                  ['--gdbserver=:99999999']):
        done = dwd('attach', *words, status=None)
        assert done.returncode in (1, 2) and done.stderr.count('\n') == 1, (words, done)
    for kind, variable in (('lldb', 'DWD_LLDB'), ('gdbserver', 'DWD_GDBSERVER'), ('gdb', 'DWD_GDB')):
        done = dwd('attach', f'--{kind}', status=1, env={**os.environ, variable: '/no/such'})
        assert '/no/such' in done.stderr and variable in done.stderr, done.stderr


@case
def command_that_is_not_there(b):
    """It is missed before a process is taken, and not when it is too late."""
    for words in (['attach'], ['run', '--watch', b.unique()]):
        done = b.main.dwd(*words, '--debugger', 'no-such-debugger -p {pid}', *(['--', 'true'] if 'run' in words else []),
                          status=1)
        assert 'there is no program no-such-debugger' in done.stderr, done.stderr
