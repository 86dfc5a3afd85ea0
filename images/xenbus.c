/* SPDX-License-Identifier: MIT */
/*
 * What a driver VM's scripts need of xenstore, through the kernel's own
 * connection (/dev/xen/xenbus, the wire protocol of xen/io/xs_wire.h):
 *
 *	xenbus read PATH          prints the value
 *	xenbus write PATH VALUE
 *	xenbus rm PATH
 *	xenbus list PATH          prints the children, a line each
 *	xenbus watch PATH         prints the path that changed, a line each
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>
#include <xen/io/xs_wire.h>

static int bus;
static char body[XENSTORE_PAYLOAD_MAX + 1];

static void fail(const char *what, const char *why)
{
	fprintf(stderr, "xenbus: %s: %s\n", what, why);
	exit(1);
}

static void take(void *to, size_t size)
{
	char *at = to;

	while (size) {
		ssize_t got = read(bus, at, size);

		if (got <= 0)
			fail("read", got ? strerror(errno) : "closed");
		at += got;
		size -= (size_t)got;
	}
}

/* The next message's type; its payload is in body, with a NUL behind. */
static uint32_t receive(size_t *size)
{
	struct xsd_sockmsg head;

	take(&head, sizeof(head));
	if (head.len > XENSTORE_PAYLOAD_MAX)
		fail("reply", "too long");
	take(body, head.len);
	body[head.len] = '\0';
	*size = head.len;
	return head.type;
}

static size_t request(uint32_t type, const char *data, size_t size)
{
	struct xsd_sockmsg head = { .type = type, .len = (uint32_t)size };
	struct iovec part[2] = {
		{ &head, sizeof(head) }, { (void *)(uintptr_t)data, size }
	};
	uint32_t got;

	if (writev(bus, part, 2) != (ssize_t)(sizeof(head) + size))
		fail("write", strerror(errno));
	do {
		got = receive(&size);
	} while (got == XS_WATCH_EVENT);
	if (got == XS_ERROR)
		fail(data, body);
	return size;
}

static void watch(const char *path)
{
	char text[XENSTORE_PAYLOAD_MAX];
	int size = snprintf(text, sizeof(text), "%s%cw", path, 0) + 1;
	size_t got;

	request(XS_WATCH, text, (size_t)size);
	for (;;) {
		if (receive(&got) != XS_WATCH_EVENT)
			continue;
		puts(body);
		fflush(stdout);
	}
}

int main(int count, char **word)
{
	const char *verb = count > 2 ? word[1] : "";
	size_t size;

	bus = open("/dev/xen/xenbus", O_RDWR);
	if (bus < 0)
		fail("/dev/xen/xenbus", strerror(errno));
	if (strcmp(verb, "read") == 0) {
		request(XS_READ, word[2], strlen(word[2]) + 1);
		puts(body);
	} else if (strcmp(verb, "write") == 0 && count == 4) {
		char text[XENSTORE_PAYLOAD_MAX];
		int length = snprintf(text, sizeof(text), "%s%c%s", word[2], 0,
				      word[3]);

		request(XS_WRITE, text, (size_t)length);
	} else if (strcmp(verb, "rm") == 0) {
		request(XS_RM, word[2], strlen(word[2]) + 1);
	} else if (strcmp(verb, "list") == 0) {
		size = request(XS_DIRECTORY, word[2], strlen(word[2]) + 1);
		for (char *at = body; at < body + size; at += strlen(at) + 1)
			puts(at);
	} else if (strcmp(verb, "watch") == 0) {
		watch(word[2]);
	} else {
		fail("usage", "xenbus read|write|rm|list|watch PATH [VALUE]");
	}
	return 0;
}
