/* SPDX-License-Identifier: MIT */
/*
 * Kernels as users have them: packed in each way, whole and damaged. The
 * packed forms are made here by the compressors of the same libraries.
 */
#include "kernel.h"
#include "unpack.h"
#include "tool_test.h"

#include <bzlib.h>
#include <lz4.h>
#include <lz4hc.h>
#include <lzma.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#define ROOM  (1u << 20)
#define LIMIT (64u << 20)

typedef struct blob (*packer)(const struct blob *in);

static struct blob with_gzip(const struct blob *in)
{
	struct blob b = { mem_alloc(ROOM), ROOM };
	z_stream z = { 0 };

	assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 8,
				      Z_DEFAULT_STRATEGY),
			 Z_OK);
	z.next_in = in->at;
	z.avail_in = (unsigned int)in->size;
	z.next_out = b.at;
	z.avail_out = ROOM;
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	b.size = ROOM - z.avail_out;
	deflateEnd(&z);
	return b;
}

static struct blob with_bzip2(const struct blob *in)
{
	struct blob b = { mem_alloc(ROOM), 0 };
	unsigned int size = ROOM;

	assert_int_equal(
		BZ2_bzBuffToBuffCompress((char *)b.at, &size, (char *)in->at,
					 (unsigned int)in->size, 9, 0, 0),
		BZ_OK);
	b.size = size;
	return b;
}

/* As Linux does it: CRC32, the x86 filter, LZMA2. */
static struct blob with_xz(const struct blob *in)
{
	struct blob b = { mem_alloc(ROOM), 0 };
	lzma_options_lzma options;

	lzma_lzma_preset(&options, 6);
	lzma_filter filters[] = { { LZMA_FILTER_X86, NULL },
				  { LZMA_FILTER_LZMA2, &options },
				  { LZMA_VLI_UNKNOWN, NULL } };

	assert_int_equal(lzma_stream_buffer_encode(filters, LZMA_CHECK_CRC32,
						   NULL, in->at, in->size, b.at,
						   &b.size, ROOM),
			 LZMA_OK);
	return b;
}

static struct blob with_lzma(const struct blob *in)
{
	struct blob b = { mem_alloc(ROOM), 0 };
	lzma_stream z = LZMA_STREAM_INIT;
	lzma_options_lzma options;

	lzma_lzma_preset(&options, 6);
	assert_int_equal(lzma_alone_encoder(&z, &options), LZMA_OK);
	z.next_in = in->at;
	z.avail_in = in->size;
	z.next_out = b.at;
	z.avail_out = ROOM;
	assert_int_equal(lzma_code(&z, LZMA_FINISH), LZMA_STREAM_END);
	b.size = ROOM - z.avail_out;
	lzma_end(&z);
	return b;
}

static struct blob with_lz4(const struct blob *in)
{
	struct blob b = { mem_alloc(ROOM), 0 };

	put_le32(b.at, 0x184c2102);
	int n = LZ4_compress_HC((char *)in->at, (char *)b.at + 8, (int)in->size,
				ROOM - 8, 9);

	assert_true(n > 0);
	put_le32(b.at + 4, (uint32_t)n);
	b.size = (size_t)n + 8;
	return b;
}

static struct blob with_zstd(const struct blob *in)
{
	struct blob b = { mem_alloc(ROOM), 0 };

	b.size = ZSTD_compress(b.at, ROOM, in->at, in->size, 19);
	assert_false(ZSTD_isError(b.size));
	return b;
}

static struct blob with_nothing(const struct blob *in)
{
	struct blob b = { mem_alloc(in->size), in->size };

	memcpy(b.at, in->at, in->size);
	return b;
}

static const struct {
	const char *name;
	packer pack;
	bool sums; /* it finds every changed byte */
} packers[] = {
	{ "gzip", with_gzip, true },	 { "bzip2", with_bzip2, true },
	{ "xz", with_xz, true },	 { "lzma", with_lzma, false },
	{ "lz4", with_lz4, false },	 { "zstd", with_zstd, false },
	{ "none", with_nothing, false },
};

static void refused(const struct blob *b, const char *part)
{
	struct blob out;
	char *why = kernel_unwrap(b->at, b->size, LIMIT, &out);

	if (!why)
		fail_msg("accepted, should say '%s'", part);
	else if (!strstr(why, part))
		fail_msg("says '%s', should say '%s'", why, part);
	free(why);
}

static void every_compression_is_unwrapped(void **state)
{
	struct blob elf = test_kernel();

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(packers); i++) {
		struct blob packed = packers[i].pack(&elf), out;
		struct blob bz = test_bzimage(&packed, (uint32_t)elf.size);
		char *why = kernel_unwrap(bz.at, bz.size, LIMIT, &out);

		if (why)
			fail_msg("%s: %s", packers[i].name, why);
		assert_true(out.size >= elf.size);
		assert_memory_equal(out.at, elf.at, elf.size);
		blob_free(&packed);
		blob_free(&bz);
		blob_free(&out);
	}
	blob_free(&elf);
}

static void packed_elf_is_unwrapped(void **state)
{
	struct blob elf = test_kernel();

	(void)state;
	for (size_t i = 0; i + 1 < ARRAY_COUNT(packers); i++) {
		struct blob packed = packers[i].pack(&elf), out;
		char *why = kernel_unwrap(packed.at, packed.size, LIMIT, &out);

		if (why)
			fail_msg("%s: %s", packers[i].name, why);
		assert_int_equal(out.size, elf.size);
		blob_free(&packed);
		blob_free(&out);
	}
	blob_free(&elf);
}

static void plain_elf_needs_no_copy(void **state)
{
	struct blob elf = test_kernel(), out;

	(void)state;
	assert_null(kernel_unwrap(elf.at, elf.size, LIMIT, &out));
	assert_null(out.at);
	blob_free(&elf);
}

/* A truncated bzImage is always seen: the header tells its length. */
static void every_truncation_is_refused(void **state)
{
	struct blob elf = test_kernel();

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(packers); i++) {
		struct blob packed = packers[i].pack(&elf), out;
		struct blob bz = test_bzimage(&packed, (uint32_t)elf.size);

		for (size_t size = 0; size < bz.size; size += 37) {
			uint8_t *exact = mem_alloc(size);

			memcpy(exact, bz.at, size);
			char *why = kernel_unwrap(exact, size, LIMIT, &out);

			assert_non_null(why);
			free(why);
			free(exact);
		}
		blob_free(&packed);
		blob_free(&bz);
	}
	blob_free(&elf);
}

/* What unpacks in spite of a changed byte must at least not be mistaken. */
static void damage_is_refused_or_harmless(void **state)
{
	struct blob elf = test_kernel();

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(packers); i++) {
		struct blob packed = packers[i].pack(&elf), out;

		for (size_t at = 0; at < packed.size; at += 11) {
			packed.at[at] ^= 0x55;
			struct blob bz =
				test_bzimage(&packed, (uint32_t)elf.size);
			char *why = kernel_unwrap(bz.at, bz.size, LIMIT, &out);

			if (!why && packers[i].sums && at > 12 &&
			    memcmp(out.at, elf.at, elf.size))
				fail_msg("%s: byte %zu changed the kernel",
					 packers[i].name, at);
			free(why);
			blob_free(&out);
			blob_free(&bz);
			packed.at[at] ^= 0x55;
		}
		blob_free(&packed);
	}
	blob_free(&elf);
}

/* As Linux before 6.15 builds it: a PE header, a version, a CRC at the end. */
static struct blob with_crc(const struct blob *packed, uint32_t unpacked)
{
	struct blob bz = test_bzimage(packed, unpacked);
	struct blob b = { mem_alloc(bz.size + 16), bz.size + 16 };

	memcpy(b.at, bz.at, bz.size);
	put_le32(b.at + 0x1f4, (uint32_t)((b.size - 1024) / 16));
	put_le32(b.at + 0x3c, 0x40);
	memcpy(b.at + 0x40, "PE\0\0", 4);
	put_le16(b.at + 0x20e, 0x80);
	memcpy(b.at + 0x280, "6.1.0-56-cloud-amd64 (x)", 24);
	put_le32(b.at + b.size - 4,
		 (uint32_t)crc32_z(0, b.at, b.size - 4) ^ 0xffffffffu);
	/* Signing fills two fields afterwards. */
	put_le32(b.at + 0x40 + 24 + 64, 0x12345678);
	put_le32(b.at + 0x40 + 24 + 112 + 32, 0x9abcdef0);
	blob_free(&bz);
	return b;
}

static void kernels_own_checksum_finds_every_change(void **state)
{
	struct blob elf = test_kernel(), packed = with_lz4(&elf), out;
	struct blob b = with_crc(&packed, (uint32_t)elf.size);

	(void)state;
	assert_null(kernel_unwrap(b.at, b.size, LIMIT, &out));
	blob_free(&out);
	for (size_t at = 0x290; at < b.size; at += 13) {
		b.at[at] ^= 1;
		refused(&b, "");
		b.at[at] ^= 1;
	}
	b.at[1024 + 40] ^= 4;
	refused(&b, "own checksum is wrong");
	/* Later kernels have none. */
	memcpy(b.at + 0x280, "6.15.0", 6);
	b.at[1024 + 40] ^= 4;
	b.at[b.size - 1] ^= 4;
	assert_null(kernel_unwrap(b.at, b.size, LIMIT, &out));
	blob_free(&out);
	blob_free(&b);
	blob_free(&packed);
	blob_free(&elf);
}

static void header_must_be_true(void **state)
{
	static const struct {
		size_t at, size;
		uint32_t value;
		const char *part;
	} table[] = {
		{ 0x1fe, 2, 0, "neither an ELF file, nor a Linux bzImage" },
		{ 0x202, 1, 0, "neither an ELF file, nor a Linux bzImage" },
		{ 0x206, 2, 0x207, "boot protocol 2.07" },
		{ 0x1f1, 1, 64, "the bzImage is cut short" },
		{ 0x1f4, 4, 0xffffffff, "the bzImage is cut short" },
		{ 0x248, 4, 0xffffffff, "lies outside" },
		{ 0x24c, 4, 0xffffffff, "lies outside" },
		{ 0x24c, 4, 0, "lies outside" },
		{ 0x248, 4, 31, "nobody knows" },
	};
	struct blob elf = test_kernel(), packed = with_gzip(&elf);

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(table); i++) {
		struct blob bz = test_bzimage(&packed, (uint32_t)elf.size);
		uint8_t value[4];

		put_le32(value, table[i].value);
		memcpy(bz.at + table[i].at, value, table[i].size);
		refused(&bz, table[i].part);
		blob_free(&bz);
	}
	struct blob bz = test_bzimage(&packed, (uint32_t)elf.size + 1);

	refused(&bz, "unpacks to 12288 bytes instead of 12289");
	blob_free(&bz);
	blob_free(&packed);
	blob_free(&elf);
}

static void other_files_are_refused(void **state)
{
	uint8_t lzo[] = "\x89LZO\0\r\n\x1a\n and more";
	struct blob text = { (uint8_t *)text_copy("#!/bin/sh\n"), 10 };
	struct blob packed_text = with_gzip(&text);
	struct blob bad = { lzo, sizeof(lzo) };

	(void)state;
	refused(&text, "neither an ELF file");
	refused(&packed_text, "unpacks to is not an ELF");
	refused(&bad, "lzo data is damaged or cut short");
	blob_free(&text);
	blob_free(&packed_text);
}

static void bomb_stops_at_the_limit(void **state)
{
	struct blob zeroes = { mem_alloc(8u << 20), 8u << 20 }, out;

	(void)state;
	memcpy(zeroes.at, "\177ELF", 4);
	for (size_t i = 0; i + 1 < ARRAY_COUNT(packers); i++) {
		struct blob packed = packers[i].pack(&zeroes);
		char *why =
			kernel_unwrap(packed.at, packed.size, 1u << 20, &out);

		if (!why)
			fail_msg("%s: no limit", packers[i].name);
		free(why);
		blob_free(&packed);
	}
	blob_free(&zeroes);
}

static void unpacked_kernel_is_kept(void **state)
{
	struct blob elf = test_kernel(), packed = with_xz(&elf);
	struct blob bz = test_bzimage(&packed, (uint32_t)elf.size);
	char *folder = test_folder(), *cache = path_join(folder, ".c/d");
	char *path = path_join(folder, "vmlinuz");
	struct kernel first, second;
	char *link = NULL;

	(void)state;
	test_file(folder, "vmlinuz", bz.at, bz.size);
	assert_null(kernel_open(path, cache, &first));
	assert_null(kernel_open(path, cache, &second));
	assert_int_equal(first.size, elf.size);
	assert_int_equal(second.size, elf.size);
	assert_int_equal(second.elf.entry, (16u << 20) + 16);
	/* Both are one and the same file, in the cache. */
	link = text_format("/proc/self/fd/%d", second.fd);
	char *target = realpath(link, NULL);

	assert_non_null(strstr(target, "/.c/d/"));
	close(second.fd);

	/* A damaged copy is not believed. */
	assert_int_equal(truncate(target, 5000), 0);
	assert_null(kernel_open(path, cache, &second));
	assert_int_equal(second.size, elf.size);
	close(first.fd);
	close(second.fd);
	unlink(target);
	char *inner = path_join(folder, ".c/d"),
	     *outer = path_join(folder, ".c");

	rmdir(inner);
	rmdir(outer);
	free(inner);
	free(outer);
	free(target);
	free(link);
	free(path);
	free(cache);
	test_folder_remove(folder);
	blob_free(&bz);
	blob_free(&packed);
	blob_free(&elf);
}

static void without_a_cache_it_works_too(void **state)
{
	struct blob elf = test_kernel(), packed = with_zstd(&elf);
	char *folder = test_folder(), *path = path_join(folder, "vmlinux.zst");
	struct kernel k;
	uint8_t head[4];

	(void)state;
	test_file(folder, "vmlinux.zst", packed.at, packed.size);
	for (unsigned int i = 0; i < 2; i++) {
		const char *cache = i ? "/proc/nowhere" : NULL;

		assert_null(kernel_open(path, cache, &k));
		assert_int_equal(k.size, elf.size);
		assert_int_equal(pread(k.fd, head, 4, 0), 4);
		assert_memory_equal(head, "\177ELF", 4);
		close(k.fd);
	}
	free(path);
	test_folder_remove(folder);
	blob_free(&packed);
	blob_free(&elf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_compression_is_unwrapped),
		cmocka_unit_test(packed_elf_is_unwrapped),
		cmocka_unit_test(plain_elf_needs_no_copy),
		cmocka_unit_test(every_truncation_is_refused),
		cmocka_unit_test(damage_is_refused_or_harmless),
		cmocka_unit_test(kernels_own_checksum_finds_every_change),
		cmocka_unit_test(header_must_be_true),
		cmocka_unit_test(other_files_are_refused),
		cmocka_unit_test(bomb_stops_at_the_limit),
		cmocka_unit_test(unpacked_kernel_is_kept),
		cmocka_unit_test(without_a_cache_it_works_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
