# SPDX-License-Identifier: GPL-2.0-or-later
"""Users other than root: who may connect, and what they may watch, see and touch. How they try to do more
is told in attack.py."""

import os
import stat
import tempfile

from harness import case, equal, state_of, until
from users import ALICE, MALLORY, User, open_daemon

GROUP = 62007  # nobody's


@case
def socket_of_a_group(b):
    with b.daemon('--socket-group', GROUP) as daemon:
        os.chmod(daemon.directory, 0o755)
        found = os.stat(daemon.socket)
        equal((stat.S_IMODE(found.st_mode), found.st_uid, found.st_gid), (0o660, 0, GROUP), 'access')
        done = User(daemon, ALICE).dwd('list', status=5)
        assert f"only root and members of the group '{GROUP}'" in done.stderr, done.stderr


@case
def message_names_the_group(b):
    with b.daemon('--socket-group', 'daemon') as daemon:
        os.chmod(daemon.directory, 0o755)
        done = User(daemon, ALICE).dwd('list', status=5)
        equal(done.stderr, f"dwd: permission denied on {daemon.socket}: only root and members of the group "
              "'daemon' may talk to dwdd; run this as root, or have yourself added (usermod -aG daemon USER, "
              'and a new login)\n', 'text')


@case
def socket_mode(b):
    with b.daemon('--socket-mode', '0606') as daemon:
        equal(stat.S_IMODE(os.stat(daemon.socket).st_mode), 0o606, 'mode')


@case
def a_user_holds_what_is_his(b):
    """From watch to release, all that a user needs, and his neighbour notices nothing of it."""
    program = b.program()
    with open_daemon(b) as daemon:
        alice, mallory = User(daemon, ALICE), User(daemon, MALLORY)
        watch = alice.watch(program)
        child = alice.run(program)
        stop = alice.wait(program)
        equal((stop['pid'], stop['uid'], stop['exe'], stop['watches']), (child.pid, ALICE, program, [watch]), 'stop')
        equal(state_of(child.pid), 'T', 'state')
        equal(len(alice.stops()), 1, 'stops')
        equal((mallory.stops(), mallory.json('watches')), ([], []), 'what the neighbour sees')
        equal(daemon.stops()[0]['id'], stop['id'], 'what root sees')
        alice.dwd('continue', f'#{stop["id"]}')
        equal(child.wait(20), 0, 'exit status')
        seen = [e['event'] for e in alice.events()]
        equal(seen, ['watched', 'stopped', 'continued'], 'events')
        equal(mallory.events(), [], 'events of the neighbour')
        alice.dwd('unwatch', watch)


@case
def others_processes_are_let_run(b):
    program = b.program()
    with open_daemon(b) as daemon:
        alice = User(daemon, ALICE)
        watches = [alice.watch(t) for t in (program, os.path.basename(program), os.path.dirname(program) + '/')]
        for uid in (0, MALLORY):
            child = b.run(program, user=uid, group=uid, extra_groups=[])
            equal(child.wait(20), 0, 'exit status')
        for watch in watches:
            counters = alice.counters(watch)
            equal((counters['caught'], counters['skipped']), (0, {}), 'counters')
        equal([e['event'] for e in User(daemon, 0).events()], ['watched'] * 3, 'events')


@case
def root_and_a_user_share_a_stop(b):
    program = b.program()
    with open_daemon(b) as daemon:
        alice = User(daemon, ALICE)
        roots = daemon.watch(program)
        own = alice.watch(program)
        child = alice.run(program)
        seen = alice.wait(program)
        equal((seen['watch'], seen['watches']), (own, [own]), 'watches that the user sees')
        equal(sorted(daemon.wait(program)['watches']), [roots, own], 'watches that root sees')
        alice.dwd('kill', program)
        equal(child.wait(20), -9, 'exit status')


@case
def what_only_root_watches_is_roots(b):
    program = b.program()
    with open_daemon(b) as daemon:
        alice = User(daemon, ALICE)
        daemon.watch(program)
        child = alice.run(program)
        stop = daemon.wait(program)
        equal(alice.stops(), [], 'stops')
        for command in ('continue', 'kill', 'info', 'attach'):
            done = alice.dwd(command, f'#{stop["id"]}', status=4)
            none = alice.dwd(command, '#4711', status=4)
            equal(done.stderr, none.stderr.replace('4711', str(stop['id'])), f'what {command} says')
        done = alice.dwd('continue', '--all').stdout + alice.dwd('kill', '--all').stdout
        equal(done, 'continued 0 processes\nsent SIGKILL to 0 processes\n', 'what was done')
        equal(state_of(child.pid), 'T', 'state')
        status = alice.json('status')
        equal((status['watches'], status['stops'], status['caught'], status['clients']), (0, 0, 0, 1), 'status')
        daemon.dwd('continue', program)
        equal(child.wait(20), 0, 'exit status')


@case
def refusals_are_clear(b):
    with open_daemon(b) as daemon:
        alice = User(daemon, ALICE)
        program = b.program()
        rows = (
            (('watch', '--uid', 0, program),
             'you may watch only what runs wholly as yourself, and another uid is asked for'),
            (('watch', '--under', 1, program), 'you may watch only beneath processes that are wholly yours'),
            (('reload',), 'dwdd permits Reload to root only'),
        )
        for arguments, text in rows:
            equal(alice.dwd(*arguments, status=5).stderr, f'dwd: {text}\n', f'what {arguments} says')


@case
def remark_on_a_path_he_cannot_see(b):
    """It may well exist."""
    with tempfile.TemporaryDirectory(prefix='dwd-secret-') as secret, open_daemon(b) as daemon:
        target = os.path.join(secret, b.unique('prog'))
        done = User(daemon, ALICE).dwd('watch', target)
        equal(done.stderr, f'dwd: {target} cannot be looked at (Permission denied): only an exec by just this path '
              'will be caught\n', 'remark')


@case
def a_users_debugger(b):
    """gdb may be used on what is his; it is not itself stopped by a watch of his."""
    program = b.program()
    with open_daemon(b) as daemon:
        alice = User(daemon, ALICE)
        alice.watch(program)
        child = alice.run(program)
        alice.wait(program)
        done = alice.dwd('attach', program, '--gdb', '--', '-batch', '-nx', '-ex', 'continue')
        assert 'exited normally' in done.stdout, (done.stdout, done.stderr)
        equal(child.wait(20), 0, 'exit status')


@case
def a_users_variable(b):
    script = b.script('#!/bin/sh\nexec printenv DWD_TEST\n')
    with open_daemon(b) as daemon:
        alice = User(daemon, ALICE)
        alice.watch('--setenv', 'DWD_TEST=hello', script)
        child = alice.run(script)
        alice.wait(script)
        alice.dwd('continue', script)
        equal(child.communicate(timeout=20)[0], 'hello\n', 'output')


@case
def skips_are_told_to_whom_they_concern(b):
    program = b.program()
    with open_daemon(b) as daemon:
        alice, mallory = User(daemon, ALICE), User(daemon, MALLORY)
        daemon.watch(program)
        own = alice.watch(program)
        child = alice.run('strace', '-f', '-o', '/dev/null', program)
        equal(child.wait(60), 0, 'exit status')
        skips = until(lambda: [e['skip'] for e in alice.events() if e['event'] == 'skipped'], 'the skip')
        equal([(s['watch'], s['reason']) for s in skips], [(own, 'already-traced')], 'skips')
        equal(mallory.events(), [], 'events of the neighbour')
