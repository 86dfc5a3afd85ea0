/* SPDX-License-Identifier: MIT */
/*
 * The server of the live page; see page.h. A connection reads one request,
 * is sent one answer, which for /events grows with each look, and is closed
 * when the other end has had the time to take it.
 */
#include "page.h"
#include "http.h"
#include "page_files.h"
#include "page_listen.h"
#include "page_state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ASK_MS	   5000	 /* for a request to arrive whole */
#define TAKE_MS	   5000	 /* for an answer to be taken */
#define LOOK_MS	   3000	 /* for the VMM to answer, then we say what we know */
#define LINGER_MS  2000	 /* for the other end to close */
#define TIRED_MS   1000	 /* without accept(), after it failed */
#define ACCEPT_MAX 8u	 /* in one turn */
#define IN_KERNEL  32768 /* bytes sent that wait there */

enum page_does {
	PAGE_READS,
	PAGE_AWAITS, /* the next look, for /state.json */
	PAGE_STREAMS,
	PAGE_WRITES, /* then it is over */
	PAGE_LINGERS,
};

struct page_client {
	int fd; /* -1: free */
	enum page_does does;
	int64_t until; /* ms; 0: as long as it likes */
	struct text out;
	size_t got;
	char in[HTTP_REQUEST_MAX];
};

struct page {
	int listener;
	int64_t tired_until;
	struct watch watch;
	struct page_client client[PAGE_CLIENTS];
};

bool page_open(struct session *s)
{
	if (!s->options->http)
		return true;
	int fd = page_listen(s->options->http);

	if (fd < 0)
		return false;
	s->page = mem_alloc(sizeof(*s->page));
	s->page->listener = fd;
	for (size_t i = 0; i < PAGE_CLIENTS; i++)
		s->page->client[i].fd = -1;
	watch_open(s->machine, &s->page->watch);
	return true;
}

static void leave(struct page_client *c)
{
	if (c->fd >= 0)
		close(c->fd);
	text_free(&c->out);
	c->fd = -1;
}

/* All has been said: what still comes in is read, so that the other end is
 * not reset before it has read the answer. */
static void linger(struct page_client *c)
{
	shutdown(c->fd, SHUT_WR);
	c->does = PAGE_LINGERS;
	c->until = session_now() + LINGER_MS;
}

/* Sends what there is to send, as far as it can be taken now. */
static void client_flush(struct page_client *c)
{
	if (c->out.length) {
		ssize_t n = send(c->fd, c->out.at, c->out.length, MSG_NOSIGNAL);

		if (n < 0 && errno != EAGAIN && errno != EINTR) {
			leave(c);
			return;
		}
		if (n > 0) {
			c->out.length -= (size_t)n;
			memmove(c->out.at, c->out.at + n, c->out.length);
		}
	}
	if (c->out.length)
		return;
	if (c->does == PAGE_STREAMS)
		c->until = 0;
	if (c->does == PAGE_WRITES)
		linger(c);
}

/* What was added to `out` has its time from now on. */
static void send_now(struct page_client *c, enum page_does does)
{
	c->does = does;
	c->until = session_now() + TAKE_MS;
	client_flush(c);
}

static void refuse(struct page_client *c, enum http_status status)
{
	http_refuse(&c->out, status);
	send_now(c, PAGE_WRITES);
}

static void send_body(struct page_client *c, const char *type, const void *body,
		      size_t length)
{
	http_head(&c->out, HTTP_GOOD, type, &length);
	text_add_bytes(&c->out, body, length);
	send_now(c, PAGE_WRITES);
}

static void send_json(struct page_client *c, struct text *json)
{
	send_body(c, "application/json", json->at, json->length);
	text_free(json);
}

/* One that did not take the last look in time is not sent this one. */
static void stream_look(const struct session *s, struct page_client *c)
{
	if (c->out.length)
		return;
	text_add(&c->out, "data: ");
	page_state(s, &s->page->watch, &c->out);
	text_add(&c->out, "\n\n");
	send_now(c, PAGE_STREAMS);
}

static void stream_open(const struct session *s, struct page_client *c)
{
	http_head(&c->out, HTTP_GOOD, "text/event-stream", NULL);
	send_now(c, PAGE_STREAMS);
	if (c->fd >= 0 && watch_is_fresh(&s->page->watch))
		stream_look(s, c);
}

static void send_state(const struct session *s, struct page_client *c)
{
	struct text t = { 0 };

	page_state(s, &s->page->watch, &t);
	send_json(c, &t);
}

/* The number of a VM, written in one way only; 0: there is no such VM. */
static unsigned int console_number(const struct session *s, const char *path)
{
	static const char folder[] = "/console/";
	char *again;
	unsigned long n;

	if (!text_starts(path, folder))
		return 0;
	n = strtoul(path + strlen(folder), NULL, 10);
	if (n > s->machine->vm_count)
		return 0;
	again = text_format("%s%lu", folder, n);
	bool good = text_equal(path, again);

	free(again);
	return good ? (unsigned int)n : 0;
}

static void answer(const struct session *s, struct page_client *c,
		   const char *path)
{
	const struct page_file *f = page_file_find(path);
	unsigned int domid = console_number(s, path);
	struct text t = { 0 };

	if (f) {
		send_body(c, f->type, f->start, (size_t)(f->end - f->start));
	} else if (text_equal(path, "/events")) {
		stream_open(s, c);
	} else if (text_equal(path, "/state.json")) {
		c->does = PAGE_AWAITS;
		c->until = session_now() + LOOK_MS;
		if (watch_is_fresh(&s->page->watch))
			send_state(s, c);
	} else if (domid) {
		page_console(s, domid, &t);
		send_json(c, &t);
	} else {
		refuse(c, HTTP_NOT_FOUND);
	}
}

/* Behind its request a client has nothing to say, but that it goes. */
static void client_listen(struct page_client *c)
{
	char bytes[4096];
	ssize_t n = read(c->fd, bytes, sizeof(bytes));
	bool over = c->does == PAGE_WRITES || c->does == PAGE_LINGERS;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0 || !over)
		leave(c);
}

static void client_read(const struct session *s, struct page_client *c)
{
	struct http_request r;
	ssize_t n = read(c->fd, c->in + c->got, sizeof(c->in) - c->got);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		leave(c);
		return;
	}
	c->got += (size_t)n;
	enum http_status status = http_parse(c->in, c->got, &r);

	if (status == HTTP_GOOD)
		answer(s, c, r.path);
	else if (status != HTTP_MORE)
		refuse(c, status);
}

static void client_step(const struct session *s, struct page_client *c,
			short events)
{
	if (c->fd >= 0 && events & POLLOUT)
		client_flush(c);
	if (c->fd < 0 || !(events & ~POLLOUT))
		return;
	if (c->does == PAGE_READS)
		client_read(s, c);
	else
		client_listen(c);
}

static void client_accept(struct page *p, int fd)
{
	struct page_client full = { .fd = fd }, *c = p->client;
	const int room = IN_KERNEL;

	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
	while (c < p->client + PAGE_CLIENTS && c->fd >= 0)
		c++;
	if (c == p->client + PAGE_CLIENTS) {
		refuse(&full, HTTP_BUSY);
		leave(&full);
		return;
	}
	*c = (struct page_client){
		.fd = fd,
		.does = PAGE_READS,
		.until = session_now() + ASK_MS,
	};
}

static void accept_some(struct page *p)
{
	for (unsigned int i = 0; i < ACCEPT_MAX; i++) {
		int fd = accept4(p->listener, NULL, NULL,
				 SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd >= 0) {
			client_accept(p, fd);
			continue;
		}
		/* Out of descriptors: trying again at once would not help. */
		if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
			p->tired_until = session_now() + TIRED_MS;
		return;
	}
}

void page_polls(const struct session *s, struct pollfd *p)
{
	const struct page *page = s->page;

	for (size_t i = 0; i < PAGE_POLLS; i++)
		p[i] = (struct pollfd){ -1, 0, 0 };
	if (!page)
		return;
	if (!page->tired_until)
		p[PAGE_CLIENTS] = (struct pollfd){ page->listener, POLLIN, 0 };
	for (size_t i = 0; i < PAGE_CLIENTS; i++) {
		const struct page_client *c = &page->client[i];
		short events = POLLIN;

		if (c->out.length)
			events |= POLLOUT;
		p[i] = (struct pollfd){ c->fd, events, 0 };
	}
}

void page_step(struct session *s, const struct pollfd *p)
{
	if (!s->page)
		return;
	for (size_t i = 0; i < PAGE_CLIENTS; i++)
		if (p[i].revents)
			client_step(s, &s->page->client[i], p[i].revents);
	if (p[PAGE_CLIENTS].revents)
		accept_some(s->page);
}

static void client_late(const struct session *s, struct page_client *c)
{
	if (c->does == PAGE_READS && c->got)
		refuse(c, HTTP_LATE);
	else if (c->does == PAGE_AWAITS)
		send_state(s, c);
	else
		leave(c);
}

int64_t page_service(struct session *s)
{
	struct page *p = s->page;
	int64_t now = session_now(), next;
	bool wanted = false;

	if (!p)
		return 0;
	if (p->tired_until && p->tired_until <= now)
		p->tired_until = 0;
	next = p->tired_until;
	for (size_t i = 0; i < PAGE_CLIENTS; i++) {
		struct page_client *c = &p->client[i];

		if (c->fd >= 0 && c->until && c->until <= now)
			client_late(s, c);
		if (c->fd < 0)
			continue;
		wanted |= c->does == PAGE_AWAITS || c->does == PAGE_STREAMS;
		if (c->until && (!next || c->until < next))
			next = c->until;
	}
	int64_t look = watch_service(s, &p->watch, wanted);

	return look && (!next || look < next) ? look : next;
}

void page_hear(struct session *s, const struct frame *f)
{
	struct page *p = s->page;

	if (!p || !watch_hear(s, &p->watch, f))
		return;
	for (size_t i = 0; i < PAGE_CLIENTS; i++) {
		struct page_client *c = &p->client[i];

		if (c->fd >= 0 && c->does == PAGE_STREAMS)
			stream_look(s, c);
		else if (c->fd >= 0 && c->does == PAGE_AWAITS)
			send_state(s, c);
	}
}

void page_wake(struct session *s)
{
	if (s->page)
		watch_wake(&s->page->watch);
}

void page_close(struct session *s)
{
	struct page *p = s->page;

	if (!p)
		return;
	for (size_t i = 0; i < PAGE_CLIENTS; i++) {
		struct page_client *c = &p->client[i];

		if (c->fd >= 0 && c->does == PAGE_STREAMS && !c->out.length) {
			text_add(&c->out, "event: end\ndata: ");
			page_end(s, &c->out);
			text_add(&c->out, "\n\n");
			send_now(c, PAGE_WRITES);
		} else if (c->fd >= 0 && c->does == PAGE_AWAITS) {
			refuse(c, HTTP_BUSY);
		}
		leave(c);
	}
	close(p->listener);
	watch_close(&p->watch);
	free(p);
	s->page = NULL;
}
