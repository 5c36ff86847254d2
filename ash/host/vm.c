/*
 * vm.c - run a handler on a frame under emulation, watching every step.
 *
 * The handler sees what the kernel would give it; we see what no verifier should
 * let happen: an access outside data region, dead zones and frame window, a fetch
 * outside the code region, more instructions than were paid for.  One emulator
 * serves many runs: its state is restored before each.
 */
#include "ash/host/ash_host.h"

#include "dpf/mips.h"
#include <spindle/bytes.h>

#include <stdlib.h>
#include <string.h>
#include <unicorn/unicorn.h>

enum {
	PAGE = 4096,
	CODE_ROOM = 1 << ASH_CODE_BITS_MAX,
	WINDOW_BELOW = -ASH_OFFSET_MIN, /* of the slot, in the one before it */
	FRAME_MAX = 1518,
	STUB_BYTES = 16,
	OVERRUN = 1 << 17, /* past the budget: never stops by itself */
};

struct ash_vm {
	uc_engine *uc;
	uc_context *fresh;
	struct ash_params p;
	uint32_t code[CODE_ROOM / 4];
	uint32_t budget;
	struct ash_vm_result *r; /* of the running frame */
	bool ended;
	struct ash_pipe_vm *pipes; /* opened when first needed */
	uint32_t list[ASH_VM_LISTS][ASH_PIPES_LIST];
	uint32_t list_words[ASH_VM_LISTS];
};

/* --- watching -------------------------------------------------------------- */

static void
end(struct ash_vm *vm, enum ash_vm_end how, uint32_t address)
{
	if (vm->ended)
		return;
	vm->ended = true;
	vm->r->end = how;
	vm->r->address = address;
	(void)uc_emu_stop(vm->uc);
}

static uint32_t
reg_get(const struct ash_vm *vm, uint32_t reg)
{
	uint32_t v = 0;

	(void)uc_reg_read(vm->uc, UC_MIPS_REG_0 + (int)reg, &v);
	return v;
}

static void
reg_set(const struct ash_vm *vm, uint32_t reg, uint32_t v)
{
	(void)uc_reg_write(vm->uc, UC_MIPS_REG_0 + (int)reg, &v);
}

/* Does the guard W bend the address it is given? */
static bool
bends(const struct ash_vm *vm, uint32_t w)
{
	uint32_t v = reg_get(vm, mips_rs(w));

	switch (mips_rt(w)) {
	case ASH_REG_DATA:
	case ASH_REG_SP:
		return ((v ^ ASH_VM_DATA) >> vm->p.data_bits) != 0;
	case ASH_REG_INDEX:
		return v >> ASH_INDEX_BITS != 0;
	case ASH_REG_RA: /* from the number of a bundle */
		return (v ^ ASH_VM_CODE / ASH_BUNDLE) >>
			       (vm->p.code_bits - 4) !=
		       0;
	default:
		return false;
	}
}

static void
count(struct ash_vm *vm, uint32_t pc)
{
	uint32_t word = (pc - ASH_VM_CODE) / 4, w = vm->code[word];

	vm->r->instructions++;
	if (vm->r->instructions > vm->budget &&
		vm->r->instructions - vm->budget > OVERRUN)
		end(vm, ASH_VM_ESCAPED, pc);
	if ((w & 0xfc00003f) != MIPS_OP_ins || mips_rs(w) == MIPS_ZERO ||
		!bends(vm, w))
		return;
	if (vm->r->outside++ == 0)
		vm->r->outside_word = word;
}

/* [VA, VA + LEN) lies in the handler's memory. */
static bool
is_data(const struct ash_vm *vm, uint32_t va, uint32_t len)
{
	uint32_t bytes = BIT(vm->p.data_bits);

	return len <= bytes && va - ASH_VM_DATA <= bytes - len;
}

/* As the kernel's pipe services (kernel/core/pipe.c): what they return. */
static uint32_t
serve_pipe(struct ash_vm *vm, const uint32_t *arg, bool out, uint32_t *cost)
{
	uint32_t at = arg[3] & 0xffff, len = arg[3] >> 16, states[ASH_PIPES];
	uint32_t from = ASH_VM_SLOT + ASH_FRAME_AT + at, to = arg[2];
	static uint8_t bytes[ASH_WINDOW];

	if (arg[0] >= ASH_VM_LISTS || vm->list_words[arg[0]] == 0 ||
		(arg[1] & 3) != 0 || len > ASH_WINDOW ||
		at > ASH_WINDOW - len || !is_data(vm, arg[1], sizeof(states)) ||
		!is_data(vm, to, len))
		return 0;
	if (vm->pipes == NULL)
		vm->pipes = ash_pipe_vm_open();
	if (out) {
		to = from;
		from = arg[2];
	}
	if (vm->pipes == NULL ||
		uc_mem_read(vm->uc, from, bytes, len) != UC_ERR_OK ||
		uc_mem_read(vm->uc, arg[1], states, sizeof(states)) !=
			UC_ERR_OK)
		return 0;
	if (ash_pipe_vm_run(vm->pipes, vm->list[arg[0]], vm->list_words[arg[0]],
		    bytes, len, states, cost))
		(void)uc_mem_write(vm->uc, to, bytes, len);
	(void)uc_mem_write(vm->uc, arg[1], states, sizeof(states));
	return *cost != 0;
}

/* What a paid service is; *COST comes off the budget. */
static uint32_t
serve_paid(struct ash_vm *vm, uint32_t import, uint32_t *cost)
{
	uint32_t arg[4];

	for (uint32_t i = 0; i < 4; i++)
		arg[i] = reg_get(vm, MIPS_A0 + i);
	if (import != ASH_IMPORT_ash_send)
		return serve_pipe(
			vm, arg, import == ASH_IMPORT_ash_pipe_out, cost);
	if (arg[1] < 14 || arg[1] > 1514 || !is_data(vm, arg[0], arg[1]))
		return 0;
	*cost = 2 * arg[1];
	vm->r->sends++;
	return 1;
}

/* The kernel's services, and what their stubs leave behind. */
static void
serve(struct ash_vm *vm, uint32_t pc)
{
	uint32_t import = (pc - ASH_VM_STUBS) / STUB_BYTES, reg;
	uint32_t result = 0, cost = 0;

	if ((pc - ASH_VM_STUBS) % STUB_BYTES == 4)
		return; /* the slot of its return */
	if (import >= ASH_MAX_IMPORTS || (vm->p.granted >> import & 1) == 0 ||
		(pc - ASH_VM_STUBS) % STUB_BYTES != 0) {
		end(vm, ASH_VM_ESCAPED, pc);
		return;
	}
	if (((uint32_t)ASH_IMPORTS_PAID & BIT(import)) != 0)
		result = serve_paid(vm, import, &cost);
	if ((int32_t)(reg_get(vm, ASH_REG_BUDGET) - cost) < 0) {
		end(vm, ASH_VM_ABORTED, vm->r->pc);
		return;
	}
	reg_set(vm, ASH_REG_BUDGET, reg_get(vm, ASH_REG_BUDGET) - cost);
	for (reg = MIPS_AT; reg <= MIPS_T9; reg++)
		if (reg < MIPS_S0 || reg == MIPS_T9)
			reg_set(vm, reg, 0);
	reg_set(vm, MIPS_V0, result);
	vm->r->instructions += vm->p.import_cost[import] + cost;
	if (import == ASH_IMPORT_ash_upcall)
		vm->r->upcalls++;
	if (import == ASH_IMPORT_ash_wake)
		vm->r->wakes++;
	if (import == ASH_IMPORT_ash_clock)
		reg_set(vm, MIPS_V0, vm->r->instructions);
}

static void
on_code(uc_engine *uc, uint64_t address, uint32_t size, void *user)
{
	struct ash_vm *vm = user;
	uint32_t pc = (uint32_t)address;

	(void)uc;
	(void)size;
	if (vm->ended)
		return;
	if (pc == ASH_VM_EXIT) {
		end(vm, ASH_VM_RETURNED, pc);
	} else if (pc == ASH_VM_ABORT) {
		end(vm, ASH_VM_ABORTED, pc);
	} else if (pc - ASH_VM_CODE < BIT(vm->p.code_bits)) {
		vm->r->pc = pc;
		count(vm, pc);
	} else {
		serve(vm, pc);
	}
}

static bool
holds(uint32_t base, uint32_t bytes, uint32_t address, uint32_t size)
{
	return address - base < bytes && size <= bytes - (address - base);
}

static void
on_memory(uc_engine *uc, uc_mem_type type, uint64_t address, int size,
	int64_t value, void *user)
{
	struct ash_vm *vm = user;
	uint32_t at = (uint32_t)address, n = (uint32_t)size;

	(void)uc;
	(void)type;
	(void)value;
	if (!holds(ASH_VM_DATA - ASH_DEAD_ZONE,
		    BIT(vm->p.data_bits) + 2 * ASH_DEAD_ZONE, at, n) &&
		!holds(ASH_VM_SLOT - WINDOW_BELOW, WINDOW_BELOW + ASH_SLOT, at,
			n))
		end(vm, ASH_VM_ESCAPED, at);
}

static bool
on_unmapped(uc_engine *uc, uc_mem_type type, uint64_t address, int size,
	int64_t value, void *user)
{
	(void)uc;
	(void)type;
	(void)size;
	(void)value;
	end(user, ASH_VM_ESCAPED, (uint32_t)address);
	return false;
}

/* Exceptions: an unaligned access or the filling of the region. */
static void
on_exception(uc_engine *uc, uint32_t number, void *user)
{
	struct ash_vm *vm = user;

	(void)uc;
	(void)number;
	end(vm, ASH_VM_FAULT, vm->r->pc);
}

/* --- the machine ----------------------------------------------------------- */

static uc_err
map_all(struct ash_vm *vm)
{
	uint32_t data = (uint32_t)1 << ASH_DATA_BITS_MAX;
	uc_err err;

	err = uc_mem_map(vm->uc, ASH_VM_EXIT, 2 * PAGE, UC_PROT_ALL);
	if (err == UC_ERR_OK)
		err = uc_mem_map(vm->uc, ASH_VM_CODE, CODE_ROOM, UC_PROT_ALL);
	if (err == UC_ERR_OK)
		err = uc_mem_map(vm->uc, ASH_VM_DATA - PAGE, data + 2 * PAGE,
			UC_PROT_ALL);
	if (err == UC_ERR_OK)
		err = uc_mem_map(
			vm->uc, ASH_VM_SLOT - PAGE, 3 * PAGE, UC_PROT_ALL);
	return err;
}

/* The callback of a hook, as the emulator's interface wants it. */
#define HOOK(vm, type, function)                                               \
	uc_hook_add((vm)->uc, &hook, (type), (void *)(uintptr_t)(function),    \
		(vm), (uint64_t)1, (uint64_t)0)

static uc_err
hook_all(struct ash_vm *vm)
{
	uc_hook hook;
	uc_err err;

	err = HOOK(vm, UC_HOOK_CODE, on_code);
	if (err == UC_ERR_OK)
		err = HOOK(vm, UC_HOOK_MEM_READ | UC_HOOK_MEM_WRITE, on_memory);
	if (err == UC_ERR_OK)
		err = HOOK(vm, UC_HOOK_MEM_UNMAPPED, on_unmapped);
	if (err == UC_ERR_OK)
		err = HOOK(vm, UC_HOOK_INTR, on_exception);
	return err;
}

static uc_err
write_stubs(struct ash_vm *vm)
{
	static const uint32_t stub[] = { 0x03e00008, 0 }; /* jr $ra; nop */
	uc_err err = UC_ERR_OK;
	uint32_t i;

	for (i = 0; i < ASH_MAX_IMPORTS && err == UC_ERR_OK; i++)
		err = uc_mem_write(vm->uc, ASH_VM_STUBS + STUB_BYTES * i, stub,
			sizeof(stub));
	return err;
}

static struct ash_vm *
vm_new(void)
{
	struct ash_vm *vm = calloc(1, sizeof(*vm));

	if (vm == NULL)
		return NULL;
	if (uc_open(UC_ARCH_MIPS, UC_MODE_MIPS32 | UC_MODE_LITTLE_ENDIAN,
		    &vm->uc) != UC_ERR_OK) {
		free(vm);
		return NULL;
	}
	if (uc_ctl_set_cpu_model(vm->uc, UC_CPU_MIPS32_24KF) != UC_ERR_OK ||
		map_all(vm) != UC_ERR_OK || hook_all(vm) != UC_ERR_OK ||
		write_stubs(vm) != UC_ERR_OK ||
		uc_context_alloc(vm->uc, &vm->fresh) != UC_ERR_OK ||
		uc_context_save(vm->uc, vm->fresh) != UC_ERR_OK) {
		ash_vm_close(vm);
		return NULL;
	}
	return vm;
}

/* Those that every handler has. */
static void
add_lists(struct ash_vm *vm)
{
	static const uint32_t lists[][2] = { { ASH_PIPE_COPY, 0 },
		{ ASH_PIPE_CKSUM, 0 }, { ASH_PIPE_CKSUM, ASH_PIPE_COPY } };

	for (uint32_t i = 0; i < ARRAY_LEN(lists); i++) {
		memcpy(vm->list[ASH_VM_OWN_LISTS + i], lists[i],
			sizeof(lists[i]));
		vm->list_words[ASH_VM_OWN_LISTS + i] = lists[i][1] == 0 ? 1 : 2;
	}
}

int
ash_vm_load(struct ash_vm *vm, const uint32_t *code, size_t words,
	const uint8_t *data, const struct ash_params *p, uint32_t budget)
{
	size_t i;

	if (p->code_bits > ASH_CODE_BITS_MAX ||
		p->data_bits > ASH_DATA_BITS_MAX || words > CODE_ROOM / 4)
		return SP_EINVAL;
	vm->p = *p;
	vm->budget = budget;
	add_lists(vm);
	for (i = 0; i < CODE_ROOM / 4; i++)
		vm->code[i] = i < words ? code[i] : MIPS_OP_break;
	if (uc_mem_write(vm->uc, ASH_VM_CODE, vm->code, sizeof(vm->code)) !=
			UC_ERR_OK ||
		uc_mem_write(vm->uc, ASH_VM_DATA, data, BIT(p->data_bits)) !=
			UC_ERR_OK ||
		uc_ctl_remove_cache(vm->uc, ASH_VM_CODE,
			ASH_VM_CODE + CODE_ROOM) != UC_ERR_OK)
		return SP_EINVAL;
	return SP_OK;
}

struct ash_vm *
ash_vm_image(const uint32_t *code, size_t words, const uint8_t *data,
	const struct ash_params *p, uint32_t budget)
{
	struct ash_vm *vm = vm_new();

	if (vm != NULL &&
		ash_vm_load(vm, code, words, data, p, budget) != SP_OK) {
		ash_vm_close(vm);
		vm = NULL;
	}
	return vm;
}

/* The lists that the object declares. */
static bool
own_lists(struct ash_vm *vm, const struct ash_file *f, FILE *err)
{
	static uint32_t list[ASH_PIPES_LIST];
	uint32_t place;

	for (uint32_t i = 0;; i++) {
		int n = ash_object_list(&f->obj, i, &place, list);

		if (n == SP_ENOENT)
			return true;
		if (n >= 0)
			n = ash_vm_list(vm, place, list, (uint32_t)n);
		if (n >= 0)
			continue;
		fprintf(err, "%s: list %u of pipes: %s\n", f->name, i,
			sp_err_text(n));
		return false;
	}
}

struct ash_vm *
ash_vm_open(const struct ash_file *f, uint32_t budget, FILE *err)
{
	struct ash_vm *vm = NULL;
	struct ash_trial t;
	int code = ash_host_place(f, &t, err);

	if (code == SP_OK) {
		vm = ash_vm_image(t.code, t.words, t.data, &t.p, budget);
		if (vm == NULL)
			fprintf(err, "%s: the emulator failed\n", f->name);
		else if (!own_lists(vm, f, err)) {
			ash_vm_close(vm);
			vm = NULL;
		}
	} else if (code == SP_EUNSAFE) {
		ash_host_explain(f, t.code, t.words, &t.r, err);
	}
	ash_trial_free(&t);
	return vm;
}

void
ash_vm_close(struct ash_vm *vm)
{
	if (vm == NULL)
		return;
	if (vm->fresh != NULL)
		(void)uc_context_free(vm->fresh);
	(void)uc_close(vm->uc);
	ash_pipe_vm_close(vm->pipes);
	free(vm);
}

/* --- one frame ------------------------------------------------------------- */

static uc_err
put_frame(struct ash_vm *vm, const uint8_t *frame, size_t len)
{
	uint8_t slot[ASH_SLOT / 16];
	uc_err err = UC_ERR_OK;
	uint32_t i;

	memset(slot, 0, sizeof(slot));
	for (i = 0; i < ASH_SLOT && err == UC_ERR_OK; i += sizeof(slot))
		err = uc_mem_write(vm->uc, ASH_VM_SLOT + i, slot, sizeof(slot));
	if (err == UC_ERR_OK)
		err = uc_mem_write(
			vm->uc, ASH_VM_SLOT + ASH_FRAME_AT, frame, len);
	return err;
}

/* As ash_enter() of the kernel leaves the registers. */
static void
enter(struct ash_vm *vm, size_t len)
{
	(void)uc_context_restore(vm->uc, vm->fresh);
	reg_set(vm, MIPS_A0, (uint32_t)len);
	reg_set(vm, MIPS_A1, ASH_VM_DATA);
	reg_set(vm, ASH_REG_SP, ASH_VM_DATA + BIT(vm->p.data_bits) - 16);
	reg_set(vm, ASH_REG_DATA, ASH_VM_DATA);
	reg_set(vm, ASH_REG_FRAME, ASH_VM_SLOT + ASH_FRAME_AT);
	reg_set(vm, ASH_REG_INDEX, ASH_VM_SLOT);
	reg_set(vm, ASH_REG_BUDGET, vm->budget);
	reg_set(vm, ASH_REG_RA, ASH_VM_CODE + 4 * ASH_EXIT_WORD);
}

/* What must hold after every instruction, so also after the last one. */
static bool
keeps_promises(const struct ash_vm *vm)
{
	uint32_t ra = reg_get(vm, ASH_REG_RA);

	return reg_get(vm, ASH_REG_DATA) - ASH_VM_DATA < BIT(vm->p.data_bits) &&
	       reg_get(vm, ASH_REG_SP) - ASH_VM_DATA < BIT(vm->p.data_bits) &&
	       reg_get(vm, ASH_REG_FRAME) == ASH_VM_SLOT + ASH_FRAME_AT &&
	       reg_get(vm, ASH_REG_INDEX) - ASH_VM_SLOT < BIT(ASH_INDEX_BITS) &&
	       ra - ASH_VM_CODE < BIT(vm->p.code_bits) && ra % ASH_BUNDLE == 0;
}

int
ash_vm_run(struct ash_vm *vm, uint8_t *frame, size_t len, size_t room,
	struct ash_vm_result *out)
{
	uint32_t pc = ASH_VM_CODE + 4 * ASH_FIRST_WORD;
	size_t keep = len;
	uc_err err;

	*out = (struct ash_vm_result){ .pc = pc };
	if (len > FRAME_MAX || put_frame(vm, frame, len) != UC_ERR_OK)
		return SP_EINVAL;
	enter(vm, len);
	vm->r = out;
	vm->ended = false;
	err = uc_emu_start(vm->uc, pc, ASH_VM_EXIT, 0, 0);
	if (!vm->ended) /* stopped at the exit, or by what no hook saw */
		end(vm, err == UC_ERR_OK ? ASH_VM_RETURNED : ASH_VM_FAULT,
			out->pc);
	if (!keeps_promises(vm))
		out->end = ASH_VM_ESCAPED;
	out->verdict = reg_get(vm, MIPS_V0);
	out->budget_left = reg_get(vm, ASH_REG_BUDGET);
	if (out->end == ASH_VM_RETURNED &&
		(out->verdict & 0xffff0000) == ASH_REPLY)
		out->reply_len = out->verdict & 0xffff;
	if (out->reply_len != 0)
		keep = out->reply_len;
	if (keep > room || keep > FRAME_MAX)
		return SP_OK;
	return uc_mem_read(vm->uc, ASH_VM_SLOT + ASH_FRAME_AT, frame, keep) ==
			       UC_ERR_OK
		       ? SP_OK
		       : SP_EINVAL;
}

int
ash_vm_list(
	struct ash_vm *vm, uint32_t place, const uint32_t *list, uint32_t words)
{
	static uint32_t code[ASH_PIPES_CODE];
	struct ash_pipes_report r;
	int n;

	if (place >= ASH_VM_OWN_LISTS || words > ASH_PIPES_LIST)
		return SP_EINVAL;
	n = ash_pipes_compile(list, words, 0, code, ASH_PIPES_CODE, &r);
	if (n < 0)
		return n;
	memcpy(vm->list[place], list, words * sizeof(*list));
	vm->list_words[place] = words;
	return SP_OK;
}

int
ash_vm_state(struct ash_vm *vm, uint32_t offset, void *out, size_t bytes)
{
	if (!holds(0, BIT(vm->p.data_bits), offset, (uint32_t)bytes))
		return SP_EINVAL;
	return uc_mem_read(vm->uc, ASH_VM_DATA + offset, out, bytes) ==
			       UC_ERR_OK
		       ? SP_OK
		       : SP_EINVAL;
}
