/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "backend-bpf-looker.h"

#include <sys/socket.h>

#include "background.h"
#include "clock.h"
#include "helper.h"
#include "log.h"

struct looker {
	struct helpers helpers;
	struct log_limit late;
	int inotify;
	pid_t pid; /* 0: there is none at the moment */
	int socket;
};

/* ---- what they say to each other ------------------------------------------------------------- */

struct request {
	struct principal owner;
	bool cgroup; /* it is a cgroup that is looked for */
	char path[PATH_MAX];
};

/* Hops come one by one, the end last, and with it the descriptor if there is one. */
struct answer {
	bool end;
	struct look_hop hop;
	/* at the end */
	bool found;
	uint64_t cgroup;
	char real[PATH_MAX];
};

#define HOP_SIZE offsetof(struct answer, found)

/* The control message that one descriptor goes in. */
union one_descriptor {
	struct cmsghdr header;
	char room[CMSG_SPACE(sizeof(int))];
};

static void send_answer(int socket, struct answer *answer, int fd)
{
	union one_descriptor control = {.header = {.cmsg_len = CMSG_LEN(sizeof(int)),
						   .cmsg_level = SOL_SOCKET,
						   .cmsg_type = SCM_RIGHTS}};
	struct iovec part = {answer, answer->end ? sizeof(*answer) : HOP_SIZE};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};

	if (fd >= 0) {
		memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
		message.msg_control = &control;
		message.msg_controllen = sizeof(control);
	}
	if (sendmsg(socket, &message, MSG_NOSIGNAL) < 0)
		_exit(1);
}

/* *fd is -1 if none came. False: there is nobody to answer any more. */
static bool receive_answer(int socket, struct answer *answer, int *fd)
{
	union one_descriptor control;
	struct iovec part = {answer, sizeof(*answer)};
	struct msghdr message = {.msg_iov = &part,
				 .msg_iovlen = 1,
				 .msg_control = &control,
				 .msg_controllen = sizeof(control)};
	ssize_t size = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
	struct cmsghdr *header = size > 0 ? CMSG_FIRSTHDR(&message) : NULL;

	*fd = -1;
	if (header && header->cmsg_type == SCM_RIGHTS)
		memcpy(fd, CMSG_DATA(header), sizeof(*fd));
	return size > 0;
}

/* ---- the process that looks ------------------------------------------------------------------ */

static void tell_hop(void *userdata, const struct look_hop *hop)
{
	struct answer answer = {.hop = *hop};

	send_answer(*(int *)userdata, &answer, -1);
}

static void answer(int socket, int inotify, const struct request *request)
{
	struct look look = {.inotify = inotify, .found_hop = tell_hop, .userdata = &socket};
	struct answer last = {.end = true};
	struct principal_own own;
	_cleanup_fd_ int fd = -1;

	/* Who cannot be assumed sees nothing. */
	if (principal_assume(&request->owner, &own) >= 0) {
		if (request->cgroup)
			last.found = look_up_cgroup(request->path, &last.cgroup);
		else
			fd = look_up(&look, request->path);
		principal_resume(&own);
	}
	memcpy(last.real, look.real, sizeof(last.real));
	send_answer(socket, &last, fd);
}

static _Noreturn void serve(int socket, int inotify)
{
	struct request request;

	if (helper_close_others(socket, inotify) < 0)
		_exit(1);
	/* It may be there before the daemon itself has let go, and outlive it. */
	background_let_go();
	while (recv(socket, &request, sizeof(request), 0) == sizeof(request))
		answer(socket, inotify, &request);
	_exit(0);
}

/* ---- the daemon's side ----------------------------------------------------------------------- */

static int begin(struct looker *l)
{
	int sockets[2], saved;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) < 0)
		return -errno;
	l->pid = fork();
	if (l->pid == 0)
		serve(sockets[1], l->inotify);
	saved = errno;
	close(sockets[1]);
	if (l->pid < 0) {
		l->pid = 0;
		close(sockets[0]);
		return -saved;
	}
	l->socket = sockets[0];
	return 0;
}

/* It is of no use any more. */
static void give_up(struct looker *l, uid_t uid, uint64_t began)
{
	helpers_end(&l->helpers, l->pid, uid, began);
	l->pid = 0;
	l->socket = close_fd(l->socket);
}

/* The last part of the answer to `request`. */
static int ask(struct looker *l, const struct request *request, const struct look *look,
	       struct answer *ret, int *fd)
{
	uint64_t end = clock_monotonic_us() + HELPER_PATIENCE_US;
	int r;

	if (send(l->socket, request, sizeof(*request), MSG_NOSIGNAL) < 0)
		return -errno;
	for (;;) {
		r = helper_await(l->socket, end);
		if (r < 0)
			return r;
		if (!receive_answer(l->socket, ret, fd))
			return -ECHILD;
		if (ret->end)
			return 0;
		look->found_hop(look->userdata, &ret->hop);
	}
}

static int look_for(struct looker *l, const struct request *request, const struct look *look,
		    struct answer *ret, int *fd)
{
	uid_t uid = request->owner.uid;
	uint64_t began = clock_monotonic_us();
	int r = helpers_admit(&l->helpers, uid);

	*fd = -1;
	if (r >= 0 && !l->pid)
		r = begin(l);
	if (r >= 0) {
		r = ask(l, request, look, ret, fd);
		if (r < 0)
			give_up(l, uid, began);
		else
			helpers_account(&l->helpers, 0, uid, began);
	}
	if (r < 0 && r != -EBUSY)
		log_rarely(&l->late,
			   "cannot look at a path that user %u has named: %s; nothing is known of "
			   "the file there until it is looked at again",
			   uid, r == -ETIMEDOUT ? "its file system does not answer" : strerror(-r));
	return r;
}

static void set_request(struct request *request, const struct principal *owner, const char *path,
			bool cgroup)
{
	*request = (struct request){.owner = *owner, .cgroup = cgroup};
	strncpy(request->path, path, sizeof(request->path) - 1);
}

int looker_find(struct looker *l, const struct principal *owner, const char *target,
		void (*found_hop)(void *userdata, const struct look_hop *hop), void *userdata,
		char real[static PATH_MAX])
{
	const struct look look = {.found_hop = found_hop, .userdata = userdata};
	struct request request;
	struct answer last;
	int fd, r;

	set_request(&request, owner, target, false);
	real[0] = '\0';
	r = look_for(l, &request, &look, &last, &fd);
	if (r < 0)
		return r;
	memcpy(real, last.real, PATH_MAX);
	return fd >= 0 ? fd : -ENOENT;
}

bool looker_find_cgroup(struct looker *l, const struct principal *owner, const char *path,
			uint64_t *ret)
{
	struct request request;
	struct answer last;
	int fd;

	set_request(&request, owner, path, true);
	if (look_for(l, &request, NULL, &last, &fd) < 0 || !last.found)
		return false;
	*ret = last.cgroup;
	return true;
}

void looker_collect(struct looker *l)
{
	helpers_collect(&l->helpers);
}

int looker_new(struct looker **ret, int inotify)
{
	struct looker *l = calloc(1, sizeof(*l));

	if (!l)
		return -ENOMEM;
	l->inotify = inotify;
	l->socket = -1;
	*ret = l;
	return 0;
}

struct looker *looker_free(struct looker *l)
{
	if (!l)
		return NULL;
	if (l->pid)
		give_up(l, 0, clock_monotonic_us());
	free(l);
	return NULL;
}
