# SPDX-License-Identifier: GPL-2.0-or-later
"""Users other than root, for the cases of permissions and attack. Nobody on the machine has their uids."""

import contextlib
import json
import os
import subprocess
import tempfile

from harness import SCALE, Skip, Varlink, equal

ALICE = 62001
MALLORY = 62002


@contextlib.contextmanager
def acting_as(uid):
    """What the kernel is asked for meanwhile, it is asked for by this user."""
    os.setegid(uid)
    os.seteuid(uid)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)


class User:
    """Commands, programs and connections in a user's name."""

    def __init__(self, daemon, uid):
        self.daemon, self.uid, self.bench = daemon, uid, daemon.bench

    def dwd(self, *arguments, status=0):
        """Run the client; check its exit status."""
        done = subprocess.run([self.bench.dwd_path, '--socket', self.daemon.socket, *map(str, arguments)],
                              check=False, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, encoding='utf-8', timeout=60 * SCALE, user=self.uid,
                              group=self.uid, extra_groups=[])
        if status is not None:
            equal(done.returncode, status, f'exit status of dwd {arguments} ({done.stdout}{done.stderr})')
        return done

    def json(self, *arguments):
        return json.loads(self.dwd('--json', *arguments).stdout)

    def watch(self, *arguments):
        """Add one watch and return its id."""
        added = self.json('watch', *arguments)
        return added[0]['id'] if isinstance(added, list) else added['id']

    def counters(self, watch):
        return next(w for w in self.json('watches') if w['id'] == watch)

    def events(self):
        return [json.loads(line) for line in self.dwd('--json', 'events').stdout.splitlines()]

    def stops(self):
        done = self.dwd('--json', 'list', status=None)
        return json.loads(done.stdout) if done.returncode == 0 else []

    def run(self, *arguments, **options):
        return self.bench.run(*arguments, user=self.uid, group=self.uid, extra_groups=[], **options)

    def wait(self, target):
        return self.json('wait', target, '--timeout', 20 * SCALE)

    def varlink(self):
        with acting_as(self.uid):
            return Varlink(self.daemon.socket)


@contextlib.contextmanager
def open_daemon(b, *options):
    """A daemon that everybody may connect to."""
    with b.daemon('--socket-mode', '0666', *options) as daemon:
        os.chmod(daemon.directory, 0o755)
        yield daemon


@contextlib.contextmanager
def privileged_directory():
    """Where programs may have privileges: /tmp can be mounted nosuid."""
    with tempfile.TemporaryDirectory(prefix='dwd-case-', dir='/var/tmp') as directory:
        if os.statvfs(directory).f_flag & os.ST_NOSUID:
            raise Skip('/var/tmp is mounted nosuid')
        os.chmod(directory, 0o755)
        yield directory
