# SPDX-License-Identifier: GPL-2.0-or-later
"""What all subjects use: private daemons, child processes that surely end, statistics, tables.

Daemons and the client come from the harness of the integration tests. Everything started here is
ended by leaving its `with`, whatever the reason.
"""

import contextlib
import os
import resource
import shutil
import signal
import statistics
import subprocess

import harness

INTERFACE = 'io.dwd.Watchdog.'
PIPELINE = 64  # calls under way at once


class Absent(Exception):
    """A peer that cannot be measured here, and why."""


@contextlib.contextmanager
def workshop(build, backend):
    """A harness.Bench: programs, unique names, scratch space, daemons."""
    shop = harness.Bench(build, backend)
    try:
        yield shop
    finally:
        shutil.rmtree(shop.scratch, ignore_errors=True)


@contextlib.contextmanager
def child(*command, output=subprocess.PIPE, **options):
    """A process with a session of its own; it and all it started are gone afterwards."""
    process = subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL,
                               stdout=output, stderr=subprocess.STDOUT, encoding='utf-8',
                               start_new_session=True, **options)
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if process.stdout:
            process.stdout.close()


@contextlib.contextmanager
def setting(path, value):
    """A file of /proc/sys holds `value` for a while."""
    with open(path, encoding='ascii') as f:
        before = f.read()
    with open(path, 'w', encoding='ascii') as f:
        f.write(value)
    try:
        yield
    finally:
        with open(path, 'w', encoding='ascii') as f:
            f.write(before)


def need(program):
    if not shutil.which(program):
        raise Absent('not installed')
    return program


def spawning(shop, count, limit, *command):
    """The spawner: `command` count times, at most limit of them alive (0: no limit)."""
    return child(os.path.join(shop.programs, 'spawner'), '-t', count, limit, *command)


def spawned(spawner):
    """What became of them, as the spawner counts it when all have ended."""
    words = spawner.communicate()[0].split()
    return {word: int(number) for word, number in zip(words[::2], words[1::2])}


def spawn_all(shop, count, *command):
    """Run `command` count times, one after the other."""
    with spawning(shop, count, 1, *command) as spawner:
        return spawned(spawner)


def call(connection, method, **parameters):
    reply = connection.call(INTERFACE + method, parameters)
    if 'error' in reply:
        raise RuntimeError(f'{method}: {reply}')
    return reply['parameters']


def watch_all(daemon, targets):
    """Add many watches by one connection, some calls ahead of their replies."""
    connection = daemon.varlink()
    waiting = 0
    for target in targets:
        connection.send(INTERFACE + 'Watch', {'target': target})
        waiting += 1
        if waiting == PIPELINE:
            check_replies(connection, waiting)
            waiting = 0
    check_replies(connection, waiting)
    connection.close()


def check_replies(connection, count):
    for _ in range(count):
        reply = connection.receive()
        if 'error' in reply:
            raise RuntimeError(f'Watch: {reply}')


def children_time():
    """Processor seconds of all children that have been waited for."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def time_of(pid):
    """Processor seconds of a process that lives."""
    with open(f'/proc/{pid}/stat', 'rb') as f:
        return sum(map(int, f.read().rpartition(b')')[2].split()[11:13])) / os.sysconf('SC_CLK_TCK')


def percentile(values, percent):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)]


def median(values):
    return statistics.median(values)


def ratio(value, base):
    return f'{value / base:.2f}' if base else '-'


def print_table(head, rows):
    """The first column to the left, numbers to the right."""
    lines = [[str(cell) for cell in line] for line in [head, *rows]]
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
    for line in lines:
        cells = [line[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(line[1:], widths[1:])]
        print('  ' + '  '.join(cells).rstrip(), flush=True)


def describe_machine():
    with open('/proc/cpuinfo', encoding='utf-8') as f:
        models = [line.partition(':')[2].strip() for line in f if line.startswith('model name')]
    with open('/proc/loadavg', encoding='ascii') as f:
        load = ' '.join(f.read().split()[:3])
    return f'kernel {os.uname().release}, {os.cpu_count()} CPUs ({models[0] if models else "?"}), load {load}'
