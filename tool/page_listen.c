/* SPDX-License-Identifier: MIT */
/*
 * Addresses of the loopback interface, and no others; see page_listen.h.
 */
#include "page_listen.h"
#include "command.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

/* The host's part; false: it is none that only this host can reach. */
static bool host_read(const char *host, union address *out)
{
	*out = (union address){ 0 };
	if (text_equal(host, "[::1]")) {
		out->v6.sin6_family = AF_INET6;
		out->v6.sin6_addr = in6addr_loopback;
		return true;
	}
	out->v4.sin_family = AF_INET;
	out->v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return text_equal(host, "localhost") || text_equal(host, "127.0.0.1");
}

static bool port_read(const char *word, uint16_t *out)
{
	size_t digits = strspn(word, "0123456789");
	unsigned long n = strtoul(word, NULL, 10);

	*out = (uint16_t)n;
	return digits && digits <= 5 && !word[digits] && n <= UINT16_MAX;
}

static bool where_read(const char *where, union address *out)
{
	const char *colon = strrchr(where, ':');
	uint16_t port;

	if (!port_read(colon ? colon + 1 : where, &port)) {
		complain("--http is '%s': write 127.0.0.1:PORT, with a PORT "
			 "from 0 (any) to 65535",
			 where);
		return false;
	}
	char *host = colon ? text_copy_n(where, (size_t)(colon - where))
			   : text_copy("localhost");
	bool own = host_read(host, out);

	if (!own)
		complain("--http is '%s': the page is for this host only, "
			 "since nobody is asked for a password: write "
			 "127.0.0.1:%u, and reach it from elsewhere through "
			 "ssh -L",
			 where, port);
	/* The port is at the same place in both. */
	out->v4.sin_port = htons(port);
	free(host);
	return own;
}

static int socket_open(const union address *a)
{
	const int one = 1, kind = SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK;
	bool v6 = a->any.sa_family == AF_INET6;
	socklen_t size = v6 ? sizeof(a->v6) : sizeof(a->v4);
	int fd = socket(a->any.sa_family, kind, 0);

	if (fd < 0)
		return -1;
	/* What an earlier page has closed holds no port. */
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, &a->any, size) == 0 && listen(fd, 128) == 0)
		return fd;
	int err = errno;

	close(fd);
	errno = err;
	return -1;
}

int page_listen(const char *where)
{
	union address a;
	socklen_t size = sizeof(a);

	if (!where_read(where, &a))
		return -1;
	int fd = socket_open(&a);

	if (fd < 0 && errno == EADDRINUSE) {
		complain("--http is '%s': something else listens on that port: "
			 "write another one, or 0 for any",
			 where);
	} else if (fd < 0) {
		complain("--http is '%s': the host does not let us listen "
			 "there (%s)",
			 where, strerror(errno));
	} else {
		getsockname(fd, &a.any, &size);
		fprintf(stderr, "bulkhead: a live page is at http://%s:%u/\n",
			a.any.sa_family == AF_INET6 ? "[::1]" : "127.0.0.1",
			ntohs(a.v4.sin_port));
	}
	return fd;
}
