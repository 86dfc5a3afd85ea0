/* SPDX-License-Identifier: MIT */
/*
 * One ring per CPU: its CPU writes, the boot CPU reads, no lock. A line that
 * does not fit is dropped; logging never waits.
 */
#include "core/log.h"
#include "core/world.h"
#include "lib/format.h"
#include "lib/ring.h"

#define GUEST_LINES	200u	/* a guest's credit of lines ... */
#define GUEST_REFILL	(NSEC_PER_SEC / 20)	/* ... and one more each */

static struct ring ring[CPU_MAX];

static void put_line(const char *prefix, const char *format, va_list list)
{
	struct ring *to = &ring[arch_cpu_id() % CPU_MAX];
	char line[LOG_LINE_MAX];
	size_t used = 0;

	if (prefix)
		used = format_text(line, sizeof(line), "%s: ", prefix);
	used += format_text_list(line + used, sizeof(line) - 1 - used, format,
				 list);
	line[used++] = '\n';
	if (ring_room(to) >= used)
		ring_put(to, line, used);
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
	size_t used = 0;

	while (used < size && ring_take(&ring[cpu % CPU_MAX], &buffer[used], 1))
		if (buffer[used++] == '\n')
			break;
	return used;
}
