# SPDX-License-Identifier: GPL-2.0-or-later
"""The daemon is killed, and another takes over.

Nothing may be lost or done twice: the watches are those that clients were told of, every stopped
process is listed, every exec that matched was stopped or skipped for a reason, none was stopped
without an entry.
"""

import contextlib
import os
import random
import shutil
import subprocess
import threading

from harness import SCALE, Skip, case, equal, state_of, until

ROUNDS = int(os.environ.get('DWD_TEST_KILLS', '12'))
LONGEST_ROUND = 0.15  # seconds from a daemon's start to its death
MOST_IN_A_ROUND = 100
MOST_STOPPED = 50     # beyond, all are released after a round


class Storm:
    """What clients and processes do while the daemon is killed, and what must be true afterwards."""

    def __init__(self, b, daemon, rng):
        self.b, self.daemon, self.rng = b, daemon, rng
        self.watched, self.other = b.program(), b.program()
        self.watch = daemon.watch(self.watched)
        self.watches = {self.watch}  # of which it was said that they are there
        self.perhaps = set()         # one that was to be removed: it may be there
        self.started = 0             # execs of the watched program
        self.alive = {}              # pid -> child
        self.ids = {}                # pid -> stop id, once seen
        self.released = set()        # pids whose release was answered
        self.over = threading.Event()

    def spawn(self):
        """Execs, watched and not, until the round is over."""
        for _ in range(MOST_IN_A_ROUND):
            if self.over.is_set():
                break
            child = subprocess.Popen([self.watched], start_new_session=True, stdin=subprocess.DEVNULL)
            self.b.children.append(child)
            self.alive[child.pid] = child
            self.started += 1
            subprocess.run([self.other], check=True)

    def add_watch(self, client):
        target = self.b.unique('w')
        reply = client.call('io.dwd.Watchdog.Watch', {'target': target, 'args': ['x' * 200, 'y' * 200]})
        if reply:
            self.watches.add(reply['parameters']['watch']['id'])

    def remove_watch(self, client):
        others = sorted(self.watches - {self.watch})
        if not others:
            return
        chosen = self.rng.choice(others)
        self.watches.discard(chosen)
        self.perhaps.add(chosen)
        if client.call('io.dwd.Watchdog.Unwatch', {'id': chosen}):
            self.perhaps.discard(chosen)

    def release(self, client):
        stops = self.list_stops(client)
        for stop in self.rng.sample(stops, min(len(stops), 3)):
            if client.call('io.dwd.Watchdog.Continue', {'ids': [stop['id']]}):
                self.released.add(stop['pid'])

    @staticmethod
    def list_stops(client):
        reply = client.call('io.dwd.Watchdog.ListStops')
        return [s for s in reply['parameters']['stops'] if s['state'] == 'stopped'] if reply else []

    def command(self):
        """A client's calls, one after another, until the daemon is gone."""
        try:
            client = self.daemon.varlink()
        except OSError:
            return
        while not self.over.is_set():
            try:
                self.rng.choice((self.add_watch, self.remove_watch, self.release))(client)
            except (BrokenPipeError, ConnectionResetError):
                break
        client.close()

    def attach(self):
        """Debuggers that take a stop and let go of it."""
        while not self.over.is_set():
            self.daemon.dwd('--no-start', 'attach', '--timeout', 1, '--debugger', '/bin/true {pid}', status=None)

    def round(self):
        """Kill the daemon somewhere in the storm, and start another."""
        self.over.clear()
        threads = [threading.Thread(target=f) for f in (self.spawn, self.command, self.attach)]
        for thread in threads:
            thread.start()
        # Not a wait for anything: the moment is what is tried.
        self.over.wait(self.rng.uniform(0, LONGEST_ROUND * SCALE))
        self.daemon.kill()
        if self.rng.random() < 0.5:
            self.daemon.start()
            self.over.set()
        else:
            self.over.set()
            self.daemon.start()
        for thread in threads:
            thread.join()

    def reap(self):
        for pid, child in list(self.alive.items()):
            if child.poll() is not None:
                equal(child.returncode, 0, f'exit status of {pid}')
                del self.alive[pid]
                # The number may come back, as another process's.
                self.ids.pop(pid, None)
                self.released.discard(pid)

    def is_settled(self):
        """Every process that lives is stopped and listed: one whose release was under way has ended."""
        stops = self.daemon.stops()
        self.reap()
        return {s['pid'] for s in stops if s['state'] == 'stopped'} == set(self.alive)

    def check(self):
        with contextlib.suppress(AssertionError):  # the next line says more
            until(self.is_settled, 'what lives to be listed')
        stops = self.daemon.stops()
        equal(sorted(s['pid'] for s in stops), sorted(self.alive), 'stopped processes listed')
        for stop in stops:
            equal(state_of(stop['pid']), 'T', 'state')
            equal(self.ids.setdefault(stop['pid'], stop['id']), stop['id'], 'the id of a stop')
            equal(stop.get('claimed_by'), None, 'claim')
        for pid in self.released:
            equal(pid in self.alive, False, 'a released process lives')
        watches = {w['id'] for w in self.daemon.json('watches')}
        equal(self.watches - watches, set(), 'watches lost')
        unknown = watches - self.watches - self.perhaps
        if len(unknown) > 1:  # one may have been added without an answer
            raise AssertionError(f'watches nobody was told of: {unknown}')
        self.watches = watches
        self.perhaps.clear()
        counters = self.daemon.counters(self.watch)
        equal(counters['skipped'], {}, 'skipped')
        equal(counters['caught'], self.started, 'every exec was caught, and once')
        if len(stops) > MOST_STOPPED:
            self.daemon.release_all()
            until(lambda: self.reap() or not self.alive, 'all to end')


@case
def killed_at_random(b):
    seed = int(os.environ.get('DWD_TEST_SEED', random.randrange(1 << 32)))
    print(f'# seed {seed}, {ROUNDS} rounds', flush=True)
    with b.daemon('--max-stopped', 5000, '--fail-open-after', 600) as daemon:
        storm = Storm(b, daemon, random.Random(seed))
        for number in range(ROUNDS):
            storm.round()
            try:
                storm.check()
            except AssertionError as error:
                raise AssertionError(f'seed {seed}, round {number}: {error}') from error
        daemon.release_all()
        until(lambda: storm.reap() or not storm.alive, 'all to end')


def traced(pid):
    with open(f'/proc/{pid}/status', encoding='ascii') as f:
        return 'TracerPid:\t0\n' not in f.read()


@contextlib.contextmanager
def killed_before(b, daemon, call, step):
    """The daemon is killed before the step-th time that it makes this system call."""
    strace = b.run('strace', '-qq', '-o', '/dev/null', '-e',
                   f'inject={call}:signal=SIGKILL:when={step}', '-p', daemon.process.pid)
    until(lambda: traced(daemon.process.pid), 'strace')
    try:
        yield daemon.varlink()
    finally:
        strace.terminate()
        strace.wait(20 * SCALE)


def steps_of(b, daemon, system_call, call, check, prepare=lambda: None):
    """Do something again and again, killing the daemon ever later in it, until it lives."""
    for step in range(1, 100):
        prepare()
        with killed_before(b, daemon, system_call, step) as client:
            reply = call(client)
        daemon.kill()  # dead or not
        daemon.start()
        check(reply)
        if reply and 'error' not in reply:
            return step
    raise AssertionError('it does not end')


def need_strace():
    if not shutil.which('strace'):
        raise Skip('no strace')


@case
def killed_at_each_step_of_a_watch(b):
    """It is there as it was asked for, or not at all."""
    need_strace()
    args = [c * 250 for c in 'abcd']
    target = b.unique()
    with b.daemon('--fail-open-after', 600) as daemon:
        def add(client):
            return client.call('io.dwd.Watchdog.Watch', {'target': target, 'args': args})

        def check(reply):
            watches = daemon.json('watches')
            equal([w['args'] for w in watches], [args] * len(watches), 'arguments')
            assert len(watches) == 1 if reply else len(watches) <= 1, (reply, watches)
            ids.extend(w['id'] for w in watches)
            if not reply:
                daemon.dwd('unwatch', '--all')

        def remove(client):
            return client.call('io.dwd.Watchdog.Unwatch', {'id': ids[-1]})

        def check_removed(reply):
            watches = daemon.json('watches')
            equal([w['args'] for w in watches], [args] * len(watches), 'arguments')
            assert not (reply and watches), (reply, watches)
            if not watches and not reply:
                ids.append(daemon.watch(*(word for arg in args for word in ('--arg', arg)), target))

        ids = []
        steps = steps_of(b, daemon, 'bpf', add, check)
        assert steps > 5, f'a watch took {steps} steps'
        equal(ids, sorted(set(ids)), 'ids')
        steps = steps_of(b, daemon, 'bpf', remove, check_removed)
        assert steps > 5, f'an unwatch took {steps} steps'


@case
def killed_at_each_step_of_a_release(b):
    """It runs, or it is stopped and listed."""
    need_strace()
    program = b.program()
    children, stops = [], []
    with b.daemon('--fail-open-after', 600) as daemon:
        daemon.watch('--max-stopped', 1, program)

        def stop():
            if not children or children[-1].poll() is not None:
                children.append(b.run(program))
            stops[:] = until(lambda: [s for s in daemon.stops() if s['state'] == 'stopped'], 'the stop')
            equal([s['pid'] for s in stops], [children[-1].pid], 'pid')

        def release(client):
            return client.call('io.dwd.Watchdog.Continue', {'ids': [stops[0]['id']]})

        def check(reply):
            child = children[-1]
            until(lambda: child.poll() is not None or
                  [s['pid'] for s in daemon.stops() if s['state'] == 'stopped'] == [child.pid],
                  'it to be listed or to end')
            assert child.poll() == 0 or not reply, (child.poll(), reply)

        for call in ('bpf', 'pidfd_send_signal', 'sendto'):
            steps = steps_of(b, daemon, call, release, check, stop)
            assert steps > 1, f'a release took {steps} steps of {call}'
