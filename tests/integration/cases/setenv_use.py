# SPDX-License-Identifier: GPL-2.0-or-later
"""What environment variables given to a stopped process are good for."""

import os
import shutil
import subprocess

from harness import SCALE, Skip, case, equal
from terminal import Terminal

LIBRARY = r'''
#include <unistd.h>
__attribute__((constructor)) static void load(void) { write(1, "preloaded\n", 10); }
'''
PROGRAM = r'''
#include <stdio.h>
#include <stdlib.h>
int main(void)
{
    char *volatile p = malloc(24);
    p[24] = 1; /* one too far; unnoticed, as a rule */
    free(p);
    printf("A is %s\n", getenv("A") ? getenv("A") : "not set");
    return 0;
}
'''
JAVA = r'''
public class %s {
    static void fail() { System.out.println("failing"); }
    public static void main(String[] arguments) { fail(); }
}
'''


def compile_c(b, source, *flags):
    program = b.path(b.unique('use'))
    subprocess.run(['gcc', '-O0', '-x', 'c', '-', '-o', program, *flags], input=source, check=True, text=True)
    return program


def run_with(b, program, *variables):
    """Catch it, release it with these variables; its status and what it writes."""
    child = b.run(program)
    b.main.wait(program)
    b.main.dwd('continue', program, *(f'--setenv={v}' for v in variables))
    output, _ = child.communicate(timeout=20 * SCALE)
    return child.returncode, output


@case
def every_kind_of_program_sees_it(b):
    for flags in (['-pie', '-fpie'], ['-no-pie'], ['-static'], ['-static-pie', '-fpie']):
        program = compile_c(b, PROGRAM, *flags)
        b.main.watch(program)
        equal(run_with(b, program), (0, 'A is not set\n'), f'{flags} without')
        equal(run_with(b, program, 'A=1'), (0, 'A is 1\n'), f'{flags} with')


@case
def a_debugger_sees_it(b):
    program = compile_c(b, PROGRAM, '-g')
    b.main.watch('--setenv=A=by the watch', program)
    child = b.run(program)
    done = b.main.dwd('attach', program, '--gdb', '--timeout', 20 * SCALE, '--', '-nx', '-batch', '-ex', 'break main',
                      '-ex', 'continue', '-ex', 'print (char *)getenv("A")', '-ex', 'continue', timeout=120)
    assert '"by the watch"' in done.stdout, done.stdout
    output, _ = child.communicate(timeout=60 * SCALE)
    equal((child.returncode, output), (0, 'A is by the watch\n'), 'the program')


@case
def a_library_is_loaded_before(b):
    library = compile_c(b, LIBRARY, '-shared', '-fPIC')
    for flags in (['-pie', '-fpie'], ['-no-pie']):
        program = compile_c(b, PROGRAM, *flags)
        b.main.watch(program)
        equal(run_with(b, program, f'LD_PRELOAD={library}', 'A=1'), (0, 'preloaded\nA is 1\n'), f'{flags}')


@case
def malloc_is_checked(b):
    program = compile_c(b, PROGRAM)
    b.main.watch(program)
    equal(run_with(b, program), (0, 'A is not set\n'), 'unchecked')
    # Since glibc 2.34 the checks are in a library of their own.
    status, output = run_with(b, program, 'MALLOC_CHECK_=3', 'LD_PRELOAD=libc_malloc_debug.so.0')
    equal(status, -6, f'status by SIGABRT ({output!r})')


def java(b):
    """A JVM of another name, and the directory of a class of a unique name that it can run."""
    if not shutil.which('javac') or not shutil.which('jdb'):
        raise Skip('no JDK is installed')
    launcher, name = b.path(b.unique('java')), 'FailingTest'
    os.symlink(os.path.realpath(shutil.which('java')), launcher)
    with open(b.path(f'{name}.java'), 'w', encoding='utf-8') as f:
        f.write(JAVA % name)
    subprocess.run(['javac', b.path(f'{name}.java')], check=True, timeout=60 * SCALE)
    return launcher, name


@case
def a_jvm_waits_for_its_debugger(b):
    launcher, name = java(b)
    agent = '-agentlib:jdwp=transport=dt_socket,server=y,suspend=y,address=127.0.0.1:0'
    b.main.watch('--setenv', f'JAVA_TOOL_OPTIONS={agent}', os.path.basename(launcher))
    child = b.run(launcher, '-cp', b.scratch, name)
    b.main.wait(os.path.basename(launcher))
    b.main.dwd('continue', os.path.basename(launcher))
    for line in child.stdout:
        if line.startswith('Listening for transport'):
            break
    with Terminal(['jdb', '-attach', f'127.0.0.1:{line.split()[-1]}']) as jdb:
        jdb.expect(r'main\[1\] $', 60)
        jdb.type(f'stop in {name}.fail\n')
        jdb.expect(r'main\[1\] $')
        jdb.type('run\n')
        jdb.expect(r'Breakpoint hit[\s\S]*main\[1\] $')
        jdb.type('where\n')
        jdb.expect(rf'\[1\] {name}\.fail \({name}\.java:3\)\s+\[2\] {name}\.main \({name}\.java:4\)')
        jdb.type('cont\n')
        jdb.wait()
    output, _ = child.communicate(timeout=60 * SCALE)
    equal((child.returncode, output.splitlines()[-1]), (0, 'failing'), 'the JVM')
