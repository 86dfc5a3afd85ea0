/* SPDX-License-Identifier: MIT */
/*
 * The devices of QEMU's machine when it starts: its words for them, and what
 * of this host they need.
 */
#include "command.h"
#include "machine.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

bool hardware_renumber(struct machine *m, uint64_t first)
{
	uint64_t next = first;

	for (size_t i = 0; first && i < m->hardware_count; i++)
		for (size_t k = 0; k < m->hardware[i].forward_count; k++)
			m->hardware[i].forward[k].host = (unsigned int)next++;
	if (first && next == first)
		complain("--port %" PRIu64 ": machine '%s' forwards no port; "
			 "write forward= in its qemu_devices, or leave --port "
			 "out",
			 first, m->name);
	else if (next > 65536)
		complain("--port %" PRIu64 ": machine '%s' forwards %" PRIu64
			 " ports, and 65535 is the last there is",
			 first, m->name, next - first);
	else
		return true;
	return false;
}

/* Whether QEMU will find the port free; it listens in the same way. */
static bool port_try(const struct machine *m, const struct hardware *h,
		     unsigned int port)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_port = htons((uint16_t)port),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
	bool good = fd >= 0 &&
		    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on,
			       sizeof(on)) == 0 &&
		    bind(fd, (struct sockaddr *)&at, sizeof(at)) == 0 &&
		    listen(fd, 1) == 0;

	if (!good)
		complain("port %u of this host, which %s:%u forwards, cannot "
			 "be had (%s): write --port N to forward ports from N "
			 "up instead",
			 port, m->conf, h->line, strerror(errno));
	if (fd >= 0)
		close(fd);
	return good;
}

static bool image_make(const struct hardware *h)
{
	char *folder = path_folder(h->file);
	int fd = -1, err = folder_make(folder, 0777);

	if (!err) {
		fd = open(h->file, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
		if (fd < 0 || ftruncate(fd, (off_t)(h->size << 20)) < 0)
			err = errno;
	}
	if (fd >= 0)
		close(fd);
	if (err)
		complain("the disk image %s cannot be made (%s)", h->file,
			 strerror(err));
	free(folder);
	return !err;
}

static bool image_try(const struct machine *m, const struct hardware *h)
{
	if (access(h->file, R_OK | W_OK) == 0)
		return true;
	if (errno == ENOENT && h->size)
		return image_make(h);
	complain("the disk image %s, which %s:%u names, cannot be used (%s)%s",
		 h->file, m->conf, h->line, strerror(errno),
		 errno == ENOENT ? ": make it, or add size=MIB for an empty one"
				 : "");
	return false;
}

bool hardware_prepare(const struct machine *m)
{
	bool good = true;

	for (size_t i = 0; i < m->hardware_count; i++) {
		const struct hardware *h = &m->hardware[i];

		if (h->file)
			good = image_try(m, h) && good;
		for (size_t k = 0; k < h->forward_count; k++)
			good = port_try(m, h, h->forward[k].host) && good;
	}
	return good;
}

char *hardware_device(const struct hardware *h, size_t i)
{
	return hardware_kind(h) == HARDWARE_NIC
		       ? text_format("%s,addr=%x,netdev=net%zu",
				     hardware_words(h), h->bdf >> 3, i)
		       : text_format("%s,addr=%x,drive=disk%zu,serial=%zu",
				     hardware_words(h), h->bdf >> 3, i, i);
}

char *hardware_back(const struct hardware *h, size_t i)
{
	char *real = h->file ? realpath(h->file, NULL) : NULL;
	struct text t = { 0 };

	if (hardware_kind(h) == HARDWARE_NIC) {
		text_add(&t, "user,id=net%zu,restrict=%s", i,
			 h->outside ? "off" : "on");
		for (size_t k = 0; k < h->forward_count; k++)
			text_add(&t, ",hostfwd=tcp:127.0.0.1:%u-%s:%u",
				 h->forward[k].host, h->forward[k].address,
				 h->forward[k].port);
		return t.at;
	}
	text_add(&t, "if=none,id=disk%zu,format=raw,file=", i);
	for (const char *p = real ? real : h->file; *p; p++)
		text_add(&t, *p == ',' ? ",," : "%c", *p);
	free(real);
	return t.at;
}
