# SPDX-License-Identifier: GPL-2.0-or-later
"""The command line: exit statuses, selectors, output."""

import json
import os
import signal
import subprocess

from harness import SCALE, case, equal, state_of, until


@case
def exit_statuses(b):
    dwd = b.main.dwd
    dwd('nonsense', status=2)
    dwd('watch', status=2)
    dwd('watch', '--nonsense', 'x', status=2)
    dwd('continue', status=2)
    dwd('attach', '--timeout', 'soon', status=2)
    dwd('unwatch', b.unique(), status=4)
    dwd('continue', b.unique(), status=4)
    dwd('kill', '#4711', status=4)
    dwd('info', '4711', status=4)
    dwd('wait', '--timeout', '50ms', status=124)
    dwd('attach', '--gdb', '--timeout', '50ms', status=124)
    equal(subprocess.run([b.dwd_path, '--socket', b.path('none'), 'list'], check=False,
                         stderr=subprocess.PIPE).returncode, 3, 'without a daemon')


@case
def prefixes_and_suggestions(b):
    b.main.dwd('watches')
    equal(b.main.dwd('stat').stdout, b.main.dwd('status').stdout, 'unique prefix')
    ambiguous = b.main.dwd('wat', status=2).stderr
    assert 'watch' in ambiguous and 'watches' in ambiguous, ambiguous
    assert 'list' in b.main.dwd('lsit', status=2).stderr


@case
def selectors(b):
    program = b.program()
    b.main.watch(program)
    children = [b.run(program) for _ in range(3)]
    until(lambda: len(b.main.stops()) == 3, 'three stops')
    stops = b.main.stops()
    equal([s['pid'] for s in b.main.stops(str(children[1].pid))], [children[1].pid], 'by pid')
    equal([s['id'] for s in b.main.stops(f'#{stops[2]["id"]}')], [stops[2]['id']], 'by id')
    equal(len(b.main.stops(os.path.basename(program))), 3, 'by name')
    equal(len(b.main.stops(program)), 3, 'by path')
    b.main.dwd('continue', os.path.basename(program))
    for child in children:
        equal(child.wait(20), 0, 'exit status')


@case
def signals(b):
    program = b.program()
    b.main.watch(program)
    for argument, number in ((None, signal.SIGKILL), ('-TERM', signal.SIGTERM), ('-9', signal.SIGKILL),
                             ('-SIGUSR1', signal.SIGUSR1)):
        child = b.run(program)
        stop = b.main.wait(program)
        b.main.dwd('kill', *([argument] if argument else []), stop['pid'])
        if number != signal.SIGKILL:  # it stays stopped, the signal waits
            equal(state_of(child.pid), 'T', 'state')
            b.main.dwd('continue', stop['pid'])
        equal(child.wait(20), -number, 'exit status')
        until(lambda: b.main.stops() == [], 'the stop to be over')


@case
def json_of_a_stop(b):
    program = b.program()
    b.main.watch(program)
    child = b.run(program, '0', 'ä"\\')
    stop = b.main.wait(program)
    for field in 'id pid state exe path argv cwd uid gid ppid parent watch backend since'.split():
        assert field in stop, f'{field} is missing'
    equal(stop['argv'], [program, '0', 'ä"\\\\'], 'argv')
    info = b.main.json('info', stop['pid'])
    del info['process']
    equal(info, b.main.stops()[0], 'info')
    b.caught(child, program)


@case
def table_and_info(b):
    program = b.program()
    watch = b.main.watch(program)
    child = b.run(program, '0', 'two words')
    stop = b.main.wait(program)
    table = b.main.dwd('list').stdout
    for text in (f'{stop["id"]}', str(child.pid), 'stopped', "'two words'"):
        assert text in table, table
    info = b.main.dwd('info', stop['pid']).stdout
    for text in (program, "'two words'", str(os.getpid()), f'{watch}'):
        assert text in info, info
    assert program in b.main.dwd('watches').stdout
    b.caught(child, program)


@case
def events_are_followed(b):
    program = b.program()
    follower = b.run(b.dwd_path, '--socket', b.main.socket, '--json', 'events', '--follow')
    until(lambda: b.main.json('status')['clients'] >= 2, 'the follower')
    watch = b.main.watch(program)
    b.caught(b.run(program), program)
    b.main.dwd('unwatch', watch)
    seen = []
    while 'unwatched' not in seen:
        event = json.loads(follower.stdout.readline())
        if event.get('watch', {}).get('id') == watch or event.get('stop', {}).get('watch') == watch:
            seen.append(event['event'])
    equal(seen, ['watched', 'stopped', 'continued', 'unwatched'], 'events')
    follower.terminate()


@case
def wait_blocks_until_there_is_one(b):
    program = b.program()
    b.main.watch(program)
    waiter = b.run(b.dwd_path, '--socket', b.main.socket, '--json', 'wait', program, '--timeout', 60 * SCALE)
    until(lambda: b.main.json('status')['clients'] >= 2, 'the waiter')
    child = b.run(program)
    output, _ = waiter.communicate(timeout=60 * SCALE)
    equal(json.loads(output)['pid'], child.pid, 'pid')
    b.caught(child, program)


@case
def ten_thousand_watches(b):
    total = int(os.environ.get('DWD_TEST_WATCHES', '10000'))
    v = b.main.varlink()
    for i in range(total - 1):
        answer = v.call('io.dwd.Watchdog.Watch', {'target': f'no-such-program-{i}'})
        assert 'error' not in answer, answer
    program = b.program()
    b.main.watch(program)
    b.caught(b.run(program), program)
    equal(len(b.main.json('watches')), total, 'watches')
    v.close()


@case
def unwatch_by_id_and_target(b):
    target = b.unique()
    first, second = b.main.watch(target), b.main.watch(target)
    b.main.dwd('unwatch', first)
    equal([w['id'] for w in b.main.json('watches')], [second], 'watches')
    b.main.watch(target)
    b.main.dwd('unwatch', target)
    equal(b.main.json('watches'), [], 'watches')


@case
def doctor(b):
    done = b.main.dwd('doctor', status=None, timeout=120)
    equal(done.returncode, 0, f'exit status: {done.stdout}{done.stderr}')
    checks = b.main.json('doctor', timeout=120)['checks']
    backend = b.main.json('status')['backend']
    assert any(backend in c['check'] and c['state'] == 'ok' for c in checks), checks


@case
def daemon_is_started_on_demand_and_ends_by_itself(b):
    path = b.path('auto.sock')
    program = b.program()
    environment = {**os.environ, 'DWD_SOCKET': path}

    def dwd(*arguments):
        return subprocess.run([b.dwd_path, *arguments], env=environment, timeout=120 * SCALE, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding='utf-8')

    equal(dwd('--no-start', 'watch', program).returncode, 3, 'exit status with --no-start')
    done = dwd('watch', program)
    equal(done.returncode, 0, f'exit status: {done.stderr}')
    assert 'dwdd' in done.stderr and done.stderr.count('\n') == 1, done.stderr
    child = b.run(program)
    stop = json.loads(dwd('--json', 'wait', '--timeout', '60').stdout)
    equal(stop['pid'], child.pid, 'pid')
    equal(dwd('continue', '--all').returncode, 0, 'exit status')
    equal(child.wait(20), 0, 'exit status')
    daemon = json.loads(dwd('--json', 'status').stdout)['pid']
    equal(dwd('unwatch', '--all').returncode, 0, 'exit status')
    until(lambda: state_of(daemon) in (None, 'Z'), 'the daemon to end for want of work', 60)
    assert not os.path.exists(path), 'the socket is left'


@case
def help_and_version(b):
    assert 'attach' in b.main.dwd('help').stdout
    assert '--timeout' in b.main.dwd('help', 'attach').stdout
    assert '--timeout' in b.main.dwd('attach', '--help').stdout
    assert b.main.dwd('--version').stdout == b.main.dwd('version').stdout


@case
def a_process_that_does_not_exist_is_not_waited_for(b):
    gone = b.run('true')
    gone.wait(20)
    for command in (['wait', gone.pid], ['attach', gone.pid, '--timeout', '10m'], ['wait', gone.pid, '-t1h']):
        done = b.main.dwd(*command, status=4)
        equal(done.stderr, f'dwd: there is no process {gone.pid} to wait for\n', 'complaint')
