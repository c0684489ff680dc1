# SPDX-License-Identifier: GPL-2.0-or-later
"""Peers that do not behave. Each gets an error or loses its connection; others are served."""

import contextlib
import json
import os
import socket
import stat
import subprocess
import sys

from harness import Daemon, Skip, Varlink, case, equal, until

SERVICE = 'org.varlink.service.'
DWD = 'io.dwd.Watchdog.'


def served(b):
    """The daemon still answers somebody else."""
    v = b.main.varlink()
    assert 'version' in v.call(DWD + 'Status')['parameters']['status']
    v.close()


@case
def malformed_messages(b):
    for data in (b'\0', b'{}\0', b'[]\0', b'nonsense\0', b'{"method": 1}\0', b'{"method": "x"\0',
                 b'{"method":"a.B","method":"a.C"}\0', b'\xff\xfe\0', b'{"method":"a.B","parameters":[]}\0',
                 b'[' * 100000 + b'\0', b'"' + b'x' * 1000 + b'\0', b'{"method":"\\u0000"}\0',
                 b'{"method":"a.B","parameters":{"uid":18446744073709551616}}\0'):
        v = b.main.varlink()
        v.send_raw(data)
        answer = v.receive()
        assert answer is None or 'error' in answer, (data[:40], answer)
        v.close()
        served(b)


@case
def oversized_message(b):
    v = b.main.varlink()
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        for _ in range(64):
            v.send_raw(b'x' * 65536)
    equal(v.receive(), None, 'answer')
    v.close()
    served(b)


@case
def half_a_message_and_slow_ones(b):
    half = b.main.varlink()
    half.send_raw(b'{"method":"' + DWD.encode())
    served(b)
    slow = b.main.varlink()
    for byte in b'{"method":"io.dwd.Watchdog.Status"}\0':
        slow.send_raw(bytes([byte]))
    assert 'status' in slow.receive()['parameters']
    half.close()
    slow.close()
    served(b)


@case
def errors_of_the_specification(b):
    v = b.main.varlink()
    equal(v.call('no.such.interface.Method')['error'], SERVICE + 'InterfaceNotFound', 'error')
    equal(v.call(DWD + 'NoSuchMethod')['error'], SERVICE + 'MethodNotFound', 'error')
    for method, parameters, bad in (('Watch', {'target': 1}, 'target'), ('Watch', {}, 'target'),
                                    ('Watch', {'target': 'x', 'then': 'kill'}, 'then'),
                                    ('Watch', {'target': 'x', 'hold': 0, 'then': 'continue'}, 'then'),
                                    ('Watch', {'target': 'x', 'hold': 1, 'then': 'stop'}, 'then'),
                                    ('Unwatch', {'id': 'x'}, 'id'), ('Kill', {'all': True, 'signal': 'x'}, 'signal'),
                                    ('Continue', {'ids': [1, 'x']}, 'ids')):
        answer = v.call(DWD + method, parameters)
        equal(answer['error'], SERVICE + 'InvalidParameter', f'error of {method}')
        equal(answer['parameters']['parameter'], bad, f'parameter of {method}')
    equal(v.call(DWD + 'Subscribe', {'follow': True})['error'], SERVICE + 'ExpectedMore', 'error')
    equal(v.call(DWD + 'Unwatch', {'id': 4711})['error'], DWD + 'NoSuchWatch', 'error')
    equal(v.call(DWD + 'Claim', {})['error'], DWD + 'NoSuchStop', 'error')
    for target in ('', '.', '..', '/', 'a/b', 'x' * 256, '/' + 'x' * 5000):
        equal(v.call(DWD + 'Watch', {'target': target})['error'], DWD + 'InvalidTarget', f'error of {target[:9]!r}')
    v.close()


@case
def introspection(b):
    v = b.main.varlink()
    info = v.call(SERVICE + 'GetInfo')['parameters']
    assert DWD[:-1] in info['interfaces'], info
    text = v.call(SERVICE + 'GetInterfaceDescription', {'interface': DWD[:-1]})['parameters']['description']
    with open(os.path.join(os.path.dirname(__file__), '../../../lib/io.dwd.Watchdog.varlink'),
              encoding='utf-8') as f:
        equal(text, f.read(), 'description')
    v.close()


@case
def oneway_calls_are_not_answered(b):
    v = b.main.varlink()
    v.send(DWD + 'Status', oneway=True)
    equal(v.call(SERVICE + 'GetInfo')['parameters']['product'], 'dwdd', 'product')
    v.close()


@case
def subscriber_that_does_not_read(b):
    program = b.program()
    deaf = b.main.varlink()
    deaf.send(DWD + 'Subscribe', {'follow': True}, more=True)
    v = b.main.varlink()
    target = 'x' * 200
    for _ in range(6000):
        watch = v.call(DWD + 'Watch', {'target': target})['parameters']['watch']['id']
        v.call(DWD + 'Unwatch', {'id': watch})
    v.close()
    served(b)
    lost = 0
    b.main.watch(program)
    while True:
        message = deaf.receive()
        if message is None:
            break
        for event in message['parameters'].get('events', []):
            lost += event.get('lost', 0)
        if any(e.get('watch', {}).get('target') == program for e in message['parameters'].get('events', [])):
            break
    assert lost > 0, 'no event was reported as lost'
    deaf.close()


@case
def many_connections(b):
    peers = [b.main.varlink() for _ in range(200)]
    for v in peers:
        v.send(DWD + 'Status')
    for v in peers:
        assert 'status' in v.receive()['parameters']
        v.close()
    until(lambda: b.main.json('status')['clients'] == 1, 'the clients to be gone')


@case
def socket_is_roots_alone(b):
    mode = os.stat(b.main.socket)
    equal(stat.S_IMODE(mode.st_mode), 0o600, 'mode')
    equal(mode.st_uid, 0, 'owner')


@case
def second_daemon_is_refused(b):
    child = b.run(b.dwdd, '--socket', b.main.socket)
    output, _ = child.communicate(timeout=60)
    equal(child.returncode, 1, 'exit status')
    assert str(b.main.process.pid) in output and b.main.socket in output, output
    served(b)


@case
def stale_socket_is_replaced(b):
    with b.daemon() as daemon:
        path = daemon.socket
        daemon.process.kill()
        daemon.process.wait()
        assert os.path.exists(path)
        child = b.run(b.dwdd, '--socket', path, '--backend', b.backend)
        def answers():
            try:
                Varlink(path).close()
                return True
            except (ConnectionRefusedError, FileNotFoundError):
                return False
        until(answers, 'the new daemon')
        child.terminate()
        equal(child.wait(20), 0, 'exit status')
        assert not os.path.exists(path), 'the socket is left'


@case
def socket_activation(b):
    path = b.path('activated.sock')
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(path)
    listening.listen()
    fd = listening.fileno()
    child = b.run('bash', '-c', f'exec 3<&{fd}; LISTEN_PID=$$ LISTEN_FDS=1 exec {b.dwdd} --backend {b.backend}',
                  pass_fds=[fd])
    v = Varlink(path)
    equal(v.call(SERVICE + 'GetInfo')['parameters']['product'], 'dwdd', 'product')
    v.close()
    child.terminate()
    equal(child.wait(20), 0, 'exit status')


@case
def readiness_is_notified(b):
    path = b.path('notify.sock')
    notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    notify.bind(path)
    notify.settimeout(60)
    directory = b.path(b.unique('run'))
    os.mkdir(directory)
    child = b.run(b.dwdd, '--socket', os.path.join(directory, 's'), '--backend', b.backend,
                  env={**os.environ, 'NOTIFY_SOCKET': path})
    messages = ''
    while 'READY=1' not in messages:
        messages += notify.recv(4096).decode()
    Varlink(os.path.join(directory, 's')).close()
    child.terminate()
    equal(child.wait(20), 0, 'exit status')


@case
def another_varlink_implementation(b):
    """Debian's python3-varlink lists stops and receives an event."""
    fetch = os.path.join(os.path.dirname(__file__), '../../vm/fetch-varlink')
    found = subprocess.run([fetch], check=False, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if found.returncode != 0:
        raise Skip(f'no python3-varlink: {found.stderr.strip()}')
    sys.path.append(found.stdout.strip())
    import varlink  # pylint: disable=import-outside-toplevel,import-error
    program = b.program()
    with varlink.Client(address=f'unix:{b.main.socket}') as client:
        with client.open('io.dwd.Watchdog') as one, client.open('io.dwd.Watchdog') as two:
            # The call is made when its first reply is asked for, and that comes at once.
            events = one.Subscribe(follow=True, _more=True)
            seen = [e['event'] for e in next(events)['events']]
            two.Watch(target=program)
            child = b.run(program)
            while 'stopped' not in seen:
                seen += [e['event'] for e in next(events)['events']]
            stops = two.ListStops()['stops']
            equal([s['exe'] for s in stops], [program], 'stops')
            equal(two.Continue(all=True)['continued'], 1, 'continued')
            equal(child.wait(20), 0, 'exit status')


@case
def bad_options(b):
    for arguments in (['--backend', 'x'], ['--max-stopped', '0'], ['--max-stopped', 'x'], ['--nonsense'],
                      ['--on-exit', 'x'], ['--log-level', 'x'], ['extra'], ['--socket', '/' + 'x' * 200]):
        child = b.run(b.dwdd, *arguments)
        output, _ = child.communicate(timeout=20)
        equal(child.returncode, 2, f'exit status of {arguments}: {output}')
    assert json.dumps(output), Daemon
