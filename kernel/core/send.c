/*
 * send.c - transmit templates and the gathering system call.
 *
 * The kernel copies the head of a frame, checks that copy and sends it, so what
 * was checked never lies where its owner can still write; the rest goes out by
 * DMA from the owner's own frames.
 */
#include "kernel/core/send.h"

#include "kernel/core/audit.h"
#include "kernel/core/info.h"
#include "kernel/core/page.h"
#include "kernel/core/user.h"
#include "kernel/dev/pcnet.h"
#include "kernel/lib/string.h"
#include "kernel/mips.h"
#include "kernel/panic.h"

enum {
	TX_ARENA_PAGES = 32,
	TX_CODE_PAGES = 8, /* one of two, written in turn */
	TX_PAGES = TX_ARENA_PAGES + 2 * TX_CODE_PAGES,
	MIRROR_SCRATCH = 16384,
	MIRROR_ROOM = 4096,
	DRAIN_COUNTS = 666667, /* 4 ms: three long frames on the wire */
};

typedef uint32_t (*tx_code_t)(
	const uint8_t *frame, uint32_t len, uint32_t wirelen);

struct tx_rights {
	tx_code_t code; /* first: read on the fast path */
	uint32_t pfn;
	struct dpf_set *set;
	uint32_t side; /* which half of the code pages is live */
};

static uint8_t mirror_scratch[MIRROR_SCRATCH] __attribute__((aligned(8)));
static uint8_t mirror_blob[MIRROR_ROOM] __attribute__((aligned(4)));

static uint32_t
tx_nothing(const uint8_t *frame, uint32_t len, uint32_t wirelen)
{
	(void)frame;
	(void)len;
	(void)wirelen;
	return 0;
}

int
tx_rights_create(uint32_t owner, struct tx_rights **out)
{
	int pfn = page_alloc_kernel(TX_PAGES, 0, owner);

	if (pfn < 0)
		return pfn;

	uint8_t *at = page_kva((uint32_t)pfn);
	struct tx_rights *t = (void *)at;
	int err = dpf_set_init(at + sizeof(*t),
		TX_ARENA_PAGES * SP_PAGE - sizeof(*t), DPF_SET_ONE, &t->set);

	if (err < 0) {
		page_free_kernel((uint32_t)pfn, TX_PAGES);
		return err;
	}
	t->pfn = (uint32_t)pfn;
	t->code = tx_nothing;
	*out = t;
	return SP_OK;
}

void
tx_rights_destroy(struct tx_rights *t)
{
	page_free_kernel(t->pfn, TX_PAGES);
}

/* Compile the set into the half that nothing points at, then swing. */
static int
publish(struct tx_rights *t)
{
	uint32_t side = t->side ^ 1;
	uint32_t *code =
		page_kva(t->pfn + TX_ARENA_PAGES + side * TX_CODE_PAGES);
	int words = dpf_set_emit(
		t->set, code, TX_CODE_PAGES * SP_PAGE / 4, (uint32_t)code);

	if (words < 0)
		return words;
	icache_sync(code, (size_t)words * 4);
	t->side = side;
	t->code = (tx_code_t)(uintptr_t)code;
	return SP_OK;
}

/* A smaller set always fits where the larger one did. */
static void
publish_less(struct tx_rights *t)
{
	if (publish(t) < 0)
		t->code = tx_nothing;
}

int
tx_rights_add(struct tx_rights *t, const struct dpf_filter *f, uint32_t id)
{
	struct dpf_filter mirror;
	int n = dpf_mirror(f, info.nic.mac, mirror_scratch,
		sizeof(mirror_scratch), mirror_blob, sizeof(mirror_blob));

	if (n < 0)
		return n;

	int err = dpf_parse(mirror_blob, (size_t)n, &mirror);

	if (err < 0)
		return err;
	err = dpf_set_insert(t->set, &mirror, id, 0);
	if (err < 0)
		return err;
	err = publish(t);
	if (err < 0) {
		int gone = dpf_set_remove(t->set, id);

		KASSERT(gone == SP_OK);
	}
	return err;
}

void
tx_rights_remove(struct tx_rights *t, uint32_t id)
{
	int err = dpf_set_remove(t->set, id);

	KASSERT(err == SP_OK);
	publish_less(t);
}

/* For a moment both are allowed: then nothing that can fail is left to do. */
int
tx_rights_replace(struct tx_rights *t, const struct dpf_filter *f, uint32_t id)
{
	int err = tx_rights_add(t, f, DPF_MAX_ID);

	if (err < 0)
		return err;
	err = dpf_set_remove(t->set, id);
	if (err == SP_OK)
		err = dpf_set_rename(t->set, DPF_MAX_ID, id);
	KASSERT(err == SP_OK);
	publish_less(t);
	return SP_OK;
}

bool
tx_allows(const struct tx_rights *t, const uint8_t *frame, uint32_t len)
{
	return t->code(frame, len, len) != 0;
}

struct gathered {
	uint32_t total;
	uint32_t n;
	struct pcn_piece piece[2 * SP_GATHER];
	uint32_t head_len;
	uint8_t head[SP_CHECKED_HEAD + 4] __attribute__((aligned(4)));
};

/* Split [va, va+len) into the head's copy and physical pieces. */
static int
gather_piece(const struct env *e, struct gathered *g, uint32_t va, uint32_t len)
{
	while (len > 0) {
		uint32_t paddr, room;
		int err = user_paddr(e, va, false, &paddr, &room);

		if (err < 0)
			return err;
		if (room > len)
			room = len;

		uint32_t copy = SP_CHECKED_HEAD - g->head_len;

		if (copy > 0) {
			if (copy > room)
				copy = room;
			memcpy(g->head + 2 + g->head_len,
				(const void *)(KSEG0 + paddr), copy);
			g->head_len += copy;
			room = copy;
		} else if (g->n == 2 * SP_GATHER) {
			return SP_EINVAL;
		} else {
			g->piece[g->n].paddr = paddr;
			g->piece[g->n++].len = room;
		}
		va += room;
		len -= room;
		g->total += room;
	}
	return SP_OK;
}

int
send_gather(struct env *e, const struct sp_piece *pieces, uint32_t n)
{
	struct gathered g;

	g.total = g.n = g.head_len = 0;
	for (uint32_t i = 0; i < n; i++) {
		if (pieces[i].len > PCN_FRAME_MAX - g.total)
			return SP_EINVAL;

		int err = gather_piece(e, &g, pieces[i].va, pieces[i].len);

		if (err < 0)
			return err;
	}
	if (g.total < 14)
		return SP_ESHORT;
	/* Templates read no further than the head, whatever the length says. */
	if (e->tx->code(g.head + 2, g.head_len, g.total) == 0)
		return SP_EDENIED;

	int err = pcn_send(g.head + 2, g.head_len, g.piece, g.n);

	if (err < 0)
		return err;
	env_info(e)->sent++;
	return (int)g.total;
}

void
send_break_frame(uint32_t pfn)
{
	bool reads;
	uint32_t start = cp0_get_count(), status;

	do {
		status = irq_off();
		reads = pcn_reads(pfn * SP_PAGE);
		irq_restore(status);
	} while (reads && cp0_get_count() - start < DRAIN_COUNTS);
	if (!reads)
		return;
	status = irq_off();
	pcn_abandon(pfn * SP_PAGE);
	irq_restore(status);
}

void
send_audit(const struct env *e)
{
	const struct tx_rights *t = e->tx;
	uint32_t code = (uint32_t)(uintptr_t)t->code;
	uint32_t first = (uint32_t)page_kva(
		t->pfn + TX_ARENA_PAGES + t->side * TX_CODE_PAGES);

	if (t != page_kva(t->pfn) || t->side > 1 ||
		(t->code != tx_nothing && code != first))
		audit_fail("env %08x: transmit rights", e->id);
}
