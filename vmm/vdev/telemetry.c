/* SPDX-License-Identifier: MIT */
/* Replies are dropped when the queue is full: the tool asks again. */
#include "vdev/telemetry.h"
#include <bulkhead/telemetry.h>
#include "core/sched.h"
#include "lib/crc.h"
#include "lib/format.h"
#include "vdev/console.h"

#define OVERHEAD	8u	/* start, type, domid, length, crc */
#define REPLY_TEXT_MAX	240u
#define SHARES_PIECE	128u	/* entries looked at for one command */
#define SHARES_ROWS	13u	/* they fit a queue with a console's flood */
#define FUNCTION_ROWS	2u	/* likewise */

bool telemetry_send(struct ring *box, unsigned int type, uint16_t domid,
		    const void *payload, size_t size)
{
	uint8_t head[6] = {
		TELEMETRY_START, (uint8_t)type, (uint8_t)domid,
		(uint8_t)(domid >> 8), (uint8_t)size, (uint8_t)(size >> 8)
	};
	uint16_t crc = crc16(crc16(0xffff, head + 1, sizeof(head) - 1),
			     payload, size);

	if (ring_room(box) < size + OVERHEAD)
		return false;
	ring_put(box, head, sizeof(head));
	ring_put(box, payload, size);
	ring_put(box, &crc, sizeof(crc));
	return true;
}

bool telemetry_send_hello(struct ring *box)
{
	struct telemetry_hello hello = {
		.version = TELEMETRY_VERSION,
		.domain_count = world.domain_count - 1,
		.cpu_count = world.cpu_count - world.cpu_first,
		.tsc_khz = arch_tsc_khz(),
		.ram_kib = world.ram_frames * 4,
		.free_kib = world.spare_frames * 4,
	};

	return telemetry_send(box, TELEMETRY_HELLO, 0, &hello, sizeof(hello));
}

void telemetry_send_news(struct ring *box, struct domain *d, nsec_t now)
{
	static const uint8_t kind[] = {
		[NEWS_PAUSED] = TELEMETRY_EVENT_PAUSED,
		[NEWS_UNPAUSED] = TELEMETRY_EVENT_UNPAUSED,
		[NEWS_SHUTDOWN] = TELEMETRY_EVENT_SHUTDOWN,
		[NEWS_DEAD] = TELEMETRY_EVENT_DEAD,
		[NEWS_RESTART] = TELEMETRY_EVENT_RESTART,
		[NEWS_STARTED] = TELEMETRY_EVENT_STARTED,
	};
	uint32_t news = atomic_load_relaxed(&d->news);

	for (unsigned int i = 0; news && i < ARRAY_SIZE(kind); i++) {
		struct telemetry_event event = {
			.kind = kind[i],
			.reason = (uint8_t)atomic_load(&d->shutdown_reason),
			.time_ns = now,
		};

		if (!(news & BIT32(i)))
			continue;
		if (!telemetry_send(box, TELEMETRY_EVENT, d->id, &event,
				    sizeof(event)))
			return;
		atomic_fetch_and(&d->news, ~BIT32(i));
	}
}

static void reply(struct ring *box, uint16_t domid, uint32_t cookie,
		  int status, const char *text)
{
	struct {
		struct telemetry_reply head;
		char text[REPLY_TEXT_MAX];
	} __attribute__((packed)) frame = { { cookie, status }, "" };
	size_t length = strnlen(text, sizeof(frame.text));

	memcpy(frame.text, text, length);
	telemetry_send(box, TELEMETRY_REPLY, domid, &frame,
		       sizeof(frame.head) + length);
}

static uint8_t state_of(const struct domain *d)
{
	static const uint8_t name[] = {
		[DOMAIN_BUILDING] = TELEMETRY_STATE_BUILDING,
		[DOMAIN_SHUTDOWN] = TELEMETRY_STATE_SHUTDOWN,
		[DOMAIN_DYING] = TELEMETRY_STATE_DYING,
		[DOMAIN_DEAD] = TELEMETRY_STATE_DEAD,
	};
	uint32_t state = atomic_load(&d->state);

	if (state != DOMAIN_RUNNING)
		return name[state];
	if (atomic_load(&d->paused))
		return TELEMETRY_STATE_PAUSED;
	for (uint32_t i = 0; i < d->vcpu_count; i++)
		if (atomic_load(&d->vcpu[i].state) == VCPU_RUNNABLE)
			return TELEMETRY_STATE_RUNNING;
	return TELEMETRY_STATE_BLOCKED;
}

static void send_domain(struct ring *box, const struct domain *d)
{
	struct telemetry_domain row = {
		.state = state_of(d),
		.reason = (uint8_t)atomic_load(&d->shutdown_reason),
		.vcpu_count = (uint16_t)d->vcpu_count,
		.restart_count = atomic_load(&d->restart_count),
		.memory_kib = d->ram_frames * 4,
		.weight = d->weight,
		.cap = d->cap,
		.time_ns = arch_time(),
	};

	for (uint32_t i = 0; i < d->vcpu_count; i++) {
		row.cpu_time_ns += d->vcpu[i].cpu_time;
		row.exit_count += d->vcpu[i].exit_count;
		row.event_count += d->vcpu[i].event_count;
	}
	memcpy(row.name, d->name, sizeof(row.name));
	telemetry_send(box, TELEMETRY_DOMAIN, d->id, &row, sizeof(row));
}

/* What entry i of d's three tables of sharing says; peer 0: nothing. [L] */
static struct telemetry_share share_at(struct domain *d, uint32_t i)
{
	uint32_t port = i - world.domain_count, map = port - d->port_count;

	if (i < world.domain_count) {
		bool may = i != d->id && domain_peer(d, (uint16_t)i);

		return (struct telemetry_share){
			.peer = (uint16_t)(may ? i : 0)
		};
	}
	if (port < d->port_count) {
		struct port p = d->port[port];

		return (struct telemetry_share){
			p.state == PORT_INTERDOMAIN ? p.peer_dom : 0,
			TELEMETRY_SHARE_PORT, port, p.peer_port,
			atomic_load(&d->sent[port])
		};
	}
	return (struct telemetry_share){
		d->map[map].state == GRANT_MAP_LIVE ? d->map[map].domid : 0,
		TELEMETRY_SHARE_MAP, 0, 0, 1
	};
}

/* The entries behind `from`, as many as fit; where to go on, 0 at the end. */
static int send_shares(struct ring *box, struct domain *d, uint32_t cookie,
		       uint32_t from)
{
	struct {
		struct telemetry_shares head;
		struct telemetry_share row[SHARES_ROWS];
	} __attribute__((packed)) f = { .head = { cookie } };
	struct telemetry_share *last = NULL, *end = f.row;
	uint32_t all = world.domain_count + d->port_count + d->map_count;
	uint32_t i = MAX(from, 1u), stop = MIN(all, i + SHARES_PIECE);

	spin_lock(&d->lock);
	for (; i < stop && end < f.row + SHARES_ROWS; i++) {
		*end = share_at(d, i);
		if (last && end->kind == TELEMETRY_SHARE_MAP &&
		    last->kind == end->kind && last->peer == end->peer)
			last->count++;
		else if (end->peer)
			last = end++;
	}
	spin_unlock(&d->lock);
	telemetry_send(box, TELEMETRY_SHARES, d->id, &f,
		       (size_t)((char *)end - (char *)&f));
	return i < all ? (int)i : 0;
}

/* The functions behind `from` on its bus; as above. */
static int send_functions(struct ring *box, uint32_t cookie, uint32_t from)
{
	struct {
		struct telemetry_inventory head;
		struct telemetry_function row[FUNCTION_ROWS];
	} __attribute__((packed)) f = {
		.head = { cookie, world.cpu_count - world.cpu_first,
			  world.ram_frames * 4 }
	};
	struct telemetry_function *end = f.row;
	uint32_t i = from & 0xffff, stop = (i | 0xff) + 1;

	for (; i < stop && end < f.row + FUNCTION_ROWS; i++) {
		if (arch_pci_read((uint16_t)i, 0) == UINT32_MAX)
			continue;
		end->bdf = (uint16_t)i;
		for (unsigned int n = 0; n < ARRAY_SIZE(end->config); n++)
			end->config[n] = arch_pci_read(end->bdf, 4 * n);
		end++;
	}
	telemetry_send(box, TELEMETRY_INVENTORY, 0, &f,
		       (size_t)((char *)end - (char *)&f));
	return i < stop ? (int)i : 0;
}

/* Not inlined: bench/run tells its price from that of everything else. */
__attribute__((noinline)) bool telemetry_audit(char *text, size_t size)
{
	struct audit audit;

	sched_stop_others();
	partition_audit(&audit);
	sched_resume_others();
	if (audit.errors)
		format_text(text, size, "%lu errors; first: %s", audit.errors,
			    audit.first);
	else
		format_text(text, size, "clean, %lu frames, %lu loans",
			    audit.frames, audit.loans);
	log_line("audit: %s", text);
	return !audit.errors;
}

/* 0 or -XEN_Exxx; text, of REPLY_TEXT_MAX bytes, goes into the reply. */
static int command(struct ring *box, struct domain *d,
		   const struct telemetry_command *c, char *text)
{
	unsigned int op = c->op;
	uint32_t from = (uint32_t)(c->from[0] | c->from[1] << 8 |
				   c->from[2] << 16);
	uint64_t produced;

	if (!world.commands_allowed && op != TELEMETRY_OP_LIST &&
	    op != TELEMETRY_OP_HELLO && op != TELEMETRY_OP_TAIL &&
	    op != TELEMETRY_OP_SHARES && op != TELEMETRY_OP_INVENTORY)
		return -XEN_EPERM;
	switch (op) {
	case TELEMETRY_OP_LIST:
		if (from < world.domain_count - 1)
			send_domain(box, world.domain[++from]);
		return from < world.domain_count - 1 ? (int)from : 0;
	case TELEMETRY_OP_HELLO:
		telemetry_send_hello(box);
		return 0;
	case TELEMETRY_OP_INVENTORY:
		format_text(text, REPLY_TEXT_MAX, "%s%s",
			    arch_iommu_lacks(0) ? "none: " : "",
			    arch_iommu_lacks(0) ?: arch_iommu_name());
		return send_functions(box, c->cookie, from);
	case TELEMETRY_OP_AUDIT:
		return telemetry_audit(text, REPLY_TEXT_MAX) ? 0 : -XEN_EIO;
	case TELEMETRY_OP_POWEROFF:
		log_line("powered off by the operator");
		atomic_store(&world.poweroff_wanted, true);
		return 0;
	}
	if (!d)
		return -XEN_ESRCH;
	switch (op) {
	case TELEMETRY_OP_SHARES:
		return send_shares(box, d, c->cookie, from);
	case TELEMETRY_OP_PAUSE:
		return domain_pause(d);
	case TELEMETRY_OP_UNPAUSE:
		return domain_unpause(d);
	case TELEMETRY_OP_DESTROY:
		return domain_destroy(d);
	case TELEMETRY_OP_RESTART:
		return domain_restart(d);
	case TELEMETRY_OP_TAIL:
		/* The kept output comes again: the stream moves back. */
		produced = atomic_load(&d->console.produced);
		d->console.sent[1] = produced -
			MIN(produced, (uint64_t)CONSOLE_HISTORY_SIZE);
		return 0;
	}
	return -XEN_ENOSYS;
}

static void obey(struct ring *box, const uint8_t *frame, size_t length)
{
	uint16_t domid = (uint16_t)(frame[2] | frame[3] << 8);
	struct domain *d = domain_at(domid);
	struct telemetry_command c;
	char text[REPLY_TEXT_MAX] = "";
	int status;

	if (frame[1] == TELEMETRY_INPUT && d) {
		uint16_t taken = 0;

		/* What does not fit the sender sends again. */
		while (taken < length &&
		       console_input(d, (char)frame[6 + taken]))
			taken++;
		telemetry_send(box, TELEMETRY_TAKEN, domid, &taken,
			       sizeof(taken));
	} else if (frame[1] == TELEMETRY_COMMAND && length >= sizeof(c)) {
		memcpy(&c, frame + 6, sizeof(c));
		status = command(box, d, &c, text);
		reply(box, domid, c.cookie, status, text);
	}
}

static uint8_t received[TELEMETRY_PAYLOAD_MAX + OVERHEAD];
static size_t received_count;

/* How many of the bytes are done with, a frame or a bad one; 0: wait. */
static size_t take_frame(struct ring *box, const uint8_t *frame, size_t count)
{
	size_t length;
	uint16_t crc;

	if (frame[0] != TELEMETRY_START)
		return 1;
	if (count < 6)
		return 0;
	length = (size_t)frame[4] | (size_t)frame[5] << 8;
	if (length > TELEMETRY_PAYLOAD_MAX)
		return 1;
	if (count < length + OVERHEAD)
		return 0;
	crc = crc16(0xffff, frame + 1, length + 5);
	if (memcmp(&crc, frame + length + 6, sizeof(crc)))
		return 1;
	obey(box, frame, length);
	return length + OVERHEAD;
}

void telemetry_receive(struct ring *box, uint8_t byte)
{
	size_t done = 0, size = 1;

	received[received_count++] = byte;
	for (; size && done < received_count; done += size)
		size = take_frame(box, received + done, received_count - done);
	received_count -= done;
	memmove(received, received + done, received_count);
}
