/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Varlink framing and messages; see varlink.h for the contract.
 *
 * Each direction has one buffer, which owns memory only while there is something in it.
 *
 * A peer can make this code hold at most one message of the size that was allowed and the little
 * that one read may bring with it. Nothing here trusts what it reads, and nothing here knows what
 * the messages mean.
 */

#include "varlink.h"

#include <fcntl.h>
#include <sys/socket.h>

#include "buffer.h"
#include "json-text.h"
#include "util.h"

/* What is at least asked of one recv(2). */
#define READ_MIN 4096

struct varlink {
	int fd;
	size_t max_message;
	struct buffer in, out;
	size_t whole;	/* length of the first message in `in`, NUL included; 0: not whole yet */
	size_t scanned; /* bytes of `in` known to hold no NUL, if not whole */
	int error;	/* why reading is over */
};

int varlink_new(struct varlink **ret, int fd, size_t max_message)
{
	_cleanup_free_ struct varlink *v = calloc(1, sizeof(*v));
	int flags;

	if (!v)
		return -ENOMEM;
	flags = fcntl(fd, F_GETFL);
	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ||
	    fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
		return -errno;
	v->fd = fd;
	v->max_message = max_message;
	*ret = steal_pointer(v);
	return 0;
}

struct varlink *varlink_free(struct varlink *v)
{
	if (!v)
		return NULL;
	close_fd(v->fd);
	buffer_clear(&v->in);
	buffer_clear(&v->out);
	free(v);
	return NULL;
}

int varlink_fd(const struct varlink *v)
{
	return v->fd;
}

/* Look for the end of the first message among the bytes not looked at yet. */
static void find_message(struct varlink *v)
{
	const char *from, *nul;

	if (v->whole || buffer_used(&v->in) == v->scanned)
		return;
	from = v->in.data + v->in.start;
	nul = memchr(from + v->scanned, '\0', buffer_used(&v->in) - v->scanned);
	if (nul)
		v->whole = (size_t)(nul - from) + 1;
	else
		v->scanned = buffer_used(&v->in);
}

static void take_message(struct varlink *v)
{
	buffer_take(&v->in, v->whole);
	v->whole = 0;
	v->scanned = 0;
	find_message(v);
}

/* One read. 1: bytes came, 0: there are none now, or -errno. */
static int read_some(struct varlink *v)
{
	ssize_t n;
	int r;

	r = buffer_reserve(&v->in, READ_MIN);
	if (r < 0)
		return r;
	do
		n = recv(v->fd, v->in.data + v->in.end, v->in.size - v->in.end, 0);
	while (n < 0 && errno == EINTR);
	r = n < 0 ? -errno : 1;
	if (n > 0)
		v->in.end += (size_t)n;
	else if (buffer_used(&v->in) == 0)
		buffer_clear(&v->in);
	if (r == -EAGAIN)
		return 0;
	/* A Unix socket says ECONNRESET if the peer had not read all when it closed. */
	if (n == 0 || r == -ECONNRESET)
		return buffer_used(&v->in) ? -EPIPE : -ECONNRESET;
	return r;
}

/* Read until there is a whole message or nothing more to read. */
static int fill(struct varlink *v)
{
	int r;

	for (;;) {
		find_message(v);
		/* A message that is not whole has its NUL yet to come. */
		if ((v->whole ? v->whole : v->scanned + 1) > v->max_message)
			return -EMSGSIZE;
		if (v->whole)
			return 1;
		r = read_some(v);
		if (r <= 0)
			return r;
	}
}

int varlink_receive(struct varlink *v, json_t **ret)
{
	int r;

	if (v->error)
		return v->error;
	r = fill(v);
	if (r > 0) {
		r = json_text_read(v->in.data + v->in.start, v->whole - 1, ret);
		if (r == 0) {
			take_message(v);
			return 1;
		}
	}
	if (r < 0 && r != -ENOMEM) {
		v->error = r;
		buffer_clear(&v->in);
		v->whole = v->scanned = 0;
	}
	return r;
}

bool varlink_pending(const struct varlink *v)
{
	return v->whole > 0;
}

int varlink_enqueue(struct varlink *v, json_t *message)
{
	size_t before = buffer_used(&v->out);
	int r;

	if (!message)
		return -ENOMEM;
	r = json_text_write(&v->out, message);
	json_decref(message);
	if (r == 0)
		r = buffer_append(&v->out, "", 1);
	if (r == 0)
		return 0;
	/* Take back what was written of it; a reader must never see half a message. */
	v->out.end = v->out.start + before;
	if (!before)
		buffer_clear(&v->out);
	return r;
}

size_t varlink_queued(const struct varlink *v)
{
	return buffer_used(&v->out);
}

int varlink_flush(struct varlink *v)
{
	ssize_t n;

	while (buffer_used(&v->out)) {
		n = send(v->fd, v->out.data + v->out.start, buffer_used(&v->out), MSG_NOSIGNAL);
		if (n >= 0)
			buffer_take(&v->out, (size_t)n);
		else if (errno == EAGAIN)
			return 0;
		else if (errno != EINTR)
			return -errno;
	}
	return 1;
}

/* Put a member into a message under construction; NULL spreads to the end. */
static json_t *with(json_t *message, const char *key, json_t *value)
{
	if (!message) {
		json_decref(value);
		return NULL;
	}
	if (json_object_set_new(message, key, value) < 0) {
		json_decref(message);
		return NULL;
	}
	return message;
}

json_t *varlink_call(const char *method, json_t *parameters, bool more, bool oneway)
{
	json_t *m = with(json_object(), "method", json_string(method));

	m = with(m, "parameters", parameters ? parameters : json_object());
	if (more)
		m = with(m, "more", json_true());
	if (oneway)
		m = with(m, "oneway", json_true());
	return m;
}

json_t *varlink_reply(json_t *parameters, bool continues)
{
	json_t *m = with(json_object(), "parameters", parameters ? parameters : json_object());

	return continues ? with(m, "continues", json_true()) : m;
}

json_t *varlink_error(const char *error, json_t *parameters)
{
	json_t *m = with(json_object(), "error", json_string(error));

	return with(m, "parameters", parameters ? parameters : json_object());
}

/* An absent or null flag is false. */
static int parse_flag(const json_t *message, const char *key, bool *ret)
{
	const json_t *flag = json_object_get(message, key);

	if (flag && !json_is_null(flag) && !json_is_boolean(flag))
		return -EBADMSG;
	*ret = json_is_true(flag);
	return 0;
}

/* Absent or null parameters become {} in the message itself, which then owns them. */
static int parse_parameters(json_t *message, json_t **ret)
{
	json_t *parameters = json_object_get(message, "parameters");

	if (!parameters || json_is_null(parameters)) {
		parameters = json_object();
		if (json_object_set_new(message, "parameters", parameters) < 0)
			return -ENOMEM;
	}
	if (!json_is_object(parameters))
		return -EBADMSG;
	*ret = parameters;
	return 0;
}

int varlink_parse_call(json_t *message, struct varlink_method_call *ret)
{
	struct varlink_method_call call = {
		.method = json_string_value(json_object_get(message, "method")),
	};
	int r;

	if (!call.method)
		return -EBADMSG;
	r = parse_parameters(message, &call.parameters);
	if (r < 0)
		return r;
	if (parse_flag(message, "more", &call.more) < 0 ||
	    parse_flag(message, "oneway", &call.oneway) < 0 ||
	    parse_flag(message, "upgrade", &call.upgrade) < 0)
		return -EBADMSG;
	*ret = call;
	return 0;
}

int varlink_parse_reply(json_t *message, struct varlink_method_reply *ret)
{
	const json_t *error = json_object_get(message, "error");
	struct varlink_method_reply reply = {.error = json_string_value(error)};
	int r;

	if (error && !json_is_null(error) && !reply.error)
		return -EBADMSG;
	r = parse_parameters(message, &reply.parameters);
	if (r < 0)
		return r;
	if (parse_flag(message, "continues", &reply.continues) < 0)
		return -EBADMSG;
	*ret = reply;
	return 0;
}
