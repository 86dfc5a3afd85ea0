/* SPDX-License-Identifier: MIT */
/*
 * A client of the xenstore: requests one at a time, events kept aside.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <xen/io/xs_wire.h>
#include <xen/event_channel.h>

/* The ring, for who wants to break it. */
extern struct xenstore_domain_interface *xs_ring;
extern evtchn_port_t xs_port;

/* Find the ring; wait at most ns until the store serves it. */
bool xs_init(uint64_t ns);
bool xs_wait_ready(uint64_t ns);
/* Ask for a fresh connection, whatever is in the ring, and wait for it. */
bool xs_reconnect(uint64_t ns);

/*
 * One request and its reply, NUL-terminated, in xs_reply. Returns the
 * reply's length; -1: an error, its name is in xs_reply; -2: no reply within
 * ten seconds.
 */
extern char xs_reply[XENSTORE_PAYLOAD_MAX + 1];
long xs_call(uint32_t type, uint32_t tx, const void *payload, uint32_t size);

/* The usual ones; strings are C strings. 0 or more, or as above. */
long xs_read(uint32_t tx, const char *path);
long xs_write(uint32_t tx, const char *path, const char *value);
long xs_path(uint32_t type, uint32_t tx, const char *path);
long xs_watch(uint32_t type, const char *path, const char *token);

/* The next event's path within ns, or NULL; valid until the next call. */
const char *xs_event(uint64_t ns);
