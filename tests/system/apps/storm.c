/*
 * storm.c - revocation without end, of children that allocate as fast as they
 * lose, and that die in the middle of it.
 *
 * Argument 1: for how many ticks.  Says "storm: fine", or at which line not.
 */
#include "apps/lib/context.h"
#include "tests/system/apps/child.h"

#define NEED(yes) need((yes), __LINE__)

enum { CHILDREN = 3, OWN_VA = 0x23000000, SLOTS = 32, RING_PAGES = 3 };

struct board {
	uint32_t turns[CHILDREN]; /* progress, over all lives */
	uint32_t losses[CHILDREN];
	uint32_t errors[CHILDREN]; /* a line */
};

static uint32_t comm, seed = 2463534242u;
static uint32_t me; /* in a child: which one */
static uint32_t pfn[SLOTS];

static void
need(int yes, int line)
{
	if (yes)
		return;
	print("storm: line %d\n", line);
	sys_exit(line);
}

static uint32_t
any(uint32_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 17;
	seed ^= seed << 5;
	return seed % n;
}

static struct board *
board(void)
{
	return (struct board *)SHARED_VA;
}

/* --- a child ------------------------------------------------------------------------ */

static void
child_need(int yes, int line)
{
	if (yes)
		return;
	board()->errors[me] = (uint32_t)line;
	sys_exit(line);
}

#define CHILD_NEED(yes) child_need((yes), __LINE__)

static uint32_t
va_of(uint32_t i)
{
	return OWN_VA + i * SP_PAGE;
}

static void
take(uint32_t i)
{
	int32_t got = alloc(1, 0, PFN_ANY);

	if (got < 0)
		return;
	pfn[i] = (uint32_t)got;
	/* It may be gone already: then it is nobody's, or another's. */
	if (map_at(0, va_of(i), pfn[i], 1, SP_MAP_WRITE) < 0)
		pfn[i] = 0;
}

static int
on_miss(struct exception *x)
{
	uint32_t i = (x->badvaddr - OWN_VA) / SP_PAGE;

	CHILD_NEED(i < SLOTS);
	board()->losses[me]++;
	pfn[i] = 0;
	x->epc += 4; /* the store is not made */
	return 0;
}

static int
on_repossess(struct exception *x)
{
	CHILD_NEED(x->badvaddr >= 1);
	return 0;
}

/* A ring, or no longer; it and its frames may be gone already. */
static void
change_ring(void)
{
	static uint32_t at;
	static int32_t id;

	if (at != 0) {
		(void)sys_ring_destroy(APP_CAP_SELF, (uint32_t)id);
		for (uint32_t i = 0; i < RING_PAGES; i++)
			(void)page_free(at + i, 1);
		at = 0;
		return;
	}
	id = alloc(RING_PAGES, 0, PFN_ANY);
	if (id < 0)
		return;
	at = (uint32_t)id;
	id = sys_ring_create(APP_CAP_SELF, 0, at, RING_PAGES);
}

/* Everything it can lose, in any order.  A ring lies in frames of its own. */
static void
turn(void)
{
	uint32_t i = any(SLOTS);

	switch (any(6)) {
	case 0:
		if (pfn[i] != 0)
			(void)page_free(pfn[i], 1);
		pfn[i] = 0;
		break;
	case 1:
		(void)sys_slice_take(
			APP_CAP_SELF, 0, SP_SLICES / 2 + any(SP_SLICES / 2));
		break;
	case 2:
		change_ring();
		break;
	default:
		if (pfn[i] == 0)
			take(i);
		if (pfn[i] != 0)
			mmio_store(word_at(va_of(i)), i);
	}
}

static void
storm_child(uint32_t which)
{
	me = which;
	seed += which * 77 + board()->turns[which];
	memset(pfn, 0, sizeof(pfn));
	/* The first has no area: what it loses kills it. */
	if (which > 0)
		CHILD_NEED(exception_set_fault(on_miss) == SP_OK);
	if (which > 1)
		CHILD_NEED(
			exception_set(SP_EXC_REPOSSESS, on_repossess) == SP_OK);
	for (;;) {
		turn();
		board()->turns[which]++;
		if (which > 1 && any(50) == 0)
			(void)sys_wait(SP_EVENT_REVOKE);
	}
}

/* --- the parent ------------------------------------------------------------------------ */

static uint32_t
ticks(void)
{
	return mmio_load(&app_info()->ticks);
}

static void
strike(const struct child *c)
{
	const struct sp_revoke r = {
		.env = c->env,
		.resource =
			any(2) == 0 ? SP_RES_PAGES : 1 + any(SP_RES_COUNT - 1),
		.count = 1 + any(any(4) == 0 ? 1000 : 8),
		.ticks = any(4),
	};
	int32_t err = sys_revoke(APP_CAP_SELF, &r);

	NEED(err == SP_OK || (err == SP_ENOENT && !child_lives(c)));
}

static void
storm(uint32_t how_long)
{
	struct child child[CHILDREN];
	uint32_t start = ticks();

	for (uint32_t i = 0; i < CHILDREN; i++)
		child[i] = child_start(storm_child, i, comm);
	while (ticks() - start < how_long) {
		uint32_t i = any(CHILDREN);

		strike(&child[i]);
		strike(&child[any(CHILDREN)]);
		if (any(8) == 0 || !child_lives(&child[i])) {
			child_forget(&child[i]);
			child[i] = child_start(storm_child, i, comm);
		}
		(void)sys_yield(child[any(CHILDREN)].env);
	}
	for (uint32_t i = 0; i < CHILDREN; i++) {
		strike(&child[i]);
		child_forget(&child[i]);
	}
}

int
app_main(uint32_t a0, uint32_t a1)
{
	uint32_t how_long = 0;

	NEED(a0 == 2);
	for (const char *s = app_arg(a1, 1); *s != '\0'; s++)
		how_long = how_long * 10 + (uint32_t)(*s - '0');
	comm = (uint32_t)alloc(1, 0, PFN_ANY);
	NEED(map_at(0, SHARED_VA, comm, 1, SP_MAP_WRITE) == SP_OK);
	storm(how_long);
	for (uint32_t i = 0; i < CHILDREN; i++)
		print("storm: %u turns, %u losses, line %u\n",
			board()->turns[i], board()->losses[i],
			board()->errors[i]);
	for (uint32_t i = 0; i < CHILDREN; i++)
		NEED(board()->turns[i] > 20 && board()->errors[i] == 0);
	NEED(board()->losses[1] + board()->losses[2] > 0);
	print("storm: fine\n");
	return 0;
}
