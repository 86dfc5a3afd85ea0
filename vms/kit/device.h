/* SPDX-License-Identifier: MIT */
/*
 * One end of a split device: its directory in the store, the other end's,
 * and the states by which both agree (xen/io/xenbus.h's numbers).
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <xen/xen.h>

enum device_state {
	DEVICE_UNKNOWN,
	DEVICE_INITIALISING,
	DEVICE_INIT_WAIT,
	DEVICE_INITIALISED,
	DEVICE_CONNECTED,
	DEVICE_CLOSING,
	DEVICE_CLOSED,
};
#define STATES(a, b)	(1u << (a) | 1u << (b))

struct device {
	char own[96], other[96];
	domid_t peer;
};

/*
 * own: our directory; other: the back end's, or NULL: what own/backend and
 * own/backend-id say (peer is then ignored). The other's state is watched
 * from now on. False: no such directory.
 */
bool device_find(struct device *d, const char *own, const char *other,
		 domid_t peer);
/* A number in our directory; a string; our state. */
bool device_put(const struct device *d, const char *key, uint64_t value);
bool device_put_text(const struct device *d, const char *key,
		     const char *text);
bool device_say(const struct device *d, enum device_state state);
/* A number in the other's directory. */
uint64_t device_get(const struct device *d, const char *key,
		    uint64_t fallback);
enum device_state device_state(const struct device *d);
/* Until the other is in one of these states (a mask), at most ns. */
bool device_wait(const struct device *d, uint32_t states, uint64_t ns);
