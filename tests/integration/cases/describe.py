# SPDX-License-Identifier: GPL-2.0-or-later
"""A watch in words, and tried on a command: what is said is what happens."""

import os

from harness import case, equal, until


@case
def sentence(b):
    done = b.main.dwd('watch', '--describe', '--arg', '*Test', '--under', 'make', '--skip', 2, '--count', 3,
                      '--hold', '90s', '--then', 'kill', '--setenv', 'A=1', 'java')
    equal(done.stdout,
          'Stops, before its first instruction, every process that executes a program or script by the name '
          'java, or one whose file is called so, and has an argument that ends with "Test", and descends from '
          'a process called make; the first 2 of them run; after 3 stops all run; each is given A=1; one that '
          'nobody has taken after 1m30s is killed; nothing else is stopped, nor what is traced already.\n')
    equal(b.main.json('watches'), [], 'watches')


@case
def options_in_the_table(b):
    name = b.unique()
    b.main.watch('--arg', 'a b*', '--once', '--hold', '500ms', name)
    assert "--arg 'a b*' --count 1 --hold 0.5s --then continue" in b.main.dwd('watches').stdout


def predicted(b, command, *rule):
    done = b.main.dwd('watch', '--test', *rule, '--', *command, status=None)
    assert done.returncode in (0, 4), done.stderr
    assert done.stdout.startswith('would be stopped: ' if done.returncode == 0 else 'would run: '), done.stdout
    return done.returncode == 0


def happened(b, command, *rule):
    watch = b.main.watch(*rule)
    child = b.run(*command)
    until(lambda: child.poll() is not None or b.main.stops(), 'the command to end or stop')
    caught = bool(b.main.stops())
    b.main.dwd('continue', '--all')
    equal(child.wait(20), 0, f'exit status of {command}')
    b.main.dwd('unwatch', watch)
    return caught


@case
def tried_and_done(b):
    """Each rule is tried on a command, and then the command is executed under it."""
    program = b.program('/bin/true')
    name = os.path.basename(program)
    other = b.program('/bin/true')
    link, hard = b.path('link'), b.path('hard')
    os.symlink(program, link)
    os.link(program, hard)
    script = b.script(f'#!{program} -x\n')
    rules = {
        'name': [name], 'path': [program], 'link': [link], 'hard': [hard], 'directory': [b.scratch + '/'],
        'script': [os.path.basename(script)], 'script path': [script], 'argument': ['--arg', 'one', name],
        'argument of the script': ['--arg', '-x', name], 'end': ['--arg', '*wo', name],
        'middle': ['--arg', '*w*', program], 'user': ['--uid', 'nobody', name],
    }
    commands = [[program], [program, 'one'], [link, 'two'], [hard], [script], [script, 'one'], [other, 'one']]
    seen = set()
    for what, rule in rules.items():
        for command in commands:
            said = predicted(b, command, *rule)
            equal(said, happened(b, command, *rule), f'{what}: {command}')
            seen.add(said)
    equal(seen, {True, False}, 'both happen')


@case
def tried_on_the_watches_there_are(b):
    program = b.program('/bin/true')
    b.main.dwd('watch', '--test', '--', program, status=4)
    first, second = b.main.watch(program), b.main.watch(b.unique())
    told = b.main.dwd('watch', '--test', '--', program).stdout
    assert told.startswith(f'watch {first}: would be stopped: ') and f'watch {second}' not in told, told


@case
def misuse(b):
    for words in (['watch'], ['watch', '--test'], ['watch', '--test', 'x']):
        b.main.dwd(*words, status=2)
    b.main.dwd('watch', '--test', 'x', '--', b.path('nothing'), status=1)
