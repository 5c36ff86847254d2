/*
 * mips.h - the one description of the MIPS32r2 instructions we emit and accept.
 *
 * The filter compiler builds words with the mips_* encoders; the ASH verifier
 * decodes with the table.  What is not in the table does not exist for us.
 * Source: MIPS Architecture For Programmers, volume II-A (MIPS32), rev. 2.
 */
#ifndef DPF_MIPS_H
#define DPF_MIPS_H

#include <stdint.h>

enum mips_reg {
	MIPS_ZERO,
	MIPS_AT,
	MIPS_V0,
	MIPS_V1,
	MIPS_A0,
	MIPS_A1,
	MIPS_A2,
	MIPS_A3,
	MIPS_T0,
	MIPS_T1,
	MIPS_T2,
	MIPS_T3,
	MIPS_T4,
	MIPS_T5,
	MIPS_T6,
	MIPS_T7,
	MIPS_S0,
	MIPS_S1,
	MIPS_S2,
	MIPS_S3,
	MIPS_S4,
	MIPS_S5,
	MIPS_S6,
	MIPS_S7,
	MIPS_T8,
	MIPS_T9,
	MIPS_K0,
	MIPS_K1,
	MIPS_GP,
	MIPS_SP,
	MIPS_FP,
	MIPS_RA,
};

/* How an instruction uses its fields, which decides what it may do. */
enum mips_kind {
	MIPS_RD,     /* writes rd from rs, rt, sa */
	MIPS_RT,     /* writes rt from rs and an immediate */
	MIPS_INS,    /* writes some bits of rt */
	MIPS_HILO,   /* writes HI and LO */
	MIPS_LOAD,   /* writes rt from memory at rs + offset */
	MIPS_STORE,  /* memory at rs + offset */
	MIPS_BRANCH, /* conditional, 16-bit word offset; writes no register */
	MIPS_J,      /* direct jump */
	MIPS_JAL,    /* direct call, writes $ra */
	MIPS_JR,     /* jump to rs */
	MIPS_LIKELY, /* refused: annuls its slot */
	MIPS_TRAP,   /* refused: can trap */
	MIPS_PRIV,   /* refused: coprocessor, cache, system */
	MIPS_LINK,   /* refused: conditional or indirect call */
};

/* X(name, match, mask, kind): word & mask == match. */
#define MIPS_INSNS(X)                                                          \
	X(sll, 0x00000000, 0xffe0003f, MIPS_RD)                                \
	X(srl, 0x00000002, 0xffe0003f, MIPS_RD)                                \
	X(rotr, 0x00200002, 0xffe0003f, MIPS_RD)                               \
	X(sra, 0x00000003, 0xffe0003f, MIPS_RD)                                \
	X(sllv, 0x00000004, 0xfc0007ff, MIPS_RD)                               \
	X(srlv, 0x00000006, 0xfc0007ff, MIPS_RD)                               \
	X(rotrv, 0x00000046, 0xfc0007ff, MIPS_RD)                              \
	X(srav, 0x00000007, 0xfc0007ff, MIPS_RD)                               \
	X(jr, 0x00000008, 0xfc1fffff, MIPS_JR)                                 \
	X(jalr, 0x00000009, 0xfc1f003f, MIPS_LINK)                             \
	X(movz, 0x0000000a, 0xfc0007ff, MIPS_RD)                               \
	X(movn, 0x0000000b, 0xfc0007ff, MIPS_RD)                               \
	X(syscall, 0x0000000c, 0xfc00003f, MIPS_PRIV)                          \
	X(break, 0x0000000d, 0xfc00003f, MIPS_PRIV)                            \
	X(sync, 0x0000000f, 0xfffff83f, MIPS_PRIV)                             \
	X(mfhi, 0x00000010, 0xffff07ff, MIPS_RD)                               \
	X(mthi, 0x00000011, 0xfc1fffff, MIPS_HILO)                             \
	X(mflo, 0x00000012, 0xffff07ff, MIPS_RD)                               \
	X(mtlo, 0x00000013, 0xfc1fffff, MIPS_HILO)                             \
	X(mult, 0x00000018, 0xfc00ffff, MIPS_HILO)                             \
	X(multu, 0x00000019, 0xfc00ffff, MIPS_HILO)                            \
	X(div, 0x0000001a, 0xfc00ffff, MIPS_HILO)                              \
	X(divu, 0x0000001b, 0xfc00ffff, MIPS_HILO)                             \
	X(add, 0x00000020, 0xfc0007ff, MIPS_TRAP)                              \
	X(addu, 0x00000021, 0xfc0007ff, MIPS_RD)                               \
	X(sub, 0x00000022, 0xfc0007ff, MIPS_TRAP)                              \
	X(subu, 0x00000023, 0xfc0007ff, MIPS_RD)                               \
	X(and, 0x00000024, 0xfc0007ff, MIPS_RD)                                \
	X(or, 0x00000025, 0xfc0007ff, MIPS_RD)                                 \
	X(xor, 0x00000026, 0xfc0007ff, MIPS_RD)                                \
	X(nor, 0x00000027, 0xfc0007ff, MIPS_RD)                                \
	X(slt, 0x0000002a, 0xfc0007ff, MIPS_RD)                                \
	X(sltu, 0x0000002b, 0xfc0007ff, MIPS_RD)                               \
	X(tge, 0x00000030, 0xfc00003f, MIPS_TRAP)                              \
	X(tgeu, 0x00000031, 0xfc00003f, MIPS_TRAP)                             \
	X(tlt, 0x00000032, 0xfc00003f, MIPS_TRAP)                              \
	X(tltu, 0x00000033, 0xfc00003f, MIPS_TRAP)                             \
	X(teq, 0x00000034, 0xfc00003f, MIPS_TRAP)                              \
	X(tne, 0x00000036, 0xfc00003f, MIPS_TRAP)                              \
	X(bltz, 0x04000000, 0xfc1f0000, MIPS_BRANCH)                           \
	X(bgez, 0x04010000, 0xfc1f0000, MIPS_BRANCH)                           \
	X(bltzl, 0x04020000, 0xfc1f0000, MIPS_LIKELY)                          \
	X(bgezl, 0x04030000, 0xfc1f0000, MIPS_LIKELY)                          \
	X(tgei, 0x04080000, 0xfc1f0000, MIPS_TRAP)                             \
	X(tgeiu, 0x04090000, 0xfc1f0000, MIPS_TRAP)                            \
	X(tlti, 0x040a0000, 0xfc1f0000, MIPS_TRAP)                             \
	X(tltiu, 0x040b0000, 0xfc1f0000, MIPS_TRAP)                            \
	X(teqi, 0x040c0000, 0xfc1f0000, MIPS_TRAP)                             \
	X(tnei, 0x040e0000, 0xfc1f0000, MIPS_TRAP)                             \
	X(bltzal, 0x04100000, 0xfc1f0000, MIPS_LINK)                           \
	X(bgezal, 0x04110000, 0xfc1f0000, MIPS_LINK)                           \
	X(bltzall, 0x04120000, 0xfc1f0000, MIPS_LIKELY)                        \
	X(bgezall, 0x04130000, 0xfc1f0000, MIPS_LIKELY)                        \
	X(synci, 0x041f0000, 0xfc1f0000, MIPS_PRIV)                            \
	X(j, 0x08000000, 0xfc000000, MIPS_J)                                   \
	X(jal, 0x0c000000, 0xfc000000, MIPS_JAL)                               \
	X(beq, 0x10000000, 0xfc000000, MIPS_BRANCH)                            \
	X(bne, 0x14000000, 0xfc000000, MIPS_BRANCH)                            \
	X(blez, 0x18000000, 0xfc1f0000, MIPS_BRANCH)                           \
	X(bgtz, 0x1c000000, 0xfc1f0000, MIPS_BRANCH)                           \
	X(addi, 0x20000000, 0xfc000000, MIPS_TRAP)                             \
	X(addiu, 0x24000000, 0xfc000000, MIPS_RT)                              \
	X(slti, 0x28000000, 0xfc000000, MIPS_RT)                               \
	X(sltiu, 0x2c000000, 0xfc000000, MIPS_RT)                              \
	X(andi, 0x30000000, 0xfc000000, MIPS_RT)                               \
	X(ori, 0x34000000, 0xfc000000, MIPS_RT)                                \
	X(xori, 0x38000000, 0xfc000000, MIPS_RT)                               \
	X(lui, 0x3c000000, 0xffe00000, MIPS_RT)                                \
	X(cop0, 0x40000000, 0xfc000000, MIPS_PRIV)                             \
	X(cop1, 0x44000000, 0xfc000000, MIPS_PRIV)                             \
	X(cop2, 0x48000000, 0xfc000000, MIPS_PRIV)                             \
	X(cop1x, 0x4c000000, 0xfc000000, MIPS_PRIV)                            \
	X(beql, 0x50000000, 0xfc000000, MIPS_LIKELY)                           \
	X(bnel, 0x54000000, 0xfc000000, MIPS_LIKELY)                           \
	X(blezl, 0x58000000, 0xfc1f0000, MIPS_LIKELY)                          \
	X(bgtzl, 0x5c000000, 0xfc1f0000, MIPS_LIKELY)                          \
	X(madd, 0x70000000, 0xfc00ffff, MIPS_HILO)                             \
	X(maddu, 0x70000001, 0xfc00ffff, MIPS_HILO)                            \
	X(mul, 0x70000002, 0xfc0007ff, MIPS_RD)                                \
	X(msub, 0x70000004, 0xfc00ffff, MIPS_HILO)                             \
	X(msubu, 0x70000005, 0xfc00ffff, MIPS_HILO)                            \
	X(clz, 0x70000020, 0xfc0007ff, MIPS_RD)                                \
	X(clo, 0x70000021, 0xfc0007ff, MIPS_RD)                                \
	X(sdbbp, 0x7000003f, 0xfc00003f, MIPS_PRIV)                            \
	X(jalx, 0x74000000, 0xfc000000, MIPS_PRIV)                             \
	X(ext, 0x7c000000, 0xfc00003f, MIPS_RT)                                \
	X(ins, 0x7c000004, 0xfc00003f, MIPS_INS)                               \
	X(wsbh, 0x7c0000a0, 0xffe007ff, MIPS_RD)                               \
	X(seb, 0x7c000420, 0xffe007ff, MIPS_RD)                                \
	X(seh, 0x7c000620, 0xffe007ff, MIPS_RD)                                \
	X(rdhwr, 0x7c00003b, 0xffe007ff, MIPS_PRIV)                            \
	X(lb, 0x80000000, 0xfc000000, MIPS_LOAD)                               \
	X(lh, 0x84000000, 0xfc000000, MIPS_LOAD)                               \
	X(lwl, 0x88000000, 0xfc000000, MIPS_LOAD)                              \
	X(lw, 0x8c000000, 0xfc000000, MIPS_LOAD)                               \
	X(lbu, 0x90000000, 0xfc000000, MIPS_LOAD)                              \
	X(lhu, 0x94000000, 0xfc000000, MIPS_LOAD)                              \
	X(lwr, 0x98000000, 0xfc000000, MIPS_LOAD)                              \
	X(sb, 0xa0000000, 0xfc000000, MIPS_STORE)                              \
	X(sh, 0xa4000000, 0xfc000000, MIPS_STORE)                              \
	X(swl, 0xa8000000, 0xfc000000, MIPS_STORE)                             \
	X(sw, 0xac000000, 0xfc000000, MIPS_STORE)                              \
	X(swr, 0xb8000000, 0xfc000000, MIPS_STORE)                             \
	X(cache, 0xbc000000, 0xfc000000, MIPS_PRIV)                            \
	X(pref, 0xcc000000, 0xfc000000, MIPS_PRIV)

enum mips_insn {
#define X(name, match, mask, kind) MIPS_INSN_##name,
	MIPS_INSNS(X)
#undef X
		MIPS_INSN_COUNT,
};

/* Fields of a word. */
static inline uint32_t
mips_rs(uint32_t w)
{
	return w >> 21 & 31;
}

static inline uint32_t
mips_rt(uint32_t w)
{
	return w >> 16 & 31;
}

static inline uint32_t
mips_rd(uint32_t w)
{
	return w >> 11 & 31;
}

static inline uint32_t
mips_sa(uint32_t w)
{
	return w >> 6 & 31;
}

static inline int32_t
mips_imm(uint32_t w)
{
	return (int16_t)(w & 0xffff);
}

/* Encoders: MATCH is the table's match value of the instruction. */
#define X(name, match, mask, kind) MIPS_OP_##name = (int)(match),
enum mips_op { MIPS_INSNS(X) };
#undef X

enum { MIPS_NOP = 0 }; /* sll $zero, $zero, 0 */

static inline uint32_t
mips_r(enum mips_op op, uint32_t rd, uint32_t rs, uint32_t rt)
{
	return (uint32_t)op | rs << 21 | rt << 16 | rd << 11;
}

static inline uint32_t
mips_shift(enum mips_op op, uint32_t rd, uint32_t rt, uint32_t sa)
{
	return (uint32_t)op | rt << 16 | rd << 11 | sa << 6;
}

/* Immediate forms, loads, stores and branches: IMM is taken modulo 65536. */
static inline uint32_t
mips_i(enum mips_op op, uint32_t rt, uint32_t rs, int32_t imm)
{
	return (uint32_t)op | rs << 21 | rt << 16 | ((uint32_t)imm & 0xffff);
}

static inline uint32_t
mips_ext(uint32_t rt, uint32_t rs, uint32_t pos, uint32_t size)
{
	return (uint32_t)MIPS_OP_ext | rs << 21 | rt << 16 | (size - 1) << 11 |
	       pos << 6;
}

static inline uint32_t
mips_ins(uint32_t rt, uint32_t rs, uint32_t pos, uint32_t size)
{
	return (uint32_t)MIPS_OP_ins | rs << 21 | rt << 16 |
	       (pos + size - 1) << 11 | pos << 6;
}

static inline uint32_t
mips_jump(enum mips_op op, uint32_t address)
{
	return (uint32_t)op | (address >> 2 & 0x03ffffff);
}

#endif /* DPF_MIPS_H */
