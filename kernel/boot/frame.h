/*
 * frame.h - what the assembly saves, in C and in assembly.
 *
 * A mismatch is a compile error (core/env.c holds the assertions), not a lost
 * afternoon.
 */
#ifndef KERNEL_BOOT_FRAME_H
#define KERNEL_BOOT_FRAME_H

/* struct context */
#define CTX_REG(n) (4 * (n)) /* $1..$31; k0 is not kept */
#define CTX_HI     128
#define CTX_LO     132
#define CTX_EPC    136
#define CTX_BYTES  144

/* struct env (core/env.h); SP_MAX_ENVS of ENV_BYTES at ENV_TABLE */
#define ENV_ID          0
#define ENV_OPEN        4 /* $v0 of the synchronous call it accepts now, or 0 */
#define ENV_CALLER      8 /* whom it serves, idle_env for nobody */
#define ENV_CALLING     12 /* who serves it, 0 for nobody */
#define ENV_RET         16 /* where it goes on then */
#define ENV_OPEN_SAVED  20 /* ... and what is open then */
#define ENV_CTX         24 /* struct context of the active level */
#define ENV_SAVE        28 /* struct sp_save of the active level */
#define ENV_SAVE_OF     32 /* of each level */
#define ENV_KEY         44 /* ENV_OPEN while it is at rest */
#define ENV_SYNC_ENTRY  48
#define ENV_ASYNC_ENTRY 52
#define ENV_TURN        56 /* $v0 of the yield that may start it, or 0 */
#define ENV_TURN_KEY    60 /* ... once it has given up a slice itself */
#define ENV_START_PC    64
#define ENV_START_AT    68 /* where its next slice starts, 0: where it was */
#define ENV_CONTEXT     72 /* of each level */
#define ENV_ASID        504
#define ENV_BYTES       1024
#define ENV_BYTES_LOG2  10

#define SP_MAX_ENVS_LOG2 5

#define LEVEL_CALL 1 /* SP_CALL */
#define PCT_SEND   0xa0000000
#define PCT_RETURN 0xc0000000

/* 64 KiB aligned, behind the STLB: found by `lui` and `ins`. */
#define ENV_TABLE 0x80020000

/* struct sp_save (spindle/abi.h) */
#define SAVE_AT       0
#define SAVE_EPC      4
#define SAVE_CAUSE    8
#define SAVE_BADVADDR 12
#define SAVE_BUSY     16
#define SAVE_PC       128

/* The system-call frame at the top of the system-call stack. */
#define SF_ARGS  0 /* o32 home space for a0-a3 */
#define SF_SP    16
#define SF_RA    20
#define SF_EPC   24
#define SF_BYTES 32

/* The frame of an interrupt that hit a long system call. */
#define IF_REG(n) (16 + 4 * (n))
#define IF_HI     144
#define IF_LO     148
#define IF_EPC    152
#define IF_BYTES  160

/* struct cpu */
#define CPU_USER_STATUS 0
#define CPU_IDLE_STATUS 4
#define CPU_RESCHED     8
#define CPU_READY       12 /* bit per environment slot: may run */
#define CPU_ASH         16 /* 1 while a handler runs */
#define CPU_ASH_LIMIT   20 /* Count ticks a handler may take (backstop) */
#define CPU_ASH_PC      24 /* where it was stopped */
#define CPU_ASH_CAUSE   28
#define CPU_ASH_ADDR    32
#define CPU_ASH_SAVE    36 /* s0-s7, fp, sp, ra */

/* struct ash_entry: what ash_enter() loads */
#define AE_PC     0
#define AE_RA     4
#define AE_DATA   8
#define AE_SP     12
#define AE_BUDGET 16

/* Results of ash_enter() that no handler can return (bit 31 is masked out). */
#define ASH_STOP_BUDGET 0x80000001
#define ASH_STOP_TIMER  0x80000002
#define ASH_STOP_FAULT  0x80000003

/* 64 KiB of unmapped memory below the kernel; 64 KiB aligned. */
#define STLB_ADDRESS 0x80010000

#define IDLE_BYTES_LOG2 4  /* four instructions */
#define SYSCALL_COUNT   41 /* SP_CALL_COUNT */

#ifndef __ASSEMBLER__

#include <stdint.h>

/* A user context at rest. */
struct context {
	uint32_t reg[32];
	uint32_t hi, lo, epc;
	uint32_t pad;
};

struct ash_entry {
	uint32_t pc, ra, data, sp, budget;
};

/* What the assembly must find at a fixed place. */
struct cpu {
	uint32_t user_status; /* Status for user mode, EXL set for eret */
	uint32_t idle_status;
	uint32_t resched; /* leave through the scheduler */
	uint32_t ready;   /* bit per environment slot: may run (sched.c) */
	uint32_t ash_active;
	uint32_t ash_limit;
	uint32_t ash_pc, ash_cause, ash_addr;
	uint32_t ash_save[11];
};

extern struct cpu cpu;

/* boot/: go on with a context of the current environment.  Interrupts off. */
_Noreturn void context_resume(const struct context *ctx);

/* boot/: enter the current environment at PC with stack SP and every other
 * register 0.  Interrupts off. */
_Noreturn void context_start(uint32_t pc, uint32_t sp);

/* boot/: the same with no stack: the start of a slice. */
_Noreturn void slice_enter(uint32_t pc);

/* boot/: wait for an interrupt on an empty stack; the scheduler follows it. */
_Noreturn void cpu_idle(void);

/* boot/: run a handler on the frame at FRAME; a verdict or ASH_STOP_*. */
uint32_t ash_enter(const struct ash_entry *e, uint8_t *frame, uint32_t len);

#endif /* !__ASSEMBLER__ */
#endif /* KERNEL_BOOT_FRAME_H */
