/*
 * offsets.h - where the runtime's assembly finds things; context.c asserts it.
 *
 * The area lies below 32 KiB, so that `sw $t0, ADDRESS($zero)` reaches it while
 * no register is free.
 */
#ifndef APPS_LIB_OFFSETS_H
#define APPS_LIB_OFFSETS_H

#define APP_AREA_VA 0x1000 /* struct sp_area; behind it, in the same page: */
#define APP_KEEP_AT 2048   /* what a slice's end keeps: struct slice_keep */

/* struct sp_save of a level */
#define SAVE_LEVEL(n) (APP_AREA_VA + 256 * (n))
#define SAVE_AT       0
#define SAVE_EPC      4
#define SAVE_CAUSE    8
#define SAVE_BADVADDR 12
#define SAVE_BUSY     16
#define SAVE_FREE     20

/* struct sp_area */
#define SLICE_EPC  (APP_AREA_VA + 768)
#define SLICE_BUSY (APP_AREA_VA + 772)

/* struct slice_keep */
#define KEEP_REG(n) (APP_AREA_VA + APP_KEEP_AT + 4 * (n))
#define KEEP_HI     KEEP_REG(32)
#define KEEP_LO     KEEP_REG(33)

/* struct exception, behind the 16 bytes that o32 gives to what is called */
#define X_REG(n)   (16 + 4 * (n))
#define X_HI       X_REG(32)
#define X_LO       X_REG(33)
#define X_EPC      X_REG(34)
#define X_CAUSE    X_REG(35)
#define X_BADVADDR X_REG(36)
#define X_LEVEL    X_REG(37)
#define X_BYTES    168

/* The stacks of exception handlers, one a level. */
#define EXC_STACK 4096
#define EXC_NEED  1024 /* what a handler may want, its frame included */

/* The stack of protected calls, and that of the ends of slices. */
#define PCT_STACK   8192
#define SLICE_STACK 1024

/* struct pct_message, behind 16 bytes and $sp, $ra */
#define PCT_SP      16
#define PCT_RA      20
#define PCT_WORD(n) (24 + 4 * (n))
#define PCT_BYTES   56

#endif /* APPS_LIB_OFFSETS_H */
