/*
 * spindle/calls.h - the system calls, one a line: number and arguments.
 *
 * What their structures mean is in abi.h, which includes this; contracts are at
 * the functions of kernel/core/.
 */
#ifndef SP_CALLS_H
#define SP_CALLS_H

/* X(name, number): see kernel/core/ of the same name for the contract. */
#define SP_CALLS(X)                                                            \
	X(null, 0)          /* (): 0 */                                        \
	X(console, 1)       /* (cap, va, len): write to the console */         \
	X(self, 2)          /* (): id of this environment */                   \
	X(yield, 3)         /* (env or 0): the slice is given up, or ENV's */  \
	X(wait, 4)          /* (mask): sleep until events; clears them */      \
	X(exit, 5)          /* (code): end this environment */                 \
	X(page_alloc, 6)    /* (cap, count, align_log2, pfn): the first pfn */ \
	X(page_free, 7)     /* (cap, pfn, count) */                            \
	X(map, 8)           /* (struct sp_map *) */                            \
	X(unmap, 9)         /* (cap, env, va, count) */                        \
	X(env_create, 10)   /* (cap, name va): id; its slot 0 opens itself */  \
	X(env_start, 11)    /* (cap, env, struct sp_start *) */                \
	X(env_kill, 12)     /* (cap, env) */                                   \
	X(cap_grant, 13)    /* (cap, env, slot, struct sp_cap *): see below */ \
	X(flow_derive, 14)  /* (cap, struct sp_flow *): flow id */             \
	X(flow_drop, 15)    /* (cap, flow) */                                  \
	X(bind, 16)         /* (cap, struct sp_bind *): binding id */          \
	X(unbind, 17)       /* (cap, binding) */                               \
	X(ring_create, 18)  /* (cap, env, pfn, pages): ring id */              \
	X(ring_destroy, 19) /* (cap, ring) */                                  \
	X(upcall_set, 20)   /* (pc, sp): where upcalls enter; 0: none */       \
	X(upcall_done, 21)  /* (): return from an upcall */                    \
	X(net_send, 22)     /* (cap, struct sp_piece *, n): bytes sent */      \
	X(ash_reserve, 23)  /* (cap, env, struct sp_ash *): ash id */          \
	X(ash_install, 24)  /* (cap, ash, struct sp_ash_code *) */             \
	X(ash_remove, 25)   /* (cap, ash) */                                   \
	X(irq_bind, 26)     /* (cap, line): SP_EVENT_IRQ when it is raised */  \
	X(irq_ack, 27)      /* (cap, line): let it be raised again */          \
	X(halt, 28)         /* (cap, status): end the machine */               \
	X(filter_run, 29)   /* (cap, struct sp_run *): run installed code */   \
	X(context_set, 30)  /* (cap, env, struct sp_context *): its entries */ \
	X(slice_take, 31) /* (cap, env, position): free or mine, now ENV's */  \
	X(slice_free, 32) /* (cap, position) */                                \
	X(sleep_until,                                                         \
		33)      /* (struct sp_predicate *): its tag, once it holds */ \
	X(tlb_write, 34) /* (cap, va, pfn, SP_MAP_*): bind; can be lost */     \
	X(tlb_delete, 35) /* (va, count): forget such bindings */              \
	X(page_acl, 36)   /* (cap, pfn, count, struct sp_acl *): sharing */    \
	X(revoke, 37)     /* (cap, struct sp_revoke *): ask for it back */     \
	X(cap_revoke, 38) /* (cap, struct sp_cap *): taken from all others */  \
	X(audit, 39)      /* (cap, va, bytes): 0; 1 and why as text at VA */   \
	X(ash_pipes, 40)  /* (cap, ash, struct sp_pipes *): a list for it */

enum sp_call {
#define X(name, number) SP_CALL_##name = number,
	SP_CALLS(X)
#undef X
		SP_CALL_COUNT = 41,
};

#endif /* SP_CALLS_H */
