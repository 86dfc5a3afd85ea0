/* SPDX-License-Identifier: MIT */
/*
 * The hypervisor as seen from the guest: detection and the shared page.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <xen/xen.h>

/* Look for the signature in CPUID; no hypercall yet. */
void xen_detect(void);
bool xen_present(void);
/* First of the hypervisor's CPUID leaves. */
uint32_t xen_cpuid_base(void);
/* This domain's number if CPUID tells it, else DOMID_SELF. */
domid_t xen_domid(void);

/* Map shared_info over a page of the image, hook up vCPU 0. */
void xen_init(void);
extern struct shared_info *xen_shared;
/* The page of the image that shared_info covers. */
extern uint8_t xen_shared_page[4096];

/* XENMEM_add_to_physmap of this domain: space, index -> frame. */
long xen_add_to_physmap(unsigned int space, uint64_t index, uint64_t gfn);
