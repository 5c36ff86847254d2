/*
 * check.c - open, check, explain and print a handler object on the host.
 *
 * Calls the kernel's loader and verifier; adds only words.  Lines come from DWARF
 * through the cross addr2line, which whoever compiled the object has.
 */
#include "ash/host/ash_host.h"

#include "ash/elf.h"
#include <spindle/bytes.h>

#include <capstone/capstone.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MAX_OBJECT = 4 << 20 };

/* --- objects on disk ------------------------------------------------------- */

static int
file_read(struct ash_file *f, FILE *in)
{
	uint8_t *bytes = malloc(MAX_OBJECT);

	if (bytes == NULL)
		return SP_ENOMEM;
	f->bytes = bytes;
	f->n = fread(bytes, 1, MAX_OBJECT, in);
	if (ferror(in))
		return SP_ENOENT;
	return f->n == MAX_OBJECT ? SP_EFORMAT : SP_OK;
}

static void
print_why(const struct ash_file *f, FILE *err)
{
	const struct ash_object *o = &f->obj;

	fprintf(err, "%s: %s%s%s\n", f->name, o->why,
		o->symbol[0] == '\0' ? "" : ": ", o->symbol);
}

int
ash_file_open(struct ash_file *f, const char *path, FILE *err)
{
	return ash_file_open_as(f, path, path, err);
}

int
ash_file_open_as(
	struct ash_file *f, const char *path, const char *name, FILE *err)
{
	FILE *in;
	int code;

	*f = (struct ash_file){ .path = path, .name = name };
	in = fopen(path, "rb");
	if (in == NULL) {
		fprintf(err, "%s: %s\n", name, strerror(errno));
		return SP_ENOENT;
	}
	code = file_read(f, in);
	fclose(in);
	if (code < 0)
		fprintf(err, "%s: %s\n", name,
			code == SP_EFORMAT ? "too large for a handler"
					   : sp_err_text(code));
	if (code == SP_OK) {
		code = ash_open(f->bytes, f->n, &f->obj);
		if (code < 0)
			print_why(f, err);
	}
	if (code < 0)
		ash_file_close(f);
	return code;
}

void
ash_file_close(struct ash_file *f)
{
	free(f->bytes);
	*f = (struct ash_file){ .path = f->path, .name = f->name };
}

uint32_t
ash_file_text(const struct ash_file *f)
{
	struct section s;
	uint32_t i;

	for (i = 0; i < f->obj.shnum; i++) {
		elf_section(&f->obj, i, &s);
		if (elf_region(&s) == TEXT && s.bytes != 0)
			return s.off;
	}
	return 0;
}

/* --- source lines ---------------------------------------------------------- */

/* The child: addr2line with its output in OUT.  An object's addresses are those
 * of its section; a program's line is asked for with whom it is inlined in. */
static void
run_addr2line(const char *path, bool object, const char *address, int out)
{
	static const char tool[] = "mipsel-linux-gnu-addr2line";
	int null = open("/dev/null", O_WRONLY);

	if (null < 0 || dup2(out, STDOUT_FILENO) < 0 ||
		dup2(null, STDERR_FILENO) < 0)
		_exit(127);
	if (object)
		execlp(tool, tool, "-j", ".text", "-e", path, address,
			(char *)NULL);
	else
		execlp(tool, tool, "-i", "-e", path, address, (char *)NULL);
	_exit(127);
}

/* What the tool said, until it is asked again; empty if it could not. */
static char *
ask_addr2line(const char *path, bool object, uint32_t at)
{
	static char said[4096];
	char address[16];
	int fd[2], status;
	FILE *in;
	pid_t pid;

	said[0] = '\0';
	snprintf(address, sizeof(address), "0x%x", at);
	if (pipe(fd) < 0)
		return said;
	fflush(NULL);
	pid = fork();
	if (pid == 0)
		run_addr2line(path, object, address, fd[1]);
	close(fd[1]);
	in = fdopen(fd[0], "r");
	if (in != NULL) {
		said[fread(said, 1, sizeof(said) - 1, in)] = '\0';
		fclose(in);
	}
	if (pid > 0)
		(void)waitpid(pid, &status, 0);
	return said;
}

/* What people would type: PATH without the directory we are in. */
static const char *
shorten(const char *path)
{
	char here[256];
	size_t n;

	if (getcwd(here, sizeof(here)) == NULL)
		return path;
	n = strlen(here);
	if (strncmp(path, here, n) == 0 && path[n] == '/')
		path += n + 1;
	return strncmp(path, "./", 2) == 0 ? path + 2 : path;
}

/* FILE:LINE at the beginning of TEXT, which is cut off there. */
static void
parse_line(char *text, struct ash_line *out)
{
	char *colon;

	*out = (struct ash_line){ .line = 0 };
	text[strcspn(text, "\n")] = '\0';
	colon = strrchr(text, ':');
	if (colon == NULL || text[0] == '?')
		return;
	*colon = '\0';
	out->line = (unsigned)strtoul(colon + 1, NULL, 10);
	snprintf(out->file, sizeof(out->file), "%.255s", shorten(text));
}

void
ash_file_line(const struct ash_file *f, uint32_t word, struct ash_line *out)
{
	*out = (struct ash_line){ .line = 0 };
	if (word >= f->obj.text_off)
		parse_line(ask_addr2line(
				   f->path, true, 4 * (word - f->obj.text_off)),
			out);
}

void
ash_program_line(const char *elf, uint32_t pc, struct ash_line *out,
	struct ash_line *within)
{
	char *text = ask_addr2line(elf, false, pc), *last;
	size_t n = strlen(text);

	if (n > 0 && text[n - 1] == '\n')
		text[n - 1] = '\0';
	last = strrchr(text, '\n');
	*within = (struct ash_line){ .line = 0 };
	if (last != NULL)
		parse_line(last + 1, within);
	parse_line(text, out);
}

/* --- printing -------------------------------------------------------------- */

void
ash_host_insn(uint32_t word, uint32_t address, char *out, size_t room)
{
	uint8_t bytes[4];
	csh cs;
	cs_insn *insn;

	snprintf(out, room, ".word 0x%08x", word);
	le32_put(bytes, word);
	if (cs_open(CS_ARCH_MIPS, CS_MODE_MIPS32, &cs) != CS_ERR_OK)
		return;
	if (cs_disasm(cs, bytes, sizeof(bytes), address, 1, &insn) == 1) {
		snprintf(out, room, "%s%s%s", insn->mnemonic,
			insn->op_str[0] == '\0' ? "" : " ", insn->op_str);
		cs_free(insn, 1);
	}
	cs_close(&cs);
}

const char *
ash_rule_name(enum ash_rule rule)
{
	static const char *const names[] = {
#define X(name, what, cure) #name,
		ASH_RULES(X)
#undef X
	};

	return rule < ARRAY_LEN(names) ? names[rule] : "?";
}

void
ash_host_explain(const struct ash_file *f, const uint32_t *code, size_t words,
	const struct ash_report *r, FILE *out)
{
	struct ash_line at;
	char insn[80] = "end of code";

	ash_file_line(f, r->word, &at);
	if (r->word < words)
		ash_host_insn(code[r->word], 4 * r->word, insn, sizeof(insn));
	if (at.line != 0)
		fprintf(out, "%s:%u: ", at.file, at.line);
	else
		fprintf(out, "%s: ", f->name);
	fprintf(out, "%s: %s (%s, word %u); %s\n", insn, ash_rule_text(r->rule),
		ash_rule_name(r->rule), r->word, ash_rule_cure(r->rule));
}

/* --- placing at trial addresses -------------------------------------------- */

void
ash_vm_params(uint32_t code_bits, uint32_t data_bits, uint32_t granted,
	struct ash_params *p)
{
#define X(name, number, cost)                                                  \
	p->import_addr[number] = ASH_VM_STUBS + 16 * (number);                 \
	p->import_cost[number] = (cost);

	*p = (struct ash_params){
		.code_base = ASH_VM_CODE,
		.code_bits = code_bits,
		.data_bits = data_bits,
		.granted = granted,
	};
	ASH_IMPORTS(X)
#undef X
}

int
ash_host_place(const struct ash_file *f, struct ash_trial *t, FILE *err)
{
	struct ash_file copy = *f;
	int code = SP_ENOMEM;

	*t = (struct ash_trial){ 0 };
	ash_vm_params(
		f->obj.code_bits, f->obj.data_bits, f->obj.imports, &t->p);
	t->words = (size_t)1 << (f->obj.code_bits - 2);
	t->data_bytes = (size_t)1 << f->obj.data_bits;
	t->code = calloc(t->words, sizeof(*t->code));
	t->data = calloc(t->data_bytes, 1);
	t->scratch = calloc(t->words, ASH_SCRATCH);
	if (t->code != NULL && t->data != NULL && t->scratch != NULL)
		code = ash_place(&copy.obj, &t->p, ASH_VM_DATA, ASH_VM_EXIT,
			ASH_VM_ABORT, t->code, t->data);
	if (code == SP_ENOMEM)
		fprintf(err, "%s: out of memory\n", f->name);
	else if (code < 0)
		print_why(&copy, err);
	if (code < 0) {
		ash_trial_free(t);
		return code;
	}
	return ash_verify(t->code, t->words, &t->p, t->scratch,
		t->words * ASH_SCRATCH, &t->r);
}

void
ash_trial_free(struct ash_trial *t)
{
	free(t->code);
	free(t->data);
	free(t->scratch);
	*t = (struct ash_trial){ 0 };
}

/* --- check and dump -------------------------------------------------------- */

static void
print_imports(uint32_t imports, FILE *out)
{
	static const char *const names[ASH_MAX_IMPORTS] = {
#define X(name, number, cost) [number] = #name,
		ASH_IMPORTS(X)
#undef X
	};
	unsigned i;

	for (i = 0; i < ASH_MAX_IMPORTS; i++)
		if ((imports >> i & 1) != 0)
			fprintf(out, " %s", names[i]);
	fprintf(out, "%s\n", imports == 0 ? " none" : "");
}

static void
print_report(const struct ash_file *f, const struct ash_report *r, FILE *out)
{
	fprintf(out, "%s: accepted\n", f->name);
	fprintf(out, "  code      %u bytes in a region of %u\n",
		f->obj.text_bytes, 1u << f->obj.code_bits);
	fprintf(out, "  data      %u bytes in a region of %u\n",
		f->obj.data_bytes, 1u << f->obj.data_bits);
	fprintf(out, "  calls    ");
	print_imports(f->obj.imports, out);
	fprintf(out, "  frame     %s\n",
		r->stores_frame != 0 ? "reads and writes" : "reads only");
	if (r->bound != 0)
		fprintf(out, "  at most   %u instructions\n", r->bound);
	else
		fprintf(out, "  at most   its budget and %u instructions\n",
			r->stretch);
}

int
ash_host_check(const char *path, FILE *out, struct ash_report *r)
{
	struct ash_trial t;
	struct ash_file f;
	int code = ash_file_open(&f, path, out);

	*r = (struct ash_report){ .rule = ASH_RULE_OK };
	if (code < 0)
		return code;
	code = ash_host_place(&f, &t, out);
	if (code == SP_EUNSAFE)
		ash_host_explain(&f, t.code, t.words, &t.r, out);
	else if (code == SP_OK)
		print_report(&f, &t.r, out);
	*r = t.r;
	ash_trial_free(&t);
	ash_file_close(&f);
	return code;
}

int
ash_host_dump(const struct ash_file *f, FILE *out)
{
	struct ash_line at, before = { .line = 0 };
	struct ash_trial t;
	uint32_t i, end;
	char insn[80];
	int code = ash_host_place(f, &t, out);

	if (code != SP_OK && code != SP_EUNSAFE)
		return code;
	end = f->obj.text_off + f->obj.text_bytes / 4;
	for (i = 0; i < end; i++) {
		ash_file_line(f, i, &at);
		if (at.line != before.line && at.line != 0)
			fprintf(out, "%s:%u\n", at.file, at.line);
		before = at;
		ash_host_insn(
			t.code[i], t.p.code_base + 4 * i, insn, sizeof(insn));
		fprintf(out, "%5u  %08x  %s\n", i, t.code[i], insn);
	}
	ash_trial_free(&t);
	return SP_OK;
}
