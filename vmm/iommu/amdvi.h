/* SPDX-License-Identifier: MIT */
/*
 * What AMD's IOMMU and its driver say to each other: registers, commands and
 * entries of its tables.
 */
#pragma once
#include "lib/types.h"

#define IVRS_HEADER	48u
#define AMDVI_TAIL	0x2008u		/* register: end of the commands */

/* A block of the IVRS: a unit, or memory that functions are to reach. */
struct amdvi_block {
	uint8_t type, flags;		/* 0x00 */
	uint16_t size;			/* 0x02 */
	uint16_t id;			/* 0x04 the (first) function */
	uint16_t last_id;		/* 0x06 of a range */
	uint64_t address;		/* 0x08 of a unit's registers */
};
static_assert(sizeof(struct amdvi_block) == 16, "IVRS layout");

enum {				/* registers */
	REG_DEVICE_TABLE = 0x0000, REG_COMMANDS = 0x0008,
	REG_EVENTS = 0x0010, REG_CONTROL = 0x0018, REG_EXCLUSION = 0x0020,
	REG_COMMAND_HEAD = 0x2000,
	REG_EVENT_HEAD = 0x2010, REG_EVENT_TAIL = 0x2018, REG_STATUS = 0x2020,
};

#define RING_ENTRIES	256u		/* of 16 bytes */
#define RING_256	(UINT64_C(8) << 56)
#define CONTROL_EVENTS	BIT64(2)
/* On, with coherent table walks and the command queue. */
#define CONTROL_ON	(BIT64(0) | CONTROL_EVENTS | BIT64(10) | BIT64(12))
#define STATUS_OVERFLOW	BIT32(0)

/* Completion wait that stores; the address is part of the first word. */
#define AMDVI_WAIT	(UINT64_C(1) << 60 | 1)
#define AMDVI_INVALIDATE_DEVICE(bdf)	{ UINT64_C(2) << 60 | (bdf), 0 }
/* All pages of a domain: size bit, tables too, the largest address. */
#define AMDVI_INVALIDATE_PAGES(domid) \
	{ UINT64_C(3) << 60 | (uint64_t)(domid) << 32, \
	  UINT64_C(0x7ffffffffffff003) }
#define AMDVI_INVALIDATE_REMAP(bdf)	{ UINT64_C(5) << 60 | (bdf), 0 }

/*
 * Device table entries, word 0: valid, with a table. The blocked one's has
 * one level, is empty, and the entry permits neither reading nor writing.
 */
#define AMDVI_ENTRY_BLOCKED(blank)	((blank) | 1u << 9 | 3)
#define AMDVI_ENTRY_TABLE(root) \
	((root) | 4u << 9 | BIT64(61) | BIT64(62) | 3)
/* Word 2: messages are remapped through 8 entries, or not let through. */
#define AMDVI_REMAP(table)	((table) | UINT64_C(2) << 60 | 3u << 1 | 1)
#define AMDVI_REMAP_NONE	UINT64_C(1)
/* An entry for a message: fixed, to one APIC. */
#define AMDVI_REMAP_TO(id, vector)	((vector) << 16 | (id) << 8 | 1)
