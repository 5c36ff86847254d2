/*
 * terms.h - the structure of a pcap expression: what its and, or, not combine.
 *
 * libpcap gives its verdict about an expression, never its reading of it.  This
 * is enough of its grammar to talk about parts of what somebody wrote.
 */
#ifndef TOOLS_TERMS_H
#define TOOLS_TERMS_H

#include <stdbool.h>
#include <stddef.h>

enum { TERMS_MAX = 512 };

enum term_kind { TERM_PRIMITIVE, TERM_NOT, TERM_AND, TERM_OR };

struct term {
	enum term_kind kind;
	bool grouped;      /* in parentheses, which are part of the span */
	size_t start, end; /* its characters in the text */
	struct term *left, *right; /* NOT has a left one only */
	/* Primitives that move what is tested behind them (vlan, mpls...), and
	 * how many of them hold whenever this term holds. */
	unsigned tags, ensured;
};

struct terms {
	const char *text;
	struct term *root;
	struct term v[TERMS_MAX];
	size_t n;
};

/* Read TEXT, which must stay; false: not understood, or too many terms. */
bool terms_read(const char *text, struct terms *out);

/* Does the primitive contain WORD as a word (BRACKET: before '[')? */
bool term_has(const struct terms *t, const struct term *p, const char *word,
	bool bracket);

/* The text with the characters of P replaced; free it. */
char *terms_with(const struct terms *t, const struct term *p, const char *with);

/* The characters of P alone; free it. */
char *term_text(const struct terms *t, const struct term *p);

/*
 * Both return the new text, to be freed, or NULL if nothing is to be done:
 * operands in the other order wherever a tag stands before what does not need it;
 * parentheses where `and` is written to bind closer than `or`, which it does not.
 */
char *terms_tags_last(const char *text);
char *terms_and_first(const struct terms *t);

#endif /* TOOLS_TERMS_H */
