/* SPDX-License-Identifier: MIT */
/*
 * Console output and the PV console ring.
 *
 *  C1  lines of several CPUs do not mix: one lock, one buffer;
 *  C2  the ring's producer and consumer indexes are read once per call.
 */
#include "console.h"
#include "cpu.h"
#include "hypercall.h"
#include "memory.h"
#include "string.h"
#include "xen.h"

#define LINE_MAX	240u

static char line[LINE_MAX + 1];
static unsigned int line_length;
static volatile uint32_t lock;

struct xencons_interface *console_ring;
evtchn_port_t console_port;

void console_flush(void)
{
	if (!line_length)
		return;
	if (xen_present()) {
		console_op(CONSOLEIO_write, line_length, line);
	} else {
		for (unsigned int i = 0; i < line_length; i++) {
			out8(0xe9, (uint8_t)line[i]);
			out8(0x3f8, (uint8_t)line[i]);
		}
	}
	line_length = 0;
}

void kprintf(const char *format, ...)
{
	char text[320];
	va_list args;
	uint64_t flags = read_flags();

	va_start(args, format);
	kvsnprintf(text, sizeof(text), format, args);
	va_end(args);
	irq_off();
	while (__atomic_exchange_n(&lock, 1, __ATOMIC_ACQUIRE))
		cpu_pause();
	for (const char *c = text; *c; c++) {
		line[line_length++] = *c;
		if (*c == '\n' || line_length == LINE_MAX)
			console_flush();
	}
	__atomic_store_n(&lock, 0, __ATOMIC_RELEASE);
	if (flags & 0x200)
		irq_on();
}

bool console_ring_init(void)
{
	uint64_t gfn, port;

	if (param_get(HVM_PARAM_CONSOLE_PFN, &gfn) ||
	    param_get(HVM_PARAM_CONSOLE_EVTCHN, &port) || !gfn)
		return false;
	console_ring = (struct xencons_interface *)(gfn << PAGE_SHIFT);
	console_port = (evtchn_port_t)port;
	return true;
}

static void console_notify(void)
{
	struct evtchn_send arg = { .port = console_port };

	event_op(EVTCHNOP_send, &arg);
}

size_t console_ring_write(const char *text, size_t count)
{
	struct xencons_interface *r = console_ring;
	uint32_t cons = READ_ONCE(r->out_cons), prod = r->out_prod;
	size_t done = 0;

	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	while (done < count && prod - cons < sizeof(r->out))
		r->out[prod++ & (sizeof(r->out) - 1)] = text[done++];
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	WRITE_ONCE(r->out_prod, prod);
	if (done)
		console_notify();
	return done;
}

size_t console_ring_read(char *text, size_t size)
{
	struct xencons_interface *r = console_ring;
	uint32_t prod = READ_ONCE(r->in_prod), cons = r->in_cons;
	size_t done = 0;

	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (prod - cons > sizeof(r->in))
		return 0;
	while (done < size && cons != prod)
		text[done++] = r->in[cons++ & (sizeof(r->in) - 1)];
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	WRITE_ONCE(r->in_cons, cons);
	if (done)
		console_notify();
	return done;
}
