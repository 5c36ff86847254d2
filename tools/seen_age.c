/*
 * seen_age.c - ages from a clock that wraps, and what people read of them.
 */
#include "seen.h"

#include <math.h>

#define COUNT_S (6e-9)
#define WRAP_S  (4294967296.0 * COUNT_S)

struct seen_age
seen_resolve(uint32_t now, uint32_t last, double since)
{
	struct seen_age age = { .least = (now - last) * COUNT_S };
	double wraps = floor((since - age.least) / WRAP_S);

	age.most = age.least + (wraps > 0 ? wraps : 0) * WRAP_S;
	return age;
}

static void
duration(double s, char *out, size_t room)
{
	if (s < 100)
		snprintf(out, room, "%.1f s", s);
	else if (s < 6000)
		snprintf(out, room, "%.0f min", s / 60);
	else
		snprintf(out, room, "%.1f h", s / 3600);
}

const char *
seen_words(const struct seen_age *age, bool brief, char *out, size_t room)
{
	char least[24], most[24];
	bool sure = age->most - age->least < 1;

	duration(age->least, least, sizeof(least));
	duration(age->most, most, sizeof(most));
	if (age->never)
		snprintf(out, room, "never");
	else if (brief)
		snprintf(out, room, "%s%s ago", sure ? "" : "~", least);
	else if (sure)
		snprintf(out, room, "%s ago", least);
	else
		snprintf(out, room,
			"%s ago, or multiples of %.1f s more, at most %s ago",
			least, WRAP_S, most);
	return out;
}

void
seen_json(const struct seen_age *age, json_t *o)
{
	json_object_set_new(o, "never_matched", json_boolean(age->never));
	json_object_set_new(o, "last_match_s",
		age->never ? json_null() : json_real(age->least));
	json_object_set_new(o, "last_match_most_s",
		age->never ? json_null() : json_real(age->most));
}
