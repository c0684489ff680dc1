# SPDX-License-Identifier: GPL-2.0-or-later
"""How long dwdd takes until it is ready, and `dwd list` from start to exit with ten stops.

Ready is when dwdd says so, which is when its socket is there. Processor time stands beside the time
that passes, since on a machine that does something else as well only that is dwd's own. The peers
are bpftrace until it has attached one program, and ps.
"""

import contextlib
import os
import subprocess
import time

from common import Absent, children_time, median, print_table, ratio, time_of
from exec_cost import ONE_LINER, bpftrace
from release import holding

HELD = 10


def add_options(parser):
    parser.add_argument('--starts', type=int, default=11, help='how often (11)')


def start_daemon(shop):
    start = time.monotonic()
    with shop.daemon() as daemon:
        return time.monotonic() - start, time_of(daemon.process.pid)


def start_bpftrace(_shop):
    start = time.monotonic()
    with bpftrace(ONE_LINER) as pid:
        return time.monotonic() - start, time_of(pid)


def run_command(*command):
    before, start = children_time(), time.monotonic()
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    return time.monotonic() - start, children_time() - before


def row(what, samples, peer=None):
    elapsed, used = ([1000 * x for x in column] for column in zip(*samples))
    base = median([1000 * x for x, _ in peer]) if peer else 0
    return [what, f'{median(elapsed):.1f}', f'{min(elapsed):.1f}', f'{max(elapsed):.1f}',
            f'{median(used):.1f}', ratio(median(elapsed), base) if peer else '1.00']


def starts(shop, options):
    own, peer = [], []
    for _ in range(options.starts):
        own.append(start_daemon(shop))
        with contextlib.suppress(Absent):
            peer.append(start_bpftrace(shop))
    return [row('dwdd to ready', own, peer)] + ([row('bpftrace to attached', peer)] if peer else [])


def lists(shop, options):
    program = shop.program('tiny')
    own, peer = [], []
    with shop.daemon() as daemon:
        daemon.watch(os.path.basename(program))
        connection = daemon.varlink()
        with holding(shop, connection, HELD, program):
            for _ in range(options.starts):
                own.append(run_command(shop.dwd_path, '--socket', daemon.socket, 'list'))
                peer.append(run_command('ps', '-C', os.path.basename(program)))
    return [row(f'dwd list, {HELD} stops', own, peer), row('ps -C', peer)]


def run(shop, options):
    print_table(['ms', 'median', 'least', 'most', 'processor', 'to peer'],
                starts(shop, options) + lists(shop, options))
