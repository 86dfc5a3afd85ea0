/* SPDX-License-Identifier: MIT */
/*
 * SHA-256, straight from FIPS 180-4. The constants are computed as the
 * standard defines them (fractional parts of roots of the first primes), so
 * there is no table to mistype; the unit test has the standard's vectors.
 */
#include "sha256.h"

#include <stdio.h>
#include <string.h>

struct sha256 {
	uint32_t h[8];
	uint32_t k[64];
};

static uint32_t rotr(uint32_t x, unsigned int n)
{
	return x >> n | x << (32 - n);
}

/* floor(2^32 * fraction of the root of n): cube root, or square root. */
static uint32_t root_fraction(uint32_t n, unsigned int power)
{
	uint64_t low = 0, high = 1ull << 36;

	/* The largest r with (r / 2^32)^power <= n, by halving. */
	while (high - low > 1) {
		uint64_t mid = (low + high) / 2;
		unsigned __int128 p = (unsigned __int128)mid * mid;
		unsigned __int128 bound = n;

		/* Both sides stay below 2^109. */
		if (power == 3)
			p *= mid;
		bound <<= 32 * power;
		if (p <= bound)
			low = mid;
		else
			high = mid;
	}
	return (uint32_t)low;
}

static void sha256_start(struct sha256 *s)
{
	unsigned int found = 0;

	for (uint32_t n = 2; found < 64; n++) {
		uint32_t d = 2;

		while (d * d <= n && n % d)
			d++;
		if (d * d <= n)
			continue;
		if (found < 8)
			s->h[found] = root_fraction(n, 2);
		s->k[found++] = root_fraction(n, 3);
	}
}

static void sha256_block(struct sha256 *s, const uint8_t *p)
{
	uint32_t w[64], v[8];

	for (unsigned int i = 0; i < 16; i++, p += 4)
		w[i] = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
		       (uint32_t)p[2] << 8 | p[3];
	for (unsigned int i = 16; i < 64; i++) {
		uint32_t a = w[i - 15], b = w[i - 2];

		w[i] = w[i - 16] + w[i - 7] +
		       (rotr(a, 7) ^ rotr(a, 18) ^ a >> 3) +
		       (rotr(b, 17) ^ rotr(b, 19) ^ b >> 10);
	}
	memcpy(v, s->h, sizeof(v));
	/* The eight words change places from round to round, not memory. */
	for (unsigned int i = 0; i < 64; i++) {
		uint32_t e = v[(4 - i) & 7], f = v[(5 - i) & 7];
		uint32_t a = v[(0 - i) & 7], b = v[(1 - i) & 7];
		uint32_t c = v[(2 - i) & 7], g = v[(6 - i) & 7];
		uint32_t t1 = v[(7 - i) & 7] +
			      (rotr(e, 6) ^ rotr(e, 11) ^ rotr(e, 25)) +
			      ((e & f) ^ (~e & g)) + s->k[i] + w[i];
		uint32_t t2 = (rotr(a, 2) ^ rotr(a, 13) ^ rotr(a, 22)) +
			      ((a & b) ^ (a & c) ^ (b & c));

		v[(3 - i) & 7] += t1;
		v[(7 - i) & 7] = t1 + t2;
	}
	for (unsigned int i = 0; i < 8; i++)
		s->h[i] += v[i];
}

void sha256_hex(const uint8_t *bytes, size_t size, char hex[SHA256_HEX])
{
	struct sha256 s;
	uint8_t tail[128] = { 0 };
	size_t whole = size / 64 * 64, rest = size - whole;
	size_t tail_size = rest < 56 ? 64 : 128;

	sha256_start(&s);
	for (size_t i = 0; i < whole; i += 64)
		sha256_block(&s, bytes + i);
	if (rest)
		memcpy(tail, bytes + whole, rest);
	tail[rest] = 0x80;
	for (unsigned int i = 0; i < 8; i++)
		tail[tail_size - 1 - i] =
			(uint8_t)((uint64_t)size * 8 >> 8 * i);
	for (size_t i = 0; i < tail_size; i += 64)
		sha256_block(&s, tail + i);
	for (unsigned int i = 0; i < 8; i++)
		sprintf(hex + 8 * i, "%08x", s.h[i]);
}
