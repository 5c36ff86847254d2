/*
 * vectors.c - others' test vectors for filters, without a network or a machine.
 *
 * Usage: vectors FILE...
 *	*.tsv	libpcap's apply tests: label, optimize, netmask, capture, results,
 *		expression; captures lie beside the folder of the file
 *	*.json	classic BPF programs with packets, as Linux's test_bpf (of class
 *		"portable") or as FreeBSD's regression tests
 *
 * Each program is lifted, compiled and run in unicorn; native code and interpreter
 * must say what the vector says: a result of 0 is "no".  What libpcap holds for
 * invalid must be refused.
 */
#include "tests/unit/host/run_unicorn.h"

#include "dpf/dpf.h"

#include <arpa/inet.h>
#include <errno.h>
#include <jansson.h>
#include <libgen.h>
#include <pcap/pcap.h>
#include <string.h>

enum {
	ARENA_BYTES = 16 << 20,
	SCRATCH_BYTES = 32 << 20,
	CODE_WORDS = UNI_CODE_BYTES / 4,
	MAX_PROGRAM = 1 << 16,
	MAX_PACKET = 2046,
	SNAPLEN = 262144, /* of libpcap's filtertest */
};

static uint64_t arena[ARENA_BYTES / 8], scratch[SCRATCH_BYTES / 8];
static uint32_t blob[(DPF_BLOB_MAX + 3) / 4], code[CODE_WORDS];
static struct dpf_bpf program[MAX_PROGRAM];
static uint8_t packet[MAX_PACKET];

static struct {
	unsigned programs, verdicts, refused, residuals;
	unsigned skipped; /* libpcap here does not know the expression */
	unsigned others;  /* of classes that need a kernel's extensions */
	unsigned loops;   /* protochain: no bound, refused (dpf.h) */
	unsigned failed;
} count;

static void
die(const char *what, const char *why)
{
	fprintf(stderr, "vectors: %s: %s\n", what, why);
	exit(2);
}

static void
fail(const char *label, const char *what)
{
	count.failed++;
	printf("%s: %s\n", label, what);
}

/* --- one program ------------------------------------------------------------- */

/* Lift the N instructions of PROGRAM; a code of err.h if it is refused. */
static int
lift(size_t n, struct dpf_filter *f)
{
	struct dpf_why why = { .text = NULL };
	int bytes = dpf_lift(
		program, n, scratch, sizeof(scratch), blob, sizeof(blob), &why);

	return bytes < 0 ? bytes : dpf_parse(blob, (size_t)bytes, f);
}

static int
load(const struct dpf_filter *f)
{
	struct dpf_set *s;
	int n = dpf_set_init(arena, sizeof(arena), DPF_SET_ONE, &s);

	if (n >= 0)
		n = dpf_set_insert(s, f, 1, 1);
	if (n >= 0)
		n = dpf_set_emit(s, code, CODE_WORDS, run_address());
	if (n >= 0)
		run_load(code, (uint32_t)n);
	return n;
}

/* Does PROGRAM jump backward? */
static bool
loops(size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (program[i].code == (BPF_JMP | BPF_JA) &&
			program[i].k > INT32_MAX)
			return true;
	return false;
}

/* Make program LABEL ready to run; false: it is not, which has been told. */
static bool
prepare(const char *label, size_t n, struct dpf_filter *f)
{
	int err = lift(n, f);

	if (err >= 0)
		err = load(f);
	if (err == SP_EFORMAT && loops(n)) {
		count.loops++;
		return false;
	}
	if (err < 0) {
		fail(label, sp_err_text(err));
		return false;
	}
	count.programs++;
	count.residuals += f->nresidual > 0;
	return true;
}

static void
judge(const char *label, const struct dpf_filter *f, const uint8_t *data,
	size_t len, size_t wirelen, bool want)
{
	bool native =
		run_call(data, (uint32_t)len, (uint32_t)wirelen, NULL) != 0;

	count.verdicts++;
	if (native != want)
		fail(label, "native code says otherwise");
	if (dpf_interp(f, data, len, wirelen) != want)
		fail(label, "the interpreter says otherwise");
}

/* --- expressions on captures ----------------------------------------------------- */

enum { LABEL, OPTIMIZE, NETMASK, CAPTURE, RESULTS, EXPRESSION, FIELDS };

/* The program of an expression into PROGRAM; returns its length, 0: libpcap does
 * not know it. */
static size_t
compile(char *const *field)
{
	pcap_t *p = pcap_open_dead(DLT_EN10MB, SNAPLEN);
	struct bpf_program prog;
	size_t n = 0;
	in_addr_t mask = strcmp(field[NETMASK], "-") == 0
				 ? PCAP_NETMASK_UNKNOWN
				 : inet_addr(field[NETMASK]);

	if (p == NULL)
		die("libpcap", "out of memory");
	if (pcap_compile(p, &prog, field[EXPRESSION], atoi(field[OPTIMIZE]),
		    mask) == 0) {
		n = prog.bf_len;
		if (n > MAX_PROGRAM)
			die(field[LABEL], "too long");
		memcpy(program, prog.bf_insns, n * sizeof(program[0]));
		pcap_freecode(&prog);
	}
	pcap_close(p);
	return n;
}

static void
judge_capture(const struct dpf_filter *f, const char *base, char *const *field)
{
	static char path[4096], why[PCAP_ERRBUF_SIZE];
	char *result, *rest = field[RESULTS];
	struct pcap_pkthdr *h;
	const uint8_t *data;
	pcap_t *p;

	snprintf(path, sizeof(path), "%s/%s", base, field[CAPTURE]);
	p = pcap_open_offline(path, why);
	if (p == NULL)
		die(path, why);
	while (pcap_next_ex(p, &h, &data) == 1) {
		result = strsep(&rest, ",");
		if (result == NULL || h->caplen > MAX_PACKET)
			break;
		judge(field[LABEL], f, data, h->caplen, h->len,
			strtoul(result, NULL, 10) != 0);
	}
	if (rest != NULL)
		fail(field[LABEL], "packets are missing or too long");
	pcap_close(p);
}

static void
run_line(char *line, const char *base)
{
	char *field[FIELDS];
	struct dpf_filter f;
	size_t n;

	for (int i = 0; i < FIELDS; i++) {
		field[i] = strsep(&line, i < FIELDS - 1 ? "\t" : "\n");
		if (field[i] == NULL)
			die(field[0], "fields are missing");
	}
	n = compile(field);
	if (n == 0)
		count.skipped++;
	else if (prepare(field[LABEL], n, &f))
		judge_capture(&f, base, field);
}

static void
run_tsv(const char *path)
{
	char *copy = strdup(path), *base, *line = NULL;
	size_t room = 0;
	FILE *in = fopen(path, "re");

	if (in == NULL || copy == NULL)
		die(path, strerror(errno));
	base = dirname(dirname(copy));
	if (getline(&line, &room, in) < 0) /* names of the columns */
		die(path, "is empty");
	while (getline(&line, &room, in) > 0)
		run_line(line, base);
	free(line);
	free(copy);
	fclose(in);
}

/* --- programs with packets ---------------------------------------------------------- */

static json_int_t
number(const json_t *test, const char *key)
{
	const json_t *v = json_object_get(test, key);

	return json_is_boolean(v) ? json_is_true(v) : json_integer_value(v);
}

static const char *
text(const json_t *test, const char *key)
{
	const char *s = json_string_value(json_object_get(test, key));

	return s != NULL ? s : "";
}

/* KEY's hexadecimal digits into the packet, zeros behind; returns how many. */
static size_t
bytes(const json_t *test, const char *key)
{
	const char *hex = text(test, key);
	size_t n = 0;

	memset(packet, 0, MAX_PACKET);
	for (; n < MAX_PACKET && hex[2 * n] != '\0'; n++)
		if (sscanf(hex + 2 * n, "%2hhx", &packet[n]) != 1)
			die(text(test, "descr"), "packet is not hexadecimal");
	return n;
}

static size_t
instructions(const json_t *test)
{
	const json_t *list = json_object_get(test, "insns");
	size_t n = json_array_size(list);

	if (n > MAX_PROGRAM)
		die(text(test, "descr"), "too long");
	for (size_t i = 0; i < n; i++) {
		const json_t *insn = json_array_get(list, i);
		json_int_t v[4];

		for (size_t k = 0; k < 4; k++)
			v[k] = json_integer_value(json_array_get(insn, k));
		program[i] = (struct dpf_bpf){ (uint16_t)v[0], (uint8_t)v[1],
			(uint8_t)v[2], (uint32_t)v[3] };
	}
	return n;
}

static void
expect_refusal(const char *label, size_t n)
{
	struct dpf_filter f;

	count.refused++;
	if (lift(n, &f) != SP_EFORMAT)
		fail(label, "an invalid program was not refused");
}

/* FreeBSD: one packet; an empty program, valid there, is libpcap's to judge. */
static void
run_freebsd(const json_t *test)
{
	const char *label = text(test, "descr");
	size_t len = bytes(test, "pkt"), n = instructions(test);
	json_int_t buflen = number(test, "buflen");
	struct dpf_filter f;

	/* One that only asks for lengths claims more than there is. */
	if ((json_int_t)len > buflen)
		len = (size_t)buflen;
	if (number(test, "libpcap_valid") == 0)
		expect_refusal(label, n);
	else if (prepare(label, n, &f))
		judge(label, &f, packet, len, (uint32_t)number(test, "wirelen"),
			number(test, "expect") != 0);
}

/* Linux: one packet at several lengths. */
static void
run_linux(const json_t *test)
{
	const char *label = text(test, "descr");
	const json_t *subtests = json_object_get(test, "subtests"), *s;
	struct dpf_filter f;
	size_t i;

	(void)bytes(test, "data");
	if (!prepare(label, instructions(test), &f))
		return;
	json_array_foreach(subtests, i, s)
	{
		json_int_t len = json_integer_value(json_array_get(s, 0));

		if (len < 0 || len > MAX_PACKET)
			die(label, "packet of strange length");
		judge(label, &f, packet, (size_t)len, (size_t)len,
			json_integer_value(json_array_get(s, 1)) != 0);
	}
}

static void
run_json(const char *path)
{
	json_error_t why;
	json_t *all = json_load_file(path, 0, &why), *test;
	size_t i;

	if (all == NULL)
		die(path, why.text);
	json_array_foreach(all, i, test)
	{
		if (json_object_get(test, "libpcap_valid") != NULL)
			run_freebsd(test);
		else if (strcmp(text(test, "class"), "portable") == 0)
			run_linux(test);
		else
			count.others++;
	}
	json_decref(all);
}

int
main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		const char *end = strrchr(argv[i], '.');

		if (end != NULL && strcmp(end, ".tsv") == 0)
			run_tsv(argv[i]);
		else
			run_json(argv[i]);
	}
	printf("%u not portable, %u unknown to libpcap, %u refused for loops\n",
		count.others, count.skipped, count.loops);
	printf("%u programs (%u with residuals), %u refused, %u verdicts, "
	       "%u failed\n",
		count.programs, count.residuals, count.refused, count.verdicts,
		count.failed);
	return count.failed > 0 || count.verdicts == 0;
}
