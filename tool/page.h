/* SPDX-License-Identifier: MIT */
/*
 * The live page: a machine that runs, to look at in a browser. A server of
 * HTTP inside the poll loop of the session, for this host only. It changes
 * nothing in the machine. Paths:
 *
 *	/ /page.css /page.js ...	files of tool/page, part of the tool
 *	/state.json	the machine now
 *	/events		the same again and again (server-sent events), and
 *			at last an event `end`
 *	/console/N	the end of what VM N printed
 *
 * Invariants:
 *  P1  nobody is waited for: a connection has so long to ask and so long to
 *      take what it is sent, then it is closed;
 *  P2  what it costs is bounded: PAGE_CLIENTS connections, one request each;
 *      a stream that has not taken one state is not sent the next;
 *  P3  it listens on addresses of the loopback interface only.
 */
#pragma once
#include <poll.h>
#include "session.h"

#define PAGE_CLIENTS 32u
#define PAGE_POLLS   (PAGE_CLIENTS + 1)

/* As --http says, if it does; false after a sentence. */
bool page_open(struct session *s);
/* Tells how the machine ended, and closes. */
void page_close(struct session *s);
void page_polls(const struct session *s, struct pollfd *p);
void page_step(struct session *s, const struct pollfd *p);
/* Returns when to come back (ms), 0: never. */
int64_t page_service(struct session *s);
/* What the VMM answered to session_ask(). */
void page_hear(struct session *s, const struct frame *f);
/* A VM started, ended, or the like. */
void page_wake(struct session *s);
