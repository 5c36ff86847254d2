/*
 * syscall.h - the system calls of abi.h as C functions.
 *
 * Inline, so that a call costs the arguments, one li and the syscall itself.
 * Each returns what the kernel put into $v0: a result, or a negative code of
 * err.h.
 */
#ifndef APPS_LIB_SYSCALL_H
#define APPS_LIB_SYSCALL_H

#include <spindle/abi.h>
#include <spindle/err.h>
#include <stdint.h>

static inline int32_t
sys_call(enum sp_call call, uint32_t a, uint32_t b, uint32_t c, uint32_t d)
{
	register uint32_t v0 __asm__("$2") = call;
	register uint32_t a0 __asm__("$4") = a;
	register uint32_t a1 __asm__("$5") = b;
	register uint32_t a2 __asm__("$6") = c;
	register uint32_t a3 __asm__("$7") = d;

	__asm__ volatile("syscall"
			 : "+r"(v0), "+r"(a0), "+r"(a1), "+r"(a2), "+r"(a3)
			 :
			 : "$1", "$3", "$8", "$9", "$10", "$11", "$12", "$13",
			 "$14", "$15", "$24", "$25", "hi", "lo", "memory");
	return (int32_t)v0;
}

/* The same for calls whose last arguments do not exist: they are left as they
 * are, which costs nothing. */
static inline int32_t
sys_call1(enum sp_call call, uint32_t a)
{
	register uint32_t v0 __asm__("$2") = call;
	register uint32_t a0 __asm__("$4") = a;

	__asm__ volatile("syscall"
			 : "+r"(v0), "+r"(a0)
			 :
			 : "$1", "$3", "$5", "$6", "$7", "$8", "$9", "$10",
			 "$11", "$12", "$13", "$14", "$15", "$24", "$25", "hi",
			 "lo", "memory");
	return (int32_t)v0;
}

static inline int32_t
sys_call3(enum sp_call call, uint32_t a, uint32_t b, uint32_t c)
{
	register uint32_t v0 __asm__("$2") = call;
	register uint32_t a0 __asm__("$4") = a;
	register uint32_t a1 __asm__("$5") = b;
	register uint32_t a2 __asm__("$6") = c;

	__asm__ volatile("syscall"
			 : "+r"(v0), "+r"(a0), "+r"(a1), "+r"(a2)
			 :
			 : "$1", "$3", "$7", "$8", "$9", "$10", "$11", "$12",
			 "$13", "$14", "$15", "$24", "$25", "hi", "lo",
			 "memory");
	return (int32_t)v0;
}

static inline uint32_t
sys_addr(const void *p)
{
	return (uint32_t)(uintptr_t)p;
}

static inline int32_t
sys_console(uint32_t cap, const void *text, uint32_t len)
{
	return sys_call3(SP_CALL_console, cap, sys_addr(text), len);
}

static inline int32_t
sys_self(void)
{
	return sys_call1(SP_CALL_self, 0);
}

static inline int32_t
sys_yield(uint32_t env)
{
	return sys_call1(SP_CALL_yield, env);
}

static inline int32_t
sys_wait(uint32_t mask)
{
	return sys_call1(SP_CALL_wait, mask);
}

_Noreturn static inline void
sys_exit(int32_t code)
{
	for (;;)
		(void)sys_call1(SP_CALL_exit, (uint32_t)code);
}

/* PFN is the first frame, PFN_ANY, or SP_PFN_COLOUR(c). */
#define PFN_ANY SP_PFN_ANY

static inline int32_t
sys_page_alloc(uint32_t cap, uint32_t count, uint32_t align_log2, uint32_t pfn)
{
	return sys_call(SP_CALL_page_alloc, cap, count, align_log2, pfn);
}

static inline int32_t
sys_page_free(uint32_t cap, uint32_t pfn, uint32_t count)
{
	return sys_call3(SP_CALL_page_free, cap, pfn, count);
}

static inline int32_t
sys_map(const struct sp_map *m)
{
	return sys_call1(SP_CALL_map, sys_addr(m));
}

static inline int32_t
sys_unmap(uint32_t cap, uint32_t env, uint32_t va, uint32_t count)
{
	return sys_call(SP_CALL_unmap, cap, env, va, count);
}

static inline int32_t
sys_tlb_write(uint32_t cap, uint32_t va, uint32_t pfn, uint32_t flags)
{
	return sys_call(SP_CALL_tlb_write, cap, va, pfn, flags);
}

static inline int32_t
sys_tlb_delete(uint32_t va, uint32_t count)
{
	return sys_call3(SP_CALL_tlb_delete, va, count, 0);
}

static inline int32_t
sys_page_acl(
	uint32_t cap, uint32_t pfn, uint32_t count, const struct sp_acl *acl)
{
	return sys_call(SP_CALL_page_acl, cap, pfn, count, sys_addr(acl));
}

static inline int32_t
sys_env_create(uint32_t cap, const char *name)
{
	return sys_call3(SP_CALL_env_create, cap, sys_addr(name), 0);
}

static inline int32_t
sys_env_start(uint32_t cap, uint32_t env, const struct sp_start *s)
{
	return sys_call3(SP_CALL_env_start, cap, env, sys_addr(s));
}

static inline int32_t
sys_env_kill(uint32_t cap, uint32_t env)
{
	return sys_call3(SP_CALL_env_kill, cap, env, 0);
}

static inline int32_t
sys_cap_grant(uint32_t cap, uint32_t env, uint32_t slot, const struct sp_cap *c)
{
	return sys_call(SP_CALL_cap_grant, cap, env, slot, sys_addr(c));
}

static inline int32_t
sys_flow_derive(uint32_t cap, const struct sp_flow *f)
{
	return sys_call3(SP_CALL_flow_derive, cap, sys_addr(f), 0);
}

static inline int32_t
sys_flow_drop(uint32_t cap, uint32_t flow)
{
	return sys_call3(SP_CALL_flow_drop, cap, flow, 0);
}

static inline int32_t
sys_bind(uint32_t cap, const struct sp_bind *b)
{
	return sys_call3(SP_CALL_bind, cap, sys_addr(b), 0);
}

static inline int32_t
sys_unbind(uint32_t cap, uint32_t binding)
{
	return sys_call3(SP_CALL_unbind, cap, binding, 0);
}

static inline int32_t
sys_ring_create(uint32_t cap, uint32_t env, uint32_t pfn, uint32_t pages)
{
	return sys_call(SP_CALL_ring_create, cap, env, pfn, pages);
}

static inline int32_t
sys_ring_destroy(uint32_t cap, uint32_t ring)
{
	return sys_call3(SP_CALL_ring_destroy, cap, ring, 0);
}

/* SP must leave the 16 bytes above it to the callee; NULL: no upcalls. */
static inline int32_t
sys_upcall_set(void (*pc)(void), const void *sp)
{
	return sys_call3(
		SP_CALL_upcall_set, (uint32_t)(uintptr_t)pc, sys_addr(sp), 0);
}

/* The end of an upcall; the interrupted program goes on. */
_Noreturn static inline void
sys_upcall_done(void)
{
	for (;;)
		(void)sys_call1(SP_CALL_upcall_done, 0);
}

static inline int32_t
sys_net_send(uint32_t cap, const struct sp_piece *pieces, uint32_t n)
{
	return sys_call3(SP_CALL_net_send, cap, sys_addr(pieces), n);
}

static inline int32_t
sys_ash_reserve(uint32_t cap, uint32_t env, struct sp_ash *a)
{
	return sys_call3(SP_CALL_ash_reserve, cap, env, sys_addr(a));
}

static inline int32_t
sys_ash_pipes(uint32_t cap, uint32_t ash, struct sp_pipes *p)
{
	return sys_call3(SP_CALL_ash_pipes, cap, ash, sys_addr(p));
}

static inline int32_t
sys_ash_install(uint32_t cap, uint32_t ash, const struct sp_ash_code *c)
{
	return sys_call3(SP_CALL_ash_install, cap, ash, sys_addr(c));
}

static inline int32_t
sys_ash_remove(uint32_t cap, uint32_t ash)
{
	return sys_call3(SP_CALL_ash_remove, cap, ash, 0);
}

static inline int32_t
sys_irq_bind(uint32_t cap, uint32_t line)
{
	return sys_call3(SP_CALL_irq_bind, cap, line, 0);
}

static inline int32_t
sys_irq_ack(uint32_t cap, uint32_t line)
{
	return sys_call3(SP_CALL_irq_ack, cap, line, 0);
}

static inline int32_t
sys_halt(uint32_t cap, uint32_t status)
{
	return sys_call3(SP_CALL_halt, cap, status, 0);
}

static inline int32_t
sys_filter_run(uint32_t cap, struct sp_run *r)
{
	return sys_call3(SP_CALL_filter_run, cap, sys_addr(r), 0);
}

static inline int32_t
sys_slice_take(uint32_t cap, uint32_t env, uint32_t position)
{
	return sys_call3(SP_CALL_slice_take, cap, env, position);
}

static inline int32_t
sys_slice_free(uint32_t cap, uint32_t position)
{
	return sys_call3(SP_CALL_slice_free, cap, position, 0);
}

static inline int32_t
sys_sleep_until(const struct sp_predicate *p)
{
	return sys_call1(SP_CALL_sleep_until, sys_addr(p));
}

static inline int32_t
sys_revoke(uint32_t cap, const struct sp_revoke *r)
{
	return sys_call3(SP_CALL_revoke, cap, sys_addr(r), 0);
}

static inline int32_t
sys_cap_revoke(uint32_t cap, const struct sp_cap *c)
{
	return sys_call3(SP_CALL_cap_revoke, cap, sys_addr(c), 0);
}

/* 0, or 1 and why the kernel's tables disagree, as text of at most BYTES. */
static inline int32_t
sys_audit(uint32_t cap, char *text, uint32_t bytes)
{
	return sys_call3(SP_CALL_audit, cap, sys_addr(text), bytes);
}

static inline int32_t
sys_context_set(uint32_t cap, uint32_t env, const struct sp_context *c)
{
	return sys_call3(SP_CALL_context_set, cap, env, sys_addr(c));
}

/* CP0 Count: a clock of 6 ns, which wraps after 25.8 s. */
static inline uint32_t
sys_count(void)
{
	uint32_t v;

	__asm__ volatile("rdhwr %0, $2" : "=r"(v));
	return v;
}

/* Make instructions written to [P, P + BYTES) visible to fetch. */
static inline void
sys_sync_code(const void *p, uint32_t bytes)
{
	const char *line = p;

	for (uint32_t i = 0; i < bytes; i += 32)
		__asm__ volatile("synci 0(%0)" : : "r"(line + i) : "memory");
	__asm__ volatile("sync" : : : "memory");
}

#endif /* APPS_LIB_SYSCALL_H */
