/*
 * slots.h - sets of slots of the table of bindings, and the least one in them.
 *
 * A bit of TOP says which words of SOME are not 0, a bit of SOME which words of
 * IN, so the least member is found in two dozen instructions.  Slot 0 is never a
 * member.
 */
#ifndef KERNEL_CORE_SLOTS_H
#define KERNEL_CORE_SLOTS_H

#include <spindle/bytes.h>
#include <stdbool.h>
#include <stdint.h>

enum { SLOTS_MAX = 32 * 1024 };

struct slots {
	uint32_t top;
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
	s->top |= BIT(slot / 1024);
}

static inline void
slots_del(struct slots *s, uint32_t slot)
{
	uint32_t *in = &s->in[slot / 32], *some = &s->some[slot / 1024];

	*in &= ~BIT(slot % 32);
	if (*in != 0)
		return;
	*some &= ~BIT(slot / 32 % 32);
	if (*some == 0)
		s->top &= ~BIT(slot / 1024);
}

static inline uint32_t
slots_bit(uint32_t word)
{
	return (uint32_t)__builtin_ctz(word);
}

/* The least member, or 0. */
static inline uint32_t
slots_first(const struct slots *s)
{
	uint32_t i, word;

	if (s->top == 0)
		return 0;
	i = slots_bit(s->top);
	word = i * 32 + slots_bit(s->some[i]);
	return word * 32 + slots_bit(s->in[word]);
}

/* The least member from FROM on, or 0. */
static inline uint32_t
slots_next(const struct slots *s, uint32_t from)
{
	uint32_t word = from / 32, above = s->in[word] >> from % 32,
		 i = from / 1024;

	if (above != 0)
		return from + slots_bit(above);
	/* Shifts by one first: words and bits behind it may be none. */
	above = s->some[i] >> word % 32 >> 1;
	if (above != 0) {
		word += 1 + slots_bit(above);
		return word * 32 + slots_bit(s->in[word]);
	}
	above = s->top >> i >> 1;
	if (above == 0)
		return 0;
	i += 1 + slots_bit(above);
	word = i * 32 + slots_bit(s->some[i]);
	return word * 32 + slots_bit(s->in[word]);
}

#endif /* KERNEL_CORE_SLOTS_H */
