/*
 * text.h - private to ashcc: the compiler's assembler text as a list of lines.
 *
 * text.c reads, insn.c knows instructions, entry.c
 * ends ash_main, guard.c makes accesses safe, slot.c
 * fills delay slots, pay.c lays out and pays, ashcc.c drives.  Nothing of this is trusted: the verifier is.
 * Memory is never freed; the process is short.
 */
#ifndef ASHCC_TEXT_H
#define ASHCC_TEXT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum {
	MAX_ARGS = 4,
	REG_AT = 1,
	REG_SP = 29,
	REG_RA = 31,
	REG_BUDGET = 21,
	REG_FRAME = 22,
	REG_INDEX = 23,
	REG_DATA = 24,
	NO_REG = -1,
};

enum line_kind {
	LINE_INSN,
	LINE_LABEL, /* somebody may jump here */
	LINE_OTHER, /* passed through */
	LINE_PAY,   /* a payment, to be laid out */
};

/* One instruction: operation and operands as text. */
struct insn {
	char op[16];
	char arg[MAX_ARGS][80];
	unsigned nargs;
};

struct line {
	struct line *next, *prev;
	enum line_kind kind;
	char *text; /* label name, or the whole other line */
	struct insn insn;
	struct insn *slot; /* of a jump: what stands in its delay slot */
	unsigned no;       /* line of the compiler's text */
};

struct list {
	struct line *first, *last;
};

/* A function, or the text before the first and after the last one. */
struct chunk {
	struct chunk *next;
	char name[80]; /* "" if it is no function */
	struct list lines;
	bool is_main;                  /* ash_main, and nobody calls it */
	long frame_bytes, save_offset; /* as .frame and .mask tell */
	uint32_t save_mask;
};

struct program {
	struct chunk *head, *functions, *tail;
	struct list rest; /* everything outside .text */
};

/* --- text.c ---------------------------------------------------------------- */
void *xalloc(size_t bytes);
void die(const char *format, ...)
	__attribute__((format(printf, 1, 2), noreturn));
struct line *line_new(enum line_kind kind, const char *text);
struct line *line_insn(const struct insn *i);
void list_append(struct list *l, struct line *n);
void list_insert(struct list *l, struct line *before, struct line *n);
void list_remove(struct list *l, struct line *n);

/* Read the compiler's output; functions in the order to emit, ash_main first. */
void program_read(FILE *in, struct program *p);

/* --- insn.c ---------------------------------------------------------------- */
void insn_make(struct insn *i, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
bool insn_is_control(const struct insn *i);
bool insn_is_call(const struct insn *i);
bool insn_is_memory(const struct insn *i);
bool insn_is_store(const struct insn *i);
bool insn_is_nop(const struct insn *i);
bool insn_ends_block(const struct insn *i);    /* always leaves: j, b, jr */
const char *insn_target(const struct insn *i); /* label, or NULL */

/* The register an operand names, "$4" or "$sp"; NO_REG if none. */
int reg_of(const char *arg);

/* OFFSET(BASE) of a memory operand. */
bool split_address(const char *arg, char *offset, size_t room, int *base);

/* Sets of registers, bit n for $n. */
uint32_t insn_writes(const struct insn *i);
uint32_t insn_reads(const struct insn *i);

/* A may move across the jump or branch J into its delay slot. */
bool insn_fits_slot(const struct insn *a, const struct insn *j);

/* --- entry.c --------------------------------------------------------------- */
/* If C is ash_main: end it through the exit bundle. */
void entry_function(struct chunk *c);

/* --- guard.c --------------------------------------------------------------- */
/* Make every access and every write of a dedicated register legal. */
void guard_function(struct chunk *c, unsigned code_bits, unsigned data_bits);

/* --- slot.c ---------------------------------------------------------------- */
/* Fill empty delay slots. */
void slot_function(struct chunk *c);

/* --- pay.c ----------------------------------------------------------------- */
/* Put payments where loops and calls arrive; uses the order of functions. */
void pay_program(struct program *p);

/* Write the assembler text. */
void program_write(const struct program *p, FILE *out);

#endif /* ASHCC_TEXT_H */
