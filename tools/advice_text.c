/*
 * advice_text.c - warnings about pcap expressions, each proved before it is given.
 *
 * What libpcap's manual says in passing and its users meet: tags move what is
 * tested behind them, tcp[] and udp[] are about IPv4, `and` binds no closer than
 * `or`, ports are in first fragments only.  terms.h takes the text apart.
 */
#include "advice.h"

#include "terms.h"

#include <stdlib.h>
#include <string.h>

enum {
	LARGE = 1500, /* instructions: no parts of such programs are compiled */
	PARTS = 24,   /* alternatives that are tried without the others */
};

/* TEXT for frames as they are on the wire: so short ones, where loads fail, make
 * no difference. */
static bool
compile_whole(const char *text, struct expr *out)
{
	char *whole = xformat(text[strspn(text, " \t\n")] == '\0'
				      ? "ether[%d] >= 0%s"
				      : "ether[%d] >= 0 and (%s)",
		FRAME_MIN - 1, text);
	char *why = expr_try(whole, out);
	bool good = why == NULL;

	free(whole);
	free(why);
	return good;
}

enum meaning { SAME, OTHER, NONE };

/* What TEXT means beside THAN; NONE: nothing, or it is too hard to say. */
static enum meaning
compare(const char *text, const char *than)
{
	struct expr a, b;
	struct dpf_example ex = { .len = 0 };
	enum meaning m = NONE;
	bool first = compile_whole(text, &a), second = compile_whole(than, &b);

	if (first && second && a.bytes == b.bytes &&
		memcmp(a.blob, b.blob, a.bytes) == 0)
		m = SAME;
	else if (first && second)
		m = expr_relate(&a.filter, &b.filter, &ex) == DPF_EQUAL ? SAME
									: OTHER;
	expr_release(&a);
	expr_release(&b);
	return m;
}

/* --- tags ---------------------------------------------------------------------- */

/* A frame that both A and B take and E does not. */
static bool
missed(const struct expr *e, const char *a, const char *b,
	struct dpf_example *ex)
{
	struct expr x, y;
	char *why = expr_try(a, &x), *why2 = expr_try(b, &y);
	bool found = false;

	ex->len = 0;
	if (why == NULL && why2 == NULL) {
		(void)expr_relate(&x.filter, &y.filter, ex);
		found = ex->len > 0 &&
			!dpf_interp(&e->filter, ex->frame, ex->len, ex->len);
	}
	if (!found)
		ex->len = 0;
	free(why);
	free(why2);
	expr_release(&x);
	expr_release(&y);
	return found;
}

/* The first term whose right side is tested behind a tag that need not be there. */
static const struct term *
first_moved(const struct term *p)
{
	const struct term *found;

	if (p == NULL || p->kind == TERM_PRIMITIVE)
		return NULL;
	found = first_moved(p->left);
	if (found == NULL)
		found = first_moved(p->right);
	if (found != NULL)
		return found;
	if ((p->kind == TERM_OR && p->left->tags > 0) ||
		(p->kind == TERM_AND && p->left->tags > p->left->ensured))
		return p;
	return NULL;
}

static void
advise_tags(const struct expr *e, const struct terms *t, struct advices *all)
{
	const struct term *p = first_moved(t->root);
	struct dpf_example ex = { .len = 0 };
	struct advice *advice;
	char *cure, *left, *right, *text;

	if (p == NULL)
		return;
	cure = terms_tags_last(e->text);
	if (cure != NULL && compare(cure, e->text) == SAME) {
		free(cure);
		return;
	}
	left = term_text(t, p->left);
	right = term_text(t, p->right);
	if (cure != NULL)
		(void)missed(e, right, cure, &ex);
	if (p->right->tags > 0)
		text = xformat("'%s' moves all tests behind it past the tag, "
			       "across `or` too: here '%s' is a second tag "
			       "inside the first; compare the tag itself, as "
			       "in vlan and (ether[14:2] & 0xfff = 5 or "
			       "ether[14:2] & 0xfff = 6)",
			left, right);
	else
		text = xformat("'%s' moves all tests behind it past the tag, "
			       "across `or` and `not` too: here '%s' matches "
			       "nothing that is not tagged",
			left, right);
	advice = advice_add(all, "tag", false, text, cure);
	advice->example = ex;
	free(left);
	free(right);
}

/* --- tcp[...] ------------------------------------------------------------------ */

static char *
replaced(const char *text, const char *what, const char *with)
{
	size_t n = strlen(what);
	char *all = xformat("%s", ""), *more;

	while (*text != '\0') {
		const char *hit = strstr(text, what);
		int before =
			hit != NULL ? (int)(hit - text) : (int)strlen(text);

		more = xformat(
			"%s%.*s%s", all, before, text, hit != NULL ? with : "");
		free(all);
		all = more;
		text = hit != NULL ? hit + n : text + before;
	}
	return all;
}

/* Does libpcap understand TEXT? */
static bool
compiles(const char *text)
{
	struct expr e;
	char *why = expr_try(text, &e);
	bool good = why == NULL;

	if (good)
		expr_release(&e);
	free(why);
	return good;
}

/* Beside each primitive that has PROTO[ the same for IPv6; NULL: libpcap cannot
 * say it. */
static char *
with_ip6(const struct terms *t, const char *proto, int number)
{
	char *bracket = xformat("%s[", proto), *all = NULL;
	size_t at = 0, n;
	bool good = true;
	FILE *out = open_memstream(&all, &n);

	if (out == NULL)
		abort();
	for (size_t i = 0; i < t->n; i++) {
		const struct term *p = &t->v[i];
		char *own, *ip6;

		if (p->kind != TERM_PRIMITIVE || !term_has(t, p, proto, true))
			continue;
		own = term_text(t, p);
		good = good && strstr(own, bracket) != NULL;
		ip6 = replaced(own, bracket, "ip6[40 + ");
		fprintf(out, "%.*s(%s or (ip6[6] = %d and %s))",
			(int)(p->start - at), t->text + at, own, number, ip6);
		at = p->end;
		free(own);
		free(ip6);
	}
	fputs(t->text + at, out);
	fclose(out);
	free(bracket);
	if (good && compiles(all))
		return all;
	free(all);
	return NULL;
}

/* Would it matter if primitive P took PROTO over IPv6 too? */
static bool
takes_ip6(const struct terms *t, const struct term *p, const char *proto)
{
	char *any = xformat("(%s)", proto);
	char *ip4 = xformat("(ip and %s)", proto);
	char *with_any = terms_with(t, p, any), *with_4 = terms_with(t, p, ip4);
	bool matters = compare(with_any, with_4) == OTHER;

	free(any);
	free(ip4);
	free(with_any);
	free(with_4);
	return matters;
}

static bool
advise_ip6_at(const struct terms *t, const struct term *p, struct advices *all)
{
	static const struct {
		const char *name;
		int number;
	} protos[] = { { "tcp", 6 }, { "udp", 17 }, { "sctp", 132 } };

	for (size_t i = 0; i < sizeof(protos) / sizeof(protos[0]); i++) {
		const char *name = protos[i].name;

		if (!term_has(t, p, name, true) || term_has(t, p, "ip", true) ||
			!takes_ip6(t, p, name))
			continue;
		advice_add(all, "ipv4-only", false,
			xformat("%s[...] is true of no IPv6 packet and of no "
				"fragment but the first, whatever it asks for",
				name),
			with_ip6(t, name, protos[i].number));
		return true;
	}
	return false;
}

static void
advise_ip6(const struct terms *t, struct advices *all)
{
	for (size_t i = 0; i < t->n; i++)
		if (t->v[i].kind == TERM_PRIMITIVE &&
			advise_ip6_at(t, &t->v[i], all))
			return;
}

/* --- fragments ------------------------------------------------------------------ */

static void
advise_fragments(
	const struct expr *e, const struct terms *t, struct advices *all)
{
	static const char *const words[] = { "port", "portrange" };
	struct dpf_example ex = { .len = 0 };
	const char *word = NULL;
	struct expr udp;
	char *why;

	for (size_t i = 0; i < t->n && word == NULL; i++) {
		const struct term *p = &t->v[i];

		for (size_t k = 0; k < 2 && p->kind == TERM_PRIMITIVE; k++)
			if (term_has(t, p, words[k], false))
				word = words[k];
		if (p->kind == TERM_PRIMITIVE && term_has(t, p, "ip", true))
			return; /* the author knows headers */
	}
	if (word == NULL)
		return;
	why = expr_try("ip and udp", &udp);
	if (why == NULL &&
		expr_relate(&e->filter, &udp.filter, &ex) != DPF_DISJOINT)
		advice_add(all, "fragments", true,
			xformat("fragments but the first have no ports: '%s' "
				"is false of them",
				word),
			NULL);
	if (why == NULL)
		expr_release(&udp);
	free(why);
}

/* --- precedence, alternatives ------------------------------------------------------ */

static void
advise_precedence(
	const struct expr *e, const struct terms *t, struct advices *all)
{
	char *other = terms_and_first(t);

	if (other != NULL && compare(other, e->text) == OTHER) {
		advice_add(all, "precedence", false,
			xformat("`and` binds no closer than `or`, both group "
				"from the left: all that stands before `and` "
				"is its one side"),
			other);
		return;
	}
	free(other);
}

/* Is P an alternative that can be left out? */
static bool
is_spare(const struct expr *e, const struct terms *t, const struct term *p,
	const struct term *part, const struct term *rest)
{
	char *kept = term_text(t, rest);
	char *wrapped = xformat("(%s)", kept);
	char *without = terms_with(t, p, wrapped), *own = term_text(t, part);
	bool spare = compiles(own) && compare(without, e->text) == SAME;

	free(own);
	free(kept);
	free(wrapped);
	free(without);
	return spare;
}

static void
advise_alternatives(
	const struct expr *e, const struct terms *t, struct advices *all)
{
	unsigned tried = 0;

	for (size_t i = 0; i < t->n && tried < PARTS; i++) {
		const struct term *p = &t->v[i], *spare = NULL;

		if (p->kind != TERM_OR)
			continue;
		tried++;
		if (is_spare(e, t, p, p->right, p->left))
			spare = p->right;
		else if (is_spare(e, t, p, p->left, p->right))
			spare = p->left;
		if (spare == NULL)
			continue;
		advice_add(all, "redundant", true,
			xformat("'%.*s' adds nothing: it matches nothing that "
				"the rest does not match",
				(int)(spare->end - spare->start),
				t->text + spare->start),
			NULL);
		return;
	}
}

/* --- all ----------------------------------------------------------------------------- */

void
advices_of_text(const struct expr *e, struct advices *all)
{
	struct terms *t;

	if (e->prog.bf_len > LARGE)
		return;
	t = xalloc(sizeof(*t));
	if (terms_read(e->text, t)) {
		advise_tags(e, t, all);
		advise_ip6(t, all);
		advise_fragments(e, t, all);
		advise_precedence(e, t, all);
		if (t->root->tags == 0 && e->filter.nnodes > 0)
			advise_alternatives(e, t, all);
	}
	free(t);
}
