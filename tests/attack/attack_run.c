/*
 * attack_run.c - frames that end nowhere, verdicts that go where they must not.
 *
 * Holds the NIC's capability, which filter_run wants, and a filter that only
 * judges such frames.  Everything else about a call may lie.
 */
#include "tests/attack/attack.h"
#include "tests/attack/lib/flow.h"

enum {
	CAP_NIC = 5,
	TYPE = 0x88b9,
	PAGES = 2,
	END = SPARE_VA + PAGES * SP_PAGE
};

static struct {
	struct sp_run_frame head;
	uint8_t bytes[64];
} frame = { .head = { .wirelen = 64, .len = 64 } };

static uint16_t verdicts[64];
static struct sp_run good;

static void
make_good(void)
{
	good = (struct sp_run){
		.set = SP_RUN_TEST,
		.frames_va = sys_addr(&frame),
		.frames_bytes = sizeof(frame),
		.verdicts_va = sys_addr(verdicts),
		.verdicts_bytes = sizeof(verdicts),
	};
}

static int32_t
run(const struct sp_run *r)
{
	struct sp_run copy = *r;

	return sys_filter_run(CAP_NIC, &copy);
}

static void
bad_sets(void)
{
	struct sp_run r = good;

	refused("own-name", SP_EPERM, sys_filter_run(APP_CAP_SELF, &r));
	refused("no-cap", SP_EPERM, sys_filter_run(77, &r));
	r.set = SP_RUN_TEST + 1;
	refused("set", SP_EINVAL, run(&r));
	r.set = ~0u;
	refused("set-wrap", SP_EINVAL, run(&r));
	for (r.set = 0; r.set <= SP_RUN_TEST; r.set++)
		refused("set-good", 0, run(&r));
}

static void
bad_frames(void)
{
	static const struct {
		const char *name;
		uint32_t len, bytes;
	} lies[] = {
		{ "frame-long", 65, sizeof(frame) },
		{ "frame-longest", SP_RUN_LONGEST + 1, 3 * SP_PAGE },
		{ "frame-wrap", ~0u, ~0u },
		{ "frame-wrap-head", -8u, ~0u },
		{ "frame-padding", -3u, ~0u },
		{ "no-frame", 64, 0 },
		{ "half-a-head", 64, sizeof(frame.head) - 1 },
		{ "no-bytes", 64, sizeof(frame.head) },
		{ "byte-missing", 64, sizeof(frame) - 1 },
	};
	struct sp_run r = good;

	for (uint32_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		frame.head.len = lies[i].len;
		r.frames_bytes = lies[i].bytes;
		refused(lies[i].name, SP_EINVAL, run(&r));
	}
	frame.head.len = 64;
	r.frames_bytes = ~0u; /* the rest is not ours to read */
	attempt_holds("frames-beyond", run(&r) > 0);
}

static void
bad_addresses(void)
{
	static const uint32_t bad[] = { 0, 4, (uint32_t)KERNEL_VA, 0xa0100000,
		0xfffffff8, SP_USER_TOP, 0x30000000 };
	struct sp_run r = good;

	for (uint32_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		r.frames_va = bad[i];
		refused("frames", SP_EFAULT, run(&r));
	}
	r = good;
	for (uint32_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		r.verdicts_va = bad[i];
		refused("verdicts", SP_EFAULT, run(&r));
	}
	r.verdicts_va = SP_INFO_VA;
	refused("verdicts-read-only", SP_EFAULT, run(&r));
	r = good;
	r.verdicts_bytes = 0;
	refused("no-verdicts", SP_EFULL, run(&r));
	r.verdicts_bytes = 3; /* one binding accepts */
	refused("half-a-verdict", SP_EFULL, run(&r));
	refused("count-read-only", SP_EINVAL,
		sys_filter_run(CAP_NIC, (void *)SP_INFO_VA));
}

/* The last frame lies at the end of what is mapped, or over it. */
static void
across_the_end(void)
{
	struct sp_run_frame *head = (void *)(END - sizeof(frame));
	struct sp_run r = good;

	*head = frame.head;
	r.frames_va = sys_addr(head);
	refused("frame-at-end", 0, run(&r));
	head = (void *)(END - sizeof(frame) + 4);
	*head = frame.head;
	r.frames_va = sys_addr(head);
	refused("frame-over-end", SP_EFAULT, run(&r));
	r = good;
	r.verdicts_va = END - 4;
	refused("verdict-at-end", 0, run(&r));
	r.verdicts_va = END - 2;
	refused("verdict-over-end", SP_EFAULT, run(&r));
}

/* Verdicts over the frames, over the call: what is judged was copied before. */
static void
overlapping(void)
{
	struct sp_run *r = (void *)SPARE_VA;

	for (uint32_t at = 0; at < 96; at += 2) {
		*r = good;
		r->frames_va = SPARE_VA + 256;
		r->frames_bytes = 4 * sizeof(frame);
		for (uint32_t i = 0; i < 4; i++)
			*(struct sp_run_frame *)(SPARE_VA + 256 +
						 i * sizeof(frame)) =
				frame.head;
		r->verdicts_va = SPARE_VA + (at & 63) + (at < 64 ? 0 : 240);
		attempt_holds("overlap", sys_filter_run(CAP_NIC, r) > 0);
	}
}

int
app_main(uint32_t argc, uint32_t argv)
{
	static const struct sp_cap nic = {
		.rights = SP_CAP_ALL, .len = 1, .name = { SP_NAME_NIC }
	};
	const struct type_filter f = type_filter(TYPE, 0);
	struct sp_bind b = bind_to(0, &f, 0, SP_TO_TEST, 0);
	uint32_t pfn = own_pages(SPARE_VA, PAGES);
	int32_t id;

	(void)argc;
	(void)argv;
	if (sys_cap_grant(APP_CAP_ROOT, 0, CAP_NIC, &nic) < 0)
		return 1;
	be16_put(frame.bytes + 12, TYPE);
	make_good();
	refused("bind-no-flow", SP_EPERM, sys_bind(CAP_NIC, &b));
	b.flags = SP_BIND_UPCALL;
	refused("bind-upcall", SP_EUNSUPPORTED, sys_bind(APP_CAP_ROOT, &b));
	b.flags = 0;
	id = sys_bind(APP_CAP_ROOT, &b);
	attempt_holds("bound", id > 0);
	attempt_holds("accepted", run(&good) == 1 && verdicts[0] == 1 &&
					  verdicts[1] == (id & 0xffff));
	bad_sets();
	bad_frames();
	bad_addresses();
	across_the_end();
	overlapping();
	drop_pages(SPARE_VA, pfn, PAGES);
	attempt_done();
	return 0; /* its filter goes with it */
}
