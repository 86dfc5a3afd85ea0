/* SPDX-License-Identifier: MIT */
/*
 * What Intel's IOMMU and its driver say to each other: the ACPI table that
 * describes it, registers, commands and entries of its tables.
 */
#pragma once
#include "lib/types.h"

#define DMAR_HEADER	48u
/* A block of the DMAR: a unit, or memory that devices are to reach. */
struct dmar_block {
	uint16_t type, size;		/* 0x00 */
	uint16_t reserved, segment;	/* 0x04 */
	uint64_t address;		/* 0x08 of a unit's registers */
};
static_assert(sizeof(struct dmar_block) == 16, "DMAR layout");
#define DMAR_UNIT	0u
#define DMAR_MEMORY	1u
#define DMAR_MEMORY_SCOPES	24u	/* then come the devices */
/* One of them, with a path of one step: on that bus itself. */
struct dmar_scope {
	uint8_t type, size, reserved[2], id, bus, device, function;
};

enum {				/* registers */
	VTD_CAPABLE = 0x08, VTD_EXTENDED = 0x10, VTD_COMMAND = 0x18,
	VTD_STATUS = 0x1c, VTD_ROOT = 0x20, VTD_FAULT_STATUS = 0x34,
	VTD_FAULT_CONTROL = 0x38, VTD_PROTECTED = 0x64, VTD_TAIL = 0x88,
	VTD_QUEUE = 0x90, VTD_MESSAGES = 0xb8,
};

/* Capabilities: what must be there, and what must not. */
#define CAPABLE_DRAINS	(BIT64(54) | BIT64(55))
#define CAPABLE_NEEDED	(CAPABLE_DRAINS | BIT64(34) | BIT64(35))
#define CAPABLE_WRONG	(BIT64(4) | BIT64(7))	/* buffers, caches holes */
#define CAPABLE_4_LEVELS	BIT64(10)
#define CAPABLE_3_LEVELS	BIT64(9)
#define CAPABLE_RECORDS(c)	(((c) >> 40 & 0xff) + 1)
#define CAPABLE_RECORDS_AT(c)	(((c) >> 24 & 0x3ff) * 16)
#define EXTENDED_QUEUE	BIT64(1)
#define EXTENDED_MESSAGES	BIT64(3)
#define EXTENDED_COHERENT	BIT64(0)
#define EXTENDED_X2APIC	BIT64(4)
struct vtd_abilities { uint64_t all, any, extended; };

/* Commands, which stay on, and which the status register shows. */
#define TRANSLATE	BIT32(31)
#define SET_ROOT	BIT32(30)
#define QUEUE		BIT32(26)
#define REMAP		BIT32(25)
#define SET_MESSAGES	BIT32(24)
#define STAYING		(TRANSLATE | QUEUE | REMAP)
#define MESSAGES_256	7u
#define MESSAGES_X2APIC	BIT32(11)

#define FAULT_MASK	BIT32(31)	/* no interrupt */
#define FAULT_OVERFLOW	BIT32(0)
#define FAULT_PENDING	BIT32(1)
/* A record of a fault: 4 words, the highest bit says that it is one. */
#define RECORD_FAULT	BIT32(31)
#define RECORD_REASON(word3)	((word3) & 0xff)
#define REASON_MESSAGE	0x20u		/* and above: of a message */

/* Wait that stores, and what to forget, with all DMA under way drained. */
#define VTD_WAIT	0x25u
#define VTD_FORGET_DEVICES	{ 0x11, 0 }
#define VTD_FORGET_ALL_PAGES	{ 0xd2, 0 }
#define VTD_FORGET_PAGES(did)	{ (uint64_t)(did) << 16 | 0xe2, 0 }
#define VTD_FORGET_MESSAGES	{ 0x04, 0 }
/* Units may know few domains: those with devices are numbered by them. */
#define VTD_DOMAIN(d)	((d)->device_first + 1)

#define VTD_PRESENT	UINT64_C(1)
/* Words 1: 3 or 4 levels of tables; who may send a message, that alone. */
#define VTD_CONTEXT(did, levels)	((uint64_t)(did) << 8 | ((levels) - 2u))
#define VTD_SENDER(bdf)	(BIT64(18) | (bdf))
/* A message: fixed, to one APIC. */
#define VTD_MESSAGE(id, vector) \
	((uint64_t)(id) << 32 | (vector) << 16 | VTD_PRESENT)
/* Address of a message that is looked up at first plus its data. */
#define VTD_MESSAGE_ADDRESS(first)	((first) << 5 | 0x18)
