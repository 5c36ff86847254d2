/*
 * net_send.c - frames sent from memory that is odd, shared, or gone right after.
 *
 * The first frame in its ring, turned round, is what it sends: its templates allow
 * that.  Each line "net: NAME CODE" is one attempt, the number of bytes sent or the
 * kernel's code; "net: NAME sent N" the completion counter since the last such line.
 */
#include "apps/lib/app.h"
#include "apps/lib/context.h"
#include "apps/lib/echo.h"
#include "apps/lib/layout.h"
#include "apps/lib/mem.h"
#include "apps/lib/mmio.h"
#include "apps/lib/print.h"
#include "apps/lib/ring.h"
#include "apps/lib/syscall.h"

#define KERNEL_VA 0x80100000

enum {
	VA = 0x20000000,      /* two pages, of frames that are not neighbours */
	TWIN_VA = 0x21000000, /* the first of them once more */
	GONE_VA = 0x22000000, /* a page that goes */
	HEAD = 600,           /* bytes of a frame before the page that goes */
	PORT_AT = 34,         /* UDP source port */
};

static uint8_t frame[SP_RING_SLOT];
static uint32_t len, counted;

static void
tried(const char *name, int32_t code)
{
	print("net: %s %d\n", name, (int)code);
}

/* How many frames' memory the NIC is done with since we last asked. */
static void
done(const char *name)
{
	uint32_t sent = mmio_load(&context_area()->sent);

	print("net: %s sent %u\n", name, sent - counted);
	counted = sent;
}

static uint32_t
page_at(uint32_t va, uint32_t want)
{
	int32_t pfn = sys_page_alloc(APP_CAP_SELF, 1, 0, want);
	struct sp_map m = { .va = va,
		.pfn = (uint32_t)pfn,
		.count = 1,
		.flags = SP_MAP_WRITE };

	if (pfn < 0 || sys_map(&m) < 0) {
		print("net: no memory\n");
		sys_exit(1);
	}
	return (uint32_t)pfn;
}

static uint8_t *
at(uint32_t va)
{
	return (uint8_t *)(uintptr_t)va;
}

static int32_t
send(uint32_t va, uint32_t n)
{
	const struct sp_piece piece = { va, n };

	return sys_net_send(APP_CAP_SELF, &piece, 1);
}

/* The frame in four pieces of any lengths, the last one whatever remains. */
static int32_t
send_four(uint32_t va, uint32_t a, uint32_t b, uint32_t c)
{
	const struct sp_piece piece[SP_GATHER] = {
		{ va, a },
		{ va + a, b },
		{ va + a + b, c },
		{ va + a + b + c, len - a - b - c },
	};

	return sys_net_send(APP_CAP_SELF, piece, SP_GATHER);
}

static void
pieces(void)
{
	uint32_t va = VA + SP_PAGE - HEAD;

	memcpy(at(va), frame, len);
	tried("whole", send(va, len));
	tried("four", send_four(va, 1, 126, HEAD - 127));
	tried("four-odd", send_four(va, 43, 500, 99));
	tried("head-only", send(va, 128));
	done("pieces");
}

static void
bad_pieces(void)
{
	uint32_t va = VA + 2 * SP_PAGE - len;
	struct sp_piece piece[SP_GATHER] = {
		{ va, 400 },
		{ va + 400, 400 },
		{ KERNEL_VA, 400 },
		{ va, 0 },
	};

	memcpy(at(va), frame, len);
	tried("to-the-end", send(va, len));
	tried("tail-unmapped", send(va + 1, len));
	tried("kernel-piece", sys_net_send(APP_CAP_SELF, piece, 3));
	piece[2].va = 0;
	tried("null-piece", sys_net_send(APP_CAP_SELF, piece, 3));
	piece[2].va = SP_EXPOSED_END - 100;
	tried("exposed-end", sys_net_send(APP_CAP_SELF, piece, 3));
	piece[2].va = SP_FRAMES_VA + SP_PAGE - 100; /* may be read, so sent */
	tried("exposed", sys_net_send(APP_CAP_SELF, piece, 3));
	piece[2].va = va;
	piece[2].len = len - 800 + 5;
	tried("too-long", sys_net_send(APP_CAP_SELF, piece, 3));
	done("bad-pieces");
}

/* Send with the last bytes in a page at GONE_VA. */
static int32_t
send_from_gone(void)
{
	const struct sp_piece piece[2] = {
		{ VA, HEAD },
		{ GONE_VA, len - HEAD },
	};

	memcpy(at(VA), frame, HEAD);
	memcpy(at(GONE_VA), frame + HEAD, len - HEAD);
	return sys_net_send(APP_CAP_SELF, piece, 2);
}

static void
gone(void)
{
	uint32_t pfn = page_at(GONE_VA, PFN_ANY);

	tried("freed-send", send_from_gone());
	tried("freed", sys_page_free(APP_CAP_SELF, pfn, 1));
	tried("freed-taken", (int32_t)(page_at(GONE_VA, pfn) - pfn));
	memset(at(GONE_VA), 0xee, SP_PAGE);
	tried("unmapped-send", send_from_gone());
	tried("unmapped", sys_unmap(APP_CAP_SELF, 0, GONE_VA, 1));
	tried("unmapped-again", send(GONE_VA, len));

	const struct sp_map m = {
		.va = GONE_VA, .pfn = pfn, .count = 1, .flags = SP_MAP_WRITE
	};

	tried("mapped", sys_map(&m));
	tried("revoked-send", send_from_gone());

	const struct sp_revoke all = { .resource = SP_RES_PAGES, .count = 64 };

	tried("revoked", sys_revoke(APP_CAP_SELF, &all));
	tried("revoked-again", send(GONE_VA, len));
	done("gone");
}

/* The head is changed as soon as the call is over, and through a second mapping
 * before the next one. */
static void
rewritten(uint32_t pfn)
{
	const struct sp_map m = {
		.va = TWIN_VA, .pfn = pfn, .count = 1, .flags = SP_MAP_WRITE
	};

	memcpy(at(VA), frame, len);
	tried("rewritten-send", send(VA, len));
	memset(at(VA), 0xdd, len);
	tried("twin", sys_map(&m));
	memcpy(at(TWIN_VA), frame, len);
	tried("twin-send", send(VA, len));
	at(TWIN_VA)[PORT_AT]++;
	tried("twin-changed", send(VA, len));
	at(VA)[PORT_AT]--;
	tried("twin-again", send(TWIN_VA, len));
	done("rewritten");
}

int
app_main(uint32_t a0, uint32_t a1)
{
	struct sp_ring *r = ring_get();
	uint32_t pfn;

	(void)a0;
	(void)a1;
	if (context_open() < 0)
		return 1;
	print("net: ready\n");
	(void)sys_wait(SP_EVENT_RING);
	len = r->slot[0].len;
	if (!echo_turn(ring_slot_words(0), len))
		return 2;
	memcpy(frame, ring_slot_bytes(0) + SP_RING_FRAME_AT, len);
	pfn = page_at(VA, PFN_ANY);
	(void)page_at(VA + 2 * SP_PAGE, PFN_ANY);
	(void)page_at(VA + SP_PAGE, PFN_ANY);
	(void)sys_unmap(APP_CAP_SELF, 0, VA + 2 * SP_PAGE, 1);
	pieces();
	bad_pieces();
	rewritten(pfn);
	gone();
	tried("done", 0);
	return 0;
}
