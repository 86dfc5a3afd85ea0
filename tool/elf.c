/* SPDX-License-Identifier: MIT */
/*
 * ELF64 by its bytes: the file is hostile, so no structure is laid over it
 * and each offset is checked before it is used.
 */
#include "elf.h"

#include <inttypes.h>
#include <string.h>
#include <xen/elfnote.h>

/* Offsets in the file header (EH) and in a program header (PH). */
#define EH_SIZE	     64u
#define EH_CLASS     4u
#define EH_DATA	     5u
#define EH_TYPE	     16u
#define EH_MACHINE   18u
#define EH_PHOFF     32u
#define EH_PHENTSIZE 54u
#define EH_PHNUM     56u
#define PH_SIZE	     56u
#define PH_FLAGS     4u
#define PH_OFFSET    8u
#define PH_PADDR     24u
#define PH_FILESZ    32u
#define PH_MEMSZ     40u
#define PT_LOAD	     1u
#define PT_NOTE	     4u
#define PF_X	     1u
#define NOTE_HEADER  12u

bool elf_is(const uint8_t *bytes, size_t size)
{
	return size >= 4 && memcmp(bytes, "\177ELF", 4) == 0;
}

static char *header_check(const uint8_t *b, size_t size)
{
	if (!elf_is(b, size))
		return text_copy("it is not an ELF file");
	if (size < EH_SIZE)
		return text_format("the ELF file is cut short: %zu bytes are "
				   "less than its header",
				   size);
	if (b[EH_CLASS] != 2)
		return text_copy("it is a 32-bit ELF file: give a 64-bit "
				 "kernel");
	if (b[EH_DATA] != 1 || le16(b + EH_MACHINE) != 62)
		return text_copy("it is an ELF file for another processor: "
				 "give a kernel for x86-64");
	if (le16(b + EH_TYPE) != 2 && le16(b + EH_TYPE) != 3)
		return text_format("it is an ELF file of type %u, not an "
				   "executable: give the linked kernel",
				   le16(b + EH_TYPE));

	uint64_t table = le64(b + EH_PHOFF);
	unsigned int count = le16(b + EH_PHNUM);

	if (!count || count > ELF_SEGMENT_MAX)
		return text_format("it has %u program headers, where 1 to %u "
				   "make sense: the file is damaged",
				   count, ELF_SEGMENT_MAX);
	if (le16(b + EH_PHENTSIZE) != PH_SIZE || table > size ||
	    (uint64_t)count * PH_SIZE > size - table)
		return text_copy("its program headers lie outside the file: "
				 "it is cut short or damaged");
	return NULL;
}

static char *segment_add(const uint8_t *ph, unsigned int number, size_t size,
			 struct elf_kernel *out)
{
	uint64_t offset = le64(ph + PH_OFFSET);
	uint64_t file_size = le64(ph + PH_FILESZ);
	uint64_t memory = le64(ph + PH_MEMSZ);
	uint64_t start = le64(ph + PH_PADDR);

	if (offset > size || file_size > size - offset)
		return text_format("segment %u ends outside the file (offset "
				   "0x%" PRIx64 " + 0x%" PRIx64 " bytes in a "
				   "file of 0x%zx): it is cut short or damaged",
				   number, offset, file_size, size);
	if (file_size > memory)
		return text_format("segment %u holds more in the file "
				   "(0x%" PRIx64 ") than in memory "
				   "(0x%" PRIx64 "): the file is damaged",
				   number, file_size, memory);
	if (memory > UINT64_MAX - start)
		return text_format("segment %u wraps around the end of the "
				   "address space (0x%" PRIx64 " + 0x%" PRIx64
				   "): the file is damaged",
				   number, start, memory);
	if (!memory)
		return NULL;
	for (unsigned int i = 0; i < out->segment_count; i++) {
		const struct elf_segment *s = &out->segment[i];

		if (start < s->end && s->start < start + memory)
			return text_format("two segments overlap at address "
					   "0x%" PRIx64 ": the file is damaged",
					   start > s->start ? start : s->start);
	}
	out->segment[out->segment_count++] =
		(struct elf_segment){ start, start + memory,
				      le32(ph + PH_FLAGS) & PF_X };
	return NULL;
}

/* Looks for the PVH entry in one note segment; `found` tells. */
static char *notes_scan(const uint8_t *note, uint64_t left, bool *found,
			uint64_t *entry)
{
	while (left >= NOTE_HEADER) {
		uint64_t name = le32(note), desc = le32(note + 4);
		uint32_t type = le32(note + 8);
		uint64_t name_end = NOTE_HEADER + ((name + 3) & ~3ull);
		uint64_t end = name_end + ((desc + 3) & ~3ull);

		if (name_end + desc > left)
			return text_copy("a note ends outside its segment: "
					 "the file is damaged");
		if (type == XEN_ELFNOTE_PHYS32_ENTRY && name == 4 &&
		    memcmp(note + NOTE_HEADER, "Xen", 4) == 0) {
			if (desc != 4 && desc != 8)
				return text_format("its PVH note holds "
						   "%" PRIu64 " bytes instead "
						   "of 4 or 8",
						   desc);
			*found = true;
			*entry = desc == 8 ? le64(note + name_end)
					   : le32(note + name_end);
			return NULL;
		}
		if (end >= left)
			break;
		note += end;
		left -= end;
	}
	return NULL;
}

static char *entry_check(const struct elf_kernel *k)
{
	for (unsigned int i = 0; i < k->segment_count; i++) {
		const struct elf_segment *s = &k->segment[i];

		if (k->entry >= s->start && k->entry < s->end && s->runs)
			return NULL;
	}
	return text_format("its PVH entry point 0x%" PRIx64 " lies in no "
			   "executable segment: the file is damaged",
			   k->entry);
}

char *elf_check(const uint8_t *bytes, size_t size, struct elf_kernel *out)
{
	char *why = header_check(bytes, size);
	bool found = false;

	*out = (struct elf_kernel){ 0 };
	if (why)
		return why;

	const uint8_t *ph = bytes + le64(bytes + EH_PHOFF);
	unsigned int count = le16(bytes + EH_PHNUM);

	for (unsigned int i = 0; i < count && !why; i++, ph += PH_SIZE) {
		uint64_t offset = le64(ph + PH_OFFSET);
		uint64_t length = le64(ph + PH_FILESZ);

		if (le32(ph) == PT_LOAD)
			why = segment_add(ph, i, size, out);
		if (le32(ph) != PT_NOTE || found)
			continue;
		if (offset > size || length > size - offset)
			why = text_copy("its notes lie outside the file: it is "
					"cut short or damaged");
		else
			why = notes_scan(bytes + offset, length, &found,
					 &out->entry);
	}
	if (why)
		return why;
	if (!out->segment_count)
		return text_copy("it has no segment to load: give the linked "
				 "kernel");
	if (!found)
		return text_copy("it has no PVH entry point (ELF note 18 of "
				 "owner \"Xen\"): give a kernel built with "
				 "CONFIG_PVH=y");
	return entry_check(out);
}

char *elf_fits(const struct elf_kernel *k, uint64_t memory_mib)
{
	uint64_t end = 0;

	for (unsigned int i = 0; i < k->segment_count; i++) {
		const struct elf_segment *s = &k->segment[i];

		if (s->end > GUEST_LOW_MAX)
			return text_format(
				"it loads at 0x%" PRIx64 "-0x%" PRIx64
				", which is outside RAM: the low RAM of a VM "
				"ends at 0x%llx",
				s->start, s->end, GUEST_LOW_MAX);
		if (s->end > end)
			end = s->end;
	}
	if (end <= memory_mib << 20)
		return NULL;
	return text_format("it needs memory up to %" PRIu64 " MiB and the VM "
			   "has %" PRIu64 " MiB: give the VM more",
			   (end + (1u << 20) - 1) >> 20, memory_mib);
}
