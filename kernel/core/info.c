/*
 * info.c - the exposed kernel tables and how names get into them.
 */
#include "kernel/core/info.h"

#include "kernel/boot/frame.h"
#include "kernel/core/page.h"
#include "kernel/lib/string.h"
#include "kernel/mips.h"

/* kernel.ld gives it whole pages, so that nothing else is exposed with it. */
struct sp_info info __attribute__((section(".bss.exposed")));

void
info_name(char dst[SP_NAME], const char src[SP_NAME])
{
	int i;

	for (i = 0; i < SP_NAME - 1 && src[i] != '\0'; i++)
		dst[i] = src[i] > ' ' && src[i] < 0x7f ? src[i] : '?';
	memset(dst + i, 0, (size_t)(SP_NAME - i));
}

uint32_t
info_exposed(uint32_t va)
{
	uint32_t i = (va - SP_INFO_VA) / SP_PAGE;
	uint32_t f = (va - SP_FRAMES_VA) / SP_PAGE;
	uint32_t s = (va - SP_STLB_VA) / SP_PAGE;

	if (i < INFO_PAGES)
		return ((uint32_t)&info - KSEG0) / SP_PAGE + i;
	if (f < page_table_pages())
		return page_table_pfn() + f;
	if (s < SP_STLB_SLOTS * sizeof(struct sp_stlb) / SP_PAGE)
		return (STLB_ADDRESS - KSEG0) / SP_PAGE + s;
	return 0;
}
