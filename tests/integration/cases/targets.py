# SPDX-License-Identifier: GPL-2.0-or-later
"""What a target matches: names, paths, directories; links, scripts, files that come and go."""

import os
import shutil
import subprocess

from harness import case, equal, until


@case
def name_of_a_program(b):
    program = b.program()
    name = os.path.basename(program)
    watch = b.main.watch(name)
    stop = b.caught(b.run(program, '0', 'an argument'), name, state='stopped', exe=program, path=program,
                    argv=[program, '0', 'an argument'], uid=0, watch=watch, watches=[watch])
    equal(stop['ppid'], os.getpid(), 'ppid')
    equal(b.main.counters(watch)['caught'], 1, 'caught')


@case
def nothing_else_is_stopped(b):
    program = b.program()
    watch = b.main.watch(os.path.basename(program))
    for other in (program + 'y', os.path.join(b.scratch, 'x' + os.path.basename(program))):
        shutil.copy(program, other)
        b.not_caught(b.main, watch, b.run(other))


@case
def script_by_name_and_path(b):
    script = b.script('#!/bin/sh\nexit 0\n')
    for target in (os.path.basename(script), script):
        b.main.watch(target)
        b.caught(b.run('./' + os.path.basename(script), cwd=b.scratch), target, exe=os.path.realpath('/bin/sh'),
                 path='./' + os.path.basename(script))
        b.main.dwd('unwatch', target)


@case
def script_by_its_interpreter(b):
    shell = b.program('/bin/dash')
    script = b.script(f'#!{shell}\nexit 0\n')
    for target in (os.path.basename(shell), shell):
        b.main.watch(target)
        b.caught(b.run(script), target, exe=shell, path=script)
        b.main.dwd('unwatch', target)


@case
def script_with_env(b):
    """`#!/usr/bin/env X` executes twice: the script, and then X."""
    shell = b.program('/bin/dash')
    script = b.script(f'#!/usr/bin/env {os.path.basename(shell)}\nexit 0\n')
    environment = {**os.environ, 'PATH': f'{b.scratch}:{os.environ["PATH"]}'}
    b.main.watch(os.path.basename(shell))
    b.main.watch(script)
    child = b.run(script, env=environment)
    first = b.main.wait()
    equal(first['path'], script, 'path of the first stop')
    b.main.dwd('continue', first['pid'])
    b.caught(child, os.path.basename(shell), exe=shell, pid=first['pid'])


@case
def script_through_links(b):
    """By PATH a script is caught through a link too, where the backend sees the script's file."""
    script = b.script('#!/bin/sh\nexit 0\n')
    link = b.path(b.unique('link'))
    os.link(script, link)
    watch = b.main.watch(script)
    child = b.run(link)
    if b.main.json('status')['backend'] == 'tracepoint':
        b.not_caught(b.main, watch, child)
    else:
        b.caught(child, link, path=link)


@case
def symbolic_links(b):
    """An alternatives chain: by the name and path of every link in it, and of the file."""
    program = b.program()
    links = [b.path(b.unique(stem)) for stem in ('alternatives', 'java')]
    os.symlink(program, links[0])
    os.symlink(links[0], links[1])
    for target in (links[1], os.path.basename(links[1]), links[0], program, os.path.basename(program)):
        b.main.watch(target)
        b.caught(b.run(links[1]), target if '/' not in target or target == program else program,
                 exe=program, path=links[1])
        b.main.dwd('unwatch', target)


@case
def busybox_applet(b):
    applet = b.path(b.unique('applet'))
    busybox = b.program('/bin/busybox')
    os.symlink(busybox, applet)
    b.main.watch(os.path.basename(applet))
    child = b.run(applet)
    stop = b.main.wait(os.path.basename(applet))
    equal(stop['exe'], busybox, 'exe')
    b.main.dwd('continue', stop['pid'])
    child.communicate(timeout=60)


@case
def hard_link_and_bind_mount(b):
    program = b.program()
    hard = b.path(b.unique('hard'))
    os.link(program, hard)
    mounted = b.path(b.unique('mount'))
    os.mkdir(mounted)
    b.main.watch(program)
    b.caught(b.run(hard), hard, exe=hard)
    subprocess.run(['mount', '--bind', b.scratch, mounted], check=True)
    try:
        there = os.path.join(mounted, os.path.basename(program))
        b.caught(b.run(there), there, exe=there)
    finally:
        subprocess.run(['umount', mounted], check=True)


@case
def relative_path(b):
    """A relative PATH is the client's; what is executed may be named relatively too."""
    program = b.program()
    b.main.dwd('watch', './' + os.path.basename(program), cwd=b.scratch)
    b.caught(b.ways('relative', program), program, exe=program)


def made_used_and_gone(b, target, make, execute, remove, rounds=50):
    """Nobody could look at it before: every round is caught all the same."""
    watch = b.main.watch(target)
    v = b.main.varlink()
    for _ in range(rounds):
        make()
        child = subprocess.Popen([execute])
        answer = v.call('io.dwd.Watchdog.Wait', {'pid': child.pid, 'timeout': 20000})
        assert 'error' not in answer, answer
        v.call('io.dwd.Watchdog.Continue', {'all': True})
        equal(child.wait(), 0, 'exit status')
        remove()
    v.close()
    equal(b.main.counters(watch)['caught'], rounds, 'caught')


@case
def path_that_does_not_exist_yet(b):
    """Made and executed at once, a thousand times over: each time it is a new file."""
    path = b.path(b.unique())
    made_used_and_gone(b, path, lambda: shutil.copy(os.path.join(b.programs, 'tiny'), path), path,
                       lambda: os.unlink(path), int(os.environ.get('DWD_TEST_ROUNDS', '1000')))


@case
def path_replaced_by_rename(b):
    program = b.program()
    watch = b.main.watch(program)
    b.caught(b.run(program), program)
    old = b.path(b.unique('old'))
    os.rename(program, old)
    b.program(name=os.path.basename(program))
    b.caught(b.run(program), program, exe=program)
    # The file that has been moved away is not the file at that path any more.
    child = b.run(old)
    equal(child.wait(20), 0, 'exit status of the old file')
    equal(b.main.counters(watch)['caught'], 2, 'caught')


@case
def directory(b):
    below = b.path(b.unique('dir'), 'a', 'b')
    inside, outside = b.program(directory=below), b.program()
    script = b.script('#!/bin/sh\nexit 0\n', directory=below)
    target = os.path.dirname(os.path.dirname(below)) + '/'
    watch = b.main.watch(target)
    b.caught(b.run(inside), inside, exe=inside)
    b.caught(b.run(script), script)
    child = b.run(outside)
    equal(child.wait(20), 0, 'exit status of a program outside')
    equal(b.main.counters(watch)['caught'], 2, 'caught')


@case
def directory_made_later(b):
    """Its path is what catches it."""
    parent, name = b.path(b.unique('dir')), b.unique()
    made_used_and_gone(b, parent + '/', lambda: b.program(directory=parent, name=name),
                       os.path.join(parent, name), lambda: shutil.rmtree(parent))


@case
def path_made_later_and_reached_by_a_link(b):
    """Neither the text given to exec nor a file known before tells: the path of the file does."""
    path, link = b.path(b.unique()), b.path(b.unique('link'))
    os.symlink(path, link)
    made_used_and_gone(b, path, lambda: shutil.copy(os.path.join(b.programs, 'tiny'), path), link,
                       lambda: os.unlink(path))


@case
def link_in_front_is_switched(b):
    """A release directory behind a link: what the path means changes with the link."""
    base = b.path(b.unique('app'))
    programs = [b.program(directory=os.path.join(base, version, 'bin'), name=b.unique())
                for version in ('v1', 'v2')]
    current = os.path.join(base, 'current')
    os.symlink('v1', current)
    watch = b.main.watch(os.path.join(current, 'bin') + '/')
    b.caught(b.run(programs[0]), programs[0])
    os.symlink('v2', current + '.new')
    os.rename(current + '.new', current)
    caught = 1
    def switched():
        """The daemon is told of the change; until then the old directory is meant."""
        child = b.run(programs[1])
        while child.poll() is None:
            if b.main.stops(programs[1]):
                b.main.dwd('continue', '--all')
        return b.main.counters(watch)['caught'] > caught
    until(switched, 'the new directory to be watched')
    caught = b.main.counters(watch)['caught']
    child = b.run(programs[0])
    equal(child.wait(20), 0, 'exit status in the old directory')
    equal(b.main.counters(watch)['caught'], caught, 'caught')


@case
def link_becomes_a_file_and_a_link_again(b):
    """Each time a link is there what it leads to is caught at its very first exec."""
    link, real = b.path(b.unique()), b.path('elsewhere', b.unique())
    os.makedirs(os.path.dirname(real))
    os.symlink(real, link)
    watch = b.main.watch(link)
    os.unlink(link)
    b.program('tiny', os.path.basename(link))
    b.caught(b.run(link), link)
    os.symlink(real, link + '.new')
    os.rename(link + '.new', link)
    until(lambda: caught_at_once(b, real), 'the link to be followed again')
    before = b.main.counters(watch)['caught']
    for _ in range(50):
        assert caught_at_once(b, real)
    equal(b.main.counters(watch)['caught'], before + 50, 'caught')


def caught_at_once(b, path):
    """Make the file, execute it, and remove it: was it stopped?"""
    b.program('tiny', os.path.basename(path), os.path.dirname(path))
    child = b.run(path)
    until(lambda: child.poll() is not None or b.main.stops(), 'it to end or stop')
    caught = bool(b.main.stops())
    b.main.dwd('continue', '--all')
    child.wait(20)
    os.unlink(path)
    return caught


@case
def link_to_nothing(b):
    """What a link led to before it was switched to nothing is not meant any more."""
    program, link = b.program(), b.path(b.unique())
    os.symlink(program, link)
    b.main.watch(link)
    b.caught(b.run(program), os.path.basename(program))
    os.symlink(b.path('nowhere', 'x'), link + '.new')
    os.rename(link + '.new', link)

    def runs():
        child = b.run(program)
        until(lambda: child.poll() is not None or b.main.stops(), 'it to end or stop')
        stopped = bool(b.main.stops())
        b.main.dwd('continue', '--all')
        child.wait(20)
        return not stopped
    until(runs, 'the program to run')


@case
def dots_behind_a_link(b):
    """`link/..` is not where text says: the file system decides, for the watch and for the exec."""
    name = b.unique()
    real = b.program(directory=b.path('real'), name=name)
    decoy = b.program(name=name)
    os.makedirs(b.path('real', 'sub'), exist_ok=True)
    link = b.path(b.unique('link'))
    os.symlink(b.path('real', 'sub'), link)
    through = os.path.join(link, '..', name)
    b.main.dwd('watch', through)
    equal(b.main.json('watches')[0]['target'], real, 'target')
    b.caught(b.run(through), real, exe=real)
    b.main.dwd('unwatch', '--all')
    watch = b.main.watch(decoy)
    b.not_caught(b.main, watch, b.run(through))


@case
def selected_by_the_target_that_caught_it(b):
    """A link's watch catches the file by its own name; it can be found by the link's path."""
    program = b.program()
    link = b.path(b.unique('link'))
    os.symlink(program, link)
    b.main.watch(link)
    b.caught(b.run(program), link, exe=program)


@case
def several_watches_on_one_program(b):
    """The stop names every watch that matched."""
    program = b.program()
    ids = [b.main.watch(t) for t in (os.path.basename(program), program, os.path.dirname(program) + '/')]
    stop = b.caught(b.run(program), program)
    equal(sorted(stop['watches']), sorted(ids), 'watches')
    for watch in ids:
        equal(b.main.counters(watch)['caught'], 1, f'caught by {watch}')


@case
def many_watches_of_one_name(b):
    program = b.program()
    v = b.main.varlink()
    for _ in range(1000):
        v.call('io.dwd.Watchdog.Watch', {'target': os.path.basename(program)})
    v.close()
    b.caught(b.run(program), program)
    equal({w['caught'] for w in b.main.json('watches')}, {1}, 'caught')


@case
def more_watches_than_a_stop_names(b):
    program = b.program()
    for _ in range(20):
        b.main.watch(program)
    stop = b.caught(b.run(program), program, watches_total=20)
    equal(len(stop['watches']), 16, 'watches named')


@case
def by_real_uid(b):
    program = b.program()
    b.main.dwd('watch', '--uid', 'nobody', os.path.basename(program))
    watch = b.main.json('watches')[0]['id']
    b.not_caught(b.main, watch, b.run(program))
    b.caught(b.run('setpriv', '--reuid', 'nobody', '--clear-groups', program), program, uid=65534)


@case
def long_names_and_paths(b):
    deep = b.path(b.unique('deep'), *['d' * 200] * 10)
    program = b.program(directory=deep, name='n' * 255)
    for target in (program, 'n' * 255):
        b.main.watch(target)
        stop = b.caught(b.run(program), program)
        equal(stop['exe'], program, 'exe')
        b.main.dwd('unwatch', target)
    b.main.dwd('watch', 'n' * 256, status=2)
    b.main.dwd('watch', '/' + 'n' * 4096, status=2)


@case
def file_names_of_any_length(b):
    """The kernel keeps short names apart from long ones; by a link, the file's name alone tells."""
    link = b.path(b.unique('link'))
    for length in (7, 8, 9, 15, 16, 31, 32, 39, 40, 100):
        program = b.program(name=b.unique('').ljust(length, 'n')[-length:], directory=b.path('lengths'))
        os.symlink(program, link)
        b.main.watch(os.path.basename(program))
        b.caught(b.run(link), os.path.basename(program), exe=program)
        b.main.dwd('unwatch', '--all')
        os.unlink(link)


@case
def odd_bytes_in_names_and_arguments(b):
    name = b.unique() + '\tx\n'
    program = b.program(name=name)
    b.main.watch(program)
    child = b.run(program, b'0\xff\x1b[31m'.decode('utf-8', 'surrogateescape'))
    stop = b.main.wait()
    assert '\\xff\\x1b[31m' in stop['argv'][1], stop
    listing = b.main.dwd('list').stdout
    assert '\x1b' not in listing and '\n' + 'x' not in listing, repr(listing)
    b.main.dwd('continue', stop['pid'])
    child.wait(20)
