/*
 * slots.h - sets of slots of the table of bindings, and the least one in them.
 *
 * A word of SOME says which words of IN are not 0, so that a set with few
 * members, or one with many, is searched in a few dozen instructions.  Slot 0 is
 * never a member.
 */
#ifndef KERNEL_CORE_SLOTS_H
#define KERNEL_CORE_SLOTS_H

#include <spindle/bytes.h>
#include <stdbool.h>
#include <stdint.h>

enum { SLOTS_MAX = 17 * 1024 };

struct slots {
	uint32_t some[SLOTS_MAX / 1024];
	uint32_t in[SLOTS_MAX / 32];
};

static inline bool
slots_has(const struct slots *s, uint32_t slot)
{
	return (s->in[slot / 32] >> slot % 32 & 1) != 0;
}

static inline void
slots_add(struct slots *s, uint32_t slot)
{
	s->in[slot / 32] |= BIT(slot % 32);
	s->some[slot / 1024] |= BIT(slot / 32 % 32);
}

static inline void
slots_del(struct slots *s, uint32_t slot)
{
	uint32_t *in = &s->in[slot / 32];

	*in &= ~BIT(slot % 32);
	if (*in == 0)
		s->some[slot / 1024] &= ~BIT(slot / 32 % 32);
}

/* The first member from FROM on, or 0. */
static inline uint32_t
slots_next(const struct slots *s, uint32_t from)
{
	uint32_t word = from / 32, above = s->in[word] >> from % 32;

	if (above != 0)
		return from + (uint32_t)__builtin_ctz(above);

	uint32_t i = ++word / 32, some;

	if (i >= ARRAY_LEN(s->some))
		return 0;
	some = s->some[i] >> word % 32 << word % 32;
	while (some == 0 && ++i < ARRAY_LEN(s->some))
		some = s->some[i];
	if (some == 0)
		return 0;
	word = i * 32 + (uint32_t)__builtin_ctz(some);
	return word * 32 + (uint32_t)__builtin_ctz(s->in[word]);
}

#endif /* KERNEL_CORE_SLOTS_H */
