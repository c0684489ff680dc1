# SPDX-License-Identifier: GPL-2.0-or-later
"""What narrows a watch: decided in the kernel, so what is left out is never stopped."""

import json
import os
import subprocess

from harness import SCALE, Skip, case, cgroup_root, enter_cgroup, equal, until

MANY = 1000


def start_many(b, count, program, *arguments):
    """`count` processes at once, under a parent that waits with WUNTRACED."""
    return b.run(os.path.join(b.programs, 'spawner'), count, 0, program, *arguments)


def finish(child):
    output, _ = child.communicate(timeout=300 * SCALE)
    equal(child.returncode, 0, f'exit status of {child.args}')
    words = output.split()
    return dict(zip(words[::2], map(int, words[1::2])))


def spawn(b, count, program, *arguments):
    return finish(start_many(b, count, program, *arguments))


def passes(b, watch, *command, **options):
    """The command runs unstopped, whatever the watch has caught before."""
    before = b.main.counters(watch)
    child = b.run(*command, **options)
    output, _ = child.communicate(timeout=20 * SCALE)
    equal(child.returncode, 0, f'exit status of {command} ({output!r})')
    equal(b.main.counters(watch), before, f'counters after {command}')


# ---- arguments -----------------------------------------------------------------------------------

@case
def others_of_the_name_never_stop(b):
    program = b.program()
    watch = b.main.watch(program, '--arg', 'wanted')
    equal(spawn(b, MANY, program, '0', 'unwanted'), {'exited': MANY, 'failed': 0, 'killed': 0, 'stopped': 0},
          'what their parent saw')
    equal(b.main.counters(watch)['caught'], 0, 'caught')
    equal(b.main.counters(watch)['skipped'], {}, 'skipped')
    b.caught(b.run(program, '0', 'wanted'), program)


@case
def patterns(b):
    program = b.program()
    rows = [
        ('equal', ['equal'], ['equa', 'equall', 'xequal', 'an equal one', '']),
        ('*Test', ['FailingTest', 'Test', 'TestTest'], ['Tests', 'est', 'TeST']),
        ('-D*', ['-Da=b', '-D'], ['-d', 'x-D', '']),
        ('*class*', ['class', 'a class b', 'clclass', 'classs'], ['clas', 'clasclas']),
        ('*aab*', ['aaab', 'aabaab', 'aaaaaab'], ['aaaa', 'abab']),
        ('x' * 255, ['x' * 255], ['x' * 254, 'x' * 256]),
        ('*' + 'y' * 255 + '*', ['y' * 300], ['y' * 254]),
        ('*eightyes', ['12eightyes'], ['12eightyesno', 'eightye']),
    ]
    for pattern, matching, others in rows:
        watch = b.main.watch(program, '--arg', pattern)
        for argument in others:
            passes(b, watch, program, '0', argument)
        for argument in matching:
            b.caught(b.run(program, '0', argument), program)
        b.main.dwd('unwatch', watch)


@case
def argv_0_is_no_argument(b):
    program = b.program()
    watch = b.main.watch(program, '--arg', os.path.basename(program))
    passes(b, watch, program, '0')
    passes(b, watch, os.path.basename(program), '0', executable=program)
    b.caught(b.run(program, '0', os.path.basename(program)), program)


@case
def environment_is_no_argument(b):
    program = b.program()
    watch = b.main.watch(program, '--arg', '*WANTED*')
    passes(b, watch, program, '0', env={'WANTED': 'WANTED'})


@case
def behind_a_class_path(b):
    """100 KiB of one argument, and up to what the kernel lets pass of many, are looked through."""
    program = b.program()
    long = '/usr/share/java/a.jar:' * 4700
    watch = b.main.watch(program, '--arg', '*.FailingTest')
    passes(b, watch, program, '0', '-cp', long, 'org.example.PassingTest')
    b.caught(b.run(program, '0', '-cp', long, 'org.example.FailingTest'), program)
    many = ['x' * 1000] * 1900
    passes(b, watch, program, '0', *many, 'y')
    b.caught(b.run(program, '0', *many, 'org.example.FailingTest'), program)


@case
def across_what_is_read_at_once(b):
    """The kernel side reads arguments piece by piece: no border hides a match or makes one up."""
    program = b.program()
    watch = b.main.watch(program, '--arg', '*nee dle*')
    for length in range(4060, 4120, 3):
        passes(b, watch, program, '0', 'x' * length + 'nee', ' dle')
        b.caught(b.run(program, '0', 'x' * length + 'nee dle' + 'y' * 10), program)


@case
def all_patterns_must_hold(b):
    program = b.program()
    watch = b.main.watch(program, '--arg', 'one', '--arg', 'two', '--arg', '*ee')
    passes(b, watch, program, '0', 'one', 'three')
    passes(b, watch, program, '0', 'two', 'one')
    b.caught(b.run(program, '0', 'three', 'two', 'one'), program)


@case
def arguments_of_scripts(b):
    """As /proc/PID/cmdline has them: the script is an argument of its interpreter."""
    script = b.script('#!/bin/sh\nexit 0\n')
    watch = b.main.watch(script, '--arg', 'wanted')
    passes(b, watch, script, 'unwanted')
    b.caught(b.run(script, 'wanted'), script)
    b.main.dwd('unwatch', watch)
    shell = b.program('/bin/dash')
    b.main.watch(shell, '--arg', script)
    b.caught(b.run(shell, script), shell)


# ---- how many ------------------------------------------------------------------------------------

@case
def skip_and_count(b):
    program = b.program()
    watch = b.main.watch(program, '--skip', 2, '--count', 1)
    for _ in range(2):
        passes(b, watch, program)
    b.caught(b.run(program), program)
    passes(b, watch, program)
    equal(b.main.counters(watch)['skipped'], {}, 'skipped')


@case
def count_is_exact_at_once(b):
    """Many at the same time, on all processors: exactly so many are stopped."""
    program = b.program()
    watch = b.main.watch(program, '--skip', 50, '--count', 20)
    spawners = [start_many(b, 50, program) for _ in range(4)]
    until(lambda: len(b.main.stops(program)) == 20, '20 stops')
    until(lambda: b.main.counters(watch)['caught'] == 20, 'caught')
    passes(b, watch, program)
    b.main.dwd('continue', '--all')
    equal(sum(finish(s)['exited'] for s in spawners), 200, 'ended well')
    equal(b.main.counters(watch)['caught'], 20, 'caught in the end')
    equal(b.main.counters(watch)['skipped'], {}, 'skipped')


@case
def count_is_not_used_up_by_others(b):
    """One that dwd may not stop does not count."""
    program = b.program()
    with b.daemon('--max-stopped', 1) as daemon:
        blocker = b.program()
        daemon.watch(blocker)
        held = b.run(blocker)
        daemon.wait(blocker)
        watch = daemon.watch(program, '--once')
        b.not_caught(daemon, watch, b.run(program))
        equal(daemon.counters(watch)['skipped'], {'limit': 1}, 'skipped')
        daemon.dwd('continue', '--all')
        held.communicate(timeout=20 * SCALE)
        b.caught(b.run(program), program, daemon)
        equal(daemon.counters(watch)['caught'], 1, 'caught')


@case
def max_stopped_of_a_watch(b):
    program = b.program()
    watch = b.main.watch(program, '--max-stopped', 3)
    spawner = start_many(b, 10, program)
    until(lambda: sum(b.main.counters(watch)['skipped'].values()) == 7, 'seven to run')
    until(lambda: len(b.main.stops(program)) == 3, 'three stops')
    equal(b.main.counters(watch)['skipped'], {'limit': 7}, 'skipped')
    b.main.dwd('continue', '--all')
    equal(finish(spawner)['exited'], 10, 'ended well')
    until(lambda: b.main.stops(program) == [], 'the stops to end')
    b.caught(b.run(program), program)
    equal(b.main.counters(watch)['caught'], 4, 'caught')


@case
def each_watch_decides_for_itself(b):
    program = b.program()
    b.main.watch(program, '--arg', 'never')
    b.main.watch(program, '--once')
    by_argument = b.main.watch(os.path.basename(program), '--arg', '*a*')
    first = b.caught(b.run(program, '0', 'a'), program)
    equal(len(first['watches']), 2, 'watches that wanted the first')
    b.caught(b.run(program, '0', 'a'), program, watches=[by_argument])


# ---- where from ----------------------------------------------------------------------------------

def named_shortly(b, group, inner):
    """As systemctl and systemd-cgls show it, or from within."""
    within = os.path.relpath(inner, cgroup_root())
    for name, where in ((within, '/'), ('/' + within, '/'), ('inner', group), (inner, '/')):
        watch = json.loads(b.main.dwd('--json', 'watch', b.unique(), '--cgroup', name, cwd=where).stdout)[0]
        equal(watch['cgroup'], inner, name)


@case
def beneath_a_cgroup(b):
    group = os.path.join(cgroup_root(), b.unique('group'))
    inner = os.path.join(group, 'inner')
    program = b.program()
    try:
        os.makedirs(inner)
    except OSError as error:
        raise Skip(f'no cgroup can be made: {error}') from error
    try:
        watch = b.main.watch(program, '--cgroup', group)
        passes(b, watch, program)
        for where in (group, inner):
            b.caught(b.run(program, preexec_fn=enter_cgroup(where)), program)
        b.main.dwd('unwatch', watch)
        watch = b.main.watch(program, '--cgroup', inner)
        passes(b, watch, program, preexec_fn=enter_cgroup(group))
        named_shortly(b, group, inner)
    finally:
        until(lambda: os.rmdir(inner) is None and os.rmdir(group) is None, 'empty cgroups')


@case
def what_is_no_cgroup(b):
    failed = b.main.dwd('watch', b.unique(), '--cgroup', b.scratch, status=None)
    assert failed.returncode != 0 and 'cgroup2' in failed.stderr, failed.stderr


@case
def beneath_a_name(b):
    program, shell = b.program(), b.program('/bin/dash')
    watch = b.main.watch(program, '--under', os.path.basename(shell))
    passes(b, watch, program)
    passes(b, watch, '/bin/dash', '-c', f'{program}; true')
    b.caught(b.run(shell, '-c', f'/bin/dash -c "{program}; true"; true'), program)


def line_of(child, expected):
    equal(child.stdout.readline(), expected + '\n', f'what {child.args} says')


def say(child):
    child.stdin.write('\n')
    child.stdin.flush()


def root_process(b, text):
    """A shell to be watched beneath, which goes on when it is told to."""
    return b.run('/bin/sh', '-c', 'read go; ' + text, stdin=subprocess.PIPE)


def open_gate(fifo):
    with open(fifo, 'w', encoding='ascii'):
        pass


@case
def beneath_a_process(b):
    program = b.program()
    root = root_process(b, f'{program}; read go; exec {program}')
    watch = b.main.watch(program, '--under', root.pid)
    passes(b, watch, program)
    say(root)
    stop = b.main.wait(program)
    equal(stop['ppid'], root.pid, 'ppid')
    b.main.dwd('continue', stop['pid'])
    say(root)
    b.caught(root, program, pid=root.pid)


def gated_program(b):
    gate = b.path(b.unique('gate'))
    os.mkfifo(gate)
    return b.program(), gate


def orphan_is_caught(b, there_first):
    program, gate = gated_program(b)
    root = root_process(b, f'( (read go < {gate}; {program}) & echo there; read go ); echo orphan; read go')
    if not there_first:
        b.main.watch(program, '--under', root.pid)
    say(root)
    line_of(root, 'there')
    if there_first:
        b.main.watch(program, '--under', root.pid)
    say(root)
    line_of(root, 'orphan')
    open_gate(gate)
    stop = b.main.wait(program)
    assert stop['ppid'] != root.pid, stop
    b.main.dwd('continue', stop['pid'])
    say(root)
    root.communicate(timeout=20 * SCALE)


@case
def orphans_are_still_beneath(b):
    """A process whose parent has ended is init's child, and was forked beneath all the same."""
    orphan_is_caught(b, there_first=False)


@case
def orphans_that_were_there_before(b):
    """The same, with the process there, and its parent, when the watch is made."""
    orphan_is_caught(b, there_first=True)


@case
def beneath_a_process_that_has_ended(b):
    """What it has left behind is still caught."""
    program, gate = gated_program(b)
    root = root_process(b, f'(read go < {gate}; {program}) > /dev/null 2>&1 & exit 0')
    watch = b.main.watch(program, '--under', root.pid)
    say(root)
    root.communicate(timeout=20 * SCALE)
    passes(b, watch, program)
    open_gate(gate)
    stop = b.main.wait(program)
    b.main.dwd('continue', stop['pid'])
    until(lambda: b.main.stops() == [], 'the end of it')


@case
def many_forks_beneath_one_process(b):
    """Each of them is caught, and none of as many elsewhere at the same time."""
    program = b.program()
    spawner = os.path.join(b.programs, 'spawner')
    root = root_process(b, f'exec {spawner} 200 0 {program}')
    watch = b.main.watch(program, '--under', root.pid)
    elsewhere = start_many(b, 200, program)
    say(root)
    until(lambda: b.main.counters(watch)['caught'] == 200, 'all of them')
    equal(finish(elsewhere), {'exited': 200, 'failed': 0, 'killed': 0, 'stopped': 0}, 'those elsewhere')
    until(lambda: all(s['state'] == 'stopped' for s in b.main.stops()), 'all to be stopped')
    b.main.dwd('continue', '--all')
    equal(finish(root)['exited'], 200, 'ended well')
