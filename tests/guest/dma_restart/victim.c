/* SPDX-License-Identifier: MIT */
/* As in dma_attack. */
#include "../dma_attack/victim.c"
