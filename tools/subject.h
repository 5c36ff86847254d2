/*
 * subject.h - the filters that `filter run` asks about: one or hundreds.
 *
 * Either a binding that is there, or expressions, which are bound for the time
 * of the run.
 */
#ifndef TOOLS_SUBJECT_H
#define TOOLS_SUBJECT_H

#include "bindings.h"

struct subject {
	char *text;         /* the expression, or the name of the binding */
	struct expr e;      /* of an expression: blob is not NULL */
	bool refused;       /* it cannot be run, and why was printed */
	char name[SP_NAME]; /* of the binding */
	uint16_t slot;      /* as verdicts name it; 0: not bound now */
	uint64_t accepted, mismatches;
	char *first_mismatch; /* where, for people; or NULL */
};

struct subjects {
	struct subject *one;
	size_t n;
	enum sp_run_set set;               /* what judges them */
	bool many;                         /* they came from a file */
	uint16_t by_slot[SP_MAX_BINDINGS]; /* index + 1, 0: none */
};

/*
 * subjects_find - the binding or expression of the command's words, or the
 * expressions of FILE (not NULL), one a line.
 *
 * What of a file cannot be compiled is refused, each with a line on stderr.
 */
enum status subjects_find(const struct args *a, struct session *s,
	const char *file, struct subjects *out);

/*
 * subjects_bind - bind from *NEXT on as many as fit at a time.
 *
 * *NEXT is then the first that is left.  A binding that was there counts as
 * bound.  Prints and fails when the only subject is refused.
 */
enum status subjects_bind(const struct args *a, struct session *s,
	struct subjects *all, size_t *next);
enum status subjects_unbind(
	const struct args *a, struct session *s, struct subjects *all);
void subjects_release(struct subjects *all);

#endif /* TOOLS_SUBJECT_H */
