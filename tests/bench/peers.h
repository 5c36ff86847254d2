/*
 * peers.h - what peers.c, on the host, and peers_target.c, on MIPS, agree on.
 */
#ifndef TESTS_BENCH_PEERS_H
#define TESTS_BENCH_PEERS_H

#include <stdint.h>

enum { PEERS_MAX = 10000 };

/* Functions of the target, by their place in its table. */
enum peer {
	PEER_RESET,       /* (): no filters */
	PEER_ADD_PROGRAM, /* (struct dpf_bpf *): for libpcap */
	PEER_ADD_FILTER,  /* (blob, bytes): for the interpreter */
	PEER_ADD_KEY,     /* (struct peer_key *): for C */
	/* (frame, length, length on the wire): 1 + the filter's number, or 0 */
	PEER_LIBPCAP,
	PEER_INTERPRETED,
	PEER_C_PORTS,
	PEER_C_TUPLES,
	PEER_COUNT,
};

/* What a filter of the table is about, in the wire's byte order; 0 where it does
 * not care. */
struct peer_key {
	uint32_t src, dst;
	uint32_t ports; /* source's half first */
};

#endif /* TESTS_BENCH_PEERS_H */
