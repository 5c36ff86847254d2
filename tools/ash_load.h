/*
 * ash_load.h - bring a handler object into the kernel of a running machine.
 */
#ifndef TOOLS_ASH_LOAD_H
#define TOOLS_ASH_LOAD_H

#include "ash/host/ash_host.h"
#include "bindings.h"

/* A handler on its way into the kernel. */
struct load {
	const struct args *a;
	struct session s;
	struct ash_file file;
	char name[SP_NAME]; /* in the kernel */
	struct sp_ash ash;
	uint32_t id;
	uint32_t *code;
	uint8_t *data;
	struct ash_params params;
	size_t words; /* up to the last one that is no `break` */
	struct ash_report report;
};

/* Each prints why it fails.  In this order: */

/* --budget, --owner and --ring of L->a. */
enum status load_options(struct load *l);

/* Open and parse the object. */
enum status load_object(struct load *l, const char *path);

/*
 * With L->s open and L->name set: reserve regions, place, verify, install.  Then
 * it is in the kernel and nothing is bound to it; on failure it is not.
 */
enum status load_bring_in(struct load *l);

/* Take handler NAME out again. */
void load_remove(struct load *l, const char *name);
void load_close(struct load *l);

#endif /* TOOLS_ASH_LOAD_H */
