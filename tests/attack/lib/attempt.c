/*
 * attempt.c - digests of the exposed tables before and after, and the audit.
 */
#include "tests/attack/lib/attempt.h"

#include "apps/lib/layout.h"
#include "apps/lib/mmio.h"
#include "apps/lib/print.h"
#include "apps/lib/syscall.h"

#include <spindle/bytes.h>
#include <stddef.h>

/* What a refused call must leave alone; the order is that of parts[]. */
enum part { ENVS, SLICES, FRAMES, BINDINGS, FLOWS, HANDLERS, PARTS };

static uint32_t before[PARTS];
static uint32_t attempts;

static uint32_t
mix(uint32_t sum, uint32_t word)
{
	return (sum ^ word) * 0x01000193u;
}

static uint32_t
digest_env(const struct sp_env_info *e, uint32_t sum)
{
	sum = mix(sum, e->id);
	sum = mix(sum, e->parent);
	sum = mix(sum, e->state == SP_ENV_DEAD || e->state == SP_ENV_FREE);
	sum = mix(sum, e->pages);
	sum = mix(sum, e->slices);
	sum = mix(sum, e->sent);
	sum = mix(sum, e->repossessed);
	return mix(sum, e->rings << 16 | e->bindings);
}

static uint32_t
digest_frames(uint32_t sum)
{
	const uint32_t *word = (const uint32_t *)SP_FRAMES_VA;
	uint32_t n = app_info()->pages_total;

	/* Kind, owner, mappings and pins; the rest of a frame is a cache. */
	for (uint32_t i = 0; i < n; i++) {
		sum = mix(sum, mmio_load(word));
		sum = mix(sum, mmio_load(word + 1));
		word += sizeof(struct sp_frame) / sizeof(*word);
	}
	return mix(sum, app_info()->pages_free);
}
_Static_assert(offsetof(struct sp_frame, pins) == 6, "digest_frames()");

static void
digest(uint32_t sum[PARTS])
{
	const struct sp_info *info = app_info();

	for (uint32_t i = 0; i < PARTS; i++)
		sum[i] = 0x811c9dc5u;
	for (uint32_t i = 0; i < SP_MAX_ENVS; i++)
		sum[ENVS] = digest_env(&info->env[i], sum[ENVS]);
	for (uint32_t i = 0; i < SP_SLICES; i++)
		sum[SLICES] = mix(sum[SLICES], info->slice[i]);
	for (uint32_t i = 0; i < SP_MAX_BINDINGS; i++) {
		const struct sp_binding_info *b = &info->binding[i];

		if (b->id == 0)
			continue;
		sum[BINDINGS] = mix(sum[BINDINGS], b->id);
		sum[BINDINGS] = mix(sum[BINDINGS], b->owner);
		sum[BINDINGS] = mix(sum[BINDINGS], b->object);
	}
	for (uint32_t i = 0; i < SP_MAX_FLOWS; i++)
		sum[FLOWS] = mix(
			mix(sum[FLOWS], info->flow[i].id), info->flow[i].owner);
	for (uint32_t i = 0; i < SP_MAX_ASHES; i++)
		sum[HANDLERS] = mix(mix(sum[HANDLERS], info->ash[i].id),
			info->ash[i].words);
	sum[FRAMES] = digest_frames(sum[FRAMES]);
}

void
attempt_audit(const char *name)
{
	static char text[SP_AUDIT + 1];
	int32_t wrong = sys_audit(APP_CAP_ROOT, text, SP_AUDIT);

	if (wrong != 0)
		print("attack: %s AUDIT %d %s\n", name, (int)wrong, text);
}

void
attempt_begin(void)
{
	digest(before);
}

static void
look_after(const char *name, int32_t code)
{
	static const char *const parts[PARTS] = { "environments", "slices",
		"frames", "bindings", "flows", "handlers" };
	uint32_t after[PARTS];

	attempts++;
	if (code < 0) {
		digest(after);
		for (uint32_t i = 0; i < PARTS; i++)
			if (after[i] != before[i])
				print("attack: %s CHANGED %s\n", name,
					parts[i]);
	}
	attempt_audit(name);
}

void
attempt_end(const char *name, int32_t code)
{
	print("attack: %s %d\n", name, code < 0 ? (int)code : 0);
	look_after(name, code);
}

void
attempt_end_as(const char *name, int32_t want, int32_t code)
{
	if (code > 0)
		code = 0;
	if (code == want)
		print("attack: %s %d\n", name, (int)code);
	else
		print("attack: %s WRONG %d, not %d\n", name, (int)code,
			(int)want);
	look_after(name, code);
}

void
attempt_holds(const char *name, int truth)
{
	print("attack: %s %s\n", name, truth ? "0" : "WRONG");
	look_after(name, 0);
}

void
attempt_done(void)
{
	print("attack: done %u\n", attempts);
}
