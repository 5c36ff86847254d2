/*
 * spawn.h - children that run C functions of the program that makes them.
 *
 * A child gets the parent's text, a copy of its data as it is now, and a stack
 * of its own, all at the same addresses; nothing is shared but text.  All frames
 * belong to the parent, who gives them back in spawn_drop().
 */
#ifndef APPS_LIB_SPAWN_H
#define APPS_LIB_SPAWN_H

#include <spindle/abi.h>
#include <spindle/err.h>
#include <stdint.h>

enum {
	SPAWN_WINDOW = 0x21000000, /* where the parent copies; else unused */
	SPAWN_STACK_PAGES = 4,
};

struct spawn {
	uint32_t env;
	uint32_t pfn, pages; /* of data and stack */
};

/* Make a child named NAME (SP_NAME bytes) that does not run yet.  Returns its
 * id or what the kernel refused with. */
int spawn_create(struct spawn *s, const char *name) SP_MUST_CHECK;

/* Fill its memory and run RUN(ARG) in SLICES slices; when RUN returns the child
 * exits with its result.  Returns SP_OK or what the kernel refused with. */
int spawn_start(struct spawn *s, int (*run)(uint32_t), uint32_t arg,
	uint32_t slices) SP_MUST_CHECK;

/* Kill it, dead or alive, and give its frames back. */
void spawn_drop(struct spawn *s);

/* Is it still there? */
int spawn_lives(const struct spawn *s);

#endif /* APPS_LIB_SPAWN_H */
