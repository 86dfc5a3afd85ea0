/* SPDX-License-Identifier: MIT */
/*
 * The ACPI tables of a guest: a hardware-reduced machine with one local APIC
 * per vCPU, a sleep register to power off with, and nothing else. Processor
 * id = APIC id = vCPU index, as Linux takes the first for Xen's vCPU number.
 */
#pragma once
#include "lib/types.h"

/*
 * Fills a page that the guest sees at gpa; the RSDP is at its start. Returns
 * the bytes used.
 */
size_t acpi_build(uint8_t page[PAGE_SIZE], uint64_t gpa,
		  unsigned int vcpu_count);
