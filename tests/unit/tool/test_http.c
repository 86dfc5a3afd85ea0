/* SPDX-License-Identifier: MIT */
/* A request is whole and right, or it is refused; guests' text is harmless. */
#include "tool_test.h"
#include "http.h"
#include "json.h"

#include <stdlib.h>
#include <string.h>

#define HOST "Host: localhost:80\r\n"

static enum http_status parse(const char *text)
{
	struct http_request r;

	return http_parse(text, strlen(text), &r);
}

static void what_a_browser_sends_is_taken(void **state)
{
	struct http_request r;
	static const char text[] =
		"GET /console/12 HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n"
		"User-Agent: x (y; z)\r\nAccept:\ttext/html, */*;q=0.8\t \r\n"
		"Content-Length: 0\r\nX-Empty:\r\n\r\n";

	(void)state;
	/* Whole at its last byte and not before. */
	for (size_t n = 0; n < sizeof(text) - 1; n++)
		assert_int_equal(http_parse(text, n, &r), HTTP_MORE);
	assert_int_equal(http_parse(text, sizeof(text) - 1, &r), HTTP_GOOD);
	assert_string_equal(r.path, "/console/12");
	assert_int_equal(parse("GET / HTTP/1.0\r\nhOST: LocalHost\r\n\r\n"),
			 HTTP_GOOD);
}

static void what_is_not_http_is_refused(void **state)
{
	static const char *const bad[] = {
		"\r\n\r\n",
		"GET\r\n\r\n",
		"GET /\r\n" HOST "\r\n",
		"GET / HTTP/1.1 \r\n" HOST "\r\n",
		"GET  / HTTP/1.1\r\n" HOST "\r\n",
		"GET / http/1.1\r\n" HOST "\r\n",
		"GET / HTTP/1.10\r\n" HOST "\r\n",
		"GET x HTTP/1.1\r\n" HOST "\r\n",
		"GET http://localhost/ HTTP/1.1\r\n" HOST "\r\n",
		"GET /\xc3\xa4 HTTP/1.1\r\n" HOST "\r\n",
		"G=T / HTTP/1.1\r\n" HOST "\r\n",
		"GET / HTTP/1.1\r\n" HOST " folded\r\n\r\n",
		"GET / HTTP/1.1\r\n" HOST "no colon\r\n\r\n",
		"GET / HTTP/1.1\r\n" HOST "blank : x\r\n\r\n",
		"GET / HTTP/1.1\r\n" HOST ": no name\r\n\r\n",
		"GET / HTTP/1.1\r\n" HOST "X: a\rb\r\n\r\n",
		"GET / HTTP/1.1\r\n" HOST "X: a\r\r\n\r\n",
		"GET / HTTP/1.1\n" HOST "\r\n",
		"GET / HTTP/1.1\r\n" HOST "X: \x01\r\n\r\n",
		"GET / HTTP/1.1\r\n" HOST "X: \x7f\r\n\r\n",
		"GET / HTTP/1.1\r\n\r\n",
		"GET / HTTP/1.1\r\n" HOST HOST "\r\n",
		"GET / HTTP/1.1\r\n" HOST "Content-Length: 1\r\n\r\n",
		"GET / HTTP/1.1\r\n" HOST "Content-Length: 00\r\n\r\n",
		"GET / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n",
		"\x16\x03\x01", /* somebody tries TLS */
		"GET / HTTP/1.1\n",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
		if (parse(bad[i]) != HTTP_BAD)
			fail_msg("taken: %s", bad[i]);
	assert_int_equal(parse("HEAD / HTTP/1.1\r\n" HOST "\r\n"), HTTP_METHOD);
	assert_int_equal(parse("get / HTTP/1.1\r\n" HOST "\r\n"), HTTP_METHOD);
	assert_int_equal(parse("POST / HTTP/1.1\r\n" HOST "\r\n"), HTTP_METHOD);
	assert_int_equal(parse("GET / HTTP/2.0\r\n" HOST "\r\n"), HTTP_VERSION);
}

static void what_is_too_long_is_refused(void **state)
{
	char text[HTTP_REQUEST_MAX];
	struct http_request r;

	(void)state;
	memset(text, 'a', sizeof(text));
	memcpy(text, "GET /", 5);
	assert_int_equal(http_parse(text, sizeof(text) - 1, &r), HTTP_MORE);
	assert_int_equal(http_parse(text, sizeof(text), &r), HTTP_LARGE);
	/* A path that is too long is one that is not there. */
	static const char longer[] =
		"GET /0123456789012345678901234567890 HTTP/1.1\r\n" HOST "\r\n";

	assert_int_equal(http_parse(longer, sizeof(longer) - 1, &r), HTTP_GOOD);
	assert_string_equal(r.path, "");
}

static void foreign_names_are_refused(void **state)
{
	static const char *const own[] = { "localhost", "LOCALHOST:1",
					   "127.0.0.1:65535", "[::1]:80",
					   "[::1]" };
	static const char *const foreign[] = {
		"",
		":",
		":80",
		"localhost:",
		"localhost:x",
		"localhost:1234567",
		"localhost.example.org",
		"127.0.0.1.example.org:80",
		"example.org",
		"127.0.0.2",
		"127.0.0.1:80:80",
		"::1",
		"10.0.0.1",
		"localhost ",
		"user@localhost",
		"[::1]80",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(own); i++)
		if (!http_host_is_own(own[i], strlen(own[i])))
			fail_msg("refused: %s", own[i]);
	for (size_t i = 0; i < ARRAY_COUNT(foreign); i++)
		if (http_host_is_own(foreign[i], strlen(foreign[i])))
			fail_msg("taken: %s", foreign[i]);
	assert_int_equal(parse("GET / HTTP/1.1\r\nHost: a.example\r\n\r\n"),
			 HTTP_HOST);
}

static void assert_json(const char *bytes, size_t count, const char *want)
{
	struct text t = { 0 };

	json_string(&t, bytes, count);
	assert_string_equal(t.at, want);
	text_free(&t);
}

static void what_guests_print_is_harmless(void **state)
{
	(void)state;
#define SAID(bytes, want) assert_json(bytes, sizeof(bytes) - 1, want)
	SAID("", "\"\"");
	SAID("a\tb \"c\" \\", "\"a\\tb \\\"c\\\" \\\\\"");
	SAID("</script>&", "\"\\u003c/script\\u003e\\u0026\"");
	SAID("one\r\ntwo\r\r\n\rthree\r", "\"one\\ntwo\\n\\nthree\\n\"");
	/* Colours, a cursor, a title; what only looks like it stays. */
	SAID("\x1b[1;31mred\x1b[m \x1b[6n\x1b]0;t\a\x1b]0;t\x1b\\.",
	     "\"red .\"");
	SAID("\x1b[1\x1b", "\"\\ufffd[1\\ufffd\"");
	SAID("\x1b]0;t", "\"\\ufffd]0;t\"");
	/* Controls, of both kinds, a direction, a separator. */
	SAID("\0\b\x7f", "\"\\ufffd\\ufffd\\ufffd\"");
	SAID("\xc2\x9b\xe2\x80\xae\xe2\x80\xa8", "\"\\ufffd\\ufffd\\ufffd\"");
	/* UTF-8, whole; cut; too long; a surrogate; too large. */
	SAID("\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80",
	     "\"\\u00e4\\u20ac\\ud83d\\ude00\"");
	SAID("\xe2\x82", "\"\\ufffd\\ufffd\"");
	SAID("\xc0\xbc", "\"\\ufffd\\ufffd\"");
	SAID("\xed\xa0\x80", "\"\\ufffd\\ufffd\\ufffd\"");
	SAID("\xf4\x90\x80\x80\xff", "\"\\ufffd\\ufffd\\ufffd\\ufffd\\ufffd\"");
	SAID("\xc3(", "\"\\ufffd(\"");
#undef SAID
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_browser_sends_is_taken),
		cmocka_unit_test(what_is_not_http_is_refused),
		cmocka_unit_test(what_is_too_long_is_refused),
		cmocka_unit_test(foreign_names_are_refused),
		cmocka_unit_test(what_guests_print_is_harmless),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
