/* SPDX-License-Identifier: MIT */
/*
 * Requests and the heads of answers; see http.h.
 */
#include "http.h"

#include <string.h>
#include <strings.h>

/* A piece of the request. */
struct piece {
	const char *at;
	size_t length;
};

static bool piece_is(struct piece p, const char *word)
{
	return p.length == strlen(word) && !strncasecmp(p.at, word, p.length);
}

static bool is_alphanumeric(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	       (c >= 'A' && c <= 'Z');
}

static bool is_token(struct piece p)
{
	for (size_t i = 0; i < p.length; i++)
		if (!is_alphanumeric(p.at[i]) &&
		    (!p.at[i] || !strchr("!#$%&'*+-.^_`|~", p.at[i])))
			return false;
	return p.length > 0;
}

/* What is before `end`; the rest moves on behind it. */
static bool cut(struct piece *rest, const char *end, struct piece *out)
{
	const char *at = memmem(rest->at, rest->length, end, strlen(end));

	if (!at)
		return false;
	*out = (struct piece){ rest->at, (size_t)(at - rest->at) };
	rest->at = at + strlen(end);
	rest->length -= out->length + strlen(end);
	return true;
}

bool http_host_is_own(const char *value, size_t length)
{
	static const char *const own[] = { "localhost", "127.0.0.1", "[::1]" };
	size_t name = length;

	while (name && value[name - 1] >= '0' && value[name - 1] <= '9')
		name--;
	if (name && name < length && length - name <= 5 &&
	    value[name - 1] == ':')
		name--;
	else
		name = length;
	for (size_t i = 0; i < ARRAY_COUNT(own); i++)
		if (piece_is((struct piece){ value, name }, own[i]))
			return true;
	return false;
}

static enum http_status first_line(struct piece line, struct http_request *out)
{
	struct piece method, target;

	if (!cut(&line, " ", &method) || !cut(&line, " ", &target) ||
	    !is_token(method) || memchr(line.at, ' ', line.length))
		return HTTP_BAD;
	if (line.length != 8 || memcmp(line.at, "HTTP/", 5))
		return HTTP_BAD;
	if (memcmp(line.at + 5, "1.1", 3) && memcmp(line.at + 5, "1.0", 3))
		return HTTP_VERSION;
	if (method.length != 3 || memcmp(method.at, "GET", 3))
		return HTTP_METHOD;
	if (!target.length || target.at[0] != '/')
		return HTTP_BAD;
	for (size_t i = 0; i < target.length; i++)
		if (target.at[i] <= ' ' || target.at[i] > '~')
			return HTTP_BAD;
	if (target.length < sizeof(out->path))
		memcpy(out->path, target.at, target.length);
	return HTTP_GOOD;
}

struct headers {
	unsigned int hosts;
	bool host_is_own;
};

static bool header_line(struct piece line, struct headers *h)
{
	struct piece name, value;

	if (!cut(&line, ":", &name) || !is_token(name))
		return false;
	value = line;
	while (value.length && strchr(" \t", value.at[0])) {
		value.at++;
		value.length--;
	}
	while (value.length && strchr(" \t", value.at[value.length - 1]))
		value.length--;
	if (piece_is(name, "Host")) {
		h->hosts++;
		h->host_is_own = http_host_is_own(value.at, value.length);
	}
	/* No request of ours has a body. */
	return !piece_is(name, "Transfer-Encoding") &&
	       (!piece_is(name, "Content-Length") || piece_is(value, "0"));
}

/* A byte that no head holds, or a CR or LF without the other. */
static bool is_broken(const char *bytes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		char c = bytes[i];

		if (c == '\n' && (!i || bytes[i - 1] != '\r'))
			return true;
		if (c == '\r' && i + 1 < count && bytes[i + 1] != '\n')
			return true;
		if (c == 0x7f || ((unsigned char)c < ' ' && c != '\r' &&
				  c != '\n' && c != '\t'))
			return true;
	}
	return false;
}

enum http_status http_parse(const char *bytes, size_t count,
			    struct http_request *out)
{
	struct piece rest = { bytes, count }, head, line;
	struct headers h = { 0 };

	*out = (struct http_request){ 0 };
	if (!cut(&rest, "\r\n\r\n", &head)) {
		if (is_broken(bytes, count))
			return HTTP_BAD;
		return count < HTTP_REQUEST_MAX ? HTTP_MORE : HTTP_LARGE;
	}
	head.length += 2; /* each line has an end */
	if (is_broken(head.at, head.length))
		return HTTP_BAD;
	cut(&head, "\r\n", &line);
	enum http_status status = first_line(line, out);

	while (status == HTTP_GOOD && cut(&head, "\r\n", &line))
		if (!header_line(line, &h))
			return HTTP_BAD;
	if (status != HTTP_GOOD)
		return status;
	if (h.hosts != 1)
		return HTTP_BAD;
	return h.host_is_own ? HTTP_GOOD : HTTP_HOST;
}

static const char *status_words(enum http_status status)
{
	switch (status) {
	case HTTP_GOOD:
		return "OK";
	case HTTP_HOST:
		return "Forbidden";
	case HTTP_NOT_FOUND:
		return "Not Found";
	case HTTP_METHOD:
		return "Method Not Allowed";
	case HTTP_LATE:
		return "Request Timeout";
	case HTTP_LARGE:
		return "Request Header Fields Too Large";
	case HTTP_BUSY:
		return "Service Unavailable";
	case HTTP_VERSION:
		return "HTTP Version Not Supported";
	case HTTP_MORE:
	case HTTP_BAD:
		break;
	}
	return "Bad Request";
}

static const char *refusal(enum http_status status)
{
	switch (status) {
	case HTTP_HOST:
		return "This page is for the host that it runs on: open it as "
		       "http://127.0.0.1, or as http://localhost.";
	case HTTP_NOT_FOUND:
		return "There is no such thing here: the page is at /.";
	case HTTP_METHOD:
		return "This page is to look at: GET is all it takes.";
	case HTTP_LATE:
		return "The request took too long.";
	case HTTP_LARGE:
		return "The request is longer than any that is right.";
	case HTTP_BUSY:
		return "Too many look at this page already, or the machine "
		       "has ended.";
	case HTTP_VERSION:
		return "This page speaks HTTP/1.1.";
	case HTTP_MORE:
	case HTTP_GOOD:
	case HTTP_BAD:
		break;
	}
	return "This is no request in HTTP/1.1.";
}

void http_head(struct text *out, enum http_status status, const char *type,
	       const size_t *length)
{
	text_add(out,
		 "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nConnection: close\r\n"
		 "Cache-Control: no-store\r\n"
		 "Content-Security-Policy: default-src 'none'; "
		 "script-src 'self'; style-src 'self'; img-src 'self'; "
		 "connect-src 'self'; base-uri 'none'; form-action 'none'; "
		 "frame-ancestors 'none'\r\n"
		 "Cross-Origin-Resource-Policy: same-origin\r\n"
		 "Referrer-Policy: no-referrer\r\n"
		 "X-Content-Type-Options: nosniff\r\n",
		 (int)status, status_words(status), type);
	if (status == HTTP_METHOD)
		text_add(out, "Allow: GET\r\n");
	if (length)
		text_add(out, "Content-Length: %zu\r\n", *length);
	text_add(out, "\r\n");
}

void http_refuse(struct text *out, enum http_status status)
{
	const char *words = refusal(status);
	size_t length = strlen(words) + 1;

	http_head(out, status, "text/plain; charset=utf-8", &length);
	text_add(out, "%s\n", words);
}
