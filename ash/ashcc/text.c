/*
 * text.c - read what gcc -S wrote into lines, functions and the rest.
 *
 * gcc prints one statement a line and names registers by number; that is all this
 * relies on.  What a delay slot holds is told by `.set noreorder` around the jump.
 */
#include "ash/ashcc/text.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_INSN = 256 };

void
die(const char *format, ...)
{
	va_list ap;

	fputs("ashcc: ", stderr);
	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(1);
}

void *
xalloc(size_t bytes)
{
	void *p = calloc(1, bytes);

	if (p == NULL)
		die("out of memory");
	return p;
}

/* --- lists ----------------------------------------------------------------- */

struct line *
line_new(enum line_kind kind, const char *text)
{
	struct line *n = xalloc(sizeof(*n));

	n->kind = kind;
	n->text = strdup(text);
	if (n->text == NULL)
		die("out of memory");
	return n;
}

struct line *
line_insn(const struct insn *i)
{
	struct line *n = xalloc(sizeof(*n));

	n->kind = LINE_INSN;
	n->insn = *i;
	return n;
}

void
list_insert(struct list *l, struct line *before, struct line *n)
{
	n->next = before;
	n->prev = before == NULL ? l->last : before->prev;
	if (n->prev == NULL)
		l->first = n;
	else
		n->prev->next = n;
	if (before == NULL)
		l->last = n;
	else
		before->prev = n;
}

void
list_append(struct list *l, struct line *n)
{
	list_insert(l, NULL, n);
}

void
list_remove(struct list *l, struct line *n)
{
	if (n->prev == NULL)
		l->first = n->next;
	else
		n->prev->next = n->next;
	if (n->next == NULL)
		l->last = n->prev;
	else
		n->next->prev = n->prev;
	n->next = n->prev = NULL;
}

/* --- one line -------------------------------------------------------------- */

static char *
trim(char *s)
{
	char *end;

	while (isspace((unsigned char)*s))
		s++;
	end = s + strlen(s);
	while (end > s && isspace((unsigned char)end[-1]))
		*--end = '\0';
	return s;
}

/* Cut a comment off; gcc uses '#', and never inside operands. */
static char *
strip(char *s)
{
	s[strcspn(s, "#")] = '\0';
	return trim(s);
}

static void
parse_insn(const char *text, struct insn *i)
{
	char copy[MAX_INSN], *s, *comma;
	size_t n = strcspn(text, " \t");

	*i = (struct insn){ .nargs = 0 };
	if (n >= sizeof(i->op) || strlen(text) >= sizeof(copy))
		die("unknown instruction: %s", text);
	memcpy(i->op, text, n);
	snprintf(copy, sizeof(copy), "%s", text + n);
	s = trim(copy);
	while (*s != '\0') {
		comma = strchr(s, ',');
		if (comma != NULL)
			*comma = '\0';
		if (i->nargs == MAX_ARGS || strlen(s) >= sizeof(i->arg[0]))
			die("unknown operands: %s", text);
		strcpy(i->arg[i->nargs++], trim(s));
		s = comma == NULL ? s + strlen(s) : comma + 1;
	}
}

/* --- the whole text -------------------------------------------------------- */

struct reader {
	struct program *p;
	struct chunk *chunk; /* being filled */
	struct line *jump;   /* whose delay slot comes next */
	bool in_text, noreorder;
	unsigned no;
};

static struct chunk *
chunk_new(void)
{
	return xalloc(sizeof(struct chunk));
}

static bool
begins(const char *s, const char *with)
{
	return strncmp(s, with, strlen(with)) == 0;
}

/* ".frame $sp,88,$31" and ".mask 0x80010000,-4" */
static void
read_frame(struct chunk *c, const char *s)
{
	const char *comma = strchr(s, ',');

	if (comma == NULL)
		return;
	if (begins(s, ".frame")) {
		c->frame_bytes = strtol(comma + 1, NULL, 0);
		return;
	}
	c->save_mask = (uint32_t)strtoul(s + strlen(".mask"), NULL, 0);
	c->save_offset = strtol(comma + 1, NULL, 0);
}

/* Directives that change what we are reading; true if nothing is left to do. */
static bool
read_state(struct reader *r, const char *s)
{
	if (begins(s, ".section") || begins(s, ".data") || begins(s, ".bss") ||
		begins(s, ".rdata")) {
		r->in_text = begins(s, ".section\t.text");
		return r->in_text;
	}
	if (strcmp(s, ".text") == 0) {
		r->in_text = true;
		return true;
	}
	if (strcmp(s, ".previous") == 0)
		return true;
	if (!r->in_text)
		return false;
	if (begins(s, ".frame") || begins(s, ".mask")) {
		read_frame(r->chunk, s);
		return true;
	}
	if (begins(s, ".set") && strchr(s, ',') == NULL) {
		if (strstr(s, "noreorder") != NULL)
			r->noreorder = true;
		else if (strstr(s, "reorder") != NULL)
			r->noreorder = false;
		return true;
	}
	return begins(s, ".align") || begins(s, ".cfi") || begins(s, ".fmask");
}

/* Functions are put in front of those already read: callers before callees. */
static void
end_function(struct reader *r)
{
	struct chunk *c = r->chunk;

	c->next = r->p->functions;
	r->p->functions = c;
	r->chunk = chunk_new();
}

static void
read_directive(struct reader *r, const char *s)
{
	struct list *to = r->in_text ? &r->chunk->lines : &r->p->rest;

	if (begins(s, ".file"))
		to = &r->p->head->lines;
	if (begins(s, ".ent\t"))
		snprintf(r->chunk->name, sizeof(r->chunk->name), "%s", s + 5);
	list_append(to, line_new(LINE_OTHER, s));
	if (begins(s, ".size\t") && r->in_text && r->chunk->name[0] != '\0')
		end_function(r);
}

static void
read_insn(struct reader *r, const char *s)
{
	struct line *n;
	struct insn i;

	parse_insn(s, &i);
	if (r->jump != NULL) {
		r->jump->slot = xalloc(sizeof(i));
		*r->jump->slot = i;
		r->jump = NULL;
		return;
	}
	n = line_insn(&i);
	n->no = r->no;
	list_append(&r->chunk->lines, n);
	if (r->noreorder && insn_is_control(&i))
		r->jump = n;
}

/* "name:" and perhaps more behind it. */
static char *
read_label(struct reader *r, char *s)
{
	struct list *to = r->in_text ? &r->chunk->lines : &r->p->rest;
	char *colon = strchr(s, ':');
	size_t n = strcspn(s, " \t:\"=");

	if (colon == NULL || s + n != colon)
		return s;
	*colon = '\0';
	if (begins(s, "$Ltext")) /* where debug information says it begins */
		to = &r->p->head->lines;
	list_append(to, line_new(LINE_LABEL, s));
	return trim(colon + 1);
}

static void
read_line(struct reader *r, char *line)
{
	char *s = trim(line), *semicolon;

	if (s[0] == '#' || s[0] == '\0')
		return;
	if (r->in_text && strchr(s, '"') == NULL)
		s = strip(s);
	s = read_label(r, s);
	if (s[0] == '\0' || read_state(r, s))
		return;
	if (s[0] == '.' || strchr(s, '=') != NULL || !r->in_text) {
		read_directive(r, s);
		return;
	}
	for (; s != NULL; s = semicolon) {
		semicolon = strchr(s, ';');
		if (semicolon != NULL)
			*semicolon++ = '\0';
		s = trim(s);
		if (s[0] != '\0')
			read_insn(r, s);
	}
}

/* --- order ----------------------------------------------------------------- */

static bool
is_called(const struct program *p, const char *name)
{
	const struct chunk *c;
	const struct line *n;

	for (c = p->functions; c != NULL; c = c->next)
		for (n = c->lines.first; n != NULL; n = n->next)
			if (n->kind == LINE_INSN &&
				insn_target(&n->insn) != NULL &&
				strcmp(insn_target(&n->insn), name) == 0)
				return true;
	return false;
}

/* ash_main goes first: the handler begins there. */
static void
order_functions(struct program *p)
{
	struct chunk **at, *c;

	for (at = &p->functions; *at != NULL; at = &(*at)->next)
		if (strcmp((*at)->name, "ash_main") == 0)
			break;
	if (*at == NULL)
		die("no function ash_main");
	c = *at;
	*at = c->next;
	c->next = p->functions;
	p->functions = c;
	c->is_main = !is_called(p, "ash_main");
}

void
program_read(FILE *in, struct program *p)
{
	struct reader r = { .p = p };
	char *line = NULL;
	size_t room = 0;

	*p = (struct program){ .head = chunk_new() };
	r.chunk = chunk_new();
	while (getline(&line, &room, in) >= 0) {
		r.no++;
		read_line(&r, line);
	}
	free(line);
	p->tail = r.chunk;
	order_functions(p);
}
