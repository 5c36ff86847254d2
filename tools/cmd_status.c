/*
 * cmd_status.c - is a machine up, and what has it been doing?
 */
#include "bindings.h"
#include "commands.h"
#include "envs.h"

#include <spindle/bytes.h>

#include <string.h>
#include <time.h>

static json_t *
nic_json(const struct sp_nic_info *nic)
{
	char mac[18];

	snprintf(mac, sizeof(mac), "%02x:%02x:%02x:%02x:%02x:%02x", nic->mac[0],
		nic->mac[1], nic->mac[2], nic->mac[3], nic->mac[4],
		nic->mac[5]);
	return json_pack(
		"{s:s, s:b, s:I, s:I, s:I, s:o, s:I, s:I, s:I, s:I, s:I, s:I, "
		"s:I, s:I, s:b}",
		"mac", mac, "link", nic->link != 0, "received",
		(json_int_t)nic->received, "consumed",
		(json_int_t)nic->consumed, "delivered",
		(json_int_t)nic->delivered, "dropped", drops_json(nic->dropped),
		"bytes", (json_int_t)nic->bytes, "sent", (json_int_t)nic->sent,
		"sent_bytes", (json_int_t)nic->sent_bytes, "send_errors",
		(json_int_t)nic->send_errors, "missed", (json_int_t)nic->missed,
		"resets", (json_int_t)nic->resets, "interrupts",
		(json_int_t)nic->interrupts, "copies", (json_int_t)nic->copies,
		"balanced",
		nic->received == nic->consumed + nic->delivered +
					 drops_sum(nic->dropped));
}

static json_t *
follow_json(const struct sp_follow_info *f)
{
	return json_pack("{s:I, s:I, s:I, s:I, s:I}", "datagrams",
		(json_int_t)f->datagrams, "fragments", (json_int_t)f->fragments,
		"complete", (json_int_t)f->complete, "refused",
		(json_int_t)f->refused, "full", (json_int_t)f->full);
}

/* Only when there was anything to follow. */
static void
follow_text(const struct sp_follow_info *f)
{
	if ((f->datagrams | f->refused | f->full) != 0)
		printf("followed   %u datagrams (%u complete), %u later "
		       "fragments; refused %u, too many %u\n",
			f->datagrams, f->complete, f->fragments, f->refused,
			f->full);
}

static unsigned
count_slices(const struct sp_info *info)
{
	unsigned n = 0;

	for (size_t i = 0; i < SP_SLICES; i++)
		n += info->slice[i] != 0;
	return n;
}

/* Who has which positions of the vector, run by run. */
static void
slices_text(const struct sp_info *info)
{
	size_t end;

	for (size_t i = 0; i < SP_SLICES; i = end) {
		for (end = i + 1; end < SP_SLICES; end++)
			if (info->slice[end] != info->slice[i])
				break;
		printf("  %2zu..%-2zu   %s\n", i, end - 1,
			info->slice[i] != 0 ? env_name(info, info->slice[i])
					    : "free");
	}
}

static json_t *
slices_json(const struct sp_info *info)
{
	json_t *vector = json_array();

	for (size_t i = 0; i < SP_SLICES; i++)
		json_array_append_new(vector, json_integer(info->slice[i]));
	return json_pack("{s:i, s:i, s:o}", "total", SP_SLICES, "used",
		(int)count_slices(info), "vector", vector);
}

/* What --audit found out; asked for only then. */
struct audit {
	bool asked, wrong;
	char text[2 * SP_AUDIT]; /* what does not agree, in one line */
};

/* N bytes of lines into one line of at most twice as many. */
static void
join_lines(const uint8_t *from, size_t n, char *out)
{
	const char *between = "";

	for (size_t i = 0; i < n && from[i] != '\0'; i++) {
		if (from[i] == '\n') {
			between = "; ";
			continue;
		}
		out = stpcpy(out, between);
		between = "";
		*out++ = from[i] >= ' ' && from[i] <= '~' ? (char)from[i] : '?';
	}
	*out = '\0';
}

static enum status
run_audit(const struct args *a, struct session *s, struct audit *out)
{
	static uint8_t ans[4 + SP_AUDIT - 1];
	size_t got;
	int err;

	out->asked = opt_get(a, "audit") != NULL;
	if (!out->asked)
		return STATUS_OK;
	ctl_patience(s->ctl, 3, 10000);
	err = ctl_call(s->ctl, AG_AUDIT, NULL, 0, ans, sizeof(ans), &got);
	if (err >= 0 && got < 4)
		err = CTL_STRANGE;
	if (err < 0)
		return session_fail(a, s, "--audit", err);
	out->wrong = le32_get(ans) != 0;
	join_lines(ans + 4, got - 4, out->text);
	return STATUS_OK;
}

static enum status
status_json(const struct machine *m, const struct sp_info *info, long uptime,
	const struct audit *audit)
{
	json_t *o = json_pack("{s:b, s:s, s:i, s:s, s:I, s:s, s:b}", "up", 1,
		"name", m->name, "pid", (int)m->pid, "dir", m->dir, "uptime_s",
		(json_int_t)uptime, "net", m->net, "icount", m->icount);

	json_object_set_new(o, "memory",
		json_pack("{s:I, s:I, s:I}", "mib", (json_int_t)m->memory_mib,
			"pages", (json_int_t)info->pages_total, "free",
			(json_int_t)info->pages_free));
	json_object_set_new(o, "slices", slices_json(info));
	json_object_set_new(o, "code",
		json_pack("{s:I, s:I}", "bindings",
			(json_int_t)info->code_bytes_rx, "taps",
			(json_int_t)info->code_bytes_taps));
	json_object_set_new(o, "nic", nic_json(&info->nic));
	json_object_set_new(o, "follow", follow_json(&info->follow));
	json_object_set_new(o, "environments", envs_json(m, info));
	if (audit->asked)
		json_object_set_new(o, "audit",
			json_pack("{s:b, s:s}", "clean", !audit->wrong, "text",
				audit->text));
	(void)cli_json(o);
	return audit->wrong ? STATUS_FAILED : STATUS_OK;
}

static void
nic_text(const struct sp_nic_info *nic)
{
	const char *sign = "=";

	printf("nic        %02x:%02x:%02x:%02x:%02x:%02x, link %s\n",
		nic->mac[0], nic->mac[1], nic->mac[2], nic->mac[3], nic->mac[4],
		nic->mac[5], nic->link ? "up" : "down");
	if (nic->received !=
		nic->consumed + nic->delivered + drops_sum(nic->dropped))
		sign = "!=";
	printf("received   %u (%u bytes) %s %u consumed + %u delivered + %u "
	       "dropped\n",
		nic->received, nic->bytes, sign, nic->consumed, nic->delivered,
		drops_sum(nic->dropped));
	for (unsigned i = 0; i < SP_DROP_COUNT; i++) {
		if (nic->dropped[i] != 0)
			printf("  dropped  %u %s\n", nic->dropped[i],
				drop_name(i));
	}
	printf("missed     %u\nsent       %u (%u bytes), %u errors\n"
	       "interrupts %u, %u resets\n",
		nic->missed, nic->sent, nic->sent_bytes, nic->send_errors,
		nic->interrupts, nic->resets);
	if (nic->copies != 0)
		printf("shared     %u copies of frames to groups\n",
			nic->copies);
}

static enum status
status_text(const struct args *a, const struct machine *m,
	const struct sp_info *info, long uptime, const struct audit *audit)
{
	if (audit->wrong)
		return cli_fail(
			a, "the kernel's tables disagree: %s", audit->text);
	printf("machine    '%s' is up for %ld s (pid %d, --net %s%s)\n",
		m->name, uptime, (int)m->pid, m->net,
		m->icount ? ", --icount" : "");
	printf("memory     %llu MiB, %u of %u pages free\n",
		(unsigned long long)m->memory_mib, info->pages_free,
		info->pages_total);
	printf("slices     %u of %d used\n", count_slices(info), SP_SLICES);
	if (opt_get(a, "slices") != NULL)
		slices_text(info);
	printf("filters    %u bytes of code for bindings, %u for taps\n",
		info->code_bytes_rx, info->code_bytes_taps);
	nic_text(&info->nic);
	follow_text(&info->follow);
	if (audit->asked)
		puts("audit      the kernel's tables agree");
	putchar('\n');
	envs_print(m, info, stdout);
	return STATUS_OK;
}

static enum status
down(const struct args *a, const struct machine *m)
{
	if (!a->json)
		return cli_fail(a, "machine '%s' is down", m->name);
	(void)cli_json(json_pack("{s:b, s:s}", "up", 0, "name", m->name));
	return STATUS_FAILED;
}

static enum status
run(const struct args *a)
{
	struct session s = { .ctl = NULL };
	static struct audit audit;
	long uptime;
	enum status st = machine_find(a, false, &s.m);

	if (st == STATUS_OK && s.m.pid == 0)
		return down(a, &s.m);
	if (st == STATUS_OK)
		st = ctl_open(a, &s.m, &s.ctl);
	if (st == STATUS_OK)
		st = session_info(a, &s, CTL_NO_TABLES);
	if (st == STATUS_OK)
		st = run_audit(a, &s, &audit);
	uptime = (long)((uint64_t)time(NULL) - s.m.started);
	if (st == STATUS_OK)
		st = a->json ? status_json(&s.m, s.info, uptime, &audit)
			     : status_text(a, &s.m, s.info, uptime, &audit);
	session_close(&s);
	return st;
}

static const struct option status_options[] = {
	{ "slices", 0, NULL, "show the slice vector by position" },
	{ "audit", 0, NULL, "let the kernel compare its tables; 1 if wrong" },
	{ NULL, 0, NULL, NULL },
};

const struct command cmd_status = {
	.group = "status",
	.words = "",
	.what = "is it up; uptime, memory, slices, NIC counters, environments",
	.options = status_options,
	.example = "spindle status --json",
	.run = run,
};
