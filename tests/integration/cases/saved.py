# SPDX-License-Identifier: GPL-2.0-or-later
"""Watches that outlive the daemon: files, reload, watch --save."""

import os
import signal

from harness import case, equal, until


class Files:
    """A directory of watches."""

    def __init__(self, b):
        self.path = b.path(b.unique('etc'), 'watches.d')

    def write(self, name, text):
        os.makedirs(self.path, exist_ok=True)
        with open(os.path.join(self.path, name), 'w', encoding='utf-8') as f:
            f.write(text)

    def read(self, name):
        with open(os.path.join(self.path, name), encoding='utf-8') as f:
            return f.read()

    def at(self, name):
        return os.path.join(self.path, name)


def targets(daemon):
    return [(w['target'], w.get('uid')) for w in daemon.json('watches')]


@case
def files_are_read_at_start(b):
    program = b.program(name=b.unique('p q'))
    files = Files(b)
    files.write('b.conf', f'# those of mine\n\n  "{program}"   # this one\n--uid nobody other\n')
    files.write('a.conf', 'first')  # no newline at the end
    files.write('c.conf.bak', 'never\n')
    files.write('.hidden.conf', 'never\n')
    with b.daemon('--watches-dir', files.path) as daemon:
        equal(targets(daemon), [('first', None), (program, None), ('other', 65534)], 'watches')
        equal([w['saved'] for w in daemon.json('watches')],
              [files.at('a.conf'), files.at('b.conf'), files.at('b.conf')], 'saved')
        assert 'SAVED' in daemon.dwd('watches').stdout
        b.caught(b.run(program), program, daemon)


@case
def what_is_wrong_does_not_prevent_the_rest(b):
    files = Files(b)
    files.write('x.conf', 'good\nrelative/path\n--uid nosuchuser x\n--nosuch x\na b\n"open\n/\nalso\n')
    os.mkdir(files.at('y.conf'))
    with b.daemon('--watches-dir', files.path) as daemon:
        equal(targets(daemon), [('good', None), ('also', None)], 'watches')
        x = files.at('x.conf')
        errors = [
            f"{x}:2: cannot watch 'relative/path': a relative path: give a name without a slash, or an absolute "
            'path',
            f'{x}:3: --uid nosuchuser: there is no such user',
            f'{x}:4: there is no option --nosuch',
            f"{x}:5: 'b' is one word too many: one watch a line",
            f'{x}:6: the quote " is not closed',
            f"{x}:7: cannot watch '/': the root directory holds every program: all of them would stop",
            f'{files.at("y.conf")}: cannot read it: Is a directory']
        for error in errors:
            assert f'dwdd: {error}\n' in daemon.log(), (error, daemon.log())
        done = daemon.dwd('reload', status=1)
        equal(sorted(done.stderr.splitlines()), sorted(f'dwd: {error}' for error in errors), 'errors')
        equal(done.stdout, 'watches: 0 added, 0 removed, 2 kept\n', 'output')
        equal(sorted(daemon.json('reload', status=1)['errors']), sorted(errors), 'errors')


@case
def only_files_are_read(b):
    """What could keep the daemon waiting, or has no end, is told of, and no more: at the start, on a reload and
    when a watch is to be saved there."""
    files = Files(b)
    files.write('good.conf', 'good\n')
    files.write('large.conf', 'many\n' * (4 * 1024 * 1024 // 5 + 1))
    os.mkfifo(files.at('fifo.conf'))
    os.symlink('/dev/zero', files.at('zero.conf'))
    os.symlink(files.at('fifo.conf'), files.at('link.conf'))
    irregular = 'it is not a regular file'
    why = {'fifo': irregular, 'link': irregular, 'zero': irregular, 'large': 'it is larger than 4 MiB'}
    with b.daemon('--watches-dir', files.path) as daemon:
        equal(targets(daemon), [('good', None)], 'watches')
        for name, reason in why.items():
            assert f'dwdd: {files.at(name)}.conf: cannot read it: {reason}\n' in daemon.log(), (name, daemon.log())
        equal(len(daemon.json('reload', status=1)['errors']), len(why), 'errors')
        for name, reason in why.items():
            said = daemon.dwd('watch', '--save-as', name, 'x', status=None)
            assert said.returncode and f'cannot read {files.at(name)}.conf: {reason}\n' in said.stderr, said
        # What is left of a write that was broken off is in nobody's way.
        os.mkfifo(files.at('good.conf.new'))
        daemon.dwd('watch', '--save-as', 'good', 'too')
        equal(files.read('good.conf'), 'good\ntoo\n', 'file')


@case
def a_file_does_not_become_too_large(b):
    files = Files(b)
    files.write('x.conf', 'one\n' + '#' * (4 * 1024 * 1024 - 8) + '\n')
    with b.daemon('--watches-dir', files.path) as daemon:
        daemon.dwd('watch', '--save-as', 'x', 'ab')
        said = daemon.dwd('watch', '--save-as', 'x', 'a', status=None)
        assert f'cannot write {files.at("x.conf")}: it would be larger than 4 MiB' in said.stderr, said
        equal(daemon.dwd('reload').stdout, 'watches: 0 added, 0 removed, 2 kept\n', 'output')


@case
def reload_makes_just_the_difference(b):
    files = Files(b)
    program = b.program()
    files.write('x.conf', f'{program}\none\n')
    with b.daemon('--watches-dir', files.path) as daemon:
        b.caught(b.run(program), program, daemon)
        before = daemon.json('watches')
        other = daemon.watch('by-hand')
        files.write('x.conf', f'two\n# moved\n{program}\n')
        equal(daemon.dwd('reload').stdout, 'watches: 1 added, 1 removed, 1 kept\n', 'output')
        after = {w['target']: w for w in daemon.json('watches')}
        equal(sorted(after), sorted([program, 'by-hand', 'two']), 'watches')
        equal(after[program]['id'], before[0]['id'], 'id')
        equal(after[program]['caught'], 1, 'caught')
        equal(after['by-hand']['id'], other, 'id')
        # the signal does the same
        os.unlink(files.at('x.conf'))
        daemon.process.send_signal(signal.SIGHUP)
        until(lambda: targets(daemon) == [('by-hand', None)], 'the saved watches to go')


@case
def watch_save_writes_a_line(b):
    files = Files(b)
    odd = b.path(b.unique("it's #"))
    with b.daemon('--watches-dir', files.path) as daemon:
        added = daemon.json('watch', '--save', '--uid', 'nobody', 'one')
        equal(added[0]['saved'], files.at('saved.conf'), 'saved')
        equal(daemon.dwd('watch', '--save', odd).stdout.splitlines()[0],
              f'watch 2: {odd}, saved in {files.at("saved.conf")}', 'output')
        daemon.dwd('watch', '--save-as', 'mine', 'two')
        quoted = odd.replace("'", "'\\''")
        equal(files.read('saved.conf'), f"--uid nobody one\n'{quoted}'\n", 'file')
        equal(files.read('mine.conf'), 'two\n', 'file')
        equal(daemon.dwd('reload').stdout, 'watches: 0 added, 0 removed, 3 kept\n', 'output')
        before = [(w['target'], w.get('uid'), w['saved']) for w in daemon.json('watches')]
    with b.daemon('--watches-dir', files.path) as daemon:
        equal(sorted((w['target'], w.get('uid'), w['saved']) for w in daemon.json('watches')), sorted(before),
              'watches of the next daemon')


@case
def all_that_a_rule_can_say_is_saved(b):
    files = Files(b)
    options = ['--arg', '*FailingTest', '--arg', "it's", '--under', 'no such parent', '--skip', '1', '--count', '2',
               '--max-stopped', '3', '--hold', '1.5s', '--then', 'kill', '--setenv', 'A=b c']
    with b.daemon('--watches-dir', files.path) as daemon:
        before = daemon.json('watch', '--save', *options, 'one')[0]
    with b.daemon('--watches-dir', files.path) as daemon:
        after = daemon.json('watches')[0]
        del before['created'], after['created']
        equal(after, before, 'the watch')


@case
def unwatch_of_a_saved_watch(b):
    files = Files(b)
    files.write('x.conf', '# keep me\none\n two # a comment\nthree')
    with b.daemon('--watches-dir', files.path) as daemon:
        done = daemon.dwd('unwatch', 'one')
        equal(done.stderr, f'dwd: it is still in {files.at("x.conf")}, and comes back when the daemon starts or '
              'reloads; unwatch --save takes it out there, too\n', 'remark')
        equal([t for t, _ in targets(daemon)], ['two', 'three'], 'watches')
        daemon.dwd('reload')
        equal(sorted(t for t, _ in targets(daemon)), ['one', 'three', 'two'], 'watches')
        daemon.dwd('unwatch', '--save', 'two', 'three')
        equal(files.read('x.conf'), '# keep me\none\n', 'file')
        daemon.dwd('watch', '--save-as', 'alone', 'four')
        daemon.dwd('unwatch', '--save', 'four')
        assert not os.path.exists(files.at('alone.conf')), 'an empty file is left'
        equal(daemon.dwd('reload').stdout, 'watches: 0 added, 0 removed, 1 kept\n', 'output')


@case
def a_file_stays_what_it_was(b):
    """A link leads to the same file, which keeps its mode; one of somebody else is not made root's."""
    files = Files(b)
    real = b.path(b.unique('real'))
    os.makedirs(files.path)
    with open(real, 'w', encoding='utf-8') as f:
        f.write('one\n')
    os.chmod(real, 0o640)
    os.symlink(real, files.at('x.conf'))
    with b.daemon('--watches-dir', files.path) as daemon:
        daemon.dwd('watch', '--save-as', 'x', 'two')
        equal(files.read('x.conf'), 'one\ntwo\n', 'file')
        daemon.dwd('unwatch', '--save', 'one', 'two')
        equal((os.readlink(files.at('x.conf')), files.read('x.conf')), (real, ''), 'link and file')
        equal(os.stat(real).st_mode & 0o7777, 0o640, 'mode')
        os.chown(real, 65534, 65534)
        said = daemon.dwd('watch', '--save-as', 'x', 'three', status=None)
        assert 'would not keep owner and group' in said.stderr, said
        equal((os.stat(real).st_uid, os.listdir(os.path.dirname(real)).count(os.path.basename(real) + '.new')),
              (65534, 0), 'owner, and files left')


@case
def saved_once(b):
    """What is saved already is watched again, and not saved again."""
    files = Files(b)
    with b.daemon('--watches-dir', files.path) as daemon:
        filters = ('--uid', 'root', '--arg', 'a b', '--once', '--hold', '2s', '--setenv', 'A=1', 'one')
        for words in (('one',), filters, ('/somewhere/two',)):
            daemon.dwd('watch', '--save', *words)
            written = files.read('saved.conf')
            done = daemon.dwd('watch', '--save', *words)
            assert f'saved in {files.at("saved.conf")}, is the same: no second line' in done.stderr, done.stderr
            equal(files.read('saved.conf'), written, 'the file')
        for words in (('--skip', '1', 'one'), ('--arg', 'a c', *filters[4:])):
            assert ', saved in ' in daemon.dwd('watch', '--save', *words).stdout, words
        equal(len(files.read('saved.conf').splitlines()), 5, 'lines')


@case
def what_cannot_be_saved(b):
    files = Files(b)
    with b.daemon('--watches-dir', files.path) as daemon:
        for name, why in (('../x', 'it does not begin with a letter or a digit'),
                          ('a/b', 'only letters, digits and ._- can be in it')):
            done = daemon.dwd('watch', '--save-as', name, 'x', status=2)
            equal(done.stderr, f'dwd: --save-as {name}: {why}\n', 'message')
            assert 'watched' not in daemon.dwd('events').stdout, 'it was watched for a moment'
            equal(daemon.json('watches'), [], 'watches that do not last')
        assert 'cannot hold a newline' in daemon.dwd('watch', '--save', '/a\nb', status=2).stderr
        v = daemon.varlink()
        watch = daemon.watch('other')
        answer = v.call('io.dwd.Watchdog.Save', {'id': watch, 'line': 'another'})
        equal(answer['parameters']['reason'], f'watch {watch} has another target', 'reason')
        equal(v.call('io.dwd.Watchdog.Unsave', {'id': watch})['error'], 'io.dwd.Watchdog.NotSaved', 'error')
        equal(v.call('io.dwd.Watchdog.Save', {'id': 4711, 'line': 'x'})['error'], 'io.dwd.Watchdog.NoSuchWatch',
              'error')
        v.call('io.dwd.Watchdog.Save', {'id': watch, 'line': 'other'})
        equal(v.call('io.dwd.Watchdog.Save', {'id': watch, 'line': 'other'})['error'],
              'io.dwd.Watchdog.AlreadySaved', 'error')
        v.close()
    # A daemon with a socket of its own has nothing to do with the machine's watches.
    equal(b.main.dwd('watch', '--save', 'x', status=1).stderr,
          'dwd: this dwdd keeps no watches in files: start it with --watches-dir\n', 'text')
    equal(b.main.dwd('reload', status=1).stderr,
          'dwd: this dwdd keeps no watches in files: start it with --watches-dir\n', 'text')
