/*
 * frames.c - allocate frames, and copy through the window.
 */
#include "frames.h"

#include "apps/lib/mem.h"
#include "apps/lib/syscall.h"

enum {
	WINDOW_VA = 0x48000000,
	WINDOW_PAGES = 16,
	MAP_MOST = 128, /* pages for one system call */
	COLOURS = 16,   /* pages of the largest cache way that may alias */
};

int
frames_alloc(struct frames *f, uint32_t count)
{
	int32_t pfn = sys_page_alloc(0, count, 0, PFN_ANY);

	f->count = 0;
	if (pfn < 0)
		return pfn;
	f->pfn = (uint32_t)pfn;
	f->count = count;
	return SP_OK;
}

void
frames_free(struct frames *f)
{
	if (f->count > 0)
		(void)sys_page_free(0, f->pfn, f->count);
	f->count = 0;
}

/* Map COUNT <= WINDOW_PAGES frames where their cache colour is the same as in
 * kseg0; returns the address, or NULL with the code in ERR. */
static uint8_t *
window_open(uint32_t pfn, uint32_t count, uint32_t flags, int *err)
{
	struct sp_map m = {
		.va = WINDOW_VA + pfn % COLOURS * SP_PAGE,
		.pfn = pfn,
		.count = count,
		.flags = flags,
	};

	*err = sys_map(&m);
	return *err < 0 ? NULL : (uint8_t *)(uintptr_t)m.va;
}

static void
window_close(const uint8_t *window, uint32_t count)
{
	(void)sys_unmap(0, 0, sys_addr(window), count);
}

/* The first piece of N bytes at OFF that fits into the window: how long it is,
 * and how many pages it touches. */
static uint32_t
piece_at(uint32_t off, uint32_t n, uint32_t *pages)
{
	uint32_t at = off % SP_PAGE;

	if (n > WINDOW_PAGES * SP_PAGE - at)
		n = WINDOW_PAGES * SP_PAGE - at;
	*pages = frames_for(at + n);
	return n;
}

int
frames_write(uint32_t pfn, uint32_t off, const void *src, uint32_t n)
{
	const uint8_t *from = src;

	while (n > 0) {
		uint32_t pages, len = piece_at(off, n, &pages);
		int err;
		uint8_t *window = window_open(
			pfn + off / SP_PAGE, pages, SP_MAP_WRITE, &err);

		if (window == NULL)
			return err;
		memcpy(window + off % SP_PAGE, from, len);
		sys_sync_code(window, pages * SP_PAGE);
		window_close(window, pages);
		off += len;
		from += len;
		n -= len;
	}
	return SP_OK;
}

int
frames_read(uint32_t pfn, uint32_t off, void *dst, uint32_t n)
{
	uint8_t *to = dst;

	while (n > 0) {
		uint32_t pages, len = piece_at(off, n, &pages);
		int err;
		const uint8_t *window =
			window_open(pfn + off / SP_PAGE, pages, 0, &err);

		if (window == NULL)
			return err;
		memcpy(to, window + off % SP_PAGE, len);
		window_close(window, pages);
		off += len;
		to += len;
		n -= len;
	}
	return SP_OK;
}

int
frames_map(const struct frames *f, uint32_t env, uint32_t va, uint32_t flags)
{
	int err = SP_OK;

	for (uint32_t done = 0; done < f->count && err == SP_OK;) {
		uint32_t left = f->count - done;
		struct sp_map m = {
			.env = env,
			.va = va + done * SP_PAGE,
			.pfn = f->pfn + done,
			.count = left < MAP_MOST ? left : MAP_MOST,
			.flags = flags,
		};

		err = sys_map(&m);
		done += m.count;
	}
	return err;
}
