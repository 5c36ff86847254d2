/*
 * attempt.h - an attempt, what came of it, and whether it left a trace.
 *
 * tried(NAME, CALL) makes the call and prints "attack: NAME CODE", CODE being the
 * kernel's refusal or 0.  A call that was refused must have changed nothing; after
 * every one the kernel audits its own tables.  Both need the program to have been
 * started with the root capability, which no attempt uses.
 */
#ifndef TESTS_ATTACK_LIB_ATTEMPT_H
#define TESTS_ATTACK_LIB_ATTEMPT_H

#include <stdint.h>

/* Remember what the exposed tables say. */
void attempt_begin(void);

/* CODE came of NAME: print it, and what should not have changed but has. */
void attempt_end(const char *name, int32_t code);

/* Evaluates CALL once, between the two. */
#define tried(name, call)                                                      \
	attempt_end((name), (attempt_begin(), (int32_t)(call)))

/* The same, but says WRONG itself unless CODE is WANT (0: it worked). */
void attempt_end_as(const char *name, int32_t want, int32_t code);
#define refused(name, want, call)                                              \
	attempt_end_as((name), (want), (attempt_begin(), (int32_t)(call)))

/* Something else than a call: it was so. */
void attempt_holds(const char *name, int truth);

/* The last line: "attack: done", and how many attempts there were. */
void attempt_done(void);

/* The kernel's tables agree, or a line says which do not. */
void attempt_audit(const char *name);

#endif /* TESTS_ATTACK_LIB_ATTEMPT_H */
