/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "backend-bpf-looker.h"

#include <sys/prctl.h>
#include <sys/socket.h>

#include "background.h"
#include "clock.h"
#include "helper.h"
#include "log.h"
#include "privileges.h"

/* A process that has not ended, and what it was to look at with whose eyes: another would get no
 * further. With other eyes it might, and must be let try: what hangs for one user may not be told
 * to others, nor keep them from paths for which he has found the same hash. */
struct stuck {
	pid_t pid;
	uid_t uid;
	uint32_t path; /* a hash */
};

struct looker {
	struct helpers helpers;
	struct stuck stuck[USERS_HELPERS + ROOTS_HELPERS];
	struct log_limit late;
	bool full; /* that inotify has no room was said */
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
	int error; /* positive: it could not be looked */
	bool full;
	bool found;
	uint64_t cgroup;
	char real[PATH_MAX];
};

#define HOP_SIZE offsetof(struct answer, error)

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
		message.msg_control = control.room;
		message.msg_controllen = sizeof(control.room);
	}
	if (sendmsg(socket, &message, MSG_NOSIGNAL) < 0)
		_exit(1);
}

/* *fd is -1 if none came. -ECHILD: there is nobody to answer any more; -EMFILE: there was no
 * descriptor to be had for it. */
static int receive_answer(int socket, struct answer *answer, int *fd)
{
	union one_descriptor control;
	struct iovec part = {answer, sizeof(*answer)};
	struct msghdr message = {.msg_iov = &part,
				 .msg_iovlen = 1,
				 .msg_control = control.room,
				 .msg_controllen = sizeof(control.room)};
	ssize_t size = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
	struct cmsghdr *header = size > 0 ? CMSG_FIRSTHDR(&message) : NULL;

	*fd = -1;
	if (header && header->cmsg_type == SCM_RIGHTS)
		memcpy(fd, CMSG_DATA(header), sizeof(*fd));
	if (size <= 0)
		return -ECHILD;
	return (message.msg_flags & MSG_CTRUNC) ? -EMFILE : 0;
}

/* ---- the process that looks ------------------------------------------------------------------ */

static void tell_hop(void *userdata, const struct look_hop *hop)
{
	struct answer answer = {.hop = *hop};

	send_answer(*(int *)userdata, &answer, -1);
}

/* All other errors mean that there is nothing to be seen. */
static bool is_want(int r)
{
	return r == -EMFILE || r == -ENFILE || r == -ENOMEM;
}

static void serve_one(int socket, int inotify, const struct request *request)
{
	struct look look = {.inotify = inotify, .found_hop = tell_hop, .userdata = &socket};
	struct answer last = {.end = true};
	struct principal_own own;
	_cleanup_fd_ int fd = -1;
	int r = principal_assume(&request->owner, &own);

	if (r >= 0) {
		if (request->cgroup)
			last.found = look_up_cgroup(request->path, &last.cgroup);
		else
			fd = look_up(&look, request->path);
		principal_resume(&own);
	}
	if (r < 0 || is_want(fd))
		last.error = r < 0 ? -r : -fd;
	last.full = look.full;
	memcpy(last.real, look.real, sizeof(last.real));
	send_answer(socket, &last, fd);
}

static _Noreturn void serve(int socket, int inotify)
{
	struct request request;

	prctl(PR_SET_NAME, "dwdd-looker");
	if (helper_close_others(socket, inotify) < 0 || privileges_drop_but_looking() < 0)
		_exit(1);
	/* It may be there before the daemon itself has let go, and outlive it. */
	background_let_go();
	while (recv(socket, &request, sizeof(request), 0) == sizeof(request))
		serve_one(socket, inotify, &request);
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
		r = receive_answer(l->socket, ret, fd);
		if (r < 0 || ret->end)
			return r < 0 ? r : -ret->error;
		if (look->found_hop)
			look->found_hop(look->userdata, &ret->hop);
	}
}

static bool is_stuck(const struct looker *l, const struct request *request)
{
	uint32_t path = look_hash(request->path);

	for (size_t i = 0; i < ARRAY_SIZE(l->stuck); i++) {
		const struct stuck *s = &l->stuck[i];

		if (s->path == path && s->uid == request->owner.uid &&
		    helpers_has(&l->helpers, s->pid))
			return true;
	}
	return false;
}

/* There is always room: no more can be stuck than have not ended. */
static void note_stuck(struct looker *l, pid_t pid, const struct request *request)
{
	for (size_t i = 0; i < ARRAY_SIZE(l->stuck); i++)
		if (!helpers_has(&l->helpers, l->stuck[i].pid)) {
			l->stuck[i] = (struct stuck){.pid = pid,
						     .uid = request->owner.uid,
						     .path = look_hash(request->path)};
			return;
		}
}

static int try(struct looker *l, const struct request *request, const struct look *look,
	       struct answer *ret, int *fd)
{
	uint64_t began = clock_monotonic_us();
	pid_t pid;
	int r = l->pid ? 0 : begin(l);

	*fd = -1;
	if (r < 0)
		return r;
	pid = l->pid;
	r = ask(l, request, look, ret, fd);
	if (r < 0 && !is_want(r)) {
		give_up(l, request->owner.uid, began);
		if (helpers_has(&l->helpers, pid))
			note_stuck(l, pid, request);
	} else if (request->owner.uid != 0) {
		/* Root may have thousands of files, and pays for what does not answer alone. */
		helpers_account(&l->helpers, 0, request->owner.uid, began);
	}
	return r;
}

/* Somebody has ended it: the OOM killer, for one. */
static bool has_ended(int r)
{
	return r == -EPIPE || r == -ECHILD || r == -ECONNRESET;
}

static const char *explain(int r)
{
	if (r == -ETIMEDOUT)
		return "its file system does not answer";
	if (r == -EBUSY)
		return "looking took too much time lately, or has not ended yet, for him or others";
	return strerror(-r);
}

static int look_for(struct looker *l, const struct request *request, const struct look *look,
		    struct answer *ret, int *fd)
{
	int r = helpers_admit(&l->helpers, request->owner.uid);

	*fd = -1;
	if (r >= 0 && is_stuck(l, request))
		r = -EBUSY;
	if (r >= 0)
		r = try(l, request, look, ret, fd);
	if (has_ended(r))
		r = try(l, request, look, ret, fd);
	if (r < 0)
		log_rarely(&l->late,
			   "cannot look at a path that user %u has named: %s; what was known of it "
			   "stays until it can be looked at again",
			   request->owner.uid, explain(r));
	else if (ret->full && !l->full)
		log_warning("inotify has no more watches to give (fs.inotify.max_user_watches): "
			    "what paths lead to may change unnoticed");
	l->full |= r >= 0 && ret->full;
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
	struct answer last = {};
	struct request request;
	int fd, r;

	set_request(&request, owner, target, false);
	real[0] = '\0';
	r = look_for(l, &request, &look, &last, &fd);
	if (r < 0)
		return -EAGAIN;
	memcpy(real, last.real, PATH_MAX);
	return fd >= 0 ? fd : -ENOENT;
}

int looker_find_cgroup(struct looker *l, const struct principal *owner, const char *path,
		       uint64_t *ret)
{
	const struct look nowhere = {};
	struct answer last = {};
	struct request request;
	int fd, r;

	set_request(&request, owner, path, true);
	r = look_for(l, &request, &nowhere, &last, &fd);
	if (r < 0)
		return -EAGAIN;
	if (!last.found)
		return -ENOENT;
	*ret = last.cgroup;
	return 0;
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
