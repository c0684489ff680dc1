/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "server.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include "clock.h"
#include "log.h"
#include "methods.h"
#include "peer.h"
#include "permissions.h"

#define MAX_PEERS	1024
#define ACCEPT_RETRY_US 100000
#define PATIENCE_US	30000000

struct server {
	struct service service;
	sd_event_source *accept;
	sd_event_source *retry; /* accepting again after descriptors had run out */
	struct peer_list peers;
	struct events_listener events;
	struct log_limit lost; /* connections that could not be served */
	uint64_t quiet_since;
};

static struct server *server_of(struct service *service)
{
	return container_of(service, struct server, service);
}

static void remove_peer(struct service *service, struct peer *peer)
{
	struct server *server = server_of(service);

	TAILQ_REMOVE(&server->peers, peer, entry);
	service->clients--;
	if (service->clients == 0)
		server->quiet_since = clock_monotonic_us();
	peer_free(peer);
}

static void on_event_added(struct events_listener *l)
{
	struct server *server = container_of(l, struct server, events);
	struct peer *peer;

	TAILQ_FOREACH(peer, &server->peers, entry)
	peer_news(peer);
}

static void on_event_dropped(struct events_listener *l, const struct event *event)
{
	struct server *server = container_of(l, struct server, events);
	struct peer *peer;

	TAILQ_FOREACH(peer, &server->peers, entry)
	methods_event_dropped(&peer->call, event);
}

static size_t count_clients(const struct service *service, const struct principal *user)
{
	const struct server *server =
		container_of((struct service *)service, struct server, service);
	const struct peer *peer;
	size_t n = 0;

	TAILQ_FOREACH(peer, &server->peers, entry)
	n += peer->client.user.uid == user->uid;
	return n;
}

/* Root's connections do not count against the part of all others. */
static bool has_room_for(const struct server *server, const struct principal *user)
{
	const struct principal root = {};
	const struct service *service = &server->service;

	if (service->clients >= MAX_PEERS)
		return false;
	if (principal_is_root(user))
		return true;
	return service->clients - count_clients(service, &root) < USERS_CONNECTIONS_MAX &&
	       count_clients(service, user) < USER_CONNECTIONS_MAX;
}

static int take_peer(struct server *server, int fd)
{
	_cleanup_fd_ int owned = fd;
	struct ucred credentials;
	socklen_t size = sizeof(credentials);
	struct principal user;
	struct peer *peer;
	int r;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) < 0)
		return -errno;
	user = peer_principal(&credentials);
	if (!has_room_for(server, &user)) {
		refusals_log(&server->service.refusals, &user, credentials.pid, "a connection",
			     "too many are connected");
		return 0;
	}
	r = peer_new(&peer, &server->service, fd, &credentials);
	if (r < 0)
		return r;
	steal_fd(&owned);
	TAILQ_INSERT_TAIL(&server->peers, peer, entry);
	server->service.clients++;
	return 0;
}

static int on_retry(sd_event_source *source, uint64_t time, void *userdata)
{
	struct server *server = userdata;

	return sd_event_source_set_enabled(server->accept, SD_EVENT_ON);
}

/* The connection stays in the socket's queue, and the loop must not spin on it. */
static void accept_later(struct server *server, int error)
{
	log_error_rarely(&server->lost, "cannot accept a connection: %s; trying again",
			 strerror(error));
	sd_event_source_set_enabled(server->accept, SD_EVENT_OFF);
	sd_event_source_set_time(server->retry, clock_monotonic_us() + ACCEPT_RETRY_US);
	sd_event_source_set_enabled(server->retry, SD_EVENT_ONESHOT);
}

static int on_accept(sd_event_source *source, int listen_fd, uint32_t revents, void *userdata)
{
	struct server *server = userdata;
	int fd, r;

	fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0) {
		if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)
			accept_later(server, errno);
		return 0;
	}
	r = take_peer(server, fd);
	if (r < 0)
		log_error_rarely(&server->lost, "cannot serve a connection: %s", strerror(-r));
	return 0;
}

static int add_sources(struct server *server, int listen_fd)
{
	sd_event *event = server->service.event;
	int r;

	r = sd_event_add_io(event, &server->accept, listen_fd, EPOLLIN, on_accept, server);
	if (r < 0)
		return r;
	r = sd_event_add_time(event, &server->retry, CLOCK_MONOTONIC, 0, 0, on_retry, server);
	return r < 0 ? r : sd_event_source_set_enabled(server->retry, SD_EVENT_OFF);
}

int server_new(struct server **ret, sd_event *event, struct watchdog *watchdog, int listen_fd)
{
	_cleanup_fd_ int owned = listen_fd;
	_cleanup_(server_freep) struct server *server = calloc(1, sizeof(*server));
	int r;

	if (!server)
		return -ENOMEM;
	server->service = (struct service){
		.event = sd_event_ref(event),
		.watchdog = watchdog,
		.started = clock_realtime_us(),
		.patience = PATIENCE_US,
		.count_clients = count_clients,
		.remove = remove_peer,
	};
	server->quiet_since = clock_monotonic_us();
	server->events.added = on_event_added;
	server->events.dropped = on_event_dropped;
	TAILQ_INIT(&server->peers);
	events_listen(watchdog_events(watchdog), &server->events);
	r = add_sources(server, listen_fd);
	if (r < 0)
		return r;
	sd_event_source_set_io_fd_own(server->accept, true);
	steal_fd(&owned);
	*ret = steal_pointer(server);
	return 0;
}

struct server *server_free(struct server *server)
{
	struct peer *peer;

	if (!server)
		return NULL;
	events_unlisten(watchdog_events(server->service.watchdog), &server->events);
	while ((peer = TAILQ_FIRST(&server->peers)))
		remove_peer(&server->service, peer);
	sd_event_source_disable_unref(server->accept);
	sd_event_source_disable_unref(server->retry);
	sd_event_unref(server->service.event);
	free(server);
	return NULL;
}

void server_set_config(struct server *server, struct config *config)
{
	server->service.config = config;
}

void server_set_patience(struct server *server, uint64_t patience)
{
	server->service.patience = patience;
}

uint64_t server_idle_since(const struct server *server)
{
	return server->service.clients ? 0 : server->quiet_since;
}
