/* SPDX-License-Identifier: MIT */
/*
 * Reader of ELF64 kernels ("System V ABI", chapters 4 and 5). Sums are made
 * only of values that were bounded before, so none can wrap.
 */
#include "launch/elf.h"
#include "lib/string.h"
#include <xen/elfnote.h>

#define PT_LOAD		1u
#define PT_NOTE		4u
#define PF_X		1u
#define ADDRESS_MAX	UINT32_MAX	/* entered without paging */

struct elf_header {
	uint8_t ident[16];	/* 0x00 */
	uint16_t type, machine;	/* 0x10 */
	uint32_t version;	/* 0x14 */
	uint64_t entry, phoff, shoff;	/* 0x18 */
	uint32_t flags;		/* 0x30 */
	uint16_t ehsize, phentsize, phnum;	/* 0x34 */
	uint16_t shentsize, shnum, shstrndx;	/* 0x3a */
};
static_assert(sizeof(struct elf_header) == 64, "ELF64 header");

struct elf_segment {
	uint32_t type, flags;	/* 0x00 */
	uint64_t offset, vaddr, paddr, filesz, memsz, align;	/* 0x08 */
};
static_assert(sizeof(struct elf_segment) == 56, "ELF64 program header");

struct elf_note {
	uint32_t namesz, descsz, type;
};

/* What is known of the file while it is read. */
struct reader {
	const uint8_t *data;
	uint64_t size;
	struct elf_segment load[ELF_PIECE_MAX];	/* by ascending address */
	uint32_t load_count;
	bool has_entry;
	uint64_t entry;
};

static const char *header_check(const struct reader *r, struct elf_header *h)
{
	static const uint8_t ident[7] = { 0x7f, 'E', 'L', 'F', 2, 1, 1 };

	if (r->size < sizeof(*h) || memcmp(r->data, ident, 4) != 0)
		return "it is no ELF file";
	memcpy(h, r->data, sizeof(*h));
	if (memcmp(h->ident, ident, sizeof(ident)) != 0 ||
	    h->machine != 62 || (h->type != 2 && h->type != 3))
		return "it is no 64-bit x86 executable";
	if (h->phentsize != sizeof(struct elf_segment) || h->phnum == 0 ||
	    h->phnum > 64)
		return "its number of program headers is not in 1..64";
	if (h->phoff > r->size ||
	    h->phnum * sizeof(struct elf_segment) > r->size - h->phoff)
		return "its program headers lie outside of the file";
	return NULL;
}

static const char *load_segment(struct reader *r, const struct elf_segment *s)
{
	uint32_t at = r->load_count;

	if (s->memsz == 0)
		return NULL;
	if (s->filesz > s->memsz)
		return "a segment is larger in the file than in memory";
	if (s->paddr > ADDRESS_MAX || s->memsz > ADDRESS_MAX - s->paddr)
		return "a segment does not lie below 4 GiB";
	if (at == ELF_PIECE_MAX)
		return "it has too many segments";
	for (; at && r->load[at - 1].paddr > s->paddr; at--)
		r->load[at] = r->load[at - 1];
	r->load[at] = *s;
	r->load_count++;
	return NULL;
}

/* Notes are aligned to 4 bytes, or to 8 if the segment says so. */
static uint64_t note_align(uint64_t n, uint64_t align)
{
	return ROUND_UP(n, align == 8 ? 8 : 4);
}

static const char *read_notes(struct reader *r, const struct elf_segment *s)
{
	const uint8_t *notes = r->data + s->offset;
	uint64_t at = 0;

	while (s->filesz - at >= sizeof(struct elf_note)) {
		struct elf_note note;

		memcpy(&note, notes + at, sizeof(note));

		uint64_t name = at + sizeof(note);
		uint64_t desc = note_align(name + note.namesz, s->align);
		uint64_t end = note_align(desc + note.descsz, s->align);

		if (desc + note.descsz > s->filesz)
			return "a note is longer than its segment";
		if (note.type == XEN_ELFNOTE_PHYS32_ENTRY &&
		    note.namesz == 4 && memcmp(notes + name, "Xen", 4) == 0) {
			if (note.descsz != 4 && note.descsz != 8)
				return "its PVH note is not 4 or 8 bytes long";
			r->entry = 0;
			memcpy(&r->entry, notes + desc, note.descsz);
			r->has_entry = true;
		}
		at = MIN(end, s->filesz);
	}
	return NULL;
}

static const char *image_make(const struct reader *r, struct elf_image *image)
{
	bool in_code = false;

	if (r->load_count == 0)
		return "it has nothing to load";
	if (!r->has_entry)
		return "it has no PVH entry note (type 18, owner Xen)";
	for (uint32_t i = 0; i < r->load_count; i++) {
		const struct elf_segment *s = &r->load[i];

		if (s->paddr < image->end)
			return "its segments overlap";
		image->piece[i] = (struct piece){ s->paddr,
						  r->data + s->offset,
						  s->filesz };
		image->end = s->paddr + s->memsz;
		in_code |= s->flags & PF_X && r->entry >= s->paddr &&
			   r->entry - s->paddr < s->filesz;
	}
	image->piece_count = r->load_count;
	image->entry = (uint32_t)r->entry;
	return in_code ? NULL : "its PVH entry lies outside of its code";
}

const char *elf_read(const void *data, uint64_t size, struct elf_image *image)
{
	struct reader r = { .data = data, .size = size };
	struct elf_header h;
	const char *wrong = header_check(&r, &h);

	*image = (struct elf_image){ 0 };
	for (uint32_t i = 0; !wrong && i < h.phnum; i++) {
		struct elf_segment s;

		memcpy(&s, r.data + h.phoff + i * sizeof(s), sizeof(s));
		if (s.type != PT_LOAD && s.type != PT_NOTE)
			continue;
		if (s.offset > size || s.filesz > size - s.offset)
			return "a segment lies outside of the file";
		wrong = s.type == PT_LOAD ? load_segment(&r, &s)
					  : read_notes(&r, &s);
	}
	return wrong ? wrong : image_make(&r, image);
}
