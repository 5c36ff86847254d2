/*
 * shared.h - frames to a group and ARP: a copy to each shared binding.
 *
 * The part of a shared binding's filter that is for one receiver lies in bind_rx
 * like any other; the whole lies in bind_shared, which is asked about groups only.
 * Who of the shared ones would win over the classifier's choice gets a copy.
 */
#ifndef KERNEL_CORE_SHARED_H
#define KERNEL_CORE_SHARED_H

#include "kernel/core/bind_table.h"
#include "kernel/dev/pcnet.h"

#include <spindle/err.h>
#include <stdint.h>

extern struct classifier bind_shared;

/* What a shared binding has besides, in memory of its owner. */
struct shared {
	uint32_t bytes;
	struct dpf_filter part; /* for one receiver */
	bool none;              /* which is surely no frame */
	uint32_t blob[];
};

/* N, whose filter is known, will be shared.  Returns SP_OK, SP_ENOMEM, or SP_EINVAL
 * when its filter is too large. */
int shared_prepare(struct bind_entry *n) SP_MUST_CHECK;
void shared_release(struct bind_entry *n);

/* The filter of N that lies in bind_rx. */
static inline const struct dpf_filter *
shared_rx(const struct bind_entry *n)
{
	return n->shared != NULL ? &n->shared->part : &n->filter;
}

/*
 * N is shared as PATH from now on, beside what it is perhaps to replace.  Returns
 * SP_OK, SP_ENOMEM or SP_EFULL.  Does nothing to who is not shared; so do the next
 * two.
 */
int shared_add(struct bind_entry *n, uint32_t path) SP_MUST_CHECK;
int shared_rename(struct bind_entry *e, uint32_t path) SP_MUST_CHECK;
void shared_remove(const struct bind_entry *e);

/* bind_shared has changed; nothing more goes to PATH.  Interrupts off. */
void shared_changed(void);
void shared_forget(uint32_t path);

/* Who gets a copy of this frame, which the classifier says is ID's; 0: nobody.  IDS
 * has room for all shared bindings. */
uint32_t shared_choose(const uint8_t *frame, uint32_t len, uint32_t wirelen,
	uint32_t id, uint16_t *ids);

/* The first of those that get copies now. */
uint32_t shared_first(void);

/*
 * The frame is BIND_COPIES's: give copies away, as many as take less than BUDGET
 * instructions.  PCN_AGAIN: there are more.
 */
enum { SHARED_FIRST = 600, SHARED_TURN = 1800 };
enum pcn_verdict shared_deliver(uint8_t *frame, uint32_t len, uint32_t budget);

#endif /* KERNEL_CORE_SHARED_H */
