/*
 * many.c - binds many filters that differ in constants to its ring.
 *
 * Arguments: the kind, `ports` or `tuples`; how many, 0 for as many as there can
 * be; what to do then, letter by letter: b binds all of IP beside them, u unbinds
 * that, r removes a thousand, w waits for a frame with the first one's constants,
 * x exchanges each for another, c removes and binds each anew, d removes all.
 * The many_* functions are where a bench looks.
 */
#include "apps/lib/app.h"
#include "apps/lib/layout.h"
#include "apps/lib/mem.h"
#include "apps/lib/print.h"
#include "apps/lib/ring.h"
#include "apps/lib/syscall.h"
#include "dpf/dpf.h"

enum { A_THOUSAND = 1000, PORT = 5000, SOURCES = 250 };

struct blob {
	struct dpf_blob head;
	struct dpf_base base;
	struct dpf_node node[7];
};

#define NODE(at, from, n, bits, v, y, f)                                       \
	{                                                                      \
		.op = DPF_EQ, .base = (from), .width = (n), .off = (at),       \
		.mask = (bits), .value = (v), .yes = (y), .no = (f)            \
	}

/* udp dst port N */
static struct blob a_port = {
	.head = { .magic = DPF_MAGIC, .nbases = 1, .nnodes = 7 },
	.base = { .width = 1, .off = 14, .mask = 15, .shift = 2 },
	.node = {
		NODE(12, 0, 2, 0xffff, 0x0800, 4, 1),
		NODE(12, 0, 2, 0xffff, 0x86dd, 2, DPF_REJECT),
		NODE(20, 0, 1, 0xff, 17, 3, DPF_REJECT),
		NODE(56, 0, 2, 0xffff, 0, DPF_ACCEPT, DPF_REJECT),
		NODE(23, 0, 1, 0xff, 17, 5, DPF_REJECT),
		NODE(20, 0, 2, 0x1fff, 0, 6, DPF_REJECT),
		NODE(16, 1, 2, 0xffff, 0, DPF_ACCEPT, DPF_REJECT),
	},
};

/* src host A and dst host B and tcp src port C and dst port 80 */
static struct blob a_tuple = {
	.head = { .magic = DPF_MAGIC, .nbases = 1, .nnodes = 7 },
	.base = { .width = 1, .off = 14, .mask = 15, .shift = 2 },
	.node = {
		NODE(12, 0, 2, 0xffff, 0x0800, 1, DPF_REJECT),
		NODE(26, 0, 4, 0xffffffff, 0, 2, DPF_REJECT),
		NODE(30, 0, 4, 0xffffffff, 0x0a070001, 3, DPF_REJECT),
		NODE(23, 0, 1, 0xff, 6, 4, DPF_REJECT),
		NODE(20, 0, 2, 0x1fff, 0, 5, DPF_REJECT),
		NODE(14, 1, 2, 0xffff, 0, 6, DPF_REJECT),
		NODE(16, 1, 2, 0xffff, 80, DPF_ACCEPT, DPF_REJECT),
	},
};

/* ip or ip6 */
static struct {
	struct dpf_blob head;
	struct dpf_node node[2];
} all_ip = {
	.head = { .magic = DPF_MAGIC, .nnodes = 2 },
	.node = {
		NODE(12, 0, 2, 0xffff, 0x0800, DPF_ACCEPT, 1),
		NODE(12, 0, 2, 0xffff, 0x86dd, DPF_ACCEPT, DPF_REJECT),
	},
};

static struct {
	bool tuples;
	uint32_t n,
		base; /* bound, and the number of the first one's constants */
	uint32_t id[SP_MAX_BINDINGS];
	struct sp_bind b;
	uint32_t marks;
} many;

/* --- what a bench sees -------------------------------------------------------- */

#define MARK(name)                                                             \
	__attribute__((noinline)) void name(void);                             \
	__attribute__((noinline)) void name(void)                              \
	{                                                                      \
		mmio_store(&many.marks, mmio_load(&many.marks) + 1);           \
	}

MARK(many_insert)
MARK(many_inserted)
MARK(many_remove)
MARK(many_removed)
MARK(many_broad)
MARK(many_broad_done)

/* --- binding -------------------------------------------------------------------- */

static uint32_t
my_flow(void)
{
	uint32_t self = (uint32_t)sys_self();

	for (;;) {
		for (uint32_t i = 0; i < SP_MAX_FLOWS; i++)
			if (app_info()->flow[i].id != 0 &&
				app_info()->flow[i].owner == self)
				return app_info()->flow[i].id;
		(void)sys_yield(0);
	}
}

static void
fill(uint32_t i)
{
	if (many.tuples) {
		a_tuple.node[1].value = 0x0a070102 + i % SOURCES;
		a_tuple.node[5].value = 1024 + i / SOURCES;
		many.b.blob_va = sys_addr(&a_tuple);
	} else {
		a_port.node[3].value = a_port.node[6].value =
			(PORT + i) & 0xffff;
		many.b.blob_va = sys_addr(&a_port);
	}
	many.b.blob_bytes = sizeof(a_port);
}

static int32_t
bind(uint32_t i)
{
	int32_t id;

	fill(i);
	many_insert();
	id = sys_bind(APP_CAP_SELF, &many.b);
	many_inserted();
	return id;
}

static int32_t
unbind(uint32_t id)
{
	int32_t err;

	many_remove();
	err = sys_unbind(APP_CAP_SELF, id);
	many_removed();
	return err;
}

/* N more, or until it is refused; returns the last answer. */
static int32_t
bind_many(uint32_t n)
{
	int32_t id = 0;

	for (uint32_t i = 0; i < n && many.n < SP_MAX_BINDINGS; i++) {
		id = bind(many.base + many.n);
		if (id < 0)
			return id;
		many.id[many.n++] = (uint32_t)id;
	}
	return id;
}

static int32_t
remove_many(uint32_t n)
{
	int32_t err = SP_OK;

	for (; n > 0 && many.n > 0 && err == SP_OK; n--)
		err = unbind(many.id[--many.n]);
	return err;
}

/* Each for one with other constants. */
static int32_t
exchange(void)
{
	int32_t id = 0;

	many.base += SP_MAX_BINDINGS;
	many.b.flags = SP_BIND_REPLACE;
	for (uint32_t i = 0; i < many.n && id >= 0; i++) {
		many.b.replaces = many.id[i];
		id = bind(many.base + i);
		if (id >= 0 && (uint32_t)id != many.id[i])
			return SP_EFORMAT; /* it keeps its name */
	}
	many.b.flags = 0;
	return id;
}

/* Each goes and comes back. */
static int32_t
cycle(void)
{
	int32_t id = 0;

	for (uint32_t i = 0; i < many.n && id >= 0; i++) {
		id = unbind(many.id[i]);
		if (id < 0)
			return id;
		id = bind(many.base + i);
		many.id[i] = (uint32_t)id;
	}
	return id;
}

static int32_t
bind_all_ip(void)
{
	int32_t id;

	many.b.blob_va = sys_addr(&all_ip);
	many.b.blob_bytes = sizeof(all_ip);
	many_broad();
	id = sys_bind(APP_CAP_SELF, &many.b);
	many_broad_done();
	return id;
}

static int32_t
wait_frame(void)
{
	struct sp_ring *r = ring_get();

	while (ring_waiting(r) == 0)
		(void)sys_wait(SP_EVENT_RING);
	for (; ring_waiting(r) > 0; ring_next(r))
		continue;
	return SP_OK;
}

static int32_t
step(char what)
{
	static int32_t broad;

	switch (what) {
	case 'b':
		broad = bind_all_ip();
		return broad;
	case 'u':
		return sys_unbind(APP_CAP_SELF, (uint32_t)broad);
	case 'r':
		return remove_many(A_THOUSAND);
	case 'w':
		return wait_frame();
	case 'x':
		return exchange();
	case 'c':
		return cycle();
	case 'd':
		return remove_many(UINT32_MAX);
	default:
		return SP_EINVAL;
	}
}

static uint32_t
decimal(const char *s)
{
	uint32_t v = 0;

	for (; *s != '\0'; s++)
		v = v * 10 + ((uint32_t)*s & 15);
	return v;
}

int
app_main(uint32_t argc, uint32_t argv)
{
	uint32_t n = argc > 2 ? decimal(app_arg(argv, 2)) : 0;
	const char *then = argc > 3 ? app_arg(argv, 3) : "";
	int32_t last;

	many.tuples = app_arg(argv, 1)[0] == 't';
	many.b = (struct sp_bind){ .flow = my_flow(),
		.target = SP_TO_RING,
		.object = ring_get()->id,
		.ring = ~0u,
		.name = "many" };
	last = bind_many(n == 0 ? UINT32_MAX : n);
	print("many: %u bound, last %d\n", many.n, last < 0 ? last : 0);
	for (; *then != '\0'; then++) {
		char what[] = { *then, '\0' };

		last = step(*then);
		print("many: %s %d\n", what, last < 0 ? last : 0);
	}
	print("many: done\n");
	for (;;)
		(void)sys_wait(SP_EVENT_RING);
}
