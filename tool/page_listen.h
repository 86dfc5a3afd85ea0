/* SPDX-License-Identifier: MIT */
/*
 * The address of the live page.
 */
#pragma once

/*
 * Listens where --http says: 127.0.0.1:PORT, localhost:PORT, [::1]:PORT or
 * PORT alone; PORT 0 is any. Says on standard error where it is. The
 * descriptor, or -1 after a sentence.
 */
int page_listen(const char *where);
