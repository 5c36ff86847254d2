/*
 * irqoff_plugin.c - how long the guest runs with interrupts off.
 *
 * A QEMU TCG plugin.  It follows Status by the instructions that change it:
 * off	an exception vector is entered, `mtc0 $zero, Status`, `di`
 * on	`eret`, and any other `mtc0 Status` in a range on=LOW:HIGH
 * back	any other `mtc0 Status` in C: as it was before the last `di`
 * A range pause=LOW:HIGH holds the ways into code that runs with the timer alone
 * unmasked (handlers, and their services, which their budget pays for): what it
 * executes is not counted, the stretch goes on.  The vectors lie at
 * vectors=ADDRESS.  Whatever is not known to switch interrupts on does not.
 *
 * Writes to out=FILE a line for each stretch longer than over=N instructions, at
 * most MAX_LINES: "LENGTH START END BLOCK:INSTRUCTIONS...", and at the end once more
 * that of the longest one.  Counting begins with the first `eret`.
 */
#include "qemu_plugin.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_RANGES = 16, MAX_NESTING = 8, MAX_BLOCKS = 1 << 16 };
enum { MAX_LINES = 2000 };

/* MIPS32: mtc0 and di name a register in bits 16..20. */
#define MTC0_STATUS 0x40806000u
#define DI          0x41606000u
#define REGISTER    0x001f0000u
#define ERET        0x42000018u
#define KERNEL      0x80000000u

enum what { ENTER, OFF, DISABLE, BACK, ON, PAUSE, RETURN };
enum state { IS_BOOTING, IS_ON, IS_OFF, IS_PAUSED };

struct range {
	uint32_t low, high;
};

struct stretch {
	uint64_t length;
	uint32_t start, end;
	size_t blocks;
	struct block {
		uint32_t pc, insns;
	} block[MAX_BLOCKS];
};

static struct {
	struct range on[MAX_RANGES], pause[MAX_RANGES];
	size_t ons, pauses;
	uint64_t vectors, over;
	FILE *out;

	uint64_t count; /* instructions executed */
	enum state state, before[MAX_NESTING];
	size_t nesting;
	uint64_t since; /* counted up to here */
	struct stretch now, worst;
	uint64_t lines;
} plugin;

/* --- stretches -------------------------------------------------------------- */

static int
by_pc(const void *a, const void *b)
{
	uint32_t p = *(const uint32_t *)a, q = *(const uint32_t *)b;

	return p < q ? -1 : p > q;
}

static void
print_stretch(struct stretch *s)
{
	struct block *b = s->block, *end = b + s->blocks;

	fprintf(plugin.out, "%" PRIu64 " %08x %08x", s->length, s->start,
		s->end);
	qsort(b, s->blocks, sizeof(*b), by_pc);
	while (b < end) {
		uint32_t pc = b->pc, sum = 0;

		for (; b < end && b->pc == pc; b++)
			sum += b->insns;
		fprintf(plugin.out, " %08x:%u", pc, sum);
	}
	fprintf(plugin.out, "\n");
}

static void
stretch_ends(uint32_t pc)
{
	struct stretch *s = &plugin.now;

	s->end = pc;
	if (s->length > plugin.worst.length)
		memcpy(&plugin.worst, s,
			offsetof(struct stretch, block[s->blocks]));
	if (s->length > plugin.over && plugin.lines++ < MAX_LINES)
		print_stretch(s);
	s->blocks = 0;
}

/* The instruction at PC leads to state NEXT. */
static void
change(enum state next, uint32_t pc)
{
	if (plugin.state == IS_OFF)
		plugin.now.length += plugin.count - plugin.since;
	if (next == IS_OFF) {
		plugin.since = plugin.count;
		if (plugin.state == IS_ON) {
			plugin.now.length = 0;
			plugin.now.start = pc;
			plugin.now.blocks = 0;
		}
	}
	if (next == IS_ON &&
		(plugin.state == IS_OFF || plugin.state == IS_PAUSED))
		stretch_ends(pc);
	plugin.state = next;
}

static void
disable(uint32_t pc)
{
	if (plugin.nesting < MAX_NESTING)
		plugin.before[plugin.nesting] = plugin.state;
	plugin.nesting++;
	change(IS_OFF, pc);
}

static void
back(uint32_t pc)
{
	if (plugin.nesting == 0)
		return;
	plugin.nesting--;
	if (plugin.nesting < MAX_NESTING)
		change(plugin.before[plugin.nesting], pc);
}

/* --- callbacks -------------------------------------------------------------- */

static void
reached(enum what what, uint32_t pc)
{
	if (plugin.state == IS_BOOTING && what != RETURN)
		return;
	switch (what) {
	case ENTER:
	case OFF:
		change(IS_OFF, pc);
		break;
	case DISABLE:
		disable(pc);
		break;
	case BACK:
		back(pc);
		break;
	case PAUSE:
		change(IS_PAUSED, pc);
		break;
	case ON:
	case RETURN:
		plugin.nesting = 0;
		change(IS_ON, pc);
		break;
	}
}

#define CALLBACK(name, what)                                                   \
	static void name(unsigned int cpu, void *pc)                           \
	{                                                                      \
		(void)cpu;                                                     \
		reached(what, (uint32_t)(uintptr_t)pc);                        \
	}
CALLBACK(enter, ENTER)
CALLBACK(off, OFF)
CALLBACK(disables, DISABLE)
CALLBACK(goes_back, BACK)
CALLBACK(on, ON)
CALLBACK(pauses, PAUSE)
CALLBACK(returns, RETURN)

/* DATA: the number of instructions and the block's address. */
static void
block_begins(unsigned int cpu, void *data)
{
	uint64_t d = (uintptr_t)data;

	(void)cpu;
	if (plugin.state != IS_OFF || plugin.now.blocks == MAX_BLOCKS)
		return;
	plugin.now.block[plugin.now.blocks].pc = (uint32_t)d;
	plugin.now.block[plugin.now.blocks++].insns = (uint32_t)(d >> 32);
}

static bool
is_in(const struct range *r, size_t n, uint32_t pc)
{
	for (size_t i = 0; i < n; i++)
		if (pc >= r[i].low && pc < r[i].high)
			return true;
	return false;
}

/* What the instruction WORD at PC does to interrupts, or NULL. */
static exec_cb_t
classify(uint32_t pc, uint32_t word)
{
	if (pc == plugin.vectors || pc == plugin.vectors + 0x180 ||
		pc == plugin.vectors + 0x200)
		return enter;
	if (pc < KERNEL)
		return NULL;
	if (word == ERET)
		return returns;
	if ((word & ~REGISTER) == DI)
		return disables;
	if ((word & ~REGISTER) != MTC0_STATUS)
		return NULL;
	if (is_in(plugin.pause, plugin.pauses, pc))
		return pauses;
	if ((word & REGISTER) == 0)
		return off;
	return is_in(plugin.on, plugin.ons, pc) ? on : goes_back;
}

static void
translated(plugin_id_t id, struct qemu_plugin_tb *tb)
{
	size_t n = qemu_plugin_tb_n_insns(tb);
	uint64_t first = qemu_plugin_insn_vaddr(qemu_plugin_tb_get_insn(tb, 0));

	(void)id;
	qemu_plugin_register_vcpu_tb_exec_cb(tb, block_begins, CB_NO_REGS,
		(void *)(uintptr_t)((uint64_t)n << 32 | (uint32_t)first));
	for (size_t i = 0; i < n; i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
		uint32_t pc = (uint32_t)qemu_plugin_insn_vaddr(insn), word;
		exec_cb_t cb;

		memcpy(&word, qemu_plugin_insn_data(insn), sizeof(word));
		cb = classify(pc, word);
		if (cb != NULL)
			qemu_plugin_register_vcpu_insn_exec_cb(
				insn, cb, CB_NO_REGS, (void *)(uintptr_t)pc);
		qemu_plugin_register_vcpu_insn_exec_inline(
			insn, INLINE_ADD, &plugin.count, 1);
	}
}

static void
finish(plugin_id_t id, void *data)
{
	(void)id;
	(void)data;
	print_stretch(&plugin.worst);
	fclose(plugin.out);
}

/* --- arguments -------------------------------------------------------------- */

/* "LOW:HIGH" */
static bool
add_range(struct range *to, size_t *n, const char *text)
{
	char *end;

	if (*n == MAX_RANGES)
		return false;
	to[*n].low = (uint32_t)strtoul(text, &end, 0);
	if (*end != ':')
		return false;
	to[*n].high = (uint32_t)strtoul(end + 1, &end, 0);
	return *end == '\0' && to[*n].low < to[*n].high && ++*n > 0;
}

static bool
take_number(const char *text, uint64_t *out)
{
	char *end;

	*out = strtoul(text, &end, 0);
	return *end == '\0';
}

static bool
take_argument(const char *arg)
{
	if (strncmp(arg, "on=", 3) == 0)
		return add_range(plugin.on, &plugin.ons, arg + 3);
	if (strncmp(arg, "pause=", 6) == 0)
		return add_range(plugin.pause, &plugin.pauses, arg + 6);
	if (strncmp(arg, "vectors=", 8) == 0)
		return take_number(arg + 8, &plugin.vectors);
	if (strncmp(arg, "over=", 5) == 0)
		return take_number(arg + 5, &plugin.over);
	if (strncmp(arg, "out=", 4) == 0 && plugin.out == NULL) {
		plugin.out = fopen(arg + 4, "w");
		return plugin.out != NULL;
	}
	return false;
}

int
qemu_plugin_install(
	plugin_id_t id, const struct qemu_info *info, int argc, char **argv)
{
	(void)info;
	for (int i = 0; i < argc; i++) {
		if (!take_argument(argv[i])) {
			fprintf(stderr, "irqoff_plugin: bad argument: %s\n",
				argv[i]);
			return 1;
		}
	}
	if (plugin.out == NULL || plugin.vectors == 0) {
		fprintf(stderr, "irqoff_plugin: out= or vectors= is missing\n");
		return 1;
	}
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	qemu_plugin_register_atexit_cb(id, finish, NULL);
	return 0;
}
