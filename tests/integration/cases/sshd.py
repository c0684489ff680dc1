# SPDX-License-Identifier: GPL-2.0-or-later
"""Debian's sshd: the listener, and the process it re-executes for each connection."""

import os
import shutil
import socket
import subprocess

from harness import SCALE, Skip, case, equal, until


def free_port():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


@case
def login_through_a_watched_sshd(b):
    if not os.path.exists('/usr/sbin/sshd'):
        raise Skip('no sshd')
    # A hard copy under the real name: the watch is on its path, other sshds stay undisturbed.
    sshd = b.program('/usr/sbin/sshd', name='sshd')
    os.makedirs('/run/sshd', mode=0o755, exist_ok=True)
    host_key, user_key, authorized = b.path('host_key'), b.path('user_key'), b.path('authorized_keys')
    for key in (host_key, user_key):
        subprocess.run(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', key], check=True)
    shutil.copy(user_key + '.pub', authorized)
    port = free_port()
    options = [f'-oPort={port}', '-oListenAddress=127.0.0.1', f'-oHostKey={host_key}', '-oPidFile=none',
               f'-oAuthorizedKeysFile={authorized}', '-oStrictModes=no', '-oUsePAM=no',
               '-oPermitRootLogin=yes', '-oPasswordAuthentication=no']
    b.main.watch(sshd)

    listener = b.run(sshd, '-D', '-e', '-f', '/dev/null', *options)
    done = b.main.dwd('attach', sshd, '--gdb', '--timeout', 20 * SCALE, '--', '-nx', '-batch',
                      '-ex', 'set breakpoint pending on', '-ex', 'break main', '-ex', 'break __libc_start_main',
                      '-ex', 'continue', '-ex', 'backtrace', '-ex', 'detach', timeout=180)
    assert 'Breakpoint' in done.stdout and '#0' in done.stdout, done.stdout
    def listening():
        with socket.socket() as s:
            return s.connect_ex(('127.0.0.1', port)) == 0
    # Looking is a connection of its own: it starts an sshd, which is caught too.
    until(listening, 'sshd to listen', 60)
    probe = b.main.wait(sshd)
    equal(probe['ppid'], listener.pid, 'parent of the re-executed sshd')
    b.main.dwd('continue', f'#{probe["id"]}')

    login = b.run('ssh', '-p', port, '-i', user_key, '-F', '/dev/null', '-oStrictHostKeyChecking=no',
                  '-oUserKnownHostsFile=/dev/null', '-oLogLevel=ERROR', '-oBatchMode=yes', 'root@127.0.0.1',
                  'echo logged in')
    stop = until(lambda: [s for s in b.main.stops(sshd) if s['ppid'] == listener.pid], 'the second sshd')[0]
    assert '-R' in stop['argv'], stop['argv']
    b.main.dwd('continue', f'#{stop["id"]}')
    output, _ = login.communicate(timeout=120 * SCALE)
    equal((login.returncode, output), (0, 'logged in\n'), 'the login')
    listener.terminate()
    listener.wait(20)
