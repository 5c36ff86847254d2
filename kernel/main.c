/*
 * main.c - boot order in one screen; read this first.
 *
 * Next: boot/vectors.S (how anything gets in again), core/receive.c (the path of
 * a frame), core/syscall.c (the path of a call).
 */
#include "kernel/board.h"
#include "kernel/console.h"
#include "kernel/core/audit.h"
#include "kernel/core/bind.h"
#include "kernel/core/boot.h"
#include "kernel/core/env.h"
#include "kernel/core/info.h"
#include "kernel/core/irq.h"
#include "kernel/core/page.h"
#include "kernel/core/pipe.h"
#include "kernel/core/sched.h"
#include "kernel/core/send.h"
#include "kernel/core/space.h"
#include "kernel/core/trap.h"
#include "kernel/dev/pcnet.h"
#include "kernel/malta/i8259.h"
#include "kernel/mips.h"
#include "kernel/panic.h"

extern const char kernel_end[];

_Noreturn void kernel_main(uint32_t a0, const uint32_t *argv,
	const uint32_t *envp, uint32_t low_ram);

/*
 * Receive slots and the driver; a machine without a NIC still runs.  Handlers
 * reach half a slot beyond theirs on either side (ash.h), so the first and last
 * have neighbours that hold nothing.
 */
static void
nic_init(void)
{
	int pfn = page_alloc_kernel(PCN_RX_SLOTS + PCN_TX_SLOTS + 2, 0, 0);
	int err;

	if (pfn < 0)
		PANIC("no memory for the NIC's slots");
	i8259_init(); /* nothing but the NIC reaches IP2 */
	err = pcn_init(page_kva((uint32_t)pfn + 1), &info.nic, bind_receive,
		send_done);
	if (err < 0) {
		kprintf("spindle: no NIC (%s)\n", sp_err_text(err));
		return;
	}
	pcn_start();
	pcn_promiscuous(true); /* whose a frame is the classifier decides */
	irq_allow(IRQ_NIC);
}

_Noreturn void
kernel_main(uint32_t a0, const uint32_t *argv, const uint32_t *envp,
	uint32_t low_ram)
{
	struct boot_args args;
	int err;

	board_init(a0 == ~0u); /* so that a panic can end the run */
	env_init();            /* nobody runs */
	trap_init();           /* before anything can fault */
	console_puts("spindle: boot\n");
	boot_args_read(argv, envp, &args);
	if (args.ram_bytes == 0 || args.ram_bytes > MALTA_RAM_MAX)
		args.ram_bytes = low_ram;
	info.magic = SP_INFO_MAGIC;
	info.version = SP_INFO_VERSION;
	info.boot_count = cp0_get_count();
	page_init((uint32_t)kernel_end, args.ram_bytes, args.initrd,
		args.initrd + args.initrd_bytes);
	audit_init();
	stlb_init();
	sched_init();
	pipe_init();
	bind_init(); /* before the NIC has anybody to give frames to */
	nic_init();
	err = boot_agent(&args);
	if (err < 0)
		kprintf("spindle: no agent (%s)\n", sp_err_text(err));
	kprintf("spindle: ok, %u MiB, %u pages free\n", args.ram_bytes >> 20,
		info.pages_free);
	sched_run();
}
