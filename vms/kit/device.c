/* SPDX-License-Identifier: MIT */
/*
 * One end of a split device.
 */
#include "device.h"
#include "clock.h"
#include "console.h"
#include "string.h"
#include "xs.h"

#define PATH_SIZE	128u

bool device_find(struct device *d, const char *own, const char *other,
		 domid_t peer)
{
	char path[PATH_SIZE];

	ksnprintf(d->own, sizeof(d->own), "%s", own);
	ksnprintf(d->other, sizeof(d->other), "%s", own);
	d->peer = peer;
	if (!other) {
		d->peer = (domid_t)device_get(d, "backend-id", DOMID_INVALID);
		ksnprintf(path, sizeof(path), "%s/backend", own);
		if (xs_read(0, path) <= 0)
			return false;
		other = xs_reply;
	}
	ksnprintf(d->other, sizeof(d->other), "%s", other);
	ksnprintf(path, sizeof(path), "%s/state", d->other);
	return xs_watch(XS_WATCH, path, "device") >= 0 ||
	       !strcmp(xs_reply, "EEXIST");
}

bool device_put_text(const struct device *d, const char *key,
		     const char *text)
{
	char path[PATH_SIZE];

	ksnprintf(path, sizeof(path), "%s/%s", d->own, key);
	return xs_write(0, path, text) >= 0;
}

bool device_put(const struct device *d, const char *key, uint64_t value)
{
	char text[24];

	ksnprintf(text, sizeof(text), "%lu", value);
	return device_put_text(d, key, text);
}

bool device_say(const struct device *d, enum device_state state)
{
	return device_put(d, "state", state);
}

uint64_t device_get(const struct device *d, const char *key,
		    uint64_t fallback)
{
	char path[PATH_SIZE];
	uint64_t value = 0;

	ksnprintf(path, sizeof(path), "%s/%s", d->other, key);
	if (xs_read(0, path) <= 0)
		return fallback;
	for (const char *at = xs_reply; *at; at++) {
		if (*at < '0' || *at > '9')
			return fallback;
		value = value * 10 + (uint64_t)(*at - '0');
	}
	return value;
}

enum device_state device_state(const struct device *d)
{
	uint64_t state = device_get(d, "state", DEVICE_UNKNOWN);

	return state <= DEVICE_CLOSED ? (enum device_state)state :
					DEVICE_UNKNOWN;
}

bool device_wait(const struct device *d, uint32_t states, uint64_t ns)
{
	uint64_t end = clock_now() + ns, now;

	while (!(states & 1u << device_state(d))) {
		now = clock_now();
		if (now >= end)
			return false;
		xs_event(end - now);
	}
	return true;
}
