/* SPDX-License-Identifier: MIT */
/*
 * The line of progress; see progress.h.
 */
#include "progress.h"

#include <stdio.h>
#include <unistd.h>

static bool showing;

void progress(const char *format, ...)
{
	va_list ap;

	if (!isatty(STDERR_FILENO))
		return;
	va_start(ap, format);
	fputs("\r\033[K", stderr);
	vfprintf(stderr, format, ap);
	fputs(" ...", stderr);
	fflush(stderr);
	va_end(ap);
	showing = true;
}

void progress_end(void)
{
	if (showing)
		fputs("\r\033[K", stderr);
	showing = false;
}
