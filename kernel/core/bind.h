/*
 * bind.h - flows and bindings: which frames are whose, and where they go.
 *
 * Authority is checked here, once; what remains on the path of a frame is one
 * call of generated code and one table look-up.
 */
#ifndef KERNEL_CORE_BIND_H
#define KERNEL_CORE_BIND_H

#include "kernel/core/env.h"
#include "kernel/dev/pcnet.h"

#include <spindle/abi.h>
#include <spindle/err.h>
#include <stdint.h>

struct handler;
struct ring;

/* Set aside memory for the classifier.  Panics without it. */
void bind_init(void);

/*
 * System calls (contract: struct sp_flow, struct sp_bind).  CLASH is filled in
 * when the result is SP_EOVERLAP or SP_EUNDECIDED.  SP_EFULL: no slot is free, or
 * classifiers or templates would take longer a frame than interrupts may be off.  Long: interrupts are on
 * while they think.
 */
int flow_derive(uint32_t cap, const struct sp_flow *f,
	struct sp_clash *clash) SP_MUST_CHECK;
int flow_drop(uint32_t cap, uint32_t id) SP_MUST_CHECK;
int bind_create(uint32_t cap, const struct sp_bind *b,
	struct sp_clash *clash) SP_MUST_CHECK;
int bind_remove(uint32_t cap, uint32_t id) SP_MUST_CHECK;

/*
 * Does FRAME, of which LEN bytes are there, answer one that would be given to a
 * binding of E that has no transmit template?  FRAME is 2 modulo 4; its ends are
 * exchanged.  Interrupts off.
 */
bool bind_answers(
	const struct env *e, uint8_t *frame, uint32_t len, uint32_t wirelen);

/* Is anything bound to this ring or handler? */
bool bind_uses(enum sp_target target, uint32_t object);

void bind_forget_owner(const struct env *e);

/* Remove what is bound to this ring or handler.  In an interruptible section
 * only (core/sched.h). */
void bind_break_ring(const struct ring *r);
void bind_break_handler(const struct handler *h);

/* Remove the newest binding of E; its id, or 0 if E has none.  Likewise. */
uint32_t bind_take(const struct env *e);

/* From the interrupt path: stop giving frames to H. */
void bind_abort(const struct handler *h);

/* The consumer of the NIC driver. */
enum pcn_verdict bind_receive(uint8_t *frame, uint32_t len);

/* Between these each frame is charged to its owner (sched_charge()). */
void bind_charge_begin(void);
void bind_charge_end(void);

/* Within a frame: what comes is E's. */
void bind_charge_to(const struct env *e);

#endif /* KERNEL_CORE_BIND_H */
