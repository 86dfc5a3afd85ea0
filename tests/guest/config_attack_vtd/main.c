/* SPDX-License-Identifier: MIT */
/* The steps of config_attack where Intel's IOMMU looks messages up. */
#include "../config_attack/main.c"
