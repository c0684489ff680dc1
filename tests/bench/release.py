# SPDX-License-Identifier: GPL-2.0-or-later
"""Time and memory to hold many stopped processes, to list them and to release them.

For each number a daemon of its own. The peers see the same processes: ps(1) lists them by name; and
a bare loop of kill(SIGCONT) releases as many after the daemon has left them stopped, since most of
a release is that the kernel has thousands of processes run and end.
"""

import contextlib
import json
import os
import resource
import signal
import subprocess
import time

from common import (INTERFACE, call, children_time, median, print_table, ratio, spawned, spawning,
                    time_of)
from harness import until

REPEATS = 5
OTHER_FILES = 2000


def add_options(parser):
    parser.add_argument('--hold', type=int, nargs='+', default=[1, 10, 100, 1000, 10000, 20000],
                        metavar='N', help='how many to hold (1 10 100 1000 10000 20000)')


def timed(action, *arguments):
    start = time.monotonic()
    action(*arguments)
    return 1000 * (time.monotonic() - start)


def timed_command(*command):
    def run_command():
        subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    return median([timed(run_command) for _ in range(REPEATS)])


def list_processor_time(daemon, command):
    """Of one `dwd list`, in ms: the client's and the daemon's part."""
    daemon_before, before = time_of(daemon.process.pid), children_time()
    for _ in range(REPEATS):
        subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    return (1000 * (children_time() - before) / REPEATS,
            1000 * (time_of(daemon.process.pid) - daemon_before) / REPEATS)


def list_raw(connection):
    """ListStops to its last reply, as bytes."""
    connection.send(INTERFACE + 'ListStops', more=True)
    replies, rest = [], b''
    while not replies or b'"continues"' in replies[-1]:
        *whole, rest = (rest + connection.socket.recv(1 << 20)).split(b'\0')
        replies += whole
    return replies


def pids_of(connection):
    replies = map(json.loads, list_raw(connection))
    return [stop['pid'] for reply in replies for stop in reply['parameters']['stops']]


def memory_of(pid):
    """VmRSS, VmHWM and RssAnon in MiB."""
    with open(f'/proc/{pid}/status', encoding='utf-8') as f:
        fields = dict(line.split(':', 1) for line in f)
    return [int(fields[name].split()[0]) / 1024 for name in ('VmRSS', 'VmHWM', 'RssAnon')]


@contextlib.contextmanager
def holding(shop, connection, count, program):
    """The spawner with all it started stopped, and the ms that took."""
    start = time.monotonic()
    with spawning(shop, count, 0, program) as spawner:
        until(lambda: call(connection, 'Status')['status']['stops'] == count, 'all to be stopped', 120)
        yield spawner, 1000 * (time.monotonic() - start)


def release_all(connection, spawner):
    reply = timed(lambda: call(connection, 'Continue', all=True))
    return reply, reply + timed(spawned, spawner)


def release_bare(pids, spawner):
    def kill_all():
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
    return timed(kill_all) + timed(spawned, spawner)


def spawn_bare(shop, count, program):
    def spawn():
        with spawning(shop, count, 0, program) as spawner:
            spawned(spawner)
    return timed(spawn)


def measure(shop, count):
    """The rows of both tables for that many."""
    program, bare = shop.program('tiny'), shop.program('tiny')
    spawn = spawn_bare(shop, count, bare)
    with shop.daemon('--max-stopped', count, '--on-exit', 'keep') as daemon:
        daemon.watch(os.path.basename(program))
        connection = daemon.varlink()
        client = [shop.dwd_path, '--socket', daemon.socket]
        with holding(shop, connection, count, program) as (spawner, hold):
            memory = memory_of(daemon.process.pid)
            raw = median([timed(list_raw, connection) for _ in range(REPEATS)])
            as_json = timed_command(*client, '--json', 'list')
            as_table = timed_command(*client, 'list')
            used = list_processor_time(daemon, [*client, 'list'])
            ps = timed_command('ps', '-C', os.path.basename(program), '-o', 'pid,stat,uid,args')
            listed = memory_of(daemon.process.pid)
            reply, end = release_all(connection, spawner)
        with holding(shop, connection, count, program) as (spawner, _):
            pids = pids_of(connection)
            connection.close()
            daemon.end()
            bare_end = release_bare(pids, spawner)
    times = [f'{ms:.1f}' for ms in (hold, raw, as_json, as_table, *used, ps, reply, end, bare_end)]
    ratios = [ratio(hold, spawn), ratio(as_json, ps), ratio(end, bare_end)]
    sizes = [f'{mib:.1f}' for mib in (memory[0], listed[0], listed[1], listed[2])]
    return [count, *times], [count, *ratios, *sizes]


def possible(counts):
    """A stop takes a descriptor of the daemon's, and not everybody may raise the limit on those."""
    most = max(resource.getrlimit(resource.RLIMIT_NOFILE)[1] - OTHER_FILES, 1)
    if max(counts) > most:
        print(f'  {max(counts)} cannot be held here, by the limit on open files: {most} instead')
    return [min(count, most) for count in counts]


def run(shop, options):
    tables = zip(*(measure(shop, count) for count in possible(options.hold)))
    times, ratios = tables
    print_table(['ms', 'hold', 'list, wire', 'list --json', 'list', 'its processor time',
                 'the daemon\'s for it', 'ps', 'release, reply', 'release, all ended', 'bare kill loop, all ended'], times)
    print()
    print_table(['ratios; MiB', 'hold to bare spawn', 'list --json to ps', 'release to bare kill loop',
                 'RSS holding', 'RSS after lists', 'peak', 'of it anonymous'], ratios)
