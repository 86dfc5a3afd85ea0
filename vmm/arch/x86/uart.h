/* SPDX-License-Identifier: MIT */
/*
 * The two serial ports, COM1 and COM2 (16550), 115200 baud, 8n1. Ordinary
 * output goes through arch_console_poll(), which never waits; the functions
 * here wait, for a bounded time, and are for the very early boot and a panic.
 */
#pragma once
#include "lib/types.h"

#define UART_LOG	0u	/* COM1: text for people */
#define UART_TELEMETRY	1u	/* COM2: frames for the host tool */
#define UART_COUNT	2u

/* Finds and programs the ports. */
void uart_init(void);
/* Writes bytes, waiting for the port; a port that is stuck is given up. */
void uart_write(unsigned int port, const void *data, size_t size);
/* Waits until all that was written has left. */
void uart_drain(void);
/* Text to COM1; each newline gets its carriage return. */
void uart_text(const char *text);
