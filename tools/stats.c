/*
 * stats.c - percentiles by nearest rank, and histograms as SVG.
 */
#include "stats.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *name;
	double p;
} ranks[] = { { "min", 0 }, { "p50", 0.5 }, { "p90", 0.9 }, { "p99", 0.99 },
	{ "p999", 0.999 }, { "max", 1 } };

enum { RANKS = sizeof(ranks) / sizeof(ranks[0]) };

void
samples_add(struct samples *s, double v)
{
	if (s->n == s->room) {
		size_t room = s->room > 0 ? 2 * s->room : 1024;
		double *more = xalloc(room * sizeof(*more));

		if (s->n > 0)
			memcpy(more, s->v, s->n * sizeof(*more));
		free(s->v);
		s->v = more;
		s->room = room;
	}
	s->v[s->n++] = v;
	s->sorted = false;
}

void
samples_free(struct samples *s)
{
	free(s->v);
	memset(s, 0, sizeof(*s));
}

static int
by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double
samples_rank(struct samples *s, double p)
{
	size_t i;

	if (s->n == 0)
		return 0;
	if (!s->sorted)
		qsort(s->v, s->n, sizeof(*s->v), by_value);
	s->sorted = true;
	i = (size_t)ceil(p * (double)s->n);
	return s->v[i > 0 ? i - 1 : 0];
}

/* A sorted copy, so that callers may keep theirs in order of arrival. */
static struct samples
sorted_copy(const struct samples *s)
{
	struct samples copy = { .n = s->n, .room = s->n };

	copy.v = xalloc(s->n * sizeof(*copy.v));
	if (s->n > 0)
		memcpy(copy.v, s->v, s->n * sizeof(*copy.v));
	return copy;
}

json_t *
samples_json(const struct samples *s, bool whole)
{
	struct samples copy = sorted_copy(s);
	json_t *o = s->n > 0 ? json_object() : json_null();

	for (size_t i = 0; i < RANKS && s->n > 0; i++) {
		double v = samples_rank(&copy, ranks[i].p);

		json_object_set_new(o, ranks[i].name,
			whole ? json_integer((json_int_t)llround(v))
			      : json_real(round(v * 10) / 10));
	}
	samples_free(&copy);
	return o;
}

void
samples_print(const struct samples *s, const char *what, FILE *out)
{
	struct samples copy = sorted_copy(s);

	fprintf(out, "%-12s", what);
	for (size_t i = 0; i < RANKS; i++) {
		if (s->n == 0)
			fprintf(out, "  %s -", ranks[i].name);
		else
			fprintf(out, "  %s %.6g", ranks[i].name,
				samples_rank(&copy, ranks[i].p));
	}
	fputc('\n', out);
	samples_free(&copy);
}

/* --- histogram ---------------------------------------------------------------- */

enum { BINS = 50, WIDTH = 640, HEIGHT = 320, LEFT = 60, BOTTOM = 40, TOP = 40 };

static void
draw_bars(FILE *f, const size_t *bin, size_t bins, size_t most)
{
	double w = (double)(WIDTH - LEFT - 20) / (double)bins;
	double high = HEIGHT - TOP - BOTTOM;

	for (size_t i = 0; i < bins; i++) {
		double h = high * (double)bin[i] / (double)most;

		if (bin[i] > 0)
			fprintf(f,
				"<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" "
				"height=\"%.1f\" fill=\"#3b6ea5\"/>\n",
				LEFT + w * (double)i,
				HEIGHT - BOTTOM - (h < 1 ? 1 : h), w * 0.9,
				h < 1 ? 1 : h);
	}
}

static void
draw(FILE *f, struct samples *s, const char *title, const char *unit)
{
	double low = samples_rank(s, 0), high = samples_rank(s, 1);
	double width = ceil((high - low + 1) / BINS);
	size_t bins = (size_t)((high - low) / width) + 1;
	size_t bin[BINS + 1] = { 0 }, most = 0;

	for (size_t i = 0; i < s->n; i++) {
		size_t at = (size_t)((s->v[i] - low) / width);

		bin[at]++;
		most = bin[at] > most ? bin[at] : most;
	}
	fprintf(f,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" "
		"height=\"%d\" font-family=\"sans-serif\" font-size=\"12\">\n"
		"<rect width=\"%d\" height=\"%d\" fill=\"white\"/>\n"
		"<text x=\"%d\" y=\"20\">%s: %zu samples, p50 %.6g, p99 %.6g "
		"%s</text>\n",
		WIDTH, HEIGHT, WIDTH, HEIGHT, LEFT, title, s->n,
		samples_rank(s, 0.5), samples_rank(s, 0.99), unit);
	draw_bars(f, bin, bins, most);
	fprintf(f,
		"<path d=\"M%d %d V%d H%d\" stroke=\"black\" fill=\"none\"/>\n"
		"<text x=\"%d\" y=\"%d\">%.6g</text>\n"
		"<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%.6g %s</text>\n"
		"<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%zu</text>\n"
		"</svg>\n",
		LEFT, TOP, HEIGHT - BOTTOM, WIDTH - 20, LEFT,
		HEIGHT - BOTTOM + 18, low, WIDTH - 20, HEIGHT - BOTTOM + 18,
		high, unit, LEFT - 6, TOP + 10, most);
}

enum status
samples_svg(const struct args *a, const struct samples *s, const char *title,
	const char *unit, const char *path)
{
	struct samples copy = sorted_copy(s);
	FILE *f = fopen(path, "we");
	int bad;

	if (f == NULL) {
		samples_free(&copy);
		return cli_fail(a, "%s: %s", path, strerror(errno));
	}
	if (s->n > 0)
		draw(f, &copy, title, unit);
	else
		fputs("<svg xmlns=\"http://www.w3.org/2000/svg\"/>\n", f);
	bad = ferror(f);
	samples_free(&copy);
	if (fclose(f) != 0 || bad)
		return cli_fail(a, "cannot write %s", path);
	return STATUS_OK;
}
