/* SPDX-License-Identifier: MIT */
/*
 * What a guest's machine looks like from inside: the addresses and ports
 * that launch describes in the memory map and the ACPI tables and that vdev
 * and abi must answer for.
 */
#pragma once
#include "lib/types.h"

/* ACPI sleep registers of a hardware-reduced machine. */
#define PORT_SLEEP_CONTROL	0xb004u	/* FADT sleep control register */
#define PORT_SLEEP_STATUS	0xb005u
#define SLEEP_TYPE_S5		5u

/* RAM: from 0 up to here at most, the rest from 4 GiB. */
#define GPA_RAM_LOW_END		0xf0000000ull
#define GPA_RAM_HIGH		0x100000000ull
/* Registers of devices that the domain owns, up to GPA_ACPI. */
#define GPA_DEVICE		0xf0000000ull
/* One page of ACPI tables, reported as such. */
#define GPA_ACPI		0xfc000000ull
#define GPA_LAPIC		0xfee00000ull
/* Special pages, reported as reserved; two of them are in use. */
#define GPA_SPECIAL		0xfeff8000ull
#define GPA_SPECIAL_END		0xff000000ull
#define GPA_XENSTORE		0xfeffc000ull
#define GPA_CONSOLE		0xfefff000ull

/* A range of guest-physical addresses, with its type as E820 numbers them. */
struct platform_range {
	uint64_t start, size;
	uint32_t type;		/* 1 RAM, 2 reserved, 3 ACPI tables */
} __attribute__((packed));
/* Few: Linux copies those of start_info into a table of 128, unchecked. */
#define PLATFORM_RANGES		5u
/*
 * The map of a machine with so much RAM, a frame of which holds the ACPI
 * tables; returns the number of ranges.
 */
uint32_t platform_map(uint64_t ram_frames, struct platform_range *range);

/* The guest's ports of its xenstore ring (if a VM serves it) and console. */
#define STORE_PORT		1u
#define CONSOLE_PORT		2u
