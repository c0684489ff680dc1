# SPDX-License-Identifier: BSD-2-Clause
"""Say who executes a path, and let him: the same as watch-path.c, over Varlink."""
import os
import sys
import varlink

client = varlink.Client('unix:' + os.environ.get('DWD_SOCKET', '/run/dwd/dwd.sock'))
with client.open('io.dwd.Watchdog') as dwd, client.open('io.dwd.Watchdog') as subscription:
    replies = subscription.Subscribe(follow=True, _more=True)
    next(replies)  # sent at once: from here on nothing is missed
    watch = dwd.Watch(target=sys.argv[1])['watch']['id']
    for event in (event for reply in replies for event in reply['events']):
        if event['event'] == 'stopped' and watch in event['stop']['watches']:
            print('{exe}: process {pid}, started by {parent}'.format(**event['stop']), flush=True)
            dwd.Continue(ids=[event['stop']['id']])
