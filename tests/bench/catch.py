# SPDX-License-Identifier: GPL-2.0-or-later
"""Of many runs of a program that lives under a millisecond, how many does each tool stop?

A run counts for dwd and pgrep if the program's own parent was told of the stop, for lldb if lldb
says it has the process. How many then ran to their end says whether it was let go again. One run of
a program that lives for two seconds shows that each peer is used as it should be.
"""

import contextlib
import os
import signal
import subprocess
import threading

from common import INTERFACE, Absent, child, need, print_table, spawn_all
from harness import until

PGREP_LOOP = 'while :; do pid=$(pgrep -x "$0") && kill -STOP $pid && kill -CONT $pid; done'
POLLING = 20    # ticks of CPU time after which a tool that polls is well under way
PATIENCE = 0.5  # seconds in which lldb tells of a process it has found, lets it go and ends
LONG = ('/bin/sleep', '2')


def add_options(parser):
    parser.add_argument('--runs', type=int, default=1000, help='runs for dwd and pgrep (1000)')
    parser.add_argument('--lldb-runs', type=int, default=12, help='runs for lldb (12)')


def release_whatever_stops(daemon, ready):
    """A client as simple as can be: let go of everything one is told of."""
    events, commands = daemon.varlink(), daemon.varlink()
    events.send(INTERFACE + 'Subscribe', {'follow': True}, more=True)
    events.receive()
    ready.set()
    while (message := events.receive()) is not None:
        for event in message['parameters']['events']:
            if event['event'] == 'stopped':
                commands.call(INTERFACE + 'Continue', {'ids': [event['stop']['id']]})


def by_dwd(shop, runs, program, *arguments):
    path = shop.program(program)
    ready = threading.Event()
    with shop.daemon() as daemon:
        daemon.watch(os.path.basename(path))
        client = threading.Thread(target=release_whatever_stops, args=(daemon, ready), daemon=True)
        client.start()
        ready.wait()
        counts = spawn_all(shop, runs, path, *arguments)
    client.join()
    return counts['stopped'], counts['exited'], runs


def cpu_ticks(pid):
    """Of a process and of the children it has waited for."""
    with open(f'/proc/{pid}/stat', 'rb') as f:
        return sum(map(int, f.read().rpartition(b')')[2].split()[11:15]))


def polls(pid):
    return cpu_ticks(pid) >= POLLING


def by_pgrep(shop, runs, program, *arguments):
    need('pgrep')
    path = shop.program(program)
    with child('/bin/sh', '-c', PGREP_LOOP, os.path.basename(path), output=subprocess.DEVNULL) as loop:
        until(lambda: polls(loop.pid), 'the loop to turn')
        counts = spawn_all(shop, runs, path, *arguments)
    # A program that lives on is found again and again.
    return min(counts['stopped'], runs), counts['exited'], runs


def children_of(parent):
    for pid in filter(str.isdigit, os.listdir('/proc')):
        with contextlib.suppress(OSError):
            with open(f'/proc/{pid}/stat', 'rb') as f:
                if int(f.read().rpartition(b')')[2].split()[1]) == parent:
                    yield int(pid)


@contextlib.contextmanager
def lldb_waiting(name):
    """lldb, from the moment its server polls for a process of that name."""
    command = [need('lldb'), '--no-lldbinit', '--batch', '-o',
               f'process attach --name {name} --waitfor', '-o', 'detach']
    with child(*command) as lldb:
        try:
            until(lambda: lldb.poll() is not None or any(map(polls, children_of(lldb.pid))),
                  'lldb to wait', 60)
            if lldb.poll() is not None:
                raise Absent(lldb.stdout.read().strip().splitlines()[-1])
            yield lldb
        finally:
            # The server has a session of its own, and polls for ever if lldb ends first.
            for pid in children_of(lldb.pid):
                os.kill(pid, signal.SIGKILL)


def lldb_caught(lldb):
    try:
        return 'stopped' in lldb.communicate(timeout=PATIENCE)[0]
    except subprocess.TimeoutExpired:
        return False


def by_lldb(shop, runs, program, *arguments):
    path = shop.program(program)
    caught = exited = done = 0
    while done < runs:
        with lldb_waiting(os.path.basename(path)) as lldb:
            while done < runs:
                exited += spawn_all(shop, 1, path, *arguments)['exited']
                done += 1
                if lldb_caught(lldb):
                    caught += 1
                    break
    return caught, exited, runs


def rows(shop, tool, measure, runs):
    try:
        for what, count, program in ((f'{tool}', runs, ('tiny',)), (f'{tool}, lives 2 s', 1, LONG)):
            caught, exited, runs = measure(shop, count, *program)
            yield [what, runs, caught, exited, f'{100 * caught / runs:.1f} %']
    except Absent as reason:
        yield [tool, '-', '-', '-', str(reason)]


def run(shop, options):
    tools = (('dwd', by_dwd, options.runs), ('pgrep loop', by_pgrep, options.runs),
             ('lldb --waitfor', by_lldb, options.lldb_runs))
    print_table(['', 'runs', 'stopped', 'ran to the end', ''],
                [row for tool in tools for row in rows(shop, *tool)])
