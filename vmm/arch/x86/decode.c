/* SPDX-License-Identifier: MIT */
/*
 * The decoder: legacy prefixes, one REX, opcode, at most a ModRM byte (AMD
 * APM volume 3, "Instruction Encoding"). An opcode is matched in full, so a
 * guest that changes its code under us gets INSN_OTHER, not a wrong length.
 */
#include "arch/x86/decode.h"

#define REX_B	0x01u
#define REX_R	0x04u

struct cursor {
	const uint8_t *bytes;
	size_t count, at;
	bool code64;
	uint8_t rex;
	bool lock, rep;
};

/* A byte that is not there reads as 0, which begins none of ours. */
static uint8_t peek(const struct cursor *c, size_t ahead)
{
	return c->at + ahead < c->count ? c->bytes[c->at + ahead] : 0;
}

static bool skip_legacy_prefix(struct cursor *c)
{
	switch (peek(c, 0)) {
	case 0xf0:
		c->lock = true;
		break;
	case 0xf3:
		c->rep = true;
		break;
	case 0x26: case 0x2e: case 0x36: case 0x3e:
	case 0x64: case 0x65: case 0x66: case 0x67: case 0xf2:
		break;
	default:
		return false;
	}
	c->at++;
	return true;
}

static struct insn insn_of(const struct cursor *c, enum insn_what what,
			   size_t size)
{
	if (c->at + size > c->count)
		return (struct insn){ .what = INSN_OTHER };
	return (struct insn){ .what = what, .length = (uint8_t)(c->at + size) };
}

/* 0F 20 and 0F 22; the ModRM byte's mod field is ignored by the CPU. */
static struct insn decode_mov_cr(const struct cursor *c, enum insn_what what)
{
	struct insn insn = insn_of(c, what, 3);
	uint8_t modrm = peek(c, 2);

	insn.gpr = (uint8_t)((modrm & 7) | (c->rex & REX_B ? 8 : 0));
	insn.cr = (uint8_t)((modrm >> 3 & 7) | (c->rex & REX_R ? 8 : 0));
	if (c->lock && insn.cr == 0)
		insn.cr = 8;	/* AMD's CR8 for 32-bit code */
	return insn;
}

/* 0F 01: a group in which the ModRM byte is part of the opcode. */
static struct insn decode_group7(const struct cursor *c)
{
	uint8_t modrm = peek(c, 2);

	switch (modrm) {
	case 0xd1:
		return insn_of(c, INSN_XSETBV, 3);
	case 0xc1: case 0xd9:
		return insn_of(c, INSN_VMMCALL, 3);
	default:
		break;
	}
	struct insn insn = insn_of(c, INSN_OTHER, 3);

	if (modrm >= 0xf0 && modrm <= 0xf7) {
		insn.what = INSN_LMSW;
		insn.gpr = (uint8_t)((modrm & 7) | (c->rex & REX_B ? 8 : 0));
	}
	return insn;
}

static struct insn decode_two_byte(const struct cursor *c)
{
	switch (peek(c, 1)) {
	case 0x01:
		return decode_group7(c);
	case 0x06:
		return insn_of(c, INSN_CLTS, 2);
	case 0x08:
		return insn_of(c, INSN_INVD, 2);
	case 0x09:
		return insn_of(c, INSN_WBINVD, 2);
	case 0x20:
		return decode_mov_cr(c, INSN_READ_CR);
	case 0x22:
		return decode_mov_cr(c, INSN_WRITE_CR);
	case 0x30:
		return insn_of(c, INSN_WRMSR, 2);
	case 0x32:
		return insn_of(c, INSN_RDMSR, 2);
	case 0xa2:
		return insn_of(c, INSN_CPUID, 2);
	default:
		return (struct insn){ .what = INSN_OTHER };
	}
}

struct insn insn_decode(const uint8_t *bytes, size_t count, bool code64)
{
	struct cursor c = { .bytes = bytes, .code64 = code64,
			    .count = MIN(count, INSN_BYTES_MAX) };

	while (skip_legacy_prefix(&c))
		;
	/* REX counts only right before the opcode; the last one wins. */
	while (code64 && (peek(&c, 0) & 0xf0) == 0x40) {
		c.rex = peek(&c, 0);
		c.at++;
		if (skip_legacy_prefix(&c)) {
			c.rex = 0;
			while (skip_legacy_prefix(&c))
				;
		}
	}
	switch (peek(&c, 0)) {
	case 0x0f:
		return decode_two_byte(&c);
	case 0x90:
		return insn_of(&c, c.rep ? INSN_PAUSE : INSN_OTHER, 1);
	case 0xf4:
		return insn_of(&c, INSN_HLT, 1);
	default:
		return (struct insn){ .what = INSN_OTHER };
	}
}
