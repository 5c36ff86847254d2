/*
 * advice.c - warnings about filters: those that their graphs tell, and all lists.
 *
 * What can be said about the text of a pcap expression is in advice_text.c.
 */
#include "advice.h"

#include "frame_text.h"

#include <stdlib.h>
#include <string.h>

struct advice *
advice_add(struct advices *all, const char *kind, bool note, char *text,
	char *cure)
{
	static struct advice lost;
	struct advice *p = all->n < ADVICE_MAX ? &all->v[all->n++] : &lost;

	if (p == &lost) {
		free(text);
		free(cure);
		return p;
	}
	*p = (struct advice){
		.kind = kind, .note = note, .text = text, .cure = cure
	};
	return p;
}

static bool
is_end(const struct expr *e, unsigned end)
{
	return e->filter.nnodes == 0 && e->filter.root == end;
}

/* --- the graph ----------------------------------------------------------------------- */

/* Only demands bytes that every frame has? */
static bool
takes_all(const struct expr *e)
{
	for (unsigned i = 0; i < e->filter.nnodes; i++) {
		const struct dpf_node *n = &e->filter.nodes[i];

		if (n->op != DPF_EQ || n->mask != 0 ||
			n->base != DPF_BASE_FRAME ||
			n->off + n->width > FRAME_MIN || n->yes == DPF_REJECT)
			return false;
	}
	return e->filter.nresidual == 0 &&
	       (e->filter.nnodes > 0 || is_end(e, DPF_ACCEPT));
}

static void
advise_ends(const struct expr *e, struct advices *all)
{
	if (is_end(e, DPF_REJECT))
		advice_add(all, "never", false,
			xformat("no frame can match: its tests contradict each "
				"other"),
			NULL);
	if (takes_all(e))
		advice_add(all, "everything",
			e->text == NULL || e->text[0] == '\0',
			xformat("matches every frame"), NULL);
}

/* How comparing lengths MIN..MAX with the value of N ends: 0, 1, or both: 2. */
static int
outcome(const struct dpf_node *n, uint32_t min, uint32_t max)
{
	if (n->op == DPF_EQ)
		return n->value < min || n->value > max ? 0 : 2;
	return n->value >= max ? 0 : n->value < min ? 1 : 2;
}

static void
advise_length(const struct expr *e, struct advices *all)
{
	for (unsigned i = 0; i < e->filter.nnodes; i++) {
		const struct dpf_node *n = &e->filter.nodes[i];

		if (n->base != DPF_BASE_LEN || n->mask != 0xffffffff)
			continue;
		if (outcome(n, FRAME_MIN, FRAME_TAGGED) != 2) {
			advice_add(all, "length", false,
				xformat("frames on the wire have %d to %d "
					"bytes (%d with a VLAN tag): comparing "
					"a length with %u decides nothing",
					FRAME_MIN, FRAME_MAX, FRAME_TAGGED,
					n->value),
				NULL);
			return;
		}
		if (outcome(n, FRAME_MIN, FRAME_MAX) != 2) {
			advice_add(all, "length", true,
				xformat("only frames with a VLAN tag are "
					"longer than %d bytes",
					FRAME_MAX),
				NULL);
			return;
		}
	}
}

/* --- all ----------------------------------------------------------------------------- */

void
advices_of(const struct expr *e, struct advices *out)
{
	out->n = 0;
	advise_ends(e, out);
	advise_length(e, out);
	if (e->text != NULL)
		advices_of_text(e, out);
}

void
advice_identical(struct advices *out, const char *name)
{
	advice_add(out, "identical", false,
		xformat("takes the same frames as '%s'", name), NULL);
}

void
advices_release(struct advices *all)
{
	for (size_t i = 0; i < all->n; i++) {
		free(all->v[i].text);
		free(all->v[i].cure);
	}
	all->n = 0;
}

static void
print(const struct advice *p, FILE *out)
{
	fprintf(out, "%s: %s\n", p->note ? "note" : "warning", p->text);
	if (p->example.len > 0) {
		fputs("  not matched: ", out);
		frame_print(p->example.frame, p->example.len, out);
		fputc('\n', out);
	}
	if (p->cure != NULL)
		fprintf(out, "  perhaps meant: %s\n", p->cure);
}

void
advices_print(const struct advices *all, bool notes, FILE *out)
{
	for (size_t i = 0; i < all->n; i++)
		if (!all->v[i].note)
			print(&all->v[i], out);
	for (size_t i = 0; i < all->n && notes; i++)
		if (all->v[i].note)
			print(&all->v[i], out);
}

json_t *
advices_json(const struct advices *all)
{
	json_t *list = json_array();

	for (size_t i = 0; i < all->n; i++) {
		const struct advice *p = &all->v[i];
		json_t *o = json_pack("{s:s, s:s, s:s}", "kind", p->kind,
			"severity", p->note ? "note" : "warning", "text",
			p->text);

		if (p->cure != NULL)
			json_object_set_new(o, "cure", json_string(p->cure));
		if (p->example.len > 0)
			frame_json(p->example.frame, p->example.len, o);
		json_array_append_new(list, o);
	}
	return list;
}
