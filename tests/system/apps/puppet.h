/*
 * puppet.h - children that make the system calls their parent tells them to.
 */
#ifndef TESTS_SYSTEM_APPS_PUPPET_H
#define TESTS_SYSTEM_APPS_PUPPET_H

#include "tests/system/apps/child.h"

enum { PUPPETS = 8 };

/* A call that is none: the word at address A, which may end the puppet. */
#define PUPPET_LOAD 0x1000

/* Of puppet N, on the page that all share.  Arguments that are structures lie
 * there too. */
struct strings {
	uint32_t asked, done;
	uint32_t call, arg[4];
	int32_t result;
	struct sp_cap cap;
	struct sp_map map;
};

static inline struct strings *
strings(uint32_t n)
{
	return (struct strings *)SHARED_VA + n;
}

static inline void
puppet_main(uint32_t n)
{
	struct strings *s = strings(n);

	for (;;) {
		while (mmio_load(&s->asked) == mmio_load(&s->done))
			(void)sys_yield(0);
		if (s->call == PUPPET_LOAD)
			s->result = (int32_t)mmio_load(word_at(s->arg[0]));
		else
			s->result = sys_call((enum sp_call)s->call, s->arg[0],
				s->arg[1], s->arg[2], s->arg[3]);
		mmio_store(&s->done, s->done + 1);
	}
}

/* Puppet N makes a call; its result. */
static inline int32_t
puppet(const struct child *c, uint32_t n, uint32_t call, uint32_t a, uint32_t b,
	uint32_t d, uint32_t e)
{
	struct strings *s = strings(n);

	s->call = call;
	s->arg[0] = a;
	s->arg[1] = b;
	s->arg[2] = d;
	s->arg[3] = e;
	s->result = SP_EKILLED;
	mmio_store(&s->asked, s->asked + 1);
	while (child_lives(c) && mmio_load(&s->done) != s->asked)
		(void)sys_yield(c->env);
	return s->result;
}

#endif /* TESTS_SYSTEM_APPS_PUPPET_H */
