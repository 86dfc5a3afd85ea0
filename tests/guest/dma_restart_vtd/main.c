/* SPDX-License-Identifier: MIT */
/* The steps of dma_restart where Intel's IOMMU is in their way. */
#include "../dma_restart/main.c"
