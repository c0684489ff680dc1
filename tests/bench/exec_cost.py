# SPDX-License-Identifier: GPL-2.0-or-later
"""BPF time per exec that nothing watches, all programs of one tool together.

The kernel's own statistics (bpf_stats_enabled) of the programs a process holds, read from its
fdinfo: time of all of them by runs of the one that sees each exec. So execs of others on the machine
count on both sides of the fraction. Each variant is alone on the machine while it is measured,
apart from the other users of it; rounds go over all variants in turn, and medians are compared.

The peers are a one-liner that asks one question of each exec, and a program that does nothing: its
time is that of the measurement itself, and comes with each program once. How many programs of dwd
there are for one exec depends on the backend.
"""

import contextlib
import os
import subprocess
import sys

from common import (Absent, child, median, need, print_table, ratio, setting, spawn_all,
                    watch_all)
from harness import until

PEER = 'bpftrace one-liner'
ONE_LINER = 'tracepoint:sched:sched_process_exec /comm == "zzz"/ { signal("SIGSTOP"); }'
STATISTICS = '/proc/sys/kernel/bpf_stats_enabled'
TRIES = 5
EMPTY = 'empty program'
NOTHING = 'tracepoint:sched:sched_process_exec { }'
PEERS = {EMPTY: NOTHING, PEER: ONE_LINER}
TRACING = '/sys/kernel/tracing'


def add_options(parser):
    parser.add_argument('--rounds', type=int, default=7, help='measurements of each variant (7)')
    parser.add_argument('--execs', type=int, default=1500, help='execs in each of them (1500)')
    parser.add_argument('--many', type=int, default=10000, help='what "many" watches are (10000)')
    parser.add_argument('--only', nargs='+', metavar='WATCHED',
                        help='as "1 NAME" "10000 PATH" (all there are)')


def names(count):
    return [f'absent{i}' for i in range(count)]


def paths(count, directory):
    """Files that exist, so that they are watched by what they are and not by path alone."""
    os.makedirs(directory, exist_ok=True)
    targets = [f'{directory}/file{i}' for i in range(count)]
    for target in targets:
        with open(target, 'w', encoding='ascii'):
            pass
    return targets


def directories(count, directory):
    targets = [f'{directory}/directory{i}/' for i in range(count)]
    for target in targets:
        os.makedirs(target, exist_ok=True)
    return targets


def variants(shop, many, only):
    by_path = paths(many, shop.path('files'))
    by_directory = directories(many, shop.path('directories'))
    result = {f'{n} NAME': names(n) for n in (0, 1, 100, many)}
    result |= {f'{n} PATH': by_path[:n] for n in (1, many)}
    result |= {f'{n} PATH/': by_directory[:n] for n in (1, many)}
    mixed = many // 3
    result[f'{3 * mixed} of each kind'] = names(mixed) + by_path[:mixed] + by_directory[:mixed]
    return {f'dwd, {name} watched': targets for name, targets in result.items()
            if not only or name in only}


def read_fields(path):
    with open(path, encoding='ascii') as f:
        return dict(line.split(':', 1) for line in f if ':' in line)


def programs_of(pid):
    """{program id: (ns, runs)} of the BPF programs a process holds, and which one sees each exec."""
    programs, on_exec = {}, None
    for fd in os.listdir(f'/proc/{pid}/fdinfo'):
        try:
            fields = read_fields(f'/proc/{pid}/fdinfo/{fd}')
        except FileNotFoundError:
            continue
        if 'run_time_ns' in fields:
            programs[int(fields['prog_id'])] = (int(fields['run_time_ns']), int(fields['run_cnt']))
        elif fields.get('tp_name', '').strip() == 'sched_process_exec':
            on_exec = int(fields['prog_id'])
    if on_exec is None and len(programs) == 1:
        on_exec = next(iter(programs))
    return programs, on_exec


def measure_once(shop, pid, execs, program):
    """ns and programs for one exec; None if programs or the statistics were not there all the time."""
    before, on_exec = programs_of(pid)
    if on_exec is None:
        raise Absent('holds no BPF program for exec')
    spawn_all(shop, execs, program)
    after, _ = programs_of(pid)
    if after.keys() != before.keys():
        return None
    time = sum(after[i][0] - before[i][0] for i in before)
    seen = after[on_exec][1] - before[on_exec][1]
    runs = sum(after[i][1] - before[i][1] for i in before)
    return (time / seen, runs / seen) if seen >= execs else None


def measure(shop, pid, execs, program):
    for _ in range(TRIES):
        with setting(STATISTICS, '1'):
            result = measure_once(shop, pid, execs, program)
        if result:
            return result
    raise RuntimeError(f'no whole measurement in {TRIES}: does somebody else turn off {STATISTICS}?')


@contextlib.contextmanager
def tracing_mounted():
    if os.path.exists(f'{TRACING}/events'):
        yield
        return
    subprocess.run(['mount', '-t', 'tracefs', 'tracefs', TRACING], check=True)
    try:
        yield
    finally:
        subprocess.run(['umount', TRACING], check=False)


@contextlib.contextmanager
def bpftrace(script):
    """From the moment its probe is attached; yields its pid."""
    command = [need('bpftrace'), '--unsafe', '-e', script]
    with tracing_mounted(), child(*command) as process:
        until(lambda: programs_of(process.pid)[1] is not None or process.poll() is not None,
              'bpftrace to attach', 60)
        if process.poll() is not None:
            raise Absent(process.stdout.read().strip().splitlines()[-1])
        yield process.pid


@contextlib.contextmanager
def watching(shop, targets):
    with shop.daemon() as daemon:
        watch_all(daemon, targets)
        yield daemon.process.pid


def one_round(shop, options, program, wanted, cost):
    for name, targets in wanted.items():
        with bpftrace(targets) if name in PEERS else watching(shop, targets) as pid:
            cost[name].append(measure(shop, pid, options.execs, program))


def peers(shop, program):
    """Those that can be measured here."""
    try:
        with bpftrace(ONE_LINER) as pid:
            measure(shop, pid, 100, program)
        return PEERS
    except Absent as reason:
        print(f'  {PEER}: {reason}')
        return {}


def run(shop, options):
    program = shop.program('tiny')
    wanted = peers(shop, program) | variants(shop, options.many, options.only)
    cost = {name: [] for name in wanted}
    for i in range(options.rounds):
        if sys.stderr.isatty():
            print(f'  round {i + 1} of {options.rounds}', end='\r', file=sys.stderr, flush=True)
        one_round(shop, options, program, wanted, cost)
    middle = {name: median([ns for ns, _ in values]) for name, values in cost.items()}
    base, one = middle.get(PEER, 0), middle.get('dwd, 1 NAME watched', 0)
    print_table(['', 'ns/exec', 'least', 'most', 'programs', 'to one-liner', 'to 1 NAME'],
                [[name, f'{middle[name]:.0f}', f'{min(values)[0]:.0f}', f'{max(values)[0]:.0f}',
                  f'{values[0][1]:.1f}', ratio(middle[name], base), ratio(middle[name], one)]
                 for name, values in cost.items()])
