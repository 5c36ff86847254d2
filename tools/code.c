/*
 * code.c - compile filters on the host, bound their cost, disassemble them.
 *
 * The bound is read off the generated words themselves, so it holds for what
 * runs, not for what somebody thinks was generated.
 */
#include "code.h"

#include "ash/host/ash_host.h"

#include <stdlib.h>
#include <string.h>

enum { ARENA = 64 << 20, ROOM_WORDS = 4 << 20 };

enum status
code_compile(const struct args *a, enum dpf_set_kind kind,
	const struct code_entry *entries, size_t n, struct code *out)
{
	void *arena = xalloc(ARENA);
	struct dpf_set *set;
	int err = dpf_set_init(arena, ARENA, kind, &set);

	memset(out, 0, sizeof(*out));
	for (size_t i = 0; i < n && err >= 0; i++)
		err = dpf_set_insert(
			set, entries[i].filter, entries[i].id, entries[i].rank);
	if (err >= 0) {
		out->words = xalloc(ROOM_WORDS * sizeof(*out->words));
		err = dpf_set_emit(set, out->words, ROOM_WORDS, CODE_BASE);
	}
	free(arena);
	if (err < 0) {
		code_release(out);
		return cli_fail(a, "code generation: %s", sp_err_text(err));
	}
	out->n = (size_t)err;
	return STATUS_OK;
}

enum status
code_compile_one(
	const struct args *a, const struct dpf_filter *f, struct code *out)
{
	struct code_entry e = { .filter = f, .id = 1, .rank = 1 };

	return code_compile(a, DPF_SET_ONE, &e, 1, out);
}

void
code_release(struct code *c)
{
	free(c->words);
	memset(c, 0, sizeof(*c));
}

uint32_t
code_worst(const uint32_t *words, size_t n)
{
	uint16_t *scratch = xalloc((n + 1) * sizeof(*scratch));
	uint32_t worst = dpf_code_bound(words, n, CODE_BASE, scratch);

	free(scratch);
	return worst == UINT16_MAX ? 0 : worst;
}

void
code_dump(const uint32_t *words, size_t n, uint32_t address, FILE *out)
{
	char text[80];

	for (size_t i = 0; i < n; i++) {
		uint32_t at = address + 4 * (uint32_t)i;

		ash_host_insn(words[i], at, text, sizeof(text));
		fprintf(out, "%08x:  %08x  %s\n", at, words[i], text);
	}
}
