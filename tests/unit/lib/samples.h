/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SAMPLES_H
#define SAMPLES_H

/* Messages as they are on the wire, for the scripts of peer.h. */

#include <errno.h>

#include "dwd.h"
#include "peer.h"

#define CALL(method, parameters) \
	"{\"method\":\"io.dwd.Watchdog." method "\",\"parameters\":" parameters "}"
#define CALL_MORE(method, parameters) \
	"{\"method\":\"io.dwd.Watchdog." method "\",\"parameters\":" parameters ",\"more\":true}"
#define REPLY(parameters)	    "{\"parameters\":" parameters "}"
#define REPLY_CONTINUES(parameters) "{\"parameters\":" parameters ",\"continues\":true}"
#define ERROR(name, parameters)	    "{\"error\":\"" name "\",\"parameters\":" parameters "}"

#define WATCH                                                                        \
	"{\"id\":4,\"target\":\"sshd\",\"kind\":\"name\",\"owner\":0,\"caught\":17," \
	"\"skipped\":{\"limit\":3,\"already-traced\":2},\"created\":\"2024-02-29T12:00:00Z\"}"
#define WATCH_OF_UID                                                                             \
	"{\"id\":5,\"target\":\"/opt/\",\"kind\":\"directory\",\"uid\":1000,"                    \
	"\"owner\":4294967294,\"caught\":0,\"skipped\":{},\"created\":\"2024-02-29T12:00:00Z\"," \
	"\"unresolved\":\"path\"}"

/* Only what must be there. */
#define STOP_SINCE(since)                                                                       \
	"{\"id\":7,\"pid\":4711,\"state\":\"stopped\",\"exe\":\"/usr/sbin/sshd\","              \
	"\"path\":\"sshd\",\"comm\":\"sshd\",\"argv\":[\"sshd\",\"-D\"],\"uid\":1,\"euid\":2,"  \
	"\"gid\":3,\"egid\":4,\"ppid\":1,\"parent\":\"systemd\",\"watch\":4,\"watches\":[4,9]," \
	"\"backend\":\"lsm\",\"since\":\"" since "\",\"start_time\":55,\"cgroup_id\":66,"       \
	"\"pid_namespace\":77,\"mount_namespace\":88}"
#define STOP STOP_SINCE("2024-02-29T12:00:00Z")
/* All that may be there, and what an older library does not know. */
#define RICH_STOP                                                                                  \
	"{\"id\":8,\"pid\":4712,\"state\":\"running\",\"exe\":\"/x\\\\xff\",\"exe_raw\":\"L3j/\"," \
	"\"path\":\"x\",\"path_raw\":null,\"comm\":\"x\",\"argv\":[],\"truncated\":true,"          \
	"\"cwd\":\"/root\",\"uid\":0,\"euid\":0,\"gid\":0,\"egid\":0,\"ppid\":0,\"parent\":\"\","  \
	"\"watch\":4,\"watches\":[],\"backend\":\"quantum\",\"since\":\"2024-02-29T12:00:00Z\","   \
	"\"start_time\":55,\"cgroup_id\":66,\"pid_namespace\":77,\"mount_namespace\":88,"          \
	"\"container\":{},\"claimed_by\":12,\"tracer\":13,"                                        \
	"\"setenv\":[\"A=1\",\"B=\"],\"setenv_error\":\"no room\",\"news\":[{\"a\":1.5}]}"

#define STATUS                                                                                    \
	"{\"version\":\"0.1.0\",\"pid\":321,\"backend\":\"fentry\",\"refused\":{\"lsm\":\"no\"}," \
	"\"watches\":1,\"stops\":2,\"max_stopped\":1000,\"missed\":4,\"caught\":30,"              \
	"\"skipped\":{\"limit\":8,\"exempt\":1},\"clients\":4,"                                   \
	"\"started\":\"2024-02-29T12:00:00Z\",\"kernel\":\"6.1.0\"}"

/* A connection to the peer. */
static inline struct dwd *connect_to(const struct peer *peer)
{
	struct dwd *d = NULL;

	assert_int_equal(dwd_connect(&d, peer_socket(peer)), 0);
	return d;
}

#endif
