/* SPDX-License-Identifier: MIT */
/* Frames of bulkhead/telemetry.h: making them, and taking commands. */
#pragma once
#include "lib/types.h"

struct domain;

/* A queue of bytes on their way to a serial port; boot CPU only. */
struct outbox {
	uint8_t byte[8192];
	uint32_t head, tail;
};
uint32_t outbox_room(const struct outbox *box);
/* There must be room. */
void outbox_put(struct outbox *box, const void *data, size_t size);
size_t outbox_take(struct outbox *box, uint8_t *buffer, size_t size);

/* Queues a frame whole or not at all; false: no room. size <= the maximum. */
bool telemetry_send(struct outbox *box, unsigned int type, uint16_t domid,
		    const void *payload, size_t size);
bool telemetry_send_hello(struct outbox *box);
/* What happened to d since the last call, as EVENT frames. */
void telemetry_send_news(struct outbox *box, struct domain *d, nsec_t now);
/* A byte from the tool; whole frames are obeyed at once. */
void telemetry_receive(struct outbox *box, uint8_t byte);
/* Stops all CPUs, audits all frames, logs the result. Clean? Boot CPU. */
bool telemetry_audit(char *text, size_t size);
