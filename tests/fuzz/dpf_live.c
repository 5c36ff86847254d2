/*
 * dpf_live.c - sets that change by chance, judged behind every word.
 *
 * Usage: dpf_live SECONDS SEED.  Inserts, removals, replacements and changes of
 * rank, in pools of all sizes; after each of them and, now and then, behind each
 * word they write the generated code is held against dpf_interp().  The first
 * difference ends the program with the frame.
 */
#include "tests/unit/run_sim.h"

#include "tests/unit/live_model.h"

#include <time.h>

static struct model model;
static uint64_t refused, changes;

/* One set, from its making to its end. */
static void
one_set(uint32_t seed)
{
	struct rng r = { seed * 2 + 1 };
	size_t bytes = rng_below(&r, 3) ? RUN_POOL_BYTES
					: 6000 + rng_below(&r, 100000);
	uint32_t ids = 1 + rng_below(&r, MODEL_IDS);
	uint32_t watch = rng_below(&r, 8), empty;

	model.limit = rng_below(&r, 4) ? 0 : 60 + rng_below(&r, 300);
	if (model_open(&model, seed, rng_below(&r, 3) == 0, bytes) < 0)
		return;
	empty = model.set->used;
	for (unsigned i = 0; i < 400; i++) {
		refused += model_step(&model, ids, i % 8 < watch) < 0;
		changes++;
		model_check(&model, 8);
	}
	for (uint32_t id = 1; id <= MODEL_IDS; id++)
		if (model.item[id].in)
			model_remove(&model, id, false);
	if (model.set->used != empty) {
		printf("seed %u: %u bytes leaked\n", seed,
			model.set->used - empty);
		abort();
	}
}

int
main(int argc, char **argv)
{
	uint32_t seed, sets = 0;
	time_t end;

	if (argc != 3) {
		fprintf(stderr, "usage: dpf_live SECONDS SEED\n");
		return 2;
	}
	end = time(NULL) + strtol(argv[1], NULL, 10);
	seed = (uint32_t)strtoul(argv[2], NULL, 10) * 65536 + 1;
	for (; time(NULL) < end; sets++)
		one_set(seed + sets);
	printf("%u sets, %llu changes, %llu refused, %llu frames judged: no "
	       "difference\n",
		sets, (unsigned long long)changes, (unsigned long long)refused,
		(unsigned long long)model.checks);
	model_close(&model);
	return 0;
}
