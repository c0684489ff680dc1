# SPDX-License-Identifier: GPL-2.0-or-later
"""Containers and chroots."""

import os
import shutil
import subprocess

from harness import case, equal


def root_with(b, name):
    """A root directory that holds one program, in /opt."""
    root = b.path(b.unique('root'))
    program = b.program(directory=os.path.join(root, 'opt'), name=name)
    return root, program


@case
def first_process_of_a_container(b):
    program = b.program()
    b.main.watch(program)
    child = b.run('unshare', '--pid', '--mount', '--fork', program)
    stop = b.caught(child, program, exe=program)
    equal(stop['container']['pid'], 1, 'pid inside')


@case
def process_of_a_container(b):
    program = b.program()
    b.main.watch(os.path.basename(program))
    child = b.run('unshare', '--pid', '--mount', '--fork', 'sh', '-c', f'{program}; exit $?')
    stop = b.caught(child, os.path.basename(program))
    assert stop['container']['pid'] > 1, stop['container']


@case
def not_a_container(b):
    program = b.program()
    b.main.watch(program)
    stop = b.caught(b.run(program), program)
    assert 'container' not in stop, stop


@case
def chroot_by_the_path_inside(b):
    """What a path means is what the process sees."""
    name = b.unique()
    root, program = root_with(b, name)
    b.main.watch('/opt/' + name)
    b.caught(b.run('chroot', root, '/opt/' + name), name, exe='/opt/' + name)
    b.main.dwd('unwatch', '--all')
    # The same file, by its path outside: it is that file, wherever it is executed from.
    b.main.watch(program)
    b.caught(b.run('chroot', root, '/opt/' + name), name, exe='/opt/' + name)


@case
def directory_from_inside_a_chroot(b):
    name = b.unique()
    root, program = root_with(b, name)
    b.main.watch(os.path.dirname(program) + '/')
    b.caught(b.run('chroot', root, '/opt/' + name), name)
    b.main.dwd('unwatch', '--all')
    # A directory outside holds the root itself.
    b.main.watch(os.path.dirname(root) + '/')
    b.caught(b.run('setpriv', '--no-new-privs', 'chroot', root, '/opt/' + name), name)
    shutil.rmtree(root)


@case
def directory_above_a_mounted_root(b):
    """A root on a file system of its own lies beneath the directory it is mounted in all the same."""
    above = b.path('above')
    root = os.path.join(above, 'jail')
    os.makedirs(root)
    name = b.unique()
    subprocess.run(['mount', '-t', 'tmpfs', 'none', root], check=True)
    try:
        b.program('tiny', name, root)
        b.main.watch(above + '/')
        b.caught(b.run('chroot', root, '/' + name), name)
    finally:
        subprocess.run(['umount', root], check=True)
