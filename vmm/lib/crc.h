/* SPDX-License-Identifier: MIT */
/* CRC-16/CCITT-FALSE, byte by byte: short frames on a slow line. */
#pragma once
#include "lib/types.h"

/* Begins with crc = 0xffff. */
static inline uint16_t crc16(uint16_t crc, const void *data, size_t size)
{
	for (const uint8_t *byte = data; size--; byte++) {
		unsigned int x = (unsigned int)(crc >> 8) ^ *byte;

		x ^= x >> 4;
		crc = (uint16_t)(((unsigned int)crc << 8) ^ (x << 12) ^
				 (x << 5) ^ x);
	}
	return crc;
}
