/*
 * pager_linear.c - demand paging by a two-level linear page table and a clock.
 *
 * A frame that was not used since the hand came by last is the next to go; use
 * is seen because the hand unbinds what it passes.
 */
#include "tests/system/apps/pager.h"

enum { LEAVES = 4, LEAF = 128, NONE = -1 };

struct pte {
	int16_t frame; /* NONE: squeezed, or never used */
	bool used, dirty;
};

static struct pte leaf[LEAVES][LEAF]; /* taken as the directory needs them */
static struct pte *directory[(PAGES + LEAF - 1) / LEAF];
static uint32_t leaves;

static uint32_t store[PAGES][SQUEEZED];
static int holder[FRAMES]; /* the page in each frame, NONE */
static uint32_t hand;

static uint32_t
va_of(uint32_t page)
{
	return PAGER_VA + page * SP_PAGE;
}

static struct pte *
pte_of(uint32_t page)
{
	struct pte **d = &directory[page / LEAF];

	if (*d == NULL) {
		*d = leaf[leaves++];
		for (uint32_t i = 0; i < LEAF; i++)
			(*d)[i].frame = NONE;
	}
	return &(*d)[page % LEAF];
}

/* Make frame F free; false when its page cannot go. */
static bool
evict(uint32_t f)
{
	uint32_t page = (uint32_t)holder[f];
	struct pte *p = pte_of(page);

	(void)sys_tlb_delete(va_of(page), 1);
	if (p->used || (p->dirty && !squeeze(frame_words(f), store[page]))) {
		p->used = false;
		return false;
	}
	*p = (struct pte){ .frame = NONE };
	pager.evictions++;
	return true;
}

static uint32_t
take_frame(void)
{
	for (;;) {
		uint32_t f = hand;

		hand = (hand + 1) % FRAMES;
		if (holder[f] == NONE || evict(f))
			return f;
	}
}

static int
fault(struct exception *x)
{
	uint32_t page = (x->badvaddr - PAGER_VA) / SP_PAGE;

	if (page >= PAGES)
		return SP_EFAULT;

	struct pte *p = pte_of(page);

	if (p->frame == NONE) {
		uint32_t f = take_frame();

		unsqueeze(frame_words(f), store[page]);
		holder[f] = (int)page;
		p->frame = (int16_t)f;
		pager.misses++;
	} else if (exception_code(x) == EXC_MOD) {
		pager.stores++;
	} else {
		pager.lost++;
	}
	p->used = true;
	p->dirty |= is_store(x);
	return pager_bind(va_of(page), (uint32_t)p->frame, p->dirty);
}

int
app_main(uint32_t a0, uint32_t a1)
{
	int err = a0 > 2 ? pager_open() : SP_EINVAL;

	for (uint32_t f = 0; f < FRAMES; f++)
		holder[f] = NONE;
	if (err == SP_OK)
		err = exception_set_fault(fault);
	if (err < 0)
		return err;
	pager_work("linear", va_of, a1);
	return 0;
}
