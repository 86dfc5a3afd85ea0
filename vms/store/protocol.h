/* SPDX-License-Identifier: MIT */
/*
 * Messages: one request in, one reply out.
 *  M1  a refused request changes nothing that anybody can see;
 *  M2  the work for one request is bounded by the quotas of the client that
 *      sent it, not by what others have stored (watches that fire apart);
 *  M3  the reply has the request's type, or ERROR, and its two ids.
 */
#pragma once
#include "store.h"

/*
 * Answer the complete request in c->in: the reply is in c->out. False: the
 * request must be tried again later, and nothing has happened.
 */
bool protocol_handle(struct store *s, uint32_t client);
/* Put the reply "OK" to the request in c->in into c->out. */
void protocol_acknowledge(struct client *c);
/* Put the next watch event into c->out; false if there is none. */
bool protocol_event(struct store *s, uint32_t client);
