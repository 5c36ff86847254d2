/*
 * syscall.h - the table that boot/vectors.S jumps through.
 */
#ifndef KERNEL_CORE_SYSCALL_H
#define KERNEL_CORE_SYSCALL_H

#include <spindle/abi.h>
#include <stdint.h>

typedef int32_t (*syscall_t)(uint32_t a, uint32_t b, uint32_t c, uint32_t d);

/* Entries of calls that may switch are syscall_switching; it then jumps
 * through the second table. */
extern const syscall_t syscall_table[SP_CALL_COUNT];
extern const syscall_t syscall_switching_table[SP_CALL_COUNT];

int32_t syscall_bad(void);

/* boot/vectors.S: put the whole context away, then go through that table. */
int32_t syscall_switching(uint32_t a, uint32_t b, uint32_t c, uint32_t d);

#endif /* KERNEL_CORE_SYSCALL_H */
