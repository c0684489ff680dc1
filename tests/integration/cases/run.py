# SPDX-License-Identifier: GPL-2.0-or-later
"""dwd run: catch beneath a command, and nowhere else."""

import json
import os
import re
import signal

from harness import SCALE, case, equal, state_of, until
from terminal import Terminal


def run(b, *words, **options):
    return b.run(b.dwd_path, '--socket', b.main.socket, 'run', *words, **options)


def finished(client):
    output, _ = client.communicate(timeout=60 * SCALE)
    return client.returncode, [json.loads(x) for x in output.splitlines() if x.startswith('{')], output


def nothing_left(b):
    until(lambda: b.main.json('watches') == [] and b.main.stops() == [], 'watches and stops to be gone')


def tracer_of(pid):
    with open(f'/proc/{pid}/status', encoding='utf-8') as f:
        return int(re.search(r'^TracerPid:\s+(\d+)', f.read(), re.M).group(1))


def logs(lines):
    text = ''
    for line in lines:
        with open(line['log'], encoding='utf-8') as f:
            text += f.read()
    return text


@case
def catches_beneath_and_nowhere_else(b):
    """The same program runs elsewhere meanwhile, and is not stopped for a moment."""
    program = b.program()
    gate, go = b.path(b.unique('here')), b.path(b.unique('go'))
    os.mkfifo(gate)
    os.mkfifo(go)
    inner = b.script(f'#!/bin/sh\necho ready >{gate}\nread x <{go}\n{program} 5\necho status $?\nexit 7\n')
    client = run(b, '--watch', program, '--log-dir', b.path('logs'), '--each', '--', inner)
    with open(gate, encoding='utf-8') as f:
        f.read()
    watch = b.main.json('watches')[0]
    equal((watch['own'], watch['under']), (True, client.pid), 'the watch')
    for _ in range(20):
        equal(b.run(program, '3').wait(20 * SCALE), 3, 'exit status elsewhere')
    equal(b.main.counters(watch['id'])['caught'], 0, 'caught elsewhere')
    with open(go, 'w', encoding='utf-8') as f:
        f.write('go\n')
    status, lines, output = finished(client)
    equal(status, 7, f'exit status: {output}')
    assert 'status 5' in output, output
    equal([line['argv'] for line in lines], [[program, '5']], 'caught')
    assert 'exited with code 05' in logs(lines), logs(lines)
    nothing_left(b)


@case
def command_itself_may_be_caught(b):
    program = b.program()
    status, lines, _ = finished(run(b, '-w', program, '--each', '--log-dir', b.path('itself'), '--', program, '9'))
    equal((status, [line['argv'] for line in lines]), (9, [[program, '9']]), 'result')


@case
def status_of_the_command(b):
    for words, expected in ((['sh', '-c', 'exit 3'], 3), (['sh', '-c', 'kill -TERM $$'], 128 + signal.SIGTERM),
                            (['/no/such/command'], 127), ([b.scratch], 126), (['true'], 0)):
        equal(finished(run(b, '--watch', b.unique(), '--', *words))[0], expected, f'exit status of {words}')
    nothing_left(b)


@case
def time_runs_out(b):
    """The command is told to end, and made to as it does not; what it has started is let go."""
    program = b.program('/bin/sleep')
    script = b.script(f'#!/bin/sh\ntrap "" TERM; echo pid $$\n{program} 1000 >/dev/null 2>&1 & wait\n')
    status, lines, output = finished(run(b, '--watch', program, '--each', '--timeout', 2 * SCALE, '--log-dir',
                                         b.path('late'), '--', script))
    equal(status, 124, f'exit status: {output}')
    assert f'{script} did not end within' in output, output
    equal(state_of(re.search(r'pid (\d+)', output).group(1)), None, 'the command')
    until(lambda: state_of(lines[0]['pid']) == 'S' and tracer_of(lines[0]['pid']) == 0, 'the process to run on')
    os.kill(lines[0]['pid'], signal.SIGKILL)
    nothing_left(b)


@case
def several_targets_and_many_processes(b):
    one, two = b.program(), b.program()
    script = b.script(f'#!/bin/sh\nfor i in 1 2 3 4; do {one} 0 $i & {two} 0 $i & done\nwait\n')
    status, lines, output = finished(run(b, '--watch', one, '--watch', two, '--each', '--jobs', '3', '--log-dir',
                                         b.path('many'), '--', script))
    equal(status, 0, output)
    equal(sorted(line['argv'][0] for line in lines), sorted([one] * 4 + [two] * 4), 'caught')
    nothing_left(b)


@case
def what_outlives_the_command(b):
    """A debuggee that is not waited for runs on, and is not caught again."""
    program = b.program('/bin/sleep')
    script = b.script(f'#!/bin/sh\n{program} 1000 >/dev/null 2>&1 &\necho pid $!\nuntil test "$(cut -d" " -f3 /proc/$!/stat)" = S; do :; done\n')
    client = run(b, '--watch', program, '--each', '--log-dir', b.path('outlive'), '--', script)
    status, lines, output = finished(client)
    pid = int(re.search(r'pid (\d+)', output).group(1))
    try:
        equal((status, [line['pid'] for line in lines]), (0, [pid]), output)
        until(lambda: state_of(pid) == 'S', 'the process to run on')
        nothing_left(b)
    finally:
        os.kill(pid, signal.SIGKILL)


@case
def orphans_stay_beneath(b):
    """A daemon forks twice: its parent has ended when it executes."""
    program = b.program()
    done = b.path(b.unique('done'))
    os.mkfifo(done)
    orphan = b.script('#!/bin/sh\nuntil test "$(cut -d" " -f4 /proc/$$/stat)" = $ADOPTER; do :; done\n'
                      f'{program}\necho done >{done}\n')
    script = b.script(f'#!/bin/sh\nexport ADOPTER=$PPID\n({orphan} &)\nread x <{done}\n')
    status, lines, output = finished(run(b, '--watch', program, '--each', '--log-dir', b.path('orphans'), '--', script))
    equal((status, len(lines)), (0, 1), output)


@case
def killed_in_any_way(b):
    """However dwd ends: the watch goes, what is stopped runs on, and the command too."""
    for sent in (signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        program = b.program('/bin/sleep')
        script = b.script(f'#!/bin/sh\ntrap "" TERM INT HUP\necho $$\n{program} 1000 & {program} 1000 & wait\n')
        client = run(b, '--watch', program, '--each', '--jobs', '1', '--log-dir', b.path('kills'), '--', script)
        leader = int(client.stdout.readline())
        until(lambda: [s['state'] for s in b.main.stops()].count('attached') == 1 and len(b.main.stops()) == 2,
              'one to be debugged, one to wait')
        pids = [s['pid'] for s in b.main.stops()]
        try:
            client.send_signal(sent)
            nothing_left(b)
            for pid in pids:
                until(lambda p=pid: state_of(p) == 'S', 'the processes to run on')
            until(lambda: state_of(leader) == 'S', 'the leader to wait for them')
        finally:
            for pid in (leader, *pids):
                os.kill(pid, signal.SIGKILL)
        client.wait(20 * SCALE)


@case
def killed_while_the_debugger_is_busy(b):
    """A debugger that runs a command, or is one's child, does not keep what it has until that ends."""
    for words in (['--gdb', '--debugger-args', """-nx -ex "shell trap '' TERM; echo >BUSY; sleep 1000" """],
                  ['--debugger', 'echo >BUSY; strace -o /dev/null -p {pid}; sleep 1000']):
        busy = b.path(b.unique('busy'))
        words = [word.replace('BUSY', busy) for word in words]
        program = b.program('/bin/sleep')
        script = b.script(f'#!/bin/sh\n{program} 1000 & wait\n')
        client = run(b, '--watch', program, '--each', '--log-dir', b.path('busy'), *words, '--', script)
        stop = until(lambda: [s for s in b.main.stops() if s['state'] == 'attached'], 'a debugger to attach')[0]
        until(lambda f=busy: os.path.exists(f), 'it to be busy')
        try:
            client.kill()
            nothing_left(b)
            until(lambda p=stop['pid']: state_of(p) == 'S' and tracer_of(p) == 0, 'the process to run on')
        finally:
            os.kill(stop['ppid'], signal.SIGKILL)
            os.kill(stop['pid'], signal.SIGKILL)


@case
def without_a_debugger_at_a_terminal(b):
    """Stops are told and held, for another dwd."""
    program = b.program()
    with Terminal([b.dwd_path, '--socket', b.main.socket, 'run', '--watch', program, '--', program, '6']) as terminal:
        pid = int(terminal.expect(r'is stopped: dwd attach (\d+)\r').group(1))
        equal(state_of(pid), 'T', 'state')
        done = b.main.dwd('attach', pid, '--', '-nx', '-batch', '-ex', 'continue')
        assert 'exited with code 06' in done.stdout, done.stdout
        equal(terminal.wait(), 6, 'exit status')
    nothing_left(b)


@case
def debugger_at_a_terminal(b):
    """Each stop in turn gets gdb, with the terminal; Ctrl-C there is for the process."""
    program = b.program('/bin/sleep')
    script = b.script(f'#!/bin/sh\n{program} 1000 & one=$!\n{program} 1000 & two=$!\nwait $one\nwait $two\nexit 4\n')
    with Terminal([b.dwd_path, '--socket', b.main.socket, 'run', '--watch', program, '--gdb', '--debugger-args',
                   '-nx', '--', script]) as terminal:
        for _ in range(2):
            terminal.expect(r'\(gdb\) $', 60)
            terminal.type('continue\n')
            terminal.expect('Continuing')
            pid = next(s['pid'] for s in b.main.stops() if s['state'] == 'attached')
            until(lambda p=pid: state_of(p) == 'S', 'the process to run')
            terminal.type('\x03')
            terminal.expect(r'received signal SIGINT[\s\S]*\(gdb\) $')
            terminal.type('kill\n')
            terminal.expect(r'\(y or n\)')
            terminal.type('y\n')
            terminal.expect(r'killed\][\s\S]*\(gdb\) ')
            terminal.type('quit\n')
        equal(terminal.wait(), 4, 'exit status')
    nothing_left(b)


@case
def interrupted_at_a_terminal(b):
    """Ctrl-C reaches the command, though it was waiting for a process that is stopped."""
    program = b.program('/bin/sleep')
    with Terminal([b.dwd_path, '--socket', b.main.socket, 'run', '--watch', program, '--', program, '1000']) as terminal:
        terminal.expect('is stopped')
        terminal.type('\x03')
        equal(terminal.wait(), 128 + signal.SIGINT, 'exit status')
    nothing_left(b)


@case
def others_watch_it_too(b):
    """What its watches have caught is released in the end, whoever else has caught it as well."""
    program = b.program('/bin/sleep')
    other = b.main.watch(program)
    script = b.script(f'#!/bin/sh\n{program} 1000\nexit 3\n')
    with Terminal([b.dwd_path, '--socket', b.main.socket, 'run', '--watch', program, '--', script]) as terminal:
        terminal.expect('is stopped')
        equal(len(b.main.stops()[0]['watches']), 2, 'watches that caught it')
        terminal.type('\x03')
        equal(terminal.wait(), 128 + signal.SIGINT, 'exit status')
    outliving = b.script(f'#!/bin/sh\nsetsid {program} 1000 >/dev/null 2>&1 &\necho $!\n'
                         'until test "$(cut -d" " -f3 /proc/$!/stat)" = T; do :; done\n')
    with Terminal([b.dwd_path, '--socket', b.main.socket, 'run', '--watch', program, '--', outliving]) as terminal:
        pid = int(terminal.expect(r'is stopped: dwd attach (\d+)\r').group(1))
        equal(terminal.wait(), 0, 'exit status')
    until(lambda: state_of(pid) == 'S', 'it to run on')
    os.kill(pid, signal.SIGKILL)
    until(lambda: b.main.stops() == [], 'stops to be gone')
    equal([w['id'] for w in b.main.json('watches')], [other], 'watches')


@case
def its_watches_are_its_own(b):
    """`unwatch --all` of somebody else leaves them; by their ids they can be removed."""
    go = b.path(b.unique('go'))
    os.mkfifo(go)
    client = run(b, '--watch', b.unique(), '--', 'sh', '-c', f'read x <{go}')
    own = until(lambda: b.main.json('watches'), 'its watch')[0]
    other = b.main.watch(b.unique())
    done = b.main.dwd('unwatch', '--all')
    assert f'unwatched {other}: ' in done.stdout and str(own['target']) not in done.stdout, done.stdout
    assert f'left watch {own["id"]}: {own["target"]}, ' in done.stderr, done.stderr
    equal([w['id'] for w in b.main.json('watches')], [own['id']], 'watches')
    b.main.dwd('unwatch', own['id'])
    equal(b.main.json('watches'), [], 'watches')
    with open(go, 'w', encoding='utf-8') as f:
        f.write('go\n')
    equal(client.wait(20 * SCALE), 0, 'exit status')


@case
def arguments_of_the_debugger(b):
    program = b.program()
    status, lines, _ = finished(run(b, '--watch', program, '--each', '--log-dir', b.path('arguments'), '--debugger-args',
                                    """-nx -batch -ex "echo it\\'s me\\n" -ex 'print $pc' -ex continue""", '--', program))
    equal(status, 0, 'exit status')
    assert "it's me" in logs(lines) and '_start' in logs(lines) and 'exited normally' in logs(lines), logs(lines)


@case
def no_debugger_but_variables(b):
    """Where there is no gdb; what is caught runs on with its variables, of which nobody else knows."""
    program = b.program('/bin/sh')
    words = ['--setenv', 'DWD_ADDED=a value', '--', program, '-c', 'echo "it has $DWD_ADDED"; exit 3']
    nowhere = {**os.environ, 'DWD_GDB': '/no/such/gdb', 'DWD_DEBUGGER': 'gdb'}
    for options in ([], ['--debugger', 'none'], ['--debugger', 'none', '--each']):
        status, lines, output = finished(run(b, '--watch', program, *options, *words, env=nowhere))
        assert 'it has a value' in output, output
        equal((status, len(lines)), (3, 1), f'result: {output}')
        equal({k: v for k, v in lines[0].items() if k not in ('id', 'pid', 'argv')},
              {'debugger': 'none', 'status': 0}, 'the line')
    with Terminal([b.dwd_path, '--socket', b.main.socket, 'run', '--watch', program, *words], nowhere) as terminal:
        terminal.expect('it has a value')
        equal(terminal.wait(), 3, 'exit status')
    nothing_left(b)
    b.main.watch(program, '--setenv', 'DWD_ADDED=more')
    child = b.run(program, '-c', 'echo "it has $DWD_ADDED"')
    done = b.main.dwd('attach', '--each', '--count', '1', '--debugger', 'none', program, env=nowhere)
    equal(json.loads(done.stdout)['debugger'], 'none', 'debugger')
    equal(child.communicate(timeout=20 * SCALE)[0], 'it has more\n', 'output')
    done = b.main.dwd('attach', '--debugger', 'none', '--', '-nx', status=2)
    assert "--debugger none: there is no debugger to take '-nx'" in done.stderr, done.stderr


@case
def misused(b):
    for words in ([], ['--', 'true'], ['--watch', 'x'], ['--watch', 'x', '--'], ['--watch', '', '--', 'true'],
                  ['--watch', 'x', '--debugger-args', '"', '--', 'true'],
                  ['--watch', 'x', '--jobs', 'two', '--', 'true'], ['--watch', 'x', 'y', '--', 'true']):
        done = b.main.dwd('run', *words, status=2)
        equal(done.stderr.count('\n'), 1, done.stderr)
