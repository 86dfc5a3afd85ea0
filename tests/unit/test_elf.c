/* SPDX-License-Identifier: MIT */
/* What the kernel reader accepts, and each thing that it must not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "kernel.h"
#include "launch/elf.h"

static struct kernel k;
static struct elf_image image;

static int fresh(void **state)
{
	(void)state;
	kernel_make(&k);
	return 0;
}

static uint8_t *note(size_t offset)
{
	return k.bytes + KERNEL_NOTE + offset;
}

static void refused(const char *because)
{
	const char *why = elf_read(&k, sizeof(k), &image);

	assert_non_null(why);
	assert_string_equal(why, because);
}

static void accepted(void)
{
	const char *why = elf_read(&k, sizeof(k), &image);

	if (why)
		fail_msg("refused: %s", why);
}

static void good_kernel_is_read(void **state)
{
	(void)state;
	accepted();
	assert_int_equal(image.entry, 0x100010);
	assert_int_equal(image.end, 0x109234);
	assert_int_equal(image.piece_count, 3);
	assert_int_equal(image.piece[0].gpa, 0x100000);
	assert_ptr_equal(image.piece[0].data, k.bytes + 2048);
	assert_int_equal(image.piece[1].size, 3644);
	assert_int_equal(image.piece[2].size, 0);
}

static void segments_are_sorted_by_address(void **state)
{
	Elf64_Phdr first = k.segment[0];

	(void)state;
	k.segment[0] = k.segment[2];
	k.segment[2] = first;
	accepted();
	assert_int_equal(image.piece[0].gpa, 0x100000);
	assert_int_equal(image.piece[1].gpa, 0x102100);
	assert_int_equal(image.piece[2].gpa, 0x108000);
	assert_int_equal(image.end, 0x109234);
}

static void wide_note_is_accepted(void **state)
{
	(void)state;
	*note(4) = 8;
	memset(note(20), 0, 4);
	k.segment[3].p_filesz = 24;
	accepted();
	assert_int_equal(image.entry, 0x100010);
	*note(20) = 1;		/* bit 32 */
	refused("its PVH entry lies outside of its code");
}

static void notes_of_others_are_passed_over(void **state)
{
	uint8_t own[20];

	(void)state;
	memcpy(own, note(0), sizeof(own));
	memcpy(note(0), &(Elf64_Nhdr){ 4, 3, 18 }, 12);
	memcpy(note(12), "GNU\0abc", 8);
	memcpy(note(20), own, sizeof(own));
	k.segment[3].p_filesz = 40;
	accepted();
	assert_int_equal(image.entry, 0x100010);
}

static void damaged_notes_are_refused(void **state)
{
	(void)state;
	*note(4) = 5;
	refused("a note is longer than its segment");
	memset(note(4), 0xff, 4);
	refused("a note is longer than its segment");
	fresh(NULL);
	memset(note(0), 0xff, 4);
	refused("a note is longer than its segment");
	fresh(NULL);
	*note(4) = 2;
	refused("its PVH note is not 4 or 8 bytes long");
	fresh(NULL);
	*note(8) = 17;
	refused("it has no PVH entry note (type 18, owner Xen)");
	fresh(NULL);
	*note(12) = 'Y';
	refused("it has no PVH entry note (type 18, owner Xen)");
}

static void foreign_files_are_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < 4; i++) {
		fresh(NULL);
		k.bytes[i] ^= 1;
		refused("it is no ELF file");
	}
	for (size_t i = 4; i < 7; i++) {
		fresh(NULL);
		k.bytes[i] ^= 3;
		refused("it is no 64-bit x86 executable");
	}
	fresh(NULL);
	k.header.e_machine = EM_386;
	refused("it is no 64-bit x86 executable");
	fresh(NULL);
	k.header.e_type = ET_CORE;
	refused("it is no 64-bit x86 executable");
}

static void program_headers_must_be_in_the_file(void **state)
{
	(void)state;
	k.header.e_phnum = 0;
	refused("its number of program headers is not in 1..64");
	k.header.e_phnum = 65;
	refused("its number of program headers is not in 1..64");
	fresh(NULL);
	k.header.e_phentsize = 32;
	refused("its number of program headers is not in 1..64");
	fresh(NULL);
	k.header.e_phoff = KERNEL_SIZE - 4 * sizeof(Elf64_Phdr) + 1;
	refused("its program headers lie outside of the file");
	k.header.e_phoff = UINT64_MAX - 8;
	refused("its program headers lie outside of the file");
}

static void segments_must_be_in_the_file_and_below_4_gib(void **state)
{
	static const char outside[] = "a segment lies outside of the file";
	static const char above[] = "a segment does not lie below 4 GiB";

	(void)state;
	k.segment[1].p_filesz++;
	refused(outside);
	k.segment[1].p_filesz = UINT64_MAX;
	refused(outside);
	fresh(NULL);
	k.segment[1].p_offset = UINT64_MAX - 100;
	refused(outside);
	fresh(NULL);
	k.segment[3].p_offset = KERNEL_SIZE - 19;
	refused(outside);
	fresh(NULL);
	k.segment[1].p_memsz = 3643;
	refused("a segment is larger in the file than in memory");
	fresh(NULL);
	k.segment[2].p_memsz = UINT64_MAX;
	refused(above);
	k.segment[2].p_memsz = UINT64_MAX - 0x108000 + 1;	/* wraps to 0 */
	refused(above);
	k.segment[2].p_memsz = 0x100000000 - 0x108000;
	refused(above);
	k.segment[2].p_memsz--;
	accepted();
	fresh(NULL);
	k.segment[2].p_paddr = 0x100000000;
	refused(above);
}

static void segments_may_touch_but_not_overlap(void **state)
{
	(void)state;
	k.segment[1].p_paddr = 0x100000 + 2500;
	accepted();
	k.segment[1].p_paddr--;
	refused("its segments overlap");
	fresh(NULL);
	k.segment[1].p_memsz = 0x108000 - 0x102100;
	accepted();
	k.segment[1].p_memsz++;		/* only its .bss reaches the next */
	refused("its segments overlap");
}

static void entry_must_be_in_code(void **state)
{
	static const char because[] = "its PVH entry lies outside of its code";
	uint32_t entry[] = { 0, 0xfffff, 0x100000 + 2500, 0x102100, 0x108000 };

	(void)state;
	for (size_t i = 0; i < sizeof(entry) / sizeof(entry[0]); i++) {
		memcpy(note(16), &entry[i], 4);
		refused(because);
	}
	fresh(NULL);
	k.segment[0].p_flags = PF_R;
	refused(because);
}

static void nothing_or_too_much_to_load_is_refused(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < KERNEL_LOADS; i++)
		k.segment[i].p_type = PT_NULL;
	refused("it has nothing to load");
	fresh(NULL);
	k.header.e_phnum = ELF_PIECE_MAX + 1;
	k.header.e_phoff = 4096;
	for (unsigned int i = 0; i <= ELF_PIECE_MAX; i++)
		memcpy(k.bytes + 4096 + i * sizeof(Elf64_Phdr), k.segment,
		       sizeof(Elf64_Phdr));
	refused("it has too many segments");
}

static void every_truncation_is_refused(void **state)
{
	(void)state;
	for (size_t cut = 0; cut < KERNEL_SIZE; cut += cut < 1100 ? 1 : 97) {
		uint8_t *copy = malloc(cut ? cut : 1);

		memcpy(copy, &k, cut);
		assert_non_null(elf_read(copy, cut, &image));
		free(copy);
	}
}

#define TEST(f) cmocka_unit_test_setup(f, fresh)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(good_kernel_is_read),
		TEST(segments_are_sorted_by_address),
		TEST(wide_note_is_accepted),
		TEST(notes_of_others_are_passed_over),
		TEST(damaged_notes_are_refused),
		TEST(foreign_files_are_refused),
		TEST(program_headers_must_be_in_the_file),
		TEST(segments_must_be_in_the_file_and_below_4_gib),
		TEST(segments_may_touch_but_not_overlap),
		TEST(entry_must_be_in_code),
		TEST(nothing_or_too_much_to_load_is_refused),
		TEST(every_truncation_is_refused),
	};

	return cmocka_run_group_tests_name("elf", tests, NULL, NULL);
}
