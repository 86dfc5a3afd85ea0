/* SPDX-License-Identifier: MIT */
/*
 * The steps of dma_attack where Intel's IOMMU is in their way. The neighbour
 * has a device, too, in whose name the attacker's tries to send messages.
 */
#include "../dma_attack/main.c"
