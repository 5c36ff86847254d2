/*
 * send.c - transmit templates and the gathering system call.
 *
 * The kernel copies the head of a frame, checks that copy and sends it, so what
 * was checked never lies where its owner can still write; the rest goes out by
 * DMA from the owner's own frames.
 */
#include "kernel/core/send.h"

#include "kernel/core/audit.h"
#include "kernel/core/bind.h"
#include "kernel/core/info.h"
#include "kernel/core/page.h"
#include "kernel/core/user.h"
#include "kernel/dev/pcnet.h"
#include "kernel/lib/string.h"
#include "kernel/mips.h"
#include "kernel/panic.h"

#include <stddef.h>

enum {
	TX_ARENA_PAGES = 32,
	TX_CODE_PAGES = 8, /* one of two, written in turn */
	TX_PAGES = TX_ARENA_PAGES + 2 * TX_CODE_PAGES,
	MIRROR_SCRATCH = 131072,
	MIRROR_ROOM = 24576,
	ENOUGH = 8,     /* templates; each makes a binding dear */
	TX_LIMIT = 600, /* instructions to say whether a frame may be sent */
	DRAIN_COUNTS = 666667, /* 4 ms: three long frames on the wire */
};

_Static_assert(MIRROR_SCRATCH / 2 >= TX_CODE_PAGES * SP_PAGE / 4, "publish()");
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
tx_rights_create(struct env *owner, struct tx_rights **out)
{
	int pfn = page_alloc_kernel(TX_PAGES, 0, owner->slot + 1);

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
	t->owner = owner;
	t->code = tx_nothing;
	*out = t;
	return SP_OK;
}

void
tx_rights_destroy(struct tx_rights *t)
{
	uint32_t status = irq_off();

	pcn_forget_sender(&t->sender);
	irq_restore(status);
	page_free_kernel(t->pfn, TX_PAGES);
}

/*
 * Compile the set into the half that nothing points at, then swing.  Templates are
 * asked with interrupts off, so they may not take LIMIT instructions.
 */
static int
publish(struct tx_rights *t, uint32_t limit)
{
	uint32_t side = t->side ^ 1;
	uint32_t *code =
		page_kva(t->pfn + TX_ARENA_PAGES + side * TX_CODE_PAGES);
	int words = dpf_set_emit(
		t->set, code, TX_CODE_PAGES * SP_PAGE / 4, (uint32_t)code);

	if (words < 0)
		return words;
	/* The scratch memory is free again: dpf_mirror() is done with it. */
	if (dpf_code_bound(code, (size_t)words, (uint32_t)code,
		    (uint16_t *)(void *)mirror_scratch) >= limit)
		return SP_EFULL;
	icache_sync(code, (size_t)words * 4);
	t->side = side;
	t->code = (tx_code_t)(uintptr_t)code;
	return SP_OK;
}

/* A smaller set always fits where the larger one did. */
static void
publish_less(struct tx_rights *t)
{
	if (publish(t, UINT32_MAX) < 0)
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
	err = publish(t, TX_LIMIT);
	if (err < 0) {
		int gone = dpf_set_remove(t->set, id);

		KASSERT(gone == SP_OK);
	}
	t->templates += err == SP_OK;
	return err;
}

bool
tx_rights_suffice(const struct tx_rights *t, const struct dpf_filter *f,
	const struct dpf_filter *known)
{
	if (t->templates < ENOUGH)
		return false;
	return known != NULL ? dpf_mirrors_like(f, known)
			     : dpf_mirrors_exactly(f);
}

void
tx_rights_remove(struct tx_rights *t, uint32_t id)
{
	int err = dpf_set_remove(t->set, id);

	KASSERT(err == SP_OK);
	t->templates--;
	publish_less(t);
}

void
tx_rights_rename(struct tx_rights *t, uint32_t id, uint32_t to)
{
	int err = dpf_set_rename(t->set, id, to);

	KASSERT(err == SP_OK);
}

/* Completion is a counter in the sender's area; it may write there as well. */
static void
count_done(const struct tx_rights *t)
{
	struct sp_area *area = t->owner->area;

	if (area != NULL)
		area->sent++;
}

const struct env *
send_owner(const struct pcn_sender *who)
{
	const uint8_t *at = (const void *)who;

	if (who == NULL)
		return NULL;
	return ((const struct tx_rights *)(const void
				*)(at - offsetof(struct tx_rights, sender)))
		->owner;
}

void
send_done(struct pcn_sender *who, uint32_t paddr, bool last)
{
	page_dma_put(paddr / SP_PAGE);
	if (last && who != NULL)
		count_done((const void *)((const uint8_t *)who -
					  offsetof(struct tx_rights, sender)));
}

struct gathered {
	uint32_t total;
	uint32_t n;
	struct pcn_piece piece[PCN_PIECES];
	uint32_t head_len;
	uint8_t *head; /* where only the kernel and the NIC read it */
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
			memcpy(g->head + g->head_len,
				(const void *)(KSEG0 + paddr), copy);
			g->head_len += copy;
			room = copy;
		} else if (g->n == PCN_PIECES) {
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

/* Does the frame answer one of E's, as seen by its head?  The copy is ours. */
static bool
answers(const struct env *e, const struct gathered *g)
{
	static uint8_t frame[2 + SP_CHECKED_HEAD] __attribute__((aligned(4)));

	if (e->tx->answers == 0 || memcmp(g->head + 6, info.nic.mac, 6) != 0)
		return false;
	memcpy(frame + 2, g->head, g->head_len);
	return bind_answers(e, frame + 2, g->head_len, g->total);
}

/* The whole frame, and whether E's templates accept it. */
static int
gather(const struct env *e, const struct sp_piece *pieces, uint32_t n,
	struct gathered *g)
{
	for (uint32_t i = 0; i < n; i++) {
		if (pieces[i].len > PCN_FRAME_MAX - g->total)
			return SP_EINVAL;

		int err = gather_piece(e, g, pieces[i].va, pieces[i].len);

		if (err < 0)
			return err;
	}
	if (g->total < 14)
		return SP_ESHORT;
	/* Templates read no further than the head, whatever the length says. */
	if (e->tx->code(g->head, g->head_len, g->total) != 0 || answers(e, g))
		return SP_OK;
	return SP_EDENIED;
}

/* Pinned until send_done() says that the NIC has read them. */
static int
post(struct tx_rights *t, const struct gathered *g)
{
	for (uint32_t i = 0; i < g->n; i++)
		page_dma_get(g->piece[i].paddr / SP_PAGE);

	int err = pcn_send(&t->sender, g->head_len, g->piece, g->n);

	for (uint32_t i = 0; err < 0 && i < g->n; i++)
		page_dma_put(g->piece[i].paddr / SP_PAGE);
	return err;
}

int
send_gather(struct env *e, const struct sp_piece *pieces, uint32_t n)
{
	struct gathered g;

	g.total = g.n = g.head_len = 0;
	g.head = pcn_head();
	if (g.head == NULL)
		return SP_EFULL;

	int err = gather(e, pieces, n, &g);

	if (err < 0) {
		pcn_head_forget(g.head_len);
		return err;
	}
	err = post(e->tx, &g);
	if (err < 0)
		return err;
	env_info(e)->sent++;
	if (g.n == 0) /* the head was copied: nothing of E's is read */
		count_done(e->tx);
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

static void
saw_piece(uint32_t paddr)
{
	if (page_frame(paddr / SP_PAGE)->kind == SP_FRAME_USER)
		audit_saw_pin(paddr / SP_PAGE);
}

void
send_audit_queue(void)
{
	uint32_t status = irq_off();

	pcn_pieces(saw_piece);
	irq_restore(status);
}

void
send_audit(const struct env *e)
{
	const struct tx_rights *t = e->tx;
	uint32_t code = (uint32_t)(uintptr_t)t->code;
	uint32_t first = (uint32_t)page_kva(
		t->pfn + TX_ARENA_PAGES + t->side * TX_CODE_PAGES);

	if (pcn_held(&t->sender) != t->sender.held ||
		t->sender.held > PCN_TX_SHARE || t->owner != e ||
		t != page_kva(t->pfn) || t->side > 1 ||
		(t->code != tx_nothing && code != first))
		audit_fail("env %08x: transmit rights", e->id);
}
