/*
 * ashcc.c - compile a handler: gcc, guards and payments, assembler, verifier.
 *
 * Usage: ashcc [-o OUT.o] [-S] [gcc options] FILE.c.  The object is assembled once
 * to learn how large its regions are, again for these sizes, and its payments are
 * then set to what the verifier asks for.  Exit status: 1 refused, 2 bad usage.
 */
#include "ash/ashcc/text.h"
#include "ash/host/ash_host.h"

#include "dpf/mips.h"
#include <spindle/bytes.h>

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MAX_OPTIONS = 200 };

static const char usage[] =
	"usage: ashcc [-o OUT.o] [-S] [gcc options] FILE.c\n"
	"Compile a handler for the kernel's interrupt path and verify it.\n"
	"  -o OUT.o  where the object goes (default: FILE.o)\n"
	"  -S        write the guarded assembler text to OUT.o instead\n"
	"Options of gcc such as -D, -I, -O and -W are handed on.\n"
	"Example: ashcc -o udp_echo.o apps/ash-udp-echo/udp_echo.c\n";

/* What makes gcc's code easy to make safe. */
static const char *const flags[] = { "-S", "-x", "c", "-std=gnu11", "-O2",
	"-EL", "-march=mips32r2", "-mabi=32", "-msoft-float", "-G0",
	"-mno-abicalls", "-fno-pic", "-ffreestanding", "-fno-common",
	"-fno-stack-protector", "-fno-asynchronous-unwind-tables",
	"-fno-jump-tables", "-fno-optimize-sibling-calls",
	"-fno-reorder-functions", "-fno-reorder-blocks-and-partition",
	"-fno-tree-loop-distribute-patterns", "-fno-strict-aliasing",
	/* No jumps back to what another way ends with: see report.bound. */
	"-fno-crossjumping", "-fno-reorder-blocks", "-mno-branch-likely",
	"-mno-check-zero-division", "-mno-mips16", "-mno-micromips",
	"-ffixed-1", "-ffixed-21", "-ffixed-22", "-ffixed-23", "-ffixed-24",
	"-ffixed-31", "-g1", "-gno-variable-location-views",
	"-fno-var-tracking", "-D__ASH__", NULL };

struct job {
	const char *source;
	char *object; /* final name */
	bool only_text;
	const char *options[MAX_OPTIONS];
	unsigned noptions;
	char dir[PATH_MAX];
	char sdk[PATH_MAX];
};

static struct job job;

/* --- running tools --------------------------------------------------------- */

static void
name_tool(char *out, size_t room, const char *tool)
{
	const char *cross = getenv("CROSS");

	snprintf(out, room, "%s%s", cross == NULL ? "mipsel-linux-gnu-" : cross,
		tool);
}

/* Run ARGV to its end; false unless it exits with 0. */
static bool
run(const char *const *argv)
{
	int status;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		execvp(argv[0], (char *const *)(uintptr_t)argv);
		fprintf(stderr, "ashcc: %s: %s\n", argv[0], strerror(errno));
		_exit(127);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid &&
	       WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static char *
in_dir(const struct job *j, const char *name)
{
	size_t room = strlen(j->dir) + strlen(name) + 2;
	char *path = xalloc(room);

	snprintf(path, room, "%s/%s", j->dir, name);
	return path;
}

/* At exit, whatever made us exit. */
static void
clean(void)
{
	static const char *const names[] = { "gcc.s", "safe.s", "safe.o" };
	size_t i;

	for (i = 0; i < ARRAY_LEN(names); i++)
		(void)unlink(in_dir(&job, names[i]));
	(void)rmdir(job.dir);
}

/* --- the steps ------------------------------------------------------------- */

static bool
compile(const struct job *j)
{
	const char **argv =
		xalloc((j->noptions + ARRAY_LEN(flags) + 8) * sizeof(*argv));
	char gcc[128];
	size_t n = 0, i;

	name_tool(gcc, sizeof(gcc), "gcc");
	argv[n++] = gcc;
	for (i = 0; flags[i] != NULL; i++)
		argv[n++] = flags[i];
	argv[n++] = "-I";
	argv[n++] = j->sdk;
	for (i = 0; i < j->noptions; i++)
		argv[n++] = j->options[i];
	argv[n++] = "-o";
	argv[n++] = in_dir(j, "gcc.s");
	argv[n++] = j->source;
	argv[n] = NULL;
	return run(argv);
}

static void
rewrite(const struct job *j, unsigned code_bits, unsigned data_bits)
{
	struct program p;
	struct chunk *c;
	FILE *f = fopen(in_dir(j, "gcc.s"), "r");

	if (f == NULL)
		die("%s: %s", in_dir(j, "gcc.s"), strerror(errno));
	program_read(f, &p);
	fclose(f);
	for (c = p.functions; c != NULL; c = c->next) {
		entry_function(c);
		guard_function(c, code_bits, data_bits);
	}
	pay_program(&p);
	f = fopen(in_dir(j, "safe.s"), "w");
	if (f == NULL)
		die("%s: %s", in_dir(j, "safe.s"), strerror(errno));
	program_write(&p, f);
	if (fclose(f) != 0)
		die("%s: %s", in_dir(j, "safe.s"), strerror(errno));
}

static bool
assemble(const struct job *j)
{
	char as[128];
	const char *argv[] = { as, "-EL", "-mips32r2", "-mabi=32",
		"-msoft-float", "-G0", "--fatal-warnings", "-o",
		in_dir(j, "safe.o"), in_dir(j, "safe.s"), NULL };

	name_tool(as, sizeof(as), "as");
	return run(argv);
}

/* Assemble for the sizes that the object turns out to have. */
static bool
build(const struct job *j, struct ash_file *f)
{
	unsigned code_bits = 10, data_bits = 12, tries;

	for (tries = 0; tries < 3; tries++) {
		rewrite(j, code_bits, data_bits);
		if (!assemble(j))
			return false;
		if (ash_file_open_as(
			    f, in_dir(j, "safe.o"), j->source, stderr) != SP_OK)
			return false;
		if (f->obj.code_bits == code_bits &&
			f->obj.data_bits == data_bits)
			return true;
		code_bits = f->obj.code_bits;
		data_bits = f->obj.data_bits;
		ash_file_close(f);
	}
	die("the size of the regions does not settle");
}

/* Set the payment at WORD; text is one section, which the file holds as is. */
static void
set_cost(struct ash_file *f, uint32_t word, uint32_t cost)
{
	uint8_t *p = f->bytes + ash_file_text(f) +
		     4 * (size_t)(word - f->obj.text_off);

	le32_put(p, mips_i(MIPS_OP_addiu, ASH_REG_BUDGET, ASH_REG_BUDGET,
			    -(int32_t)cost));
}

/* Raise each payment to what it must cover; false when refused. */
static bool
settle(struct ash_file *f, const char *source)
{
	struct ash_trial t;
	uint32_t need;
	int err;

	for (;;) {
		err = ash_host_place(f, &t, stderr);
		if (err == SP_OK)
			break;
		if (err != SP_EUNSAFE)
			return false;
		need = t.r.stretch;
		if (t.r.rule != ASH_RULE_UNDERPAID || need > INT16_MAX) {
			ash_host_explain(f, t.code, t.words, &t.r, stderr);
			fprintf(stderr, "ashcc: %s: refused\n", source);
			ash_trial_free(&t);
			return false;
		}
		set_cost(f, t.r.word, need);
		ash_trial_free(&t);
	}
	ash_trial_free(&t);
	return true;
}

static bool
write_file(const char *path, const uint8_t *bytes, size_t n)
{
	FILE *out = fopen(path, "wb");

	if (out == NULL || fwrite(bytes, 1, n, out) != n || fclose(out) != 0) {
		fprintf(stderr, "ashcc: %s: %s\n", path, strerror(errno));
		return false;
	}
	return true;
}

static bool
copy_text(const struct job *j)
{
	FILE *in = fopen(in_dir(j, "safe.s"), "rb");
	uint8_t *bytes = xalloc(1 << 20);
	size_t n;

	if (in == NULL)
		return false;
	n = fread(bytes, 1, 1 << 20, in);
	fclose(in);
	return write_file(j->object, bytes, n);
}

static bool
make(const struct job *j)
{
	struct ash_file f;
	bool ok;

	if (!compile(j) || !build(j, &f))
		return false;
	ok = j->only_text ? copy_text(j)
			  : settle(&f, j->source) &&
				    write_file(j->object, f.bytes, f.n);
	ash_file_close(&f);
	return ok;
}

/* --- the command line ------------------------------------------------------ */

/* The SDK beside us: build/../ash/sdk, or PREFIX/bin/../include/spindle. */
static void
find_sdk(struct job *j)
{
	static const char *const places[] = { "/../ash/sdk",
		"/../include/spindle" };
	ssize_t n = readlink("/proc/self/exe", j->sdk, sizeof(j->sdk) - 32);
	char *slash;
	size_t i;

	j->sdk[n < 0 ? 0 : n] = '\0';
	slash = strrchr(j->sdk, '/');
	for (i = 0; slash != NULL && i < ARRAY_LEN(places); i++) {
		strcpy(slash, places[i]);
		if (access(j->sdk, R_OK) == 0)
			return;
	}
}

static char *
object_name(const char *source)
{
	const char *slash = strrchr(source, '/');
	const char *base = slash == NULL ? source : slash + 1;
	size_t n = strlen(base);
	char *name = xalloc(n + 3);

	memcpy(name, base, n);
	snprintf(name + (n > 2 ? n - 2 : n), 3, ".o");
	return name;
}

static bool
parse(struct job *j, int argc, char **argv)
{
	int i;

	for (i = 1; i < argc; i++) {
		if (strcmp(argv[i], "-o") == 0 && i + 1 < argc)
			j->object = argv[++i];
		else if (strcmp(argv[i], "-S") == 0)
			j->only_text = true;
		else if (argv[i][0] == '-' && j->noptions < MAX_OPTIONS)
			j->options[j->noptions++] = argv[i];
		else if (j->source == NULL)
			j->source = argv[i];
		else
			return false;
	}
	if (j->source == NULL)
		return false;
	if (j->object == NULL)
		j->object = object_name(j->source);
	return true;
}

int
main(int argc, char **argv)
{
	const char *tmp = getenv("TMPDIR");

	if (argc == 2 && strcmp(argv[1], "--help") == 0) {
		fputs(usage, stdout);
		return 0;
	}
	if (!parse(&job, argc, argv)) {
		fputs(usage, stderr);
		return 2;
	}
	find_sdk(&job);
	snprintf(job.dir, sizeof(job.dir), "%s/ashcc.XXXXXX",
		tmp == NULL ? "/tmp" : tmp);
	if (mkdtemp(job.dir) == NULL)
		die("%s: %s", job.dir, strerror(errno));
	if (atexit(clean) != 0)
		die("cannot clean up");
	return make(&job) ? 0 : 1;
}
