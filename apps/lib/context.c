/*
 * context.c - the save area, and who handles which exception.
 */
#include "context.h"

#include "layout.h"
#include "syscall.h"

#include <stddef.h>

enum { CODES = 32 };

_Static_assert(sizeof(struct sp_area) <= APP_KEEP_AT, "room behind the area");
_Static_assert(sizeof(struct sp_save) == 256, "SAVE_LEVEL()");
_Static_assert(offsetof(struct sp_save, busy) == SAVE_BUSY, "asm");
_Static_assert(offsetof(struct sp_save, free) == SAVE_FREE, "asm");
_Static_assert(
	APP_AREA_VA + offsetof(struct sp_area, slice_epc) == SLICE_EPC, "asm");
_Static_assert(APP_AREA_VA + offsetof(struct sp_area, slice_busy) == SLICE_BUSY,
	"asm");
_Static_assert(16 + offsetof(struct exception, level) == X_LEVEL, "asm");
_Static_assert(16 + sizeof(struct exception) <= X_BYTES, "asm");

static struct {
	bool open;
	struct sp_context context;
	int (*handler[CODES])(struct exception *x);
} lib;

static uint32_t
pc_of(void (*entry)(void))
{
	return (uint32_t)(uintptr_t)entry;
}

/* The entry for CODE on every level; without a handler the kernel decides. */
static void
set_entries(uint32_t code)
{
	static void (*const entry[SP_LEVELS])(void) = {
		[SP_MAIN] = exception_entry_main,
		[SP_CALL] = exception_entry_call,
		[SP_UPCALL] = exception_entry_upcall,
	};
	/* What the kernel's mappings can answer, they answer first. */
	bool kernel_first =
		code == EXC_TLBL || code == EXC_TLBS || code == EXC_RI;

	for (uint32_t i = 0; i < SP_LEVELS; i++) {
		uint32_t pc = SP_KERNEL_FIRST;

		if (lib.handler[code] != NULL)
			pc = pc_of(entry[i]) |
			     (kernel_first ? SP_KERNEL_FIRST : 0);
		context_area()->save[i].pc[code] = pc;
	}
}

/* A page at APP_AREA_VA, with entries as they are wanted. */
static int
make_area(void)
{
	struct sp_map map = {
		.cap = APP_CAP_SELF,
		.va = APP_AREA_VA,
		.count = 1,
		.flags = SP_MAP_WRITE,
	};
	int32_t pfn = sys_page_alloc(APP_CAP_SELF, 1, 0, SP_PFN_ANY);
	int32_t err;

	if (pfn < 0)
		return pfn;
	map.pfn = (uint32_t)pfn;
	err = sys_map(&map);
	if (err < 0) {
		(void)sys_page_free(APP_CAP_SELF, map.pfn, 1);
		return err;
	}
	for (uint32_t code = 0; code < CODES; code++)
		set_entries(code);
	lib.context.area_va = APP_AREA_VA;
	lib.open = true;
	return SP_OK;
}

int
context_apply(void)
{
	int err = lib.open ? SP_OK : make_area();

	if (err < 0)
		return err;
	return sys_context_set(APP_CAP_SELF, 0, &lib.context);
}

int
context_open(void)
{
	return lib.open ? SP_OK : context_apply();
}

struct sp_context *
context_get(void)
{
	return &lib.context;
}

int
exception_set(uint32_t code, int (*handler)(struct exception *x))
{
	int err;

	if (code >= CODES)
		return SP_EINVAL;
	err = context_open();
	if (err < 0)
		return err;
	lib.handler[code] = handler;
	set_entries(code);
	return SP_OK;
}

int
exception_set_fault(int (*handler)(struct exception *x))
{
	int err = exception_set(EXC_MOD, handler);

	if (err == SP_OK)
		err = exception_set(EXC_TLBL, handler);
	if (err == SP_OK)
		err = exception_set(EXC_TLBS, handler);
	return err;
}

void
exception_dispatch(struct exception *x)
{
	uint32_t code = exception_code(x);
	int (*handler)(struct exception * x) = lib.handler[code];

	if (handler != NULL && handler(x) >= 0)
		return;
	/* It happens once more, and then it is the kernel's. */
	if (code < SP_EXC_REVOKE)
		context_area()->save[x->level].pc[code] = SP_KERNEL_FIRST;
}
