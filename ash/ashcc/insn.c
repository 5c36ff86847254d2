/*
 * insn.c - what ashcc must know of an instruction: jumps, accesses, registers.
 *
 * An instruction that is not listed is taken to write its first operand and to
 * read all others, which is true of all arithmetic.
 */
#include "ash/ashcc/text.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static bool
is_one_of(const char *op, const char *const *list)
{
	for (; *list != NULL; list++)
		if (strcmp(op, *list) == 0)
			return true;
	return false;
}

static const char *const branches[] = { "b", "beq", "bne", "beqz", "bnez",
	"blez", "bgtz", "bltz", "bgez", NULL };
static const char *const jumps[] = { "j", "jr", NULL };
static const char *const calls[] = { "jal", "jalr", "bal", "bltzal", "bgezal",
	NULL };
static const char *const loads[] = { "lb", "lbu", "lh", "lhu", "lw", "lwl",
	"lwr", "ll", NULL };
static const char *const stores[] = { "sb", "sh", "sw", "swl", "swr", "sc",
	NULL };
/* Write nothing but HI and LO, or nothing at all. */
static const char *const no_result[] = { "mult", "multu", "madd", "maddu",
	"msub", "msubu", "mthi", "mtlo", "nop", "teq", "break", "sync",
	"syscall", NULL };
/* Read what they write. */
static const char *const merges[] = { "ins", "movn", "movz", "lwl", "lwr",
	NULL };

void
insn_make(struct insn *i, const char *format, ...)
{
	char text[200], *s, *comma;
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	*i = (struct insn){ .nargs = 0 };
	s = strchr(text, ' ');
	if (s != NULL)
		*s++ = '\0';
	snprintf(i->op, sizeof(i->op), "%.15s", text);
	while (s != NULL && i->nargs < MAX_ARGS) {
		comma = strchr(s, ',');
		if (comma != NULL)
			*comma++ = '\0';
		snprintf(i->arg[i->nargs++], sizeof(i->arg[0]), "%.79s", s);
		s = comma;
	}
}

bool
insn_is_call(const struct insn *i)
{
	return is_one_of(i->op, calls);
}

bool
insn_is_control(const struct insn *i)
{
	return is_one_of(i->op, branches) || is_one_of(i->op, jumps) ||
	       is_one_of(i->op, calls);
}

bool
insn_is_memory(const struct insn *i)
{
	return is_one_of(i->op, loads) || is_one_of(i->op, stores);
}

bool
insn_is_store(const struct insn *i)
{
	return is_one_of(i->op, stores);
}

bool
insn_is_nop(const struct insn *i)
{
	return strcmp(i->op, "nop") == 0;
}

bool
insn_ends_block(const struct insn *i)
{
	return strcmp(i->op, "b") == 0 || is_one_of(i->op, jumps);
}

const char *
insn_target(const struct insn *i)
{
	const char *last;

	if (!insn_is_control(i) || i->nargs == 0)
		return NULL;
	last = i->arg[i->nargs - 1];
	return last[0] == '$' && isdigit((unsigned char)last[1]) ? NULL : last;
}

int
reg_of(const char *arg)
{
	static const struct {
		const char *name;
		int reg;
	} names[] = { { "$sp", REG_SP }, { "$fp", 30 }, { "$gp", 28 },
		{ "$zero", 0 }, { "$at", REG_AT }, { "$ra", REG_RA } };
	char *end;
	size_t i;
	long n;

	if (arg[0] != '$')
		return NO_REG;
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(arg, names[i].name) == 0)
			return names[i].reg;
	if (!isdigit((unsigned char)arg[1]))
		return NO_REG;
	n = strtol(arg + 1, &end, 10);
	return *end == '\0' && n < 32 ? (int)n : NO_REG;
}

bool
split_address(const char *arg, char *offset, size_t room, int *base)
{
	const char *open = strrchr(arg, '(');
	char reg[16];
	size_t n;

	if (open == NULL || arg[strlen(arg) - 1] != ')')
		return false;
	n = strlen(open) - 2;
	if (n >= sizeof(reg) || (size_t)(open - arg) >= room)
		return false;
	memcpy(reg, open + 1, n);
	reg[n] = '\0';
	memcpy(offset, arg, (size_t)(open - arg));
	offset[open - arg] = '\0';
	if (offset[0] == '\0')
		snprintf(offset, room, "0");
	*base = reg_of(reg);
	return *base != NO_REG;
}

static uint32_t
arg_regs(const char *arg)
{
	char offset[80];
	int reg = reg_of(arg);

	if (reg == NO_REG && !split_address(arg, offset, sizeof(offset), &reg))
		return 0;
	return 1u << reg;
}

static bool
has_result(const struct insn *i)
{
	return i->nargs > 0 && !insn_is_control(i) &&
	       !is_one_of(i->op, stores) && !is_one_of(i->op, no_result);
}

uint32_t
insn_writes(const struct insn *i)
{
	uint32_t regs = insn_is_call(i) ? 1u << REG_RA : 0;

	if (has_result(i))
		regs |= arg_regs(i->arg[0]);
	return regs & ~1u;
}

uint32_t
insn_reads(const struct insn *i)
{
	unsigned a = has_result(i) && !is_one_of(i->op, merges) ? 1 : 0;
	uint32_t regs = 0;

	/* "addu $2,$3" means "addu $2,$2,$3" */
	if (a == 1 && i->nargs == 2 && strcmp(i->op, "move") != 0)
		a = 0;
	for (; a < i->nargs; a++)
		regs |= arg_regs(i->arg[a]);
	return regs & ~1u;
}

bool
insn_fits_slot(const struct insn *a, const struct insn *j)
{
	uint32_t ra = 1u << REG_RA;

	if (insn_is_control(a) || ((insn_writes(a) & insn_reads(j)) != 0))
		return false;
	/* The verifier wants payments and $ra outside of slots. */
	if ((insn_writes(a) & (ra | 1u << REG_BUDGET)) != 0)
		return false;
	return !insn_is_call(j) || (insn_reads(a) & ra) == 0;
}
