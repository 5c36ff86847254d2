/*
 * filter_oracle.c - what libpcap says of an expression, and its stored form.
 *
 * Reads lines `blob TAB PROGRAM`, `accepts TAB PROGRAM TAB FRAME` (hex) and
 * `next TAB FRAME`, of the program that was accepted last; answers each with one
 * line: the filter's bytes in hex, 0 or 1, or "!" and why not.  PROGRAM is a
 * pcap expression, or `@` and classic BPF instructions "code jt jf k" with
 * semicolons between them.  libpcap's optimizer is off.
 */
#include "dpf/dpf.h"

#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SNAPLEN = 65535, SCRATCH = 32 << 20, MAX_INSNS = 40000 };

_Static_assert(sizeof(struct dpf_bpf) == sizeof(struct bpf_insn),
	"dpf.h lays it out as libpcap does");

static struct bpf_insn insns[MAX_INSNS];
static uint32_t blob[DPF_BLOB_MAX / 4 + 1];
static uint8_t frame[SNAPLEN];

/* Instructions as text; their number or 0. */
static unsigned
parse_raw(const char *text)
{
	unsigned code, jt, jf, n = 0;
	int used;
	uint32_t k;

	while (n < MAX_INSNS && sscanf(text, "%u %u %u %u%n", &code, &jt, &jf,
					&k, &used) == 4) {
		insns[n++] = (struct bpf_insn){ (u_short)code, (u_char)jt,
			(u_char)jf, k };
		text += used;
		if (*text == ';')
			text++;
	}
	return bpf_validate(insns, (int)n) ? n : 0;
}

/* The program TEXT means; its length, or 0 after an answer. */
static unsigned
compile(pcap_t *dead, const char *text)
{
	struct bpf_program p;
	unsigned n = 0;

	if (*text == '@') {
		n = parse_raw(text + 1);
		if (n == 0)
			printf("!no valid program\n");
		return n;
	}
	if (pcap_compile(dead, &p, text, 0, PCAP_NETMASK_UNKNOWN) != 0) {
		printf("!%s\n", pcap_geterr(dead));
		return 0;
	}
	if (p.bf_len <= MAX_INSNS) {
		n = p.bf_len;
		memcpy(insns, p.bf_insns, n * sizeof(*insns));
	} else {
		printf("!%u instructions\n", p.bf_len);
	}
	pcap_freecode(&p);
	return n;
}

static void
answer_blob(unsigned n, void *scratch)
{
	struct dpf_why why = { .text = "" };
	int bytes = dpf_lift((const struct dpf_bpf *)(const void *)insns, n,
		scratch, SCRATCH, blob, sizeof(blob), &why);

	if (bytes < 0) {
		printf("!%s: %s\n", sp_err_text(bytes),
			why.text != NULL ? why.text : "");
		return;
	}
	for (int i = 0; i < bytes; i++)
		printf("%02x", ((const uint8_t *)blob)[i]);
	printf("\n");
}

static void
answer_accepts(const char *hex)
{
	unsigned byte;
	u_int len = 0;

	for (; len < SNAPLEN && sscanf(hex, "%2x", &byte) == 1; hex += 2)
		frame[len++] = (uint8_t)byte;
	printf("%d\n", bpf_filter(insns, frame, len, len) != 0);
}

int
main(void)
{
	pcap_t *dead = pcap_open_dead(DLT_EN10MB, SNAPLEN);
	void *scratch = malloc(SCRATCH);
	char *line = NULL;
	size_t room = 0;

	if (dead == NULL || scratch == NULL)
		return 1;
	while (getline(&line, &room, stdin) > 0) {
		const char *what, *text, *hex;

		line[strcspn(line, "\n")] = '\0';
		what = strtok(line, "\t");
		text = strtok(NULL, "\t");
		hex = strtok(NULL, "\t");
		if (text != NULL && strcmp(what, "next") == 0) {
			answer_accepts(text);
		} else if (what == NULL || text == NULL) {
			printf("!usage\n");
		} else {
			unsigned n = compile(dead, text);

			if (n > 0 && strcmp(what, "blob") == 0)
				answer_blob(n, scratch);
			else if (n > 0)
				answer_accepts(hex != NULL ? hex : "");
		}
		fflush(stdout);
	}
	free(line);
	free(scratch);
	pcap_close(dead);
	return 0;
}
