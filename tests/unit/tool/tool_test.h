/* SPDX-License-Identifier: MIT */
/*
 * What the tool's unit tests share: a folder of their own, and the words
 * of the faults that a call reported.
 */
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "../../../tool/fault.h"

/* A new empty folder below $TMPDIR; remove with test_folder_remove(). */
char *test_folder(void);
void test_folder_remove(char *path);
/* Writes folder/name. */
void test_file(const char *folder, const char *name, const void *bytes,
	       size_t size);
void test_text_file(const char *folder, const char *name, const char *text);
/* Writes folder/name.cfg: kernel `k`, 64 MiB, and the lines of more. */
void test_vm_file(const char *folder, const char *name, const char *more);

/* The one fault there is, at this line; frees the list. */
void assert_one_fault(struct faults *f, unsigned int line, const char *part);
/* Some fault at this line holds these words. */
void assert_fault(const struct faults *f, unsigned int line, const char *part);
void assert_no_fault(const struct faults *f);

/* A small kernel that passes all checks, loaded at 16 MiB. */
struct blob test_kernel(void);
/* The same inside a bzImage, behind `payload`, with its length at the end. */
struct blob test_bzimage(const struct blob *payload, uint32_t unpacked);
