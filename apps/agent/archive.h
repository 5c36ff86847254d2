/*
 * archive.h - the files of the boot archive besides the agent itself.
 */
#ifndef APPS_AGENT_ARCHIVE_H
#define APPS_AGENT_ARCHIVE_H

#include <spindle/err.h>
#include <stdint.h>

/* A file: BYTES at OFFSET of the archive. */
struct archive_file {
	uint32_t offset, bytes;
};

/* Where the archive lies (a physical address), as the kernel said. */
void archive_open(uint32_t paddr, uint32_t bytes);

/* Find file NAME.  Returns SP_OK, SP_ENOENT or SP_EFORMAT (no archive). */
int archive_find(const char *name, struct archive_file *out) SP_MUST_CHECK;

/* N bytes at OFF of F.  Returns SP_OK, SP_EINVAL (they are not all there) or what
 * the kernel says. */
int archive_read(const struct archive_file *f, uint32_t off, void *dst,
	uint32_t n) SP_MUST_CHECK;

#endif /* APPS_AGENT_ARCHIVE_H */
