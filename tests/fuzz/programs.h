/*
 * programs.h - classic BPF programs by chance, every kind that people could bring.
 */
#ifndef TESTS_FUZZ_PROGRAMS_H
#define TESTS_FUZZ_PROGRAMS_H

#include "dpf/dpf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PROGRAM_MAX = 600, PROGRAM_TEXT = 4096 };

struct program {
	struct dpf_bpf insn[PROGRAM_MAX];
	uint32_t n;
	char text[PROGRAM_TEXT]; /* what it was compiled from */
};

/* Begin with SEED; expressions are varied from the lines of the file PATH. */
bool programs_open(const char *path, uint32_t seed);

/* Another valid program; different from all before it. */
void program_make(struct program *p);

#endif /* TESTS_FUZZ_PROGRAMS_H */
