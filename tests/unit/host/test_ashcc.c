/*
 * test_ashcc.c - the command that authors type: what it says, leaves and returns.
 */
#include <CUnit/Basic.h>
#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define HEAD "#include <ash.h>\nint\nash_main(uint32_t len)\n{\n"
/* An instruction in C; in two pieces, since lint takes it for our own. */
#define INSN(text)                                                             \
	"\t__as"                                                               \
	"m__ volatile(\"" text "\");"
#define TAIL "\n\treturn ash_reply(len);\n}\n"

static char dir[64], said[8192];

/* Run ashcc with ARGS in DIR; its exit status, with what it said in SAID. */
static int
ashcc(const char *args)
{
	static char here[512], command[1024];
	FILE *in;
	size_t n;

	CU_ASSERT_FATAL(getcwd(here, sizeof(here)) != NULL);
	snprintf(command, sizeof(command),
		"cd %s && TMPDIR=%s/tmp %s/build/ashcc %s 2>&1", dir, dir, here,
		args);
	in = popen(command, "r");
	CU_ASSERT_FATAL(in != NULL);
	n = fread(said, 1, sizeof(said) - 1, in);
	said[n] = '\0';
	return WEXITSTATUS(pclose(in));
}

static void
source(const char *name, const char *text)
{
	char path[128];
	FILE *out;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	out = fopen(path, "w");
	CU_ASSERT_FATAL(out != NULL);
	fputs(text, out);
	fclose(out);
}

static size_t
contents(const char *name, char *out, size_t room)
{
	char path[128];
	FILE *in;
	size_t n = 0;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	in = fopen(path, "r");
	if (in != NULL) {
		n = fread(out, 1, room, in);
		fclose(in);
	}
	return n;
}

static bool
exists(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return access(path, F_OK) == 0;
}

static int
set_up(void)
{
	char tmp[80];

	snprintf(dir, sizeof(dir), "/tmp/test-ashcc.XXXXXX");
	if (mkdtemp(dir) == NULL)
		return 1;
	snprintf(tmp, sizeof(tmp), "%s/tmp", dir);
	return mkdir(tmp, 0700);
}

static int
clean_up(void)
{
	char command[80];

	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command);
}

/* --- refusals ---------------------------------------------------------------- */

/* TEXT is refused, with all of WORDS said, and no object is left. */
static void
check_refused(const char *text, const char *const *words)
{
	source("x.c", text);
	CU_ASSERT_EQUAL(ashcc("-o x.o x.c"), 1);
	CU_ASSERT(!exists("x.o"));
	for (; *words != NULL; words++) {
		CU_ASSERT(strstr(said, *words) != NULL);
		if (strstr(said, *words) == NULL)
			printf("\nno '%s' in: %s", *words, said);
	}
}

#define CHECK_REFUSED(text, ...)                                               \
	check_refused(text, (const char *const[]){ __VA_ARGS__, NULL })

static void
test_a_refusal_names_line_instruction_rule_and_cure(void)
{
	CHECK_REFUSED(HEAD INSN("mfc0 $2,$12") TAIL, "x.c:5:", "mfc0",
		"PRIVILEGED", "word ", "handlers have no coprocessor");
	CHECK_REFUSED(HEAD INSN("addiu $21,$21,1") TAIL, "x.c:5:", "RESERVED");
	CHECK_REFUSED(HEAD INSN("teq $2,$0") TAIL, "x.c:5:", "teq", "TRAP");
	CHECK_REFUSED(HEAD INSN("lw $2,0($24)\\n\\t"
				"lw $2,0($28)") TAIL,
		"x.c:", "FORBIDDEN_REG", "-G0");
}

static void
test_what_handlers_have_not_is_named(void)
{
	CHECK_REFUSED(
		"#include <ash.h>\nfloat f;\nint\nash_main(uint32_t len)\n"
		"{\n\tf = f * (float)len;" TAIL,
		"x.c:", "undefined symbol", "__");
	CHECK_REFUSED("#include <ash.h>\nuint64_t f;\nint\n"
		      "ash_main(uint32_t len)\n{\n\tf = f / len;" TAIL,
		"undefined symbol", "__udivdi3");
	CHECK_REFUSED("#include <ash.h>\nint (*f)(uint32_t);\nint\n"
		      "ash_main(uint32_t len)\n{\n\tif (f != NULL)\n"
		      "\t\treturn f(len) + 1;" TAIL,
		"x.c:7:", "INDIRECT", "function pointers");
}

static void
test_a_service_that_does_not_exist_is_named(void)
{
	CHECK_REFUSED("#include <ash.h>\nvoid ash_format_disk(void);\nint\n"
		      "ash_main(uint32_t len)\n{\n\tash_format_disk();" TAIL,
		"ash_format_disk", "no service");
}

static void
test_a_program_without_main_is_refused(void)
{
	CHECK_REFUSED("int x;\n", "no function ash_main");
}

static void
test_what_gcc_refuses_is_refused(void)
{
	CHECK_REFUSED("int ash_main(uint32_t len) { return 0 }\n", "error");
}

static void
test_too_large_is_refused(void)
{
	CHECK_REFUSED("#include <ash.h>\nstatic volatile uint8_t b[1100000];\n"
		      "int\nash_main(uint32_t len)\n{\n\tb[len] = 1;" TAIL,
		"more than 1 MiB");
	CHECK_REFUSED("#include <ash.h>\n"
		      "static volatile uint8_t b[(1 << 20) - 512];\n"
		      "int\nash_main(uint32_t len)\n{\n\tb[len] = 1;" TAIL,
		"too large");
}

/* --- use ---------------------------------------------------------------------- */

static void
test_bad_usage_ends_with_2(void)
{
	CU_ASSERT_EQUAL(ashcc(""), 2);
	CU_ASSERT(strstr(said, "usage: ashcc") != NULL);
	CU_ASSERT_EQUAL(ashcc("a.c b.c"), 2);
}

static void
test_help_shows_an_example(void)
{
	CU_ASSERT_EQUAL(ashcc("--help"), 0);
	CU_ASSERT(strstr(said, "Example:") != NULL);
}

static void
test_a_missing_file_ends_with_1(void)
{
	CU_ASSERT_EQUAL(ashcc("nowhere.c"), 1);
	CU_ASSERT(strstr(said, "nowhere.c") != NULL);
}

static void
test_a_place_that_cannot_be_written_ends_with_1(void)
{
	source("good.c", HEAD TAIL);
	CU_ASSERT_EQUAL(ashcc("-o nowhere/x.o good.c"), 1);
	CU_ASSERT(strstr(said, "nowhere/x.o") != NULL);
}

static void
test_the_object_gets_the_usual_name(void)
{
	source("good.c", HEAD TAIL);
	CU_ASSERT_EQUAL(ashcc("good.c"), 0);
	CU_ASSERT_EQUAL(said[0], '\0');
	CU_ASSERT(exists("good.o"));
}

static void
test_options_reach_gcc(void)
{
	source("good.c", HEAD "\tWHAT" TAIL);
	CU_ASSERT_EQUAL(ashcc("-DWHAT= good.c"), 0);
	CU_ASSERT_EQUAL(ashcc("'-DWHAT=unknown;' good.c"), 1);
	CU_ASSERT_EQUAL(ashcc("'-DWHAT=int i;' -Wall -Werror good.c"), 1);
}

static void
test_the_assembler_text_can_be_seen(void)
{
	static char text[65536];
	size_t n;

	source("good.c", HEAD "\twhile (frame_ld8(len) != 0)\n\t\tlen--;" TAIL);
	CU_ASSERT_EQUAL(ashcc("-S -o good.s good.c"), 0);
	n = contents("good.s", text, sizeof(text) - 1);
	text[n] = '\0';
	CU_ASSERT(strstr(text, "__ash_abort") != NULL);
	CU_ASSERT(strstr(text, "ins\t$23,") != NULL);
}

static void
test_the_same_source_gives_the_same_object(void)
{
	static char a[65536], b[65536];
	size_t n;

	source("good.c", HEAD "\tframe_swap_mac();" TAIL);
	CU_ASSERT_EQUAL(ashcc("-o a.o good.c"), 0);
	CU_ASSERT_EQUAL(ashcc("-o b.o good.c"), 0);
	n = contents("a.o", a, sizeof(a));
	CU_ASSERT(n > 0);
	CU_ASSERT_EQUAL(contents("b.o", b, sizeof(b)), n);
	CU_ASSERT_EQUAL(memcmp(a, b, n), 0);
}

/* Whatever happened before: this test goes last. */
static void
test_nothing_temporary_is_left(void)
{
	char tmp[80];
	struct dirent *e;
	DIR *d;

	snprintf(tmp, sizeof(tmp), "%s/tmp", dir);
	d = opendir(tmp);
	CU_ASSERT_FATAL(d != NULL);
	while ((e = readdir(d)) != NULL)
		CU_ASSERT_EQUAL(e->d_name[0], '.');
	closedir(d);
}

int
main(void)
{
	CU_pSuite s;

	if (CU_initialize_registry() != CUE_SUCCESS)
		return 1;
	s = CU_add_suite("ashcc", set_up, clean_up);
#define ADD(name) CU_add_test(s, #name, name)
	ADD(test_a_refusal_names_line_instruction_rule_and_cure);
	ADD(test_what_handlers_have_not_is_named);
	ADD(test_a_service_that_does_not_exist_is_named);
	ADD(test_a_program_without_main_is_refused);
	ADD(test_what_gcc_refuses_is_refused);
	ADD(test_too_large_is_refused);
	ADD(test_bad_usage_ends_with_2);
	ADD(test_help_shows_an_example);
	ADD(test_a_missing_file_ends_with_1);
	ADD(test_a_place_that_cannot_be_written_ends_with_1);
	ADD(test_the_object_gets_the_usual_name);
	ADD(test_options_reach_gcc);
	ADD(test_the_assembler_text_can_be_seen);
	ADD(test_the_same_source_gives_the_same_object);
	ADD(test_nothing_temporary_is_left);
	CU_basic_set_mode(CU_BRM_VERBOSE);
	CU_basic_run_tests();
	CU_cleanup_registry();
	return CU_get_number_of_failures() > 0;
}
