/* SPDX-License-Identifier: MIT */
/*
 * A tool that talks to the tool that runs a machine.
 */
#pragma once
#include "command.h"
#include "frame.h"

#define CLIENT_PATIENCE 10000 /* ms for an answer of the VMM */

struct client_link {
	int fd;
	char *name; /* of the machine */
	struct frame_reader in;
	uint32_t cookie;
};

/* A VM of the machine, from its OP_LIST. */
struct vm_row {
	unsigned int domid;
	struct telemetry_domain d;
};

struct vm_rows {
	struct vm_row *at;
	size_t count;
};

/* Takes the row of a DOMAIN frame; one that is too short is none. */
void vm_rows_add(struct vm_rows *rows, const struct frame *f);

/* The machine that --machine names, or the only one; false: complained. */
bool client_open(const struct arguments *a, struct client_link *out);
/* The same by name. */
bool client_open_name(const char *name, struct client_link *out);
void client_close(struct client_link *l);

bool client_write(struct client_link *l, const struct frame *f);
/* Waits for a frame; false on time-out (errno ETIMEDOUT) or at the end. */
bool client_wait(struct client_link *l, struct frame *out, int64_t until);

/*
 * Sends a command, under a cookie of the link's, and waits for its REPLY; all
 * frames until then go to `each`. The status, or INT32_MIN after a sentence.
 */
typedef void client_each(const struct frame *f, void *context);
int32_t client_ask(struct client_link *l, struct frame command,
		   client_each *each, void *context);
/*
 * Sends a command and waits for its REPLY, whose text goes to `words` (may
 * be NULL). Rows of a list go to `rows` (may be NULL). The status, or
 * INT32_MIN after a sentence.
 */
int32_t client_command(struct client_link *l, enum telemetry_op op,
		       unsigned int domid, struct text *words,
		       struct vm_rows *rows);
/* All of a text that the broker sends as frames of one type. */
bool client_fetch(struct client_link *l, const struct frame *ask,
		  struct text *out);
/* The number of a VM by its name or number; 0: complained. */
unsigned int client_vm(struct client_link *l, const char *name);
