/*
 * qemu_plugin.h - the part of QEMU's TCG plugin interface (version 1) we use.
 *
 * Debian ships no header for plugins, so what we call is declared here.
 */
#ifndef TESTS_BENCH_QEMU_PLUGIN_H
#define TESTS_BENCH_QEMU_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

#define PLUGIN_EXPORT __attribute__((visibility("default")))

enum { PLUGIN_VERSION = 1, CB_NO_REGS = 0, INLINE_ADD = 0, MEM_WRITE = 2 };

typedef uint64_t plugin_id_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
struct qemu_info; /* about the guest; not looked at */

typedef void (*tb_cb_t)(plugin_id_t id, struct qemu_plugin_tb *tb);
typedef void (*exec_cb_t)(unsigned int cpu, void *data);
typedef void (*mem_cb_t)(
	unsigned int cpu, uint32_t info, uint64_t vaddr, void *data);
typedef void (*exit_cb_t)(plugin_id_t id, void *data);

void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id_t id, tb_cb_t cb);
void qemu_plugin_register_atexit_cb(plugin_id_t id, exit_cb_t cb, void *data);
void qemu_plugin_register_vcpu_tb_exec_cb(
	struct qemu_plugin_tb *tb, exec_cb_t cb, int flags, void *data);
void qemu_plugin_register_vcpu_insn_exec_cb(
	struct qemu_plugin_insn *insn, exec_cb_t cb, int flags, void *data);
void qemu_plugin_register_vcpu_insn_exec_inline(
	struct qemu_plugin_insn *insn, int op, void *counter, uint64_t imm);
void qemu_plugin_register_vcpu_mem_cb(struct qemu_plugin_insn *insn,
	mem_cb_t cb, int flags, int rw, void *data);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(
	const struct qemu_plugin_tb *tb, size_t i);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn);

PLUGIN_EXPORT int qemu_plugin_version = PLUGIN_VERSION;
PLUGIN_EXPORT int qemu_plugin_install(
	plugin_id_t id, const struct qemu_info *info, int argc, char **argv);

#endif /* TESTS_BENCH_QEMU_PLUGIN_H */
