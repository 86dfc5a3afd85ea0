/* SPDX-License-Identifier: MIT */
/*
 * Console of a VM. Bytes from the guest's ring and from calls go into a
 * history that readers follow by position; a reader that is too slow loses
 * bytes, the guest never waits. Invariants:
 *  C1  the ring's indices are read once per visit; what they say is used
 *      only if they are at most a ring apart;
 *  C2  a guest gets CREDIT_RATE bytes a second and CREDIT_MAX at once; more
 *      is counted, dropped, and noted in the history;
 *  C3  produced only grows; byte n of the stream is at n % HISTORY.
 */
#include "vdev/console.h"
#include <xen/io/console.h>
#include "core/event.h"
#include "lib/format.h"

#define SLICE		512u
#define CREDIT_MAX	65536u
#define CREDIT_RATE	1048576ull	/* bytes a second */
#define HISTORY		CONSOLE_HISTORY_SIZE

static_assert((HISTORY & (HISTORY - 1)) == 0, "positions wrap by masking");

/* Else nothing is raised: its memory may be in the making. */
static bool is_running(const struct domain *d)
{
	return atomic_load(&d->state) == DOMAIN_RUNNING;
}

static struct xencons_interface *ring_of(const struct domain *d)
{
	return arch_frame_ptr(d->console.ring);
}

void console_init(struct domain *d)
{
	struct console *c = &d->console;

	memset(ring_of(d), 0, PAGE_SIZE);
	spin_lock(&c->lock);
	c->input_count = 0;
	c->credit = CREDIT_MAX;
	c->credit_time = arch_time();
	spin_unlock(&c->lock);
}

/* [console.lock] */
static void append(struct console *c, const char *text, size_t size)
{
	uint64_t at = c->produced;

	for (size_t i = 0; i < size; i++)
		c->history[(at + i) % HISTORY] = text[i];
	atomic_store_release(&c->produced, at + size);
}

/* How many of size bytes there is credit for. [console.lock] */
static size_t take_credit(struct console *c, size_t size)
{
	nsec_t now = arch_time(), passed = now - c->credit_time;
	uint64_t more;

	/* Long before the product could overflow the bucket is full. */
	passed = MIN(passed, NSEC_PER_SEC);
	more = passed * CREDIT_RATE / NSEC_PER_SEC;
	if (more) {
		c->credit = (uint32_t)MIN(c->credit + more,
					  (uint64_t)CREDIT_MAX);
		c->credit_time = now;
	}
	size = MIN(size, (size_t)c->credit);
	c->credit -= (uint32_t)size;
	return size;
}

/* [console.lock] */
static void put(struct console *c, const char *text, size_t size)
{
	char note[64];
	size_t kept = take_credit(c, size);

	if (kept && c->dropped) {
		append(c, note, format_text(note, sizeof(note),
			"\r\n[bulkhead: %lu bytes dropped]\r\n", c->dropped));
		c->dropped = 0;
	}
	append(c, text, kept);
	c->dropped += size - kept;
}

void console_put(struct domain *d, const char *text, size_t size)
{
	spin_lock(&d->console.lock);
	put(&d->console, text, size);
	spin_unlock(&d->console.lock);
}

/*
 * Takes a slice out of the ring. True when there is more; *was_full: a
 * writer may be waiting for room. [console.lock]
 */
static bool drain(struct domain *d, bool *was_full)
{
	struct xencons_interface *ring = ring_of(d);
	uint32_t cons = atomic_load(&ring->out_cons);
	uint32_t used = atomic_load_acquire(&ring->out_prod) - cons;
	char text[SLICE];
	uint32_t size = MIN(used, SLICE);

	if (used > sizeof(ring->out)) {
		log_guest(d, "console: ring indices are %u apart", used);
		return false;
	}
	for (uint32_t i = 0; i < size; i++)
		text[i] = atomic_load_relaxed(
			&ring->out[MASK_XENCONS_IDX(cons + i, ring->out)]);
	*was_full = used == sizeof(ring->out);
	put(&d->console, text, size);
	atomic_store(&ring->out_cons, cons + size);
	return used > size;
}

/* Moves waiting input to the ring. True when some went. [console.lock] */
static bool feed(struct domain *d)
{
	struct xencons_interface *ring = ring_of(d);
	struct console *c = &d->console;
	uint32_t prod = atomic_load(&ring->in_prod);
	uint32_t used = prod - atomic_load_acquire(&ring->in_cons);
	uint32_t count = c->input_count;

	/* Nothing until a guest that is mistaken has come to its senses. */
	if (!is_running(d) || used > sizeof(ring->in))
		return false;
	count = MIN(count, (uint32_t)sizeof(ring->in) - used);
	for (uint32_t i = 0; i < count; i++)
		atomic_store_relaxed(
			&ring->in[MASK_XENCONS_IDX(prod + i, ring->in)],
			c->input[i]);
	if (count) {
		c->input_count -= count;
		memmove(c->input, c->input + count, c->input_count);
		atomic_store(&ring->in_prod, prod + count);
	}
	return count != 0;
}

/* Apart, so that an exit with nothing to do here is quick. */
static __attribute__((noinline)) void serve(struct domain *d)
{
	const uint64_t bit = BIT64(PORT_DEVICE_CONSOLE);
	bool was_full = false, fed;

	atomic_fetch_and(&d->device_pending, ~bit);
	spin_lock(&d->console.lock);
	if (drain(d, &was_full))
		atomic_fetch_or(&d->device_pending, bit);
	fed = feed(d);
	spin_unlock(&d->console.lock);
	if (fed || (was_full && is_running(d)))
		event_raise(d, d->console.port);
}

void console_look(struct domain *d)
{
	if (atomic_load_relaxed(&d->device_pending) &
	    BIT64(PORT_DEVICE_CONSOLE))
		serve(d);
}

bool console_input(struct domain *d, char byte)
{
	struct console *c = &d->console;
	bool room, fed;

	spin_lock(&c->lock);
	room = c->input_count < sizeof(c->input);
	if (room)
		c->input[c->input_count++] = byte;
	fed = feed(d);
	spin_unlock(&c->lock);
	if (fed)
		event_raise(d, c->port);
	return room;
}

size_t console_history(struct domain *d, uint64_t *position, char *buffer,
		       size_t size)
{
	struct console *c = &d->console;
	uint64_t end;

	spin_lock(&c->lock);
	end = c->produced;
	if (end - *position > HISTORY)
		*position = end - HISTORY;
	size = MIN(size, (size_t)(end - *position));
	for (size_t i = 0; i < size; i++)
		buffer[i] = c->history[(*position + i) % HISTORY];
	*position += size;
	spin_unlock(&c->lock);
	return size;
}
