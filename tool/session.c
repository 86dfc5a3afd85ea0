/* SPDX-License-Identifier: MIT */
/*
 * A machine from start to end: the poll loop and the verdict.
 */
#include "session.h"
#include "control.h"
#include "page.h"
#include "terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define OUTPUT_END_MS 1000 /* without progress */

int64_t session_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void session_print(struct session *s, const void *bytes, size_t count)
{
	if (!s->unwritable)
		text_add_bytes(&s->output, bytes, count);
}

void session_keep(struct text *t, size_t limit, const void *bytes, size_t count)
{
	text_add_bytes(t, bytes, count);
	if (t->length <= 2 * limit)
		return;
	memmove(t->at, t->at + t->length - limit, limit + 1);
	t->length = limit;
}

bool session_flush(int fd, struct text *out)
{
	ssize_t n = out->length ? write(fd, out->at, out->length) : 0;
	bool gone = n < 0 && errno != EAGAIN && errno != EINTR;

	if (gone)
		n = (ssize_t)out->length;
	if (n > 0) {
		out->length -= (size_t)n;
		memmove(out->at, out->at + n, out->length);
	}
	return !gone;
}

/*
 * Standard output that does not block, for us alone: the flag belongs to the
 * opening of a file, which others share. What cannot be opened anew blocks.
 */
static int output_open(void)
{
	struct stat what;
	int fd = -1;

	if (fstat(STDOUT_FILENO, &what) == 0 &&
	    (S_ISFIFO(what.st_mode) || S_ISCHR(what.st_mode)))
		fd = open("/proc/self/fd/1",
			  O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	return fd < 0 ? dup(STDOUT_FILENO) : fd;
}

static void output_flush(struct session *s)
{
	/* Else nobody looks any more. */
	s->unwritable |= !session_flush(s->output_fd, &s->output);
}

static void signals_read(struct session *s)
{
	struct signalfd_siginfo info;

	while (read(s->signals, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo != SIGCHLD) {
			s->signal = (int)info.ssi_signo;
			continue;
		}
		if (s->qemu.pid > 0 &&
		    waitpid(s->qemu.pid, &s->wait_status, WNOHANG) > 0)
			s->qemu.pid = 0;
	}
}

static void errors_read(struct session *s)
{
	char bytes[1024];
	ssize_t n;

	while ((n = read(s->qemu.errors, bytes, sizeof(bytes))) > 0)
		session_keep(&s->said, 65536, bytes, (size_t)n);
	if (n == 0) {
		close(s->qemu.errors);
		s->qemu.errors = -1;
	}
}

static void typed_read(struct session *s)
{
	uint8_t keys[512];
	ssize_t n = read(STDIN_FILENO, keys, sizeof(keys));

	if (n <= 0) {
		s->input_ended = n == 0 || (errno != EINTR && errno != EAGAIN);
		return;
	}
	uint8_t *quit = s->raw ? memchr(keys, TERMINAL_QUIT_KEY, (size_t)n)
			       : NULL;

	if (quit) {
		s->quit = true;
		n = quit - keys;
	}
	session_input(s, s->console, keys, (size_t)n);
}

/* Keys wait for a VM that can hear them, and for room in the serial port. */
static bool wants_keys(const struct session *s)
{
	if (s->input_ended || session_input_full(s))
		return false;
	return !s->console || s->vm[s->console].heard;
}

enum {
	AT_SIGNALS,
	AT_COM1,
	AT_COM2,
	AT_ERRORS,
	AT_KEYS,
	AT_DOOR,
	AT_OUTPUT,
	AT_CLIENTS,
	AT_PAGE = AT_CLIENTS + SESSION_CLIENTS,
	AT_END = AT_PAGE + PAGE_POLLS,
};

static void polls_set(const struct session *s, struct pollfd *p)
{
	const short out = POLLOUT;
	bool full = session_input_full(s);
	/* Only the port that is shown waits until somebody looks. */
	bool stuck = s->output.length >= SESSION_OUTPUT_MAX;
	short text = stuck && !s->console ? 0 : POLLIN;
	short frames = stuck && s->console ? 0 : POLLIN;

	p[AT_SIGNALS] = (struct pollfd){ s->signals, POLLIN, 0 };
	p[AT_COM1] = (struct pollfd){ s->qemu.com1, text, 0 };
	p[AT_COM2] = (struct pollfd){ s->qemu.com2, frames, 0 };
	p[AT_ERRORS] = (struct pollfd){ s->qemu.errors, POLLIN, 0 };
	p[AT_KEYS] =
		(struct pollfd){ wants_keys(s) ? STDIN_FILENO : -1, POLLIN, 0 };
	p[AT_DOOR] = (struct pollfd){ s->listener, POLLIN, 0 };
	p[AT_OUTPUT] =
		(struct pollfd){ s->output.length ? s->output_fd : -1, out, 0 };
	if (s->to_com1.length)
		p[AT_COM1].events |= out;
	if (s->to_com2.length)
		p[AT_COM2].events |= out;
	for (size_t i = 0; i < SESSION_CLIENTS; i++) {
		const struct client *c = &s->client[i];
		short events = c->leaving || full ? 0 : POLLIN;

		if (c->out.length)
			events |= out;
		p[AT_CLIENTS + i] = (struct pollfd){ c->fd, events, 0 };
	}
	page_polls(s, p + AT_PAGE);
}

/* Of two times in ms, where 0 is never. */
static int64_t earlier(int64_t a, int64_t b)
{
	return !a || (b && b < a) ? b : a;
}

static int poll_timeout(const struct session *s, int64_t first)
{
	int64_t now = session_now();

	first = earlier(earlier(first, s->deadline), s->kill_at);
	if (!first)
		return -1;
	if (first <= now)
		return 0;
	return first - now > 60000 ? 60000 : (int)(first - now);
}

static void step(struct session *s)
{
	struct pollfd p[AT_END];
	int64_t input = session_input_service(s);
	int64_t page = page_service(s);

	polls_set(s, p);
	if (poll(p, AT_END, poll_timeout(s, earlier(input, page))) < 0)
		return;
	if (p[AT_OUTPUT].revents)
		output_flush(s);
	if (p[AT_COM1].revents & POLLOUT)
		session_flush(s->qemu.com1, &s->to_com1);
	if (p[AT_COM2].revents & POLLOUT)
		session_flush(s->qemu.com2, &s->to_com2);
	if (p[AT_COM1].revents & ~POLLOUT)
		session_com1_read(s);
	if (p[AT_COM2].revents & ~POLLOUT)
		session_vmm_read(s);
	if (p[AT_ERRORS].revents)
		errors_read(s);
	if (p[AT_KEYS].revents)
		typed_read(s);
	if (p[AT_DOOR].revents)
		session_accept(s);
	for (size_t i = 0; i < SESSION_CLIENTS; i++) {
		struct client *c = &s->client[i];
		short events = p[AT_CLIENTS + i].revents;

		if (c->fd < 0 || !events)
			continue;
		if (events & POLLOUT)
			session_client_flush(c);
		if (events & ~POLLOUT)
			session_client_read(s, c);
		if (c->fd >= 0 && c->leaving && !c->out.length)
			session_client_close(s, c);
	}
	page_step(s, p + AT_PAGE);
	if (p[AT_SIGNALS].revents)
		signals_read(s);
	int64_t now = session_now();

	if (s->deadline && now >= s->deadline)
		s->timed_out = true;
	if (s->kill_at && now >= s->kill_at)
		s->quit = true;
}

static void loop(struct session *s)
{
	while (s->qemu.pid > 0 && !s->signal && !s->quit && !s->timed_out &&
	       !s->unwritable)
		step(s);
	/* What QEMU wrote before it ended is still in the sockets. */
	if (s->qemu.pid <= 0) {
		session_com1_read(s);
		session_vmm_read(s);
		errors_read(s);
	}
}

/* The rest, to whoever still looks; one who ends the machine does not wait. */
static void output_end(struct session *s)
{
	while (s->output.length && !s->unwritable) {
		struct pollfd p[] = { { s->output_fd, POLLOUT, 0 },
				      { s->signals, POLLIN, 0 } };
		bool hurry = s->signal || s->quit || s->timed_out;

		if (poll(p, ARRAY_COUNT(p), hurry ? OUTPUT_END_MS : -1) == 0)
			break;
		if (p[0].revents)
			output_flush(s);
		if (p[1].revents)
			signals_read(s);
	}
}

const char *text_last_lines(const struct text *t, unsigned int lines)
{
	const char *p = t->at ? t->at + t->length : "";

	if (!t->length)
		return "";
	if (p[-1] == '\n')
		p--;
	while (p > t->at && (p[-1] != '\n' || --lines))
		p--;
	return p;
}

/* The end of the log, for a run that went wrong and did not show it. */
static void log_show(const struct session *s)
{
	const struct text *t = s->log.length ? &s->log : &s->com1;
	const char *words = text_last_lines(t, SESSION_SHOWN_LINES);

	words += strspn(words, "\r\n");
	if (!s->console || s->options->verbose || !*words)
		return;
	fprintf(stderr, "bulkhead: the end of the VMM's log:\n%s%s", words,
		text_ends(words, "\n") ? "" : "\n");
}

/* QEMU's words, without its warnings about CPU features. */
static void said_show(const struct session *s)
{
	char *copy = text_copy(s->said.at ? s->said.at : ""), *rest = copy;

	for (char *line; (line = strsep(&rest, "\n"));)
		if (*line && !strstr(line, "warning: TCG doesn't support"))
			fprintf(stderr, "  %s\n", line);
	free(copy);
}

static int by_exit_byte(const struct session *s, int byte)
{
	switch (byte) {
	case 0x10:
		return EXIT_GOOD;
	case 0x12:
		if (s->console)
			complain("the VM crashed");
		log_show(s);
		return EXIT_GUEST_CRASH;
	case 0x13:
		complain("the VMM panicked");
		log_show(s);
		return EXIT_VMM_PANIC;
	default:
		log_show(s);
		return complain("the VMM ended with an unknown status 0x%x",
				(unsigned int)byte);
	}
}

static int qemu_verdict(const struct session *s)
{
	int status = s->wait_status;

	if (WIFSIGNALED(status)) {
		complain("QEMU was killed by signal %d (%s); it said:",
			 WTERMSIG(status), strsignal(WTERMSIG(status)));
		said_show(s);
		log_show(s);
		return EXIT_BAD;
	}
	int code = WEXITSTATUS(status);

	if (code == 33 || code == 37 || code == 39)
		return by_exit_byte(s, code >> 1);
	if (s->panicked)
		return by_exit_byte(s, 0x13);
	if (s->done >= 0)
		return by_exit_byte(s, s->done);
	if (code == 0) {
		complain("the machine reset itself: the VMM died without a "
			 "word");
		log_show(s);
		return EXIT_VMM_PANIC;
	}
	complain("QEMU ended with status %d; it said:", code);
	said_show(s);
	log_show(s);
	return EXIT_BAD;
}

static int verdict(const struct session *s)
{
	if (s->signal)
		return 128 + s->signal;
	if (s->timed_out) {
		complain("stopped after %" PRIu64 " s, as --timeout says",
			 s->options->timeout);
		log_show(s);
		return EXIT_TIMEOUT;
	}
	if (s->unwritable)
		return complain("the output cannot be written: stopped");
	if (s->panicked)
		return by_exit_byte(s, 0x13);
	if (s->quit && s->done >= 0)
		return by_exit_byte(s, s->done);
	if (s->quit)
		return s->console ? 128 + SIGINT : EXIT_GOOD;
	return qemu_verdict(s);
}

static bool signals_open(struct session *s)
{
	static const int those[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT,
				     SIGCHLD };
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < ARRAY_COUNT(those); i++)
		sigaddset(&set, those[i]);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	s->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return s->signals >= 0;
}

static bool door_open(struct session *s, const char *name)
{
	s->listener = control_listen(name, &s->socket);
	if (s->listener < 0 && errno == EADDRINUSE && s->console) {
		char *other = text_format("%s-%d", name, (int)getpid());

		s->listener = control_listen(other, &s->socket);
		free(other);
	}
	if (s->listener >= 0)
		return true;
	if (errno == EADDRINUSE)
		complain("a machine '%s' is running already: end it, or give "
			 "this one another name = in machine.conf",
			 name);
	else
		complain("the control socket of '%s' cannot be made (%s)", name,
			 strerror(errno));
	return false;
}

static void close_all(struct session *s)
{
	int status = qemu_stop(&s->qemu);

	page_close(s);
	if (status)
		s->wait_status = status;
	terminal_restore();
	for (size_t i = 0; i < SESSION_CLIENTS; i++)
		session_client_close(s, &s->client[i]);
	if (s->listener >= 0)
		close(s->listener);
	if (s->signals >= 0)
		close(s->signals);
	if (s->socket)
		unlink(s->socket);
	free(s->socket);
}

static void free_all(struct session *s)
{
	for (size_t i = 0; i <= s->machine->vm_count; i++) {
		text_free(&s->vm[i].history);
		text_free(&s->vm[i].input);
	}
	free(s->vm);
	text_free(&s->to_com1);
	text_free(&s->to_com2);
	text_free(&s->output);
	text_free(&s->said);
	text_free(&s->com1);
	text_free(&s->log);
}

int session_run(const struct qemu_options *o, struct machine *m,
		unsigned int console, const char *socket_name)
{
	struct session *s = mem_alloc(sizeof(*s));
	int status = EXIT_BAD;

	s->options = o;
	s->machine = m;
	s->console = console;
	s->done = -1;
	s->listener = -1;
	s->qemu = (struct qemu){ .com1 = -1, .com2 = -1, .errors = -1 };
	s->vm = mem_alloc((m->vm_count + 1) * sizeof(s->vm[0]));
	for (size_t i = 0; i < SESSION_CLIENTS; i++)
		s->client[i].fd = -1;
	if (o->timeout)
		s->deadline = session_now() + (int64_t)o->timeout * 1000;
	m->exit_port = QEMU_EXIT_PORT;
	if (signals_open(s) && door_open(s, socket_name) && page_open(s) &&
	    qemu_start(o, m, &s->qemu)) {
		s->raw = terminal_raw(!console);
		/* A terminal that is not ours stops whoever reads it. */
		s->input_ended = isatty(STDIN_FILENO) && !s->raw;
		s->output_fd = output_open();
		loop(s);
		output_end(s);
		close(s->output_fd);
		close_all(s);
		status = verdict(s);
	} else {
		close_all(s);
	}
	free_all(s);
	free(s);
	return status;
}
