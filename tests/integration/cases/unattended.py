# SPDX-License-Identifier: GPL-2.0-or-later
"""Where nobody sits at a terminal: CI, containers."""

import json
import os
import subprocess

from harness import SCALE, case, equal, state_of, until


@case
def from_nothing_to_nothing(b):
    """No daemon, no terminal: one is started, nothing asks, the status counts, and it is gone again."""
    program = b.program('/bin/true')
    environment = {'PATH': os.environ['PATH'], 'DWD_SOCKET': b.path('ci.sock'),
                   'DEBUGINFOD_URLS': 'http://127.0.0.1:1/'}

    def dwd(*words):
        return subprocess.run([b.dwd_path, *words], env=environment, stdin=subprocess.DEVNULL, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120 * SCALE, check=False,
                              start_new_session=True)

    script = b.path('script.gdb')
    # What gdb would ask about: pages, deleting all breakpoints, a breakpoint in no library yet.
    with open(script, 'w', encoding='utf-8') as f:
        f.write('break no_such_function\ndelete\nhelp info\npython print("it is", gdb.selected_inferior().pid)\n'
                'continue\npython gdb.execute("quit 5")\n')
    equal(dwd('watch', program).returncode, 0, 'exit status')
    daemon = json.loads(dwd('--json', 'status').stdout)['pid']
    child = b.run(program)
    done = dwd('attach', '--gdb', '--timeout', '60', '--', '-nx', '-batch', '-x', script)
    equal(done.returncode, 5, f'exit status: {done.stderr}')
    assert f'it is {child.pid}' in done.stdout and 'exited normally' in done.stdout, done.stdout
    for question in ('(y or n)', '(y or [n])', '<RET>'):
        assert question not in done.stdout + done.stderr, (question, done.stdout, done.stderr)
    equal(child.wait(20), 0, 'exit status')
    equal(dwd('attach', '--gdb', '--timeout', '50ms', '--', '-batch').returncode, 124, 'without a stop')
    dwd('unwatch', '--all')
    until(lambda: state_of(daemon) in (None, 'Z'), 'the daemon to end', 60)


@case
def run_without_a_daemon(b):
    """`dwd run` alone: the daemon it starts has nothing left to watch when it ends."""
    program = b.program()
    environment = {**os.environ, 'DWD_SOCKET': b.path('run.sock')}
    client = b.run(b.dwd_path, 'run', '--watch', program, '--log-dir', b.path('run-logs'), '--', program, '4',
                   env=environment)
    output, _ = client.communicate(timeout=120 * SCALE)
    equal(client.returncode, 4, f'exit status: {output}')
    assert '"status":0' in output, output
    daemon = json.loads(subprocess.run([b.dwd_path, '--json', 'status'], env=environment, check=True,
                                       stdout=subprocess.PIPE).stdout)
    equal((daemon['watches'], daemon['stops']), (0, 0), 'what is left')
    until(lambda: state_of(daemon['pid']) in (None, 'Z'), 'the daemon to end', 60)


@case
def pid_namespace_of_its_own(b):
    """In a container dwd works by the pids there, and what runs outside is not touched."""
    program = b.program('/bin/true')
    outside = b.run('sh', '-c', f'while [ ! -e {b.path("end")} ]; do {program} || exit 9; done')
    script = b.script(f'''#!/bin/sh
dwd="{b.dwd_path} --socket {b.path('inner.sock')}"
$dwd watch {program} || exit 1
{program} & child=$!
$dwd wait --timeout 60 {program} || exit 2
[ "$($dwd --json list | grep -c "\\"pid\\":$child,")" = 1 ] || exit 3
$dwd attach --gdb --timeout 60 -- -nx -batch -ex continue || exit 4
wait $child || exit 5
$dwd unwatch --all
$dwd run --watch {program} --each --debugger 'strace -o /dev/null -p {{pid}}' -- sh -c '{program}; exit 7'
[ $? = 7 ] || exit 6
[ "$($dwd --json status | grep -c '"caught":2,')" = 1 ] || exit 7
''')
    done = subprocess.run(['unshare', '--pid', '--fork', '--mount-proc', script], stdin=subprocess.DEVNULL, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, timeout=240 * SCALE)
    # The daemon was killed with its namespace.
    subprocess.run([b.dwdd, '--release-all', '--socket', b.path('inner.sock')], check=True, timeout=60 * SCALE)
    equal(done.returncode, 0, f'step that failed: {done.stdout}')
    assert 'exited normally' in done.stdout, done.stdout
    equal(outside.poll(), None, 'exit status outside')
    with open(b.path('end'), 'w', encoding='utf-8'):
        pass
    equal(outside.wait(60), 0, 'exit status outside')


@case
def proc_of_another_namespace(b):
    """Without a /proc of its own the daemon would find nothing it stops: it refuses, and says what to do."""
    done = subprocess.run(['unshare', '--pid', '--fork', b.dwd_path, '--socket', b.path('inner.sock'), 'watch',
                           b.unique()], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          check=False, timeout=60 * SCALE)
    equal(done.returncode, 3, f'exit status: {done.stderr}')
    assert 'mount -t proc' in done.stderr, done.stderr
