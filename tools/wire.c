/*
 * wire.c - send and receive frames without ever blocking QEMU.
 *
 * QEMU waits when our socket is full, so whoever sends must also take in.
 */
#define _GNU_SOURCE /* ppoll */
#include "wire.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { LOCK_WAIT_MS = 1000, DATAGRAM = 70000, SEND_LIMIT_MS = 5000 };

struct wire {
	int fd, lock;
	char path[MACHINE_PATH];
	wire_fn fn;
	void *arg;
	uint8_t buf[DATAGRAM];
};

static bool
address(const struct machine *m, const char *file, struct sockaddr_un *out)
{
	char path[MACHINE_PATH];

	machine_path(m, file, path);
	memset(out, 0, sizeof(*out));
	out->sun_family = AF_UNIX;
	if (strlen(path) >= sizeof(out->sun_path))
		return false;
	memcpy(out->sun_path, path, strlen(path));
	return true;
}

/* Our end bound, connected to QEMU's so that a full queue can be waited for. */
static int
open_socket(const struct machine *m)
{
	struct sockaddr_un host, nic;
	int bytes = 1 << 22;
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0 || !address(m, "host.sock", &host) ||
		!address(m, "nic.sock", &nic))
		return fd;
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
	unlink(host.sun_path);
	if (bind(fd, (const struct sockaddr *)&host, sizeof(host)) < 0 ||
		connect(fd, (const struct sockaddr *)&nic, sizeof(nic)) < 0) {
		close(fd);
		unlink(host.sun_path);
		return -1;
	}
	return fd;
}

enum status
wire_open(const struct args *a, const struct machine *m, struct wire **out)
{
	struct wire *w;
	enum status st;

	if (strcmp(m->net, "dgram") != 0)
		return cli_fail(a,
			"machine '%s' is on --net %s; frames can be exchanged "
			"only with --net dgram",
			m->name, m->net);
	w = xalloc(sizeof(*w));
	w->lock = machine_lock(m, "wire.lock", LOCK_WAIT_MS);
	if (w->lock < 0) {
		free(w);
		return cli_fail(a,
			"another command uses the wire of machine '%s'",
			m->name);
	}
	machine_path(m, "host.sock", w->path);
	w->fd = open_socket(m);
	if (w->fd < 0) {
		st = cli_fail(a, "cannot reach the NIC of machine '%s': %s",
			m->name, strerror(errno));
		close(w->lock);
		free(w);
		return st;
	}
	*out = w;
	return STATUS_OK;
}

void
wire_close(struct wire *w)
{
	if (w == NULL)
		return;
	unlink(w->path);
	close(w->fd);
	close(w->lock);
	free(w);
}

void
wire_receiver(struct wire *w, wire_fn fn, void *arg)
{
	w->fn = fn;
	w->arg = arg;
}

int
wire_fd(const struct wire *w)
{
	return w->fd;
}

void
wire_drain(void *arg)
{
	struct wire *w = arg;
	ssize_t n;

	while ((n = recv(w->fd, w->buf, sizeof(w->buf), 0)) >= 0) {
		if (w->fn != NULL)
			w->fn(w->arg, w->buf, (size_t)n);
	}
}

void
wire_wait(struct wire *w, double end_us)
{
	struct pollfd p = { .fd = w->fd, .events = POLLIN };
	double left = end_us - now_us();
	struct timespec ts = { .tv_sec = 0 };

	if (left > 0) {
		ts.tv_sec = (time_t)(left / 1e6);
		ts.tv_nsec = (long)((left - (double)ts.tv_sec * 1e6) * 1e3);
	}
	if (ppoll(&p, 1, &ts, NULL) > 0)
		wire_drain(w);
}

bool
wire_send(struct wire *w, const uint8_t *frame, size_t n)
{
	uint64_t end = now_ms() + SEND_LIMIT_MS;
	struct pollfd p = { .fd = w->fd, .events = POLLIN | POLLOUT };

	while (send(w->fd, frame, n, MSG_NOSIGNAL) < 0) {
		if ((errno != EAGAIN && errno != ENOBUFS && errno != EINTR) ||
			now_ms() >= end)
			return false;
		p.events = POLLIN | POLLOUT;
		if (poll(&p, 1, 100) > 0 && (p.revents & POLLIN) != 0)
			wire_drain(w);
	}
	return true;
}
