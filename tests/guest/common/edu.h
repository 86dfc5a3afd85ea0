/* SPDX-License-Identifier: MIT */
/*
 * QEMU's device for teaching, `edu`: it copies less than a page between memory
 * and a buffer of its own, and sends one message when it is done.
 */
#pragma once
#include "test.h"

#define PCI_FUNCTION	0x80000800u	/* the first of a VM's devices */
#define EDU_ID		0x11e81234u
#define EDU_BUFFER	0x40000u	/* as its DMA engine calls it */
#define EDU_TO_MEMORY	2u
#define EDU_INTERRUPT	4u
enum { EDU_STATUS = 0x20, EDU_RAISED = 0x24, EDU_RAISE = 0x60, EDU_ACK = 0x64,
       EDU_FROM = 0x80, EDU_TO = 0x88, EDU_COUNT = 0x90, EDU_GO = 0x98 };

static inline uint32_t in32(uint16_t port)
{
	uint32_t value;

	__asm__ volatile("inl %1, %0" : "=a"(value) : "Nd"(port) : "memory");
	return value;
}

static inline uint32_t pci_get(unsigned int at)
{
	out32(0xcf8, PCI_FUNCTION | at);
	return in32(0xcfc);
}

static inline void pci_put(unsigned int at, uint32_t value)
{
	out32(0xcf8, PCI_FUNCTION | at);
	out32(0xcfc, value);
}

static inline void out16(uint16_t port, uint16_t value)
{
	__asm__ volatile("outw %0, %1" : : "a"(value), "Nd"(port) : "memory");
}

/* Beside the command is the status. */
static inline void pci_command(uint16_t value)
{
	out32(0xcf8, PCI_FUNCTION | 4);
	out16(0xcfc, value);
}

static inline volatile uint32_t *edu_register(unsigned int at)
{
	return (volatile uint32_t *)(uint64_t)((pci_get(0x10) & ~15u) + at);
}

/* Where the VM's memory is for the device, if no IOMMU translates. */
static uint64_t edu_base;

static inline bool edu_busy(void)
{
	return *edu_register(EDU_GO) & 1;
}

static inline void edu_start(uint64_t from, uint64_t to, uint32_t count,
			     uint32_t how)
{
	volatile uint64_t *r = (volatile uint64_t *)edu_register(0);

	r[EDU_FROM / 8] = from;
	r[EDU_TO / 8] = to;
	r[EDU_COUNT / 8] = count;
	r[EDU_GO / 8] = 1 | how;
}

/* The device takes 0.1 s for it. */
static inline void edu_copy(uint64_t from, uint64_t to, uint32_t count,
			    uint32_t how)
{
	edu_start(from, to, count, how);
	clock_sleep(100 * MILLISECOND);
	for (unsigned int i = 0; i < 200 && edu_busy(); i++)
		clock_sleep(MILLISECOND);
	CHECK(!edu_busy(), "the device is stuck");
}

static inline void edu_write(uint64_t to, const void *data, uint32_t count)
{
	edu_copy(edu_base + page_gpa(data), EDU_BUFFER, count, 0);
	edu_copy(EDU_BUFFER, to, count, EDU_TO_MEMORY);
}

/* data keeps what it holds if the device could not read. */
static inline void edu_read(uint64_t from, void *data, uint32_t count)
{
	edu_copy(edu_base + page_gpa(data), EDU_BUFFER, count, 0);
	edu_copy(from, EDU_BUFFER, count, 0);
	edu_copy(EDU_BUFFER, edu_base + page_gpa(data), count, EDU_TO_MEMORY);
}

/* Memory, bus master, and one message to this vector. */
static inline bool edu_init(uint8_t vector)
{
	unsigned int msi = pci_get(0x34) & 0xfc;

	if (!CHECK_EQ(pci_get(0), EDU_ID) ||
	    !CHECK_EQ(pci_get(msi) & 0xff, 5))
		return false;
	pci_command(6);
	pci_put(msi + 4, 0xfee00000);
	pci_put(msi + 8, 0);
	pci_put(msi + 12, vector);
	pci_put(msi, pci_get(msi) | 1u << 16);
	return true;
}
