/*
 * send.h - what may leave the machine.
 *
 * An environment sends only what one of its transmit templates accepts; they
 * are compiled filters, one merged set for each environment.
 */
#ifndef KERNEL_CORE_SEND_H
#define KERNEL_CORE_SEND_H

#include "dpf/dpf.h"
#include "kernel/core/env.h"

#include <spindle/abi.h>
#include <spindle/err.h>
#include <stdbool.h>
#include <stdint.h>

struct tx_rights;

/* Empty rights (nothing may be sent), charged to OWNER.  SP_OK or SP_ENOMEM. */
int tx_rights_create(uint32_t owner, struct tx_rights **out) SP_MUST_CHECK;
void tx_rights_destroy(struct tx_rights *t);

/*
 * Add, exchange or remove the mirror of what was bound as ID.  On error nothing changes.
 * Returns SP_OK, SP_ENOMEM or SP_EUNSUPPORTED.
 */
int tx_rights_add(struct tx_rights *t, const struct dpf_filter *f,
	uint32_t id) SP_MUST_CHECK;
int tx_rights_replace(struct tx_rights *t, const struct dpf_filter *f,
	uint32_t id) SP_MUST_CHECK;
void tx_rights_remove(struct tx_rights *t, uint32_t id);

/* May this frame be sent?  FRAME is 2 modulo 4. */
bool tx_allows(const struct tx_rights *t, const uint8_t *frame, uint32_t len);

/* System call: check the head's copy, then hand head and pieces to the NIC. */
int send_gather(
	struct env *e, const struct sp_piece *pieces, uint32_t n) SP_MUST_CHECK;

/*
 * Make sure that the NIC reads the frame PFN no more: wait for what is queued,
 * or, when the chip does not get on with it, stop it and drop what reads PFN.  In
 * an interruptible section only (core/sched.h).
 */
void send_break_frame(uint32_t pfn);

#endif /* KERNEL_CORE_SEND_H */
