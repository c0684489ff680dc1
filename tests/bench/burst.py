# SPDX-License-Identifier: GPL-2.0-or-later
"""As many stops at once as the machine can make: is each of them announced?

A client subscribes, then thousands of watched programs are started one after the other and stay
stopped. The client counts events until it has heard of each, or of losses; the daemon is asked how
many it holds. Beside it the same programs are started unwatched: what the machine can do at most.
"""

import os
import time

from common import INTERFACE, call, print_table, ratio, spawned, spawning


def add_options(parser):
    parser.add_argument('--stopped', type=int, default=10000, help='how many (10000)')


def await_events(events, count):
    """How many stops were told of, how many events the daemon says were lost."""
    told = lost = 0
    while told + lost < count:
        for event in events.receive()['parameters']['events']:
            told += event['event'] == 'stopped'
            lost += event.get('lost', 0)
    return told, lost


def bare(shop, count):
    start = time.monotonic()
    with spawning(shop, count, 0, shop.program('tiny')) as spawner:
        spawned(spawner)
    return count / (time.monotonic() - start)


def run(shop, options):
    count, program = options.stopped, shop.program('tiny')
    floor = bare(shop, count)
    with shop.daemon('--max-stopped', count) as daemon:
        daemon.watch(os.path.basename(program))
        events, commands = daemon.varlink(), daemon.varlink()
        events.send(INTERFACE + 'Subscribe', {'follow': True}, more=True)
        events.receive()
        start = time.monotonic()
        with spawning(shop, count, 0, program) as spawner:
            told, lost = await_events(events, count)
            rate = count / (time.monotonic() - start)
            held = call(commands, 'Status')['status']['stops']
            call(commands, 'Continue', all=True)
            ended = spawned(spawner)['exited']
    print_table(['', 'a second', 'to bare', 'announced', 'lost events', 'held', 'ran to the end'], [
        ['bare spawns', f'{floor:.0f}', '1.00', '-', '-', '-', count],
        ['stops', f'{rate:.0f}', ratio(rate, floor), told, lost, held, ended]])
