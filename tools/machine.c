/*
 * machine.c - where a machine keeps its files, and whether its QEMU lives.
 *
 * A process id alone proves nothing, ids are reused: the QEMU of a machine is
 * the one whose command line names the machine's control socket.
 */
#include "machine.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const left_behind[] = { "ctl.sock", "nic.sock", "host.sock",
	"gdb.sock", "qemu.pid", "machine.json" };

const char *
machine_path(const struct machine *m, const char *file, char path[MACHINE_PATH])
{
	snprintf(path, MACHINE_PATH, "%s/%s", m->dir, file);
	return path;
}

/* DIR exists, is ours and closed to others; made when CREATE is set. */
static enum status
check_dir(const struct args *a, const char *dir, bool create)
{
	struct stat st;

	if (create && mkdir(dir, 0700) < 0 && errno != EEXIST)
		return cli_fail(
			a, "cannot create %s: %s", dir, strerror(errno));
	if (lstat(dir, &st) < 0) {
		if (errno == ENOENT)
			return STATUS_OK;
		return cli_fail(a, "%s: %s", dir, strerror(errno));
	}
	if (!S_ISDIR(st.st_mode))
		return cli_fail(a, "%s is not a directory", dir);
	if (st.st_uid != geteuid())
		return cli_fail(a, "%s belongs to another user", dir);
	if ((st.st_mode & 077) != 0)
		return cli_fail(
			a, "%s is open to other users (chmod 700 it)", dir);
	return STATUS_OK;
}

/* The directory of all machines of this user. */
static enum status
base_dir(const struct args *a, bool create, char *out, size_t room)
{
	const char *run = getenv("XDG_RUNTIME_DIR");
	struct stat st;
	int n;

	if (run != NULL && run[0] == '/' && stat(run, &st) == 0 &&
		S_ISDIR(st.st_mode))
		n = snprintf(out, room, "%s/spindle", run);
	else
		n = snprintf(out, room, "/tmp/spindle-%u", geteuid());
	if (n < 0 || (size_t)n >= room)
		return cli_fail(a, "XDG_RUNTIME_DIR is too long for sockets");
	if (strchr(out, ',') != NULL)
		return cli_fail(a, "%s contains a comma", out);
	return check_dir(a, out, create);
}

bool
machine_alive(const struct machine *m)
{
	char path[MACHINE_PATH], sock[MACHINE_PATH];
	static char line[16384];
	size_t n, want;
	FILE *f;

	if (m->pid <= 0)
		return false;
	snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)m->pid);
	f = fopen(path, "re");
	if (f == NULL)
		return false;
	n = fread(line, 1, sizeof(line), f);
	fclose(f);
	machine_path(m, "ctl.sock", sock);
	want = strlen(sock);
	for (size_t i = 0; i + want <= n; i++) {
		if (memcmp(line + i, sock, want) == 0)
			return true;
	}
	return false;
}

static void
read_record(struct machine *m)
{
	char path[MACHINE_PATH];
	json_t *root =
		json_load_file(machine_path(m, "machine.json", path), 0, NULL);
	const char *net;

	if (root == NULL)
		return;
	net = json_string_value(json_object_get(root, "net"));
	m->pid = (pid_t)json_integer_value(json_object_get(root, "pid"));
	m->started =
		(uint64_t)json_integer_value(json_object_get(root, "started"));
	m->memory_mib = (uint64_t)json_integer_value(
		json_object_get(root, "memory_mib"));
	m->icount = json_is_true(json_object_get(root, "icount"));
	m->frozen = json_is_true(json_object_get(root, "gdb"));
	snprintf(m->net, sizeof(m->net), "%s", net != NULL ? net : "");
	json_decref(root);
}

enum status
machine_record(const struct args *a, const struct machine *m)
{
	char path[MACHINE_PATH];
	json_t *root = json_pack("{s:i, s:I, s:I, s:s, s:b, s:b}", "pid",
		(int)m->pid, "started", (json_int_t)m->started, "memory_mib",
		(json_int_t)m->memory_mib, "net", m->net, "icount", m->icount,
		"gdb", m->frozen);
	FILE *f = fopen(machine_path(m, "qemu.pid", path), "we");
	int err = f == NULL;

	if (f != NULL) {
		fprintf(f, "%d\n", (int)m->pid);
		err = fclose(f);
	}
	err |= json_dump_file(
		root, machine_path(m, "machine.json", path), JSON_COMPACT);
	json_decref(root);
	if (err != 0)
		return cli_fail(a, "cannot write in %s", m->dir);
	return STATUS_OK;
}

enum status
machine_find(const struct args *a, bool create, struct machine *out)
{
	char base[MACHINE_PATH];
	enum status st;
	int n;

	memset(out, 0, sizeof(*out));
	snprintf(out->name, sizeof(out->name), "%s", a->name);
	st = base_dir(a, create, base, sizeof(base));
	if (st != STATUS_OK)
		return st;
	n = snprintf(out->dir, sizeof(out->dir), "%s/%s", base, a->name);
	if (n < 0 || (size_t)n + strlen("/host.sock") > MACHINE_SOCKET ||
		(size_t)n >= sizeof(out->dir))
		return cli_fail(a,
			"%s/%s/host.sock is longer than the %d bytes a socket "
			"may have; use a shorter XDG_RUNTIME_DIR or name",
			base, a->name, MACHINE_SOCKET);
	st = check_dir(a, out->dir, create);
	if (st != STATUS_OK)
		return st;
	read_record(out);
	if (!machine_alive(out))
		out->pid = 0;
	return STATUS_OK;
}

enum status
machine_need(const struct args *a, struct machine *out)
{
	enum status st = machine_find(a, false, out);

	if (st != STATUS_OK)
		return st;
	if (out->pid != 0)
		return STATUS_OK;
	if (strcmp(a->name, "default") == 0)
		return cli_fail(a, "no machine is up (spindle up)");
	return cli_fail(a, "no machine '%s' is up (spindle up --name %s)",
		a->name, a->name);
}

void
machine_clean(const struct machine *m)
{
	char path[MACHINE_PATH];

	for (size_t i = 0; i < sizeof(left_behind) / sizeof(left_behind[0]);
		i++)
		unlink(machine_path(m, left_behind[i], path));
	machine_remove(m, "program-");
}

void
machine_remove(const struct machine *m, const char *prefix)
{
	DIR *dir = opendir(m->dir);
	const struct dirent *d;

	while (dir != NULL && (d = readdir(dir)) != NULL) {
		if (strncmp(d->d_name, prefix, strlen(prefix)) == 0)
			(void)unlinkat(dirfd(dir), d->d_name, 0);
	}
	if (dir != NULL)
		closedir(dir);
}

int
machine_lock(const struct machine *m, const char *file, unsigned ms)
{
	char path[MACHINE_PATH];
	uint64_t end = now_ms() + ms;
	int fd = open(machine_path(m, file, path), O_RDWR | O_CREAT | O_CLOEXEC,
		0600);

	if (fd < 0)
		return -1;
	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (now_ms() >= end) {
			close(fd);
			errno = EWOULDBLOCK;
			return -1;
		}
		sleep_ms(LOCK_POLL_MS);
	}
	return fd;
}

static bool
wait_dead(const struct machine *m, unsigned ms)
{
	uint64_t end = now_ms() + ms;

	while (machine_alive(m)) {
		if (now_ms() >= end)
			return false;
		sleep_ms(10);
	}
	return true;
}

bool
machine_kill(const struct machine *m, bool gently)
{
	if (gently && wait_dead(m, 2000))
		return true;
	if (machine_alive(m))
		kill(m->pid, SIGTERM);
	if (wait_dead(m, 2000))
		return true;
	kill(m->pid, SIGKILL);
	return wait_dead(m, 2000);
}

void
machine_tail(const struct machine *m, const char *file, unsigned lines)
{
	char path[MACHINE_PATH];
	static char tail[8192];
	const char *p;
	size_t n;
	FILE *f = fopen(machine_path(m, file, path), "re");

	if (f == NULL)
		return;
	fseek(f, 0, SEEK_END);
	if (ftell(f) > (long)sizeof(tail) - 1)
		fseek(f, -(long)(sizeof(tail) - 1), SEEK_END);
	else
		rewind(f);
	n = fread(tail, 1, sizeof(tail) - 1, f);
	fclose(f);
	while (n > 0 && (tail[n - 1] == '\n' || tail[n - 1] == '\r'))
		n--;
	tail[n] = '\0';
	for (p = tail + n; p > tail && lines > 0;) {
		if (*--p == '\n' && --lines == 0)
			p++;
		if (lines == 0)
			break;
	}
	while (n > 0 && p != NULL && *p != '\0') {
		size_t len = strcspn(p, "\n");

		fprintf(stderr, "  | %.*s\n", (int)strcspn(p, "\r\n"), p);
		p += len + (p[len] == '\n');
	}
}

char *
library_path(const char *file)
{
	const char *lib = getenv("SPINDLE_LIB");
	char *self, *path;

	if (lib != NULL && lib[0] != '\0')
		return xformat("%s/%s", lib, file);
	self = realpath("/proc/self/exe", NULL);
	if (self == NULL || strrchr(self, '/') == NULL)
		return xformat("%s", file);
	*strrchr(self, '/') = '\0';
	path = xformat("%s/%s", self, file);
	if (access(path, F_OK) < 0) {
		char *other = xformat("%s/../lib/spindle/%s", self, file);

		if (access(other, F_OK) == 0) {
			free(path);
			path = other;
		} else {
			free(other);
		}
	}
	free(self);
	return path;
}
