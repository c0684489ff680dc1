# SPDX-License-Identifier: GPL-2.0-or-later
"""Every error that a user can cause: the command, its exit status, and what is said about it.

Each text was read and judged: it says what failed, on what, why, and what to do. Who changes one
changes it here, and reads it again.
"""

import os
import shlex
import subprocess

from harness import SCALE, case, equal, until

LONG = 'x' * 256

# {stop}, {pid} and {program}: of a process that is stopped; {gone}: a pid that nobody has; {usage}: how
# the command's help begins.
NO_STOP = "nothing that is stopped matches '{0}'; dwd list shows all that is"
NEEDS_STOPS = ("{0}: it needs a PID, NAME, PATH or '#N' (quoted: to most shells # begins a comment), "
               "or else --all (usage: {{usage}})")

USAGE = (
    ('nonsense', 2, "there is no command 'nonsense'; dwd help lists what there is"),
    ('lsit', 2, "there is no command 'lsit'; did you mean list?"),
    ('wat', 2, "'wat' is ambiguous: watch, watches"),
    ('help nosuch', 2, "there is no command 'nosuch'; dwd help lists what there is"),
    ('--nosuch', 2, 'there is no option --nosuch (dwd --help lists the options)'),
    ('--socket', 2, 'option --socket needs a value: PATH (dwd --help lists the options)'),
    ("--socket '' list", 2, '--socket: the path is empty'),
    ('--color pink list', 2, '--color pink: it is one of auto, always and never'),
    ('list --folow', 2, 'list: there is no option --folow; did you mean --follow? (usage: {usage})'),
    ('list -x', 2, 'list: there is no option -x (usage: {usage})'),
    ('list --json=yes', 2, 'list: option --json takes no value (usage: {usage})'),
    ('list a b', 2, "list: 'b' is one word too many (usage: {usage})"),
    ('events x', 2, "events: 'x' is one word too many (usage: {usage})"),

    ('watch', 2, 'watch: it needs a TARGET: NAME, PATH or PATH/ (usage: {usage})'),
    ('watch --uid', 2, 'watch: option --uid needs a value: USER (usage: {usage})'),
    ('watch --uid nosuchuser x', 2, '--uid nosuchuser: there is no such user'),
    ('watch --uid=-1 x', 2, '--uid -1: there is no such user'),
    ("watch ''", 2, "cannot watch '': it is empty: give a NAME, a PATH or a PATH/"),
    ('watch /proc/self/exe', 2,
     "cannot watch '/proc/self/exe': /proc/self and /dev/fd mean a different process to each who looks them up: give /proc/PID/..."),
    ('watch /', 2, "cannot watch '/': the root directory holds every program: all of them would stop"),
    ('watch .', 2, 'cannot watch \'.\': "." and ".." are not names of programs'),
    (f'watch {LONG}', 2, f"cannot watch '{LONG}': longer than a file name may be (255 bytes)"),
    (f'watch /{LONG}', 2, f"cannot watch '/{LONG}': a component is longer than a file name may be (255 bytes)"),
    (f'watch {"/x" * 129}', 2, f"cannot watch '{'/x' * 129}': deeper than paths are compared (128 components)"),
    (f'watch {"/x" * 2048}', 2, f"cannot watch '{'/x' * 2048}': longer than a path may be (4095 bytes)"),

    ('watch --test --arg a -- true', 2,
     'watch: --arg needs a TARGET: the watches that there are have their own (usage: {usage})'),
    ('watch --count 0 x', 2, '--count 0: it must be at least 1'),
    ('watch --count many x', 2, '--count many: not a number'),
    ('watch --once --count 2 x', 2, '--once is --count 1: give one of the two'),
    ('watch --skip=-1 x', 2, '--skip -1: not a number'),
    ('watch --max-stopped 0 x', 2, '--max-stopped 0: it must be at least 1'),
    ('watch --hold 1x x', 2, '--hold 1x: not a length of time, such as 10, 0.5, 300ms or 2m'),
    ('watch --hold 1000h x', 2,
     '--hold 1000h: that is more than 24 days; without it a stop lasts until somebody ends it'),
    ('watch --then kill x', 2, '--then says how --hold T ends a stop: give that too'),
    ('watch --hold 1 --then stop x', 2, '--then stop: it is continue or kill'),
    ("watch --arg '*' x", 2, "cannot watch 'x' with args: a pattern of stars alone fits every argument"),
    ("watch --arg '' x", 2, "cannot watch 'x' with args: an argument to look for is empty"),
    (f'watch --arg {LONG} x', 2, "cannot watch 'x' with args: an argument to look for is longer than 255 bytes"),
    ('watch --arg a --arg b --arg c --arg d --arg e x', 2,
     "cannot watch 'x' with args: more than 4 arguments cannot be asked for"),
    ("watch --under '' x", 2, '--under: it needs a PID or a NAME'),
    ('watch --under 0 x', 2, '--under 0: it must be at least 1'),
    ('watch --under 999999999 x', 2, "cannot watch 'x' with under '999999999': there is no process with this pid"),
    ('watch --under 9999999999 x', 2, '--under 9999999999: there are no such pids'),
    ('watch --under sixteen-bytes-xx x', 2,
     "cannot watch 'x' with under 'sixteen-bytes-xx': the kernel keeps 15 bytes of a process's name, and this is longer"),
    ('watch --under /bin/make x', 2,
     "cannot watch 'x' with under '/bin/make': an ancestor is known by its name only, which has no slash"),
    ("watch --cgroup '' x", 2, '--cgroup: it needs a directory of a cgroup2 file system'),
    ('watch --cgroup /tmp x', 2,
     "cannot watch 'x' with cgroup '/tmp': it is no directory of a cgroup2 file system; findmnt -t cgroup2 shows where one is"),

    ('unwatch', 2, 'unwatch: it needs watches to remove, or --all alone (usage: {usage})'),
    ('unwatch --all 3', 2, 'unwatch: it needs watches to remove, or --all alone (usage: {usage})'),
    ('unwatch 4711', 4, "there is no watch '4711'; dwd watches lists them"),
    ('unwatch /no/such', 4, "there is no watch '/no/such'; dwd watches lists them"),

    ('list nosuch', 4, NO_STOP.format('nosuch')),
    ("list ''", 2, "'' selects nothing: it is empty"),
    ("list '#x'", 2, "'#x' selects nothing: a stop id is # and a number, such as #3"),
    ('list 99999999999', 2, "'99999999999' selects nothing: no process can have this PID"),
    ('info', 2, "info: it needs a PID, NAME, PATH or '#N' of what is stopped (usage: {usage})"),
    ('info {gone}', 4, NO_STOP.format('{gone}')),

    ('wait --timeout', 2, 'wait: option --timeout needs a value: T (usage: {usage})'),
    ('wait --timeout soon', 2, '--timeout soon: not a length of time, such as 10, 0.5, 300ms or 2m'),
    ('wait --timeout 1000h', 2, '--timeout 1000h: that is more than 24 days; without it dwd waits for ever'),
    ('wait nosuch --timeout 1ms', 124, 'no process named nosuch was stopped within 0.001 s'),
    ('wait nosuch --timeout 0', 124, 'no process named nosuch is stopped'),
    ('wait /no/such --timeout 1ms', 124, 'no process of /no/such was stopped within 0.001 s'),
    ("wait '#4711' --timeout 1ms", 124, 'no process as stop #4711 was stopped within 0.001 s'),
    ('wait {gone}', 4, 'there is no process {gone} to wait for'),

    ("attach '#4711'", 4, 'there is no stop #4711'),
    ('attach 1', 4, 'no process with pid 1 is stopped and free to take'),
    ('attach {gone} --timeout 1m', 4, 'there is no process {gone} to wait for'),
    ('attach --each nosuch --timeout 1ms', 124, 'no process named nosuch was stopped within 0.001 s'),
    ('attach --watch nosuch --timeout 1ms', 124, 'no process was stopped within 0.001 s'),
    ('attach --arg a x', 2, 'attach: --arg narrows a --watch TARGET: give that too (usage: {usage})'),
    ('attach --each --count 2 --uid root x', 2,
     'attach: --uid narrows a --watch TARGET: give that too (usage: {usage})'),
    ('attach --watch x y', 2,
     "attach: --watch catches what it is to have: 'y' is one word too many (usage: {usage})"),
    ('attach --watch x --count 2', 2, 'attach: --count needs --each (usage: {usage})'),
    ('attach --watch /', 2, "cannot watch '/': the root directory holds every program: all of them would stop"),
    ('attach --gdbserver=x', 2, '--gdbserver x: not an address, which is HOST:PORT or :PORT'),
    ("run --watch x -t 1ms -- sleep 1000", 124, 'sleep did not end within 0.001 s, and was ended'),

    ('continue', 2, NEEDS_STOPS.format('continue')),
    ('continue --all x', 2, NEEDS_STOPS.format('continue')),
    ('continue nosuch', 4, NO_STOP.format('nosuch')),
    ('kill', 2, NEEDS_STOPS.format('kill')),
    ('kill -NOSUCH {pid}', 2, "kill: there is no signal 'NOSUCH' (usage: {usage})"),
    ('kill -99 {pid}', 2, "kill: there is no signal '99' (usage: {usage})"),
    ("kill '#4711'", 4, NO_STOP.format('#4711')),
)

NO_SOCKET = '{file} is there and is not a socket: give another --socket, or move it away'

# {nobody}: a socket that nobody listens on; {file}: a file that is no socket; {nowhere}: a path in a
# directory that does not exist; {home}: where this daemon's socket lies.
WITHOUT_DAEMON = (
    ('--socket {nobody} list', {}, 3,
     'no daemon listens on {nobody}; dwd watch TARGET starts one'),
    ('--socket {nobody} --no-start list', {}, 3,
     'no daemon listens on {nobody}; dwd watch TARGET starts one'),
    ('--socket {nobody} --no-start watch x', {}, 3,
     'no daemon listens on {nobody}; start one with dwdd, or leave out --no-start'),
    ('--socket {file} list', {}, 3, NO_SOCKET),
    ('--socket {file} --no-start watch x', {}, 3, NO_SOCKET),
    ('--socket {nobody} watch x', {'DWD_DAEMON': '/no/such'}, 3,
     'no daemon listens on {nobody}, and /no/such is not there to be started; install it, or name it in '
     '$DWD_DAEMON'),
    ('--socket {nobody} watch x', {'DWD_DAEMON': '/bin/false'}, 3,
     '/bin/false did not start (exit status 1); dwd doctor tells what is missing'),
    ('--socket {nobody} watch x', {'DWD_DAEMON': '/bin/true'}, 3,
     'a daemon was started, but none listens on {nobody}: is $DWD_DAEMON a dwdd?'),
    ('--socket {file} watch x', {}, 3, '{dwdd} did not start: {file} is there and is not a socket: move it away'),
    ('--socket {nowhere} watch x', {}, 3,
     '{dwdd} did not start: cannot listen on {nowhere}: there is no such directory; make it, or give another '
     '--socket'),
    (f'--socket /{LONG} list', {}, 1, f"cannot connect to /{LONG}: a socket's path has 107 bytes at most, one "
     'that dwdd makes 106'),
    ('--socket {socket} attach', {'DWD_GDB': '/no/such'}, 1,
     '/no/such, which $DWD_GDB names, is not a program'),
    ('--socket {socket} attach', {'PATH': '/no/such'}, 1,
     'gdb is not installed, or not in $PATH: apt install gdb, or name it in $DWD_GDB'),
    ('--socket {socket} attach', {'PATH': '/no/such', 'DWD_DEBUGGER': 'lldb'}, 1,
     'lldb, asked for by $DWD_DEBUGGER, is not installed, or not in $PATH: apt install lldb, or name it in $DWD_LLDB'),
    ('--socket {socket} attach', {'DWD_DEBUGGER': 'ltrace'}, 2,
     "$DWD_DEBUGGER 'ltrace' is neither one of gdb, lldb, gdbserver, dap, strace, perf and none nor a command with "
     "{{pid}} in it, such as 'strace -p {{pid}}'"),
    ('--socket {socket} attach', {'DWD_DEBUGGER': 'no-such-one -p {pid}'}, 1,
     "$DWD_DEBUGGER 'no-such-one -p {{pid}}': there is no program no-such-one: install it, or give its path"),
)

AS_NOBODY = (
    ('--socket {socket} list', 5,
     'permission denied on {socket}: only root may talk to dwdd; run this as root'),
    ('--socket {nobody} watch x', 3,
     'no daemon listens on {nobody}; start it as root (dwdd), or run dwd as root, which starts one'),
)

DAEMON_OPTIONS = (
    ('x', 2, "takes options only, not 'x'"),
    ('--nosuch', 2, "unrecognized option '--nosuch'"),
    ('--socket', 2, "option '--socket' requires an argument"),
    ("--socket ''", 2, "--socket takes a path, not ''"),
    ('--socket-group no.such', 2, "--socket-group takes the name or number of a group, not 'no.such'"),
    ('--socket-mode 1000', 2, "--socket-mode takes an octal mode up to 0777, not '1000'"),
    ('--socket-mode u=rw', 2, "--socket-mode takes an octal mode up to 0777, not 'u=rw'"),
    ('--backend x', 2, "--backend takes auto, lsm, fentry or tracepoint, not 'x'"),
    ('--on-exit x', 2, "--on-exit takes continue or keep, not 'x'"),
    ('--max-stopped 0', 2, "--max-stopped takes a number from 1 to 100000, not '0'"),
    ('--log-level x', 2, "--log-level takes error, warning, info or debug, not 'x'"),
    ('--fail-open-after 2', 2, "--fail-open-after takes seconds, from 3 to a day's; or 0, never to fail open, not '2'"),
    ('--exit-idle 0', 2, "--exit-idle takes seconds, from 1 to a year's, not '0'"),
    ('--pin-dir x', 2, "--pin-dir takes an absolute path, not 'x'"),
    ('--release-all --probe', 2, '--probe and --release-all are two things to do: give one'),
    (f'--socket /{LONG}', 2, f"the socket's path is too long: 257 bytes, 106 are possible: /{LONG}"),
)

DAEMON_START = (
    ('--socket {socket}', 1,
     'another dwdd (pid {daemon}) listens on {socket}: use it, end it, or give another --socket'),
    ('--socket {file}', 1, '{file} is there and is not a socket: move it away'),
    ('--socket {nowhere}', 1,
     'cannot listen on {nowhere}: there is no such directory; make it, or give another --socket'),
)


def check(command, status, text, **options):
    """Run it; the failure is what it should be."""
    done = subprocess.run(command, check=False, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, encoding='utf-8', timeout=60 * SCALE, **options)
    equal(done.stderr, text, f'what {command} says')
    equal(done.returncode, status, f'exit status of {command}')


def usage_of(b, command):
    """As the first line of its help has it."""
    done = subprocess.run([b.dwd_path, 'help', command], check=False, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, encoding='utf-8')
    return done.stdout.partition('\n')[0]


def places(b):
    names = {'socket': b.main.socket, 'nobody': b.path('nobody'), 'file': b.path('file'),
             'nowhere': b.path('nowhere/s'), 'dwdd': b.dwdd, 'daemon': b.main.process.pid}
    with open(names['file'], 'w', encoding='utf-8'):
        pass
    return names


@case
def messages_of_commands(b):
    gone = b.run('true')
    gone.wait(20)
    program = b.program()
    b.main.watch(program)
    child = b.run(program)
    stop = b.main.wait(program)
    names = {'pid': child.pid, 'stop': stop['id'], 'program': program, 'gone': gone.pid}
    for words, status, text in USAGE:
        argv = shlex.split(words.format(**names))
        text = 'dwd: ' + text.format(usage=usage_of(b, argv[0]), **names) + '\n'
        check([b.dwd_path, '--socket', b.main.socket, *argv], status, text)
    b.caught(child, program)


@case
def remarks_on_watched_paths(b):
    program = b.program()
    rows = (
        (program, ''),
        (f'{program}/', f'{program} is a file, not a directory; without the slash it would be watched'),
        (b.scratch, f'{b.scratch} is a directory; {b.scratch}/ would watch what lies beneath it'),
        (f'{b.scratch}/', ''),
        (f'{program}.new', f'{program}.new does not exist yet; its first exec will be caught'),
    )
    for target, text in rows:
        said = f'dwd: {text}\n' if text else ''
        check([b.dwd_path, '--socket', b.main.socket, 'watch', target], 0, said)
        check([b.dwd_path, '--socket', b.main.socket, 'run', '--watch', target, '--', '/bin/true'], 0, said)


@case
def messages_without_a_daemon(b):
    names = places(b)
    for words, environment, status, text in WITHOUT_DAEMON:
        check([b.dwd_path, *shlex.split(words.format(**names))], status, f'dwd: {text.format(**names)}\n',
              env={**os.environ, 'DWD_DAEMON': b.dwdd, **environment})


@case
def messages_to_those_who_may_not(b):
    names = places(b)
    os.chmod(b.main.directory, 0o755)
    for words, status, text in AS_NOBODY:
        check([b.dwd_path, *shlex.split(words.format(**names))], status, f'dwd: {text.format(**names)}\n',
              user=65534, group=65534, extra_groups=[])
    os.chmod(b.main.directory, 0o700)
    check([b.dwd_path, '--socket', b.main.socket, 'list'], 5,
          f'dwd: permission denied on {b.main.socket}: its directory lets only others in; run this as root, or have '
          'yourself let in\n', user=65534, group=65534, extra_groups=[])
    check([b.dwdd, '--socket', names['nobody']], 1,
          'dwdd: only root can load the kernel side: run dwdd as root\n', user=65534, group=65534, extra_groups=[])
    check([b.dwdd, '--release-all', '--socket', names['nobody']], 1,
          'dwdd: only root can release what is stopped: run dwdd --release-all as root\n', user=65534, group=65534,
          extra_groups=[])


@case
def messages_of_the_daemon(b):
    names = places(b)
    for words, status, text in DAEMON_OPTIONS:
        check([b.dwdd, *shlex.split(words)], status, f"dwdd: {text}\nTry 'dwdd --help'.\n")
    for words, status, text in DAEMON_START:
        check([b.dwdd, '--backend', b.backend, *shlex.split(words.format(**names))], status,
              f'dwdd: {text.format(**names)}\n')


@case
def messages_about_output(b):
    with open('/dev/full', 'w', encoding='utf-8') as full:
        done = subprocess.run([b.dwd_path, 'help'], check=False, stdout=full, stderr=subprocess.PIPE,
                              encoding='utf-8')
    equal(done.stderr, 'dwd: cannot write to standard output: No space left on device\n', 'text')
    equal(done.returncode, 1, 'exit status')


@case
def messages_about_a_stop_that_is_taken(b):
    program = b.program()
    b.main.watch(program)
    child = b.run(program)
    stop = b.main.wait(program)
    holder = b.main.varlink()
    holder.call('io.dwd.Watchdog.Claim', {'id': stop['id']})
    check([b.dwd_path, '--socket', b.main.socket, 'attach', f'#{stop["id"]}'], 1,
          f'dwd: stop #{stop["id"]} is already taken by the client with pid {os.getpid()}\n')
    holder.close()
    until(lambda: not b.main.stops()[0].get('claimed_by'), 'the claim to fall back')
    b.caught(child, program)


@case
def messages_where_nothing_is_watched(b):
    waits = 'dwd: waiting, though nothing is watched: dwd watch TARGET adds a watch\n'
    for words in (['wait', 'x'], ['attach', 'x'], ['attach', '--each']):
        of = 'process' if '--each' in words else 'process named x'
        check([b.dwd_path, '--socket', b.main.socket, *words, '--timeout', '1ms'], 124,
              f'{waits}dwd: no {of} was stopped within 0.001 s\n')


@case
def messages_when_the_daemon_goes(b):
    with b.daemon() as daemon:
        waiter = b.run(b.dwd_path, '--socket', daemon.socket, 'wait', b.unique())
        until(lambda: daemon.json('status')['clients'] >= 2, 'the waiter')
        daemon.process.terminate()
        output, _ = waiter.communicate(timeout=20 * SCALE)
        assert output.endswith('dwd: dwdd closed the connection\n'), output
        equal(waiter.returncode, 3, 'exit status')
