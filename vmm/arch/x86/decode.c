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
	if (c->at + size > c->count || what == INSN_OTHER)
		return (struct insn){ .what = INSN_OTHER };
	return (struct insn){ .what = what, .length = (uint8_t)(c->at + size) };
}

/* Opcodes after 0F; those of group 7 (01) go by their whole ModRM byte. */
static const struct {
	uint8_t opcode, modrm;
	enum insn_what what;
} two_byte[] = {
	{ 0x01, 0xc1, INSN_VMMCALL }, { 0x01, 0xd9, INSN_VMMCALL },
	{ 0x01, 0xd1, INSN_XSETBV },
	{ 0x06, 0, INSN_CLTS }, { 0x08, 0, INSN_INVD },
	{ 0x09, 0, INSN_WBINVD }, { 0x20, 0, INSN_READ_CR },
	{ 0x22, 0, INSN_WRITE_CR }, { 0x30, 0, INSN_WRMSR },
	{ 0x32, 0, INSN_RDMSR }, { 0xa2, 0, INSN_CPUID },
};

static struct insn decode_two_byte(const struct cursor *c)
{
	uint8_t opcode = peek(c, 1), modrm = peek(c, 2);
	enum insn_what what = INSN_OTHER;

	for (size_t i = 0; i < ARRAY_SIZE(two_byte); i++)
		if (two_byte[i].opcode == opcode &&
		    (opcode != 0x01 || two_byte[i].modrm == modrm))
			what = two_byte[i].what;
	if (opcode == 0x01 && (modrm & 0xf8) == 0xf0)
		what = INSN_LMSW;
	struct insn insn = insn_of(c, what, opcode == 0x01 || opcode == 0x20 ||
					    opcode == 0x22 ? 3 : 2);

	if (what == INSN_READ_CR || what == INSN_WRITE_CR || what == INSN_LMSW)
		insn.gpr = (uint8_t)((modrm & 7) | (c->rex & REX_B ? 8 : 0));
	/* The ModRM byte's mod field is ignored by the CPU. */
	if (what == INSN_READ_CR || what == INSN_WRITE_CR) {
		insn.cr = (uint8_t)((modrm >> 3 & 7) |
				    (c->rex & REX_R ? 8 : 0));
		if (c->lock && insn.cr == 0)
			insn.cr = 8;	/* AMD's CR8 for 32-bit code */
	}
	return insn;
}

struct insn insn_decode(const uint8_t *bytes, size_t count, bool code64)
{
	struct cursor c = { .bytes = bytes,
			    .count = MIN(count, INSN_BYTES_MAX) };

	/* REX counts only right before the opcode; the last one wins. */
	for (;;) {
		if (skip_legacy_prefix(&c))
			c.rex = 0;
		else if (code64 && (peek(&c, 0) & 0xf0) == 0x40)
			c.rex = c.bytes[c.at++];
		else
			break;
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
