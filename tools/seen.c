/*
 * seen.c - tell times that wrap apart by what was seen before.
 *
 * The notes are a cache: whoever removes or damages them makes ages less certain,
 * not wrong.
 */
#include "seen.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { SEEN_MAGIC = 0x4e454553 };

/* What was known of a binding when it was looked at. */
struct note {
	uint32_t id, packets, last_count, certain;
	double match; /* host time of the last match, if that is certain */
	double at;    /* host time of the look */
};

struct seen {
	struct seen_age age[SP_MAX_BINDINGS];
	struct note note[SP_MAX_BINDINGS];
};

struct head {
	uint32_t magic, slots;
	int64_t pid; /* of the machine: a new one forgets */
};

static double
host_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
}

static char *
notes_path(const struct machine *m, const char *suffix)
{
	return xformat("%s/seen%s", m->dir, suffix);
}

static void
read_notes(const struct machine *m, struct note *notes)
{
	char *path = notes_path(m, "");
	FILE *f = fopen(path, "re");
	struct head h;

	free(path);
	if (f == NULL)
		return;
	if (fread(&h, sizeof(h), 1, f) != 1 || h.magic != SEEN_MAGIC ||
		h.slots != SP_MAX_BINDINGS || h.pid != (int64_t)m->pid ||
		fread(notes, sizeof(*notes), SP_MAX_BINDINGS, f) !=
			SP_MAX_BINDINGS)
		memset(notes, 0, SP_MAX_BINDINGS * sizeof(*notes));
	fclose(f);
}

/* Failing is not worth a word: the next look knows less. */
static void
write_notes(const struct machine *m, const struct note *notes)
{
	const struct head h = { SEEN_MAGIC, SP_MAX_BINDINGS, (int64_t)m->pid };
	char *path = notes_path(m, ""), *fresh = notes_path(m, ".new");
	FILE *f = fopen(fresh, "we");
	bool good = f != NULL;

	if (good) {
		good = fwrite(&h, sizeof(h), 1, f) == 1 &&
		       fwrite(notes, sizeof(*notes), SP_MAX_BINDINGS, f) ==
			       SP_MAX_BINDINGS;
		good = fclose(f) == 0 && good;
	}
	if (!good || rename(fresh, path) != 0)
		(void)unlink(fresh);
	free(path);
	free(fresh);
}

/* One binding: its age, and what to remember of it. */
static struct seen_age
look(const struct sp_binding_info *b, struct note *n, uint32_t count,
	double now, double started)
{
	bool known = n->id == b->id && b->id != 0;
	struct seen_age age = { .never = b->packets == 0 };

	if (age.never) {
		/* So the first match will be after this look. */
	} else if (known && n->packets == b->packets &&
		   n->last_count == b->last_count && n->certain) {
		age.least = age.most = now - n->match;
	} else {
		bool same = known && n->packets == b->packets;

		age = seen_resolve(count, b->last_count,
			now - (known && !same ? n->at : started));
	}
	*n = (struct note){
		.id = b->id,
		.packets = b->packets,
		.last_count = b->last_count,
		.certain = !age.never && age.most - age.least < 1,
		.match = now - age.least,
		.at = now,
	};
	return age;
}

enum status
seen_look(const struct args *a, struct session *s, struct seen **out)
{
	struct seen *seen = xalloc(sizeof(*seen));
	double now, started = (double)s->m.started;
	uint32_t count;
	int err = ctl_ask(s->ctl, AG_CLOCK, NULL, 0, &count, sizeof(count));

	if (err < 0) {
		free(seen);
		return session_fail(a, s, "reading the clock", err);
	}
	now = host_now();
	read_notes(&s->m, seen->note);
	for (size_t i = 0; i < SP_MAX_BINDINGS; i++)
		seen->age[i] = look(&s->info->binding[i], &seen->note[i], count,
			now, started);
	write_notes(&s->m, seen->note);
	*out = seen;
	return STATUS_OK;
}

void
seen_release(struct seen *seen)
{
	free(seen);
}

struct seen_age
seen_age(const struct seen *seen, size_t slot)
{
	return seen->age[slot];
}
