/* SPDX-License-Identifier: MIT */
/* Frames of bulkhead/telemetry.h: making them, and taking commands. */
#pragma once
#include "lib/ring.h"

struct domain;

/* Queues a frame whole or not at all; false: no room. size <= the maximum. */
bool telemetry_send(struct ring *box, unsigned int type, uint16_t domid,
		    const void *payload, size_t size);
bool telemetry_send_hello(struct ring *box);
/* What happened to d since the last call, as EVENT frames. */
void telemetry_send_news(struct ring *box, struct domain *d, nsec_t now);
/* A byte from the tool; whole frames are obeyed at once. */
void telemetry_receive(struct ring *box, uint8_t byte);
/* Stops all CPUs, audits all frames, logs the result. Clean? Boot CPU. */
bool telemetry_audit(char *text, size_t size);
