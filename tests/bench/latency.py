# SPDX-License-Identifier: GPL-2.0-or-later
"""From exec to the event at a client that listens, and what of it is not dwd's.

Each turn spawns a program that nothing watches and waits for its end: the floor, what a process
costs on this machine at this moment. Then it spawns a watched one and waits for its event, by the
clock in which the kernel side stamps a stop. The client is this script; its own time is included.
"""

import datetime
import gc
import os
import signal
import time

from common import INTERFACE, call, median, percentile, print_table, ratio


def add_options(parser):
    parser.add_argument('--stops', type=int, default=1000, help='how many turns (1000)')
    parser.add_argument('--pause', type=float, default=3, help='ms between them (3)')


def now():
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def spawn(program):
    return os.posix_spawn(program, [program], os.environ)


def seconds_since_boot(text):
    """An RFC 3339 time of the daemon's as CLOCK_BOOTTIME."""
    realtime = datetime.datetime.fromisoformat(text.replace('Z', '+00:00')).timestamp()
    return realtime - (time.time() - now())


def bare_turn(program):
    start = now()
    os.waitpid(spawn(program), 0)
    return now() - start


def watched_turn(events, commands, program):
    """Spawn, await the event, let go: seconds from spawn and from the kernel's record to the event."""
    start = now()
    pid = spawn(program)
    try:
        event = events.receive()['parameters']['events'][0]
        end = now()
        while event['event'] != 'stopped':
            event = events.receive()['parameters']['events'][0]
            end = now()
        recorded = seconds_since_boot(event['stop']['since'])
        call(commands, 'Continue', ids=[event['stop']['id']])
    except BaseException:
        os.kill(pid, signal.SIGKILL)
        raise
    finally:
        os.waitpid(pid, 0)
    return end - start, end - recorded, now() - start


def row(what, seconds, floor):
    micro = [1e6 * s for s in seconds]
    return [what, f'{median(micro):.0f}', f'{percentile(micro, 99):.0f}', f'{max(micro):.0f}',
            ratio(median(micro), 1e6 * floor)]


def run(shop, options):
    watched, bare = shop.program('tiny'), shop.program('tiny')
    floor, turns = [], []
    with shop.daemon() as daemon:
        daemon.watch(os.path.basename(watched))
        events, commands = daemon.varlink(), daemon.varlink()
        events.send(INTERFACE + 'Subscribe', {'follow': True}, more=True)
        events.receive()
        gc.disable()
        for _ in range(options.stops):
            floor.append(bare_turn(bare))
            turns.append(watched_turn(events, commands, watched))
            time.sleep(options.pause / 1000)
        gc.enable()
    to_event, from_record, whole = zip(*turns)
    base = median(floor)
    print_table(['microseconds', 'median', 'p99', 'most', 'to floor'], [
        row('spawn to end, nothing watched (floor)', floor, base),
        row('kernel\'s record to event', from_record, base),
        row('spawn to event', to_event, base),
        row('spawn to event to release to end', whole, base)])
