# SPDX-License-Identifier: GPL-2.0-or-later
"""A watch in words, and tried on a command: what is said is what happens."""

import os
import re
import subprocess

from harness import case, equal, until
from terminal import Terminal


NEVER = 'never stopped are what is traced already, dwd and its debuggers, init, and helpers of the kernel.\n'


@case
def sentence(b):
    done = b.main.dwd('watch', '--describe', '--arg', '*Test', '--under', 'make', '--skip', 2, '--count', 3,
                      '--hold', '90s', '--then', 'kill', '--setenv', 'A=1', 'java')
    equal(done.stdout,
          'Stops at its start every process that executes a program or script called java, and has an argument '
          'that ends with "Test", and descends from a process called make; the first 2 of them run; after 3 stops '
          'all run; each is given A=1; one that nobody has taken after 1m30s is killed; ' + NEVER)
    for target, what in (('java', 'a program or script called java'),
                         ('/opt/java', '/opt/java, the file there now or later'),
                         ('/opt/', 'anything beneath /opt/')):
        equal(b.main.dwd('watch', '--describe', target).stdout,
              f'Stops at its start every process that executes {what}; ' + NEVER)
    assert '; the first of them runs; ' in b.main.dwd('watch', '--describe', '--skip', 1, 'java').stdout
    equal(b.main.json('watches'), [], 'watches')


@case
def wrapped_on_a_terminal(b):
    """At spaces; a terminal would break words."""
    words = ('watch', '--describe', '--arg', 'a*', '--skip', '2', 'java')
    for columns in (60, 100):
        with Terminal([b.dwd_path, '--socket', b.main.socket], {**os.environ, 'HOME': b.scratch},
                      columns=columns) as terminal:
            for command, whole in ((words, True), (('help', 'run'), False), (('help', 'watch'), False)):
                terminal.expect('dwd> ')
                terminal.type(' '.join(command) + '\r')
                terminal.expect(r'\n')
                shown = terminal.expect(r'([\s\S]*\n)(?=.*dwd> )').group(1)
                shown = re.sub(r'\x1b\[[?\d]*[a-z]|\r', '', shown)
                long = [line for line in shown.splitlines() if len(line) > columns]
                equal(long, [], f'lines beyond {columns} columns')
                if whole:
                    equal(shown.split(), b.main.dwd(*command).stdout.split(), 'words')


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
def tried_where_it_would_run(b):
    """Which argument fits is told, and whether what is started here descends from the one named."""
    program, shell = b.program('/bin/true'), b.program('/bin/dash')

    def tried(*rule):
        done = b.run(shell, '-c', '"$@"; exit $?', 'sh', b.dwd_path, '--socket', b.main.socket, 'watch', '--test', *rule,
                     program, '--', program, 'one', 'two')
        output, _ = done.communicate(timeout=20)
        equal(done.returncode, 0 if output.startswith('would be stopped') else 4, output)
        return output, done.pid

    found = f'would be stopped: the program, {program}, is that very file'
    equal(tried('--arg', 't*', '--arg', 'one')[0],
          f'{found}; --arg t*: it has the argument two; --arg one: it has the argument one\n')
    output, pid = tried('--under', os.path.basename(shell))
    equal(output, f'{found}; --under: it would be beneath process {pid}\n')
    equal(tried('--under', os.getpid())[0], f'{found}; --under: it would be beneath process {os.getpid()}\n')
    for under in (b.unique(), b.run('/bin/sh', '-c', 'read x', stdin=subprocess.PIPE).pid):
        equal(tried('--under', under)[0], 'would run: --under: started here it would not be beneath that\n')
    told = b.main.dwd('watch', '--test', '--arg', 'o*e', program, '--', program, 'o*e').stderr
    equal(told, 'dwd: --arg o*e: only a * at its beginning or end stands for anything; one in between is looked for '
          'as it is\n')


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
