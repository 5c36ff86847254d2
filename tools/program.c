/*
 * program.c - copies of started programs: DIR/program-SLOT-ENV.elf.
 */
#include "program.h"

#include <unistd.h>

enum { FILE_NAME = 32 };

/* The environment's slot is the low byte of its id. */
static void
file_name(uint32_t env, char out[FILE_NAME])
{
	snprintf(out, FILE_NAME, "program-%u-%u.elf", env & 0xff, env);
}

void
program_keep(
	const struct machine *m, uint32_t env, const uint8_t *elf, size_t bytes)
{
	char name[FILE_NAME], path[MACHINE_PATH];
	FILE *f;
	bool bad;

	snprintf(name, sizeof(name), "program-%u-", env & 0xff);
	machine_remove(m, name);
	file_name(env, name);
	f = fopen(machine_path(m, name, path), "we");
	if (f == NULL)
		return;
	bad = fwrite(elf, 1, bytes, f) != bytes;
	if (fclose(f) != 0 || bad)
		unlink(path);
}

void
program_line(const struct machine *m, uint32_t env, uint32_t pc,
	struct ash_line *out, struct ash_line *within)
{
	char name[FILE_NAME], path[MACHINE_PATH];

	*out = *within = (struct ash_line){ .line = 0 };
	file_name(env, name);
	if (access(machine_path(m, name, path), R_OK) == 0)
		ash_program_line(path, pc, out, within);
}
