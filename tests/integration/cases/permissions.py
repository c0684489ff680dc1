# SPDX-License-Identifier: GPL-2.0-or-later
"""Users other than root: who may connect, and what they may watch, see and touch."""

import os
import stat
import subprocess

from harness import SCALE, case, equal

GROUP = 62007  # nobody's


def as_user(daemon, uid, *arguments, groups=()):
    """Run the client as another user."""
    return subprocess.run([daemon.bench.dwd_path, '--socket', daemon.socket, *map(str, arguments)], check=False,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          encoding='utf-8', timeout=60 * SCALE, user=uid, group=uid, extra_groups=groups)


@case
def socket_of_a_group(b):
    with b.daemon('--socket-group', GROUP) as daemon:
        os.chmod(daemon.directory, 0o755)
        found = os.stat(daemon.socket)
        equal((stat.S_IMODE(found.st_mode), found.st_uid, found.st_gid), (0o660, 0, GROUP), 'access')
        done = as_user(daemon, 62001, 'list')
        equal((done.returncode, 'permission denied' in done.stderr), (5, True), 'of a stranger')


@case
def message_names_the_group(b):
    with b.daemon('--socket-group', 'daemon') as daemon:
        os.chmod(daemon.directory, 0o755)
        done = as_user(daemon, 62001, 'list')
        equal(done.stderr, f"dwd: permission denied on {daemon.socket}: only root and members of the group "
              "'daemon' may talk to dwdd; run this as root, or have yourself added (usermod -aG daemon USER, "
              'and a new login)\n', 'text')
        equal(done.returncode, 5, 'exit status')


@case
def socket_mode(b):
    with b.daemon('--socket-mode', '0606') as daemon:
        equal(stat.S_IMODE(os.stat(daemon.socket).st_mode), 0o606, 'mode')
