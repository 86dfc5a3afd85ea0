/* SPDX-License-Identifier: MIT */
/*
 * bzImage to ELF. The setup header's fields are those of the Linux/x86 boot
 * protocol 2.08 and later: payload_offset and payload_length say where the
 * packed vmlinux lies.
 */
#include "kernel.h"
#include "progress.h"
#include "sha256.h"
#include "unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

#define BZ_SETUP_SECTS	  0x1f1u
#define BZ_SYSSIZE	  0x1f4u
#define BZ_BOOT_FLAG	  0x1feu
#define BZ_MAGIC	  0x202u
#define BZ_VERSION	  0x206u
#define BZ_KERNEL_VERSION 0x20eu
#define BZ_PAYLOAD_OFFSET 0x248u
#define BZ_PAYLOAD_LENGTH 0x24cu
#define BZ_HEADER_END	  0x268u
#define PE_POINTER	  0x3cu

static bool is_bzimage(const uint8_t *b, size_t size)
{
	return size >= BZ_MAGIC + 4 && le16(b + BZ_BOOT_FLAG) == 0xaa55 &&
	       memcmp(b + BZ_MAGIC, "HdrS", 4) == 0;
}

/*
 * Kernels before 6.15 end in a CRC-32 of themselves, made before the file
 * was signed; signing changes two fields of the PE header, which were zero
 * then. LZ4 carries no checksum of its own, so this one is worth having.
 */
static bool crc_is_wrong(const uint8_t *b, size_t size, size_t image)
{
	size_t at = (size_t)le16(b + BZ_KERNEL_VERSION) + 0x200;
	size_t pe = le32(b + PE_POINTER);
	unsigned int major, minor;
	char name[16] = { 0 };

	if (at + sizeof(name) > size)
		return false;
	memcpy(name, b + at, sizeof(name) - 1);
	if (sscanf(name, "%u.%u.", &major, &minor) != 2 || major < 3 ||
	    major > 6 || (major == 6 && minor >= 15))
		return false;

	size_t sum = pe + 24 + 64, table = pe + 24 + 112 + 32;
	static const uint8_t zero[8];

	if (pe > image || table + 8 > image || memcmp(b + pe, "PE\0", 4))
		return false; /* not an EFI kernel: no way to tell */
	uLong crc = crc32_z(0, b, sum);

	crc = crc32_z(crc, zero, 4);
	crc = crc32_z(crc, b + sum + 4, table - sum - 4);
	crc = crc32_z(crc, zero, 8);
	crc = crc32_z(crc, b + table + 8, image - table - 8);
	return crc != 0xffffffffu;
}

/* Where the packed vmlinux lies. */
static char *payload_find(const uint8_t *b, size_t size,
			  struct unpack_input *out)
{
	if (size < BZ_HEADER_END)
		return text_copy("the bzImage is cut short inside its header");
	if (le16(b + BZ_VERSION) < 0x208)
		return text_format("the bzImage has boot protocol %u.%02u: "
				   "Bulkhead needs 2.08, Linux 2.6.26, or "
				   "later",
				   b[BZ_VERSION + 1], b[BZ_VERSION]);

	size_t setup =
		((size_t)(b[BZ_SETUP_SECTS] ? b[BZ_SETUP_SECTS] : 4) + 1) * 512;
	size_t system = (size_t)le32(b + BZ_SYSSIZE) * 16;
	uint64_t offset = le32(b + BZ_PAYLOAD_OFFSET);
	uint64_t length = le32(b + BZ_PAYLOAD_LENGTH);

	if (setup + system > size)
		return text_format("the bzImage is cut short: %zu of %zu "
				   "bytes are there",
				   size, setup + system);
	if (!length || offset > system || length > system - offset)
		return text_format("the bzImage's payload (0x%llx bytes at "
				   "0x%llx) lies outside its %zu bytes: the "
				   "file is damaged",
				   (unsigned long long)length,
				   (unsigned long long)offset, system);
	if (crc_is_wrong(b, size, setup + system))
		return text_copy("the bzImage's own checksum is wrong: the "
				 "file is damaged");
	out->at = b + setup + offset;
	out->size = (size_t)length;
	return NULL;
}

/* Behind the packed data: nothing, or the unpacked length in four bytes. */
static char *tail_check(struct unpack_input in, size_t used, size_t unpacked)
{
	size_t left = in.size - used;

	if (left >= 4 && le32(in.at + in.size - 4) != (uint32_t)unpacked)
		return text_format("the bzImage unpacks to %zu bytes instead "
				   "of %u: the file is damaged",
				   unpacked, le32(in.at + in.size - 4));
	return NULL;
}

char *kernel_unwrap(const uint8_t *bytes, size_t size, size_t limit,
		    struct blob *out)
{
	struct unpack_input in = { bytes, size, limit };
	bool bzimage = is_bzimage(bytes, size);
	char *why = NULL;
	size_t used;

	*out = (struct blob){ 0 };
	if (elf_is(bytes, size))
		return NULL;
	if (bzimage)
		why = payload_find(bytes, size, &in);
	if (why)
		return why;
	if (!bzimage && unpack_format(bytes, size) == UNPACK_NONE)
		return text_copy("it is neither an ELF file, nor a Linux "
				 "bzImage, nor one of these packed");
	if (bzimage && elf_is(in.at, in.size)) {
		out->at = mem_alloc(in.size);
		memcpy(out->at, in.at, in.size);
		out->size = in.size;
		return NULL;
	}
	why = unpack(in, out, &used);
	if (!why && bzimage)
		why = tail_check(in, used, out->size);
	if (!why && !elf_is(out->at, out->size))
		why = text_copy("what it unpacks to is not an ELF file");
	if (why)
		blob_free(out);
	return why;
}

/* The ELF at fd, if it is whole and good. */
static bool cached_open(const char *path, struct kernel *out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	off_t size = fd < 0 ? -1 : lseek(fd, 0, SEEK_END);

	if (size <= 0) {
		if (fd >= 0)
			close(fd);
		return false;
	}
	void *map = mmap(NULL, (size_t)size, PROT_READ, MAP_PRIVATE, fd, 0);
	bool good = false;

	if (map != MAP_FAILED) {
		char *why = elf_check(map, (size_t)size, &out->elf);

		good = !why;
		free(why);
		munmap(map, (size_t)size);
	}
	if (!good) {
		close(fd);
		return false;
	}
	out->fd = fd;
	out->size = (size_t)size;
	return true;
}

/* Without a cache: a file that only this process and QEMU see. */
static char *anonymous(const struct blob *elf, struct kernel *out)
{
	int fd = memfd_create("bulkhead-kernel", MFD_CLOEXEC);
	size_t done = 0;

	while (fd >= 0 && done < elf->size) {
		ssize_t n = write(fd, elf->at + done, elf->size - done);

		if (n <= 0) {
			close(fd);
			fd = -1;
			break;
		}
		done += (size_t)n;
	}
	if (fd < 0)
		return text_format("there is no memory to unpack it (%s)",
				   strerror(errno));
	out->fd = fd;
	out->size = elf->size;
	return NULL;
}

static char *packed_open(const struct blob *file, const char *path,
			 const char *cache, struct kernel *out)
{
	char hex[SHA256_HEX], *name = NULL, *why;
	struct blob elf;

	if (cache) {
		sha256_hex(file->at, file->size, hex);
		char *base = text_format("%s.elf", hex);

		name = path_join(cache, base);
		free(base);
		if (cached_open(name, out)) {
			free(name);
			return NULL;
		}
	}
	progress("unpacking %s", path);
	why = kernel_unwrap(file->at, file->size, UNPACK_LIMIT, &elf);
	if (!why)
		why = elf_check(elf.at, elf.size, &out->elf);
	if (!why &&
	    (!name || folder_make(cache, 0777) ||
	     file_write(name, elf.at, elf.size) || !cached_open(name, out)))
		why = anonymous(&elf, out);
	progress_end();
	blob_free(&elf);
	free(name);
	return why;
}

char *kernel_open(const char *path, const char *cache, struct kernel *out)
{
	struct blob file;
	int err = file_read(path, KERNEL_FILE_MAX, &file);
	char *why;

	*out = (struct kernel){ .fd = -1 };
	if (err)
		return text_format("it cannot be read (%s)", strerror(err));
	if (elf_is(file.at, file.size)) {
		why = elf_check(file.at, file.size, &out->elf);
		out->size = file.size;
		if (!why) {
			out->fd = open(path, O_RDONLY | O_CLOEXEC);
			if (out->fd < 0)
				why = text_format("it cannot be read (%s)",
						  strerror(errno));
		}
	} else {
		why = packed_open(&file, path, cache, out);
	}
	blob_free(&file);
	return why;
}
