/* SPDX-License-Identifier: MIT */
/*
 * What the live page is told, as JSON on one line.
 */
#pragma once
#include "watch.h"

void page_state(const struct session *s, const struct watch *w,
		struct text *out);
/* The end of what a VM printed. */
void page_console(const struct session *s, unsigned int domid,
		  struct text *out);
/* How the machine ended. */
void page_end(const struct session *s, struct text *out);
