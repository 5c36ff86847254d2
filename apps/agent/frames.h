/*
 * frames.h - page frames the agent owns, reached through a small window.
 *
 * An address space has room for a few hundred mappings only, so what is stored
 * (programs, filters, handlers) is mapped just while it is copied.
 */
#ifndef APPS_AGENT_FRAMES_H
#define APPS_AGENT_FRAMES_H

#include <spindle/err.h>
#include <stdint.h>

struct frames {
	uint32_t pfn, count; /* contiguous; count 0: none */
};

static inline uint32_t
frames_for(uint32_t bytes)
{
	return bytes / 4096 + ((bytes & 4095) != 0);
}

/* COUNT zeroed frames.  Returns SP_OK, SP_ENOMEM or what the kernel says. */
int frames_alloc(struct frames *f, uint32_t count) SP_MUST_CHECK;

/* Give them back; harmless when there are none. */
void frames_free(struct frames *f);

/*
 * Copy N bytes to or from offset OFF of the frames that begin at PFN.  The
 * caller knows that they lie inside.  frames_write() also makes them fit to be
 * executed.  Returns SP_OK or what the kernel says to the mapping.
 */
int frames_write(
	uint32_t pfn, uint32_t off, const void *src, uint32_t n) SP_MUST_CHECK;
int frames_read(
	uint32_t pfn, uint32_t off, void *dst, uint32_t n) SP_MUST_CHECK;

/* Map frames into environment ENV at VA; FLAGS are SP_MAP_*. */
int frames_map(const struct frames *f, uint32_t env, uint32_t va,
	uint32_t flags) SP_MUST_CHECK;

#endif /* APPS_AGENT_FRAMES_H */
