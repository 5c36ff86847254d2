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
#include "kernel/dev/pcnet.h"

#include <spindle/abi.h>
#include <spindle/err.h>
#include <stdbool.h>
#include <stdint.h>

typedef uint32_t (*tx_code_t)(
	const uint8_t *frame, uint32_t len, uint32_t wirelen);

/* What an environment may send, and what it holds of the NIC. */
struct tx_rights {
	tx_code_t code; /* FRAME is 2 modulo 4; not 0: it may be sent */
	struct pcn_sender sender;
	struct env *owner;
	uint32_t pfn;
	struct dpf_set *set;
	uint32_t side; /* which half of the code pages is live */
	uint32_t templates;
	uint32_t answers; /* bindings without a template, see bind_answers() */
};

/* Empty rights (nothing may be sent), charged to OWNER.  SP_OK or SP_ENOMEM. */
int tx_rights_create(struct env *owner, struct tx_rights **out) SP_MUST_CHECK;
void tx_rights_destroy(struct tx_rights *t);

/*
 * Add or remove the mirror of filter F under ID.  On error nothing changes.
 * Returns SP_OK, SP_ENOMEM, SP_EUNSUPPORTED or SP_EFULL (it might take too long to
 * ask them all).
 */
int tx_rights_add(struct tx_rights *t, const struct dpf_filter *f,
	uint32_t id) SP_MUST_CHECK;
/* May what is bound by F do without a template?  There are some, and to exchange
 * the ends of a frame and to ask whose it is then says the same.  KNOWN may do
 * so, or NULL. */
bool tx_rights_suffice(const struct tx_rights *t, const struct dpf_filter *f,
	const struct dpf_filter *known);
void tx_rights_remove(struct tx_rights *t, uint32_t id);
/* What was ID is TO, which has just been removed. */
void tx_rights_rename(struct tx_rights *t, uint32_t id, uint32_t to);

/* Whose WHO is; NULL: the kernel's. */
const struct env *send_owner(const struct pcn_sender *who);

/* From the NIC driver: it reads the piece at PADDR no more. */
void send_done(struct pcn_sender *who, uint32_t paddr, bool last);

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
