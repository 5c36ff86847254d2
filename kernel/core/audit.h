/*
 * audit.h - do the kernel's tables agree with each other?
 *
 * Each table's file looks at its own entries (X_audit) and says what it finds
 * here; audit.c does what needs all of them.  One audit at a time.
 */
#ifndef KERNEL_CORE_AUDIT_H
#define KERNEL_CORE_AUDIT_H

#include "kernel/core/env.h"

#include <stddef.h>
#include <stdint.h>

/* Set aside what counting needs.  Panics without it. */
void audit_init(void);

/* Look at everything; 1 if something is wrong, which TEXT then says, else 0.
 * Long: interrupts are on meanwhile. */
int audit_run(const char **text, size_t *len);

/* Something is wrong; the format is kprintf's. */
void audit_fail(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* A table holds on to frame PFN: audit.c compares with what the frame says. */
void audit_saw_map(uint32_t pfn);
void audit_saw_pin(uint32_t pfn);

/* E, alive, or NULL; what a table says WHO owns is wrong in the latter case. */
const struct env *audit_owner(
	const struct env *e, const char *table, uint32_t at);

/* What sp_env_info says at OFFSET is what was counted, by slot. */
void audit_counts(
	const char *what, const uint32_t counted[SP_MAX_ENVS], size_t offset);

/* --- the tables ------------------------------------------------------------- */

/* By ASID: the spaces of the living, for the caches below. */
struct audit_spaces {
	const struct space *of[256];
};

void space_audit(const struct space *s, uint32_t slot);
void stlb_audit(const struct audit_spaces *spaces);
void sched_audit(void);
void predicate_audit(void);
void irq_audit(void);
void revoke_audit(void);
void ring_audit(void);
void handler_audit(void);
void bind_audit(void);
void bind_path_audit(uint32_t slot); /* of bind_table.h */
void bind_follow_audit(void);
void send_audit(const struct env *e);
void send_audit_queue(void);

#endif /* KERNEL_CORE_AUDIT_H */
