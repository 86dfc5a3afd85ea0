/* SPDX-License-Identifier: MIT */
/*
 * 16550 serial ports. The boot CPU alone uses them, except in a panic, when
 * all others have been stopped.
 */
#include "arch/x86/machine.h"
#include "core/arch.h"
#include "core/upcall.h"

enum {
	REG_DATA = 0, REG_IER = 1,
	REG_DIVISOR_LOW = 0,	/* with LCR_DLAB */
	REG_DIVISOR_HIGH = 1, REG_FCR = 2, REG_LCR = 3, REG_MCR = 4,
	REG_LSR = 5, REG_SCRATCH = 7,
};

#define FCR_ENABLE_CLEAR 0x07u
#define LCR_8N1		0x03u
#define LCR_DLAB	0x80u
#define MCR_DTR_RTS	0x03u
#define LSR_RECEIVED	0x01u
#define LSR_THRE	0x20u
#define LSR_TEMT	0x40u

#define FIFO_SIZE	16u
#define POLL_BYTES	256u	/* at most, per port and direction */
#define WAIT_SPINS	100000u	/* longer than any byte takes */

static const uint16_t uart_base[UART_COUNT] = { 0x3f8, 0x2f8 };
static bool uart_present[UART_COUNT];

static uint8_t uart_get(unsigned int port, unsigned int reg)
{
	return insn_inb((uint16_t)(uart_base[port] + reg));
}

static void uart_set(unsigned int port, unsigned int reg, uint8_t value)
{
	insn_outb((uint16_t)(uart_base[port] + reg), value);
}

void uart_init(void)
{
	static const uint8_t set_up[][2] = {
		{ REG_IER, 0 }, { REG_LCR, LCR_DLAB }, { REG_DIVISOR_LOW, 1 },
		{ REG_DIVISOR_HIGH, 0 }, { REG_LCR, LCR_8N1 },
		{ REG_FCR, FCR_ENABLE_CLEAR }, { REG_MCR, MCR_DTR_RTS },
	};

	for (unsigned int port = 0; port < UART_COUNT; port++) {
		uart_set(port, REG_SCRATCH, 0x5a);
		uart_present[port] = uart_get(port, REG_SCRATCH) == 0x5a &&
				     uart_get(port, REG_LSR) != 0xff;
		for (size_t i = 0; uart_present[port] &&
				   i < ARRAY_SIZE(set_up); i++)
			uart_set(port, set_up[i][0], set_up[i][1]);
	}
}

static void uart_wait(unsigned int port, uint8_t status)
{
	unsigned int spins = WAIT_SPINS;

	while (uart_present[port] && !(uart_get(port, REG_LSR) & status))
		if (!--spins)
			uart_present[port] = false;
}

void uart_write(unsigned int port, const void *data, size_t size)
{
	const uint8_t *byte = data;

	for (size_t i = 0; i < size && uart_present[port]; i++) {
		uart_wait(port, LSR_THRE);
		uart_set(port, REG_DATA, byte[i]);
	}
}

void uart_drain(void)
{
	for (unsigned int port = 0; port < UART_COUNT; port++)
		uart_wait(port, LSR_TEMT);
}

void uart_text(const char *text)
{
	for (; *text; text++) {
		if (*text == '\n')
			uart_write(UART_LOG, "\r", 1);
		uart_write(UART_LOG, text, 1);
	}
}

static void uart_poll(unsigned int port)
{
	uint8_t buffer[FIFO_SIZE];

	for (unsigned int i = 0; i < POLL_BYTES; i++) {
		if (!(uart_get(port, REG_LSR) & LSR_RECEIVED))
			break;
		upcall_serial_input(port, uart_get(port, REG_DATA));
	}
	/* An empty transmitter takes a whole FIFO without looking again. */
	for (unsigned int i = 0; i < POLL_BYTES / FIFO_SIZE; i++) {
		if (!(uart_get(port, REG_LSR) & LSR_THRE))
			break;
		size_t size = upcall_serial_output(port, buffer, FIFO_SIZE);
		for (size_t at = 0; at < size; at++)
			uart_set(port, REG_DATA, buffer[at]);
		if (size < FIFO_SIZE)
			break;
	}
}

void arch_console_poll(void)
{
	for (unsigned int port = 0; port < UART_COUNT; port++)
		if (uart_present[port])
			uart_poll(port);
}
