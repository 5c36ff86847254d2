/*
 * user.c - copies between the kernel and applications.
 */
#include "kernel/core/user.h"

#include "kernel/core/page.h"
#include "kernel/lib/string.h"
#include "kernel/mips.h"

int
user_paddr(const struct env *e, uint32_t va, bool store, uint32_t *paddr,
	uint32_t *room)
{
	if (va < SP_PAGE || va >= KSEG0)
		return SP_EFAULT;

	uint32_t lo = space_look(&e->space, va);

	if ((lo & LO_VALID) == 0 || (store && (lo & LO_DIRTY) == 0) ||
		page_frame(LO_PFN(lo)) == NULL)
		return SP_EFAULT;
	*paddr = LO_PFN(lo) * SP_PAGE + va % SP_PAGE;
	*room = SP_PAGE - va % SP_PAGE;
	return SP_OK;
}

int
user_copy_in(const struct env *e, void *dst, uint32_t va, size_t n)
{
	uint8_t *d = dst;

	while (n > 0) {
		uint32_t paddr, room;
		int err = user_paddr(e, va, false, &paddr, &room);

		if (err < 0)
			return err;
		if (room > n)
			room = n;
		memcpy(d, (const void *)(KSEG0 + paddr), room);
		d += room;
		va += room;
		n -= room;
	}
	return SP_OK;
}

int
user_copy_out(const struct env *e, uint32_t va, const void *src, size_t n)
{
	const uint8_t *s = src;

	while (n > 0) {
		uint32_t paddr, room;
		int err = user_paddr(e, va, true, &paddr, &room);

		if (err < 0)
			return err;
		if (room > n)
			room = n;
		memcpy((void *)(KSEG0 + paddr), s, room);
		s += room;
		va += room;
		n -= room;
	}
	return SP_OK;
}
