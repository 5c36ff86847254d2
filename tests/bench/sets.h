/*
 * sets.h - what demux.c, on the host, and sets_target.c, on MIPS, agree on.
 */
#ifndef TESTS_BENCH_SETS_H
#define TESTS_BENCH_SETS_H

/* Functions of the target, by their place in its table. */
enum set_call {
	SET_OPEN,    /* (): an empty set */
	SET_INSERT,  /* (blob, bytes, id): as the kernel does */
	SET_REMOVE,  /* (id) */
	SET_ADDRESS, /* (): of the classifier */
	SET_BYTES,   /* (): of code, tables and all that is kept of filters */
	SET_BOUND,   /* (): on a classification */
	SET_COUNT,
};

#endif /* TESTS_BENCH_SETS_H */
