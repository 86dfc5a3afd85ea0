/* SPDX-License-Identifier: MIT */
/*
 * Strings in JSON, out of what a guest printed. Invariant:
 *  J1  whatever the bytes are, what comes out is one JSON string of valid
 *      UTF-8 without control characters but \n and \t, without characters
 *      that change the direction of writing, and without < > &.
 */
#pragma once
#include "text.h"

/*
 * Adds a string with its quotes. Escape sequences of terminals are left out,
 * CR LF is one \n, and U+FFFD stands for what cannot be shown.
 */
void json_string(struct text *out, const char *bytes, size_t count);
