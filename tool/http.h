/* SPDX-License-Identifier: MIT */
/*
 * As much of HTTP/1.1 as a page to look at needs: GET, no body, one request
 * for each connection. What comes in is hostile. Invariants:
 *  H1  a request is taken only when all of it is as RFC 9112 writes it, with
 *      CR LF at each line's end: what two readers could read in two ways is
 *      refused, not mended;
 *  H2  a request whose Host is not a name of this host itself is refused, so
 *      that a foreign page cannot read this one under its own name (DNS
 *      rebinding);
 *  H3  no answer lets a browser load or run anything from elsewhere.
 */
#pragma once
#include "text.h"

#define HTTP_REQUEST_MAX 4096u
#define HTTP_PATH_MAX	 32u

enum http_status {
	HTTP_MORE = 0, /* the request has not arrived whole */
	HTTP_GOOD = 200,
	HTTP_BAD = 400,
	HTTP_HOST = 403,
	HTTP_NOT_FOUND = 404,
	HTTP_METHOD = 405,
	HTTP_LATE = 408,
	HTTP_LARGE = 431,
	HTTP_BUSY = 503,
	HTTP_VERSION = 505,
};

struct http_request {
	char path[HTTP_PATH_MAX]; /* "" if it was longer: there is no such */
};

/* Looks at what arrived so far; `out` is filled when HTTP_GOOD. */
enum http_status http_parse(const char *bytes, size_t count,
			    struct http_request *out);
/* A value of Host that names the host itself, whatever the port. */
bool http_host_is_own(const char *value, size_t length);
/* The head of an answer; without `length` the body ends with the line. */
void http_head(struct text *out, enum http_status status, const char *type,
	       const size_t *length);
/* A whole answer that says what was wrong. */
void http_refuse(struct text *out, enum http_status status);
