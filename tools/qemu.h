/*
 * qemu.h - the command line of a machine and its process.
 */
#ifndef TOOLS_QEMU_H
#define TOOLS_QEMU_H

#include "machine.h"

struct qemu_plan {
	const char *kernel, *initrd; /* INITRD may be NULL */
	const char *append, *pcap;   /* may be NULL */
	bool gdb;
};

/*
 * qemu_start - run QEMU for M in its own session; M->pid is it.
 *
 * Its output goes to DIR/qemu.log, the guest's console to DIR/console.log.
 * Prints the reason when it cannot be run at all.
 */
enum status qemu_start(
	const struct args *a, const struct qemu_plan *plan, struct machine *m);

/* Append tcp:HPORT-:GPORT as slirp spells it, bound to the loopback interface,
 * to *OUT; prints what is wrong with TEXT. */
enum status qemu_hostfwd(const struct args *a, const char *text, char **out);

/* FILE is a 32-bit little-endian MIPS executable?  Prints what is wrong. */
enum status elf_check(const struct args *a, const char *file);

#endif /* TOOLS_QEMU_H */
