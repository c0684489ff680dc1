/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gdb-remote.h"

#include <stdio.h>
#include <sys/socket.h>

#include "util.h"

#define PACKET_MAX 4096

static int read_byte(int fd, char *ret)
{
	ssize_t n;

	do
		n = read(fd, ret, 1);
	while (n < 0 && errno == EINTR);
	if (n == 0)
		return -ECONNRESET;
	return n < 0 ? -errno : 0;
}

static int send_packet(int fd, const char *payload)
{
	unsigned char sum = 0;
	char packet[32];
	int n;

	for (const char *p = payload; *p; p++)
		sum += (unsigned char)*p;
	n = snprintf(packet, sizeof(packet), "$%s#%02x", payload, sum);
	return send(fd, packet, (size_t)n, MSG_NOSIGNAL) == n ? 0 : -ECONNRESET;
}

/* The next packet, without its frame. Sockets of one machine need no checksums. */
static int receive_packet(int fd, char payload[static PACKET_MAX])
{
	size_t size = 0;
	char c = '\0';
	int r = 0;

	while (r == 0 && c != '$')
		r = read_byte(fd, &c);
	while (r == 0) {
		r = read_byte(fd, &c);
		if (r == 0 && c == '#')
			break;
		if (size + 1 < PACKET_MAX)
			payload[size++] = c;
	}
	payload[size] = '\0';
	for (int i = 0; r == 0 && i < 2; i++)
		r = read_byte(fd, &c);
	if (r == 0 && send(fd, "+", 1, MSG_NOSIGNAL) != 1)
		r = -ECONNRESET;
	return r;
}

/* Ask what answers with a report that the process has stopped. */
static int ask_for_stop(int fd, const char *packet)
{
	char answer[PACKET_MAX];
	int r = send_packet(fd, packet);

	if (r == 0)
		r = receive_packet(fd, answer);
	if (r < 0)
		return r;
	return *answer == 'T' || *answer == 'S' ? 0 : -ESRCH;
}

int gdb_remote_ready(int fd)
{
	return ask_for_stop(fd, "?");
}

int gdb_remote_take_signal(int fd)
{
	/* A step ends where the signal is taken, before the instruction. */
	return ask_for_stop(fd, "s");
}
