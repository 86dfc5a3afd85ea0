/* SPDX-License-Identifier: MIT */
/* CRC-16/CCITT-FALSE, bit by bit: short frames on a slow line. */
#pragma once
#include "lib/types.h"

static inline uint16_t crc16_add(uint16_t crc, uint8_t byte)
{
	unsigned int x = (unsigned int)(crc >> 8) ^ byte;

	x ^= x >> 4;
	return (uint16_t)(((unsigned int)crc << 8) ^ (x << 12) ^ (x << 5) ^ x);
}
