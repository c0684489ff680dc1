# SPDX-License-Identifier: GPL-2.0-or-later
"""How many programs a busy machine runs in a second, with dwd armed and without.

Nothing of what is run is watched. Each round is a storm of short programs, as many at a time as there
are processors and one more, once without and once with a daemon that has a thousand watches; the
ratio is taken round by round, since what else the machine does changes with time. A storm uses all
there is of the processors, so programs by processor time tell the same, less disturbed by others.
"""

import os
import time

from common import children_time, median, print_table, ratio, spawned, spawning, watch_all

WATCHES = 1000


def add_options(parser):
    parser.add_argument('--storms', type=int, default=11, help='rounds (11)')
    parser.add_argument('--programs', type=int, default=20000,
                        help='programs run in each (20000): of few, the daemon\'s start is a part')


def rate(shop, count, program):
    """Programs in a second, and in a second of processor time."""
    start, before = time.monotonic(), children_time()
    with spawning(shop, count, os.cpu_count() + 1, program) as spawner:
        spawned(spawner)
    return count / (time.monotonic() - start), count / (children_time() - before)


def armed_rate(shop, count, program):
    with shop.daemon() as daemon:
        watch_all(daemon, [f'absent{n}' for n in range(WATCHES)])
        return rate(shop, count, program)


def rows(what, without, armed):
    ratios = [a / b for a, b in zip(armed, without)]
    return [[f'{what}, without dwd', *(f'{f(without):.0f}' for f in (median, min, max)), '1.000'],
            [f'{what}, armed', *(f'{f(armed):.0f}' for f in (median, min, max)),
             f'{median(ratios):.3f}']]


def run(shop, options):
    program = shop.program('tiny')
    without, armed = [], []
    for i in range(options.storms):
        # What comes second has the warmer caches: take turns.
        turn = [(without, rate), (armed, armed_rate)]
        for rates, measure in turn if i % 2 else reversed(turn):
            rates.append(measure(shop, options.programs, program))
    before, after = (list(zip(*rates)) for rates in (without, armed))
    print_table(['programs', 'median', 'least', 'most', 'to without'],
                rows('a second', before[0], after[0]) +
                rows('a second of processor time', before[1], after[1]))
