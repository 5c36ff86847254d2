/*
 * bindings.h - the bindings of a running machine, as several commands see them.
 */
#ifndef TOOLS_BINDINGS_H
#define TOOLS_BINDINGS_H

#include "ctl.h"
#include "expr.h"

/* A machine that is up, its agent, and a copy of its exposed state. */
struct session {
	struct machine m;
	struct ctl *ctl;
	struct sp_info *info; /* NULL until session_info() */
};

enum status session_open(const struct args *a, struct session *s);
enum status session_info(
	const struct args *a, struct session *s, enum ctl_tables tables);
void session_close(struct session *s);

/* Print why a call failed. */
enum status session_fail(const struct args *a, const struct session *s,
	const char *what, int code);

/* The binding, handler or environment of that name or id; NULL: none. */
const struct sp_binding_info *find_binding(
	const struct sp_info *info, const char *name);
const struct sp_ash_info *find_ash(
	const struct sp_info *info, const char *name);
const struct sp_ash_info *ash_of_binding(
	const struct sp_info *info, const struct sp_binding_info *b);

/* A handler is NAME, or NAME+ after `ash replace`: both are NAME for people. */
const char *ash_name(const struct sp_ash_info *h, char out[SP_NAME]);
const char *env_name(const struct sp_info *info, uint32_t id);

/* The merged classifier that it is a part of. */
enum merged {
	MERGED_RECEIVE,
	MERGED_TAPS,
	MERGED_SENT,
	MERGED_TESTS,
	MERGED_COUNT
};
enum merged binding_merged(const struct sp_binding_info *b);

/* "count", "capture", "ring:APP" or "ash:NAME" into OUT. */
const char *binding_to(const struct sp_info *info,
	const struct sp_binding_info *b, char *out, size_t room);

/* "shared, follow" or "" for the flags that were asked for. */
const char *binding_flags(
	const struct sp_binding_info *b, char *out, size_t room);

/* What both `filter list` and `filter show` tell of a binding. */
json_t *binding_facts(
	const struct sp_info *info, const struct sp_binding_info *b);

/* Name of the flow that binding B lies in; "all frames" for the root.  Reads
 * the table of flows. */
enum status binding_flow(const struct args *a, struct session *s,
	const struct sp_binding_info *b, char out[SP_NAME]);

/* Counters of drops by reason as a JSON object. */
json_t *drops_json(const uint32_t dropped[SP_DROP_COUNT]);
const char *drop_name(unsigned reason);
uint32_t drops_sum(const uint32_t dropped[SP_DROP_COUNT]);

/* Stage the filter and bind it; prints who is in the way if refused. */
enum status binding_add(const struct args *a, struct session *s,
	const struct expr *e, struct ag_filter *f, uint32_t *id);

/* Give the frames of E to application APP as a flow: it may bind within it, and
 * nobody else may cut into it.  Prints who is in the way if refused. */
enum status flow_add(const struct args *a, struct session *s,
	const struct expr *e, const char app[SP_NAME]);

/* The filter of the machine's binding NAME. */
enum status binding_fetch(const struct args *a, struct session *s,
	const char *name, struct expr *out);

#endif /* TOOLS_BINDINGS_H */
