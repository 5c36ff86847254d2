/*
 * qemu.c - build QEMU's command line and start it detached.
 *
 * The board must see exactly one NIC at PCI slot 11 and the agent's UART as the
 * third serial line.  With --icount frames are delivered by a virtual timer
 * (filter-buffer) and both directions are recorded with virtual time stamps
 * (filter-dump, behind the buffer), which is what `rtt` measures by.
 */
#include "qemu.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* Between frames: more than a tick, so that each finds the machine alike. */
enum { BUFFER_US = 12000 };

enum { MAX_WORDS = 64 };

struct line {
	char *word[MAX_WORDS];
	size_t n;
};

static void
add(struct line *l, const char *word)
{
	if (l->n < MAX_WORDS - 1)
		l->word[l->n++] = xformat("%s", word);
}

static void
add_pair(struct line *l, const char *option, char *value)
{
	add(l, option);
	if (l->n < MAX_WORDS - 1)
		l->word[l->n++] = value;
}

/* TEXT with commas doubled, as QEMU wants values inside option lists. */
static char *
escaped(const char *text)
{
	char *out = xalloc(2 * strlen(text) + 1), *p = out;

	for (; *text != '\0'; text++) {
		if (*text == ',')
			*p++ = ',';
		*p++ = *text;
	}
	return out;
}

enum status
qemu_hostfwd(const struct args *a, const char *text, char **out)
{
	unsigned host, guest;
	char proto[4], rest, *more;

	if (sscanf(text, "%3[a-z]:%5u-:%5u%c", proto, &host, &guest, &rest) !=
			3 ||
		(strcmp(proto, "tcp") != 0 && strcmp(proto, "udp") != 0) ||
		host == 0 || host > 65535 || guest == 0 || guest > 65535)
		return cli_misuse(
			a, "--hostfwd wants tcp:HPORT-:GPORT, not '%s'", text);
	more = xformat(
		"%s,hostfwd=%s:127.0.0.1:%u-:%u", *out, proto, host, guest);
	free(*out);
	*out = more;
	return STATUS_OK;
}

static enum status
add_net(const struct args *a, const struct machine *m, struct line *l)
{
	const char *fwd;
	char *net;
	enum status st = STATUS_OK;

	if (strcmp(m->net, "dgram") == 0) {
		net = xformat("dgram,id=n0,local.type=unix,local.path=%s/"
			      "nic.sock,remote.type=unix,remote.path=%s/"
			      "host.sock",
			m->dir, m->dir);
	} else {
		net = xformat("user,id=n0,net=10.7.0.0/24,host=10.7.0.1,"
			      "dhcpstart=10.7.0.2");
		for (size_t i = 0; st == STATUS_OK &&
				   (fwd = opt_nth(a, "hostfwd", i)) != NULL;
			i++)
			st = qemu_hostfwd(a, fwd, &net);
	}
	add_pair(l, "-netdev", net);
	add_pair(l, "-device",
		xformat("pcnet,netdev=n0,addr=0xb,mac=52:54:00:12:34:56"));
	add_pair(l, "-global", xformat("pcnet.romfile="));
	return st;
}

static void
add_measuring(
	const struct machine *m, const struct qemu_plan *plan, struct line *l)
{
	char *file;

	if (m->icount) {
		add_pair(l, "-icount", xformat("shift=10,sleep=on"));
		add_pair(l, "-object",
			xformat("filter-buffer,id=b0,netdev=n0,queue=tx,"
				"interval=%d",
				BUFFER_US));
		add_pair(l, "-object",
			xformat("filter-dump,id=f0,netdev=n0,file=%s/wire.pcap",
				m->dir));
	}
	if (plan->pcap != NULL) {
		file = escaped(plan->pcap);
		add_pair(l, "-object",
			xformat("filter-dump,id=f1,netdev=n0,file=%s", file));
		free(file);
	}
}

static enum status
build(const struct args *a, const struct qemu_plan *plan,
	const struct machine *m, struct line *l)
{
	static const char *const fixed[] = { "qemu-system-mipsel",
		"-nodefaults", "-M", "malta", "-cpu", "24Kf", "-vga", "none",
		"-display", "none", "-monitor", "none", "-no-reboot",
		"-semihosting-config", "enable=on,target=native" };
	enum status st;

	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
		add(l, fixed[i]);
	add_pair(l, "-m", xformat("%llu", (unsigned long long)m->memory_mib));
	add_pair(l, "-kernel", xformat("%s", plan->kernel));
	if (plan->initrd != NULL)
		add_pair(l, "-initrd", xformat("%s", plan->initrd));
	if (plan->append != NULL)
		add_pair(l, "-append", xformat("%s", plan->append));
	add_pair(l, "-serial", xformat("file:%s/console.log", m->dir));
	add_pair(l, "-serial", xformat("null"));
	add_pair(l, "-chardev",
		xformat("socket,id=ctl,path=%s/ctl.sock,server=on,wait=off",
			m->dir));
	add_pair(l, "-serial", xformat("chardev:ctl"));
	st = add_net(a, m, l);
	if (st != STATUS_OK)
		return st;
	add_measuring(m, plan, l);
	if (plan->gdb) {
		add_pair(l, "-gdb",
			xformat("unix:%s/gdb.sock,server=on,wait=off", m->dir));
		add(l, "-S");
	}
	l->word[l->n] = NULL;
	return STATUS_OK;
}

/* In the child: leave the terminal, then become QEMU.  Reports errno to PIPE. */
static void
become(struct line *l, int log, int report)
{
	sigset_t all;
	int null = open("/dev/null", O_RDWR);
	int err;

	setsid();
	signal(SIGPIPE, SIG_DFL);
	sigemptyset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	umask(077);
	dup2(null, STDIN_FILENO);
	dup2(log, STDOUT_FILENO);
	dup2(log, STDERR_FILENO);
	execvp(l->word[0], l->word);
	err = errno;
	if (write(report, &err, sizeof(err)) != sizeof(err))
		_exit(126);
	_exit(127);
}

static enum status
spawn(const struct args *a, struct machine *m, struct line *l, int log)
{
	int ends[2], err = 0;
	pid_t pid;

	if (pipe(ends) < 0 || fcntl(ends[1], F_SETFD, FD_CLOEXEC) < 0)
		return cli_fail(a, "pipe: %s", strerror(errno));
	pid = fork();
	if (pid == 0)
		become(l, log, ends[1]);
	close(ends[1]);
	if (pid < 0)
		err = errno;
	else if (read(ends[0], &err, sizeof(err)) > 0)
		waitpid(pid, NULL, 0);
	close(ends[0]);
	if (err != 0)
		return cli_fail(
			a, "cannot run %s: %s", l->word[0], strerror(err));
	m->pid = pid;
	return STATUS_OK;
}

enum status
qemu_start(
	const struct args *a, const struct qemu_plan *plan, struct machine *m)
{
	struct line l = { .n = 0 };
	char path[MACHINE_PATH];
	enum status st = build(a, plan, m, &l);
	int log = -1;

	if (st == STATUS_OK) {
		log = open(machine_path(m, "qemu.log", path),
			O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
		if (log < 0)
			st = cli_fail(a, "%s: %s", path, strerror(errno));
	}
	if (st == STATUS_OK) {
		st = spawn(a, m, &l, log);
		close(log);
	}
	for (size_t i = 0; i < l.n; i++)
		free(l.word[i]);
	return st;
}

enum status
elf_check(const struct args *a, const char *file)
{
	enum { HEAD = 20, CLASS32 = 1, LITTLE = 1, EXEC = 2, MIPS = 8 };
	unsigned char h[HEAD];
	FILE *f = fopen(file, "re");
	size_t n;

	if (f == NULL)
		return cli_fail(a, "%s: %s", file, strerror(errno));
	errno = 0;
	n = fread(h, 1, sizeof(h), f);
	fclose(f);
	if (n == 0 && errno != 0)
		return cli_fail(a, "%s: %s", file, strerror(errno));
	if (n < 4 || memcmp(h, "\177ELF", 4) != 0)
		return cli_fail(a, "%s is not an ELF file", file);
	if (n < HEAD)
		return cli_fail(a, "%s is a truncated ELF file", file);
	if (h[4] != CLASS32 || h[5] != LITTLE || h[18] != MIPS || h[19] != 0)
		return cli_fail(a,
			"%s is for another machine: expected 32-bit "
			"little-endian MIPS (mipsel)",
			file);
	if (h[16] != EXEC || h[17] != 0)
		return cli_fail(a, "%s is not an executable", file);
	return STATUS_OK;
}
