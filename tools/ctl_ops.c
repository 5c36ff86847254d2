/*
 * ctl_ops.c - what takes more than one request: uploads, blobs, counters.
 */
#include "ctl.h"

#include <spindle/bytes.h>

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_BLOB = 1 << 24 };

int
ctl_stage(struct ctl *c, uint32_t offset, const void *bytes, size_t n)
{
	const uint8_t *p = bytes;
	uint8_t *part = xalloc(4 + AG_CHUNK);
	int err = SP_OK;

	for (size_t at = 0; at < n && err >= 0; at += AG_CHUNK) {
		size_t len = n - at < AG_CHUNK ? n - at : AG_CHUNK;

		le32_put(part, offset + (uint32_t)at);
		memcpy(part + 4, p + at, len);
		err = ctl_ask(c, AG_STAGE, part, 4 + len, NULL, 0);
	}
	free(part);
	return err;
}

/* One piece of a blob, from byte HAVE on: u32 total, bytes. */
static int
fetch_piece(struct ctl *c, enum ag_op op, const char *name, size_t have,
	uint8_t *ans, size_t *got)
{
	uint8_t req[SP_NAME + 4];
	int err;

	ctl_name((char *)req, name);
	le32_put(req + SP_NAME, (uint32_t)have);
	err = ctl_call(c, op, req, sizeof(req), ans, AG_MAX_PAYLOAD, got);
	if (err >= 0 && (*got < 4 || le32_get(ans) > MAX_BLOB))
		return CTL_STRANGE;
	return err;
}

int
ctl_fetch(struct ctl *c, enum ag_op op, const char *name, uint8_t **out,
	size_t *bytes)
{
	uint8_t *ans = xalloc(AG_MAX_PAYLOAD), *all = NULL;
	size_t got, total = 0, have = 0;
	int err;

	do {
		err = fetch_piece(c, op, name, have, ans, &got);
		if (err < 0)
			break;
		if (all == NULL) {
			total = le32_get(ans);
			all = xalloc(total);
		}
		got -= 4;
		if (le32_get(ans) != total || got > total - have ||
			(got == 0 && have < total)) {
			err = CTL_STRANGE;
			break;
		}
		memcpy(all + have, ans + 4, got);
		have += got;
	} while (have < total);
	free(ans);
	if (err < 0) {
		free(all);
		return err;
	}
	*out = all;
	*bytes = total;
	return SP_OK;
}

int
ctl_info_part(struct ctl *c, struct sp_info *out, size_t offset, size_t bytes)
{
	uint8_t req[8];
	uint8_t *to = (uint8_t *)out;
	int err = SP_OK;

	for (size_t end = offset + bytes; offset < end && err >= 0;) {
		size_t n = end - offset < AG_CHUNK ? end - offset : AG_CHUNK;

		le32_put(req, (uint32_t)offset);
		le32_put(req + 4, (uint32_t)n);
		err = ctl_ask(c, AG_INFO, req, sizeof(req), to + offset, n);
		offset += n;
	}
	return err;
}

static bool
balanced(const struct sp_nic_info *nic)
{
	uint32_t sum = nic->consumed + nic->delivered;

	for (int i = 0; i < SP_DROP_COUNT; i++)
		sum += nic->dropped[i];
	return sum == nic->received;
}

/* Names end where their field ends, whatever the machine says. */
static void
end_names(struct sp_info *info)
{
	for (size_t i = 0; i < SP_MAX_ENVS; i++)
		info->env[i].name[SP_NAME - 1] = '\0';
	for (size_t i = 0; i < SP_MAX_ASHES; i++)
		info->ash[i].name[SP_NAME - 1] = '\0';
	for (size_t i = 0; i < SP_MAX_BINDINGS; i++)
		info->binding[i].name[SP_NAME - 1] = '\0';
}

/* The entries in ANS, of GOT bytes; *NEXT is where to go on. */
static int
put_bindings(
	struct sp_info *out, const uint8_t *ans, size_t got, uint32_t *next)
{
	uint32_t from = *next;

	if (got < 4 || (got - 4) % sizeof(out->binding[0]) != 0)
		return CTL_STRANGE;
	*next = le32_get(ans);
	if (*next != 0 && (*next <= from || *next >= SP_MAX_BINDINGS))
		return CTL_STRANGE;
	for (size_t at = 4; at < got; at += sizeof(out->binding[0])) {
		uint32_t slot = le32_get(ans + at) & 0xffff;

		if (slot >= SP_MAX_BINDINGS)
			return CTL_STRANGE;
		memcpy(&out->binding[slot], ans + at, sizeof(out->binding[0]));
	}
	return SP_OK;
}

/* Only those in use: the line is slow, and the table is long. */
static int
bindings_part(struct ctl *c, struct sp_info *out)
{
	uint8_t *ans = xalloc(AG_MAX_PAYLOAD), req[4];
	uint32_t next = 0, used = 0;
	size_t got;
	int err = SP_OK;

	memset(out->binding, 0, sizeof(out->binding));
	for (size_t i = 0; i < SP_MAX_ENVS; i++)
		used += out->env[i].bindings;
	while (used > 0 && err >= 0) {
		le32_put(req, next);
		err = ctl_call(c, AG_BINDINGS, req, sizeof(req), ans,
			AG_MAX_PAYLOAD, &got);
		if (err >= 0)
			err = put_bindings(out, ans, got, &next);
		if (next == 0)
			break;
	}
	free(ans);
	return err;
}

_Static_assert(
	offsetof(struct sp_info, ash) < offsetof(struct sp_info, binding),
	"the tables come last, in this order");

int
ctl_info(struct ctl *c, struct sp_info *out, enum ctl_tables tables)
{
	size_t bytes = tables == CTL_NO_TABLES
			       ? offsetof(struct sp_info, ash)
			       : offsetof(struct sp_info, binding);
	int err = ctl_info_part(c, out, 0, bytes);

	if (err >= 0 && tables == CTL_ALL_TABLES)
		err = bindings_part(c, out);

	end_names(out);
	if (err >= 0 && (out->magic != SP_INFO_MAGIC ||
				out->version != SP_INFO_VERSION))
		return CTL_STRANGE;
	/* Frames may have come while the agent copied: look again. */
	for (int i = 0; i < 5 && err >= 0 && !balanced(&out->nic); i++)
		err = ctl_info_part(c, out, offsetof(struct sp_info, nic),
			sizeof(out->nic));
	return err;
}
