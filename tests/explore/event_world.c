/* SPDX-License-Identifier: MIT */
/*
 * Three VMs and their event channels. VM 1 may share channels with 2 and 3,
 * which are strangers to each other. Ports 1, 3 and so on are free at first;
 * 2 is the console's. By default each VM uses one kind of local port only;
 * `event_world PORTS all` gives them all kinds, and PORTS ports each.
 */
#include "event_record.h"
#include <stdio.h>
#include <stdlib.h>
#include <xen/errno.h>
#include <xen/event_channel.h>
#include "core/event.h"
#include "core/platform.h"

static bool all_kinds;

/* --- what should arrive --- */

static struct { unsigned int vm, port; bool masked; } arrival;

static bool bits_are_right(void)
{
	for (unsigned int vm = 1; vm <= VMS; vm++) {
		const struct shared_info *s = vm_at(vm)->shared;
		const struct vcpu *v = vcpu_at(vm, 0);
		uint64_t want = arrival.vm == vm ? BIT64(arrival.port) : 0;
		bool loud = want && !arrival.masked;

		if (s->evtchn_pending[0] != want) {
			explorer_complain("VM %u has pending bits 0x%lx, "
					  "should be 0x%lx", vm,
					  s->evtchn_pending[0],
					  (unsigned long)want);
			return false;
		}
		if (v->info->evtchn_pending_sel != loud ||
		    v->info->evtchn_upcall_pending != loud ||
		    v->pending != (loud ? VCPU_PENDING_UPCALL : 0)) {
			explorer_complain("VM %u: upcall %u, should be %u", vm,
					  v->info->evtchn_upcall_pending,
					  loud);
			return false;
		}
	}
	return true;
}

static void settle(void)
{
	for (unsigned int vm = 1; vm <= VMS; vm++) {
		struct domain *d = vm_at(vm);
		struct vcpu *v = vcpu_at(vm, 0);

		d->shared->evtchn_pending[0] = 0;
		d->shared->evtchn_mask[0] = 0;
		d->shared->vcpu_info[0].evtchn_pending_sel = 0;
		d->shared->vcpu_info[0].evtchn_upcall_pending = 0;
		v->pending = 0;
		v->event_count = 0;
		d->device_pending = 0;
		memset(d->sent, 0, d->port_count * sizeof(d->sent[0]));
		d->lock.next = d->lock.serving = 0;
	}
	arrival.vm = 0;
}

/* --- actions: every operation with every argument near the edges --- */

struct action {
	enum { ALLOC, BIND, VIRQ, BIND_IPI, CLOSE, SEND, SEND_MASKED, UNMASK,
	       MOVE, STATUS, RESET, RAISE, DIE } op;
	unsigned int vm, a, b;
};
static struct action action[2000];
static unsigned int action_count;

static const char *const op_name[] = {
	"alloc_unbound", "bind_interdomain", "bind_virq", "bind_ipi", "close",
	"send", "send to masked", "unmask", "bind_vcpu", "status", "reset",
	"raise VIRQ", "die"
};

static void add(struct action a)
{
	action[action_count++] = a;
}

static void list_actions(void)
{
	static const unsigned int domid[] = { 0, 1, 2, 3, 4, DOMID_SELF };
	static const unsigned int virq[] = { VIRQ_TIMER, VIRQ_CONSOLE,
					     NR_VIRQS };

	action_count = 0;
	for (unsigned int vm = 1; vm <= VMS; vm++) {
		for (unsigned int i = 0; i < ARRAY_SIZE(domid); i++) {
			add((struct action){ ALLOC, vm, domid[i], 0 });
			for (unsigned int p = 0; p <= ports; p++)
				add((struct action){ BIND, vm, domid[i], p });
		}
		for (unsigned int i = 0; i < ARRAY_SIZE(virq); i++) {
			add((struct action){ VIRQ, vm, virq[i], 1 });
			if (virq[i] < NR_VIRQS)
				add((struct action){ RAISE, vm, virq[i], 0 });
			if (vm == i + 1 || all_kinds || virq[i] == NR_VIRQS)
				add((struct action){ VIRQ, vm, virq[i], 0 });
		}
		if (vm == 3 || all_kinds)
			add((struct action){ BIND_IPI, vm, 0, 0 });
		add((struct action){ BIND_IPI, vm, 1, 0 });
		for (unsigned int p = 0; p <= ports; p++) {
			for (unsigned int op = CLOSE; op <= UNMASK; op++)
				add((struct action){ op, vm, p, 0 });
			add((struct action){ MOVE, vm, p, 0 });
			add((struct action){ MOVE, vm, p, 1 });
			add((struct action){ STATUS, vm, p, 0 });
		}
		add((struct action){ RESET, vm, DOMID_SELF, 0 });
		add((struct action){ RESET, vm, vm % VMS + 1, 0 });
		add((struct action){ DIE, vm, 0, 0 });
	}
}

static void describe(unsigned int n, char *text, size_t size)
{
	snprintf(text, size, "VM %u: %s %u %u", action[n].vm,
		 op_name[action[n].op], action[n].a, action[n].b);
}

static int64_t hypercall(unsigned int vm, uint64_t cmd, void *arg, size_t size)
{
	return world_call(vcpu_at(vm, 0), do_event_channel_op, cmd, arg, size,
			  0);
}

#define evtchn(vm, cmd, arg) hypercall(vm, EVTCHNOP_##cmd, &(arg), sizeof(arg))

/* These predict, change the model, act; and return whether it fits. */

static bool fits(int64_t result, int64_t want, bool *refused)
{
	*refused = want < 0;
	if (result == want)
		return bits_are_right();
	explorer_complain("result %ld, should be %ld", (long)result,
			  (long)want);
	return false;
}

static bool bind_new(struct model *m, const struct action *a, int64_t want,
		     struct end end, bool *refused)
{
	struct evtchn_alloc_unbound alloc = { .dom = DOMID_SELF,
					      .remote_dom = (domid_t)a->a };
	struct evtchn_bind_interdomain bind = { .remote_dom = (domid_t)a->a,
						.remote_port = a->b };
	struct evtchn_bind_virq virq = { .virq = a->a, .vcpu = a->b };
	struct evtchn_bind_ipi ipi = { .vcpu = a->a };
	unsigned int port = lowest_free(m, a->vm), got = 0;
	int64_t result = -1;

	if (!want && !port)
		want = -XEN_ENOSPC;
	if (!want) {
		m->end[a->vm][port] = end;
		if (end.kind == CHANNEL) {
			m->end[end.vm][end.port] =
				(struct end){ CHANNEL, (uint8_t)a->vm,
					      (uint8_t)port };
			arrival.vm = a->vm;
			arrival.port = port;
			arrival.masked = false;
		}
	}
	switch (a->op) {
	case ALLOC:
		result = evtchn(a->vm, alloc_unbound, alloc);
		got = alloc.port;
		break;
	case BIND:
		result = evtchn(a->vm, bind_interdomain, bind);
		got = bind.local_port;
		break;
	case VIRQ:
		result = evtchn(a->vm, bind_virq, virq);
		got = virq.port;
		break;
	case BIND_IPI:
		result = evtchn(a->vm, bind_ipi, ipi);
		got = ipi.port;
		break;
	default:
		break;
	}
	if (!want && got != port) {
		explorer_complain("port %u, should be %u", got, port);
		return false;
	}
	return fits(result, want, refused);
}

static bool do_alloc(struct model *m, const struct action *a, bool *refused)
{
	unsigned int to = partner(a->vm, a->a);

	return bind_new(m, a, to ? 0 : -XEN_EPERM,
			(struct end){ OFFER, (uint8_t)to, 0 }, refused);
}

static bool do_bind(struct model *m, const struct action *a, bool *refused)
{
	unsigned int other = partner(a->vm, a->a);
	const struct end *offer;
	int64_t want = 0;

	if (!other)
		want = -XEN_EPERM;
	else if (a->b == 0 || a->b >= ports)
		want = -XEN_EINVAL;
	offer = &m->end[other][a->b < ports ? a->b : 0];
	/* The authority: that VM, and no other, was offered this port. */
	if (!want && (offer->kind != OFFER || offer->vm != a->vm))
		want = -XEN_EINVAL;
	return bind_new(m, a, want, (struct end){ CHANNEL, (uint8_t)other,
						  (uint8_t)a->b }, refused);
}

static bool do_virq(struct model *m, const struct action *a, bool *refused)
{
	uint8_t kind = a->a == VIRQ_TIMER ? TIMER_VIRQ : GLOBAL_VIRQ;
	int64_t want = 0;

	if (a->a == NR_VIRQS || (kind == GLOBAL_VIRQ && a->b))
		want = -XEN_EINVAL;
	else if (a->b)
		want = -XEN_ENOENT;
	else if (has(m, a->vm, kind))
		want = -XEN_EEXIST;
	return bind_new(m, a, want, (struct end){ kind, 0, 0 }, refused);
}

static bool do_send(struct model *m, const struct action *a, bool *refused)
{
	struct end e = m->end[a->vm][a->a < ports ? a->a : 0];
	struct evtchn_send send = { a->a };
	int64_t want = -XEN_EINVAL;

	switch (e.kind) {
	case CHANNEL:
		arrival.vm = e.vm;
		arrival.port = e.port;
		want = 0;
		break;
	case IPI:
		arrival.vm = a->vm;
		arrival.port = a->a;
		want = 0;
		break;
	case OFFER:
	case CONSOLE:
		want = 0;
	}
	arrival.masked = a->op == SEND_MASKED;
	for (unsigned int vm = 1; vm <= VMS && arrival.masked; vm++)
		vm_at(vm)->shared->evtchn_mask[0] = ~0ull;

	int64_t result = evtchn(a->vm, send, send);

	for (unsigned int p = 0; p < ports; p++)
		if (vm_at(a->vm)->sent[p] !=
		    (p == a->a && e.kind == CHANNEL)) {
			explorer_complain("port %u counts %u events", p,
					  vm_at(a->vm)->sent[p]);
			return false;
		}
	for (unsigned int vm = 1; vm <= VMS; vm++) {
		vm_at(vm)->shared->evtchn_mask[0] = 0;
		if (vm_at(vm)->device_pending !=
		    (vm == a->vm && e.kind == CONSOLE)) {
			explorer_complain("VM %u called its console", vm);
			return false;
		}
	}
	return fits(result, want, refused);
}

static bool do_port(struct model *m, const struct action *a, bool *refused)
{
	struct end e = m->end[a->vm][a->a < ports ? a->a : 0];
	struct evtchn_close close = { a->a };
	struct evtchn_unmask unmask = { a->a };
	struct evtchn_bind_vcpu move = { a->a, a->b };
	int64_t want = e.kind == FREE ? -XEN_EINVAL : 0;

	switch (a->op) {
	case CLOSE:
		if (e.kind != FREE && e.kind != CONSOLE)
			drop_end(m, a->vm, a->a);
		return fits(evtchn(a->vm, close, close), want, refused);
	case UNMASK:
		return fits(evtchn(a->vm, unmask, unmask), want, refused);
	default:
		if (e.kind == IPI || e.kind == TIMER_VIRQ)
			want = -XEN_EINVAL;
		if (a->b)
			want = -XEN_ENOENT;
		return fits(evtchn(a->vm, bind_vcpu, move), want, refused);
	}
}

static bool do_status(struct model *m, const struct action *a, bool *refused)
{
	static const unsigned int kind[] = {
		[FREE] = EVTCHNSTAT_closed, [OFFER] = EVTCHNSTAT_unbound,
		[CHANNEL] = EVTCHNSTAT_interdomain,
		[TIMER_VIRQ] = EVTCHNSTAT_virq,
		[GLOBAL_VIRQ] = EVTCHNSTAT_virq, [IPI] = EVTCHNSTAT_ipi,
		[CONSOLE] = EVTCHNSTAT_interdomain
	};
	struct end e = m->end[a->vm][a->a < ports ? a->a : 0];
	struct evtchn_status s = { .dom = DOMID_SELF, .port = a->a };
	bool valid = a->a > 0 && a->a < ports;

	if (!fits(evtchn(a->vm, status, s), valid ? 0 : -XEN_EINVAL, refused))
		return false;
	*refused = true;	/* changes nothing */
	if (!valid)
		return true;
	explorer_complain("status %u, should be %u", s.status, kind[e.kind]);
	return s.status == kind[e.kind] &&
	       (e.kind != OFFER || s.u.unbound.dom == e.vm) &&
	       (e.kind != CHANNEL || (s.u.interdomain.dom == e.vm &&
				      s.u.interdomain.port == e.port));
}

static bool do_whole(struct model *m, const struct action *a, bool *refused)
{
	struct evtchn_reset reset = { (domid_t)a->a };
	struct domain *d = vm_at(a->vm);
	uint64_t cursor = 0;

	if (a->op == RAISE) {
		unsigned int kind = a->a == VIRQ_TIMER ? TIMER_VIRQ
						       : GLOBAL_VIRQ;

		for (unsigned int p = 1; p < ports; p++)
			if (m->end[a->vm][p].kind == kind) {
				arrival.vm = a->vm;
				arrival.port = p;
				arrival.masked = false;
			}
		event_raise_virq(vcpu_at(a->vm, 0), a->a);
		return bits_are_right();
	}
	if (a->op == RESET) {
		bool self = a->a == DOMID_SELF;

		if (self)
			drop_all(m, a->vm);
		return fits(evtchn(a->vm, reset, reset),
			    self ? 0 : -XEN_EPERM, refused);
	}
	/* Taken apart and built again, as far as events go. */
	drop_all(m, a->vm);
	while (!event_teardown_step(d, &cursor))
		;
	memset(d->shared->evtchn_mask, 0, sizeof(d->shared->evtchn_mask));
	memset(d->port, 0, d->port_count * sizeof(d->port[0]));
	event_place(d, CONSOLE_PORT, (struct port){
		PORT_DEVICE, 0, DOMID_XEN, PORT_DEVICE_CONSOLE });
	return bits_are_right();
}

static bool act(unsigned int n, void *model, bool *refused)
{
	const struct action *a = &action[n];
	struct end end = { IPI, 0, 0 };

	switch (a->op) {
	case ALLOC:
		return do_alloc(model, a, refused);
	case BIND:
		return do_bind(model, a, refused);
	case VIRQ:
		return do_virq(model, a, refused);
	case BIND_IPI:
		return bind_new(model, a, a->a ? -XEN_ENOENT : 0, end,
				refused);
	case SEND:
	case SEND_MASKED:
		return do_send(model, a, refused);
	case CLOSE:
	case UNMASK:
	case MOVE:
		return do_port(model, a, refused);
	case STATUS:
		return do_status(model, a, refused);
	case RESET:
	case RAISE:
	case DIE:
		break;
	}
	return do_whole(model, a, refused);
}

/* Every record of a port against the model's. */
static bool agrees(const void *model)
{
	static const unsigned int state[] = {
		[FREE] = PORT_FREE, [OFFER] = PORT_UNBOUND,
		[CHANNEL] = PORT_INTERDOMAIN, [TIMER_VIRQ] = PORT_VIRQ,
		[GLOBAL_VIRQ] = PORT_VIRQ, [IPI] = PORT_IPI,
		[CONSOLE] = PORT_DEVICE
	};
	const struct model *m = model;

	for (unsigned int vm = 1; vm <= VMS; vm++)
		for (unsigned int p = 0; p < ports; p++) {
			struct port port = vm_at(vm)->port[p];
			struct end e = m->end[vm][p];

			explorer_complain("VM %u port %u: state %u of %u:%u, "
					  "record %u of %u:%u", vm, p,
					  port.state, port.peer_dom,
					  port.peer_port, e.kind, e.vm,
					  e.port);
			if (port.state != state[e.kind] || port.vcpu)
				return false;
			if ((e.kind == OFFER || e.kind == CHANNEL) &&
			    port.peer_dom != e.vm)
				return false;
			if (e.kind == CHANNEL && port.peer_port != e.port)
				return false;
		}
	return true;
}

int main(int argc, char **argv)
{
	static const struct vm_spec small = {
		.ram_frames = 4, .grant_frames = 1, .map_count = 1,
		.pool_count = 12
	};
	struct vm_spec vm[VMS] = { small, small, small };
	struct explorer explorer = {
		.name = "events", .model_size = sizeof(struct model),
		.state_max = 3000000, .act = act, .agrees = agrees,
		.settle = settle, .describe = describe
	};
	struct model model = { 0 };

	if (argc > 1)
		ports = (unsigned int)MIN(atoi(argv[1]), (int)PORTS_MAX);
	all_kinds = argc > 2;
	for (unsigned int i = 0; i < VMS; i++)
		vm[i].port_count = ports;
	world_start(VMS, vm);
	world_allow(1, 2);
	world_allow(1, 3);
	for (unsigned int i = 1; i <= VMS; i++) {
		explorer_watch(vm_at(i)->port, ports * sizeof(struct port));
		explorer_watch(vcpu_at(i, 0)->virq_port,
			       sizeof(vcpu_at(i, 0)->virq_port));
		model.end[i][CONSOLE_PORT].kind = CONSOLE;
	}
	list_actions();
	explorer.action_count = action_count;
	explorer_run(&explorer, &model);
	puts("1..1\nok 1 - every_state_of_three_vms_event_channels_is_as_"
	     "recorded");
	return 0;
}
