/*
 * machine.h - the directory of a running machine, its lock and its process.
 *
 * Whoever can enter the directory owns the machine, so it is ours alone (0700).
 */
#ifndef TOOLS_MACHINE_H
#define TOOLS_MACHINE_H

#include "cli.h"

#include <sys/types.h>

enum {
	MACHINE_DIR = 98, /* so that DIR/console.log fits MACHINE_PATH */
	MACHINE_PATH = 128,
	MACHINE_SOCKET = 107, /* longest path of a UNIX socket */
	LOCK_POLL_MS = 10,
};

struct machine {
	char name[24];
	char dir[MACHINE_DIR];
	pid_t pid;        /* 0: it is down */
	uint64_t started; /* seconds since 1970 */
	uint64_t memory_mib;
	char net[12]; /* "dgram" or "user" */
	bool icount;  /* up --icount: instructions can be measured */
	bool frozen;  /* up --gdb: stopped until gdb continues it */
};

/* Find the machine of --name; OUT->pid says whether it is up.  CREATE its
 * directory, or leave OUT->dir naming what does not exist. */
enum status machine_find(
	const struct args *a, bool create, struct machine *out);

/* The same, but a machine that is down is an error. */
enum status machine_need(const struct args *a, struct machine *out);

/* DIR/FILE into PATH, which it returns. */
const char *machine_path(
	const struct machine *m, const char *file, char path[MACHINE_PATH]);

/* Is process M->pid (still) the QEMU of this machine? */
bool machine_alive(const struct machine *m);

/* Write down what machine_find() reads. */
enum status machine_record(const struct args *a, const struct machine *m);

/* Remove sockets and records, keep the logs. */
void machine_clean(const struct machine *m);

/* Remove the files of DIR whose names begin with PREFIX. */
void machine_remove(const struct machine *m, const char *prefix);

/*
 * Take the lock FILE, waiting at most MS.  Returns a descriptor to close, or -1
 * and errno (EWOULDBLOCK: somebody else has it).
 */
int machine_lock(const struct machine *m, const char *file, unsigned ms);

/* SIGTERM, bounded wait, SIGKILL.  Returns false when it does not die. */
bool machine_kill(const struct machine *m, bool gently);

/* Print the last LINES of DIR/FILE, indented, to stderr. */
void machine_tail(const struct machine *m, const char *file, unsigned lines);

/* A file of the installation: kernel.elf, boot.cpio, apps/NAME.elf; free it. */
char *library_path(const char *file);

#endif /* TOOLS_MACHINE_H */
