# SPDX-License-Identifier: GPL-2.0-or-later
"""attach --watch: the next process that executes something, which is watched for that alone."""

import json
import os
import signal

from harness import SCALE, case, equal, state_of, until
from terminal import Terminal

CONTINUE = ('--', '-nx', '-batch', '-ex', 'continue')


def attach(b, *words):
    """A client that waits: its watch is there."""
    client = b.run(b.dwd_path, '--socket', b.main.socket, 'attach', '--watch', *words)
    until(lambda: b.main.json('watches') or client.poll() is not None, 'the watch')
    return client


def ended(client):
    output, _ = client.communicate(timeout=60 * SCALE)
    return client.returncode, output


def nothing_left(b):
    until(lambda: b.main.json('watches') == [] and b.main.stops() == [], 'watches and stops to be gone')


@case
def next_process(b):
    """It alone is stopped, and what the filter leaves out is not."""
    program, gate = b.program('/bin/sleep'), b.path(b.unique('gate'))
    os.mkfifo(gate)
    client = attach(b, program, '--arg', '0', '--debugger', f'read x <{gate}; strace -o /dev/null -p {{pid}}')
    equal(b.run(program, '0.01').wait(20 * SCALE), 0, 'exit status of another')
    child = b.run(program, '0')
    until(lambda: [s for s in b.main.stops() if 'claimed_by' in s], 'the stop to be taken')
    equal((state_of(child.pid), b.main.json('watches')[0]['own']), ('T', True), 'state and own')
    equal(b.run(program, '0').wait(20 * SCALE), 0, 'exit status of the next')
    with open(gate, 'w', encoding='utf-8') as f:
        f.write('go\n')
    equal(ended(client)[0], 0, 'exit status')
    equal(child.wait(20 * SCALE), 0, 'exit status of the process')
    nothing_left(b)


@case
def status_of_the_debugger(b):
    program = b.program()
    client = attach(b, program, '--gdb', '--', '-nx', '-batch', '-ex', 'continue', '-ex', 'quit 7')
    equal(b.run(program, '3').wait(60 * SCALE), 3, 'exit status of the process')
    status, output = ended(client)
    equal(status, 7, output)
    assert 'exited with code 03' in output, output
    nothing_left(b)


@case
def stops_of_others_are_not_taken(b):
    program, other = b.program('/bin/true'), b.program('/bin/true')
    b.main.watch(other)
    before = b.run(other)
    b.main.wait(other)
    client = attach(b, program, *CONTINUE)
    until(lambda: len(b.main.json('watches')) == 2, 'the watch')
    after = b.run(other)
    until(lambda: len(b.main.stops()) == 2, 'another stop')
    child = b.run(program)
    status, output = ended(client)
    assert status == 0 and f'process {child.pid}' in output, output
    equal([s['pid'] for s in b.main.stops()], [before.pid, after.pid], 'still stopped')
    equal(b.main.json('watches')[0]['target'], other, 'the watch left')


@case
def however_it_ends(b):
    """Waiting or at work: the watch goes, and the process runs on."""
    for sent in (signal.SIGKILL, signal.SIGTERM):
        client = attach(b, b.unique())
        client.send_signal(sent)
        equal(client.wait(20 * SCALE), -sent, 'exit status')
        nothing_left(b)
    program, busy = b.program('/bin/sleep'), b.path(b.unique('busy'))
    client = attach(b, program, '--debugger', f'echo >{busy}; sleep 1000 # {{pid}}')
    child = b.run(program, '1000')
    until(lambda: os.path.exists(busy), 'the debugger to be busy')
    equal(state_of(child.pid), 'T', 'state')
    os.killpg(client.pid, signal.SIGKILL)
    nothing_left(b)
    until(lambda: state_of(child.pid) == 'S', 'the process to run on')


@case
def debugger_that_leaves_it_stopped(b):
    program = b.program('/bin/true')
    client = attach(b, program, '--debugger', 'true # {pid}')
    child = b.run(program)
    status, output = ended(client)
    assert status == 1 and 'was left stopped by the debugger' in output, output
    equal(child.wait(20 * SCALE), 0, 'exit status of the process')
    nothing_left(b)


@case
def every_one(b):
    one, two = b.program('/bin/true'), b.program('/bin/true')
    client = attach(b, one, '--watch', two, '--each', '--count', 3, '--log-dir', b.path('attach-each'), *CONTINUE)
    until(lambda: len(b.main.json('watches')) == 2, 'both watches')
    children = [b.run(program) for program in (one, two, one)]
    status, output = ended(client)
    pids = [json.loads(line)['pid'] for line in output.splitlines() if line.startswith('{')]
    equal((status, sorted(pids)), (0, sorted(c.pid for c in children)), output)
    nothing_left(b)


@case
def interrupted_in_the_shell(b):
    """The shell goes on, and the watch is gone."""
    with Terminal([b.dwd_path, '--socket', b.main.socket]) as terminal:
        terminal.expect('dwd> ')
        terminal.type(f'attach --watch {b.unique()}\n')
        terminal.expect('waiting for a process')
        until(lambda: b.main.json('watches'), 'the watch')
        terminal.type('\x03')
        terminal.expect('dwd> ')
        nothing_left(b)
        terminal.type('exit\n')
        equal(terminal.wait(), 128 + signal.SIGINT, 'exit status')
