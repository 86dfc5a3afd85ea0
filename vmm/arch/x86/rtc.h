/* SPDX-License-Identifier: MIT */
/* The battery-backed clock, read once. */
#pragma once
#include "lib/types.h"

/* Seconds since 1970 in UTC, which the clock is taken to hold; 0 unknown. */
uint64_t rtc_read(void);
