/* SPDX-License-Identifier: MIT */
/* The steps of dma_restart where no IOMMU is in their way. */
#include "../dma_restart/main.c"
