/* SPDX-License-Identifier: MIT */
/*
 * Text output: kprintf() through CONSOLEIO_write, one line per call to the
 * hypervisor; the PV console ring for programs that want input or flow
 * control.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <xen/xen.h>
#include <xen/io/console.h>
#include <xen/event_channel.h>

void kprintf(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Push out an unfinished line. */
void console_flush(void);

/* Find the ring and its port; false if the domain has none. */
bool console_ring_init(void);
extern struct xencons_interface *console_ring;
extern evtchn_port_t console_port;
/* Write as much as fits and notify; returns how much that was. */
size_t console_ring_write(const char *text, size_t count);
/* Read what is there; never waits. */
size_t console_ring_read(char *text, size_t size);
