/*
 * terms.c - read the and, or, not of a pcap expression, and rearrange them.
 *
 * As in libpcap, `not` binds closest, `and` and `or` bind alike and from the
 * left.  What stands between them is a primitive, whatever it says.
 */
#include "terms.h"

#include "cli.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum token { T_END, T_AND, T_OR, T_NOT, T_OPEN, T_CLOSE, T_OTHER };

struct reader {
	struct terms *t;
	const char *text;
	size_t at; /* of the token */
	size_t next;
	enum token token;
};

static bool
is_word(char c)
{
	return isalnum((unsigned char)c) || strchr("_.:-\\", c) != NULL;
}

static enum token
classify(const char *p, size_t n)
{
	static const struct {
		const char *text;
		enum token token;
	} tokens[] = { { "and", T_AND }, { "&&", T_AND }, { "or", T_OR },
		{ "||", T_OR }, { "not", T_NOT }, { "!", T_NOT },
		{ "(", T_OPEN }, { "[", T_OPEN }, { ")", T_CLOSE },
		{ "]", T_CLOSE } };

	for (size_t i = 0; i < sizeof(tokens) / sizeof(tokens[0]); i++)
		if (strlen(tokens[i].text) == n &&
			memcmp(tokens[i].text, p, n) == 0)
			return tokens[i].token;
	return T_OTHER;
}

static void
advance(struct reader *r)
{
	const char *p;
	size_t n = 1;

	while (isspace((unsigned char)r->text[r->next]))
		r->next++;
	r->at = r->next;
	p = r->text + r->at;
	if (*p == '\0') {
		r->token = T_END;
		return;
	}
	if (*p != '\0' && is_word(*p)) {
		while (p[n] != '\0' && is_word(p[n]))
			n++;
	} else if (strncmp(p, "&&", 2) == 0 || strncmp(p, "||", 2) == 0 ||
		   (p[1] == '=' && strchr("!<>=", p[0]) != NULL)) {
		n = 2;
	}
	r->token = classify(p, n);
	r->next = r->at + n;
}

static void
go_back(struct reader *r, size_t at)
{
	r->next = at;
	advance(r);
}

static struct term *
new_term(struct reader *r, enum term_kind kind, struct term *left,
	struct term *right)
{
	struct term *p;

	if (r->t->n == TERMS_MAX)
		return NULL;
	p = &r->t->v[r->t->n++];
	memset(p, 0, sizeof(*p));
	p->kind = kind;
	p->left = left;
	p->right = right;
	return p;
}

static bool
is_tag(const char *p)
{
	static const char *const tags[] = { "vlan", "mpls", "pppoes",
		"geneve" };

	for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++) {
		size_t n = strlen(tags[i]);

		if (strncmp(p, tags[i], n) == 0 && !is_word(p[n]))
			return true;
	}
	return false;
}

/* Everything up to the next and, or, not or closing parenthesis. */
static struct term *
primitive(struct reader *r)
{
	size_t start = r->at, end = r->at;
	unsigned depth = 0;
	struct term *p;

	for (;; advance(r)) {
		if (r->token == T_END || (depth == 0 && r->token != T_OTHER &&
						 r->token != T_OPEN))
			break;
		depth += r->token == T_OPEN;
		depth -= r->token == T_CLOSE;
		end = r->next;
	}
	p = end > start && depth == 0 ? new_term(r, TERM_PRIMITIVE, NULL, NULL)
				      : NULL;
	if (p == NULL)
		return NULL;
	p->start = start;
	p->end = end;
	p->tags = p->ensured = is_tag(r->text + start);
	return p;
}

static struct term *expression(struct reader *r, unsigned depth);

/* A parenthesis that holds terms, not arithmetic; NULL: it does not. */
static struct term *
group(struct reader *r, unsigned depth)
{
	size_t start = r->at, had = r->t->n;
	struct term *p;

	if (r->text[start] != '(')
		return NULL;
	advance(r);
	p = expression(r, depth + 1);
	if (p != NULL && r->token == T_CLOSE) {
		size_t end = r->next;

		advance(r);
		if (r->token != T_OTHER) {
			p->grouped = true;
			p->start = start;
			p->end = end;
			return p;
		}
	}
	r->t->n = had;
	go_back(r, start);
	return NULL;
}

static struct term *
operand(struct reader *r, unsigned depth)
{
	size_t start = r->at;
	struct term *p;

	if (depth > 64)
		return NULL;
	if (r->token == T_NOT) {
		advance(r);
		p = operand(r, depth + 1);
		if (p == NULL)
			return NULL;
		p = new_term(r, TERM_NOT, p, NULL);
		if (p == NULL)
			return NULL;
		p->start = start;
		p->end = p->left->end;
		p->tags = p->left->tags;
		return p;
	}
	p = r->token == T_OPEN ? group(r, depth) : NULL;
	return p != NULL ? p : primitive(r);
}

static struct term *
expression(struct reader *r, unsigned depth)
{
	struct term *p = operand(r, depth);

	while (p != NULL && (r->token == T_AND || r->token == T_OR)) {
		bool both = r->token == T_AND;
		struct term *left = p, *right;

		advance(r);
		right = operand(r, depth);
		p = right == NULL ? NULL
				  : new_term(r, both ? TERM_AND : TERM_OR, left,
					    right);
		if (p == NULL)
			return NULL;
		p->start = left->start;
		p->end = right->end;
		p->tags = left->tags + right->tags;
		p->ensured = left->ensured + right->ensured;
		if (!both)
			p->ensured = left->ensured < right->ensured
					     ? left->ensured
					     : right->ensured;
	}
	return p;
}

bool
terms_read(const char *text, struct terms *out)
{
	struct reader r = { .t = out, .text = text };

	out->text = text;
	out->n = 0;
	advance(&r);
	out->root = expression(&r, 0);
	return out->root != NULL && r.token == T_END;
}

bool
term_has(const struct terms *t, const struct term *p, const char *word,
	bool bracket)
{
	size_t n = strlen(word);

	for (size_t i = p->start; i + n <= p->end; i++) {
		size_t after = i + n;

		if ((i > 0 && is_word(t->text[i - 1])) ||
			strncmp(t->text + i, word, n) != 0 ||
			(t->text[after] != '\0' && is_word(t->text[after])))
			continue;
		while (t->text[after] == ' ')
			after++;
		if (!bracket || t->text[after] == '[')
			return true;
	}
	return false;
}

char *
terms_with(const struct terms *t, const struct term *p, const char *with)
{
	return xformat(
		"%.*s%s%s", (int)p->start, t->text, with, t->text + p->end);
}

char *
term_text(const struct terms *t, const struct term *p)
{
	return xformat("%.*s", (int)(p->end - p->start), t->text + p->start);
}

/* --- tags last --------------------------------------------------------------- */

/* The outermost AND or OR whose right side is tested behind tags that need not be
 * there; NULL: none. */
static const struct term *
tag_in_the_way(const struct term *p)
{
	const struct term *found;

	if (p == NULL)
		return NULL;
	if ((p->kind == TERM_OR && p->left->tags > 0) ||
		(p->kind == TERM_AND && p->left->tags > p->left->ensured))
		return p;
	found = tag_in_the_way(p->left);
	return found != NULL ? found : tag_in_the_way(p->right);
}

/* P as an operand of anything. */
static char *
operand_text(const struct terms *t, const struct term *p)
{
	char *text = term_text(t, p), *all;

	if (p->grouped || p->kind == TERM_PRIMITIVE || p->kind == TERM_NOT)
		return text;
	all = xformat("(%s)", text);
	free(text);
	return all;
}

static char *
swapped(const struct terms *t, const struct term *p)
{
	char *left = operand_text(t, p->left);
	char *right = operand_text(t, p->right);
	char *both = xformat("%s%s %s %s%s", p->grouped ? "(" : "", right,
		p->kind == TERM_OR ? "or" : "and", left, p->grouped ? ")" : "");
	char *all = terms_with(t, p, both);

	free(left);
	free(right);
	free(both);
	return all;
}

char *
terms_tags_last(const char *text)
{
	enum { ROUNDS = 16 };
	struct terms *t = xalloc(sizeof(*t));
	char *now = NULL, *then;

	for (int i = 0; i < ROUNDS; i++) {
		const struct term *p;

		if (!terms_read(now != NULL ? now : text, t))
			break;
		p = tag_in_the_way(t->root);
		if (p == NULL) {
			free(t);
			return now;
		}
		/* Nobody can stand behind the other's tag. */
		if (p->right->tags > 0)
			break;
		then = swapped(t, p);
		free(now);
		now = then;
	}
	free(now);
	free(t);
	return NULL;
}

/* --- and before or ------------------------------------------------------------ */

/* An AND without parentheses around the OR on its left; NULL: none. */
static const struct term *
mixed(const struct term *p)
{
	const struct term *found;

	if (p == NULL)
		return NULL;
	if (p->kind == TERM_AND)
		for (const struct term *l = p->left;
			!l->grouped &&
			(l->kind == TERM_AND || l->kind == TERM_OR);
			l = l->left)
			if (l->kind == TERM_OR)
				return p;
	found = mixed(p->left);
	return found != NULL ? found : mixed(p->right);
}

/* The chain that ends in P with parentheses around each run of ands. */
static char *
regrouped(const struct terms *t, const struct term *p)
{
	const struct term **chain = xalloc((t->n + 1) * sizeof(*chain));
	const struct term *l = p;
	size_t n = 0;
	char *text = NULL, *part;
	bool open = false;
	size_t bytes;
	FILE *out = open_memstream(&text, &bytes);

	if (out == NULL)
		abort();
	for (;; l = l->left) {
		chain[n++] = l;
		if (l != p && l->grouped)
			break;
		if (l->kind != TERM_AND && l->kind != TERM_OR)
			break;
	}
	/* chain[n - 1] is the first operand, then each one's right side. */
	for (size_t i = n; i-- > 0;) {
		bool first = i == n - 1;
		bool and_next = i > 0 && chain[i - 1]->kind == TERM_AND;

		if (!first)
			fputs(chain[i]->kind == TERM_AND ? " and " : " or ",
				out);
		if (and_next && !open)
			fputc('(', out);
		part = operand_text(t, first ? chain[i] : chain[i]->right);
		fputs(part, out);
		free(part);
		if (!and_next && open)
			fputc(')', out);
		open = and_next;
	}
	fclose(out);
	free(chain);
	return text;
}

char *
terms_and_first(const struct terms *t)
{
	const struct term *p = mixed(t->root);
	struct term whole;
	char *chain, *all;

	if (p == NULL)
		return NULL;
	/* The span of a group is that of its parentheses. */
	whole = *p;
	chain = regrouped(t, p);
	if (p->grouped) {
		all = xformat("(%s)", chain);
		free(chain);
		chain = all;
	}
	all = terms_with(t, &whole, chain);
	free(chain);
	return all;
}
