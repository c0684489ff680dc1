# SPDX-License-Identifier: GPL-2.0-or-later
"""Mixed load for as long as one likes, after which the daemon holds no more than before.

    DWD_TEST_SOAK=1800 tests/integration/run soak       half an hour
"""

import json
import os
import random
import subprocess
import time

from harness import case, equal, until

SECONDS = int(os.environ.get('DWD_TEST_SOAK', '10'))
PROCESSES = 48
EVENTS_KEPT = 4096
# What an allocator may keep after a moment of many stops; a leak of 100 bytes a stop is more.
SLACK_KIB = 512


def spawner(b, program):
    return b.run(os.path.join(b.programs, 'spawner'), PROCESSES, 0, program)


def entries(daemon):
    """Of the lasting maps, by name."""
    pinned = daemon.json('status')['pinned']
    counts = {}
    for name in ('stops', 'texts', 'exempt'):
        dump = subprocess.run(['bpftool', '-j', 'map', 'dump', 'pinned', os.path.join(pinned, name)],
                              check=True, capture_output=True)
        counts[name] = len(json.loads(dump.stdout))
    return counts


def held(daemon):
    """What a daemon that leaks would hold more of: memory in KiB, descriptors, watches."""
    # The rule of a watch that ended with its client stays for a second or two.
    until(lambda: entries(daemon) == {'stops': 0, 'texts': 1, 'exempt': 0}, 'one watch to be left', 60)
    pid = daemon.process.pid
    with open(f'/proc/{pid}/status', encoding='ascii') as f:
        memory = next(int(line.split()[1]) for line in f if line.startswith('VmRSS'))
    return memory, len(os.listdir(f'/proc/{pid}/fd')), len(daemon.json('watches'))


class Load:
    """One of everything that clients and processes do to a daemon."""

    def __init__(self, b, daemon):
        self.b, self.daemon = b, daemon
        self.rng = random.Random(11)
        self.watched, self.other = b.program(), b.program()
        daemon.watch(self.watched)

    def watches(self, client):
        """Come and go, with every kind of target and what narrows them."""
        for rule in ({'target': self.b.unique('n')}, {'target': self.b.path(self.b.unique('p'))},
                     {'target': self.b.path(self.b.unique('d')) + '/'},
                     {'target': self.b.unique('a'), 'args': ['*x*', 'y'], 'skip': 3, 'count': 5},
                     {'target': self.b.unique('u'), 'under': os.getpid(), 'setenv': ['A=1']}):
            added = client.call('io.dwd.Watchdog.Watch', rule)['parameters']['watch']
            client.call('io.dwd.Watchdog.Unwatch', {'id': added['id']})

    def own_watch(self):
        """Ends with its connection, and so does a claim."""
        client = self.daemon.varlink()
        client.call('io.dwd.Watchdog.Watch', {'target': self.b.unique('o'), 'own': True})
        client.call('io.dwd.Watchdog.Claim', {'name': os.path.basename(self.watched)})
        client.close()

    def follower(self):
        """Leaves in the middle of what it is told."""
        client = self.daemon.varlink()
        client.send('io.dwd.Watchdog.Subscribe', {'replay': True, 'follow': True}, more=True)
        client.receive()
        return client

    def end_stops(self, client):
        """Some are killed, some released, the rest all at once."""
        ids = [stop['id'] for stop in self.daemon.stops()]
        self.rng.shuffle(ids)
        client.call('io.dwd.Watchdog.Kill', {'ids': ids[:PROCESSES // 4]})
        client.call('io.dwd.Watchdog.Continue', {'ids': ids[PROCESSES // 4:PROCESSES // 2]})
        self.daemon.dwd('continue', '--all', status=None)

    def round(self):
        client, follower = self.daemon.varlink(), self.follower()
        spawners = [spawner(self.b, self.watched), spawner(self.b, self.other)]
        self.watches(client)
        until(lambda: self.daemon.json('status')['stops'] == PROCESSES,
              f'{PROCESSES} stops, with {self.daemon.counters(1)} before')
        self.own_watch()
        until(lambda: all(s['state'] == 'stopped' for s in self.daemon.stops()), 'all to be stopped')
        self.end_stops(client)
        for process in spawners:
            process.communicate(timeout=300)
            self.b.children.remove(process)
        client.close()
        follower.close()
        until(lambda: not self.daemon.stops(), 'no stop to be left')

    def until(self, end):
        rounds = 0
        while time.monotonic() < end:
            self.round()
            rounds += 1
        return rounds


@case
def holds_no_more_than_before(b):
    # Half an hour on a machine that is itself kept waiting is not without a pause of ten seconds.
    with b.daemon('--fail-open-after', 0) as daemon:
        load = Load(b, daemon)
        # A third is for what is allocated once: the highest number of stops, and events until as many
        # are kept as ever, of which each stop makes two at least.
        rounds = load.until(time.monotonic() + SECONDS / 3)
        while 2 * PROCESSES * rounds < EVENTS_KEPT:
            load.round()
            rounds += 1
        memory, descriptors, watches = held(daemon)
        rounds = load.until(time.monotonic() + 2 * SECONDS / 3)
        assert rounds > 0, 'no time for a round'
        grown = held(daemon)[0] - memory
        # The connection of a client that has just ended may still be counted.
        until(lambda: held(daemon)[1] <= descriptors, f'no more than {descriptors} descriptors to be held')
        equal(held(daemon)[2], watches, 'watches')
        assert grown <= SLACK_KIB, f'{grown} KiB more after {rounds} rounds of {PROCESSES} stops'
        equal(daemon.counters(1)['caught'] % PROCESSES, 0, 'caught, of full rounds')
