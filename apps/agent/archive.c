/*
 * archive.c - find and read files of the boot archive (newc cpio).
 *
 * Its frames are the agent's and are mapped only while they are read.
 */
#include "archive.h"

#include "apps/lib/mem.h"
#include "frames.h"

#include <spindle/abi.h>

enum {
	HEAD = 110, /* ASCII; then the name, the data, each 4-aligned */
	FILESIZE = 54,
	NAMESIZE = 94,
	NAME_MAX = 64,
};

static struct archive_file all;

void
archive_open(uint32_t paddr, uint32_t bytes)
{
	all.offset = paddr;
	all.bytes = bytes;
}

/* Like archive_read() with offsets in the archive. */
static int
read_at(uint32_t off, void *dst, uint32_t n)
{
	if (off > all.bytes || n > all.bytes - off)
		return SP_EINVAL;
	return frames_read(
		all.offset / SP_PAGE, all.offset % SP_PAGE + off, dst, n);
}

static uint32_t
hex8(const uint8_t *p)
{
	uint32_t v = 0;

	for (int i = 0; i < 8; i++) {
		uint32_t c = p[i];

		v = v << 4 | (c >= '0' && c <= '9' ? c - '0' : (c & 7) + 9);
	}
	return v;
}

/* The entry at *AT; moves *AT to the next one. */
static int
next_file(uint32_t *at, char name[NAME_MAX], struct archive_file *f)
{
	uint8_t head[HEAD];
	uint32_t name_bytes;
	int err = read_at(*at, head, HEAD);

	if (err < 0)
		return SP_ENOENT;
	name_bytes = hex8(head + NAMESIZE);
	f->bytes = hex8(head + FILESIZE);
	if (memcmp(head, "070701", 6) != 0 || name_bytes == 0 ||
		name_bytes > NAME_MAX)
		return SP_EFORMAT;
	err = read_at(*at + HEAD, name, name_bytes);
	if (err < 0)
		return SP_EFORMAT;
	name[name_bytes - 1] = '\0';
	f->offset = (*at + HEAD + name_bytes + 3) & ~3u;
	if (f->offset > all.bytes || f->bytes > all.bytes - f->offset)
		return SP_EFORMAT;
	*at = (f->offset + f->bytes + 3) & ~3u;
	return SP_OK;
}

int
archive_find(const char *name, struct archive_file *out)
{
	char have[NAME_MAX];
	uint32_t at = 0;
	int err;

	do
		err = next_file(&at, have, out);
	while (err == SP_OK && !str_equal(have, name));
	return err;
}

int
archive_read(const struct archive_file *f, uint32_t off, void *dst, uint32_t n)
{
	if (off > f->bytes || n > f->bytes - off)
		return SP_EINVAL;
	return read_at(f->offset + off, dst, n);
}
