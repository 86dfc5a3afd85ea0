/* SPDX-License-Identifier: MIT */
/*
 * The decoder: legacy prefixes, one REX, opcode, at most a ModRM byte (AMD
 * APM volume 3, "Instruction Encoding"). An opcode is matched in full, so a
 * guest that changes its code under us gets INSN_OTHER, not a wrong length.
 */
#include "arch/x86/decode.h"
#include "lib/string.h"

#define REX_B	0x01u
#define REX_R	0x04u
#define REX_W	0x08u

/* By opcode and, where the mask says so, ModRM; those that come most first. */
static const struct {
	uint32_t opcode, mask;
	uint8_t size;
	enum insn_what what;
} known[] = {
	{ 0x0fa200, 0xffff00, 2, INSN_CPUID },
	{ 0x900000, 0xff0000, 1, INSN_PAUSE },	/* with REP */
	{ 0xf40000, 0xff0000, 1, INSN_HLT },
	{ 0x0f01c1, 0xffffff, 3, INSN_VMMCALL },
	{ 0x0f01d9, 0xffffff, 3, INSN_VMMCALL },
	{ 0x0f01d1, 0xffffff, 3, INSN_XSETBV },
	{ 0x0f01f0, 0xfffff8, 3, INSN_LMSW },
	{ 0x0f0600, 0xffff00, 2, INSN_CLTS },
	{ 0x0f0800, 0xffff00, 2, INSN_INVD },
	{ 0x0f0900, 0xffff00, 2, INSN_WBINVD },
	{ 0x0f2000, 0xffff00, 3, INSN_READ_CR },
	{ 0x0f2200, 0xffff00, 3, INSN_WRITE_CR },
	{ 0x0f3000, 0xffff00, 2, INSN_WRMSR },
	{ 0x0f3200, 0xffff00, 2, INSN_RDMSR },
};

static bool is_legacy_prefix(uint8_t byte)
{
	switch (byte) {
	case 0x26: case 0x2e: case 0x36: case 0x3e: case 0x64: case 0x65:
	case 0x66: case 0x67: case 0xf0: case 0xf2: case 0xf3:
		return true;
	default:
		return false;
	}
}

/*
 * MOV of memory, its opcode at b[at]: ModRM, SIB, displacement, constant. Of
 * b there are count bytes; what follows is 0.
 */
static struct insn decode_move(const uint8_t *b, size_t at, size_t count,
			       uint8_t rex)
{
	static const uint8_t displacement[4] = { 0, 1, 4, 0 };
	unsigned int mod = b[at + 1] >> 6, rm = b[at + 1] & 7;
	size_t end = at + 2 + (rm == 4 ? 1u : 0u) + displacement[mod];
	struct insn insn = { .what = b[at] == 0x89 ? INSN_STORE :
				     b[at] == 0x8b ? INSN_LOAD :
				     b[at] == 0xc7 ? INSN_STORE_CONSTANT :
				     INSN_OTHER };
	int32_t constant;

	if (mod == 0 && (rm == 5 || (rm == 4 && (b[at + 2] & 7) == 5)))
		end += 4;
	memcpy(&constant, b + end, sizeof(constant));
	insn.value = (uint64_t)(int64_t)constant;
	insn.size = rex & REX_W ? 8 : 4;
	insn.gpr = (b[at + 1] >> 3 & 7) | (rex & REX_R ? 8 : 0);
	insn.length = (uint8_t)(end + (b[at] == 0xc7 ? 4 : 0));
	if (mod == 3 || insn.length > count || insn.what == INSN_OTHER)
		return (struct insn){ .what = INSN_OTHER };
	return insn;
}

struct insn insn_decode(const uint8_t *bytes, size_t count, bool code64)
{
	/* A byte that is not there reads as 0, which begins none of ours. */
	uint8_t b[INSN_BYTES_MAX + 12] = { 0 }, rex = 0, modrm;
	bool lock = false, rep = false, narrow = false;
	uint32_t opcode;
	size_t at = 0;

	count = MIN(count, INSN_BYTES_MAX);
	memcpy(b, bytes, count);
	/* REX counts only right before the opcode; the last one wins. */
	for (;; at++) {
		bool is_rex = code64 && (b[at] & 0xf0) == 0x40;

		if (!is_rex && !is_legacy_prefix(b[at]))
			break;
		rex = is_rex ? b[at] : 0;
		lock |= b[at] == 0xf0;
		rep |= b[at] == 0xf3;
		narrow |= b[at] == 0x66;
	}
	modrm = b[at + 2];
	opcode = (uint32_t)b[at] << 16 | (uint32_t)b[at + 1] << 8 | modrm;
	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		struct insn insn = { .what = known[i].what };
		bool is_cr = insn.what == INSN_READ_CR ||
			     insn.what == INSN_WRITE_CR;

		if ((opcode & known[i].mask) != known[i].opcode ||
		    at + known[i].size > count ||
		    (insn.what == INSN_PAUSE && !rep))
			continue;
		insn.length = (uint8_t)(at + known[i].size);
		if (is_cr || insn.what == INSN_LMSW)
			insn.gpr = (modrm & 7) | (rex & REX_B ? 8 : 0);
		if (is_cr)	/* mod is ignored by the CPU */
			insn.cr = (modrm >> 3 & 7) | (rex & REX_R ? 8 : 0);
		if (is_cr && lock && insn.cr == 0)
			insn.cr = 8;	/* AMD's CR8 for 32-bit code */
		return insn;
	}
	if (code64 && !lock && !narrow)
		return decode_move(b, at, count, rex);
	return (struct insn){ .what = INSN_OTHER };
}
