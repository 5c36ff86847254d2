/*
 * syscall.h - the table that boot/vectors.S jumps through.
 */
#ifndef KERNEL_CORE_SYSCALL_H
#define KERNEL_CORE_SYSCALL_H

#include <spindle/abi.h>
#include <spindle/err.h>
#include <stdint.h>

typedef int32_t (*syscall_t)(uint32_t a, uint32_t b, uint32_t c, uint32_t d);

/* Entries of calls that may switch are syscall_switching; it then jumps
 * through the second table. */
extern const syscall_t syscall_table[SP_CALL_COUNT];
extern const syscall_t syscall_switching_table[SP_CALL_COUNT];

int32_t syscall_bad(uint32_t a, uint32_t b, uint32_t c, uint32_t d);

/* sys_NAME() for every call of the ABI (syscall.c, syscall_mem.c,
 * syscall_net.c). */
#define X(name, number)                                                        \
	int32_t sys_##name(uint32_t a, uint32_t b, uint32_t c, uint32_t d);
SP_CALLS(X)
#undef X

/* Copy a structure in from the caller; SP_OK or SP_EFAULT. */
#define COPY_IN(dst, va) user_copy_in(env_current(), &(dst), va, sizeof(dst))

/* Are frames [PFN, PFN + COUNT) in somebody's hands, and does the caller's CAP
 * open them for RIGHTS?  SP_OK, SP_ENOENT or SP_EPERM. */
int syscall_check_frames(uint32_t cap, uint32_t pfn, uint32_t count,
	uint32_t rights) SP_MUST_CHECK;

/* boot/vectors.S: put the whole context away, then go through that table. */
int32_t syscall_switching(uint32_t a, uint32_t b, uint32_t c, uint32_t d);

#endif /* KERNEL_CORE_SYSCALL_H */
