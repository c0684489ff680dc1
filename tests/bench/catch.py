# SPDX-License-Identifier: GPL-2.0-or-later
"""Of many runs of a program that lives under a millisecond, how many does each tool stop?

A run counts if the tool says so: dwd by its event, which it sends once it has seen the process
stopped; the pgrep loop if it could send SIGSTOP to what it had found (to a zombie too); lldb if it
has the process. The program's own parent is no witness: a stop that is over before it asks is not
reported to it. How many then ran to their end says whether all were let go. One run of a program
that lives for two seconds shows that each tool is used as it should be.
"""

import contextlib
import os
import signal
import subprocess
import tempfile
import threading

from common import INTERFACE, Absent, child, need, print_table, spawn_all
from harness import until

PGREP_LOOP = ('while :; do pid=$(pgrep -x "$0") && kill -STOP $pid && echo $pid && kill -CONT $pid;'
              ' done 2>/dev/null')
POLLING = 20    # ticks of CPU time after which a tool that polls is well under way
PATIENCE = 0.5  # seconds in which lldb tells of a process it has found, lets it go and ends
LONG = ('/bin/sleep', '2')


def add_options(parser):
    parser.add_argument('--runs', type=int, default=1000, help='runs for dwd and pgrep (1000)')
    parser.add_argument('--lldb-runs', type=int, default=12, help='runs for lldb (12)')


def release_whatever_stops(daemon, ready, stopped):
    """A client as simple as can be: let go of everything one is told of, and note its id."""
    events, commands = daemon.varlink(), daemon.varlink()
    events.send(INTERFACE + 'Subscribe', {'follow': True}, more=True)
    events.receive()
    ready.set()
    while (message := events.receive()) is not None:
        for event in message['parameters']['events']:
            if event['event'] == 'stopped':
                stopped.add(event['stop']['id'])
                commands.call(INTERFACE + 'Continue', {'ids': [event['stop']['id']]})


def by_dwd(shop, runs, program, *arguments):
    path = shop.program(program)
    ready, stopped = threading.Event(), set()
    with shop.daemon() as daemon:
        daemon.watch(os.path.basename(path))
        client = threading.Thread(target=release_whatever_stops, args=(daemon, ready, stopped),
                                  daemon=True)
        client.start()
        ready.wait()
        counts = spawn_all(shop, runs, path, *arguments)
    client.join()
    return len(stopped), counts['exited']


def cpu_ticks(pid):
    """Of a process and of the children it has waited for."""
    with open(f'/proc/{pid}/stat', 'rb') as f:
        return sum(map(int, f.read().rpartition(b')')[2].split()[11:15]))


def polls(pid):
    return cpu_ticks(pid) >= POLLING


def by_pgrep(shop, runs, program, *arguments):
    need('pgrep')
    path = shop.program(program)
    with tempfile.TemporaryFile('w+') as found:
        with child('/bin/sh', '-c', PGREP_LOOP, os.path.basename(path), output=found) as loop:
            until(lambda: polls(loop.pid), 'the loop to turn')
            counts = spawn_all(shop, runs, path, *arguments)
        found.seek(0)
        return len(set(found)), counts['exited']


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
    return caught, exited


def rows(shop, tool, measure, runs):
    try:
        for what, count, program in ((tool, runs, ('tiny',)), (f'{tool}, lives 2 s', 1, LONG)):
            caught, exited = measure(shop, count, *program)
            yield [what, count, caught, exited, f'{100 * caught / count:.1f} %']
    except Absent as reason:
        yield [tool, '-', '-', '-', str(reason)]


def run(shop, options):
    tools = (('dwd', by_dwd, options.runs), ('pgrep loop', by_pgrep, options.runs),
             ('lldb --waitfor', by_lldb, options.lldb_runs))
    print_table(['', 'runs', 'stopped', 'ran to the end', ''],
                [row for tool in tools for row in rows(shop, *tool)])
