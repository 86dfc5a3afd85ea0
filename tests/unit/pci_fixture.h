/* SPDX-License-Identifier: MIT */
/* A mock machine with PCI functions, and VMs that own them. */
#pragma once
#include "arch/mock/mock.h"
#include "core/platform.h"
#include "launch_fixture.h"
#include "vdev/pci.h"

#define BDF		0x28u		/* 00:05.0 */
#define REGISTERS	0xfe000000u
#define FUNCTION	0x80000800u	/* where the guest finds it */
#define TABLE		(GPA_DEVICE + 0x2000)
#define CHAIN_PM	0x40u		/* where its capabilities are */
#define CHAIN_MSIX	0x50u
#define CHAIN_MSI	0x60u
#define CHAIN_EXPRESS	0x80u
#define EXPRESS_FIRMWARE	0x283fu	/* its control, as firmware left it */

extern uint32_t pci_fixture_given[2];	/* cells of bulkhead,pci */

/* Like an NVMe controller: one region, its table of messages inside. */
struct mock_pci *pci_fixture_plug(uint16_t bdf, uint32_t class);
/* Setup of each test: a machine with one of them, at BDF. */
int pci_fixture_start(void **state);
/* A VM of two vCPUs with so many of the functions that are given. */
int pci_fixture_launch(unsigned int count);

/* The VM with the function at BDF, as it is when its guest starts. */
struct domain *pci_fixture_ready(void);
/* Its guest reads a dword, or writes so many bytes, of configuration. */
uint32_t pci_get(struct domain *d, unsigned int at);
void pci_put(struct domain *d, unsigned int at, unsigned int size,
	     uint32_t value);
/* What the log has gathered, which is then empty. */
void pci_log(char *text, size_t size);
