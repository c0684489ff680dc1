# SPDX-License-Identifier: GPL-2.0-or-later
"""Which backend is used, and why not a better one."""

import json
import os
import subprocess

from harness import SCALE, Skip, case, equal, state_of, until

ORDER = ['lsm', 'fentry', 'tracepoint']


def active_lsms():
    try:
        with open('/sys/kernel/security/lsm', encoding='ascii') as f:
            return f.read().strip().split(',')
    except FileNotFoundError:
        return None


@case
def the_best_that_fires(b):
    """What is not used has a reason; BPF LSM needs `bpf` in the kernel's list."""
    with b.daemon('--backend', 'auto') as daemon:
        status = daemon.json('status')
        better = ORDER[:ORDER.index(status['backend'])]
        equal(sorted(status.get('refused', {})), sorted(better), 'refused')
        assert all(status.get('refused', {}).values()), status
        lsms = active_lsms()
        if lsms is not None and 'bpf' not in lsms:
            assert status['backend'] != 'lsm', status
            assert 'active LSMs' in status['refused']['lsm'], status
        program = b.program()
        daemon.watch(program)
        stop = b.caught(b.run(program), program, daemon)
        equal(stop['backend'], status['backend'], 'backend of the stop')


@case
def doctor_agrees(b):
    probe = b.run(b.dwdd, '--probe')
    output, _ = probe.communicate(timeout=300)
    found = json.loads(output)
    with b.daemon('--backend', 'auto') as daemon:
        equal(found['auto'], daemon.json('status')['backend'], 'auto')
    equal([e['backend'] for e in found['backends']], ORDER, 'order')
    for entry in found['backends']:
        assert entry['works'] or entry['reason'], entry
    nobody = subprocess.run([b.dwdd, '--probe'], check=False, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            timeout=60 * SCALE, user=65534, group=65534, extra_groups=[])
    equal(nobody.returncode, 1, 'exit status')
    equal({e['reason'] for e in json.loads(nobody.stdout)['backends']}, {'only root can try it'}, 'reasons')


@case
def late_on_a_realtime_kernel(b):
    """There a tracepoint's signal takes its time; a process that lives on is stopped nevertheless."""
    if not os.path.exists('/sys/kernel/realtime'):
        raise Skip('this kernel is no PREEMPT_RT kernel')
    program = b.program('/bin/sleep')
    with b.daemon('--backend', 'tracepoint') as daemon:
        assert 'stops late' in daemon.log(), daemon.log()
        watch = daemon.watch(program)
        children = [b.run(program, '600') for _ in range(50)]
        until(lambda: [s['state'] for s in daemon.stops()] == len(children) * ['stopped'], 'all to be stopped')
        equal({state_of(c.pid) for c in children}, {'T'}, 'states in /proc')
        equal(daemon.counters(watch)['caught'], len(children), 'caught')
        daemon.dwd('continue', '--all')
        until(lambda: {state_of(c.pid) for c in children} == {'S'}, 'all to run')
        for child in children:
            child.kill()
