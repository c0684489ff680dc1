# SPDX-License-Identifier: GPL-2.0-or-later
"""What dwdd keeps of root's power, and that the unit's sandbox leaves it enough to work with."""

import contextlib
import os
import re
import shutil
import subprocess

from harness import Skip, case, equal
from users import ALICE, User, open_daemon

UNITS = os.path.join(os.path.dirname(__file__), '../../../units')
# CAP_DAC_OVERRIDE, CAP_KILL, CAP_SETGID, CAP_SETUID, CAP_SYS_PTRACE, CAP_PERFMON, CAP_BPF; as dwdd(8) has it.
KEPT = 1 << 1 | 1 << 5 | 1 << 6 | 1 << 7 | 1 << 19 | 1 << 38 | 1 << 39


def setting(name, unit='dwdd.service'):
    """All words of a setting of a unit."""
    with open(os.path.join(UNITS, f'{unit}.in'), encoding='utf-8') as f:
        return ' '.join(re.findall(f'^{name}=(.*)$', f.read(), re.M)).split()


def status_of(pid):
    with open(f'/proc/{pid}/status', encoding='utf-8') as f:
        return {name: value.strip() for name, _, value in (line.partition(':') for line in f)}


@contextlib.contextmanager
def daemon_by_way_of(b, words):
    """A daemon that is started by other programs."""
    real, b.dwdd = b.dwdd, b.script(f'#!/bin/sh\nexec {words} {b.dwdd} "$@"\n')
    try:
        with open_daemon(b) as daemon:
            yield daemon
    finally:
        b.dwdd = real


def works(b, daemon):
    """All that takes a privilege: others' processes, their files, their memory, signals to them."""
    home = b.path(b.unique('home'))
    program = b.program(directory=home)
    link = os.path.join(home, b.unique('link'))
    os.symlink(program, link)
    os.chown(home, ALICE, ALICE)
    os.chmod(home, 0o700)
    user = {'user': ALICE, 'group': ALICE, 'extra_groups': []}
    for target in (link, os.path.basename(program), home + '/'):
        daemon.watch(target)
        stop = b.caught(b.run(program, cwd=home, **user), program, daemon, exe=program, cwd=home)
        # What namespace is everybody's only the first process tells, which may be out of reach.
        assert 'container' not in stop or not os.access('/proc/1/ns/mnt', os.F_OK), stop
        daemon.dwd('unwatch', '--all')
    # Where a user's link leads is seen with his own eyes.
    alice = User(daemon, ALICE)
    alice.watch(link)
    child = alice.run(program)
    equal(alice.wait(program)['pid'], child.pid, 'pid')
    alice.dwd('continue', program)
    equal(child.wait(20), 0, 'exit status')
    script = b.script('#!/bin/sh\nexec printenv DWD_TEST\n')
    daemon.watch('--setenv', 'DWD_TEST=hello', '--under', os.getpid(), script)
    child = b.run(script, **user)
    daemon.wait(script)
    daemon.dwd('continue', script)
    equal(child.communicate(timeout=20)[0], 'hello\n', 'output')
    child = b.run(script, **user)
    daemon.wait(script)
    daemon.dwd('kill', script)
    equal(child.wait(20), -9, 'exit status')


@case
def capabilities_after_the_start(b):
    status = status_of(b.main.process.pid)
    own = int(status_of('self')['CapEff'], 16)
    equal([int(status[f'Cap{s}'], 16) for s in ('Prm', 'Eff', 'Inh', 'Amb')], [KEPT & own, KEPT & own, 0, 0], 'sets')
    equal((int(status['CapBnd'], 16) & ~KEPT, status['NoNewPrivs']), (0, '1'), 'what it can get')


def sandbox(unit):
    """Its capabilities, no new privileges, and a mount namespace to which everything is propagated."""
    wanted = ','.join('+' + c.removeprefix('CAP_').lower() for c in setting('CapabilityBoundingSet', unit))
    return f'unshare --mount --propagation slave setpriv --no-new-privs --bounding-set -all,{wanted}'


@case
def the_units_sandbox_suffices(b):
    with daemon_by_way_of(b, sandbox('dwdd.service')) as daemon:
        works(b, daemon)


@case
def the_sandbox_suffices_to_release(b):
    """A user's process too, of a directory that is his alone."""
    home = b.path(b.unique('home'))
    program = b.program(directory=home)
    os.chown(home, ALICE, ALICE)
    os.chmod(home, 0o700)
    with b.daemon('--fail-open-after', 0) as daemon:
        daemon.watch(program)
        child = b.run(program, cwd=home, user=ALICE, group=ALICE, extra_groups=[])
        daemon.wait(program)
        daemon.kill()
        done = subprocess.run([*sandbox('dwdd-release.service').split(), b.dwdd, '--socket', daemon.socket,
                               '--release-all'], check=True, capture_output=True, encoding='utf-8')
        equal(done.stdout.splitlines()[-1:], ['released 1'], 'output')
        equal(child.wait(20), 0, 'exit status')
        daemon.start()


def calls_in(words):
    """The system calls that a filter's words stand for."""
    calls = set()
    for word in words:
        if not word.startswith('@'):
            calls.add(word)
            continue
        found = subprocess.run(['systemd-analyze', '--no-pager', 'syscall-filter', word], check=True,
                               stdout=subprocess.PIPE, encoding='utf-8').stdout
        names = re.findall(r'^\s+([-@a-z_0-9]+)$', re.sub('\x1b\\[[0-9;]*m', '', found), re.M)
        calls |= calls_in(names)
    return calls


def needs(*programs):
    for program in programs:
        if not shutil.which(program):
            raise Skip(f'no {program}')


@case
def the_units_system_calls_suffice(b):
    """What dwdd calls from start to end is in the filter."""
    needs('systemd-analyze', 'strace')
    words = setting('SystemCallFilter')
    denied = calls_in(w.removeprefix('~') for w in words[words.index('~@resources'):])
    allowed = calls_in(words[:words.index('~@resources')]) - denied
    trace = b.path('calls')
    with daemon_by_way_of(b, f'strace -D -f -qq -e signal=none -o {trace}') as daemon:
        works(b, daemon)
    with open(trace, encoding='utf-8', errors='replace') as f:
        used = set(re.findall(r'^\d+ +([a-z_0-9]+)\(', f.read(), re.M))
    assert 'bpf' in used and 'pidfd_send_signal' in used, used
    equal(used - allowed, set(), 'calls that the filter denies')


@case
def exposure_of_the_units(b):
    needs('systemd-analyze')
    for name in ('dwdd.service', 'dwdd-release.service'):
        unit = os.path.join(b.build, 'units', name)
        if not os.path.exists(unit):
            raise Skip('built without units')
        done = subprocess.run(['systemd-analyze', '--no-pager', 'security', '--offline=true', '--threshold=30', unit],
                              check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding='utf-8')
        if 'unrecognized option' in done.stdout:
            raise Skip('systemd-analyze is too old')
        equal(done.returncode, 0, f'whether the exposure of {name} is below 3.0: {done.stdout[-200:]}')
