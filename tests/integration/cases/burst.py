# SPDX-License-Identifier: GPL-2.0-or-later
"""Thousands of processes at once: none lost, none left."""

import os
import random
import re
import signal
import subprocess

from harness import SCALE, case, equal, state_of, until

SPAWNERS = 8
# Each stopped process costs memory and time; emulated machines have little of both.
TOTAL = int(os.environ.get('DWD_TEST_BURST', '10000'))


def share(part):
    """A part of the total that the spawners can share evenly."""
    return TOTAL // part // SPAWNERS * SPAWNERS


def start(b, program, total=TOTAL):
    assert total % SPAWNERS == 0, total
    return [b.run(os.path.join(b.programs, 'spawner'), total // SPAWNERS, 0, program)
            for _ in range(SPAWNERS)]


def finish(spawners):
    """Sum up what the spawners report of their children."""
    sums = {}
    for spawner in spawners:
        output, _ = spawner.communicate(timeout=600 * SCALE)
        equal(spawner.returncode, 0, f'a spawner: {output}')
        for word, number in re.findall(r'(\w+) (\d+)', output):
            sums[word] = sums.get(word, 0) + int(number)
    return sums


@case
def every_one_is_stopped_and_released(b):
    program = b.program()
    with b.daemon('--max-stopped', 20000) as daemon:
        watch = daemon.watch(program)
        spawners = start(b, program)
        until(lambda: daemon.json('status')['stops'] == TOTAL, f'{TOTAL} stops', 300)
        equal(daemon.counters(watch)['caught'], TOTAL, 'caught')
        equal(daemon.counters(watch)['skipped'], {}, 'skipped')
        until(lambda: all(s['state'] == 'stopped' for s in daemon.stops()), 'all to be stopped', 60)
        stops = daemon.stops()
        equal(len({s['pid'] for s in stops}), TOTAL, 'pids listed')
        equal({state_of(s['pid']) for s in stops}, {'T'}, 'states in /proc')
        daemon.dwd('continue', '--all', timeout=300)
        equal(finish(spawners)['exited'], TOTAL, 'ended well')
        equal(daemon.stops(), [], 'stops left')


@case
def over_the_limit_they_run(b):
    program = b.program()
    with b.daemon('--max-stopped', 100) as daemon:
        watch = daemon.watch(program)
        spawners = start(b, program)
        def counted():
            counters = daemon.counters(watch)
            return counters['caught'] + counters['skipped'].get('limit', 0) == TOTAL and counters
        counters = until(counted, 'all to be counted', 300)
        equal(counters['caught'], 100, 'caught')
        equal(counters['skipped'], {'limit': TOTAL - 100}, 'skipped')
        until(lambda: len(daemon.stops()) == 100, '100 stops')
        daemon.dwd('continue', '--all', timeout=120)
        equal(finish(spawners)['exited'], TOTAL, 'ended well')


@case
def others_interfere(b):
    """SIGCONT and SIGKILL from outside, at random, while the burst goes on."""
    dice = random.Random(7)
    total = share(5)
    program = b.program('/bin/true')
    with b.daemon('--max-stopped', 20000) as daemon:
        watch = daemon.watch(program)
        spawners = start(b, program, total)
        while any(s.poll() is None for s in spawners):
            stops = daemon.stops()
            if not stops and daemon.counters(watch)['caught'] == total:
                break
            for stop in dice.sample(stops, (len(stops) + 1) // 2):
                # The process may have ended, and its pid be another's by now: look first.
                if command_of(stop['pid']) != program:
                    continue
                try:
                    os.kill(stop['pid'], dice.choice([signal.SIGCONT, signal.SIGKILL]))
                except ProcessLookupError:
                    pass
        sums = finish(spawners)
        equal(sums['exited'] + sums['killed'], total, 'ended')
        equal(daemon.counters(watch)['caught'], total, 'caught')
        until(lambda: daemon.stops() == [], 'the list to become empty', 60)
        equal(daemon.json('status')['stops'], 0, 'stops in the status')
        equal(subprocess.run(['pgrep', '-f', program], check=False).returncode, 1, 'processes left')


def in_state_t(comm):
    """How many processes of that name are stopped, by /proc alone."""
    count = 0
    for pid in filter(str.isdigit, os.listdir('/proc')):
        try:
            with open(f'/proc/{pid}/stat', encoding='utf-8', errors='replace') as f:
                count += f'({comm}) T' in f.read(64)
        except (FileNotFoundError, ProcessLookupError):
            pass
    return count


def command_of(pid):
    try:
        with open(f'/proc/{pid}/cmdline', 'rb') as f:
            return f.read().split(b'\0')[0].decode()
    except (FileNotFoundError, ProcessLookupError):
        return None


@case
def nothing_is_lost_when_the_daemon_is_slow(b):
    """The daemon itself is stopped during the burst; the map knows what the ring could not hold."""
    total = share(2)
    program = b.program()
    with b.daemon('--max-stopped', 20000, '--fail-open-after', 0) as daemon:
        daemon.watch(program)
        os.kill(daemon.process.pid, signal.SIGSTOP)
        spawners = start(b, program, total)
        until(lambda: in_state_t(os.path.basename(program)) == total, 'all to be stopped', 300)
        os.kill(daemon.process.pid, signal.SIGCONT)
        until(lambda: daemon.json('status')['stops'] == total, 'the daemon to catch up', 60)
        daemon.dwd('continue', '--all', timeout=300)
        equal(finish(spawners)['exited'], total, 'ended well')


@case
def orderly_end_releases_all(b):
    program = b.program()
    total = 1000
    with b.daemon('--max-stopped', 20000) as daemon:
        daemon.watch(program)
        spawners = start(b, program, total)
        until(lambda: daemon.json('status')['stops'] > total // 2, 'some to be stopped', 60)
        equal(daemon.stop(), 0, 'exit status of dwdd')
        equal(finish(spawners)['exited'], total, 'ended well')


