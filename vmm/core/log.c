/* SPDX-License-Identifier: MIT */
/*
 * One ring per CPU: its CPU writes, the boot CPU reads, no lock. A line that
 * does not fit is dropped; logging never waits.
 */
#include "core/log.h"
#include "core/world.h"
#include "lib/format.h"

#define LOG_SIZE	8192u
#define GUEST_LINES	200u	/* a guest's credit of lines ... */
#define GUEST_REFILL	(NSEC_PER_SEC / 20)	/* ... and one more each */

static struct log_ring {
	uint32_t head, tail;	/* [A] written by the CPU, the reader */
	char text[LOG_SIZE];
} ring[CPU_MAX];

static void put(const char *text, size_t size)
{
	struct log_ring *r = &ring[arch_cpu_id() % CPU_MAX];
	uint32_t head = r->head;

	if (LOG_SIZE - (head - atomic_load(&r->tail)) < size)
		return;
	for (size_t i = 0; i < size; i++)
		r->text[head++ % LOG_SIZE] = text[i];
	atomic_store(&r->head, head);
}

static void put_line(const char *prefix, const char *format, va_list list)
{
	char line[200];
	size_t used = 0;

	if (prefix)
		used = format_text(line, sizeof(line), "%s: ", prefix);
	used += format_text_list(line + used, sizeof(line) - 1 - used, format,
				 list);
	line[used++] = '\n';
	put(line, used);
}

void log_line(const char *format, ...)
{
	va_list list;

	va_start(list, format);
	put_line(NULL, format, list);
	va_end(list);
}

void log_guest(struct domain *d, const char *format, ...)
{
	nsec_t now = arch_time();
	nsec_t from = atomic_load(&d->log_from);
	va_list list;

	/* log_from runs behind by the credit; a race costs a line or two. */
	if (from + GUEST_LINES * GUEST_REFILL < now)
		from = now - GUEST_LINES * GUEST_REFILL;
	if (from + GUEST_REFILL > now)
		return;
	atomic_store(&d->log_from, from + GUEST_REFILL);
	va_start(list, format);
	put_line(d->name, format, list);
	va_end(list);
}

size_t log_read(unsigned int cpu, char *buffer, size_t size)
{
	struct log_ring *r = &ring[cpu % CPU_MAX];
	uint32_t tail = r->tail, head = atomic_load(&r->head);
	size_t count = 0;

	while (tail != head && count < size)
		buffer[count++] = r->text[tail++ % LOG_SIZE];
	atomic_store(&r->tail, tail);
	return count;
}
