# SPDX-License-Identifier: GPL-2.0-or-later
"""One daemon takes over from another, or nobody does: what stays, what is released, what is said."""

import contextlib
import fcntl
import glob
import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess

from harness import PIN_DIR, SCALE, Skip, case, equal, state_of, until

STRIDE = int(os.environ.get('DWD_TEST_STRIDE', '25'))
NEVER = ('--fail-open-after', 0)
HINT = 'start dwdd as root, which takes over, or release it: dwdd --release-all --socket {0}'
DEAD = 'the dwdd of {0} has died, and what it had stopped may still be: ' + HINT
LEFT = 'the dwdd of {0} has ended, and has left its watches and what it had stopped: ' + HINT


def stopped(b, daemon, program, *arguments):
    """A child that is stopped and listed."""
    child = b.run(program, *arguments)
    until(lambda: [s for s in daemon.stops() if s['pid'] == child.pid and s['state'] == 'stopped'],
          'the stop')
    return child


def without_time(stops):
    """Two clocks tell it, so the last digits differ from daemon to daemon."""
    return [{**s, 'since': s['since'][:19]} for s in stops]


def listed(daemon):
    """The stops, once all of them were looked at."""
    return until(lambda: (stops := daemon.stops()) and all(s['state'] != 'stopping' for s in stops) and stops,
                 'the stops')


@case
def all_is_as_it_was(b):
    """Ids, owners, times, filters, counters, variables."""
    program = b.program()
    with b.daemon(*NEVER) as daemon:
        removed = daemon.watch(b.unique())
        daemon.watch('--setenv', 'ONE=1', '--hold', '1h', '--then', 'kill', '--max-stopped', 5, program)
        daemon.watch('--arg', 'é*', '--uid', 0, '--skip', 3, '--under', os.getpid(),
                     b.path('sub', 'directory') + '/')
        last = daemon.watch('--arg', 'x' * 250, '--arg', 'y' * 250, '--count', 7, b.unique())
        daemon.dwd('unwatch', removed)
        stopped(b, daemon, program)
        before = daemon.json('watches'), daemon.stops()
        equal(before[1][0]['setenv'], ['ONE=1'], 'variables')
        for _ in range(2):
            daemon.restart()
            listed(daemon)
            equal(daemon.json('watches'), before[0], 'watches')
            equal(without_time(daemon.stops()), without_time(before[1]), 'stops')
        equal(daemon.watch(b.unique()), last + 1, 'the next id')
        assert daemon.json('status')['pinned'].startswith(daemon.pins()[0])


@case
def no_exec_is_missed(b):
    program = b.program()
    with b.daemon(*NEVER) as daemon:
        watch = daemon.watch(program)
        daemon.kill()
        child = b.run(program)
        until(lambda: state_of(child.pid) == 'T', 'the stop')
        daemon.start()
        equal([s['pid'] for s in listed(daemon)], [child.pid], 'stops')
        equal(daemon.counters(watch)['caught'], 1, 'caught')
        assert ('an earlier dwdd has left watches: 1; stopped processes: 1; let run by the watches for want of a '
                'dwdd, since they were made: 0' in daemon.log()), daemon.log()
        b.caught(child, program, daemon)
        equal(daemon.stops(), [], 'stops left')


def killed_at(b, daemon, call, step):
    """Start a daemon that is killed before the step-th time that it makes this system call. False if it makes
    fewer until it is ready."""
    command = ['strace', '-D', '-qq', '-o', '/dev/null', '-e',
               f'inject={call}:signal=SIGKILL:when={step}', b.dwdd]
    script = b.script('#!/bin/sh\nexec ' + ' '.join(f"'{word}'" for word in command) + ' "$@"\n')
    try:
        daemon.start(dwdd=script)
    except AssertionError:
        return True
    daemon.kill()
    return False


@case
def killed_at_each_step_of_taking_over(b):
    """Whatever was done by then, what is watched is stopped, by one generation or the other."""
    if not shutil.which('strace'):
        raise Skip('no strace')
    program = b.program()
    with b.daemon(*NEVER) as daemon:
        watch = daemon.watch(program)
        children = [stopped(b, daemon, program)]
        daemon.kill()
        for call, stride, least in (('bpf', STRIDE, 40), ('mkdir', 3, 2), ('unlink', 8, 8), ('rmdir', 1, 3)):
            step = random.randrange(1, stride + 1)
            while killed_at(b, daemon, call, step):
                children.append(b.run(program))
                until(lambda: state_of(children[-1].pid) == 'T', f'the stop after step {step} of {call}')
                step += random.randrange(1, 2 * stride)
                if call == 'rmdir':  # so that it is the generation in charge that is removed next
                    daemon.start()
                    daemon.kill()
            assert step > least, f'it took over in {step} steps of {call}'
        daemon.start()
        equal({s['pid'] for s in listed(daemon)}, {c.pid for c in children}, 'stops')
        equal(daemon.counters(watch)['caught'], len(children), 'caught')


@case
def what_came_late_of_a_hold_is_made_up_for(b):
    """The time of a hold counts from the stop, whichever daemon saw it."""
    program = b.program()
    with b.daemon(*NEVER) as daemon:
        daemon.watch('--hold', '1s', program)
        daemon.kill()
        child = b.run(program)
        until(lambda: state_of(child.pid) == 'T', 'the stop')
        daemon.start()
        equal(child.wait(20 * SCALE), 0, 'exit status')


@case
def own_watches_end_with_the_daemon(b):
    program = b.program()
    with b.daemon(*NEVER) as daemon:
        client = daemon.varlink()
        assert client.call('io.dwd.Watchdog.Watch', {'target': program, 'own': True})
        children = [stopped(b, daemon, program)]
        daemon.kill()
        children.append(b.run(program))
        until(lambda: state_of(children[1].pid) == 'T', 'the stop')
        daemon.start()
        for child in children:
            equal(child.wait(20 * SCALE), 0, 'exit status')
        equal(daemon.json('watches'), [], 'watches')
        # What was kept of them goes as well, so that the next daemon finds nothing.
        daemon.restart()
        equal(daemon.json('watches'), [], 'watches')
        client.close()


@case
def without_a_daemon_it_fails_open(b):
    program = b.program()
    with b.daemon('--fail-open-after', 3) as daemon:
        watch = daemon.watch(program)
        held = stopped(b, daemon, program)
        daemon.kill()
        started = [held]

        def runs():
            child = b.run(program)
            started.append(child)
            until(lambda: child.poll() is not None or state_of(child.pid) == 'T', 'its stop or its end')
            return child.poll() == 0

        until(runs, 'the kernel side to fail open')
        equal(state_of(held.pid), 'T', 'what is stopped stays so')
        daemon.start()
        counters = daemon.counters(watch)
        skipped = counters['skipped'].pop('no-daemon')
        assert skipped >= 1 and not counters['skipped'], counters
        assert f'for want of a dwdd, since they were made: {skipped}\n' in daemon.log(), daemon.log()
        still = [c for c in started if c.poll() is None]
        equal(counters['caught'], len(still), 'caught')
        equal({s['pid'] for s in listed(daemon)}, {c.pid for c in still}, 'stops')
        stopped(b, daemon, program)  # it is armed again


@case
def nothing_is_left_after_release_all(b):
    program = b.program()
    with b.daemon(*NEVER) as daemon:
        daemon.watch(program)
        children = [stopped(b, daemon, program) for _ in range(3)]
        assert f'dwdd (pid {daemon.process.pid}) listens on {daemon.socket}' in daemon.release_left(status=1)
        daemon.kill()
        equal(daemon.release_left().splitlines()[-1], 'released 3', 'output')
        equal(glob.glob(daemon.socket + '*'), [], 'socket and lock')
        for child in children:
            equal(child.wait(20 * SCALE), 0, 'exit status')
        equal(daemon.pins(), [], 'pins')
        equal(b.run(program).wait(20 * SCALE), 0, 'nothing is watched any more')
        equal(daemon.release_left(), f'dwdd: no dwdd with the socket {daemon.socket} has left anything\nreleased 0\n',
              'again')
        daemon.start()
        equal((daemon.json('watches'), daemon.stops()), ([], []), 'watches and stops')


@case
def what_others_have_left_is_named(b):
    """Who gives the wrong socket is told; what lives has left nothing, and no socket of others is touched."""
    program, other = b.program(), b.program()
    with b.daemon(*NEVER) as daemon, b.daemon(*NEVER) as living:
        daemon.watch(program)
        living.watch(other)
        child = stopped(b, daemon, program)
        stopped(b, living, other)
        daemon.kill()
        wrong = daemon.release_left('--socket', b.path('gone', 'wrong.sock'))
        assert 'which are not released: 1;' in wrong and daemon.pins()[0] in wrong, wrong
        assert living.pins()[0] not in wrong, wrong
        equal(wrong.splitlines()[-1], 'released 0', 'output')
        equal(state_of(child.pid), 'T', 'state')
        assert os.path.exists(daemon.socket), 'its socket'
        equal(daemon.release_left().splitlines()[-1], 'released 1', 'output')
        equal(child.wait(20 * SCALE), 0, 'exit status')


@case
def what_a_debugger_has_is_left_to_it(b):
    """And is not counted as released."""
    program = b.program()
    with b.daemon(*NEVER) as daemon:
        daemon.watch(program)
        child = stopped(b, daemon, program)
        tracer = b.run('strace', '-o', '/dev/null', '-p', child.pid)
        until(lambda: [s for s in daemon.stops() if s['state'] == 'attached'], 'the debugger')
        daemon.kill()
        equal(daemon.release_left().splitlines()[-1], 'released 0; left to their debuggers: 1', 'output')
        equal(child.wait(20 * SCALE), 0, 'exit status')
        tracer.wait(20 * SCALE)


@case
def the_socket_of_the_service_manager_stays(b):
    """Whose daemon has died, while it listens on."""
    program = b.program()
    with b.daemon(*NEVER) as daemon:
        daemon.watch(program)
        child = stopped(b, daemon, program)
        daemon.kill()
        os.unlink(daemon.socket)
        with socket.socket(socket.AF_UNIX) as manager:
            manager.bind(daemon.socket)
            manager.listen()
            manager.setblocking(False)
            equal(daemon.release_left().splitlines()[-1], 'released 1', 'output')
            assert os.path.exists(daemon.socket), 'the socket'
            try:
                manager.accept()
                raise AssertionError('a connection was made')
            except BlockingIOError:
                pass
        equal(child.wait(20 * SCALE), 0, 'exit status')


@case
def a_socket_by_another_path_is_the_same(b):
    """A link to its directory, and slashes that mean nothing: what is left is released and taken over."""
    program = b.program()
    with b.daemon(*NEVER) as daemon:
        link = b.path(b.unique('link'))
        os.symlink(daemon.directory, link)
        for path in os.path.join(link, 'dwd.sock'), daemon.socket.replace('/', '//'):
            daemon.watch(program)
            child = stopped(b, daemon, program)
            daemon.kill()
            equal(daemon.release_left('--socket', path).splitlines()[-1], 'released 1', path)
            equal(child.wait(20 * SCALE), 0, 'exit status')
            daemon.start()
        watch = daemon.watch(program)
        daemon.restart('--socket', os.path.join(link, 'dwd.sock'))
        equal([w['id'] for w in daemon.json('watches')], [watch], 'watches')


@case
def the_service_manager_decides_what_is_left(b):
    """As ExecStopPost= runs it: what the service manager starts again must find what there was."""
    program = b.program()
    with b.daemon(*NEVER) as daemon:
        daemon.watch(program)
        child = stopped(b, daemon, program)
        daemon.kill()
        for result in ('exit-code', 'signal', 'core-dump', 'watchdog', 'oom-kill'):
            assert 'kept' in daemon.release_left(env={'SERVICE_RESULT': result})
        equal(state_of(child.pid), 'T', 'state')
        equal(daemon.release_left(env={'SERVICE_RESULT': 'success'}).splitlines()[-1], 'released 1', 'output')
        equal(child.wait(20 * SCALE), 0, 'exit status')


@case
def kept_in_order(b):
    program = b.program()
    with b.daemon('--on-exit', 'keep', *NEVER) as daemon:
        watch = daemon.watch(program)
        children = [stopped(b, daemon, program)]
        equal(daemon.end(), 0, 'exit status of dwdd')
        equal(state_of(children[0].pid), 'T', 'state')
        children.append(b.run(program))
        until(lambda: state_of(children[1].pid) == 'T', 'the stop')
        daemon.start()
        equal({s['pid'] for s in listed(daemon)}, {c.pid for c in children}, 'stops')
        equal(daemon.counters(watch)['caught'], 2, 'caught')


def check_of(daemon):
    """What the doctor says of the daemon."""
    checks = json.loads(daemon.dwd('--json', 'doctor', status=None, timeout=120).stdout)['checks']
    check, = (c for c in checks if c['check'] == 'daemon')
    return check


@case
def what_was_kept_is_not_denied(b):
    """Though no socket tells of it."""
    program = b.program()
    with b.daemon('--on-exit', 'keep', *NEVER) as daemon:
        os.chmod(daemon.directory, 0o755)
        daemon.watch(program)
        child = stopped(b, daemon, program)
        equal(daemon.end(), 0, 'exit status of dwdd')
        equal(os.path.exists(daemon.socket), False, 'a socket')
        for command in ('list', 'status', 'watch x'):
            done = daemon.dwd('--no-start', *command.split(), status=3)
            equal(done.stderr, f'dwd: {LEFT.format(daemon.socket)}\n', f'dwd {command}')
        check = check_of(daemon)
        assert check['state'] == 'missing' and 'has ended, and has left' in check['detail'], check
        done = daemon.dwd('list', status=3, user=65534, group=65534, extra_groups=[])
        assert 'nothing' not in done.stderr, done.stderr
        equal(daemon.release_left().splitlines()[-1], 'released 1', 'output')
        equal(child.wait(20 * SCALE), 0, 'exit status')
        done = daemon.dwd('--no-start', 'list', status=3)
        equal(done.stderr, f'dwd: no daemon listens on {daemon.socket}; dwd watch TARGET starts one\n', 'afterwards')


@case
def a_daemon_without_its_socket_is_not_denied(b):
    with b.daemon(*NEVER) as daemon:
        os.unlink(daemon.socket)
        done = daemon.dwd('list', status=3)
        says = f'a dwdd (pid {daemon.process.pid}) has locked {daemon.socket}, but there is no socket'
        assert says in done.stderr and done.stderr.endswith(f': kill {daemon.process.pid}\n'), done.stderr
        check = check_of(daemon)
        assert check['state'] == 'missing' and says in check['detail'], check


@case
def a_daemon_that_has_not_named_itself(b):
    """It has the lock and no pid in it yet: nobody is told to kill 0, which is everybody near."""
    path = b.path('unnamed')
    with open(path + '.lock', 'w', encoding='utf-8') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = subprocess.run([b.dwd_path, '--socket', path, 'list'], stdin=subprocess.DEVNULL, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding='utf-8', timeout=60 * SCALE)
    equal((done.returncode, done.stderr),
          (3, f'dwd: a dwdd is just starting on {path}: try again; if it stays so, see which process has it: '
              f'fuser {path}.lock\n'), 'status and message')


@contextlib.contextmanager
def other_pin_dir(b):
    """A directory for pins that is not the default one, and that nothing is left in."""
    directory = os.path.join(os.path.dirname(PIN_DIR), b.unique('pins'))
    try:
        yield directory
    finally:
        if os.path.exists(directory):
            left = os.listdir(directory)
            shutil.rmtree(directory)
            equal(left, [], 'pins left behind')


@case
def the_pin_directory_is_not_forgotten(b):
    """Who takes over, or releases, need not know how the one before was started."""
    program = b.program()
    with other_pin_dir(b) as elsewhere, b.daemon('--pin-dir', elsewhere, *NEVER) as daemon:
        daemon.options = NEVER
        daemon.watch(program)
        child = stopped(b, daemon, program)
        for _ in range(2):
            daemon.restart()
            equal([s['pid'] for s in listed(daemon)], [child.pid], 'stops')
            assert daemon.json('status')['pinned'].startswith(elsewhere), daemon.json('status')
            assert f'has left what it had in {elsewhere}: taken for --pin-dir' in daemon.log(), daemon.log()
        daemon.kill()
        equal(daemon.release_left().splitlines()[-1], 'released 1', 'output')
        equal(child.wait(20 * SCALE), 0, 'exit status')
        equal(glob.glob(daemon.socket + '*'), [], 'socket and lock')
        daemon.start()
        assert daemon.json('status')['pinned'].startswith(PIN_DIR), daemon.json('status')


@case
def nor_is_it_with_a_socket_that_was_passed(b):
    """As where only ExecStart= of the unit was given another one."""
    program = b.program()
    with other_pin_dir(b) as elsewhere, b.daemon(*NEVER) as daemon, socket.socket(socket.AF_UNIX) as manager:
        daemon.end()
        manager.bind(daemon.socket)
        manager.listen()
        fd = manager.fileno()
        child = b.run('bash', '-c', f'exec 3<&{fd}; LISTEN_PID=$$ LISTEN_FDS=1 exec {b.dwdd} --backend {b.backend} '
                      f'--socket {daemon.socket} --pin-dir {elsewhere}', pass_fds=[fd])
        daemon.watch(program)
        held = stopped(b, daemon, program)
        child.kill()
        child.wait(20 * SCALE)
        equal(daemon.release_left().splitlines()[-1], 'released 1', 'output')
        equal(held.wait(20 * SCALE), 0, 'exit status')
        os.unlink(daemon.socket)


@case
def what_is_left_elsewhere_is_not_lost(b):
    """By one that works in another place, and is killed or ends."""
    program = b.program()
    with other_pin_dir(b) as first, other_pin_dir(b) as second, b.daemon('--pin-dir', first, *NEVER) as daemon:
        daemon.options = NEVER
        daemon.watch(program)
        children = [stopped(b, daemon, program)]
        daemon.restart('--pin-dir', second)
        equal((daemon.json('watches'), daemon.stops()), ([], []), 'watches and stops')
        log = daemon.log()
        assert f'left something in {first}, which this one does not take over; stopped processes there: 1' in log, log
        equal(daemon.end(), 0, 'exit status of dwdd')
        equal(daemon.dwd('--no-start', 'list', status=3).stderr, f'dwd: {LEFT.format(daemon.socket)}\n', 'dwd list')
        daemon.start('--pin-dir', second)
        other = b.program()
        daemon.watch(other)
        children.append(stopped(b, daemon, other))
        daemon.kill()
        equal(daemon.release_left('--pin-dir', second).splitlines()[-1], 'released 2', 'output')
        for child in children:
            equal(child.wait(20 * SCALE), 0, 'exit status')
        equal(glob.glob(daemon.socket + '*'), [], 'socket and lock')


@case
def another_schema_is_released(b):
    program = b.program()
    with b.daemon(*NEVER) as daemon:
        daemon.watch(program)
        child = stopped(b, daemon, program)
        daemon.kill()
        directory, = glob.glob(os.path.join(daemon.pins()[0], 'v*'))
        os.rename(directory, os.path.join(daemon.pins()[0], 'v999'))
        daemon.start()
        equal(child.wait(20 * SCALE), 0, 'exit status')
        assert 'another version of dwdd' in daemon.log() and 'v999' in daemon.log(), daemon.log()
        equal(daemon.json('watches'), [], 'watches')
        equal([os.path.basename(p) for p in glob.glob(os.path.join(daemon.pins()[0], '*'))],
              [os.path.basename(directory)], 'directories')


def leave_in_a_namespace(b, daemon, program):
    """In a pid namespace of its own: a daemon stops `program` and is killed. What it runs under, and the pid
    out here of what is stopped; the namespace ends when `program` has and a line was written to it."""
    killed = b.path(b.unique('killed'))
    script = b.script(f'''#!/bin/sh
dwd="{b.dwd_path} --socket {daemon.socket}"
$dwd watch {program} || exit 1
{program} & child=$!
$dwd wait --timeout 60 {program} || exit 2
kill -9 "$(cat {daemon.socket}.lock)" || exit 3
: > {killed}
wait $child || exit 4
read -r _
''')
    inner = b.run('unshare', '--pid', '--fork', '--mount-proc', script, stdin=subprocess.PIPE,
                  env={**os.environ, 'DWD_DAEMON': b.dwdd})
    until(lambda: os.path.exists(killed) or inner.poll() is not None, 'the end of the daemon')
    equal(inner.poll(), None, 'step that failed')
    until(lambda: not connects(daemon.socket), 'the end of the daemon')
    pid, = (int(pid) for pid in subprocess.check_output(['pgrep', '-x', os.path.basename(program)]).split())
    equal(state_of(pid), 'T', 'state')
    return inner, pid


@case
def left_in_another_pid_namespace(b):
    """Its pids mean nothing here: while the namespace lives, what it has left is neither used nor removed."""
    if not shutil.which('unshare') or not shutil.which('nsenter'):
        raise Skip('no unshare or nsenter')
    program = b.program()
    with b.daemon(*NEVER) as daemon:
        daemon.end()
        inner, pid = leave_in_a_namespace(b, daemon, program)
        said = daemon.release_left(status=1)
        assert 'left by a dwdd in another pid namespace' in said, said
        daemon.start()
        assert 'another pid namespace' in daemon.json('status')['unpinned'], daemon.json('status')
        equal(daemon.end(), 0, 'exit status of dwdd')
        equal(state_of(pid), 'T', 'state')
        # As it was said.
        command = re.search(r'\((nsenter .*) dwdd (--release-all --socket .*)\)', said)
        done = subprocess.run([*command[1].split(), b.dwdd, *command[2].split()], check=False, encoding='utf-8',
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, timeout=60 * SCALE)
        equal((done.returncode, done.stdout), (0, 'released 1\n'), 'release there')
        inner.communicate('end\n', timeout=60 * SCALE)
        equal(inner.returncode, 0, 'exit status')
        equal(daemon.pins(), [], 'pins')


@case
def left_in_a_pid_namespace_that_ended(b):
    if not shutil.which('unshare'):
        raise Skip('no unshare')
    program = b.program()
    with b.daemon(*NEVER) as daemon:
        daemon.end()
        inner, pid = leave_in_a_namespace(b, daemon, program)
        with open(f'/proc/{inner.pid}/task/{inner.pid}/children', encoding='ascii') as f:
            os.kill(int(f.read()), signal.SIGKILL)
        inner.wait(60 * SCALE)
        equal(state_of(pid), None, 'state')
        daemon.start()
        assert daemon.json('status')['pinned'].startswith(daemon.pins()[0])
        equal((daemon.json('watches'), daemon.stops()), ([], []), 'watches and stops')


@case
def what_cannot_be_read_is_dropped(b):
    """Half of what was pinned is gone, as if somebody had removed it."""
    program = b.program()
    with b.daemon(*NEVER) as daemon:
        for missing in ('texts', 'control', 'stops'):
            daemon.watch(program)
            child = stopped(b, daemon, program)
            daemon.kill()
            os.unlink(glob.glob(os.path.join(daemon.pins()[0], 'v*', missing))[0])
            daemon.start()
            equal(daemon.json('watches'), [], 'watches')
            if missing == 'texts':
                equal(child.wait(20 * SCALE), 0, 'exit status')
            else:  # nothing tells of it any more
                os.kill(child.pid, signal.SIGCONT)
            if missing == 'stops':
                assert 'may stay so, in no list' in daemon.log(), daemon.log()
            daemon.watch(program)
            again = stopped(b, daemon, program)
            b.caught(again, program, daemon)
            daemon.dwd('unwatch', '--all')


@case
def without_a_place_for_pins(b):
    program = b.program()
    with b.daemon('--pin-dir', b.path('nowhere')) as daemon:
        status = daemon.json('status')
        equal(status.get('pinned'), None, 'pinned')
        assert 'not on a bpf file system' in status['unpinned'], status
        assert 'if dwdd is killed, watches and stops are lost' in daemon.log()
        assert 'Pinned' in daemon.dwd('status').stdout
        assert not os.path.exists(b.path('nowhere')), 'what cannot be used is left behind'
        daemon.watch(program)
        child = stopped(b, daemon, program)
        b.caught(child, program, daemon)


@case
def a_place_that_others_could_write_to(b):
    directory = os.path.join(os.path.dirname(PIN_DIR), b.unique('pins'))
    os.mkdir(directory, 0o700)
    try:
        os.chmod(directory, 0o777)
        with b.daemon('--pin-dir', directory) as daemon:
            assert "not a directory of root's alone" in daemon.json('status')['unpinned']
    finally:
        os.rmdir(directory)


@case
def mounts_the_file_system(b):
    if not shutil.which('unshare'):
        raise Skip('no unshare')
    real = b.dwdd
    b.dwdd = b.script(f'#!/bin/sh\nexec unshare --mount sh -c \'umount -l /sys/fs/bpf; exec "$@"\' - {real} "$@"\n')
    try:
        with b.daemon() as daemon:
            assert daemon.json('status')['pinned'].startswith(PIN_DIR), daemon.json('status')
            equal(daemon.pins(), [], 'pins on the file system outside')
    finally:
        b.dwdd = real


@case
def two_never_share_it(b):
    with b.daemon() as daemon:
        os.unlink(daemon.socket + '.lock')  # so that only the pins tell
        done = subprocess.run([b.dwdd, '--socket', daemon.socket], stdin=subprocess.DEVNULL, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding='utf-8', timeout=60 * SCALE)
        equal(done.returncode, 1, 'exit status')
        assert f'a dwdd (pid {daemon.process.pid}) lives on {daemon.socket}' in done.stdout, done.stdout
        daemon.json('status')


@case
def a_debugger_goes_on(b):
    """gdb is at work on a process when the daemon is killed, and when another comes."""
    program = b.program('/bin/true')
    at_work, go_on = b.path(b.unique('work')), b.path(b.unique('go'))
    wait = f'python open("{at_work}", "w")\nimport os, time\nwhile not os.path.exists("{go_on}"): time.sleep(0.01)'
    with b.daemon(*NEVER) as daemon:
        daemon.watch(program)
        child = stopped(b, daemon, program)
        gdb = b.run(b.dwd_path, '--no-start', '--socket', daemon.socket, 'attach', program, '--gdb', '--', '-nx',
                    '-q', '-batch', '-ex', wait, '-ex', 'print 6 * 7', '-ex', 'detach')
        until(lambda: os.path.exists(at_work), 'gdb')
        for again in (False, True):
            if again:
                daemon.restart()
            until(lambda: [s['pid'] for s in daemon.stops() if s['state'] == 'attached'] == [child.pid], 'gdb')
        with open(go_on, 'w', encoding='ascii'):
            pass
        output, _ = gdb.communicate(timeout=60 * SCALE)
        assert '= 42' in output, output
        equal(child.wait(20 * SCALE), 0, 'exit status')
        until(lambda: not daemon.stops(), 'the end of the stop')


@case
def a_client_starts_the_next_daemon(b):
    """Where the client starts daemons, one that is gone is replaced by one that knows all."""
    program = b.program()
    directory = b.path(b.unique('run'))
    os.mkdir(directory)
    path = os.path.join(directory, 's')
    dwd = [b.dwd_path, '--socket', path]

    def call(*arguments):
        return subprocess.run([*dwd, *arguments], stdin=subprocess.DEVNULL, check=True, stdout=subprocess.PIPE,
                              encoding='utf-8', timeout=60 * SCALE, env={**os.environ, 'DWD_DAEMON': b.dwdd}).stdout

    def pid():
        with open(path + '.lock', encoding='ascii') as f:
            return int(f.read())

    try:
        call('watch', program)
        child = b.run(program)
        call('wait', program)
        os.kill(pid(), signal.SIGKILL)
        until(lambda: not connects(path), 'the end of the daemon')
        for command in ('list', 'status', 'watch x'):
            done = subprocess.run([*dwd, '--no-start', *command.split()], stdin=subprocess.DEVNULL, check=False,
                                  capture_output=True, encoding='utf-8', timeout=60 * SCALE)
            equal((done.returncode, done.stderr), (3, f'dwd: {DEAD.format(path)}\n'), f'dwd {command}')
        checks = json.loads(subprocess.run([*dwd, '--json', 'doctor'], stdin=subprocess.DEVNULL, check=False,
                                           stdout=subprocess.PIPE, timeout=120 * SCALE).stdout)['checks']
        daemon, = [c for c in checks if c['check'] == 'daemon']
        assert daemon['state'] == 'missing' and 'has died' in daemon['detail'], daemon
        assert daemon['advice'].endswith(f'dwdd --release-all --socket {path}'), daemon
        assert str(child.pid) in call('list')
        call('continue', '--all')
        equal(child.wait(20 * SCALE), 0, 'exit status')
    finally:
        os.kill(pid(), signal.SIGTERM)
        until(lambda: not os.path.exists(path), 'the end of the daemon')


def connects(path):
    with socket.socket(socket.AF_UNIX) as s:
        try:
            s.connect(path)
        except OSError:
            return False
        return True


@case
def more_is_left_than_may_be_stopped(b):
    """A table that was made for many is read to its end by a daemon that wants few."""
    total = 1200
    program = b.program()
    with b.daemon('--max-stopped', 2000, *NEVER) as daemon:
        daemon.watch(program)
        spawner = b.run(os.path.join(b.programs, 'spawner'), total, 0, program)
        until(lambda: daemon.json('status')['stops'] == total, f'{total} stops', 60)
        daemon.kill()
        daemon.start('--max-stopped', 1)
        until(lambda: daemon.json('status')['stops'] == total, f'{total} stops again', 60)
        daemon.dwd('continue', '--all', timeout=60)
        assert f'exited {total}' in spawner.communicate(timeout=60 * SCALE)[0]
