# SPDX-License-Identifier: GPL-2.0-or-later
"""Looking at paths goes wrong: the process that looks is ended or hangs, or what is looked for is gone for now."""

import contextlib
import ctypes
import os
import resource
import signal

from harness import SCALE, Skip, case, cgroup_root, enter_cgroup, equal, until
from users import ALICE, User

LIBC = ctypes.CDLL(None, use_errno=True)
LIBC.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_long]
PTRACE_SEIZE, PTRACE_O_TRACEEXIT = 0x4206, 0x40


def lookers_of(daemon):
    """The daemon's children: it has no others."""
    pid = daemon.process.pid
    with open(f'/proc/{pid}/task/{pid}/children', encoding='ascii') as f:
        return [int(child) for child in f.read().split()]


def lead_to(link, program):
    """Make the link lead there."""
    os.symlink(program, link + '.new')
    os.rename(link + '.new', link)


def is_caught(b, daemon, program):
    """Execute it: is it stopped?"""
    child = b.run(program)
    until(lambda: child.poll() is not None or daemon.stops(), 'it to end or stop')
    caught = bool(daemon.stops())
    daemon.dwd('continue', '--all', status=None)
    equal(child.wait(20 * SCALE), 0, 'exit status')
    return caught


@contextlib.contextmanager
def watched_link(b, *options):
    """A daemon with a watch on a link, and two programs, to the first of which it leads."""
    programs, link = [b.program(), b.program()], b.path(b.unique('link'))
    with b.daemon(*options) as daemon:
        lead_to(link, programs[0])
        daemon.watch(link)
        assert is_caught(b, daemon, programs[0])
        yield daemon, link, programs


def is_followed(b, daemon, link, program):
    """Whether what the link leads to from now on is caught in the end, the next time at once."""
    until(lambda: is_caught(b, daemon, program), f'{program} to be meant by {link}')


@case
def who_looks_can_do_no_more(b):
    """Of the daemon's privileges it has those that it takes to look: four of them."""
    with watched_link(b) as (daemon, _, _):
        with open(f'/proc/{lookers_of(daemon)[0]}/status', encoding='ascii') as f:
            status = {name: value.strip() for name, _, value in (line.partition(':') for line in f)}
        equal(status['Name'], 'dwdd-looker', 'name')
        look = 1 << 1 | 1 << 6 | 1 << 7 | 1 << 19  # CAP_DAC_OVERRIDE, SETGID, SETUID, SYS_PTRACE
        for kind in ('Prm', 'Eff', 'Inh', 'Amb'):
            equal(int(status['Cap' + kind], 16) & ~look, 0, kind)
        equal(status['NoNewPrivs'], '1', 'no new privileges')


@case
def who_looks_is_killed(b):
    """Another looks in his place, for what has changed and for what is new."""
    with watched_link(b) as (daemon, link, programs):
        os.kill(lookers_of(daemon)[0], signal.SIGKILL)
        lead_to(link, programs[1])
        is_followed(b, daemon, link, programs[1])
        assert not is_caught(b, daemon, programs[0])
        os.kill(lookers_of(daemon)[0], signal.SIGKILL)
        other = b.path(b.unique('link'))
        lead_to(other, programs[0])
        daemon.watch(other)
        assert is_caught(b, daemon, programs[0])
        equal(daemon.log().count('cannot look at'), 0, 'lines in the log')


@case
def who_looks_hangs(b):
    """What was known is kept, and it is looked again in a while."""
    with watched_link(b) as (daemon, link, programs):
        os.kill(lookers_of(daemon)[0], signal.SIGSTOP)
        lead_to(link, programs[1])
        until(lambda: 'cannot look at' in daemon.log(), 'a line in the log')
        is_followed(b, daemon, link, programs[1])
        lead_to(link, programs[0])
        is_followed(b, daemon, link, programs[0])
        assert not is_caught(b, daemon, programs[1])


@contextlib.contextmanager
def held(pid):
    """Not even SIGKILL ends it: its end is reported to a tracer, which lets it go no further."""
    ready, tell = os.pipe()
    tracer = os.fork()
    if tracer == 0:
        seized = LIBC.ptrace(PTRACE_SEIZE, pid, None, PTRACE_O_TRACEEXIT)
        os.write(tell, b'y' if seized == 0 else b'n')
        signal.pause()
    try:
        equal(os.read(ready, 1), b'y', 'whether it could be traced')
        os.kill(pid, signal.SIGSTOP)
        yield
    finally:
        os.kill(tracer, signal.SIGKILL)
        os.waitpid(tracer, 0)
        os.close(ready)
        os.close(tell)


@case
def who_looks_never_ends(b):
    """Root is served by another, which is not sent to the same place; a cgroup is found as well."""
    with watched_link(b) as (daemon, link, programs), held(lookers_of(daemon)[0]):
        lead_to(link, programs[1])
        until(lambda: 'does not answer' in daemon.log(), 'a line in the log')
        other = b.path(b.unique('link'))
        lead_to(other, programs[1])
        daemon.watch(other)
        assert is_caught(b, daemon, programs[1])
        daemon.watch('--cgroup', cgroup_root(), b.unique())
        equal(len(lookers_of(daemon)), 2, 'processes that look, or have looked')
        assert is_caught(b, daemon, programs[0])


def unresolved(daemon):
    """What could not be looked at, by watch."""
    return {w['id']: w['unresolved'] for w in daemon.json('watches') if 'unresolved' in w}


def remarks(daemon, *arguments):
    """What a command says besides its result."""
    return daemon.dwd(*arguments).stderr


@case
def what_could_not_be_looked_at_is_told(b):
    """By the list of watches and by who adds one, of those that are concerned, as long as it is so."""
    with watched_link(b) as (daemon, link, programs):
        equal(remarks(daemon, 'watches'), '', 'remarks before')
        told = f'{link} could not be looked at (trying again): it may not catch what is there now\n'
        with held(lookers_of(daemon)[0]):
            lead_to(link, programs[1])
            until(lambda: unresolved(daemon) == {1: 'path'}, 'watch 1 to be told')
            equal(remarks(daemon, 'watches'), f'dwd: watch 1: {told}', 'remarks')
            equal(remarks(daemon, 'watch', programs[0]), '', 'remarks on another')
            equal(remarks(daemon, 'watch', link), f'dwd: watch 3: {told}', 'remarks on one that is new')
            equal(unresolved(daemon), {1: 'path', 3: 'path'}, 'unresolved')
            daemon.watch(*[link] * 15)
            assert remarks(daemon, 'watches').endswith('dwd: so it is with 1 more: dwd --json watches tells which\n')
            equal(remarks(daemon, '--quiet', 'watches'), '', 'remarks to who wants none')
        until(lambda: not unresolved(daemon), 'all to be looked at', 60)
        equal(remarks(daemon, 'watches'), '', 'remarks after')
        assert is_caught(b, daemon, programs[1])


@case
def what_others_could_not_look_at_is_not_told(b):
    """Who names the same path is told what he finds there himself, and so not that it is watched."""
    with watched_link(b, '--socket-mode', '0666') as (daemon, link, programs), held(lookers_of(daemon)[0]):
        os.chmod(daemon.directory, 0o755)
        lead_to(link, programs[1])
        until(lambda: unresolved(daemon) == {1: 'path'}, 'watch 1 to be told')
        alice = User(daemon, ALICE)
        assert 'could not be looked at' not in remarks(alice, 'watch', link)
        equal((unresolved(alice), remarks(alice, 'watches')), ({}, ''), 'what is told of her watch')
        refused = alice.dwd('watch', '--cgroup', link, b.unique(), status=None).stderr
        assert 'no directory of a cgroup2' in refused, refused
        equal(unresolved(daemon), {1: 'path'}, 'what root is told')


@case
def a_cgroup_that_is_gone(b):
    """At a restart a watch on it stays, without matching, and means the next one at that path."""
    group, program = os.path.join(cgroup_root(), b.unique('group')), b.program()
    try:
        os.mkdir(group)
    except OSError as error:
        raise Skip(f'no cgroup can be made: {error}') from error
    with b.daemon() as daemon:
        try:
            watch = daemon.watch('--cgroup', group, program)
            before = daemon.json('watches')
            os.rmdir(group)
            daemon.restart()
            equal(daemon.json('watches'), [{**before[0], 'unresolved': 'cgroup'}], 'watches')
            equal(remarks(daemon, 'watches'), f'dwd: watch {watch}: its cgroup {group} is gone or could not be looked at '
                  '(trying again): it catches nothing meanwhile\n', 'remarks')
            assert f'the cgroup of watch {watch} is not there any more' in daemon.log(), daemon.log()
            assert not is_caught(b, daemon, program)
            os.mkdir(group)
            until(lambda: f'the cgroup of watch {watch} is found' in daemon.log(), 'it to be found', 90)
            equal(daemon.json('watches'), before, 'watches')
            assert not is_caught(b, daemon, program)
            b.caught(b.run(program, preexec_fn=enter_cgroup(group)), program, daemon, watch=watch)
            equal(daemon.json('watches')[0]['id'], watch, 'id')
        finally:
            until(lambda: not os.path.isdir(group) or os.rmdir(group) is None, 'an empty cgroup')


@case
def no_descriptor_for_what_is_found(b):
    """That is not the same as that there is nothing: it is looked at again."""
    with watched_link(b) as (daemon, _, programs):
        v = daemon.varlink()
        v.call('io.dwd.Watchdog.GetStatus')
        pid = daemon.process.pid
        before = resource.prlimit(pid, resource.RLIMIT_NOFILE, (3, resource.prlimit(pid, resource.RLIMIT_NOFILE)[1]))
        other = b.path(b.unique('link'))
        lead_to(other, programs[1])
        reply = v.call('io.dwd.Watchdog.Watch', {'target': other})
        equal(reply['parameters']['watch'].get('unresolved'), 'path', 'unresolved')
        assert 'has named: Too many open files' in daemon.log(), daemon.log()
        resource.prlimit(pid, resource.RLIMIT_NOFILE, before)
        is_followed(b, daemon, other, programs[1])
        equal(unresolved(daemon), {}, 'unresolved')
        v.close()
