/*
 * pager_hash.c - demand paging by an inverted, hashed page table, first in first
 * out; its pages lie far apart.
 */
#include "tests/system/apps/pager.h"

enum { BUCKETS = 64, STRIDE = 0x103000, NONE = 0xffff };

/* One a frame: the table is as large as memory, not as the address space. */
static struct entry {
	uint32_t vpn; /* 0: free */
	uint16_t next;
	bool dirty;
} entry[FRAMES];

static uint16_t bucket[BUCKETS];
static uint32_t oldest;

/* Pages that have gone, by open addressing. */
static struct {
	uint32_t vpn;
	uint32_t words[SQUEEZED];
} store[PAGES + PAGES / 2];

static uint32_t
va_of(uint32_t page)
{
	return PAGER_VA + page * STRIDE;
}

static uint16_t *
bucket_of(uint32_t vpn)
{
	return &bucket[(vpn * 0x9e3779b1u) >> 26 & (BUCKETS - 1)];
}

/* The frame that VPN is in, or NONE. */
static uint32_t
find(uint32_t vpn)
{
	uint32_t f = *bucket_of(vpn);

	while (f != NONE && entry[f].vpn != vpn)
		f = entry[f].next;
	return f;
}

static uint32_t *
stored(uint32_t vpn)
{
	uint32_t i = vpn % ARRAY_LEN(store);

	while (store[i].vpn != 0 && store[i].vpn != vpn)
		i = (i + 1) % ARRAY_LEN(store);
	store[i].vpn = vpn;
	return store[i].words;
}

static void
unlink(uint32_t f)
{
	uint16_t *at = bucket_of(entry[f].vpn);

	while (*at != f)
		at = &entry[*at].next;
	*at = entry[f].next;
	entry[f].vpn = 0;
}

/* The page that came first goes; when it cannot, the next one. */
static uint32_t
take_frame(void)
{
	for (;;) {
		uint32_t f = oldest;
		struct entry *e = &entry[f];

		oldest = (oldest + 1) % FRAMES;
		if (e->vpn == 0)
			return f;
		(void)sys_tlb_delete(e->vpn * SP_PAGE, 1);
		if (e->dirty && !squeeze(frame_words(f), stored(e->vpn)))
			continue;
		unlink(f);
		pager.evictions++;
		return f;
	}
}

static uint32_t
load(uint32_t vpn)
{
	uint32_t f = take_frame();

	unsqueeze(frame_words(f), stored(vpn));
	entry[f] = (struct entry){ .vpn = vpn, .next = *bucket_of(vpn) };
	*bucket_of(vpn) = (uint16_t)f;
	return f;
}

static int
fault(struct exception *x)
{
	uint32_t off = x->badvaddr - PAGER_VA, vpn = x->badvaddr / SP_PAGE;

	if (off / STRIDE >= PAGES || off % STRIDE >= SP_PAGE)
		return SP_EFAULT;

	uint32_t f = find(vpn);

	if (f == NONE) {
		f = load(vpn);
		pager.misses++;
	} else if (exception_code(x) == EXC_MOD) {
		pager.stores++;
	} else {
		pager.lost++;
	}
	entry[f].dirty |= is_store(x);
	return pager_bind(vpn * SP_PAGE, f, entry[f].dirty);
}

int
app_main(uint32_t a0, uint32_t a1)
{
	int err = a0 > 2 ? pager_open() : SP_EINVAL;

	for (uint32_t i = 0; i < BUCKETS; i++)
		bucket[i] = NONE;
	if (err == SP_OK)
		err = exception_set_fault(fault);
	if (err < 0)
		return err;
	pager_work("hash", va_of, a1);
	return 0;
}
