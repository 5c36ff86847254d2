/*
 * spindle/bytes.h - network byte order without unaligned loads.
 *
 * MIPS32 faults on an unaligned lw, so packet fields are always assembled
 * from bytes.  GCC turns each helper into at most four lbu.
 */
#ifndef SP_BYTES_H
#define SP_BYTES_H

#include <stdint.h>

#define BIT(n)       (1u << (n))
#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

static inline uint16_t
be16_get(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t
be32_get(const uint8_t *p)
{
	return (uint32_t)be16_get(p) << 16 | be16_get(p + 2);
}

static inline void
be16_put(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static inline void
be32_put(uint8_t *p, uint32_t v)
{
	be16_put(p, (uint16_t)(v >> 16));
	be16_put(p + 2, (uint16_t)v);
}

/* Little endian, for objects and control messages (ELF, the agent's wire). */
static inline uint16_t
le16_get(const uint8_t *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

static inline uint32_t
le32_get(const uint8_t *p)
{
	return le16_get(p) | (uint32_t)le16_get(p + 2) << 16;
}

static inline void
le16_put(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)v;
	p[1] = (uint8_t)(v >> 8);
}

static inline void
le32_put(uint8_t *p, uint32_t v)
{
	le16_put(p, (uint16_t)v);
	le16_put(p + 2, (uint16_t)(v >> 16));
}

#endif /* SP_BYTES_H */
