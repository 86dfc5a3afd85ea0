/* SPDX-License-Identifier: MIT */
/*
 * SHA-256 (FIPS 180-4): the name under which an unpacked kernel is kept.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

#define SHA256_HEX 65u

/* Writes 64 hexadecimal digits and a NUL. */
void sha256_hex(const uint8_t *bytes, size_t size, char hex[SHA256_HEX]);
