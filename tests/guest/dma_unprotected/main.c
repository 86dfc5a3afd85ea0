/* SPDX-License-Identifier: MIT */
/* The steps of dma_attack where no IOMMU is in their way: they succeed. */
#include "../dma_attack/main.c"
