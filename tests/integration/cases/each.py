# SPDX-License-Identifier: GPL-2.0-or-later
"""attach --each: a debugger for every stop."""

import json
import os
import signal

from harness import SCALE, case, equal, state_of, until


def each(b, *options, **keywords):
    return b.run(b.dwd_path, '--socket', b.main.socket, 'attach', '--each', *options, **keywords)


def results(output):
    return [json.loads(line) for line in output.splitlines() if line.startswith('{')]


@case
def every_stop_has_its_debugger(b):
    program = b.program()
    b.main.watch(program)
    client = each(b, program, '--count', 6, '--jobs', 2, '--log-dir', b.path('logs'), '--', '-nx', '-batch',
                  '-ex', 'info inferiors', '-ex', 'continue')
    children = [b.run(program, '0', f'argument {i}') for i in range(6)]
    output, _ = client.communicate(timeout=120 * SCALE)
    equal(client.returncode, 0, f'exit status: {output}')
    lines = results(output)
    equal({line['pid'] for line in lines}, {c.pid for c in children}, 'pids')
    for line in lines:
        equal(set(line), {'id', 'pid', 'argv', 'debugger', 'status', 'log'}, 'fields')
        child = next(c for c in children if c.pid == line['pid'])
        equal(line['argv'], child.args, 'argv')
        equal((line['debugger'], line['status']), ('gdb', 0), 'debugger and status')
        equal(line['log'], b.path('logs', f'{line["id"]}-{os.path.basename(program)}-{line["pid"]}.log'), 'log')
        with open(line['log'], encoding='utf-8') as f:
            log = f.read()
        assert f'process {line["pid"]}' in log and 'exited normally' in log, log
        assert 'Pass to program' not in log, log
        equal(child.wait(20), 0, 'exit status of the process')


def claimed_of(stops, total):
    """Those that are claimed, two at a time, if so many are left in all."""
    claimed = [s for s in stops if 'claimed_by' in s]
    return claimed if len(stops) == total and len(claimed) == min(2, total) else None


@case
def no_more_than_jobs_at_once(b):
    """Each debugger waits at a gate; so there are as many as are allowed, and the others wait."""
    program = b.program('/bin/true')
    b.main.watch(program)
    gate = b.path('gate')
    children = [b.run(program) for _ in range(5)]
    until(lambda: len(b.main.stops()) == 5, 'five stops')
    wait = f'until [ -e {gate}.{{pid}} ]; do sleep 0.05; done'
    client = each(b, program, '--jobs', 2, '--count', 5, '--debugger', f'{wait}; strace -p {{pid}}')
    for left in (5, 3, 1):
        claimed = until(lambda n=left: claimed_of(b.main.stops(), n), f'the next of {left} to be claimed')
        for stop in claimed:
            with open(f'{gate}.{stop["pid"]}', 'w', encoding='utf-8'):
                pass
    output, _ = client.communicate(timeout=120 * SCALE)
    equal((client.returncode, len(results(output))), (0, 5), f'result: {output}')
    for child in children:
        equal(child.wait(20), 0, 'exit status of the process')


@case
def failure_is_told(b):
    """The process is not left behind, and the other is debugged all the same."""
    program = b.program('/bin/true')
    b.main.watch(program)
    children = [b.run(program) for _ in range(2)]
    client = each(b, program, '--count', 2, '--jobs', 1, '--log-dir', b.path('failures'), '--debugger',
                  f'test {{pid}} != {children[0].pid} || exit 3; strace -p {{pid}}')
    output, _ = client.communicate(timeout=60 * SCALE)
    equal(client.returncode, 1, 'exit status')
    status = {line['pid']: line['status'] for line in results(output)}
    assert status[children[0].pid] != 0 and status[children[1].pid] == 0, output
    for child in children:
        equal(child.wait(20), 0, 'exit status of the process')


@case
def time_runs_out(b):
    program = b.program('/bin/sleep')
    b.main.watch(program)
    client = each(b, program, '--timeout', '100ms')
    equal(client.wait(20 * SCALE), 124, 'exit status without a stop')
    child = b.run(program, '1000')
    b.main.wait(program)
    client = each(b, program, '--timeout', 2 * SCALE, '--log-dir', b.path('late'))
    output, _ = client.communicate(timeout=60 * SCALE)
    assert client.returncode in (0, 1), client.returncode
    equal([line['pid'] for line in results(output)], [child.pid], 'pids')
    until(lambda: state_of(child.pid) == 'S', 'the process to run on')
    equal(b.main.stops(), [], 'stops')


@case
def ended_by_a_signal(b):
    """Running debuggers end and let go; stops that waited for one are still there."""
    program = b.program('/bin/sleep')
    for sent in (signal.SIGINT, signal.SIGTERM):
        b.main.watch(program)
        children = [b.run(program, '1000') for _ in range(2)]
        until(lambda: len(b.main.stops()) == 2, 'two stops')
        client = each(b, program, '--jobs', 1, '--log-dir', b.path('signals'))
        until(lambda c=children: 'S' in [state_of(x.pid) for x in c], 'one to run under gdb')
        client.send_signal(sent)
        output, _ = client.communicate(timeout=60 * SCALE)
        equal((client.returncode, len(results(output))), (128 + sent, 1), f'result: {output}')
        equal([s['state'] for s in b.main.stops()], ['stopped'], 'stops')
        b.main.dwd('continue', '--all')
        for child in children:
            until(lambda c=child: state_of(c.pid) == 'S', 'the process to run on')
            child.kill()
        b.main.dwd('unwatch', program)


@case
def killed_outright(b):
    """The debuggers are told, and let go."""
    program = b.program('/bin/sleep')
    b.main.watch(program)
    child = b.run(program, '1000')
    client = each(b, program, '--log-dir', b.path('killed'))
    until(lambda: state_of(child.pid) == 'S', 'it to run under gdb')
    equal(b.main.stops()[0]['state'], 'attached', 'state')
    client.kill()
    until(lambda: b.main.stops() == [], 'the debugger to let go')
    until(lambda: state_of(child.pid) == 'S', 'the process to run on')


@case
def two_at_once_share_the_stops(b):
    program = b.program('/bin/true')
    b.main.watch(program)
    clients = [each(b, program, '--timeout', 3 * SCALE, '--log-dir', b.path('shared')) for _ in range(2)]
    until(lambda: b.main.json('status')['clients'] >= 3, 'both')
    children = [b.run(program) for _ in range(4)]
    pids = []
    for client in clients:
        output, _ = client.communicate(timeout=60 * SCALE)
        assert client.returncode in (0, 124), (client.returncode, output)
        pids += [line['pid'] for line in results(output)]
    equal(sorted(pids), sorted(c.pid for c in children), 'pids')
    for child in children:
        equal(child.wait(20), 0, 'exit status')


@case
def log_directory_is_had_first(b):
    """Nothing is watched, started or let run for a debugger whose output would be lost."""
    program, mark = b.program(), b.path(b.unique('mark'))
    b.main.watch(program)
    child = b.run(program)
    b.main.wait(program)
    for place in ('/etc/passwd', '/no/such/place', '/proc/self'):
        for words in (['attach', '--each', '--count', '1', program], ['run', '--watch', program, '--each']):
            command = ['--', 'touch', mark] if words[0] == 'run' else []
            done = b.main.dwd(*words, '--log-dir', place, *command, status=1)
            assert f'--log-dir {place}: ' in done.stderr and done.stderr.count('\n') == 1, done.stderr
    assert not os.path.exists(mark), 'the command was run'
    equal([s['state'] for s in b.main.stops()], ['stopped'], 'the stop')
    b.main.dwd('continue', '--all')
    equal(child.wait(20 * SCALE), 0, 'exit status')


@case
def disk_is_full(b):
    """The log stands on a file system without room, which is the client's alone."""
    program, place = b.program(), b.path(b.unique('full'))
    os.mkdir(place)
    full = f'mount -t tmpfs -o size=64k none {place} && ! dd if=/dev/zero of={place}/fill 2>/dev/null && exec "$@"'
    client = b.run('unshare', '--mount', 'sh', '-c', full, 'sh', b.dwd_path, '--socket', b.main.socket, 'run', '--watch',
                   program, '--each', '--log-dir', place, '--', program)
    output, _ = client.communicate(timeout=60 * SCALE)
    line = results(output)[0]
    assert 'cannot write' in line['error'] and 'No space left' in line['error'], line
    equal((client.returncode, line['status']), (1, 1), f'exit status: {output}')


@case
def misused(b):
    dwd = b.main.dwd
    for words in (['--jobs', '2'], ['--log-dir', '/tmp'], ['--count', '2'], ['--each', '--jobs', '0'],
                  ['--each', '--jobs', 'x'], ['--each', '--count', '0'], ['--each', '--count', '-1']):
        done = dwd('attach', *words, status=2)
        equal(done.stderr.count('\n'), 1, done.stderr)
    done = dwd('attach', '--each', '--timeout', '1', '--log-dir', '/no/such/place', status=1)
    assert '/no/such/place' in done.stderr, done.stderr
