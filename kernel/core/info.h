/*
 * info.h - the pages that every environment may read.
 *
 * These are the kernel's live tables, not copies: exposing names costs nothing.
 */
#ifndef KERNEL_CORE_INFO_H
#define KERNEL_CORE_INFO_H

#include <spindle/abi.h>

enum { INFO_PAGES = (sizeof(struct sp_info) + SP_PAGE - 1) / SP_PAGE };

extern struct sp_info info;

/* Copy a user-given name; always terminated, never unprintable. */
void info_name(char dst[SP_NAME], const char src[SP_NAME]);

/* The frame that everybody may read at address VA, or 0. */
uint32_t info_exposed(uint32_t va);

#endif /* KERNEL_CORE_INFO_H */
