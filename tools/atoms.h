/*
 * atoms.h - filters written as atoms, in the forms that show.c prints.
 *
 *	filter  = conj { "||" conj } | node { node }     (a line may end for "||")
 *	conj    = "true" | "false" | "(" test ")" { "&&" "(" test ")" }
 *	node    = "n" NUMBER ":" test "?" to ":" to
 *	to      = "accept" | "reject" | "n" NUMBER       (a later one)
 *	test    = place "exists" | field rel NUMBER
 *		| field [ "not" ] "in" "{" NUMBER { "," NUMBER } "}"
 *	rel     = "==" | "!=" | "<" | "<=" | ">" | ">="
 *	field   = place | "(" place "&" NUMBER ")"
 *	place   = "len" | { shift "+" } NUMBER ":" BITS
 *	shift   = "shift((" NUMBER ":" BITS "&" NUMBER ")" ("<<" | ">>") NUMBER ")"
 *
 * Tests are tried from left to right; one whose field does not lie inside the
 * frame rejects the frame, whatever else is written.  That is the meaning of the
 * graphs that are printed, so what is printed can be read back.
 */
#ifndef TOOLS_ATOMS_H
#define TOOLS_ATOMS_H

#include "expr.h"

/* TEXT to a filter; NULL, or the reason, which is to be freed. */
char *atoms_try(const char *text, struct expr *out);

/* --- between atoms.c, which reads, and atoms_code.c ---------------------------- */

/* A number of bits at a place; with a base, that many bytes behind it. */
struct atom_field {
	struct atom_shift {
		uint32_t off, width, mask;
		int by; /* to the left; negative: to the right */
	} shift[DPF_MAX_BASES];
	unsigned nshifts;
	bool is_len;
	uint32_t off, width; /* bytes */
	uint32_t mask;       /* all ones: none */
};

enum atom_rel { ATOM_IN, ATOM_GT, ATOM_GE, ATOM_EXISTS };

/* Where a step leads, besides to the step of that number. */
#define ATOM_ACCEPT 0xfffffffeu
#define ATOM_REJECT 0xffffffffu

struct atom_step {
	struct atom_field field;
	enum atom_rel rel;
	uint32_t *values; /* ATOM_IN: any of them, else one */
	size_t nvalues;
	uint32_t yes, no;
};

struct atom_steps {
	struct atom_step *v;
	size_t n, room;
	uint32_t first; /* where to begin: a step, or an end */
};

/* The steps as a classic BPF program; free *OUT.  Returns its length. */
size_t atoms_code(const struct atom_steps *s, struct bpf_insn **out);

#endif /* TOOLS_ATOMS_H */
