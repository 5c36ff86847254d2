/*
 * pipe.c - what handlers have the kernel do to messages: move them through pipes,
 * and send them.
 *
 * A list is compiled when it is set (ash/pipe.c) and runs at the frame's arrival,
 * between the frame and the memory that handler and owner share: where a message
 * goes is decided by the handler (vectoring), what is done to it on the way by
 * the list.  A service believes nothing it is told, and takes its time out of the
 * handler's budget before it begins.
 */
#include "kernel/core/pipe.h"

#include "kernel/core/handler.h"
#include "kernel/core/page.h"
#include "kernel/core/send.h"
#include "kernel/core/user.h"
#include "kernel/dev/pcnet.h"
#include "kernel/lib/string.h"
#include "kernel/mips.h"
#include "kernel/panic.h"

enum {
	WINDOW = PCN_SLOT / 2 - PCN_FRAME_AT, /* bytes of a slot for a frame */
	STATES_BYTES = ASH_PIPES * 4,
	COPY_COST = 2, /* instructions a byte */
};

static struct {
	struct pipes everybody;
	uint32_t list[ASH_PIPES_LIST];
	uint32_t tables[ASH_PIPE_TABLES] __attribute__((aligned(4096)));
} pipe;

_Static_assert((int)SP_PIPE_WORDS == (int)ASH_PIPES_LIST, "part of the ABI");

/* --- lists ------------------------------------------------------------------ */

static int
compile(struct pipe_list *l, const uint32_t *list, uint32_t words,
	uint32_t owner)
{
	int pfn = page_alloc_kernel(1, 0, owner), n;

	_Static_assert(ASH_PIPES_CODE * 4 <= SP_PAGE, "a list is a page");
	if (pfn < 0)
		return pfn;

	uint32_t *code = page_kva((uint32_t)pfn);

	n = ash_pipes_compile(list, words, (uint32_t)pipe.tables, code,
		ASH_PIPES_CODE, &l->r);
	if (n < 0) {
		page_free_kernel((uint32_t)pfn, 1);
		return n;
	}
	icache_sync(code, (uint32_t)n * 4);
	l->pfn = (uint32_t)pfn;
	l->code = (void (*)(uint8_t *, const uint8_t *, uint32_t, uint32_t *))(
		uintptr_t)code;
	return n;
}

void
pipe_init(void)
{
	static const uint32_t lists[][2] = {
		[SP_PIPE_COPY] = { ASH_PIPE_COPY },
		[SP_PIPE_CKSUM] = { ASH_PIPE_CKSUM },
		[SP_PIPE_CKSUM_COPY] = { ASH_PIPE_CKSUM, ASH_PIPE_COPY },
	};

	ash_pipes_tables(pipe.tables);
	for (uint32_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		if (compile(&pipe.everybody.list[i], lists[i],
			    lists[i][1] == 0 ? 1 : 2, 0) < 0)
			PANIC("no memory for pipes");
}

int
pipes_set(struct handler *h, const struct env *caller, struct sp_pipes *p)
{
	struct pipe_list new, *l, old;

	if (p->list >= SP_PIPE_LISTS || p->words > ASH_PIPES_LIST)
		return SP_EINVAL;

	int err = user_copy_in(
		caller, pipe.list, p->list_va, p->words * sizeof(uint32_t));

	if (err < 0)
		return err;
	err = compile(&new, pipe.list, p->words, handler_owner(h)->slot + 1);
	p->pipe = new.r.pipe;
	p->word = new.r.word;
	if (err < 0)
		return err;
	p->gauge = new.r.gauge;
	p->cost = ash_pipes_cost(&new.r, PCN_FRAME_MAX);
	l = &handler_pipes(h)->list[p->list];

	uint32_t status = irq_off();

	old = *l;
	*l = new;
	irq_restore(status);
	if (old.code != NULL)
		page_free_kernel(old.pfn, 1);
	return SP_OK;
}

void
pipes_free(struct pipes *p)
{
	for (uint32_t i = 0; i < SP_PIPE_LISTS; i++)
		if (p->list[i].code != NULL)
			page_free_kernel(p->list[i].pfn, 1);
	memset(p, 0, sizeof(*p));
}

/* --- services ----------------------------------------------------------------- */

/* $v0, and $v1: what is left of the budget. */
static uint64_t
answer(uint32_t v, int32_t budget)
{
	return (uint64_t)(uint32_t)budget << 32 | v;
}

/* Does [VA, VA + LEN) lie in the handler's memory? */
static bool
is_in(const struct handler_memory *m, uint32_t va, uint32_t len)
{
	return len <= m->bytes && va - m->base <= m->bytes - len;
}

static const struct pipe_list *
find(const struct pipes *own, uint32_t i)
{
	const struct pipes *from = i < SP_PIPE_LISTS ? own : &pipe.everybody;
	const struct pipe_list *l = &from->list[i % SP_PIPE_LISTS];

	return i < 2 * SP_PIPE_LISTS && l->code != NULL ? l : NULL;
}

/* WHERE: offset in the frame | bytes << 16. */
static uint64_t
run(uint32_t list, uint32_t states, uint32_t va, uint32_t where, int32_t budget,
	uint8_t *frame, bool out)
{
	uint32_t at = where & 0xffff, len = where >> 16;
	struct handler_memory m;
	const struct pipe_list *l = find(handler_running(&m), list);
	uint8_t *mem = (uint8_t *)va;

	if (l == NULL || (states & 3) != 0 || len > WINDOW ||
		at > WINDOW - len || (len & (l->r.gauge - 1)) != 0 ||
		!is_in(&m, states, STATES_BYTES) || !is_in(&m, va, len))
		return answer(0, budget);
	budget -= (int32_t)ash_pipes_cost(&l->r, len);
	if (budget < 0)
		return answer(0, budget);
	if (out)
		l->code(frame + at, mem, len, (uint32_t *)states);
	else
		l->code(mem, frame + at, len, (uint32_t *)states);
	return answer(1, budget);
}

uint64_t ash_service_pipe_in(uint32_t list, uint32_t states, uint32_t va,
	uint32_t where, int32_t budget, uint8_t *frame);
uint64_t ash_service_pipe_out(uint32_t list, uint32_t states, uint32_t va,
	uint32_t where, int32_t budget, uint8_t *frame);
uint64_t ash_service_send(
	uint32_t va, uint32_t len, uint32_t c, uint32_t d, int32_t budget);

uint64_t
ash_service_pipe_in(uint32_t list, uint32_t states, uint32_t va, uint32_t where,
	int32_t budget, uint8_t *frame)
{
	return run(list, states, va, where, budget, frame, false);
}

uint64_t
ash_service_pipe_out(uint32_t list, uint32_t states, uint32_t va,
	uint32_t where, int32_t budget, uint8_t *frame)
{
	return run(list, states, va, where, budget, frame, true);
}

/* The copy is checked, and the copy is sent: the owner maps the original. */
uint64_t
ash_service_send(
	uint32_t va, uint32_t len, uint32_t c, uint32_t d, int32_t budget)
{
	struct handler_memory m;
	uint8_t *head;

	(void)c;
	(void)d;
	(void)handler_running(&m);
	if (len - 14 > PCN_FRAME_MAX - 14 || !is_in(&m, va, len))
		return answer(0, budget);
	budget -= (int32_t)(len * COPY_COST);
	if (budget < 0)
		return answer(0, budget);
	head = pcn_head();
	if (head == NULL)
		return answer(0, budget);
	memcpy(head, (const void *)va, len);
	if (m.tx->code(head, len, len) == 0) {
		pcn_head_forget(len);
		return answer(0, budget);
	}
	return answer(pcn_send(&m.tx->sender, len, NULL, 0) == SP_OK, budget);
}
