/*
 * seen.h - when a binding matched last, in the machine's seconds.
 *
 * The kernel keeps the CP0 Count of the last match, which wraps every 25.8 s.
 * What the tool saw at earlier looks (DIR/seen) says how often it did.
 */
#ifndef TOOLS_SEEN_H
#define TOOLS_SEEN_H

#include "bindings.h"

struct seen;

/* How long ago it was: LEAST s, or that and some wraps more, up to MOST s. */
struct seen_age {
	bool never;
	double least, most; /* equal when it is certain */
};

/* Take a look: S->info has all tables.  Release it. */
enum status seen_look(
	const struct args *a, struct session *s, struct seen **out);
void seen_release(struct seen *seen);

/* Of the binding in slot SLOT of the table. */
struct seen_age seen_age(const struct seen *seen, size_t slot);

/* "never", "3.2 s ago", "4 min ago", "3.2 s ago or before (at most 2 min)" into
 * OUT; SHORT: without what is in doubt, "~3.2 s". */
const char *seen_words(
	const struct seen_age *age, bool brief, char *out, size_t room);

/* Members "last_match_s", "last_match_most_s" (null: never), "never_matched". */
void seen_json(const struct seen_age *age, json_t *o);

/* --- for tests ------------------------------------------------------------------ */

/*
 * seen_resolve - how long ago was the match at Count LAST, when Count is NOW?
 *
 * It was less than SINCE seconds ago, since when the binding has been looked at
 * or the machine been up.
 */
struct seen_age seen_resolve(uint32_t now, uint32_t last, double since);

#endif /* TOOLS_SEEN_H */
