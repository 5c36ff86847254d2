/*
 * ash_host.h - handlers on the host: check an object, explain a refusal, run it.
 *
 * For host programs only (tools/, ashcc, tests).  Uses the very verifier and
 * loader of the kernel; capstone disassembles, unicorn runs.  Link with
 * -lcapstone -lunicorn.  Start reading at check.c, then vm.c.
 */
#ifndef ASH_HOST_H
#define ASH_HOST_H

#include "ash/ash.h"

#include <stdbool.h>
#include <stdio.h>

/* --- objects on disk ------------------------------------------------------- */

struct ash_file {
	const char *path; /* as given; must stay valid */
	const char *name; /* what to call it in messages: PATH, or what the
			     caller prefers */
	uint8_t *bytes;   /* the whole object */
	size_t n;
	struct ash_object obj;
};

/*
 * ash_file_open - read PATH and parse it.  On failure prints one line
 * "PATH: reason" to ERR and returns the negative code (SP_ENOENT: unreadable;
 * otherwise of ash_open).  Close what was opened.
 */
int ash_file_open(
	struct ash_file *f, const char *path, FILE *err) SP_MUST_CHECK;
/* The same, and messages call it NAME. */
int ash_file_open_as(struct ash_file *f, const char *path, const char *name,
	FILE *err) SP_MUST_CHECK;
void ash_file_close(struct ash_file *f);

/* Offset in the file of the first executable section. */
uint32_t ash_file_text(const struct ash_file *f);

/* Where an instruction came from; LINE is 0 if the object does not say. */
struct ash_line {
	char file[256];
	unsigned line;
};

/* The source line of word WORD of a placed image. */
void ash_file_line(
	const struct ash_file *f, uint32_t word, struct ash_line *out);

/* The source line of address PC of the executable in file ELF, and the line of
 * the function it was inlined into (WITHIN->line 0: it was not). */
void ash_program_line(const char *elf, uint32_t pc, struct ash_line *out,
	struct ash_line *within);

/*
 * ash_host_explain - print why the verifier refused, as
 *	FILE:LINE: INSTRUCTION: what is wrong (RULE, word N); cure
 * CODE is the image as it was verified; R its report (from ash_verify or from
 * the kernel).
 */
void ash_host_explain(const struct ash_file *f, const uint32_t *code,
	size_t words, const struct ash_report *r, FILE *out);

/* The rule's name, as "ADDRESS". */
const char *ash_rule_name(enum ash_rule rule);

/*
 * ash_host_place - place F at trial addresses and verify it there, with every
 * import that it calls granted.  Returns SP_OK or SP_EUNSAFE (T->r says why), or
 * the code of ash_place after a line to ERR (nothing to free then).
 */
struct ash_trial {
	struct ash_params p;
	uint32_t *code;
	uint8_t *data, *scratch;
	size_t words, data_bytes; /* of the whole regions */
	struct ash_report r;
};
int ash_host_place(
	const struct ash_file *f, struct ash_trial *t, FILE *err) SP_MUST_CHECK;
void ash_trial_free(struct ash_trial *t);

/*
 * ash_host_check - parse, place at trial addresses, verify, print.
 *
 * Prints to OUT a few lines for people: sizes, imports, bound, longest stretch;
 * or the refusal as ash_host_explain does.  Every import is granted.  Returns
 * SP_OK, SP_EUNSAFE (refused), or the code of ash_file_open/ash_place.
 */
int ash_host_check(
	const char *path, FILE *out, struct ash_report *r) SP_MUST_CHECK;

/* ash_host_dump - the image as it would be placed, disassembled, with lines. */
int ash_host_dump(const struct ash_file *f, FILE *out) SP_MUST_CHECK;

/* Disassemble WORD at ADDRESS to OUT ("lw $v0, 4($t8)"). */
void ash_host_insn(uint32_t word, uint32_t address, char *out, size_t room);

/* --- running a handler without a machine ----------------------------------- */

enum ash_vm_end {
	ASH_VM_RETURNED, /* through the exit bundle */
	ASH_VM_ABORTED,  /* the budget was exhausted */
	ASH_VM_FAULT,    /* unaligned access or break: the kernel would abort */
	ASH_VM_ESCAPED,  /* left its regions: a hole in the verifier */
};

struct ash_vm_result {
	enum ash_vm_end end;
	uint32_t verdict;      /* $v0: enum ash_verdict | length */
	uint32_t reply_len;    /* bytes of the reply; 0 unless ASH_REPLY */
	uint32_t instructions; /* executed, exit bundle included */
	uint32_t budget_left;  /* $s5 at the end */
	uint32_t wakes;        /* calls of ash_wake */
	uint32_t upcalls;      /* calls of ash_upcall */
	uint32_t sends;        /* messages that ash_send took */
	uint32_t outside;      /* guarded addresses that lay outside the region,
				  which the guard bent back: a bug of the author */
	uint32_t outside_word; /* the first of them */
	uint32_t pc;           /* last instruction */
	uint32_t address;      /* of the access that escaped or faulted */
};

enum { ASH_VM_BUDGET = 10000 }; /* the default budget */

struct ash_vm;

/*
 * ash_vm_open - place, verify and load a handler; its state persists from frame
 * to frame.  NULL after printing one line (or the refusal) to ERR.
 */
struct ash_vm *ash_vm_open(
	const struct ash_file *f, uint32_t budget, FILE *err);

/*
 * ash_vm_image - the same for an image that is already placed for ash_vm_params
 * (tests use it to run programs that no object describes).  Not verified.
 */
struct ash_vm *ash_vm_image(const uint32_t *code, size_t words,
	const uint8_t *data, const struct ash_params *p, uint32_t budget);

/* ash_vm_load - another image for the same machine; SP_OK or SP_EINVAL. */
int ash_vm_load(struct ash_vm *vm, const uint32_t *code, size_t words,
	const uint8_t *data, const struct ash_params *p,
	uint32_t budget) SP_MUST_CHECK;

/* Fill P with the trial addresses of the virtual machine. */
void ash_vm_params(uint32_t code_bits, uint32_t data_bits, uint32_t granted,
	struct ash_params *p);

/* Its addresses. */
#define ASH_VM_CODE  0x80200000u
#define ASH_VM_DATA  0x80400000u
#define ASH_VM_SLOT  0x80600000u
#define ASH_VM_EXIT  0x80010000u
#define ASH_VM_ABORT 0x80010020u
#define ASH_VM_STUBS 0x80011000u /* 16 bytes each */

/*
 * ash_vm_run - run the handler once on FRAME, in place.
 *
 * LEN is 0..1518; FRAME has ROOM bytes, of which as many as the reply is long
 * (or LEN, if it does not reply) are written back.  Returns SP_OK when the
 * handler ran, however it ended (OUT says), or SP_EINVAL.
 */
int ash_vm_run(struct ash_vm *vm, uint8_t *frame, size_t len, size_t room,
	struct ash_vm_result *out) SP_MUST_CHECK;

/*
 * ash_vm_list - LIST of WORDS becomes the handler's list at PLACE, 0..3, as
 * sys_ash_pipes() of the kernel does it.  SP_OK, SP_EINVAL, SP_EUNSAFE.
 */
enum { ASH_VM_OWN_LISTS = 4, ASH_VM_LISTS = ASH_VM_OWN_LISTS + 3 };
int ash_vm_list(struct ash_vm *vm, uint32_t place, const uint32_t *list,
	uint32_t words) SP_MUST_CHECK;

/* A loop of fused pipes, run under emulation: LEN bytes at BYTES become what is
 * stored, true if anything is.  COST: what it takes out of the budget, 0 if it did not run. */
struct ash_pipe_vm;
struct ash_pipe_vm *ash_pipe_vm_open(void);
bool ash_pipe_vm_run(struct ash_pipe_vm *v, const uint32_t *list,
	uint32_t words, uint8_t *bytes, uint32_t len, uint32_t *states,
	uint32_t *cost);
void ash_pipe_vm_close(struct ash_pipe_vm *v);

/* The data region as the last frame left it. */
int ash_vm_state(struct ash_vm *vm, uint32_t offset, void *out,
	size_t bytes) SP_MUST_CHECK;

void ash_vm_close(struct ash_vm *vm);

#endif /* ASH_HOST_H */
