/*
 * ctl.c - requests over the control socket: tags, repetition, bounded waits.
 *
 * The wire format is in ctl_frame.c, the operations in apps/agent/agent.h.
 */
#include "ctl.h"

#include "ctl_frame.h"

#include <spindle/bytes.h>

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { LOCK_WAIT_MS = 20000, HOLD_MS = 500 };

struct ctl {
	struct machine m;
	int fd, lock; /* -1 between two breaths that failed */
	uint64_t since_ms;
	uint16_t tag;
	unsigned attempts, ms;
	char text[sizeof(((struct ag_result *)0)->text) + 1];
	int side_fd; /* -1: nothing to do meanwhile */
	void (*side_fn)(void *);
	void *side_arg;
	struct ctl_input in;
	uint8_t message[CTL_MESSAGE_MAX];
};

static int
connect_socket(const struct machine *m)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	char path[MACHINE_PATH];
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	machine_path(m, "ctl.sock", path);
	if (fd < 0 || strlen(path) >= sizeof(sa.sun_path))
		return fd;
	memcpy(sa.sun_path, path, strlen(path) + 1);
	if (connect(fd, (const struct sockaddr *)&sa, sizeof(sa)) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

/* Take the lock, connect, remember the last tag.  False and errno if not. */
static bool
join(struct ctl *c, unsigned wait_ms)
{
	uint8_t tag[2] = { 0, 0 };

	c->lock = machine_lock(&c->m, "ctl.lock", wait_ms);
	if (c->lock < 0)
		return false;
	c->fd = connect_socket(&c->m);
	if (c->fd < 0)
		return false;
	if (pread(c->lock, tag, sizeof(tag), 0) == (ssize_t)sizeof(tag))
		c->tag = le16_get(tag);
	c->in.n = 0;
	c->in.done = 0;
	c->since_ms = now_ms();
	return true;
}

static void
leave(struct ctl *c)
{
	int err = errno;

	if (c->fd >= 0)
		close(c->fd);
	if (c->lock >= 0)
		close(c->lock);
	c->fd = c->lock = -1;
	errno = err;
}

struct ctl *
ctl_try(const struct machine *m, unsigned wait_ms)
{
	struct ctl *c = xalloc(sizeof(*c));

	c->m = *m;
	c->attempts = 3;
	c->ms = AG_TIMEOUT_MS;
	c->side_fd = -1;
	c->fd = c->lock = -1;
	if (join(c, wait_ms))
		return c;
	leave(c);
	free(c);
	return NULL;
}

enum status
ctl_open(const struct args *a, const struct machine *m, struct ctl **out)
{
	*out = ctl_try(m, LOCK_WAIT_MS);
	if (*out != NULL)
		return STATUS_OK;
	if (errno == EWOULDBLOCK)
		return cli_fail(a,
			"another spindle command keeps machine '%s' busy",
			m->name);
	return cli_fail(
		a, "cannot reach machine '%s': %s", m->name, strerror(errno));
}

void
ctl_pause(struct ctl *c)
{
	leave(c);
}

int
ctl_breathe(struct ctl *c)
{
	if (c->fd >= 0 && now_ms() - c->since_ms < HOLD_MS)
		return SP_OK;
	leave(c);
	sleep_ms(LOCK_POLL_MS * 2);
	if (join(c, LOCK_WAIT_MS))
		return SP_OK;
	leave(c);
	return CTL_CLOSED;
}

void
ctl_close(struct ctl *c)
{
	if (c == NULL)
		return;
	leave(c);
	free(c);
}

void
ctl_patience(struct ctl *c, unsigned attempts, unsigned ms)
{
	c->attempts = attempts;
	c->ms = ms;
}

void
ctl_meanwhile(struct ctl *c, int fd, void (*fn)(void *), void *arg)
{
	c->side_fd = fd;
	c->side_fn = fn;
	c->side_arg = arg;
}

static int
send_all(struct ctl *c, const uint8_t *p, size_t n)
{
	while (n > 0) {
		ssize_t w = send(c->fd, p, n, MSG_NOSIGNAL);

		if (w < 0 && errno == EINTR)
			continue;
		if (w <= 0)
			return CTL_CLOSED;
		p += w;
		n -= (size_t)w;
	}
	return SP_OK;
}

/* Wait until END for bytes of an answer.  SP_OK, CTL_LOST or CTL_CLOSED. */
static int
fill(struct ctl *c, uint64_t end)
{
	struct pollfd p[2] = { { .fd = c->fd, .events = POLLIN },
		{ .fd = c->side_fd, .events = POLLIN } };
	uint64_t now;
	ssize_t got;
	size_t room;
	uint8_t *at;

	for (;;) {
		now = now_ms();
		if (now >= end)
			return CTL_LOST;
		if (poll(p, 2, (int)(end - now)) < 0 && errno != EINTR)
			return CTL_CLOSED;
		if (p[1].revents != 0)
			c->side_fn(c->side_arg);
		if (p[0].revents != 0)
			break;
	}
	at = ctl_room(&c->in, &room);
	got = recv(c->fd, at, room, MSG_DONTWAIT);
	if (got > 0)
		c->in.n += (size_t)got;
	else if (got == 0 || (errno != EAGAIN && errno != EINTR))
		return CTL_CLOSED;
	return SP_OK;
}

/* Wait for the answer to OP and the current tag. */
static int
await(struct ctl *c, enum ag_op op, struct ctl_message *msg)
{
	uint64_t end = now_ms() + c->ms;
	int err;

	for (;;) {
		while (ctl_next(&c->in, msg)) {
			if (msg->tag == c->tag &&
				msg->op == ((unsigned)op | AG_REPLY))
				return SP_OK;
		}
		err = fill(c, end);
		if (err < 0)
			return err;
	}
}

static void
next_tag(struct ctl *c)
{
	uint8_t tag[2];

	c->tag++;
	le16_put(tag, c->tag);
	if (pwrite(c->lock, tag, sizeof(tag), 0) != (ssize_t)sizeof(tag))
		c->tag = (uint16_t)(now_ms() & 0xffff);
}

int
ctl_call(struct ctl *c, enum ag_op op, const void *req, size_t n, void *ans,
	size_t room, size_t *got)
{
	struct ctl_message msg;
	struct ag_result result;
	size_t len;
	int err = CTL_LOST;

	if (c->fd < 0)
		return CTL_CLOSED;
	next_tag(c);
	c->text[0] = '\0';
	for (unsigned i = 0; i < c->attempts && err == CTL_LOST; i++) {
		len = ctl_pack((uint16_t)op, c->tag, req, n, c->message);
		err = send_all(c, c->message, len);
		if (err == SP_OK)
			err = await(c, op, &msg);
	}
	if (err < 0)
		return err;
	if (msg.n < sizeof(result))
		return CTL_STRANGE;
	memcpy(&result, msg.payload, sizeof(result));
	memcpy(c->text, result.text, sizeof(result.text));
	len = msg.n - sizeof(result);
	if (len > room)
		len = room;
	if (len > 0)
		memcpy(ans, msg.payload + sizeof(result), len);
	if (got != NULL)
		*got = len;
	return result.code;
}

int
ctl_ask(struct ctl *c, enum ag_op op, const void *req, size_t n, void *ans,
	size_t room)
{
	size_t got;
	int err = ctl_call(c, op, req, n, ans, room, &got);

	if (err < 0)
		return err;
	return got == room ? SP_OK : CTL_STRANGE;
}

const char *
ctl_why(const struct ctl *c, int code)
{
	if (code == CTL_LOST)
		return "the machine's agent does not answer";
	if (code == CTL_CLOSED)
		return "the machine ended";
	if (code == CTL_STRANGE)
		return "the machine's agent speaks another version";
	return c->text[0] != '\0' ? c->text : sp_err_text(code);
}

void
ctl_name(char out[SP_NAME], const char *name)
{
	memset(out, 0, SP_NAME);
	memcpy(out, name, strnlen(name, SP_NAME - 1));
}
