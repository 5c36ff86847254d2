/*
 * uart.c - drive the CBUS UART from user mode; its page is ours alone.
 *
 * Register names and bits are those of the PC16550D data sheet.
 */
#include "uart.h"

#include "apps/lib/mmio.h"
#include "apps/lib/syscall.h"

#include <spindle/bytes.h>

#include <stdbool.h>

enum {
	UART_PFN = 0x1f000, /* Malta's FPGA page */
	UART_VA = 0x47000000,
	UART_AT = 0x900, /* in that page; a register every 8 bytes */

	RBR = 0,
	THR = 0,
	IER = 1,
	FCR = 2,
	LCR = 3,
	MCR = 4,
	LSR = 5,
	DLL = 0, /* with LCR_DLAB */
	DLM = 1,

	FIFO_BYTES = 16,
	SPINS = 2000,   /* looks at LSR before giving up the slice */
	PATIENCE = 500, /* slices given up before giving up */
	EXPECT = 20,    /* looks at LSR for the next byte of a message */
};

#define IER_RX    BIT(0) /* received data available */
#define FCR_ON    BIT(0)
#define FCR_AT_14 (BIT(6) | BIT(7)) /* interrupt at 14 bytes, or by time-out */
#define LCR_8N1   0x03
#define LCR_DLAB  BIT(7)
#define MCR_LINES 0x0b /* DTR, RTS, OUT2 */
#define LSR_DATA  BIT(0)
#define LSR_THRE  BIT(5) /* transmit FIFO empty */
#define LSR_IDLE  BIT(6) /* and the shift register too */

static uint32_t
reg_read(uint32_t reg)
{
	return mmio_load((const uint32_t *)(UART_VA + UART_AT + reg * 8));
}

static void
reg_write(uint32_t reg, uint32_t v)
{
	mmio_store((uint32_t *)(UART_VA + UART_AT + reg * 8), v);
}

int
uart_open(void)
{
	const struct sp_map m = {
		.va = UART_VA,
		.pfn = UART_PFN,
		.count = 1,
		.flags = SP_MAP_DEVICE | SP_MAP_UNCACHED | SP_MAP_WRITE,
	};
	int err = sys_map(&m);

	if (err < 0)
		return err;
	reg_write(IER, 0);
	reg_write(LCR, LCR_8N1 | LCR_DLAB);
	reg_write(DLL, 1);
	reg_write(DLM, 0);
	reg_write(LCR, LCR_8N1);
	/* Also forgets what came too early; the host asks again. */
	reg_write(FCR, FCR_ON | FCR_AT_14);
	reg_write(MCR, MCR_LINES);
	reg_write(IER, IER_RX);
	return SP_OK;
}

int
uart_read(void)
{
	if ((reg_read(LSR) & LSR_DATA) == 0)
		return -1;
	return (int)(reg_read(RBR) & 0xff);
}

int
uart_expect(void)
{
	int c = uart_read();

	for (uint32_t i = 0; c < 0 && i < EXPECT; i++)
		c = uart_read();
	return c;
}

/* Returns whether LSR showed BITS in time. */
static bool
await(uint32_t bits)
{
	for (uint32_t turn = 0; turn < PATIENCE; turn++) {
		for (uint32_t i = 0; i < SPINS; i++)
			if ((reg_read(LSR) & bits) == bits)
				return true;
		(void)sys_yield(0);
	}
	return false;
}

void
uart_write(const uint8_t *p, size_t n)
{
	while (n > 0 && await(LSR_THRE)) {
		size_t burst = n < FIFO_BYTES ? n : FIFO_BYTES;

		for (size_t i = 0; i < burst; i++)
			reg_write(THR, p[i]);
		p += burst;
		n -= burst;
	}
}

void
uart_flush(void)
{
	(void)await(LSR_THRE | LSR_IDLE);
}
