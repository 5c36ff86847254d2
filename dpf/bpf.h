/*
 * bpf.h - classic BPF: opcodes, what is a valid program, and what it means
 * (private to dpf).
 *
 * The numbers are those of the instruction set, as in <pcap/bpf.h>, which a
 * freestanding library cannot include.
 */
#ifndef DPF_BPF_H
#define DPF_BPF_H

#include "dpf/dpf.h"

enum {
	BPF_LD = 0x00,
	BPF_LDX = 0x01,
	BPF_ST = 0x02,
	BPF_STX = 0x03,
	BPF_ALU = 0x04,
	BPF_JMP = 0x05,
	BPF_RET = 0x06,
	BPF_MISC = 0x07,
	BPF_CLASS_MASK = 0x07,

	BPF_W = 0x00,
	BPF_H = 0x08,
	BPF_B = 0x10,
	BPF_SIZE_MASK = 0x18,

	BPF_IMM = 0x00,
	BPF_ABS = 0x20,
	BPF_IND = 0x40,
	BPF_MEM = 0x60,
	BPF_LEN = 0x80,
	BPF_MSH = 0xa0,
	BPF_MODE_MASK = 0xe0,

	BPF_ADD = 0x00,
	BPF_SUB = 0x10,
	BPF_MUL = 0x20,
	BPF_DIV = 0x30,
	BPF_OR = 0x40,
	BPF_AND = 0x50,
	BPF_LSH = 0x60,
	BPF_RSH = 0x70,
	BPF_NEG = 0x80,
	BPF_MOD = 0x90,
	BPF_XOR = 0xa0,

	BPF_JA = 0x00,
	BPF_JEQ = 0x10,
	BPF_JGT = 0x20,
	BPF_JGE = 0x30,
	BPF_JSET = 0x40,
	BPF_OP_MASK = 0xf0,

	BPF_X = 0x08,
	BPF_A = 0x10, /* of BPF_RET */
	BPF_TXA = 0x80,

	BPF_WORDS = 16,        /* of scratch memory */
	BPF_REG_A = BPF_WORDS, /* numbers of registers behind those words */
	BPF_REG_X,
	BPF_REGS,
};

/* Loads at fixed offsets from here on are Linux's way to ask for other things
 * than the frame. */
#define BPF_ANCILLARY 0xfffff000u

/*
 * dpf_bpf_check - is PROG a valid program that only jumps forward?
 *
 * Needs no memory and takes one look at each instruction.  Returns SP_OK, or
 * SP_EFORMAT; then WHY says which instruction and why.
 */
int dpf_bpf_check(const struct dpf_bpf *prog, size_t n,
	struct dpf_why *why) SP_MUST_CHECK;

/* Fill LIVE[0..n) with the registers (bit R is register R) whose values at an
 * instruction of a valid program can still matter. */
void dpf_bpf_live(const struct dpf_bpf *prog, size_t n, uint32_t *live);

/* How many bytes a load takes. */
unsigned dpf_bpf_width(uint16_t code);

/*
 * dpf_bpf_run - what a valid program returns for a frame.
 *
 * As dpf_interp() takes it.  Never reads outside FRAME[0..LEN); a load that does
 * not lie wholly inside and a division by zero return 0.
 */
uint32_t dpf_bpf_run(const struct dpf_bpf *prog, const uint8_t *frame,
	size_t len, size_t wirelen);

enum { BPF_TRACED = 8 };

/* The last fields that a run has loaded, and the last values it compared. */
struct bpf_trace {
	struct {
		size_t off;
		unsigned width;
	} load[BPF_TRACED];
	struct {
		uint32_t a, v;
	} compared[BPF_TRACED];
	unsigned loads, compares; /* in all */
};

/* Likewise; T says afterwards what happened. */
uint32_t dpf_bpf_trace(const struct dpf_bpf *prog, const uint8_t *frame,
	size_t len, size_t wirelen, struct bpf_trace *t);

#endif /* DPF_BPF_H */
