/*
 * boot.h - the first environment, from the boot archive.
 */
#ifndef KERNEL_CORE_BOOT_H
#define KERNEL_CORE_BOOT_H

#include <spindle/err.h>
#include <stdint.h>

/* What the loader left us (facts of QEMU's malta board, YAMON conventions). */
struct boot_args {
	uint32_t ram_bytes;
	uint32_t initrd, initrd_bytes; /* physical; 0: none */
	const char *command;
};

/* Read YAMON's argument and environment tables. */
void boot_args_read(
	const uint32_t *argv, const uint32_t *envp, struct boot_args *out);

/*
 * Start the ELF executable named "agent" of the boot archive (newc cpio) with
 * the root capability; $a0 and $a1 tell it where the archive lies.  Returns
 * SP_OK, SP_ENOENT (no archive, no such file), SP_EFORMAT (not a newc archive,
 * not a mipsel executable), SP_ENOMEM.
 */
int boot_agent(const struct boot_args *args) SP_MUST_CHECK;

#endif /* KERNEL_CORE_BOOT_H */
