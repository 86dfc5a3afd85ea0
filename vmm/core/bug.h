/* SPDX-License-Identifier: MIT */
/*
 * For broken invariants of the VMM only; nothing that a guest does may reach
 * one. Stops the machine and prints where.
 */
#pragma once
#include "core/arch.h"

#define BUG_ON(condition) \
	do { \
		if (__builtin_expect(!!(condition), 0)) \
			arch_panic(__FILE__, __LINE__, #condition); \
	} while (0)
