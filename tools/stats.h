/*
 * stats.h - percentiles of samples, as text, JSON and a picture.
 */
#ifndef TOOLS_STATS_H
#define TOOLS_STATS_H

#include "cli.h"

struct samples {
	double *v;
	size_t n, room;
	bool sorted;
};

void samples_add(struct samples *s, double v);
void samples_free(struct samples *s);

/* Nearest rank, P in 0..1; 0 without samples.  Sorts. */
double samples_rank(struct samples *s, double p);

/* {min p50 p90 p99 p999 max}; null without samples.  WHOLE: as integers. */
json_t *samples_json(const struct samples *s, bool whole);

/* One line: what, then the six figures. */
void samples_print(const struct samples *s, const char *what, FILE *out);

/* Draw a histogram of S, in UNIT, titled TITLE. */
enum status samples_svg(const struct args *a, const struct samples *s,
	const char *title, const char *unit, const char *path);

#endif /* TOOLS_STATS_H */
