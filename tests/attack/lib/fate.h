/*
 * fate.h - what becomes of a child that does something it should not.
 *
 * The child runs a C function in a copy of this program and shares one page with
 * it; it may end with a code, or of an exception.
 */
#ifndef TESTS_ATTACK_LIB_FATE_H
#define TESTS_ATTACK_LIB_FATE_H

#include "tests/attack/lib/spawn.h"

#include <stdint.h>

enum {
	SHARED_VA = 0x23000000,
	SHARED_WORDS = SP_PAGE / 4,
	FATE_LIVES = 1000, /* not a code: it is still there */
};

/* Word I of the page that parent and children share. */
uint32_t shared_get(uint32_t i);
void shared_set(uint32_t i, uint32_t v);

/* What a child may run: it rests, or turns round in user mode, until it is killed. */
int fate_rest(uint32_t arg);
int fate_spin(uint32_t arg);

/* A child that runs RUN(ARG), or nothing (an attempt is then WRONG). */
struct spawn fate_begin(int (*run)(uint32_t), uint32_t arg);

/* Let it run for up to TICKS, or until it has ended; its exit code, minus its
 * exception code, or FATE_LIVES.  It is gone afterwards. */
int32_t fate_end(struct spawn *s, uint32_t ticks);

/* Until word I is V, or TICKS have gone by; was it? */
int fate_until(const struct spawn *s, uint32_t i, uint32_t v, uint32_t ticks);

/* Until it is in STATE (enum sp_env_state); was it? */
int fate_until_state(const struct spawn *s, uint32_t state, uint32_t ticks);

/* The whole story: it must come to WANT (as fate_end()), and leave no trace. */
void fate(const char *name, int32_t want, int (*run)(uint32_t), uint32_t arg);

#endif /* TESTS_ATTACK_LIB_FATE_H */
