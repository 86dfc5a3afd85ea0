/* SPDX-License-Identifier: MIT */
/* The edition of the Xen ABI that we claim; major must be at least 4. */
#pragma once
#include "lib/types.h"

#define ABI_MAJOR	4u
#define ABI_MINOR	17u
#define ABI_VERSION	(ABI_MAJOR << 16 | ABI_MINOR)
