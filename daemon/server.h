/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DWD_SERVER_H
#define DWD_SERVER_H

/*
 * The Varlink service: takes connections from a listening socket and speaks for the engine.
 *
 * It promises: a peer's fault (a malformed or oversized message, a socket nobody reads) ends or
 * holds up that peer's connection and nothing else; what a peer has claimed falls back when its
 * connection ends, however it ends; memory per peer is bounded.
 */

#include <systemd/sd-event.h>

#include "util.h"

struct config;
struct server;
struct watchdog;

/* Takes `listen_fd` over, also on failure. `watchdog` must outlive the server. */
int server_new(struct server **ret, sd_event *event, struct watchdog *watchdog, int listen_fd);
/* Whose files it may have read and written; `config` must outlive the server, or be NULL. */
void server_set_config(struct server *server, struct config *config);
/* How long (us) a peer may leave unread what waits for it, of which there is no room for more; half
 * a minute at first. */
void server_set_patience(struct server *server, uint64_t patience);
/* Sends what can be sent without waiting, and closes all connections. */
struct server *server_free(struct server *server);
DEFINE_CLEANUP(struct server *, server_free)

/* Since when (monotonic us) nobody has been connected; 0 if somebody is. */
uint64_t server_idle_since(const struct server *server);

#endif
