/* SPDX-License-Identifier: MIT */
/*
 * See page_files.h. The assembler takes the files in as they are; the
 * compiler runs in the root of the tree.
 */
#include "page_files.h"

#define FILE_IN(name, path)                                           \
	extern const char page_##name##_start[], page_##name##_end[]; \
	__asm__(".pushsection .rodata\n"                              \
		"page_" #name "_start:\n"                             \
		".incbin \"tool/page/" path "\"\n"                    \
		"page_" #name "_end:\n"                               \
		".byte 0\n"                                           \
		".popsection\n")

FILE_IN(html, "index.html");
FILE_IN(css, "page.css");
FILE_IN(js, "page.js");
FILE_IN(graph, "graph.js");
FILE_IN(icon, "icon.svg");

#define FILE_OF(path, type, name)                                  \
	{                                                          \
		path, type, page_##name##_start, page_##name##_end \
	}

static const struct page_file files[] = {
	FILE_OF("/", "text/html; charset=utf-8", html),
	FILE_OF("/page.css", "text/css; charset=utf-8", css),
	FILE_OF("/page.js", "text/javascript; charset=utf-8", js),
	FILE_OF("/graph.js", "text/javascript; charset=utf-8", graph),
	FILE_OF("/icon.svg", "image/svg+xml", icon),
};

const struct page_file *page_file_find(const char *path)
{
	for (size_t i = 0; i < ARRAY_COUNT(files); i++)
		if (text_equal(files[i].path, path))
			return &files[i];
	return NULL;
}
