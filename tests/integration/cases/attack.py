# SPDX-License-Identifier: GPL-2.0-or-later
"""What a user who means ill can try: to stop, see or touch what is not his, and to keep the daemon from
serving others. All of it through a socket that is open to everybody."""

import contextlib
import ctypes
import errno
import json
import os
import select
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import threading

from harness import SCALE, Skip, case, equal, state_of, until
from users import ALICE, MALLORY, User, acting_as, open_daemon, privileged_directory

DWD = 'io.dwd.Watchdog.'
LIBC = ctypes.CDLL(None, use_errno=True)
SERVICE = 'org.varlink.service.'


def served(daemon):
    """Root and another user are served as if nothing were."""
    assert 'version' in daemon.json('status')
    equal(User(daemon, ALICE).json('watches'), [], 'watches of a bystander')


def nothing_caught(mallory):
    for watch in mallory.json('watches'):
        equal((watch['caught'], watch['skipped']), (0, {}), f'what the watch on {watch["target"]} has done')


def watch_in_every_way(mallory, program):
    return [mallory.watch(t) for t in (program, os.path.basename(program), os.path.dirname(program) + '/')]


def runs(child):
    output, _ = child.communicate(timeout=20 * SCALE)
    equal(child.returncode, 0, f'exit status of {child.args} ({output})')


def make_set_id(program, uid, gid, mode):
    os.chown(program, uid, gid)
    os.chmod(program, mode)


# ---- what is not his --------------------------------------------------------------------------------


@case
def programs_of_others(b):
    """By name, path and directory; as root and as another; with and without threads and scripts between."""
    program = b.program()
    script = b.script(f'#!/bin/sh\n{program}\nexec {program}\n')
    with open_daemon(b) as daemon:
        mallory = User(daemon, MALLORY)
        watch_in_every_way(mallory, program)
        mallory.watch(script)
        for uid in (0, ALICE):
            runs(b.run(program, user=uid, group=uid, extra_groups=[]))
            runs(b.run(script, user=uid, group=uid, extra_groups=[]))
        nothing_caught(mallory)
        equal([e['event'] for e in mallory.events()], ['watched'] * 4, 'events')


@case
def programs_with_privileges(b):
    """Set-id to whomever, and file capabilities; not even when all its uids are the user's in the end."""
    with privileged_directory() as directory, open_daemon(b) as daemon:
        mallory = User(daemon, MALLORY)
        programs = []
        for uid, gid, mode in ((0, 0, 0o4755), (ALICE, 0, 0o4755), (MALLORY, ALICE, 0o2755), (0, 0, 0o6755)):
            programs.append(b.program(directory=directory))
            make_set_id(programs[-1], uid, gid, mode)
        programs.append(b.program(directory=directory))
        # cap_net_raw+ep, as setcap(8) of libcap writes it
        os.setxattr(programs[-1], 'security.capability', struct.pack('<5I', 0x02000001, 1 << 13, 0, 0, 0))
        for program in programs:
            watch_in_every_way(mallory, program)
        for program in programs:
            runs(mallory.run(program))
        nothing_caught(mallory)


@case
def privileges_that_are_none(b):
    """A set-id program that gains nothing is one's own."""
    with privileged_directory() as directory, open_daemon(b) as daemon:
        mallory = User(daemon, MALLORY)
        for uid, before in ((0, ['setpriv', '--no-new-privs']), (MALLORY, [])):
            program = b.program(directory=directory)
            make_set_id(program, uid, MALLORY, 0o4755)
            mallory.watch(program)
            child = mallory.run(*before, program)
            equal(mallory.wait(program)['pid'], child.pid, 'pid')
            mallory.dwd('continue', program)
            runs(child)


@case
def root_in_a_user_namespace(b):
    """There he is root, and here still himself: as a peer, and as a process."""
    program = b.program()
    with open_daemon(b) as daemon:
        mallory = User(daemon, MALLORY)
        inside = ('unshare', '--user', '--map-root-user')
        if mallory.run(*inside, 'true').wait(20) != 0:
            raise Skip('users may not make user namespaces')
        runs(mallory.run(*inside, b.dwd_path, '--socket', daemon.socket, 'watch', program))
        equal([w['owner'] for w in daemon.json('watches')], [MALLORY], 'owner')
        runs(b.run(program))
        child = mallory.run(*inside, program)
        equal(mallory.wait(program)['pid'], child.pid, 'pid')
        mallory.dwd('continue', program)
        runs(child)
        done = mallory.run(*inside, b.dwd_path, '--socket', daemon.socket, 'reload')
        equal(done.wait(20), 5, 'exit status of a reload')


@case
def watches_that_crowd_others_out(b):
    """However many watches a user has on a script of his own, root's stops it, and root's is named."""
    script = b.script('#!/bin/sh\nexit 0\n')
    with open_daemon(b) as daemon:
        mallory = User(daemon, MALLORY)
        v = mallory.varlink()
        for _ in range(20):
            v.call(DWD + 'Watch', {'target': script})
        roots = daemon.watch(script)
        for _ in range(20):
            v.call(DWD + 'Watch', {'target': script})
        v.close()
        child = mallory.run(script)
        stop = daemon.wait(script)
        equal((stop['watch'], stop['watches_total']), (roots, 41), 'watches')
        daemon.dwd('continue', script)
        runs(child)


@case
def pids_of_others(b):
    """A stop of somebody else's, named by every name it has, in every call that takes one."""
    program = b.program()
    with open_daemon(b) as daemon:
        mallory = User(daemon, MALLORY)
        mallory.watch(program)
        daemon.watch(program)
        child = User(daemon, ALICE).run(program)
        stop = daemon.wait(program)
        v = mallory.varlink()
        for name, value in (('id', stop['id']), ('pid', child.pid), ('name', os.path.basename(program)),
                            ('path', program)):
            equal(v.call(DWD + 'ListStops', {name: value})['parameters'], {'stops': []}, f'ListStops by {name}')
            for method in ('Claim', 'Wait'):
                equal(v.call(DWD + method, {name: value})['error'], DWD + 'NoSuchStop', f'{method} by {name}')
        for method in ('Unclaim', 'Attached'):
            equal(v.call(DWD + method, {'id': stop['id']})['error'], DWD + 'NoSuchStop', method)
        for method in ('Continue', 'Kill'):
            equal(v.call(DWD + method, {'ids': [stop['id']]})['error'], DWD + 'NoSuchStop', method)
        equal(v.call(DWD + 'Unwatch', {'id': 2})['error'], DWD + 'NoSuchWatch', 'Unwatch')
        equal(v.call(DWD + 'Watch', {'target': program, 'under': os.getpid()})['error'], DWD + 'NotPermitted',
              'Watch under a process of root\'s')
        v.close()
        for what in ('an act on a stop', 'an act on a watch', 'a watch'):
            equal(daemon.log().count(f'refused {what} to'), 1, f'lines in the log about {what}')
        equal(state_of(child.pid), 'T', 'state')
        daemon.dwd('continue', program)
        runs(child)


def run_as_pid(b, pid, *arguments):
    """A process of root's that gets this pid, if one can choose that here."""
    for _ in range(50):
        try:
            with open('/proc/sys/kernel/ns_last_pid', 'w', encoding='ascii') as f:
                f.write(str(pid - 1))
        except OSError as error:
            raise Skip(f'pids cannot be chosen here: {error}') from error
        child = b.run(*arguments)
        if child.pid == pid:
            return child
        child.kill()
        child.wait()
    raise Skip(f'pid {pid} was taken by somebody else')


@case
def a_recycled_pid(b):
    """The stop is gone with its process, whoever has the pid now."""
    program = b.program()
    waiting = b.program('/bin/sleep')
    with open_daemon(b) as daemon:
        mallory = User(daemon, MALLORY)
        mallory.watch(program)
        child = mallory.run(program)
        stop = mallory.wait(program)
        v = mallory.varlink()
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
        victim = run_as_pid(b, stop['pid'], waiting, '60')
        for parameters in ({'ids': [stop['id']]}, {'ids': [stop['id']], 'signal': 15}):
            equal(v.call(DWD + 'Kill', parameters)['error'], DWD + 'NoSuchStop', 'Kill')
        equal(v.call(DWD + 'Kill', {'all': True})['parameters'], {'signalled': 0}, 'Kill of all')
        equal(v.call(DWD + 'Claim', {'pid': stop['pid']})['error'], DWD + 'NoSuchStop', 'Claim')
        v.close()
        equal(victim.poll(), None, 'the end of the process that has the pid now')


@case
def a_process_that_becomes_roots(b):
    """Stopped, continued behind the daemon's back, it executes a set-id program that is root from then on: he
    may signal it no more than with kill(2)."""
    waiting = b.program('/bin/sleep')
    with privileged_directory() as directory, open_daemon(b) as daemon:
        mallory = User(daemon, MALLORY)
        privileged = b.program(shutil.which('setpriv'), directory=directory)
        make_set_id(privileged, 0, 0, 0o4755)
        script = b.script(f'#!/bin/sh\nexec {privileged} --reuid 0 --regid 0 --clear-groups {waiting} 60\n')
        mallory.watch(script)
        child = mallory.run(script)
        stop = mallory.wait(script)
        with acting_as(MALLORY):
            os.kill(child.pid, signal.SIGCONT)
        until(lambda: os.readlink(f'/proc/{child.pid}/exe') == waiting, 'the program of root')
        done = mallory.dwd('kill', f'#{stop["id"]}', status=None)
        assert done.returncode in (4, 5), done
        equal(child.poll(), None, 'its end')


@case
def a_program_he_cannot_read(b):
    """He may run it, so he may stop it, and is told of it what everybody can see."""
    with tempfile.TemporaryDirectory(prefix='dwd-secret-') as directory, open_daemon(b) as daemon:
        os.chmod(directory, 0o711)
        program = b.program(directory=directory)
        os.chmod(program, 0o711)
        mallory = User(daemon, MALLORY)
        name = os.path.basename(program)
        mallory.watch('--setenv', 'LD_PRELOAD=/nowhere.so', name)
        child = mallory.run(program)
        stop = mallory.wait(name)
        equal((stop['exe'], stop['path'], stop.get('cwd')), (name, name, None), 'what is told')
        assert 'ptrace(2)' in stop['setenv_error'], stop
        equal(mallory.varlink().call(DWD + 'ListStops', {'path': program})['parameters'], {'stops': []},
              'a guess of the path')
        mallory.dwd('continue', name)
        runs(child)


@case
def races_on_a_path(b):
    """A link that is his is switched from his program to root's and back, and the file itself moved."""
    roots = b.program()
    own_directory = b.path(b.unique('home'))
    own = b.program(directory=own_directory)
    os.chown(own_directory, MALLORY, MALLORY)
    link = os.path.join(own_directory, b.unique('link'))
    with open_daemon(b) as daemon:
        mallory = User(daemon, MALLORY)
        for target in (link, own, own_directory + '/'):
            mallory.watch(target)
        done = threading.Event()

        def switch():
            turn = 0
            while not done.is_set():
                turn += 1
                os.symlink((roots, own)[turn % 2], link + '.new')
                os.rename(link + '.new', link)

        switcher = threading.Thread(target=switch)
        switcher.start()
        try:
            until(lambda: os.path.lexists(link), 'the link')
            for _ in range(40):
                runs(b.run(roots))
                runs(b.run(link))
        finally:
            done.set()
            switcher.join()
        os.rename(roots, own)
        runs(b.run(own))
        nothing_caught(mallory)


@case
def links_he_cannot_see(b):
    """Where they lead he must not learn from what his watches on them catch."""
    program = b.program('/bin/sleep')
    with tempfile.TemporaryDirectory(prefix='dwd-secret-') as secret, open_daemon(b) as daemon:
        mallory = User(daemon, MALLORY)
        link = os.path.join(secret, b.unique('link'))
        os.symlink(program, link)
        roots = b.run(program, '60')
        until(lambda: os.readlink(f'/proc/{roots.pid}/exe') == program, 'the program of root')
        for mode in (0o700, 0o750):
            os.chmod(secret, mode)
            for target in (link, f'/proc/{roots.pid}/exe'):
                mallory.watch(target)
        runs(mallory.run(program, '0'))
        nothing_caught(mallory)
        # Root's watch is led there, and his own as soon as he could see it himself.
        os.chmod(secret, 0o711)
        for watcher in (User(daemon, 0), mallory):
            watch = watcher.watch(link)
            child = mallory.run(program, '0')
            equal(watcher.wait(program)['watches'], [watch], 'watches')
            watcher.dwd('continue', program)
            runs(child)
            watcher.dwd('unwatch', watch)


@case
def a_cgroup_he_cannot_see(b):
    """Is refused as a path that does not exist is; root may name it."""
    with tempfile.TemporaryDirectory(prefix='dwd-secret-') as secret, open_daemon(b) as daemon:
        cgroup = os.path.join(secret, 'cgroup')
        os.mkdir(cgroup)
        if subprocess.run(['mount', '-t', 'cgroup2', 'none', cgroup], check=False).returncode:
            raise Skip('cgroup2 cannot be mounted here')
        try:
            v = User(daemon, MALLORY).varlink()
            answers = [v.call(DWD + 'Watch', {'target': 'x', 'cgroup': c}) for c in (cgroup, cgroup + '.none')]
            equal(answers[0]['error'], DWD + 'InvalidFilter', 'error')
            equal(answers[0], answers[1], 'answer')
            v.close()
            daemon.watch('--cgroup', cgroup, b.program())
            daemon.dwd('unwatch', '--all')
        finally:
            subprocess.run(['umount', '--lazy', cgroup], check=True)


def all_that_is_told(v):
    """The replies to everything one can ask that is about stops, watches and events."""
    replies = [v.call(DWD + 'Subscribe', {'replay': True})]
    for method in ('ListStops', 'ListWatches', 'Status', 'Wait', 'Claim'):
        replies.append(v.call(DWD + method))
    for i in range(1, 6):
        for method in ('Unwatch', 'Unclaim', 'Attached', 'Unsave'):
            replies.append(v.call(DWD + method, {'id': i}))
        for method in ('Continue', 'Kill'):
            replies.append(v.call(DWD + method, {'ids': [i]}))
        replies.append(v.call(DWD + 'Continue', {'ids': [i], 'setenv': ['A=1']}))
    return json.dumps(replies)


@case
def secrets_in_arguments_and_environment(b):
    """Neither reply nor event nor error holds anything of a process, or a watch, of others."""
    program = b.program()
    secret = 'sEcReT'
    with open_daemon(b) as daemon:
        mallory = User(daemon, MALLORY)
        follower, asker = mallory.varlink(), mallory.varlink()
        follower.send(DWD + 'Subscribe', {'follow': True}, more=True)
        equal(follower.receive()['parameters'], {'events': []}, 'first reply')
        mallory.watch(os.path.basename(program))
        follower.receive()
        daemon.watch('--setenv', f'{secret}=1', '--arg', f'*{secret}*', program)
        child = b.run(program, f'--password={secret}', env={'PATH': os.environ['PATH'], secret: '1'})
        daemon.wait(program)
        told = all_that_is_told(asker)
        assert secret not in told and program not in told, told
        daemon.dwd('continue', program)
        runs(child)
        told = all_that_is_told(asker)
        assert secret not in told and program not in told, told
        # Of all that happened meanwhile the follower is told what is his: his watch was removed, and made anew.
        own = mallory.watch(b.unique('mine'))
        events = []
        while not events or events[-1]['watch']['id'] != own:
            events += follower.receive()['parameters']['events']
        equal([(e['event'], e['watch']['owner']) for e in events], [('unwatched', MALLORY), ('watched', MALLORY)],
              'events')
        assert secret not in mallory.dwd('status').stdout
        follower.close()
        asker.close()


@case
def roots_files_are_roots(b):
    with open_daemon(b, '--watches-dir', b.path('watches.d')) as daemon:
        os.mkdir(b.path('watches.d'))
        mallory = User(daemon, MALLORY)
        watch = mallory.watch(b.program())
        v = mallory.varlink()
        for method, parameters in (('Reload', {}), ('Save', {'id': watch, 'line': 'x'}), ('Unsave', {'id': watch}),
                                   ('Save', {'id': 'x'})):
            equal(v.call(DWD + method, parameters)['error'], SERVICE + 'PermissionDenied', method)
        v.close()
        for method in ('Reload', 'Save', 'Unsave'):
            equal(daemon.log().count(f'dwdd: refused {method} to process {os.getpid()} of user {MALLORY}: '), 1,
                  f'lines in the log about {method}')
        equal(os.listdir(b.path('watches.d')), [], 'files')


@case
def a_connection_is_its_openers(b):
    """Whoever uses the descriptor: root gets no more by a user's than he may."""
    with open_daemon(b) as daemon:
        v = User(daemon, MALLORY).varlink()
        equal(os.geteuid(), 0, 'who uses it')
        equal(v.call(DWD + 'Reload')['error'], SERVICE + 'PermissionDenied', 'error')
        v.close()


# ---- to keep others from being served -----------------------------------------------------------------


@case
def quota_of_watches(b):
    with open_daemon(b) as daemon:
        v = User(daemon, MALLORY).varlink()
        for _ in range(256):
            assert 'watch' in v.call(DWD + 'Watch', {'target': 'nothing.such'})['parameters']
        refused = v.call(DWD + 'Watch', {'target': 'nothing.such'})
        equal((refused['error'], refused['parameters']), (DWD + 'LimitReached', {'limit': 'watches', 'value': 256}),
              'answer')
        served(daemon)
        assert daemon.log().count('\n') < 20, daemon.log()
        equal(daemon.log().count('refused a watch'), 1, 'lines in the log')
        v.close()


@case
def quota_of_stops(b):
    """A user may fill his own part; root's watches still stop what they are to."""
    theirs, roots = b.program(), b.program()
    with open_daemon(b, '--max-stopped', 8) as daemon:
        mallory = User(daemon, MALLORY)
        watch = mallory.watch(theirs)
        children = [mallory.run(theirs) for _ in range(10)]
        until(lambda: sum(1 for c in children if c.poll() == 0) == 8, 'those beyond the limit to end')
        counters = mallory.counters(watch)
        equal((counters['caught'], counters['skipped']), (2, {'limit': 8}), 'counters')
        daemon.watch(roots)
        child = b.run(roots)
        daemon.wait(roots)
        daemon.dwd('continue', roots)
        runs(child)
        mallory.dwd('kill', '--all')
        # What is given back can be had again.
        until(lambda: mallory.stops() == [], 'their end')
        child = mallory.run(theirs)
        mallory.wait(theirs)
        mallory.dwd('continue', '--all')
        runs(child)


def try_connect(daemon, uid):
    """A connection that is served, or None."""
    with acting_as(uid):
        s = socket.socket(socket.AF_UNIX)
        s.settimeout(20 * SCALE)
        s.connect(daemon.socket)
    try:
        s.sendall(b'{"method":"org.varlink.service.GetInfo"}\0')
        if s.recv(1):
            return s
    except (BrokenPipeError, ConnectionResetError):
        pass
    s.close()
    return None


@case
def ten_thousand_connections(b):
    with open_daemon(b) as daemon:
        held, refused = [], 0
        for _ in range(int(10000 / SCALE)):
            s = try_connect(daemon, MALLORY)
            if s:
                held.append(s)
            else:
                refused += 1
        equal(len(held), 64, 'connections that are served')
        assert refused > 0
        served(daemon)
        equal(User(daemon, MALLORY).varlink().receive(), None, 'one more of his')
        equal(daemon.log().count('refused a connection'), 1, 'lines in the log')
        for s in held:
            s.close()
        until(lambda: daemon.json('status')['clients'] == 1, 'the connections to be gone')
        User(daemon, MALLORY).dwd('status')


@case
def events_that_crowd_others_out(b):
    """What is kept for others to read later stays, however much happens on his account."""
    with open_daemon(b) as daemon:
        alice = User(daemon, ALICE)
        daemon.watch('of-root')
        alice.watch('of-alice')
        deaf = alice.varlink()
        deaf.send(DWD + 'Subscribe', {'follow': True, 'replay': True}, more=True)
        v = User(daemon, MALLORY).varlink()
        for _ in range(3000):
            watch = v.call(DWD + 'Watch', {'target': 'of-mallory'})['parameters']['watch']['id']
            v.call(DWD + 'Unwatch', {'id': watch})
        v.close()
        told = [json.loads(line) for line in daemon.dwd('--json', 'events').stdout.splitlines()]
        equal([e['watch']['target'] for e in told[:2]], ['of-root', 'of-alice'], 'the oldest that root is told')
        equal({e['watch']['target'] for e in told[2:]}, {'of-mallory'}, 'the others')
        assert len(told) < 3000, f'{len(told)} events are kept'
        equal([e['watch']['target'] for e in alice.events()], ['of-alice'], 'what alice is told')
        equal([('lost' in e, e['watch']['target']) for e in deaf.receive()['parameters']['events']],
              [(False, 'of-alice')], 'what alice is told who has not read')
        deaf.close()


@case
def connections_of_many_users(b):
    """All of them together cannot shut root out."""
    with open_daemon(b) as daemon:
        held = []
        for uid in range(63000, 63015):
            for _ in range(64):
                s = try_connect(daemon, uid)
                if s:
                    held.append(s)
        equal(len(held), 768, 'connections that are served')
        assert 'version' in daemon.json('status')
        for s in held:
            s.close()


def call_without_end(connections, told):
    """Call as fast as it is answered, and read every answer; a byte to `told` for the first."""
    calls = 200 * b'{"method":"io.dwd.Watchdog.Status"}\0'
    unsent = {s: calls for s in connections}
    answered = False
    while True:
        readable, writable, _ = select.select(connections, connections, [])
        for s in readable:
            if s.recv(1 << 16) and not answered:
                answered = bool(os.write(told, b'.'))
        for s in writable:
            with contextlib.suppress(BlockingIOError):
                unsent[s] = unsent[s][s.send(unsent[s]):] or calls


@contextlib.contextmanager
def flood(daemon, uid):
    """As many connections as a user may have, but one, and no pause on any of them."""
    connections = [try_connect(daemon, uid) for _ in range(63)]
    told, tell = os.pipe()
    child = os.fork()
    if child == 0:
        with contextlib.suppress(BaseException):
            for s in connections:
                s.setblocking(False)
            call_without_end(connections, tell)
        os._exit(1)
    os.close(tell)
    try:
        equal(os.read(told, 1), b'.', 'the first answer')
        yield child
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(told)
        for s in connections:
            s.close()


@case
def calls_without_end(b):
    """Others wait for their turn and no longer, and so does what the daemon does of itself."""
    program = b.program()
    with open_daemon(b, '--fail-open-after', round(3 * SCALE)) as daemon:
        watch = daemon.watch(program)
        with flood(daemon, MALLORY) as caller:
            for _ in range(3):
                served(daemon)
                child = b.run(program)
                equal(daemon.wait(program)['pid'], child.pid, 'pid')
                daemon.dwd('continue', program)
                runs(child)
            counters = daemon.counters(watch)
            equal((counters['caught'], counters['skipped']), (3, {}), 'what the watch has done')
            assert state_of(caller) != 'Z', 'it calls no more'
            equal(daemon.end(), 0, 'exit status')


@case
def a_gigabyte(b):
    """One message without an end is cut off early."""
    with open_daemon(b) as daemon:
        v = User(daemon, MALLORY).varlink()
        piece, sent = b'x' * 65536, 0
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            while sent < 1 << 30:
                v.send_raw(piece)
                sent += len(piece)
        assert sent < 4 << 20, f'{sent} bytes were taken'
        v.close()
        served(daemon)


@case
def messages_that_are_none(b):
    rows = (b'[' * 60000, b'{"a":' * 10000, b'{"method":"a.B","method":"a.C"}', b'\xff\xfe', b'{"method":"\xc3\x28"}',
            b'{"method":"a\\u0000b"}', b'{"method":"' + b'x' * 65000 + b'"}', b'{"method":"a.B","parameters":{"a":1,"a":2}}',
            b'{"method":"io.dwd.Watchdog.Watch","parameters":{"target":"a\\u0000b"}}', b'1e999', b'{"method":1e999}')
    with open_daemon(b) as daemon:
        mallory = User(daemon, MALLORY)
        for _ in range(10):
            for row in rows:
                v = mallory.varlink()
                with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                    v.send_raw(row + b'\0')
                answer = v.receive()
                assert answer is None or 'error' in answer, (row[:50], answer)
                v.close()
        served(daemon)
        assert daemon.log().count('closed the connection') <= 20, daemon.log()


@case
def replies_that_are_large(b):
    """Whatever he has put into his watches, a reply is cut to size, or asked for in pieces."""
    with open_daemon(b) as daemon:
        v = User(daemon, MALLORY).varlink()
        variable = 'A=' + '\x01' * 20000
        for _ in range(30):
            assert 'watch' in v.call(DWD + 'Watch', {'target': 'x', 'setenv': [variable]})['parameters']
        equal(v.call(DWD + 'ListWatches')['error'], SERVICE + 'ExpectedMore', 'error')
        v.send(DWD + 'ListWatches', more=True)
        listed, replies, more = 0, 0, True
        while more:
            reply = v.receive()
            listed += len(reply['parameters']['watches'])
            replies += 1
            more = reply.get('continues', False)
        equal(listed, 30, 'watches')
        assert replies >= 10, replies
        v.close()


def memory_of(pid):
    """Resident, in KiB."""
    with open(f'/proc/{pid}/status', encoding='ascii') as f:
        return next(int(line.split()[1]) for line in f if line.startswith('VmRSS:'))


@case
def readers_that_do_not_read(b):
    """As many as he may have, each asking for ever more; what waits for them is bounded."""
    with open_daemon(b) as daemon:
        mallory = User(daemon, MALLORY)
        asker = mallory.varlink()
        for _ in range(200):
            asker.call(DWD + 'Watch', {'target': 'x' * 200})
        before = memory_of(daemon.process.pid)
        deaf = []
        for i in range(60):
            v = mallory.varlink()
            v.socket.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                if i % 2:
                    v.send(DWD + 'Subscribe', {'follow': True, 'replay': True}, more=True)
                for _ in range(1000):
                    v.send(DWD + 'ListWatches')
            deaf.append(v)
        for _ in range(500):
            asker.call(DWD + 'Unwatch', {'id': asker.call(DWD + 'Watch', {'target': 'y'})['parameters']['watch']['id']})
        served(daemon)
        grown = memory_of(daemon.process.pid) - before
        assert grown < 60 * 1024, f'grown by {grown} KiB'
        for v in deaf:
            v.close()
        asker.close()


@case
def what_is_followed_for_him(b):
    """Whatever he watches, root's services keep inotify watches; and root's paths are followed as ever."""
    deep = b.path('deep')
    os.mkdir(deep)
    with open_daemon(b) as daemon:
        v = User(daemon, MALLORY).varlink()
        for i in range(110):
            path = os.path.join(deep, str(i), *20 * 'd')
            os.makedirs(path)
            assert 'error' not in v.call(DWD + 'Watch', {'target': os.path.join(path, 'x')})
        assert 1024 < inotify_watches(daemon) <= 2048, inotify_watches(daemon)
        assert f'the watches of user {MALLORY}' in daemon.log(), daemon.log()
        before = inotify_watches(daemon)
        daemon.watch(os.path.join(deep, 'of', 'root'))
        assert inotify_watches(daemon) > before
        v.close()
        daemon.dwd('unwatch', '--all')
        until(lambda: inotify_watches(daemon) == 0, 'none to be left')


def inotify_watches(daemon):
    """How many the daemon has."""
    directory = f'/proc/{daemon.process.pid}/fdinfo'
    count = 0
    for fd in os.listdir(directory):
        with contextlib.suppress(FileNotFoundError), open(os.path.join(directory, fd), encoding='ascii') as f:
            count += sum(line.startswith('inotify ') for line in f)
    return count


# ---- memory that never comes ------------------------------------------------------------------------

FUSE_ANSWERS = {3: 'attributes', 14: 'open', 15: 'read', 18: 'nothing', 25: 'nothing', 26: 'init'}
FUSE_SILENT = (2, 36, 42)  # forget, interrupt, batch-forget


class SlowFile:
    """A file that a server of ours is asked for each time (FUSE, with FOPEN_DIRECT_IO); mounted over `path`.
    Without data it is a directory, in which nothing is known yet."""

    def __init__(self, path, data=None):
        self.path, self.data, self.slow = path, data or b'', path + '.slow'
        self.mode = 0o040755 if data is None else 0o100755
        if data is None:
            os.mkdir(path)
        else:
            with open(path, 'wb'):
                pass
        try:
            device = os.open('/dev/fuse', os.O_RDWR | os.O_CLOEXEC)
        except OSError as error:
            raise Skip(f'no FUSE: {error}') from error
        options = f'fd={device},rootmode={self.mode:o},user_id=0,group_id=0,allow_other'.encode()
        if LIBC.mount(b'slow', path.encode(), b'fuse', 0, options) < 0:
            os.close(device)
            raise Skip(f'cannot mount a FUSE: {os.strerror(ctypes.get_errno())}')
        # A process of its own: while this one starts another program it does nothing else.
        self.server = os.fork()
        if self.server == 0:
            with contextlib.suppress(BaseException):
                self.serve(device)
            os._exit(0)
        os.close(device)

    def stop_serving(self):
        """From here on no answer comes."""
        with open(self.slow, 'wb'):
            pass

    def end(self):
        os.kill(self.server, signal.SIGKILL)
        os.waitpid(self.server, 0)
        LIBC.umount2(self.path.encode(), 2)  # MNT_DETACH

    def serve(self, device):
        while True:
            request = os.read(device, 1 << 20)
            _, opcode, unique = struct.unpack_from('<IIQ', request)
            if os.path.exists(self.slow):
                signal.pause()
            if opcode in FUSE_SILENT:
                continue
            known = FUSE_ANSWERS.get(opcode)
            body = getattr(self, known)(request[40:]) if known else b''
            error = 0 if known else -errno.ENOSYS
            os.write(device, struct.pack('<IiQ', 16 + len(body), error, unique) + body)

    def init(self, _):
        return struct.pack('<4I2H2I2H8I', 7, 31, 0, 0, 1, 1, 4096, 1, 1, 0, *8 * [0])

    def attributes(self, _):
        return struct.pack('<Q2I6Q10I', 1, 0, 0, 1, len(self.data), 1, 0, 0, 0, 0, 0, 0, self.mode, 1, 0, 0, 0, 4096, 0)

    def open(self, _):
        return struct.pack('<Q2I', 0, 1, 0)

    def read(self, request):
        offset, size = struct.unpack_from('<QI', request, 8)
        return self.data[offset:offset + size]

    def nothing(self, _):
        return b''


def tiny_loader():
    """A dynamic loader that ends the process, and has no page that exec itself would touch."""
    code = bytes.fromhex('31ffb83c0000000f05')  # exit(0)
    size = 64 + 56 + len(code)
    header = b'\x7fELF\2\1\1'.ljust(16, b'\0') + struct.pack('<2HI3QI6H', 3, 62, 1, 120, 64, 0, 0, 64, 56, 1, 0, 0, 0)
    return header + struct.pack('<2I6Q', 1, 5, 0, 0, 0, size, size, 4096) + code


def with_loader(b, loader):
    """A program whose dynamic loader is that."""
    program = b.program('entry-dynamic')
    with open(program, 'r+b') as f:
        data = f.read()
        usual = data[data.index(b'/lib64/ld'):].partition(b'\0')[0]
        if len(loader) > len(usual):
            raise Skip(f'{loader} is longer than {usual.decode()}')
        f.seek(0)
        f.write(data.replace(usual, loader.encode().ljust(len(usual), b'\0')))
    return program


@case
def memory_that_never_comes(b):
    """To set variables it has to be read, and whoever reads it cannot be ended: the daemon serves all the same."""
    if os.uname().machine != 'x86_64':
        raise Skip('variables are not set on this processor')
    slow = SlowFile(b.path('l'), tiny_loader())
    try:
        program = with_loader(b, slow.path)
        b.main.watch(program)
        children = [b.run(program, user=MALLORY, group=MALLORY, extra_groups=[]) for _ in range(2)]
        until(lambda: [s['state'] for s in b.main.stops(program)] == ['stopped'] * 2, 'both to be stopped')
        slow.stop_serving()
        ids = [f'#{s["id"]}' for s in b.main.stops(program)]
        reasons = ['could not be traced within a second', 'an earlier attempt on a process of this user']
        for stop, reason in zip(ids, reasons):
            done = b.main.dwd('continue', stop, '--setenv', 'A=1', status=1)
            assert reason in done.stderr, done.stderr
        # Another user's get theirs.
        other = b.program()
        b.main.watch(other)
        child = b.run(other)
        b.main.wait(other)
        b.main.dwd('continue', other, '--setenv', 'A=1')
        equal(child.wait(20 * SCALE), 0, 'exit status')
    finally:
        slow.end()
    for child in children:
        child.kill()
        child.wait()


@case
def paths_that_are_never_found(b):
    """Whoever looks there cannot be ended: the daemon serves all the same, and him who named them as well."""
    slow = SlowFile(b.path('d'))
    with open_daemon(b) as daemon:
        try:
            slow.stop_serving()
            mallory = User(daemon, MALLORY)
            v = mallory.varlink()
            within = os.path.join(slow.path, 'program')
            for _ in range(3):
                equal(v.call(DWD + 'Watch', {'target': within})['parameters']['watch']['target'], within, 'target')
            equal(v.call(DWD + 'Watch', {'target': 'x', 'cgroup': within})['error'], DWD + 'InvalidFilter', 'error')
            v.close()
            served(daemon)
            assert 'its file system does not answer' in daemon.log(), daemon.log()
            # What others name is looked at: it is caught by another name too.
            program = b.program()
            link = b.path(b.unique('link'))
            os.symlink(program, link)
            daemon.watch(link)
            child = b.run(program)
            daemon.wait(program)
            daemon.dwd('continue', program)
            runs(child)
        finally:
            slow.end()


@case
def a_dead_file_system_of_roots(b):
    """Many of his watches below it keep the daemon for some seconds, not for one each; they are all there, and what
    is wrong with them is told. Who adds one on the command line is not kept at all."""
    slow = SlowFile(b.path(b.unique('dead')))
    with b.daemon() as daemon:
        try:
            slow.stop_serving()
            v = daemon.varlink()
            for i in range(10):
                assert 'error' not in v.call(DWD + 'Watch', {'target': os.path.join(slow.path, str(i))})
            v.close()
            assert daemon.log().count('its file system does not answer') <= 4, daemon.log()
            assert 'looking took too much time lately' in daemon.log(), daemon.log()
            equal([w.get('unresolved') for w in daemon.json('watches')], ['path'] * 10, 'what could not be looked at')
            child = b.run(b.dwd_path, '--socket', daemon.socket, 'watch', os.path.join(slow.path, 'more'))
            until(lambda: child.poll() is not None, 'dwd watch to end')
            equal(child.returncode, 0, 'exit status')
            assert 'more could not be looked at (trying again)' in child.stdout.read()
        finally:
            slow.end()
