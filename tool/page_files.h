/* SPDX-License-Identifier: MIT */
/*
 * The files of tool/page, which are part of the tool's binary.
 */
#pragma once
#include "text.h"

struct page_file {
	const char *path, *type;
	const char *start, *end;
};

/* NULL: there is none of that path. */
const struct page_file *page_file_find(const char *path);
