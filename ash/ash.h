/*
 * ash.h - safe native handlers: the rules, the verifier, the object loader.
 *
 * The only header other folders may include from ash/ (authors of handlers
 * include ash/sdk/ash.h instead).  Freestanding; used by the kernel (verify), by
 * whoever loads an object (place, then verify) and by ashcc (the same verifier).
 */
#ifndef ASH_H
#define ASH_H

#include <spindle/err.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Dedicated registers.  A handler may read them; only the forms in brackets may
 * write them.
 */
enum ash_reg {
	ASH_REG_BUDGET = 21, /* $s5: instructions left
				[addiu $s5,$s5,-cost with cost > 0] */
	ASH_REG_FRAME = 22,  /* $s6: first byte of the frame, slot base + 2
				[never written] */
	ASH_REG_INDEX = 23,  /* $s7: slot base | 0..2047 [ins $s7,rN,0,11] */
	ASH_REG_DATA = 24,   /* $t8: an address in the data region
				[ins $t8,rN,0,k] */
	ASH_REG_SP = 29,     /* stack in the data region [ins $sp,rN,0,k] */
	ASH_REG_RA = 31,     /* a bundle start in the code region
				[jal; ins $ra,rN,4,m-4, rN its address / 16] */
};

enum {
	ASH_BUNDLE = 16,  /* bytes; indirect jumps reach bundle starts */
	ASH_SLOT = 4096,  /* receive slot: size and alignment */
	ASH_FRAME_AT = 2, /* the frame's first byte in its slot */
	ASH_INDEX_BITS = 11,
	ASH_WINDOW = 2046,      /* bytes of a slot for a frame */
	ASH_OFFSET_MIN = -2048, /* of every load and store */
	ASH_OFFSET_MAX = 2047,
	ASH_DEAD_ZONE = 4096,  /* never data on either side of a data region */
	ASH_CODE_BITS_MIN = 8, /* code region: 2^m bytes, 2^m aligned */
	ASH_CODE_BITS_MAX = 16,
	ASH_DATA_BITS_MIN = 12, /* data region: 2^k bytes, 2^k aligned */
	ASH_DATA_BITS_MAX = 20,
	ASH_STACK = 1024, /* bytes at the top of the data region */
	ASH_MAX_IMPORTS = 32,

	/*
	 * The loader's first two bundles.  $ra holds the first at entry:
	 *	0: j exit;  nop; break; break
	 *	1: j abort; nop; break; break		(budget exhausted)
	 * The author's code begins at word 8.
	 */
	ASH_EXIT_WORD = 0,
	ASH_ABORT_WORD = 4,
	ASH_FIRST_WORD = 8,

	ASH_SCRATCH = 2, /* bytes that ash_verify needs for each word */
};

/*
 * Entry (all other registers, HI and LO are 0):
 *	$a0	bytes in the frame
 *	$a1	the data region's first byte
 *	$sp	data region + 2^k - 16
 *	$s7	slot base, $t8 the data region's first byte, $s5 the budget
 * Result in $v0: one of the verdicts below, the reply's length in the low half.
 */
enum ash_verdict {
	ASH_DECLINE = 0x00000000,
	ASH_CONSUME = 0x00010000,
	ASH_REPLY = 0x00020000, /* | length: send it back, LENGTH bytes */
};

/*
 * Kernel services a handler may call by jal, if its binding was granted them.
 * X(name, number, cost): what the verifier counts for a call, so that the
 * payment before it covers it.  o32 arguments; offsets into frame or data region,
 * never pointers.  A stub keeps the dedicated registers and returns through $ra.
 */
#define ASH_IMPORTS(X)                                                         \
	X(ash_wake, 0, 120) /* void ash_wake(void): make the owner runnable */ \
	X(ash_clock, 1, 40) /* uint32_t ash_clock(void): CP0 Count, 6 ns */    \
	X(ash_pipe_in, 2, 200)  /* frame to memory through a list of pipes */  \
	X(ash_pipe_out, 3, 200) /* memory to frame */                          \
	X(ash_send, 4, 1200)    /* send a message from memory */               \
	X(ash_upcall, 5, 120)   /* void ash_upcall(void): upcall the owner */

enum ash_import {
#define X(name, number, cost) ASH_IMPORT_##name = number,
	ASH_IMPORTS(X)
#undef X
};

/*
 * Of those, which take more the longer the message is: they take the rest out of the
 * budget themselves, before they begin, so a handler that calls them has no bound
 * but the budget.  And which write to the frame.
 */
enum {
	ASH_IMPORTS_PAID = 1 << ASH_IMPORT_ash_pipe_in |
			   1 << ASH_IMPORT_ash_pipe_out |
			   1 << ASH_IMPORT_ash_send,
	ASH_IMPORTS_STORING = 1 << ASH_IMPORT_ash_pipe_out,
};

/* What the verifier must know about where the code will run. */
struct ash_params {
	uint32_t code_base; /* kseg0 address of word 0 */
	uint32_t code_bits; /* m */
	uint32_t data_bits; /* k */
	uint32_t granted;   /* bit n: import n may be called */
	uint32_t import_addr[ASH_MAX_IMPORTS]; /* entry of each stub */
	uint32_t import_cost[ASH_MAX_IMPORTS];
};

/* Each rule has a name, what is wrong, and the usual cure. */
#define ASH_RULES(X)                                                           \
	X(OK, "accepted", "")                                                  \
	X(ENCODING, "unknown instruction", "compile for mips32r2, no FPU")     \
	X(PRIVILEGED, "privileged or coprocessor instruction",                 \
		"handlers have no coprocessor; use the SDK's calls")           \
	X(TRAP, "instruction that can trap",                                   \
		"compile with -mno-check-zero-division; use unsigned "         \
		"arithmetic")                                                  \
	X(LIKELY, "branch-likely", "compile with -mno-branch-likely")          \
	X(DELAY, "branch or jump in a delay slot", "assemble with ashcc")      \
	X(TARGET,                                                              \
		"jump or branch to an address that is no instruction of "      \
		"the handler",                                                 \
		"jump only within the handler")                                \
	X(MIDDLE, "direct jump into a payment or a delay slot",                \
		"assemble with ashcc")                                         \
	X(INDIRECT, "indirect jump not through $ra",                           \
		"compile with -fno-jump-tables; no function pointers")         \
	X(RESERVED, "forbidden write to a dedicated register",                 \
		"compile with ashcc's -ffixed flags")                          \
	X(FORBIDDEN_REG, "use of $k0, $k1 or $gp", "compile with -G0")         \
	X(ADDRESS, "load or store through an unguarded register",              \
		"assemble with ashcc")                                         \
	X(OFFSET, "load or store offset out of -2048..2047",                   \
		"assemble with ashcc")                                         \
	X(UNPAID, "backward branch, call or return that does not pay",         \
		"assemble with ashcc")                                         \
	X(UNDERPAID, "payment smaller than the longest stretch",               \
		"assemble with ashcc")                                         \
	X(IMPORT, "call of a service that was not granted",                    \
		"grant it when loading")                                       \
	X(ALIGN, "call whose return address is no bundle start",               \
		"assemble with ashcc")                                         \
	X(FALLOFF, "control can run past the last instruction",                \
		"end with a return")                                           \
	X(SIZE, "code does not fit its region", "use a larger code region")

enum ash_rule {
#define X(name, what, cure) ASH_RULE_##name,
	ASH_RULES(X)
#undef X
};

struct ash_report {
	enum ash_rule rule; /* ASH_RULE_OK when accepted */
	uint32_t word;      /* where: index of the offending instruction */
	uint32_t bound;   /* worst-case instructions from entry to exit when the
			       code has no loop and no call and they are
			       less than 65535; else 0 */
	uint32_t stretch; /* longest stretch between two payments; when refused
			       as UNDERPAID: what the payment must cover */
	uint32_t stores_frame; /* 1: the code can store to the frame */
};

const char *ash_rule_text(enum ash_rule rule);
const char *ash_rule_cure(enum ash_rule rule);

/*
 * ash_verify - the only gate between an untrusted program and the CPU.
 *
 * CODE is the final image, WORDS long (header bundles included, which the
 * caller wrote and which are not checked; the rest of the region must be
 * `break`).  Linear time; SCRATCH holds ASH_SCRATCH bytes a word.  Returns SP_OK, SP_EUNSAFE
 * (R says why and where) or SP_EINVAL (parameters out of range).
 */
int ash_verify(const uint32_t *code, size_t words, const struct ash_params *p,
	uint8_t *scratch, size_t scratch_bytes,
	struct ash_report *r) SP_MUST_CHECK;

/* --- objects --------------------------------------------------------------- */

/* A relocatable ELF32 little-endian MIPS object, checked once. */
struct ash_object {
	const uint8_t *elf;
	size_t bytes;
	uint32_t text_bytes; /* all executable sections, in order */
	uint32_t data_bytes; /* .data, .rodata and .bss together, aligned */
	uint32_t imports;    /* bit n: import n is called */
	uint32_t code_bits;  /* smallest m that holds header and text */
	uint32_t data_bits;  /* smallest k that holds data and ASH_STACK */
	const char *why;     /* static text after an error */
	char symbol[48];     /* the symbol or section an error is about */
	uint32_t text_off;   /* the image's word where the text begins */
	/* private to load.c from here on */
	uint32_t shoff, shnum, symtab, strtab, entry;
};

/*
 * ash_open - parse and check; returns SP_OK, SP_ESHORT (truncated), SP_EFORMAT
 * (not ELF32 MIPS little endian relocatable; no function ash_main; relocation of
 * an unknown kind), SP_EUNSUPPORTED (undefined symbol that is no import).
 * WHY and SYMBOL in OUT say more.  The bytes must stay valid while OUT is used.
 */
int ash_open(
	const uint8_t *elf, size_t bytes, struct ash_object *out) SP_MUST_CHECK;

/*
 * ash_place - lay the object out for its final addresses.
 *
 * Writes 2^code_bits bytes to CODE (header bundles with EXIT and ABORT as
 * targets, text relocated, then `break`) and 2^data_bits bytes to DATA.  If
 * ash_main is not first, word 8 jumps to it.  Returns SP_OK or SP_EFORMAT (a
 * relocation overflows; WHY and SYMBOL say which).
 */
int ash_place(struct ash_object *o, const struct ash_params *p,
	uint32_t data_base, uint32_t exit, uint32_t abort, uint32_t *code,
	uint8_t *data) SP_MUST_CHECK;

/*
 * ash_object_list - list I (0, 1, ...) of pipes that the object declares.
 *
 * OUT has room for ASH_PIPES_LIST words.  Returns how many there are, PLACE is which
 * list of the handler they are to be; SP_ENOENT behind the last one; SP_EFORMAT.
 */
int ash_object_list(const struct ash_object *o, uint32_t i, uint32_t *place,
	uint32_t *out) SP_MUST_CHECK;

/*
 * Names that an object may leave undefined besides the imports: the header
 * bundles.  A jump or branch to the exit ends the handler for free; only the
 * check of a payment may name the abort.
 */
#define ASH_EXIT_SYMBOL  "__ash_exit"
#define ASH_ABORT_SYMBOL "__ash_abort"

/* Offset T of the text lies at word text_off + T / 4 of the image. */

/* --- pipes: dynamic integrated layer processing (SIGCOMM'96) ----------------- */

/*
 * What is done to each 32-bit word of a message, in the order of the list; words
 * are as memory has them.  Pipes with state keep one word of it from turn to turn.
 */
enum ash_pipe_kind {
	ASH_PIPE_COPY = 1, /* store it; once in a list */
	ASH_PIPE_CKSUM,    /* state: the Internet sum, 32 bits, not folded */
	ASH_PIPE_SWAP16,   /* the bytes of each half change places */
	ASH_PIPE_SWAP32,   /* all four do */
	ASH_PIPE_XOR,      /* state: what it is combined with */
	ASH_PIPE_CRC32C, /* state: the remainder (RFC 3720, B.4; not inverted) */
	ASH_PIPE_USER,   /* state: its own; code follows */
};

enum {
	ASH_PIPES = 8,       /* of a list */
	ASH_PIPE_STATES = 4, /* of those, with state */
	ASH_PIPE_WORDS = 32, /* instructions of an author's pipe */
	ASH_PIPES_LIST = ASH_PIPES + 4 * ASH_PIPE_WORDS, /* words of a list */
	ASH_PIPES_CODE = 1024, /* words of code that any list fits in */
	ASH_PIPE_TABLES = 1024,
};

struct ash_pipes_report {
	uint32_t stores; /* 1: something is stored */
	uint32_t gauge;  /* a message is a multiple of so many bytes: 1, 2, 4 */
	uint32_t fixed_cost, turn_words, turn_cost, word_cost;
	/* Refused: which pipe, which word of its code, and why. */
	uint32_t pipe, word;
	const char *why;
};

/*
 * ash_pipes_compile - one loop that does the work of all pipes of LIST.
 *
 * A pipe is a word, its kind | words of code << 16, and that code.  An author's
 * pipe (USER) is a straight line of register operations that finds the word in $a0
 * and its state in $a1, leaves them in $v0 and $v1, and may use $at to $t7.
 * Writes position independent code,
 *	void fn(uint8_t *dst, const uint8_t *src, uint32_t len, uint32_t *states)
 * with states[i] for pipe I, to CODE; TABLES is the address (a multiple of 4096)
 * of what ash_pipes_tables() made.  Returns the number of words, SP_EUNSAFE (R says
 * which pipe and why) or SP_ENOMEM (ROOM).
 */
int ash_pipes_compile(const uint32_t *list, size_t words, uint32_t tables,
	uint32_t *code, size_t room, struct ash_pipes_report *r) SP_MUST_CHECK;

/* Instructions that a call for so many BYTES takes at most. */
uint32_t ash_pipes_cost(const struct ash_pipes_report *r, uint32_t bytes);

/* What CRC32C looks up. */
void ash_pipes_tables(uint32_t tables[ASH_PIPE_TABLES]);

#endif /* ASH_H */
