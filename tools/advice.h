/*
 * advice.h - what somebody who wrote this filter may not have meant.
 *
 * A warning is only given where it makes a difference: the reading that one
 * might expect is compiled too, and is another filter.
 */
#ifndef TOOLS_ADVICE_H
#define TOOLS_ADVICE_H

#include "expr.h"

struct advice {
	const char *kind; /* one word, for programs */
	bool note;        /* worth knowing, but probably meant */
	char *text;
	char *cure; /* an expression that may be meant, or NULL */
	struct dpf_example example; /* a frame it is about; len 0: none */
};

enum {
	ADVICE_MAX = 16,
	FRAME_MIN = 60, /* bytes of a frame on the wire */
	FRAME_MAX = 1514,
	FRAME_TAGGED = 1518,
};

struct advices {
	struct advice v[ADVICE_MAX];
	size_t n;
};

void advices_of(const struct expr *e, struct advices *out);

/* Those that its text gives cause for; it has one. */
void advices_of_text(const struct expr *e, struct advices *all);

/* One more; it owns TEXT and CURE. */
struct advice *advice_add(struct advices *all, const char *kind, bool note,
	char *text, char *cure);

/* E takes the same frames as the filter called NAME. */
void advice_identical(struct advices *out, const char *name);

void advices_release(struct advices *all);

/* One line each, NOTES too or not. */
void advices_print(const struct advices *all, bool notes, FILE *out);
json_t *advices_json(const struct advices *all);

#endif /* TOOLS_ADVICE_H */
