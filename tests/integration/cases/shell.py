# SPDX-License-Identifier: GPL-2.0-or-later
"""The shell, as a person uses it: keys go to a terminal, and its screen is read back."""

import contextlib
import os
import re
import signal
import stat
import subprocess
import sys

from harness import SCALE, case, equal, state_of, until
from screen import Screen
from terminal import Terminal

PROMPT = r'(^|\n)dwd>$'


def shell(b, *options, daemon=None, **screen):
    """The shell on a screen, at its first prompt."""
    screen.setdefault('rows', 40)
    session = Screen(b, b.dwd_path, '--socket', (daemon or b.main).socket, *options, **screen)
    session.expect(r'(^|\n)dwd( \(.*\))?>$')
    return session


def shell_pid(screen):
    """The shell is the child of what tmux started."""
    parent = screen.tmux('list-panes', '-F', '#{pane_pid}').strip()
    return int(subprocess.run(['ps', '-o', 'pid=', '--ppid', parent], check=True,
                              stdout=subprocess.PIPE, text=True).stdout)


def child_of(screen, comm):
    """The pid of the program of this name that the shell runs, or None."""
    children = subprocess.run(['ps', '-o', 'pid=,comm=', '--ppid', str(shell_pid(screen))], check=False,
                              stdout=subprocess.PIPE, text=True).stdout.split('\n')
    return next((int(c.split()[0]) for c in children if c.endswith(comm)), None)


@case
def a_stop_appears_above_the_line_being_typed(b):
    program = b.program()
    b.main.watch(program)
    with shell(b) as screen:
        screen.type('status --js')
        screen.expect(r'dwd> status --js$')
        screen.keys('Left', 'Left')
        child = b.run(program, '0', 'argument')
        screen.expect(rf'stopped #\d+ \S+ \(pid {child.pid}\) by watch \d+: {program[:9]}\S*.*\n'
                      r'dwd \(1 stopped\)> status --js$')
        screen.type('X')  # the cursor is where it was
        screen.expect(r'\ndwd \(1 stopped\)> status --Xjs$')
        screen.keys('BSpace', 'End')
        screen.type('on')
        screen.keys('Enter')
        screen.expect(r'"pid":\d+')
        b.caught(child, program)
        screen.expect(rf'\ncontinued #\d+ \S+ \(pid {child.pid}\), by process \d+\ndwd>$')


@case
def a_stop_appears_above_a_wrapped_line(b):
    program = b.program()
    b.main.watch(program)
    text = 'watch a-name-that-is-much-longer-than-this-narrow-terminal-is-wide'
    with shell(b, columns=30) as screen:
        screen.type(text)
        screen.expect('is-wide$')
        children = [b.run(program), b.run(program)]
        screen.expect(r'\(2 stopped\)> ')
        lines = screen.lines()
        equal([line[:9] for line in lines[:2]], ['stopped #', 'stopped #'], 'the lines above')
        equal(''.join(lines[2:]), 'dwd (2 stopped)> ' + text, 'the line')
        screen.keys('C-c')
        screen.expect(r'\^C\ndwd \(2 stopped\)>$')
        for _ in children:
            b.main.dwd('continue', program, status=None)


@case
def a_stop_during_a_search_leaves_the_search(b):
    program = b.program()
    b.main.watch(program)
    with shell(b) as screen:
        screen.run('help version', 'print the version')
        screen.clear()
        screen.keys('C-r')
        screen.type('vers')
        screen.expect(r"i-search\)`vers': help version$")
        child = b.run(program)
        screen.expect(rf"\(pid {child.pid}\).*\n\(reverse-i-search\)`vers': help version$")
        screen.keys('Enter')
        screen.expect(r'print the version[\s\S]*dwd \(1 stopped\)>$')
        b.caught(child, program)


@case
def every_command_is_there(b):
    """The same table, the same parser, the same help."""
    commands = re.findall(r'^  ([a-z]+) ', b.main.dwd('help').stdout.split('Options of')[0], re.M)
    assert len(commands) >= 14, commands
    script = ''.join(f'{c} --help\n' for c in ['help', *commands]) + 'help\nwatches --nonsense\n'
    done = run_script(b, script)
    expected = ''.join(b.main.dwd(c, '--help').stdout for c in ['help', *commands]) + b.main.dwd('help').stdout
    equal(done.stdout, expected, 'help')
    equal(done.returncode, 2, 'status')
    equal(done.stderr.replace(f'line {len(commands) + 3}: ', ''),
          b.main.dwd('watches', '--nonsense', status=2).stderr, 'complaint')


def run_script(b, script, *options):
    return subprocess.run([b.dwd_path, '--socket', b.main.socket, *options], check=False, input=script,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60 * SCALE)


@case
def completion(b):
    """Commands, options, programs on PATH, files, stops, watches, users, signals."""
    program = b.program()
    name = os.path.basename(program)
    watch = b.main.watch(program)
    os.mkdir(b.path('somewhere'))
    b.script('#!/bin/sh\n', name='two words', directory=b.path('somewhere'))
    child = b.run(program)
    stop = b.main.wait(program)
    with shell(b, PATH=f'{b.scratch}:{os.environ["PATH"]}') as screen:
        def completes(typed, shown, tabs=1):
            screen.keys('C-u')
            screen.clear()
            screen.type(typed)
            screen.keys(*['Tab'] * tabs)
            screen.expect(shown)

        completes('unw', r'> unwatch$')
        completes('exi', r'> exit$')
        completes('wat', r'watch +stop a program[^\n]*\nwatches +list the watches[^\n]*\ndwd.*> watch$',
                  tabs=3)
        completes('attach --ti', r'> attach --timeout$')
        completes(f'watch {name[:-1]}', rf'> watch {name}$')
        completes(f'watch {program[:-1]}', rf'> watch {program}$')
        completes(f'watch {b.path("somew")}', rf'> watch {b.path("somewhere/")}')
        completes(f'watch {b.path("somewhere/tw")}', r'/two\\ words$')
        completes(f'watch "{b.path("somewhere/tw")}', r'/two words"$')
        completes(f'--socket={b.path("somew")}', r'somewhere/two\\ words$', tabs=2)
        completes('continue ', rf'#{stop["id"]} +\S+ \(pid {child.pid}\), stopped\n{child.pid} +\S+ \(#{stop["id"]}\), '
                  rf'stopped\n{name} ', tabs=2)
        completes('info #', rf'> info #{stop["id"]}$')
        completes(f'kill {str(child.pid)[:-1]}', rf'kill {child.pid}')
        completes('unwatch ', rf'\n{watch} +{program}\n', tabs=2)
        completes('watch --uid roo', r'> watch --uid root$')
        completes('watch --uid=roo', r'> watch --uid=root$')
        completes('kill -TER', r'> kill -TERM$')
        completes('kill -s TER', r'> kill -s TERM$')
        completes('help stat', r'> help status$')
        completes(f'!{name[:-1]}', rf'> !{name}$')
        completes('nonsense x', r'> nonsense x$')
        screen.keys('C-u')
    b.caught(child, program)


@case
def words_for_other_shells(b):
    program = b.program()
    watch = b.main.watch(program)
    child = b.run(program)
    stop = b.main.wait(program)

    def offered(*words, index=None):
        done = b.main.dwd('complete-words', len(words) - 1 if index is None else index, '--', *words)
        return dict((line.split('\t') + [''])[:2] for line in done.stdout.splitlines())

    equal(list(offered('unw')), ['unwatch'], 'commands')
    assert 'watch' in offered(index=0)
    equal(offered('unwatch', str(watch))[str(watch)], program, 'watches')
    assert f'#{stop["id"]}' in offered('continue', '', index=1)
    equal(offered('kill', str(child.pid))[str(child.pid)].split(', ')[1], 'stopped', 'a stop')
    equal(offered('list', '--js'), {'--json': 'print data as JSON'}, 'options')
    equal(offered('--color', 'a'), {'always': '', 'auto': ''}, 'choices')
    equal(offered('watch', '-TAB\t'), {}, 'nothing')
    b.main.dwd('complete-words', 3, '--', 'a', status=2)
    b.caught(child, program)


@case
def history(b):
    state = b.path('state')
    path = os.path.join(state, 'dwd/history')
    with shell(b, XDG_STATE_HOME=state) as screen:
        screen.run('help version')
        screen.run(' help quit')  # not remembered
    equal(stat.S_IMODE(os.stat(path).st_mode), 0o600, 'mode')
    equal(stat.S_IMODE(os.stat(os.path.dirname(path)).st_mode), 0o700, 'mode of the directory')
    with shell(b, XDG_STATE_HOME=state) as screen:
        screen.keys('Up')
        screen.expect(r'dwd> help version$')
        screen.keys('C-u')
        screen.run('watches')
    with open(path, encoding='utf-8') as f:
        equal(f.read(), 'help version\nwatches\n', 'history')
    with shell(b) as screen:  # the default place
        screen.run('help kill')
    assert os.path.exists(b.path('home/.local/state/dwd/history'))


@case
def history_that_cannot_be_written(b):
    with shell(b, XDG_STATE_HOME='/proc/nowhere') as screen:
        equal(screen.lines(), ['dwd>'], 'screen')
        screen.run('help version')
        screen.keys('Up')
        screen.expect(r'dwd> help version$')


@case
def ctrl_c_and_ctrl_d(b):
    program, last = b.program(), b.unique('last')
    b.main.dwd('unwatch', b.main.watch(last))
    with shell(b) as screen:
        screen.type('some nonsense')
        screen.expect('nonsense$')
        screen.keys('C-c')
        screen.expect(r'dwd> some nonsense\^C\ndwd>$')
        for waiting in (f'wait {program}', 'attach', 'events --follow', 'list --follow', f'wait {program} --timeout 1h'):
            screen.clear()
            screen.type(waiting + '\n')
            if waiting.startswith('events'):
                screen.expect(f'unwatched .*{last}')
            until(lambda pid=shell_pid(screen): blocked_in_poll(pid), 'the command to wait')
            screen.keys('C-c')
            screen.expect(r'\^C\n+dwd>$')
        screen.run('watches', 'there are no watches')
        screen.keys('C-d')
        screen.expect(r'\nended 0$')


def fill_history(daemon):
    """More events than a terminal takes at once."""
    varlink = daemon.varlink()
    for _ in range(100):
        added = varlink.call('io.dwd.Watchdog.Watch', {'target': 'x' * 200})['parameters']['watch']
        varlink.call('io.dwd.Watchdog.Unwatch', {'id': added['id']})
    varlink.close()


@case
def ctrl_c_at_any_moment(b):
    """Also before the command waits."""
    with b.daemon() as daemon, \
         Terminal([b.dwd_path, '--socket', daemon.socket], {'TERM': 'dumb', 'HOME': b.scratch}) as terminal:
        fill_history(daemon)
        terminal.expect(r'dwd> $')
        for round_ in range(40):
            terminal.type('events --follow\r')
            terminal.expect(r'follow\r\n')
            for _ in range(round_ * 30):  # a little later each time
                os.getppid()
            terminal.type('\x03')
            terminal.expect(r'dwd> $')


def writes(pid):
    """Asleep in write(2)."""
    with open(f'/proc/{pid}/syscall', encoding='utf-8') as f:
        return f.read().startswith('1 ')


def sleeps(pid):
    """How often a process has been asleep."""
    with open(f'/proc/{pid}/status', encoding='utf-8') as f:
        return int(re.search(r'\nvoluntary_ctxt_switches:\s+(\d+)', f.read()).group(1))


@case
def ctrl_c_while_the_terminal_takes_no_more(b):
    """What was interrupted is not shown, and the shell has not taken it for the end of the terminal."""
    with b.daemon() as daemon, \
         Terminal([b.dwd_path, '--socket', daemon.socket], {'TERM': 'dumb', 'HOME': b.scratch}) as terminal:
        fill_history(daemon)
        terminal.expect(r'dwd> $')
        terminal.type('events\r')
        until(lambda: writes(terminal.pid), 'the terminal to be full')
        terminal.type('\x03')
        before = sleeps(terminal.pid)  # it is interrupted in some of its writes
        until(lambda: sleeps(terminal.pid) > before + 5, 'more writes')
        terminal.expect(r'dwd> $')
        terminal.type('version\r')
        terminal.expect(r'version\r\ndwd [\d.]+\r\ndwd> $')


def runs_command(pid):
    """SIGINT is not blocked while a command runs."""
    with open(f'/proc/{pid}/status', encoding='utf-8') as f:
        blocked = int(re.search(r'SigBlk:\s+(\w+)', f.read()).group(1), 16)
    return not blocked & 1 << signal.SIGINT - 1


def blocked_in_poll(pid):
    """Asleep, and not for keys."""
    return runs_command(pid) and state_of(pid) == 'S'


@case
def exit_has_the_status_of_the_last_command(b):
    with shell(b) as screen:
        screen.run('info 4711', 'nothing that is stopped')
        screen.type('exit\n')
        screen.expect(r'ended 4$')
    with shell(b) as screen:
        screen.type('quit\n')
        screen.expect(r'ended 0$')
    assert 'shell' in b.main.dwd('exit', status=2).stderr


@case
def commands_of_the_system(b):
    with shell(b) as screen:
        screen.run('!echo $((40 + 2)) | cat', r'\n42')
        screen.type('!exec cat\n')
        until(lambda: child_of(screen, 'cat'), 'cat')
        screen.type('echoed\n')
        screen.expect(r'\nechoed\nechoed$')
        screen.keys('C-c')  # is cat's
        screen.expect(r'\^C\n+dwd>$')
        screen.run('!', 'is to be followed by a command')


@case
def quoting(b):
    program = b.program(name='two words' + b.unique())
    with shell(b) as screen:
        screen.run(f"watch '{program}'", rf'watch \d+: {program}')
        child = b.run(program)
        screen.expect(r'\(1 stopped\)>$')
        screen.run('dwd continue ' + program.replace(' ', r'\ '), 'continued #')
        equal(child.wait(20), 0, 'status')
        screen.run("list 'x", 'a \' is opened and not closed')
        screen.run('list x\\', r'ends in a \\')


@case
def what_others_do_is_told_and_what_one_does_is_not(b):
    program = b.program()
    b.main.watch(program)
    with shell(b) as screen:
        first, second = b.run(program), b.run(program)
        screen.expect(r'\(2 stopped\)>$')
        screen.run(f'continue {first.pid}', r'^dwd.*\ncontinued #\d+ \S+ \(pid \d+\)')
        screen.expect(r'\(1 stopped\)>$')
        screen.run(f'kill {second.pid}', r'sent SIGKILL')
        until(lambda: b.main.stops() == [], 'the end')
        screen.expect(PROMPT)
        equal(len(screen.lines()), 3, 'lines on the screen')
        third = b.run(program)
        screen.expect(r'\(1 stopped\)>$')
        third.kill()
        screen.expect(rf'\ngone #\d+ \S+ \(pid {third.pid}\)\ndwd>$')


@case
def a_wait_does_not_tell_twice(b):
    program = b.program()
    b.main.watch(program)
    with shell(b) as screen:
        screen.clear()
        screen.type(f'wait {program}\n')
        until(lambda: blocked_in_poll(shell_pid(screen)), 'the command to wait')
        child = b.run(program)
        screen.expect(r'\(1 stopped\)>$')
        equal(len(re.findall(str(child.pid), screen.text())), 1, 'mentions')
        b.caught(child, program)


def terminal_settings(screen):
    return subprocess.run(['stty', '-a', '-F', screen.tmux('list-panes', '-F', '#{pane_tty}').strip()], check=True, stdout=subprocess.PIPE,
                          text=True).stdout


def settings_of_commands(screen):
    """What a command finds the terminal like, not readline's."""
    screen.run('!stty -a', 'icanon')
    return screen.lines()[1:-1]


def foreground_group(pid):
    with open(f'/proc/{pid}/stat', encoding='utf-8') as f:
        return int(f.read().rpartition(')')[2].split()[5])


@case
def gdb_has_the_terminal_and_gives_it_back(b):
    program = b.program('/bin/sleep')
    b.main.watch(program)
    with shell(b, columns=120) as screen:
        before = terminal_settings(screen)
        child = b.run(program, '1000')
        screen.expect(r'\(1 stopped\)>$')
        screen.type('attach --gdb -- -nx\n')
        screen.expect(r'\(gdb\)$', 60)
        screen.type('continue\n')
        screen.expect('Continuing')
        until(lambda: state_of(child.pid) == 'S', 'the process to run')
        screen.keys('C-c')
        screen.expect(r'received signal SIGINT[\s\S]*\(gdb\)$')
        screen.type('detach\nquit\n')
        screen.expect(PROMPT)
        equal(terminal_settings(screen), before, 'terminal')
        equal(foreground_group(shell_pid(screen)), os.getpgid(shell_pid(screen)), 'foreground')
        screen.run('list', 'nothing is stopped')
        screen.type('exit\n')
        screen.expect('ended 0$')


@contextlib.contextmanager
def killed_gdb(b, screen, *what_it_does):
    """gdb on a fresh stop, at its prompt or at something else, which is killed in the end."""
    program = b.program('/bin/sleep')
    b.main.watch(program)
    b.run(program, '1000')
    screen.expect(r'\(1 stopped\)>$')
    screen.type('attach --gdb -- -nx\n')
    screen.expect(r'\(gdb\)$', 60)
    for line in what_it_does:
        screen.type(line + '\n')
    yield
    os.kill(child_of(screen, 'gdb'), signal.SIGKILL)
    screen.expect(PROMPT)


@case
def gdb_that_is_killed_leaves_the_terminal_as_it_was(b):
    """At its prompt gdb has the terminal without echo and line by line."""
    with shell(b, columns=120) as screen:
        before = settings_of_commands(screen)
        with killed_gdb(b, screen):
            assert '-icanon' in terminal_settings(screen)
        equal(settings_of_commands(screen), before, 'terminal')
        screen.run('list', 'nothing is stopped')


@case
def gdb_that_is_killed_leaves_the_foreground(b):
    """The group of a program that gdb runs is in the foreground when gdb dies."""
    with shell(b, columns=120) as screen:
        pid = shell_pid(screen)
        with killed_gdb(b, screen, 'add-inferior -exec /bin/sleep', 'inferior 2', 'run 1000'):
            screen.expect(r'Starting program')
            until(lambda: foreground_group(pid) != os.getpgid(pid), 'another foreground')
        equal(foreground_group(pid), os.getpgid(pid), 'foreground')
        screen.run('list', 'nothing is stopped')


@case
def scripts(b):
    program = b.unique()
    done = run_script(b, f'watch {program}\n\n  # a comment\nwatches\n!echo and more\n')
    equal(done.returncode, 0, 'status')
    assert re.fullmatch(rf'watch \d+: {program}\n *ID .*\n *\d.* {program}\nand more\n', done.stdout), done.stdout
    equal(done.stderr, '', 'complaints')
    done = run_script(b, f'watch {program}\n\ninfo 4711\n!echo not reached\n')
    equal(done.returncode, 4, 'status')
    assert 'dwd: line 3: nothing that is stopped' in done.stderr, done.stderr
    assert 'reached' not in done.stdout, done.stdout
    done = run_script(b, '!exit 7\nlist\n')
    equal((done.returncode, done.stderr), (7, 'dwd: line 1: it ended with status 7\n'), 'a silent failure')
    done = run_script(b, 'list\n')
    equal(done.stderr, 'dwd: nothing is stopped\n', 'a remark')


@case
def scripts_that_keep_going(b):
    done = run_script(b, 'nonsense\nlist "x\n!echo reached\n', '--keep-going')
    equal((done.returncode, done.stdout), (0, 'reached\n'), 'status')
    assert 'line 1: there is no command' in done.stderr and 'line 2: a "' in done.stderr, done.stderr
    done = run_script(b, f"watch {b.unique()}; list\nlist 'a;b' | cat\nlist '|'\n", '--keep-going')
    assert 'line 1: an unquoted ;' in done.stderr and 'line 2: an unquoted |' in done.stderr, done.stderr
    assert "line 3: nothing that is stopped matches '|'" in done.stderr, done.stderr
    equal(b.main.json('watches'), [], 'watches')
    equal(run_script(b, 'list\ninfo 4711', '--keep-going').returncode, 4, 'status of the last')
    assert 'script' in b.main.dwd('--keep-going', 'list', status=2).stderr


@case
def scripts_that_are_none(b):
    equal(run_script(b, '').returncode, 0, 'an empty one')
    equal(run_script(b, '# nothing\n\n').returncode, 0, 'one that does nothing')
    done = run_script(b, 'list\0\n')
    assert done.returncode == 2 and 'line 1: it holds a byte 0' in done.stderr, done
    directory = os.open('/', os.O_RDONLY)
    done = subprocess.run([b.dwd_path], stdin=directory, stderr=subprocess.PIPE, check=False, text=True)
    os.close(directory)
    assert done.returncode == 1 and 'cannot read the script' in done.stderr, done
    done = subprocess.run([b.dwd_path], stderr=subprocess.PIPE, check=False, text=True,
                          preexec_fn=lambda: os.close(0))
    assert done.returncode == 1 and 'cannot read a script' in done.stderr, done


@case
def a_script_is_not_read_by_what_it_runs(b):
    padding = '# read ahead at most in part\n' * 1000
    done = run_script(b, f'!cat\n{padding}!echo reached\n')
    equal((done.returncode, done.stdout), (0, 'reached\n'), 'the rest of the script')


@case
def the_daemon_goes_and_comes_back(b):
    with b.daemon() as daemon, shell(b, '--no-start', daemon=daemon) as screen:
        screen.type('watch some')
        daemon.process.terminate()
        daemon.process.wait()
        screen.expect(r'^dwd: the daemon is gone \(.*\); looking for it\ndwd \(not connected\)> watch some$')
        screen.type('thing\n')
        screen.expect(r'no daemon listens[\s\S]*\ndwd \(not connected\)>$')
        screen.type('wat')
        again = subprocess.Popen([b.dwdd, '--socket', daemon.socket, '--backend', b.backend],  # pylint: disable=consider-using-with
                                 stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            screen.expect(rf'dwd: the daemon is back \(pid {again.pid}, .*\)\ndwd> wat$')
            screen.type('ches\n')
            screen.expect(r'there are no watches[\s\S]*\ndwd>$')
        finally:
            screen.keys('C-d')
            again.terminate()
            again.wait()


@case
def a_session_without_a_daemon(b):
    socket = b.path('none')
    with Screen(b, b.dwd_path, '--socket', socket, '--no-start') as screen:
        screen.expect(r'^dwd: no daemon listens on [\s\S]*\ndwd \(not connected\)>$')
        screen.type('help version\n')
        screen.expect(r'print the version[\s\S]*dwd \(not connected\)>$')
        screen.type('version\n')
        screen.keys('C-d')
        screen.expect(r'ended 0$')
    assert not os.path.exists(socket)


@case
def a_session_starts_a_daemon(b):
    socket = b.path('dwd.sock')
    with Screen(b, b.dwd_path, '--socket', socket, DWD_DAEMON=b.dwdd) as screen:
        screen.expect(r'^dwd: started dwdd \(pid (\d+), [\s\S]*\ndwd>$')
        pid = int(re.search(r'pid (\d+)', screen.text()).group(1))
        screen.keys('C-d')
        screen.expect(r'ended 0$')
    os.kill(pid, signal.SIGTERM)
    until(lambda: state_of(pid) in (None, 'Z'), 'the daemon to end')


@case
def leaving_with_something_stopped(b):
    program = b.program()
    b.main.watch(program)
    child = b.run(program)
    b.main.wait(program)
    with shell(b) as screen:
        screen.keys('C-d')
        screen.expect(r'exit\ndwd: 1 process is still stopped; dwd continue --all lets them go\nended 0$')
    b.caught(child, program)


def colored(b, *arguments, **environment):
    """What dwd writes to a terminal."""
    script = ('import pty, sys; sys.exit(pty.spawn(sys.argv[1:], lambda fd: __import__("os").read(fd, 65536)) >> 8)')
    done = subprocess.run([sys.executable, '-c', script, b.dwd_path, '--socket', b.main.socket, *arguments],
                          env={'PATH': os.environ['PATH'], 'TERM': 'xterm', 'HOME': '/', **environment},
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=False, text=True, timeout=60)
    return done.stdout


@case
def color(b):
    program = b.program()
    b.main.watch(program)
    child = b.run(program)
    b.main.wait(program)
    yellow, red = '\033[33mstopped', '\033[1;31mdwd:'
    assert yellow in colored(b, 'list')
    assert red in colored(b, 'info', '4711')
    for environment, options in (({'NO_COLOR': '1'}, []), ({'TERM': 'dumb'}, []), ({}, ['--color', 'never']),
                                 ({}, ['--json'])):
        shown = colored(b, *options, 'list', **environment)
        assert str(child.pid) in shown and '\033' not in shown, (options, environment, shown)
    assert yellow in colored(b, 'list', '--color=always', NO_COLOR='1')
    assert '\033' not in b.main.dwd('list').stdout
    assert yellow in b.main.dwd('list', '--color', 'always').stdout
    assert red in b.main.dwd('--color=always', 'info', '4711', status=4).stderr
    assert 'auto, always and never' in b.main.dwd('list', '--color', 'purple', status=2).stderr
    b.caught(child, program)


@case
def the_prompt_has_color(b):
    program = b.program()
    b.main.watch(program)
    child = b.run(program)
    b.main.wait(program)
    with shell(b) as screen:
        assert re.search(r'dwd \(\033\[33m1 stopped', screen.tmux('capture-pane', '-p', '-e'))
    with shell(b, NO_COLOR='1') as screen:
        assert '\033' not in screen.tmux('capture-pane', '-p', '-e')
    b.caught(child, program)


@case
def tables_fit_the_terminal(b):
    program = b.program(name=b.unique() + 'x' * 50)
    b.main.watch(program)
    child = b.run(program, '0', 'a' * 200)
    b.main.wait(program)
    whole = b.main.dwd('list').stdout.split('\n')[0].split()
    for columns in (120, 79, 59, 40, 26):
        with shell(b, '--color=never', columns=columns) as screen:
            for command in ('list', 'watches'):
                screen.run(command)
                equal(len(screen.lines()), 4, f'{command} on {columns} columns: {screen.lines()}, lines')
            screen.run('list', r'ID +PID')
            if columns == 120:
                equal(screen.lines()[1].split(), whole, 'columns')
    b.caught(child, program)


@case
def suspended_and_resumed(b):
    with Screen(b, 'bash', '--norc', '--noprofile', '-i', PS1='bash> ') as screen:
        screen.expect(r'bash>$')
        screen.type(f'{b.dwd_path} --socket {b.main.socket}\n')
        screen.expect(PROMPT)
        screen.type('stat')
        screen.expect('dwd> stat$')
        screen.keys('C-z')
        screen.expect(r'Stopped[\s\S]*\nbash>$')
        screen.type('fg\n')
        screen.expect(r'\ndwd> stat$')
        screen.type('us --js')
        screen.keys('Tab')  # which readline reads, and not the terminal
        screen.expect(r'\ndwd> status --json$')
        screen.keys('Enter')
        screen.expect(r'"pid":\d+[\s\S]*\ndwd>$')
        screen.keys('C-d')
        screen.expect(r'bash>$')


@case
def a_signal_that_ends_it_leaves_the_terminal_whole(b):
    with shell(b) as screen:
        pid = shell_pid(screen)
        screen.type('half')
        screen.expect('half$')
        os.kill(pid, signal.SIGTERM)
        screen.expect('ended 143$')
        settings = terminal_settings(screen)
        assert ' icanon' in settings and ' echo ' in settings, settings


@case
def a_pasted_script(b):
    with shell(b) as screen:
        screen.tmux('set-buffer', 'help version\nhelp status')
        screen.tmux('paste-buffer', '-p')
        screen.keys('Enter')
        screen.expect(r'print the version[\s\S]*tell how the daemon is doing[\s\S]*\ndwd>$')
