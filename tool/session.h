/* SPDX-License-Identifier: MIT */
/*
 * A running machine, from the side of the tool that started it: it owns
 * QEMU, keeps what was printed, and is the broker for other tools, which
 * connect to its control socket. One thread, one poll loop; nobody is ever
 * waited for: what a client does not read in time costs it its connection, and
 * while standard output takes nothing only what is shown there waits.
 *
 *   session.c         start, loop, verdict
 *   session_vmm.c     what the VMM sends
 *   session_input.c   what goes to consoles
 *   session_client.c  what other tools want
 *   watch.c, page.c   what the live page wants
 */
#pragma once
#include "frame.h"
#include "qemu.h"

#define SESSION_CLIENTS	    128u
#define SESSION_COMMANDS    64u
#define SESSION_HISTORY	    16384u /* per VM, as in the VMM */
#define SESSION_LOG	    (256u << 10)
#define SESSION_CLIENT_MAX  (1u << 20)
#define SESSION_INPUT_MAX   4096u
#define SESSION_OUTPUT_MAX  65536u
#define SESSION_SHOWN_LINES 20u

struct vm_view {
	struct text history;
	bool heard;	   /* it was started, or has printed */
	uint64_t printed;  /* bytes, ever */
	struct text input; /* what its console has not taken yet */
	size_t sent;	   /* of that, on its way: one frame at a time */
	int64_t again_at;  /* ms: when to send next, if there is input */
};

struct client {
	int fd;		    /* -1: free */
	unsigned int domid; /* whose console it shows; 0: none */
	bool follows_log, follows_all;
	bool leaving; /* gone once its output is out */
	struct frame_reader in;
	struct text out;
};

/* A command on its way: who gets the answer. */
struct pending {
	uint32_t cookie; /* ours; 0: free */
	uint32_t theirs;
	struct client *client; /* NULL: left meanwhile, or the watch */
	bool watch;	       /* asked for the live page */
	bool list;
	int64_t until; /* ms: nobody waits any longer */
};

struct session {
	const struct qemu_options *options;
	struct machine *machine;
	unsigned int console; /* domid on our terminal; 0: COM1 */
	struct qemu qemu;
	int wait_status;
	bool raw; /* terminal */
	bool input_ended;
	struct frame_reader in;
	struct text to_com1, to_com2;
	struct text output; /* what standard output has not taken yet */
	int output_fd;
	struct text said; /* QEMU's own words */
	struct text com1, log;
	struct vm_view *vm; /* by domid */
	struct client client[SESSION_CLIENTS];
	struct pending pending[SESSION_COMMANDS];
	uint32_t cookie;
	int signals, listener;
	char *socket;
	int64_t deadline, kill_at; /* ms, 0: none */
	int done;		   /* the VMM's exit byte, -1: none yet */
	bool panicked, timed_out, quit, unwritable;
	int signal;
	struct page *page; /* NULL: none */
};

/*
 * Starts the machine and stays until it has ended. `console` is the VM whose
 * console is on the terminal, 0 for the whole of COM1. `socket_name` names
 * the control socket. Returns an exit status.
 */
int session_run(const struct qemu_options *o, struct machine *m,
		unsigned int console, const char *socket_name);

/* Between these files. */
int64_t session_now(void); /* monotonic ms */
void session_print(struct session *s, const void *bytes, size_t count);
void session_keep(struct text *t, size_t limit, const void *bytes,
		  size_t count);
/* What the VMM says of the input it got. */
void session_input_taken(struct session *s, const struct frame *f);
void session_input_drop(struct session *s, unsigned int domid);
void session_vmm_read(struct session *s);
void session_com1_read(struct session *s);
/* Keys for a VM's console, or for COM1 when domid is 0. */
void session_input(struct session *s, unsigned int domid, const uint8_t *keys,
		   size_t count);
/* Sends input that is due; returns when to come back (ms), 0: never. */
int64_t session_input_service(struct session *s);
/* Somebody types faster than a VM reads. */
bool session_input_full(const struct session *s);
void session_to_vmm(struct session *s, const struct frame *f);
/* False: the other end is gone. */
bool session_flush(int fd, struct text *out);

void session_accept(struct session *s);
void session_client_read(struct session *s, struct client *c);
void session_client_flush(struct client *c);
void session_client_close(struct session *s, struct client *c);
/* Hands a frame of the VMM to the clients it concerns. */
void session_share(struct session *s, const struct frame *f);
/* Asks the VMM for the watch; false when too much is asked already. */
bool session_ask(struct session *s, enum telemetry_op op, unsigned int domid,
		 uint32_t from);
/* What was asked for the watch is no longer waited for. */
void session_ask_drop(struct session *s);
/* Hands text of COM1 (all) or of the VMM's log to those who follow it. */
void session_share_log(struct session *s, bool all, const void *bytes,
		       size_t count);
/* The last lines of a text: where they begin. */
const char *text_last_lines(const struct text *t, unsigned int lines);
