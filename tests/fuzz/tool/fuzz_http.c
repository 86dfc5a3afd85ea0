/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as a request to the live page, and as what a guest printed.
 * What arrives in two parts means what it means in one; what is taken names
 * this host once, and has a path of printable characters. What was printed
 * becomes a JSON string of harmless characters, with every escape whole.
 */
#include "http.h"
#include "json.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void require(bool truth)
{
	if (!truth)
		abort();
}

static void check_request(const char *bytes, size_t size)
{
	struct http_request r, sooner;
	enum http_status status = http_parse(bytes, size, &r), before;

	if (status == HTTP_MORE)
		require(size < HTTP_REQUEST_MAX);
	if (status == HTTP_GOOD) {
		require(memmem(bytes, size, "\r\n\r\n", 4));
		require(r.path[0] == '/' || !r.path[0]);
		require(strlen(r.path) < sizeof(r.path));
	}
	for (const char *p = r.path; *p; p++)
		require(*p > ' ' && *p <= '~');
	/* A decision stands, whatever comes behind. */
	before = http_parse(bytes, size / 2, &sooner);
	if (before != HTTP_MORE && size <= HTTP_REQUEST_MAX)
		require(before == status && text_equal(r.path, sooner.path));
}

static void check_string(const char *bytes, size_t size)
{
	struct text t = { 0 };

	json_string(&t, bytes, size);
	require(t.length >= 2 && t.at[0] == '"' && t.at[t.length - 1] == '"');
	require(t.length <= 2 + 12 * size);
	for (size_t i = 1; i < t.length - 1; i++) {
		char c = t.at[i];

		require(c >= ' ' && c <= '~' && !strchr("\"<>&", c));
		if (c != '\\')
			continue;
		c = t.at[++i];
		require(i < t.length - 1 && strchr("\\\"ntu", c));
		if (c != 'u')
			continue;
		require(i + 4 < t.length - 1 &&
			strspn(t.at + i + 1, "0123456789abcdef") >= 4);
		i += 4;
	}
	text_free(&t);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	const char *text = (const char *)bytes;

	check_request(text, size > HTTP_REQUEST_MAX ? HTTP_REQUEST_MAX : size);
	check_string(text, size);
	return 0;
}
