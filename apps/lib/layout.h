/*
 * layout.h - where the agent puts things into an application's address space.
 *
 * A convention between the agent and the programs that it starts; the kernel
 * knows nothing of it.  A program's segments lie below APP_IMAGE_TOP.
 */
#ifndef APPS_LIB_LAYOUT_H
#define APPS_LIB_LAYOUT_H

#include <spindle/abi.h>
#include <stdint.h>

#define APP_IMAGE_TOP 0x40000000
#define APP_STACK     0x8000     /* bytes below SP_STACK_TOP */
#define APP_ASH_VA    0x50000000 /* data regions of its handlers, 1 MiB each */
#define APP_RING_VA   0x60000000 /* its packet ring: control page, then data */

/* What its capability slots hold. */
enum {
	APP_CAP_SELF = 0,    /* its own name: memory, children, sending */
	APP_CAP_CONSOLE = 1, /* the console */
	APP_CAP_ROOT = 2,    /* everything, if it was started with --root */
};

/*
 * Where the handler at INDEX of sp_info.ash is mapped into its owner: a pointer
 * of either is good for the other (low bits equal), and so is the cache colour.
 */
static inline uint32_t
app_ash_va(uint32_t index, uint32_t data_pfn)
{
	return APP_ASH_VA + (index << 20) + ((data_pfn & 15) << 12);
}

/* The kernel's read-only description of the machine. */
static inline const struct sp_info *
app_info(void)
{
	return (const struct sp_info *)SP_INFO_VA;
}

#endif /* APPS_LIB_LAYOUT_H */
