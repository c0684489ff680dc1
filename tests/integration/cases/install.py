# SPDX-License-Identifier: GPL-2.0-or-later
"""What `meson install` puts where: it works from there, and `ninja uninstall` takes it all away."""

import contextlib
import glob
import os
import re
import shutil
import subprocess

from harness import Skip, case, equal, until

LIBRARY = os.path.join(os.path.dirname(__file__), '../../../lib')


@contextlib.contextmanager
def install_log_kept(b):
    """What `ninja uninstall` of somebody's real installation needs is not ours to lose."""
    log = os.path.join(b.build, 'meson-logs/install-log.txt')
    kept = b.path('install-log.txt')
    there = os.path.exists(log)
    try:
        if there:
            shutil.move(log, kept)
        else:
            os.close(os.open(log, os.O_CREAT | os.O_WRONLY, 0o644))
    except OSError as error:
        raise Skip(f'the build directory cannot be written: {error}') from error
    try:
        yield
    finally:
        if there:
            shutil.move(kept, log)
        else:
            os.unlink(log)


@contextlib.contextmanager
def installed(b):
    """The root that everything was installed beneath."""
    root = b.path(b.unique('root'))
    with install_log_kept(b):
        run(b, 'meson', 'install', '-C', b.build, '--no-rebuild', env={**os.environ, 'DESTDIR': root})
        yield root
        shutil.rmtree(root, ignore_errors=True)


def run(b, *command, **options):
    child = b.run(*command, **options)
    output, _ = child.communicate(timeout=120)
    equal(child.returncode, 0, f'exit status of {command}, which said {output}')
    return output


def one(root, pattern):
    found = glob.glob(os.path.join(root, pattern), recursive=True)
    equal(len(found), 1, f'files {pattern}')
    return found[0]


def compile_example(b, root):
    """lib/examples/watch-path.c, by what pkg-config says, against the installed library."""
    program = b.path('watch-path')
    environment = {**os.environ, 'PKG_CONFIG_SYSROOT_DIR': root,
                   'PKG_CONFIG_PATH': os.path.dirname(one(root, '**/libdwd.pc'))}
    flags = run(b, 'pkg-config', '--cflags', '--libs', 'libdwd', env=environment).split()
    equal(run(b, 'cc', '-Wall', '-Wextra', '-Wno-unused-parameter', '-Werror', '-o', program,
              os.path.join(LIBRARY, 'examples/watch-path.c'), *flags), '', 'warnings')
    return program


def watches_and_lets_run(b, daemon, command, **options):
    """Such an example is told who executes a program, and says so."""
    program = b.program()
    before = len(daemon.json('watches'))
    example = b.run(*command, program, env={**os.environ, 'DWD_SOCKET': daemon.socket}, **options)
    until(lambda: len(daemon.json('watches')) > before or example.poll() is not None, 'its watch')
    for _ in range(2):
        child = b.run(program)
        equal(example.stdout.readline(),
              f'{program}: process {child.pid}, started by {own_name()}\n', 'line')
        equal(child.wait(20), 0, 'exit status')
    return example


def own_name():
    with open('/proc/self/comm', encoding='utf-8') as f:
        return f.read().strip()


@case
def what_was_installed_works(b):
    with installed(b) as root:
        libraries = os.path.dirname(one(root, '**/libdwd.so'))
        environment = {**os.environ, 'LD_LIBRARY_PATH': libraries}
        dwd = one(root, '**/bin/dwd')
        equal(run(b, dwd, '--version', env=environment).split()[0], 'dwd', 'version')

        # The installed client starts the installed daemon.
        directory = b.path(b.unique('run'))
        os.mkdir(directory)
        at = [dwd, '--socket', os.path.join(directory, 's')]
        program = b.program()
        run(b, *at, 'watch', program, env=environment)
        status = run(b, *at, '--json', 'status', env=environment)
        pid = int(re.search(r'"pid": ?(\d+)', status).group(1))
        equal(os.readlink(f'/proc/{pid}/exe'), one(root, '**/sbin/dwdd'), 'the daemon')
        child = b.run(program)
        run(b, *at, 'wait', program, env=environment)
        run(b, *at, 'continue', program, env=environment)
        equal(child.wait(20), 0, 'exit status')
        run(b, *at, 'unwatch', '--all', env=environment)
        os.kill(pid, 15)
        until(lambda: not os.path.exists(os.path.join(directory, 's')), 'the daemon to end')


@case
def example_in_c(b):
    with installed(b) as root:
        libraries = os.path.dirname(one(root, '**/libdwd.so'))
        program = compile_example(b, root)
        needed = run(b, 'readelf', '-d', program)
        assert 'libdwd.so.0' in needed, needed
        with b.daemon() as daemon:
            example = watches_and_lets_run(
                b, daemon, ['env', f'LD_LIBRARY_PATH={libraries}', program])
            daemon.stop()
            output, _ = example.communicate(timeout=20)
            equal(example.returncode, 1, 'exit status')
            assert 'the connection is over: dwdd closed the connection' in output, output


@case
def example_in_python(b):
    fetch = os.path.join(os.path.dirname(__file__), '../../vm/fetch-varlink')
    found = subprocess.run([fetch], check=False, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if found.returncode != 0:
        raise Skip(f'no python3-varlink: {found.stderr.strip()}')
    with b.daemon() as daemon:
        example = watches_and_lets_run(b, daemon, [
            'env', f'PYTHONPATH={found.stdout.strip()}', 'python3',
            os.path.join(LIBRARY, 'examples/watch-path.py')])
        example.terminate()


@case
def nothing_is_left_after_uninstalling(b):
    with installed(b) as root:
        for pattern in ('**/bin/dwd', '**/sbin/dwdd', '**/libdwd.so.0', '**/dwd.h', '**/libdwd.pc',
                        '**/io.dwd.Watchdog.varlink', '**/man1/dwd.1', '**/man8/dwdd.8',
                        '**/man3/libdwd.3', '**/man7/dwd-varlink.7', '**/LICENSE', '**/dwdd.socket',
                        '**/dwdd.service', '**/dwdd-boot.service', '**/dwdd-release.service',
                        '**/bash-completion/completions/dwd', '**/site-functions/_dwd',
                        '**/vendor_completions.d/dwd.fish'):
            one(root, pattern)
        run(b, 'ninja', '-C', b.build, 'uninstall')
        left = [os.path.join(directory, name) for directory, _, names in os.walk(root) for name in names]
        equal(left, [], 'files left')


@case
def units_are_clean(b):
    if not shutil.which('systemd-analyze'):
        raise Skip('no systemd-analyze')
    with installed(b) as root:
        units = os.path.dirname(one(root, '**/dwdd.service'))
        prefix = os.path.dirname(os.path.dirname(one(root, '**/bin/dwd')))
        # The programs lie beneath `root`, and systemd-analyze wants to see them.
        for unit in ('dwdd.service', 'dwdd-boot.service', 'dwdd-release.service'):
            with open(os.path.join(units, unit), encoding='utf-8') as f:
                text = f.read()
            with open(os.path.join(units, unit), 'w', encoding='utf-8') as f:
                f.write(text.replace('=' + prefix[len(root):], '=' + prefix))
        equal(run(b, 'systemd-analyze', 'verify', '--man=no', 'dwdd.service', 'dwdd-boot.service',
                  'dwdd-release.service', 'dwdd.socket',
                  env={**os.environ, 'SYSTEMD_UNIT_PATH': units + ':'}), '', 'complaints')
