/*
 * apps.c - start programs, and clean up after them.
 *
 * Frames of a program belong to the agent, not to the program: whatever way it
 * ends, they are given back here.
 */
#include "apps.h"

#include "apps/lib/layout.h"
#include "apps/lib/mem.h"
#include "apps/lib/print.h"
#include "apps/lib/syscall.h"

enum {
	STACK_PAGES = APP_STACK / SP_PAGE,
	ARGS_MAX = 16,
};

static struct app table[SP_MAX_ENVS];

const struct app *
app_named(const char *name)
{
	for (size_t i = 0; i < SP_MAX_ENVS; i++)
		if (table[i].name[0] != '\0' && str_equal(table[i].name, name))
			return &table[i];
	return NULL;
}

static struct app *
find_env(uint32_t env)
{
	for (size_t i = 0; i < SP_MAX_ENVS; i++)
		if (table[i].name[0] != '\0' && table[i].env == env)
			return &table[i];
	return NULL;
}

const struct app *
app_of_env(uint32_t env)
{
	return find_env(env);
}

static struct app *
find_free(void)
{
	for (size_t i = 0; i < SP_MAX_ENVS; i++)
		if (table[i].name[0] == '\0')
			return &table[i];
	return NULL;
}

/* Everything APP has, in the order in which it depends on each other. */
static void
release(struct app *app)
{
	if (app->has_ring)
		(void)sys_ring_destroy(0, app->ring);
	if (app->env != 0)
		(void)sys_env_kill(0, app->env);
	frames_free(&app->ring_frames);
	for (size_t i = 0; i <= ELF_MAX_SEGMENTS; i++)
		frames_free(&app->image[i]);
	memset(app, 0, sizeof(*app));
}

/* One segment: frames, contents, mapping. */
static int
load_segment(struct app *app, struct frames *f, const struct elf_segment *s,
	const uint8_t *elf)
{
	uint32_t at = s->va % SP_PAGE;
	int err = frames_alloc(f, frames_for(at + s->mem));

	if (err < 0)
		return err;
	err = frames_write(f->pfn, at, elf + s->offset, s->file_bytes);
	if (err < 0)
		return err;
	return frames_map(
		f, app->env, s->va - at, s->writable ? SP_MAP_WRITE : 0);
}

/*
 * The arguments' vector and strings at the top of the stack, name first; START
 * gets what app_main() will see.
 */
static int
load_stack(struct app *app, const struct ag_app *req, struct sp_start *start)
{
	struct {
		uint32_t vector[ARGS_MAX + 2];
		char text[SP_NAME + sizeof(req->args)];
	} block;
	struct frames *stack = &app->image[ELF_MAX_SEGMENTS];
	uint32_t at = APP_STACK - sizeof(block);
	uint32_t va = SP_STACK_TOP - sizeof(block);
	uint32_t text = 0, next = SP_NAME;

	memset(&block, 0, sizeof(block));
	memcpy(block.text, req->name, SP_NAME);
	memcpy(block.text + SP_NAME, req->args, sizeof(req->args));
	for (uint32_t i = 0; i <= req->nargs; i++) {
		block.vector[i] = va + sizeof(block.vector) + text;
		text = next;
		next += str_len(block.text + next, sizeof(block.text) - next);
		next++;
	}
	start->a0 = req->nargs + 1;
	start->a1 = va;
	start->sp = va & ~7u;

	int err = frames_alloc(stack, STACK_PAGES);

	if (err < 0)
		return err;
	err = frames_write(stack->pfn, at, &block, sizeof(block));
	if (err < 0)
		return err;
	return frames_map(
		stack, app->env, SP_STACK_TOP - APP_STACK, SP_MAP_WRITE);
}

static int
load_ring(struct app *app)
{
	int err = frames_alloc(&app->ring_frames, SP_RING_PAGES);

	if (err < 0)
		return err;
	err = frames_map(
		&app->ring_frames, app->env, APP_RING_VA, SP_MAP_WRITE);
	if (err < 0)
		return err;
	err = sys_ring_create(0, app->env, app->ring_frames.pfn, SP_RING_PAGES);
	if (err < 0)
		return err;
	app->ring = (uint32_t)err;
	app->has_ring = true;
	return SP_OK;
}

/* Programs may write to the console; what else the host wants for this one. */
static int
grant(const struct app *app, bool root)
{
	const struct sp_cap console = {
		.rights = SP_CAP_WRITE,
		.len = 1,
		.name = { SP_NAME_CONSOLE },
	};
	const struct sp_cap all = { .rights = SP_CAP_ALL };
	int err = sys_cap_grant(0, app->env, APP_CAP_CONSOLE, &console);

	if (err == SP_OK && root)
		err = sys_cap_grant(0, app->env, APP_CAP_ROOT, &all);
	return err;
}

/* All of it; on failure the caller releases what was made. */
static int
load(struct app *app, const struct ag_app *req, const struct elf_program *prog,
	const uint8_t *elf)
{
	struct sp_start start = {
		.pc = prog->entry,
		.slices = req->slices > 0 ? req->slices : 1,
	};
	int err = sys_env_create(0, req->name);

	if (err < 0)
		return err;
	app->env = (uint32_t)err;
	err = grant(app, req->root != 0);
	if (err < 0)
		return err;
	for (size_t i = 0; i < prog->segments; i++) {
		err = load_segment(app, &app->image[i], &prog->segment[i], elf);
		if (err < 0)
			return err;
	}
	err = load_stack(app, req, &start);
	if (err < 0)
		return err;
	err = load_ring(app);
	if (err < 0)
		return err;
	return sys_env_start(0, app->env, &start);
}

static uint32_t
free_slices(void)
{
	uint32_t n = 0;

	for (size_t i = 0; i < SP_SLICES; i++)
		n += app_info()->slice[i] == 0;
	return n;
}

/* Are there NARGS strings in ARGS? */
static bool
args_are_good(const struct ag_app *req)
{
	size_t at = 0;

	if (req->nargs > ARGS_MAX)
		return false;
	for (uint32_t i = 0; i < req->nargs; i++) {
		size_t room = sizeof(req->args) - at;
		size_t n = str_len(req->args + at, room);

		if (n == room)
			return false;
		at += n + 1;
	}
	return true;
}

int
app_start(const struct ag_app *req, const uint8_t *elf, struct answer *a)
{
	struct elf_program prog;
	const char *why = "";

	if (!name_is_good(req->name))
		return refuse(a, SP_EINVAL, "bad name for an application");
	if (!args_are_good(req))
		return refuse(a, SP_EINVAL, "too many or too long arguments");
	/* The kernel would start it with fewer. */
	if (req->slices > free_slices())
		return refuse(
			a, SP_EFULL, "only %u slices are free", free_slices());
	if (app_named(req->name) != NULL)
		return refuse(a, SP_EEXIST, "an application named %s runs",
			req->name);

	int err = elf_parse(
		elf, req->bytes, SP_USER_BASE, APP_IMAGE_TOP, &prog, &why);

	if (err < 0)
		return refuse(a, err, "%s", why);

	struct app *app = find_free();

	if (app == NULL)
		return refuse(a, SP_EFULL, "too many applications");
	err = load(app, req, &prog, elf);
	if (err < 0) {
		release(app);
		return refuse(a, err, "cannot load: %s", sp_err_text(err));
	}
	memcpy(app->name, req->name, SP_NAME);
	return (int)app->env;
}

int
app_stop(uint32_t env)
{
	struct app *app = find_env(env);

	if (app == NULL)
		return SP_ENOENT;
	release(app);
	return SP_OK;
}

void
apps_reap(void)
{
	for (size_t i = 0; i < SP_MAX_ENVS; i++) {
		struct app *app = &table[i];
		const struct sp_env_info *e =
			&app_info()->env[app->env % SP_MAX_ENVS];

		if (app->name[0] == '\0' ||
			(e->id == app->env && e->state != SP_ENV_DEAD))
			continue;
		if (e->id != app->env)
			print("agent: %s has ended\n", app->name);
		else if (e->exit_cause == 0)
			print("agent: %s ended with %d\n", app->name,
				(int)e->exit_code);
		else
			print("agent: %s died of exception %u at %08x\n",
				app->name, e->exit_cause >> 2 & 31, e->exit_pc);
		release(app);
	}
}
