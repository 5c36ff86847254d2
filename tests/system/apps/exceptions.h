/*
 * exceptions.h - where exceptions.c and exceptions.S keep things: low addresses,
 * which need no base register.
 */
#ifndef TESTS_SYSTEM_APPS_EXCEPTIONS_H
#define TESTS_SYSTEM_APPS_EXCEPTIONS_H

#define AREA_VA     0x4000
#define READ_VA     0x2000 /* mapped read only */
#define UNMAPPED_VA 0x6000

/* What the handler noted, behind struct sp_area in its page. */
#define LOG_COUNT    (AREA_VA + 0xf00)
#define LOG_RESUME   (AREA_VA + 0xf04) /* where to go on; 0: next instruction */
#define LOG_CAUSE    (AREA_VA + 0xf08)
#define LOG_EPC      (AREA_VA + 0xf0c)
#define LOG_BADVADDR (AREA_VA + 0xf10)
#define LOG_BUSY     (AREA_VA + 0xf14)
#define LOG_K1       (AREA_VA + 0xf18)

#define STRIDE  0x2000    /* a page pair */
#define COLLIDE 0x2000000 /* as far as the STLB tells pairs apart */

#endif /* TESTS_SYSTEM_APPS_EXCEPTIONS_H */
