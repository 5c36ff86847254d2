/*
 * top.h - what a machine did between two looks at its exposed pages.
 *
 * Counters are 32 bits wide and wrap; differences do not mind.  What was born
 * in between counts from 0.
 */
#ifndef TOOLS_TOP_H
#define TOOLS_TOP_H

#include "machine.h"

#include <spindle/abi.h>

struct top {
	const struct machine *m;
	const struct sp_info *before, *now;
	double seconds; /* between the two */
};

/* One sample as an object. */
json_t *top_json(const struct top *t);

/* One sample as a page of text. */
void top_print(const struct top *t, FILE *out);

#endif /* TOOLS_TOP_H */
