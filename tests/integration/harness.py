# SPDX-License-Identifier: GPL-2.0-or-later
"""What the integration tests stand on: a private daemon, the real client, uniquely named programs.

A case is a function with the decorator @case; it is given a Bench. One daemon serves all cases; after
each of them nothing may be left: no watch, no stop, no process in state T. A case that needs a daemon
of its own starts one with Bench.daemon().

Nothing here sleeps for a fixed time: `until` looks again and again until a condition holds.
"""

import contextlib
import glob
import itertools
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import traceback

CASES = []
# Emulated machines are slow; every time-out is stretched by this.
SCALE = float(os.environ.get('DWD_TEST_SCALE', '1'))


class Skip(Exception):
    """This cannot be tested here, and why."""


def case(function):
    CASES.append(function)
    return function


def until(condition, what, timeout=20):
    """Wait for condition() to be true and return its value."""
    deadline = time.monotonic() + timeout * SCALE
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f'waited in vain for {what}')
        time.sleep(0.005)


def equal(actual, expected, what='value'):
    if actual != expected:
        raise AssertionError(f'{what}: got {actual!r}, expected {expected!r}')


def state_of(pid):
    """The state letter of a process, or None if there is none."""
    try:
        with open(f'/proc/{pid}/stat', 'rb') as f:
            return f.read().rpartition(b')')[2].split()[0].decode()
    except (FileNotFoundError, ProcessLookupError):
        return None


def cgroup_root():
    """Where a cgroup2 file system is mounted."""
    for line in open('/proc/mounts', encoding='utf-8'):
        _, where, kind, *_ = line.split()
        if kind == 'cgroup2':
            return where
    raise Skip('no cgroup2 file system is mounted')


def enter_cgroup(group):
    """For a child to call before it executes anything."""
    def write():
        with open(os.path.join(group, 'cgroup.procs'), 'w', encoding='ascii') as f:
            f.write(str(os.getpid()))
    return write


class Varlink:
    """The smallest Varlink client there can be; independent of libdwd."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(20 * SCALE)
        self.socket.connect(path)
        self.buffer = b''

    def send_raw(self, data):
        self.socket.sendall(data)

    def send(self, method, parameters=None, **flags):
        call = {'method': method, 'parameters': parameters or {}, **flags}
        self.send_raw(json.dumps(call).encode() + b'\0')

    def receive(self):
        """One message, or None at the end of the stream."""
        while b'\0' not in self.buffer:
            try:
                data = self.socket.recv(65536)
            except ConnectionResetError:
                return None
            if not data:
                return None
            self.buffer += data
        message, _, self.buffer = self.buffer.partition(b'\0')
        return json.loads(message)

    def call(self, method, parameters=None, **flags):
        self.send(method, parameters, **flags)
        return self.receive()

    def close(self):
        self.socket.close()


PIN_DIR = '/sys/fs/bpf/dwd'


def pins_of(socket_path, pin_dir=PIN_DIR):
    """The directories in which a daemon with this socket keeps what outlives it."""
    path = os.path.join(os.path.realpath(os.path.dirname(socket_path)), os.path.basename(socket_path))
    return glob.glob(os.path.join(pin_dir, re.sub('[^A-Za-z0-9]', '-', path)[1:101] + '-*'))


class Daemon:
    """A dwdd with a socket of its own."""

    def __init__(self, bench, *options):
        self.bench = bench
        self.directory = tempfile.mkdtemp(prefix='dwd-test-')
        self.socket = os.path.join(self.directory, 'dwd.sock')
        self.log_path = os.path.join(self.directory, 'log')
        self.options = options
        self.process = None
        try:
            self.start()
        except AssertionError:
            self.stop()
            raise

    def start(self, *options, dwdd=None):
        """Start it, or start it again when it has ended or been killed."""
        log_size = os.path.getsize(self.log_path) if os.path.exists(self.log_path) else 0
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.socket)
        with open(self.log_path, 'ab') as log:
            self.process = subprocess.Popen(
                [dwdd or self.bench.dwdd, '--socket', self.socket, '--backend', self.bench.backend,
                 *map(str, self.options), *map(str, options)],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        until(lambda: os.path.exists(self.socket) or self.process.poll() is not None,
              'the daemon to be ready', 60)
        if self.process.poll() is not None:
            raise AssertionError(f'dwdd did not start: {self.log()[log_size:]}')

    def kill(self):
        """SIGKILL; what it has in the kernel goes on."""
        self.process.kill()
        self.process.wait(60 * SCALE)

    def restart(self, *options):
        self.kill()
        self.start(*options)

    def end(self, how=signal.SIGTERM):
        """End it in order; its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(how)
            self.process.wait(60 * SCALE)
        return self.process.returncode

    def release_left(self, *options, status=0, env=None):
        """dwdd --release-all; what it prints."""
        done = subprocess.run([self.bench.dwdd, '--release-all', '--socket', self.socket,
                               *map(str, self.options), *map(str, options)], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60 * SCALE,
                              encoding='utf-8', check=False, env={**os.environ, **(env or {})})
        if status is not None and done.returncode != status:
            raise AssertionError(f'dwdd --release-all: status {done.returncode}, expected {status}\n'
                                 f'{done.stdout}')
        return done.stdout

    def pins(self, pin_dir=PIN_DIR):
        return pins_of(self.socket, pin_dir)

    def log(self):
        with open(self.log_path, encoding='utf-8', errors='replace') as f:
            return f.read()

    def dwd(self, *arguments, status=0, timeout=60, **options):
        """Run the client; check its exit status; return the finished process."""
        done = subprocess.run([self.bench.dwd_path, '--socket', self.socket, *map(str, arguments)],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              timeout=timeout * SCALE, encoding='utf-8', **options)
        if status is not None and done.returncode != status:
            raise AssertionError(f'dwd {" ".join(map(str, arguments))}: status {done.returncode}, '
                                 f'expected {status}\nstdout: {done.stdout}\nstderr: {done.stderr}')
        return done

    def json(self, *arguments, **options):
        return json.loads(self.dwd('--json', *arguments, **options).stdout)

    def varlink(self):
        return Varlink(self.socket)

    def watch(self, *arguments):
        """Add one watch and return its id."""
        added = self.json('watch', *arguments)
        return added[0]['id'] if isinstance(added, list) else added['id']

    def counters(self, watch):
        return next(w for w in self.json('watches') if w['id'] == watch)

    def stops(self, *selector):
        done = self.dwd('--json', 'list', *selector, status=None)
        return json.loads(done.stdout) if done.returncode == 0 else []

    def wait(self, *selector, timeout=20):
        return self.json('wait', *selector, '--timeout', timeout * SCALE)

    def release_all(self):
        if self.process.poll() is None:
            self.dwd('continue', '--all', status=None)

    def stop(self, how=signal.SIGTERM):
        """End it, and whatever it may have left in the kernel; nothing stays behind."""
        status = self.end(how)
        if self.pins():
            self.release_left(status=None)
        shutil.rmtree(self.directory, ignore_errors=True)
        return status


class Bench:
    """What a case works with."""

    def __init__(self, build, backend):
        self.build = build
        self.backend = backend
        self.dwd_path = os.path.join(build, 'client/dwd')
        self.dwdd = os.path.join(build, 'daemon/dwdd')
        self.programs = os.path.join(build, 'tests/programs')
        self.scratch = tempfile.mkdtemp(prefix='dwd-case-')
        os.chmod(self.scratch, 0o755)
        # What the client makes there goes with the rest.
        os.environ['TMPDIR'] = self.path('tmp')
        os.mkdir(self.path('tmp'))
        os.chmod(self.path('tmp'), 0o1777)
        self.serial = itertools.count(1)
        self.children = []
        self.main = None

    def start(self):
        self.main = Daemon(self)

    def stop(self):
        status = self.main.stop()
        equal(self.main.pins(), [], 'pins left behind')
        shutil.rmtree(self.scratch, ignore_errors=True)
        return status

    def unique(self, stem='prog'):
        """A name that nothing else on the machine has, short enough for comm."""
        return f'd{os.getpid() % 100000}x{next(self.serial)}{stem}'[:15]

    def path(self, *parts):
        return os.path.join(self.scratch, *parts)

    def program(self, source='tiny', name=None, directory=None):
        """A copy of a program under a unique name; `source` is one of ours or a path."""
        directory = directory or self.scratch
        os.makedirs(directory, exist_ok=True)
        path = os.path.join(directory, name or self.unique())
        source = source if '/' in source else os.path.join(self.programs, source)
        fresh = os.path.join(directory, '.fresh')
        shutil.copy(source, fresh)
        os.chmod(fresh, 0o755)
        os.rename(fresh, path)
        return path

    def script(self, text, name=None, directory=None):
        path = os.path.join(directory or self.scratch, name or self.unique('sh'))
        with open(path + '.new', 'w', encoding='utf-8') as f:
            f.write(text)
        os.chmod(path + '.new', 0o755)
        os.rename(path + '.new', path)
        return path

    def run(self, *arguments, **options):
        """Start a process of the case's; it is killed in the end if it still lives."""
        options.setdefault('stdin', subprocess.DEVNULL)
        options.setdefault('stdout', subprocess.PIPE)
        options.setdefault('stderr', subprocess.STDOUT)
        child = subprocess.Popen([str(a) for a in arguments], encoding='utf-8', start_new_session=True,
                                 **options)
        self.children.append(child)
        return child

    def ways(self, way, *arguments):
        return self.run(os.path.join(self.programs, 'ways'), way, *arguments)

    @contextlib.contextmanager
    def daemon(self, *options):
        daemon = Daemon(self, *options)
        try:
            yield daemon
        finally:
            daemon.release_all()
            daemon.stop()
            equal(daemon.pins(), [], 'pins left behind')

    def clean_up(self):
        """After a case: true if it left nothing behind."""
        self.main.release_all()
        for child in self.children:
            if child.poll() is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(child.pid, signal.SIGKILL)
                child.wait()
            if child.stdout:
                child.stdout.close()
        self.children.clear()
        left = glob.glob(os.path.join(PIN_DIR, f'*{os.path.basename(self.scratch)}*'))
        for directory in left:
            shutil.rmtree(directory, ignore_errors=True)
        equal(left, [], 'pins left behind')
        self.main.dwd('unwatch', '--all', status=None)
        until(lambda: self.main.stops() == [], 'the list of stops to become empty')
        # A client's own watches end when the daemon notices that it has been killed.
        until(lambda: self.main.json('watches') == [], 'all watches to be gone')

    def caught(self, child, target, daemon=None, **expect):
        """The child (or what it started) is stopped as `target` says; release it; it ends well."""
        daemon = daemon or self.main
        stop = daemon.wait(target)
        for field, value in expect.items():
            equal(stop[field], value, field)
        equal(state_of(stop['pid']), 'T', 'state in /proc')
        daemon.dwd('continue', f'#{stop["id"]}')
        output, _ = child.communicate(timeout=20 * SCALE)
        equal(child.returncode, 0, f'exit status of {child.args} ({output!r})')
        return stop

    def not_caught(self, daemon, watch, child, status=0):
        """The child ends by itself and the watch has caught nothing."""
        output, _ = child.communicate(timeout=20 * SCALE)
        equal(child.returncode, status, f'exit status of {child.args} ({output!r})')
        equal(daemon.counters(watch)['caught'], 0, 'caught')


def run_cases(bench, wanted, report):
    """Run the cases whose name contains one of `wanted`; return how many passed, failed, skipped."""
    counts = {'ok': 0, 'not ok': 0, 'skip': 0}
    for function in CASES:
        name = f'{function.__module__.rpartition(".")[2]}.{function.__name__}'
        if wanted and not any(w in name for w in wanted):
            continue
        started = time.monotonic()
        verdict, note = 'ok', ''
        try:
            try:
                function(bench)
            finally:
                bench.clean_up()
        except Skip as reason:
            verdict, note = 'skip', f' # SKIP {reason}'
        except Exception as error:  # pylint: disable=broad-except
            verdict = 'not ok'
            note = ''.join(f'\n# {line}' for line in
                           (traceback.format_exc() + f'\n{bench.main.log()[-2000:]}').splitlines())
            del error
        counts[verdict] += 1
        report(f'{"ok" if verdict == "skip" else verdict} {sum(counts.values())} - {name} '
               f'({time.monotonic() - started:.1f} s){note}')
    return counts
