/* SPDX-License-Identifier: MIT */
/*
 * The framed protocol on the second serial port, between the VMM and the
 * host tool. Little endian, no padding. A frame is
 *
 *   0x7E | type u8 | domid u16 | length u16 | payload[length] | crc u16
 *
 * crc is CRC-16/CCITT-FALSE (polynomial 0x1021, start 0xFFFF, no reflection)
 * over type..payload. length <= TELEMETRY_PAYLOAD_MAX. A receiver that meets
 * a bad frame skips one byte and looks for the next 0x7E. domid 0 is the VMM.
 */
#pragma once
#include <stdint.h>

#define TELEMETRY_VERSION	1u
#define TELEMETRY_START		0x7Eu
#define TELEMETRY_PAYLOAD_MAX	512u
#define TELEMETRY_NAME_MAX	32u

enum telemetry_type {
	/* VMM to tool */
	TELEMETRY_HELLO = 0x01,		/* struct telemetry_hello */
	TELEMETRY_DOMAIN = 0x02,	/* struct telemetry_domain */
	TELEMETRY_CONSOLE = 0x03,	/* bytes that the VM printed */
	TELEMETRY_LOG = 0x04,		/* text of the VMM's own log */
	TELEMETRY_EVENT = 0x05,		/* struct telemetry_event */
	TELEMETRY_REPLY = 0x06,		/* struct telemetry_reply, then text */
	TELEMETRY_PANIC = 0x07,		/* text; the VMM stops after it */
	TELEMETRY_DONE = 0x08,		/* u8 exit byte: every VM has ended */
	TELEMETRY_TAKEN = 0x09,		/* u16: bytes taken of one INPUT */
	TELEMETRY_SHARES = 0x0a,	/* struct telemetry_shares, then rows */
	TELEMETRY_INVENTORY = 0x0b,	/* struct telemetry_inventory, rows */
	/* tool to VMM */
	TELEMETRY_COMMAND = 0x80,	/* struct telemetry_command */
	TELEMETRY_INPUT = 0x81,		/* bytes for the VM's console */
};

enum telemetry_op {
	TELEMETRY_OP_LIST = 1,		/* a DOMAIN frame, then REPLY */
	TELEMETRY_OP_PAUSE = 2,
	TELEMETRY_OP_UNPAUSE = 3,
	TELEMETRY_OP_DESTROY = 4,
	TELEMETRY_OP_RESTART = 5,
	TELEMETRY_OP_AUDIT = 6,		/* REPLY text: result of the audit */
	TELEMETRY_OP_TAIL = 7,		/* CONSOLE frames of what is kept */
	TELEMETRY_OP_POWEROFF = 8,	/* stop the machine */
	TELEMETRY_OP_HELLO = 9,		/* HELLO again, then REPLY */
	TELEMETRY_OP_SHARES = 10,	/* a SHARES frame, then REPLY */
	TELEMETRY_OP_INVENTORY = 11,	/* an INVENTORY frame, then REPLY */
};

enum telemetry_state {
	TELEMETRY_STATE_BUILDING = 0,
	TELEMETRY_STATE_RUNNING = 1,	/* at least one vCPU runnable */
	TELEMETRY_STATE_BLOCKED = 2,
	TELEMETRY_STATE_PAUSED = 3,
	TELEMETRY_STATE_SHUTDOWN = 4,	/* preserved after its end */
	TELEMETRY_STATE_DYING = 5,
	TELEMETRY_STATE_DEAD = 6,
};

enum telemetry_event_kind {
	TELEMETRY_EVENT_STARTED = 1,	/* first instruction is about to run */
	TELEMETRY_EVENT_SHUTDOWN = 2,	/* reason: SHUTDOWN_* of xen/sched.h */
	TELEMETRY_EVENT_DEAD = 3,	/* frames scrubbed, nothing left */
	TELEMETRY_EVENT_RESTART = 4,	/* is being rebuilt */
	TELEMETRY_EVENT_PAUSED = 5,
	TELEMETRY_EVENT_UNPAUSED = 6,
};

struct telemetry_hello {
	uint32_t version;
	uint32_t domain_count;
	uint32_t cpu_count;
	uint32_t tsc_khz;
	uint64_t ram_kib;
	uint64_t free_kib;
} __attribute__((packed));

struct telemetry_domain {
	uint8_t state;			/* enum telemetry_state */
	uint8_t reason;			/* of the last shutdown, 0xff none */
	uint16_t vcpu_count;
	uint32_t restart_count;
	uint64_t memory_kib;
	uint64_t cpu_time_ns;
	uint64_t exit_count;
	uint64_t event_count;
	uint32_t weight;
	uint32_t cap;
	uint64_t time_ns;		/* of the VMM when it said this */
	char name[TELEMETRY_NAME_MAX];
} __attribute__((packed));

struct telemetry_event {
	uint8_t kind;			/* enum telemetry_event_kind */
	uint8_t reason;
	uint16_t reserved;
	uint64_t time_ns;		/* since the VMM started */
} __attribute__((packed));

struct telemetry_command {
	uint32_t cookie;		/* echoed in the REPLY */
	uint8_t op;			/* enum telemetry_op; frame's domid */
	uint8_t from[3];		/* of LIST, SHARES, INVENTORY; else 0 */
} __attribute__((packed));

struct telemetry_reply {
	uint32_t cookie;
	int32_t status;			/* 0 or -XEN_Exxx */
	/* text follows */
} __attribute__((packed));

/*
 * OP_LIST tells of one VM at a time, in order: `from` is how many were told of
 * before, and a status above 0 is `from` of the next part.
 */

/*
 * What the VM of the frame's domid shares with others: a part of the tables
 * that decide it. A status above 0 is `from` of the next part.
 */
struct telemetry_shares {
	uint32_t cookie;		/* of the command */
	/* rows follow */
} __attribute__((packed));

/*
 * What the machine has. `from` is a PCI function; rows are those that are
 * there from it on, up to the end of its bus. A status above 0 is `from` of
 * the next part. The REPLY's text names the IOMMU, or is "none: " and why.
 */
struct telemetry_inventory {
	uint32_t cookie;		/* of the command */
	uint32_t cpu_count;		/* that run VMs */
	uint64_t ram_kib;
	/* rows follow */
} __attribute__((packed));

struct telemetry_function {
	uint16_t bdf;			/* bus << 8 | device << 3 | function */
	uint32_t config[16];		/* its registers: the header */
} __attribute__((packed));

enum telemetry_share_kind {
	TELEMETRY_SHARE_PEER,		/* the two may share */
	TELEMETRY_SHARE_PORT,		/* port is bound to peer's peer_port */
	TELEMETRY_SHARE_MAP,		/* count grants of peer are mapped */
};

struct telemetry_share {
	uint16_t peer;			/* domid */
	uint16_t kind;			/* enum telemetry_share_kind */
	uint32_t port, peer_port;
	uint32_t count;			/* events ever sent; maps here */
} __attribute__((packed));
