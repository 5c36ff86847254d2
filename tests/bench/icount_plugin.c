/*
 * icount_plugin.c - say at which instruction count the guest reaches a place.
 *
 * A QEMU TCG plugin, interface version 1.  It counts every guest instruction
 * and writes a line "COUNT NAME PC" when
 *	watch=NAME:ADDR		the instruction at ADDR is about to run,
 *	store=NAME:ADDR		a store to virtual address ADDR has been done,
 *	region=NAME:LOW:HIGH	control enters [LOW, HIGH) (and "-NAME" when it
 *				leaves), for code that has no symbols
 * COUNT is the number of instructions executed before that moment, so that a
 * difference is the number of instructions in between.  The lines go to
 * out=FILE; bench.py turns them into the rtt-split rows.
 */
#include "qemu_plugin.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- what to look for --------------------------------------------------------- */
enum { MAX_PLACES = 64, NAME_BYTES = 32 };

struct place {
	char name[NAME_BYTES];
	uint32_t low, high; /* high: regions only */
};

struct places {
	struct place at[MAX_PLACES];
	size_t n;
};

static struct {
	struct places watch, store, region;
	uint64_t count;         /* instructions executed */
	const struct place *in; /* the region control is in */
	FILE *out;
} plugin;

static void
event(const char *prefix, const struct place *p, uint64_t pc)
{
	fprintf(plugin.out, "%" PRIu64 " %s%s %08" PRIx64 "\n", plugin.count,
		prefix, p->name, pc & 0xffffffff);
}

/* --- callbacks ------------------------------------------------------------------ */
static void
reached(unsigned int cpu, void *data)
{
	const struct place *p = data;

	(void)cpu;
	event("", p, p->low);
}

static void
stored(unsigned int cpu, uint32_t info, uint64_t vaddr, void *pc)
{
	(void)cpu;
	(void)info;
	for (size_t i = 0; i < plugin.store.n; i++) {
		const struct place *p = &plugin.store.at[i];

		if (p->low == (uint32_t)vaddr)
			event("", p, (uintptr_t)pc);
	}
}

/* A block never spans a region's border: control crosses it by jumping. */
static void
block_begins(unsigned int cpu, void *data)
{
	const struct place *p = NULL;
	uint32_t pc = (uint32_t)(uintptr_t)data;

	(void)cpu;
	for (size_t i = 0; i < plugin.region.n && p == NULL; i++) {
		if (pc >= plugin.region.at[i].low &&
			pc < plugin.region.at[i].high)
			p = &plugin.region.at[i];
	}
	if (p == plugin.in)
		return;
	if (plugin.in != NULL)
		event("-", plugin.in, pc);
	if (p != NULL)
		event("", p, pc);
	plugin.in = p;
}

static void
instrument(struct qemu_plugin_insn *insn)
{
	uint32_t pc = (uint32_t)qemu_plugin_insn_vaddr(insn);

	for (size_t i = 0; i < plugin.watch.n; i++) {
		struct place *p = &plugin.watch.at[i];

		if (p->low == pc)
			qemu_plugin_register_vcpu_insn_exec_cb(
				insn, reached, CB_NO_REGS, p);
	}
	qemu_plugin_register_vcpu_insn_exec_inline(
		insn, INLINE_ADD, &plugin.count, 1);
	if (plugin.store.n > 0)
		qemu_plugin_register_vcpu_mem_cb(insn, stored, CB_NO_REGS,
			MEM_WRITE, (void *)(uintptr_t)pc);
}

static void
translated(plugin_id_t id, struct qemu_plugin_tb *tb)
{
	size_t n = qemu_plugin_tb_n_insns(tb);
	uint64_t pc = qemu_plugin_insn_vaddr(qemu_plugin_tb_get_insn(tb, 0));

	(void)id;
	if (plugin.region.n > 0)
		qemu_plugin_register_vcpu_tb_exec_cb(
			tb, block_begins, CB_NO_REGS, (void *)(uintptr_t)pc);
	for (size_t i = 0; i < n; i++)
		instrument(qemu_plugin_tb_get_insn(tb, i));
}

static void
finish(plugin_id_t id, void *data)
{
	(void)id;
	(void)data;
	fclose(plugin.out);
}

/* --- arguments ------------------------------------------------------------------ */
/* "NAME:ADDR" or "NAME:LOW:HIGH". */
static bool
add_place(struct places *to, const char *text, bool is_region)
{
	struct place *p = &to->at[to->n];
	const char *colon = strchr(text, ':');
	char *end;

	if (to->n == MAX_PLACES || colon == NULL || colon - text >= NAME_BYTES)
		return false;
	memcpy(p->name, text, (size_t)(colon - text));
	p->low = (uint32_t)strtoul(colon + 1, &end, 0);
	if (is_region && *end == ':')
		p->high = (uint32_t)strtoul(end + 1, &end, 0);
	to->n++;
	return *end == '\0' && (!is_region || p->high > p->low);
}

static bool
take_argument(const char *arg)
{
	if (strncmp(arg, "watch=", 6) == 0)
		return add_place(&plugin.watch, arg + 6, false);
	if (strncmp(arg, "store=", 6) == 0)
		return add_place(&plugin.store, arg + 6, false);
	if (strncmp(arg, "region=", 7) == 0)
		return add_place(&plugin.region, arg + 7, true);
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
			fprintf(stderr, "icount_plugin: bad argument: %s\n",
				argv[i]);
			return 1;
		}
	}
	if (plugin.out == NULL) {
		fprintf(stderr, "icount_plugin: out=FILE is missing\n");
		return 1;
	}
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	qemu_plugin_register_atexit_cb(id, finish, NULL);
	return 0;
}
