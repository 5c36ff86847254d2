/*
 * mips.h - every MIPS32 coprocessor-0 register and barrier the kernel uses.
 *
 * The one C header that contains inline assembly.  Constants shared with .S
 * files are bare numbers (no suffix, no cast).
 */
#ifndef KERNEL_MIPS_H
#define KERNEL_MIPS_H

#define KSEG0 0x80000000 /* cached, unmapped */
#define KSEG1 0xa0000000 /* uncached, unmapped */

/* From EBase, where boot/vectors.S is linked. */
#define VEC_REFILL  0x000 /* TLB refill */
#define VEC_GENERAL 0x180
#define VEC_IRQ     0x200 /* with Cause.IV */

/* Status, CP0 12.0 */
#define ST_IE  0x00000001 /* interrupts enabled */
#define ST_EXL 0x00000002 /* in an exception */
#define ST_ERL 0x00000004
#define ST_UM  0x00000010 /* user mode */
#define ST_IM1 0x00000200 /* software: the NIC has more */
#define ST_IM2 0x00000400 /* i8259: the NIC */
#define ST_IM4 0x00001000 /* CBUS UART */
#define ST_IM7 0x00008000 /* timer */
#define ST_BEV 0x00400000 /* bootstrap vectors */
#define ST_CU0 0x10000000

/* HWREna, CP0 7.0: what user mode may read by rdhwr */
#define HWRENA_COUNT 0x4

/* Cause, CP0 13.0; IP bits are at the places of ST_IM */
#define CAUSE_IV         0x00800000
#define CAUSE_IP1        0x00000200 /* writing it raises the line */
#define CAUSE_BD         0x80000000
#define CAUSE_CODE       0x0000007c
#define CAUSE_CODE_SHIFT 2

#define EXC_INT     0
#define EXC_MOD     1
#define EXC_TLBL    2
#define EXC_TLBS    3
#define EXC_ADEL    4
#define EXC_ADES    5
#define EXC_SYSCALL 8
#define EXC_BREAK   9
#define EXC_RI      10
#define EXC_CPU     11
#define EXC_OV      12
#define EXC_TRAP    13

/*
 * Scratch, none of which user mode can reach.  ErrorEPC changes only at reset and
 * cache errors, IDataLo only by `cache` instructions, DESAVE never by itself.
 */
#define CP0_CURRENT $30    /* ErrorEPC: struct env * that runs, or idle_env */
#define CP0_SAVE    $28, 1 /* IDataLo: its active struct sp_save */
#define CP0_DESAVE  $31

#ifndef __ASSEMBLER__

#include <stddef.h>
#include <stdint.h>

/* cp0_get_NAME() and cp0_set_NAME(); the write is complete on return.  A 0 comes
 * from $zero: tests/bench/irqoff_plugin.c knows interrupts off by that. */
#define CP0_REGISTER(name, reg, sel)                                           \
	static inline uint32_t cp0_get_##name(void)                            \
	{                                                                      \
		uint32_t v;                                                    \
		__asm__ volatile("mfc0 %0, $" #reg ", " #sel : "=r"(v));       \
		return v;                                                      \
	}                                                                      \
	static inline void cp0_set_##name(uint32_t v)                          \
	{                                                                      \
		__asm__ volatile("mtc0 %z0, $" #reg ", " #sel "\n\tehb"        \
				 :                                             \
				 : "rJ"(v)                                     \
				 : "memory");                                  \
	}

CP0_REGISTER(index, 0, 0)
CP0_REGISTER(entrylo0, 2, 0)
CP0_REGISTER(entrylo1, 3, 0)
CP0_REGISTER(context, 4, 0)
CP0_REGISTER(pagemask, 5, 0)
CP0_REGISTER(wired, 6, 0)
CP0_REGISTER(hwrena, 7, 0)
CP0_REGISTER(badvaddr, 8, 0)
CP0_REGISTER(count, 9, 0)
CP0_REGISTER(entryhi, 10, 0)
CP0_REGISTER(compare, 11, 0)
CP0_REGISTER(status, 12, 0)
CP0_REGISTER(cause, 13, 0)
CP0_REGISTER(epc, 14, 0)
CP0_REGISTER(ebase, 15, 1)
CP0_REGISTER(config1, 16, 1)
CP0_REGISTER(depc, 24, 0)
CP0_REGISTER(datalo, 28, 1)
CP0_REGISTER(errorepc, 30, 0)

/* Who runs now, for the vectors; ENTRYHI holds its ASID.  Complete at eret. */
static inline void
cpu_set_current(uint32_t env, uint32_t save, uint32_t entryhi)
{
	__asm__ volatile("mtc0 %0, $30\n\tmtc0 %1, $28, 1\n\tmtc0 %2, $10"
			 :
			 : "r"(env), "r"(save), "r"(entryhi)
			 : "memory");
}

/* TLB operations on the entry that EntryHi/EntryLo/Index describe. */
static inline void
tlb_probe(void)
{
	__asm__ volatile("ehb; tlbp; ehb" : : : "memory");
}

static inline void
tlb_read(void)
{
	__asm__ volatile("ehb; tlbr; ehb" : : : "memory");
}

static inline void
tlb_write_indexed(void)
{
	__asm__ volatile("ehb; tlbwi; ehb" : : : "memory");
}

static inline void
tlb_write_random(void)
{
	__asm__ volatile("ehb; tlbwr; ehb" : : : "memory");
}

/* Interrupts off and on; the old Status is what irq_restore() wants. */
static inline uint32_t
irq_off(void)
{
	uint32_t v;

	__asm__ volatile("di %0; ehb" : "=r"(v) : : "memory");
	return v;
}

static inline void
irq_restore(uint32_t status)
{
	cp0_set_status(status);
}

/* Out of EJTAG debug mode, to the next instruction (MIPS EJTAG, DERET). */
static inline void
debug_return(void)
{
	__asm__ volatile(".set push\n\t.set noreorder\n\t"
			 "lui $t0, %%hi(1f)\n\t"
			 "addiu $t0, $t0, %%lo(1f)\n\t"
			 "mtc0 $t0, $24\n\t"
			 "ehb\n\t"
			 "deret\n"
			 "1:\t.set pop"
			 :
			 :
			 : "$8", "memory");
}

/* Plain stores before it are visible to devices after it. */
static inline void
dma_barrier(void)
{
	__asm__ volatile("sync" : : : "memory");
}

/*
 * UHI semihosting call (MIPS UHI manual): operation in $t9, one argument.
 */
static inline void
uhi_call(uint32_t op, uint32_t arg)
{
	register uint32_t t9 __asm__("$25") = op;
	register uint32_t a0 __asm__("$4") = arg;

	__asm__ volatile("sdbbp 1" : : "r"(t9), "r"(a0) : "$2", "memory");
}

/* Make freshly written instructions visible to fetch. */
static inline void
icache_sync(const void *start, size_t bytes)
{
	const char *p = start;

	for (size_t i = 0; i < bytes; i += 32)
		__asm__ volatile("synci 0(%0)" : : "r"(p + i) : "memory");
	__asm__ volatile("sync; ehb" : : : "memory");
}

#endif /* !__ASSEMBLER__ */
#endif /* KERNEL_MIPS_H */
