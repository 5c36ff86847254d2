/*
 * pipe_vm.c - a loop of fused pipes under emulation, for handlers that run without a
 * machine: the very code that the kernel would make.
 */
#include "ash/host/ash_host.h"

#include <stdlib.h>
#include <string.h>
#include <unicorn/unicorn.h>

enum {
	CODE = 0x00100000,
	TABLES = 0x00200000,
	STATES = 0x00300000,
	SOURCE = 0x00400000,
	DEST = 0x00500000,
	STACK = 0x00600000,
	BACK = 0x00700000,
	PLACE_BYTES = 8192,
	LONGEST = 100000, /* instructions */
};

struct ash_pipe_vm {
	uc_engine *uc;
};

struct ash_pipe_vm *
ash_pipe_vm_open(void)
{
	static const uint32_t place[] = { CODE, TABLES, STATES, SOURCE, DEST,
		STACK, BACK };
	static uint32_t tables[ASH_PIPE_TABLES];
	struct ash_pipe_vm *v = calloc(1, sizeof(*v));
	uc_err err = UC_ERR_OK;

	if (v == NULL)
		return NULL;
	ash_pipes_tables(tables);
	if (uc_open(UC_ARCH_MIPS, UC_MODE_MIPS32 | UC_MODE_LITTLE_ENDIAN,
		    &v->uc) != UC_ERR_OK) {
		free(v);
		return NULL;
	}
	for (size_t i = 0; i < sizeof(place) / sizeof(place[0]); i++)
		if (err == UC_ERR_OK)
			err = uc_mem_map(
				v->uc, place[i], PLACE_BYTES, UC_PROT_ALL);
	if (err == UC_ERR_OK)
		err = uc_mem_write(v->uc, TABLES, tables, sizeof(tables));
	if (err != UC_ERR_OK) {
		ash_pipe_vm_close(v);
		return NULL;
	}
	return v;
}

void
ash_pipe_vm_close(struct ash_pipe_vm *v)
{
	if (v == NULL)
		return;
	(void)uc_close(v->uc);
	free(v);
}

static bool
call(struct ash_pipe_vm *v, uint32_t len)
{
	static const struct {
		int reg;
		uint32_t value;
	} args[] = { { UC_MIPS_REG_A0, DEST }, { UC_MIPS_REG_A1, SOURCE },
		{ UC_MIPS_REG_A3, STATES }, { UC_MIPS_REG_RA, BACK },
		{ UC_MIPS_REG_SP, STACK + PLACE_BYTES - 64 } };

	for (size_t i = 0; i < sizeof(args) / sizeof(args[0]); i++)
		if (uc_reg_write(v->uc, args[i].reg, &args[i].value) !=
			UC_ERR_OK)
			return false;
	return uc_reg_write(v->uc, UC_MIPS_REG_A2, &len) == UC_ERR_OK &&
	       uc_emu_start(v->uc, CODE, BACK, 0, LONGEST) == UC_ERR_OK;
}

bool
ash_pipe_vm_run(struct ash_pipe_vm *v, const uint32_t *list, uint32_t words,
	uint8_t *bytes, uint32_t len, uint32_t *states, uint32_t *cost)
{
	static uint32_t code[ASH_PIPES_CODE];
	struct ash_pipes_report r;
	int n = ash_pipes_compile(
		list, words, TABLES, code, ASH_PIPES_CODE, &r);

	*cost = 0;
	if (n < 0 || len > PLACE_BYTES || (len & (r.gauge - 1)) != 0 ||
		uc_mem_write(v->uc, CODE, code, (size_t)n * 4) != UC_ERR_OK ||
		uc_ctl_remove_cache(v->uc, CODE, CODE + (uint64_t)n * 4) !=
			UC_ERR_OK ||
		uc_mem_write(v->uc, SOURCE, bytes, len) != UC_ERR_OK ||
		uc_mem_write(v->uc, DEST, bytes, len) != UC_ERR_OK ||
		uc_mem_write(v->uc, STATES, states, 4 * ASH_PIPES) !=
			UC_ERR_OK ||
		!call(v, len) ||
		uc_mem_read(v->uc, DEST, bytes, len) != UC_ERR_OK ||
		uc_mem_read(v->uc, STATES, states, 4 * ASH_PIPES) != UC_ERR_OK)
		return false;
	*cost = ash_pipes_cost(&r, len);
	return r.stores != 0;
}
