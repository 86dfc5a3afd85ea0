/* SPDX-License-Identifier: MIT */
/*
 * Input for consoles. A VM's console holds little, and a guest may be slow
 * to read, so each VM has a queue here and one frame on its way: the VMM
 * answers how much of it was taken (TAKEN), and the rest is sent again.
 */
#include "session.h"

#include <string.h>

#define INPUT_FRAME  256u
#define RETRY_MS     20	  /* after a console was full */
#define NO_ANSWER_MS 2000 /* a TAKEN was lost: go on without it */

static bool exists(const struct session *s, unsigned int domid)
{
	return domid && domid <= s->machine->vm_count;
}

static void input_cut(struct vm_view *vm, size_t count)
{
	if (count > vm->input.length)
		count = vm->input.length;
	vm->input.length -= count;
	memmove(vm->input.at, vm->input.at + count, vm->input.length);
}

static void input_send(struct session *s, unsigned int domid, int64_t now)
{
	struct vm_view *vm = &s->vm[domid];
	size_t n = vm->input.length;

	if (n > INPUT_FRAME)
		n = INPUT_FRAME;
	struct frame f = frame_make(TELEMETRY_INPUT, domid, vm->input.at, n);

	session_to_vmm(s, &f);
	vm->sent = n;
	vm->again_at = now + NO_ANSWER_MS;
}

void session_input(struct session *s, unsigned int domid, const uint8_t *keys,
		   size_t count)
{
	if (!domid)
		text_add_bytes(&s->to_com1, keys, count);
	else if (exists(s, domid) && count)
		text_add_bytes(&s->vm[domid].input, keys, count);
}

void session_input_taken(struct session *s, const struct frame *f)
{
	if (!exists(s, f->domid) || f->length < 2)
		return;
	struct vm_view *vm = &s->vm[f->domid];
	size_t taken = le16(f->payload);

	if (!vm->sent)
		return;
	if (taken > vm->sent)
		taken = vm->sent;
	vm->again_at = taken < vm->sent ? session_now() + RETRY_MS : 0;
	vm->sent = 0;
	input_cut(vm, taken);
}

void session_input_drop(struct session *s, unsigned int domid)
{
	if (!exists(s, domid))
		return;
	s->vm[domid].input.length = 0;
	s->vm[domid].sent = 0;
}

int64_t session_input_service(struct session *s)
{
	int64_t now = session_now(), next = 0;

	for (unsigned int i = 1; i <= s->machine->vm_count; i++) {
		struct vm_view *vm = &s->vm[i];

		if (!vm->input.length)
			continue;
		if (vm->again_at <= now) {
			if (vm->sent)
				input_cut(vm, vm->sent);
			vm->sent = 0;
			if (vm->input.length)
				input_send(s, i, now);
		}
		if (vm->input.length && (!next || vm->again_at < next))
			next = vm->again_at;
	}
	return next;
}

bool session_input_full(const struct session *s)
{
	for (unsigned int i = 1; i <= s->machine->vm_count; i++)
		if (s->vm[i].input.length >= SESSION_INPUT_MAX)
			return true;
	return s->to_com1.length >= SESSION_INPUT_MAX;
}
