/*
 * cmd_up.c - boot a machine and wait until its agent answers.
 *
 * Either the machine is up when the command returns, or nothing of it is left
 * running and the console's last lines say why.
 */
#include "commands.h"
#include "ctl.h"
#include "qemu.h"

#include <errno.h>
#include <signal.h>
#include <spindle/bytes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PING_MS = 200, TAIL_LINES = 15 };

static const struct option options[] = {
	{ "net", 0, "MODE", "dgram (default): frames over sockets; user: NAT" },
	{ "hostfwd", 0, "tcp:H-:G",
		"with --net user: host port to guest port" },
	{ "icount", 0, NULL, "count instructions: rtt measures them" },
	{ "mem", 0, "MIB", "memory, 32..256 (default 128)" },
	{ "kernel", 0, "F", "boot this instead of kernel.elf" },
	{ "initrd", 0, "F", "boot archive (default boot.cpio)" },
	{ "append", 0, "TEXT", "kernel command line" },
	{ "gdb", 0, NULL, "stop at the first instruction and wait for gdb" },
	{ "pcap", 0, "F", "record all frames to F" },
	{ "timeout", 0, "S", "seconds to wait for the agent (default 20)" },
	{ NULL, 0, NULL, NULL },
};

struct up {
	const struct args *a;
	struct machine m;
	struct qemu_plan plan;
	uint64_t timeout_s;
	char *kernel, *initrd; /* ours to free */
	char *ended;           /* how QEMU ended, or NULL */
};

static enum status
readable(const struct args *a, const char *file)
{
	if (access(file, R_OK) < 0)
		return cli_fail(a, "%s: %s", file, strerror(errno));
	return STATUS_OK;
}

static enum status
read_net(struct up *u)
{
	const struct args *a = u->a;
	const char *net = opt_get(a, "net"), *fwd;
	char *unused = xalloc(1);
	enum status st = STATUS_OK;

	if (net == NULL)
		net = "dgram";
	snprintf(u->m.net, sizeof(u->m.net), "%s", net);
	if (strcmp(net, "dgram") != 0 && strcmp(net, "user") != 0)
		st = cli_misuse(a, "--net is dgram or user, not '%s'", net);
	else if (opt_get(a, "hostfwd") != NULL && strcmp(net, "user") != 0)
		st = cli_misuse(a, "--hostfwd needs --net user");
	for (size_t i = 0;
		st == STATUS_OK && (fwd = opt_nth(a, "hostfwd", i)) != NULL;
		i++)
		st = qemu_hostfwd(a, fwd, &unused);
	free(unused);
	return st;
}

/* Read the options; checks everything that can be checked before booting. */
static enum status
read_options(struct up *u)
{
	const struct args *a = u->a;
	const char *kernel = opt_get(a, "kernel"),
		   *initrd = opt_get(a, "initrd");
	enum status st;

	u->m.memory_mib = 128;
	u->timeout_s = 20;
	st = opt_number(a, "mem", 32, 256, &u->m.memory_mib);
	if (st == STATUS_OK)
		st = opt_number(a, "timeout", 1, 3600, &u->timeout_s);
	if (st == STATUS_OK)
		st = read_net(u);
	if (st != STATUS_OK)
		return st;
	u->m.icount = opt_get(a, "icount") != NULL;
	u->m.frozen = opt_get(a, "gdb") != NULL;
	u->plan.gdb = u->m.frozen;
	u->kernel = kernel != NULL ? xformat("%s", kernel)
				   : library_path("kernel.elf");
	u->initrd = initrd != NULL ? xformat("%s", initrd)
				   : library_path("boot.cpio");
	u->plan.kernel = u->kernel;
	u->plan.initrd = u->initrd;
	u->plan.append = opt_get(a, "append");
	u->plan.pcap = opt_get(a, "pcap");
	st = elf_check(a, u->kernel);
	return st == STATUS_OK ? readable(a, u->initrd) : st;
}

/* Has QEMU ended?  Then u->ended says how. */
static bool
qemu_ended(struct up *u)
{
	int st;

	if (u->ended != NULL)
		return true;
	if (waitpid(u->m.pid, &st, WNOHANG) != u->m.pid)
		return false;
	u->ended = WIFSIGNALED(st) ? xformat("signal %d", WTERMSIG(st))
				   : xformat("exit status %d", WEXITSTATUS(st));
	return true;
}

static bool
interrupted(const sigset_t *signals)
{
	struct timespec none = { .tv_sec = 0, .tv_nsec = 0 };

	return sigtimedwait(signals, NULL, &none) > 0;
}

/* Wait for QEMU's control socket, then for the agent behind it. */
static const char *
wait_agent(struct up *u, const sigset_t *signals)
{
	uint64_t end = now_ms() + u->timeout_s * 1000;
	struct ctl *c = NULL;
	uint8_t version[4];
	int err = CTL_LOST;

	while (now_ms() < end) {
		if (interrupted(signals))
			return "interrupted";
		if (qemu_ended(u))
			return "the machine ended before its agent answered";
		if (c == NULL)
			c = ctl_try(&u->m, 0);
		if (c == NULL) {
			sleep_ms(5);
			continue;
		}
		if (u->plan.gdb) {
			ctl_close(c);
			return NULL;
		}
		ctl_patience(c, 1, PING_MS);
		err = ctl_ask(c, AG_PING, NULL, 0, version, sizeof(version));
		if (err == CTL_CLOSED)
			sleep_ms(20);
		if (err >= 0 || err == CTL_STRANGE)
			break;
	}
	ctl_close(c);
	if (err < 0)
		return "the agent did not answer in time";
	if (le32_get(version) != AG_VERSION)
		return "the agent speaks another version of the protocol";
	return NULL;
}

static enum status
give_up(struct up *u, const char *why)
{
	enum status st;

	if (u->ended != NULL)
		st = cli_fail(u->a, "%s (%s); console and log:", why, u->ended);
	else
		st = cli_fail(u->a, "%s; console and log:", why);
	machine_tail(&u->m, "console.log", TAIL_LINES);
	machine_tail(&u->m, "qemu.log", TAIL_LINES);
	if (u->ended == NULL) {
		machine_kill(&u->m, false);
		waitpid(u->m.pid, NULL, WNOHANG);
	}
	machine_clean(&u->m);
	free(u->ended);
	return st;
}

static enum status
answer(const struct up *u)
{
	const struct machine *m = &u->m;

	if (u->a->json)
		return cli_json(json_pack("{s:b, s:s, s:i, s:s, s:s, s:b}",
			"up", 1, "name", m->name, "pid", (int)m->pid, "dir",
			m->dir, "net", m->net, "icount", m->icount));
	printf("machine '%s' is up (pid %d, %s)\n", m->name, (int)m->pid,
		m->dir);
	if (m->frozen)
		printf("it waits for gdb: gdb-multiarch %s -ex 'target remote "
		       "%s/gdb.sock'\n",
			u->kernel, m->dir);
	return STATUS_OK;
}

static enum status
boot(struct up *u)
{
	char path[MACHINE_PATH];
	sigset_t signals;
	const char *why;
	enum status st;

	machine_clean(&u->m);
	unlink(machine_path(&u->m, "console.log", path));
	unlink(machine_path(&u->m, "wire.pcap", path));
	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGHUP);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	st = qemu_start(u->a, &u->plan, &u->m);
	if (st != STATUS_OK)
		return st;
	u->m.started = (uint64_t)time(NULL);
	st = machine_record(u->a, &u->m);
	why = st == STATUS_OK ? wait_agent(u, &signals) : "giving up";
	if (why != NULL)
		return give_up(u, why);
	return answer(u);
}

/* With the lock held, so that of two at once the second finds the first. */
static enum status
check_and_boot(struct up *u)
{
	struct machine now;
	enum status st = machine_find(u->a, false, &now);

	if (st != STATUS_OK)
		return st;
	if (now.pid != 0)
		return cli_fail(u->a, "machine '%s' is already up (pid %d)",
			now.name, (int)now.pid);
	return boot(u);
}

/* A machine that cannot be booted gets no directory. */
static enum status
prepare(struct up *u, int *lock)
{
	struct machine m;
	enum status st = read_options(u);

	if (st == STATUS_OK)
		st = machine_find(u->a, true, &m);
	if (st != STATUS_OK)
		return st;
	memcpy(u->m.name, m.name, sizeof(m.name));
	memcpy(u->m.dir, m.dir, sizeof(m.dir));
	*lock = machine_lock(&u->m, "up.lock", 0);
	if (*lock < 0)
		return cli_fail(u->a, "machine '%s' is being started", m.name);
	return STATUS_OK;
}

static enum status
run(const struct args *a)
{
	struct up u = { .a = a };
	int lock = -1;
	enum status st = prepare(&u, &lock);

	if (st == STATUS_OK)
		st = check_and_boot(&u);
	if (lock >= 0)
		close(lock);
	free(u.kernel);
	free(u.initrd);
	return st;
}

const struct command cmd_up = {
	.group = "up",
	.words = "",
	.what = "boot a machine; returns when its agent answers",
	.options = options,
	.example = "spindle up --icount --append seed=1",
	.run = run,
};
