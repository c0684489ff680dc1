# SPDX-License-Identifier: GPL-2.0-or-later
"""The story dwd was made for: a launcher that starts a short-lived JVM for each test."""

import glob
import json
import os
import re
import shutil
import subprocess

from harness import SCALE, Skip, case, equal

SOURCES = os.path.join(os.path.dirname(os.path.abspath(__file__)), '../../programs/java')
GDB = '-nx -batch -ex "info proc cmdline" -ex continue'


def compiled(b):
    if not shutil.which('javac'):
        raise Skip('there is no JDK')
    classes = b.path('classes')
    os.makedirs(classes, exist_ok=True)
    subprocess.run(['javac', '-d', classes, *glob.glob(f'{SOURCES}/*.java')], check=True)
    return classes


def launch(b, tests, *options, debugger_args=GDB):
    """Under a name of its own, as `java` may be executed by anybody meanwhile."""
    classes, java = compiled(b), b.path(b.unique('java'))
    os.symlink(shutil.which('java'), java)
    client = b.run(b.dwd_path, '--socket', b.main.socket, 'run', '--watch', os.path.basename(java), *options,
                   '--each', '--gdb', '--log-dir', b.path('logs'), '--debugger-args', debugger_args, '--', 'java', '-cp', classes,
                   'Launcher', java, classes, *tests)
    output, _ = client.communicate(timeout=180 * SCALE)
    return client.returncode, [json.loads(x) for x in output.splitlines() if x.startswith('{')], output


@case
def every_test_of_a_launcher(b):
    status, lines, output = launch(b, ['PassingTest', 'FailingTest', 'PassingTest'])
    equal(status, 1, f'exit status: {output}')
    assert '3 tests, 1 failed' in output and output.count('passed') == 2, output
    equal(sorted(line['argv'][-1] for line in lines), ['FailingTest', 'PassingTest', 'PassingTest'], 'caught')
    for line in lines:
        with open(line['log'], encoding='utf-8', errors='replace') as f:
            log = f.read()
        how = 'exited with code 01' if line['argv'][-1] == 'FailingTest' else 'exited normally'
        assert line['argv'][-1] in log and how in log, log
        assert 'SIGSEGV' not in log and 'Pass to program' not in log, log


@case
def arguments_may_say_otherwise(b):
    """They come after what gdb is told about a JVM."""
    args = '-nx -batch -ex "handle SIGSEGV stop print" -ex "info signals SIGSEGV" -ex kill'
    _, lines, output = launch(b, ['PassingTest'], debugger_args=args)
    with open(lines[0]['log'], encoding='utf-8', errors='replace') as f:
        assert re.search(r'SIGSEGV\s+Yes\s+Yes\s+Yes', f.read()), output


@case
def the_one_that_fails_among_thirty(b):
    tests = ['PassingTest'] * 17 + ['FailingTest'] + ['PassingTest'] * 12
    status, lines, output = launch(b, tests, '--arg', '*FailingTest')
    equal(status, 1, f'exit status: {output}')
    equal([line['argv'][-1] for line in lines], ['FailingTest'], 'caught')
    equal(output.count('passed'), 29, 'passed')
