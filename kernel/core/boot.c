/*
 * boot.c - from a boot archive to a running first environment.
 *
 * The one ELF loader the kernel has; every other program is loaded by the
 * first.  The archive is trusted with the root capability, but not to be well
 * formed.
 */
#include "kernel/core/boot.h"

#include "kernel/console.h"
#include "kernel/core/env.h"
#include "kernel/core/page.h"
#include "kernel/core/sched.h"
#include "kernel/core/slice.h"
#include "kernel/lib/string.h"
#include "kernel/mips.h"

#include <spindle/bytes.h>

enum {
	STACK_PAGES = 8,
	AGENT_SLICES = 8,
	CPIO_HEAD = 110, /* newc header, ASCII */
	CPIO_FILESIZE = 54,
	CPIO_NAMESIZE = 94,
	EH_BYTES = 52, /* ELF32 header */
	EH_TYPE = 16,
	EH_MACHINE = 18,
	EH_ENTRY = 24,
	EH_PHOFF = 28,
	EH_PHENTSIZE = 42,
	EH_PHNUM = 44,
	PH_BYTES = 32,
	PH_TYPE = 0,
	PH_OFFSET = 4,
	PH_VADDR = 8,
	PH_FILESZ = 16,
	PH_MEMSZ = 20,
	PT_LOAD = 1,
	ET_EXEC = 2,
	EM_MIPS = 8,
};

/* --- YAMON's tables ----------------------------------------------------------- */

static bool
text_is(const char *a, const char *b)
{
	while (*a != '\0' && *a == *b)
		a++, b++;
	return *a == *b;
}

static uint32_t
parse_number(const char *s)
{
	uint32_t base = 10, v = 0;

	if (s[0] == '0' && s[1] == 'x') {
		base = 16;
		s += 2;
	}
	for (;; s++) {
		uint32_t digit;

		if (*s >= '0' && *s <= '9')
			digit = (uint32_t)(*s - '0');
		else if (base == 16 && *s >= 'a' && *s <= 'f')
			digit = (uint32_t)(*s - 'a') + 10;
		else
			return v;
		v = v * base + digit; /* addresses: the low 32 bits count */
	}
}

/* The number after KEY in the command line, 0 when it is not there. */
static uint32_t
option(const char *command, const char *key)
{
	for (; *command != '\0'; command++) {
		const char *c = command, *k = key;

		while (*k != '\0' && *c == *k)
			c++, k++;
		if (*k == '\0')
			return parse_number(c);
	}
	return 0;
}

void
boot_args_read(
	const uint32_t *argv, const uint32_t *envp, struct boot_args *out)
{
	memset(out, 0, sizeof(*out));
	out->command = argv[1] != 0 ? (const char *)argv[1] : "";
	for (; envp[0] != 0; envp += 2)
		if (text_is((const char *)envp[0], "memsize"))
			out->ram_bytes = parse_number((const char *)envp[1]);
	out->initrd = option(out->command, "rd_start=") & 0x1fffffff;
	out->initrd_bytes = option(out->command, "rd_size=");
	if (out->initrd_bytes == 0)
		out->initrd = 0;
}

/* --- the archive --------------------------------------------------------------- */

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

/* Find file NAME in [P, P + N); newc: header, name, data, each 4-aligned. */
static int
cpio_find(const uint8_t *p, uint32_t n, const char *name, const uint8_t **file,
	uint32_t *bytes)
{
	while (n >= CPIO_HEAD) {
		uint32_t size = hex8(p + CPIO_FILESIZE);
		uint32_t name_bytes = hex8(p + CPIO_NAMESIZE);

		if (memcmp(p, "070701", 6) != 0)
			return SP_EFORMAT;
		if (name_bytes == 0 || name_bytes > 256 || size > n)
			return SP_EFORMAT;

		uint32_t data = (CPIO_HEAD + name_bytes + 3) & ~3u;
		uint32_t next = data + ((size + 3) & ~3u);

		if (data > n || size > n - data ||
			p[CPIO_HEAD + name_bytes - 1] != '\0')
			return SP_EFORMAT;
		if (text_is((const char *)p + CPIO_HEAD, name)) {
			*file = p + data;
			*bytes = size;
			return SP_OK;
		}
		if (next >= n)
			return SP_ENOENT;
		p += next;
		n -= next;
	}
	return SP_ENOENT;
}

/* --- the program ---------------------------------------------------------------- */

/* Fresh pages at [VA, VA + BYTES) of E, those already there kept. */
static int
add_pages(struct env *e, uint32_t va, uint32_t bytes)
{
	uint32_t end = va + bytes;

	for (va &= ~(uint32_t)(SP_PAGE - 1); va < end; va += SP_PAGE) {
		if (space_get(&e->space, va) != 0)
			continue;
		if (!space_has_room(&e->space, va, 1))
			return SP_EFULL;

		int pfn = page_alloc(1, 0, ~0u, e->slot + 1, &e->name);

		if (pfn < 0)
			return pfn;

		int err = space_set(&e->space, va,
			(uint32_t)pfn << 6 | LO_CACHED | LO_VALID | LO_DIRTY);

		if (err < 0)
			return err;
	}
	return SP_OK;
}

static void
copy_segment(
	const struct env *e, uint32_t va, const uint8_t *from, uint32_t bytes)
{
	while (bytes > 0) {
		uint32_t pfn = LO_PFN(space_get(&e->space, va));
		uint32_t room = SP_PAGE - va % SP_PAGE;

		if (room > bytes)
			room = bytes;
		memcpy((uint8_t *)page_kva(pfn) + va % SP_PAGE, from, room);
		va += room;
		from += room;
		bytes -= room;
	}
}

static int
load_segment(struct env *e, const uint8_t *elf, uint32_t n, const uint8_t *ph)
{
	uint32_t off = le32_get(ph + PH_OFFSET);
	uint32_t va = le32_get(ph + PH_VADDR);
	uint32_t file = le32_get(ph + PH_FILESZ);
	uint32_t mem = le32_get(ph + PH_MEMSZ);

	if (le32_get(ph + PH_TYPE) != PT_LOAD || mem == 0)
		return SP_OK;
	if (off > n || file > n - off || file > mem || va < SP_USER_BASE ||
		va >= SP_INFO_VA || mem > SP_INFO_VA - va)
		return SP_EFORMAT;

	int err = add_pages(e, va, mem);

	if (err == SP_OK)
		copy_segment(e, va, elf + off, file);
	return err;
}

static int
load_elf(struct env *e, const uint8_t *elf, uint32_t n)
{
	static const uint8_t magic[] = { 0x7f, 'E', 'L', 'F', 1, 1 };

	if (n < EH_BYTES || memcmp(elf, magic, sizeof(magic)) != 0 ||
		le16_get(elf + EH_TYPE) != ET_EXEC ||
		le16_get(elf + EH_MACHINE) != EM_MIPS ||
		le16_get(elf + EH_PHENTSIZE) != PH_BYTES)
		return SP_EFORMAT;

	uint32_t off = le32_get(elf + EH_PHOFF);
	uint32_t count = le16_get(elf + EH_PHNUM);

	if (off > n || count > (n - off) / PH_BYTES)
		return SP_EFORMAT;
	for (uint32_t i = 0; i < count; i++) {
		int err = load_segment(e, elf, n, elf + off + i * PH_BYTES);

		if (err < 0)
			return err;
	}
	e->context[SP_MAIN].epc = le32_get(elf + EH_ENTRY);
	return add_pages(
		e, SP_STACK_TOP - STACK_PAGES * SP_PAGE, STACK_PAGES * SP_PAGE);
}

/* The archive is the first environment's: it alone knows what else is in it. */
static void
give_archive(const struct env *e, const struct boot_args *args)
{
	uint32_t pages = (args->initrd_bytes + SP_PAGE - 1) / SP_PAGE;

	if (args->initrd % SP_PAGE == 0)
		page_give(args->initrd / SP_PAGE, pages, e->slot + 1, &e->name);
}

int
boot_agent(const struct boot_args *args)
{
	static const struct sp_cap root = { .rights = SP_CAP_ALL };
	static const char name[SP_NAME] = "agent";
	const uint8_t *file;
	uint32_t bytes;

	if (args->initrd == 0)
		return SP_ENOENT;

	int err = cpio_find((const uint8_t *)(KSEG0 + args->initrd),
		args->initrd_bytes, name, &file, &bytes);

	if (err < 0)
		return err;

	int id = env_create(&root, 0, name);

	if (id < 0)
		return id;

	struct env *e = env_find((uint32_t)id);

	err = load_elf(e, file, bytes);
	if (err < 0)
		return err;
	give_archive(e, args);
	e->cap[0] = root;
	e->context[SP_MAIN].reg[29] = SP_STACK_TOP - 16;
	e->context[SP_MAIN].reg[4] = args->initrd;
	e->context[SP_MAIN].reg[5] = args->initrd_bytes;
	env_info(e)->state = SP_ENV_RUNNABLE;
	sched_ready(e);
	return slice_give(e, AGENT_SLICES) > 0 ? SP_OK : SP_EFULL;
}
