/* SPDX-License-Identifier: MIT */
/*
 * Event channel misuse within one VM: numbers out of range, closing twice,
 * binding twice, sending on what cannot be sent on, using up all ports, and
 * reset; the states reported are the states.
 * Guards against: missing port bounds, double free of a port, VIRQs bound
 * twice, a port leaked by each failed call.
 */
#include "test.h"

static const evtchn_port_t bad[] = { 0, 128, 129, 4095, 4096, 0x7fffffff,
				     0x80000000, 0xffffffff };

static void check_bad_ports(void)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
		struct evtchn_bind_vcpu vcpu = { .port = bad[i] };

		CHECK_EQ(event_send(bad[i]), -XEN_EINVAL, "%x", bad[i]);
		CHECK_EQ(event_close(bad[i]), -XEN_EINVAL, "%x", bad[i]);
		CHECK_EQ(event_unmask(bad[i]), -XEN_EINVAL, "%x", bad[i]);
		CHECK(event_status(DOMID_SELF, bad[i], NULL) < 0, "%x",
		      bad[i]);
		CHECK(event_op(EVTCHNOP_bind_vcpu, &vcpu) < 0, "%x", bad[i]);
		CHECK(event_bind(DOMID_SELF, bad[i]) < 0, "%x", bad[i]);
	}
}

static void check_closed(void)
{
	long port = event_offer(DOMID_SELF);
	evtchn_port_t p = (evtchn_port_t)port;

	CHECK(port > 0, "%ld", port);
	CHECK_EQ(event_status(DOMID_SELF, p, NULL), EVTCHNSTAT_unbound);
	CHECK_EQ(event_send(p), 0, "send on unbound is silent");
	CHECK_EQ(event_close(p), 0);
	CHECK_EQ(event_close(p), -XEN_EINVAL, "twice");
	CHECK_EQ(event_status(DOMID_SELF, p, NULL), EVTCHNSTAT_closed);
	CHECK(event_send(p) < 0);
	CHECK(event_bind(DOMID_SELF, p) < 0);
}

static void check_virq(void)
{
	struct evtchn_status s;
	long a = event_bind_virq(VIRQ_DEBUG, 0);

	CHECK(a > 0, "%ld", a);
	CHECK_EQ(event_bind_virq(VIRQ_DEBUG, 0), -XEN_EEXIST);
	CHECK_EQ(event_status(DOMID_SELF, (evtchn_port_t)a, &s),
		 EVTCHNSTAT_virq);
	CHECK_EQ(s.u.virq, VIRQ_DEBUG);
	CHECK_EQ(s.vcpu, 0);
	CHECK(event_send((evtchn_port_t)a) < 0, "send on a VIRQ");
	CHECK_EQ(event_bind_virq(NR_VIRQS, 0), -XEN_EINVAL);
	CHECK_EQ(event_bind_virq(~0u, 0), -XEN_EINVAL);
	CHECK_EQ(event_bind_virq(VIRQ_DEBUG, 2), -XEN_ENOENT);
	CHECK_EQ(event_bind_virq(VIRQ_DEBUG, ~0u), -XEN_ENOENT);
	CHECK(event_bind_virq(VIRQ_DOM_EXC, 1) < 0, "global, not vCPU 0");
	CHECK_EQ(event_close((evtchn_port_t)a), 0);
	a = event_bind_virq(VIRQ_DEBUG, 1);
	CHECK(a > 0, "after close: %ld", a);
	event_close((evtchn_port_t)a);
}

static void check_ipi(void)
{
	struct evtchn_bind_vcpu move;
	struct evtchn_status s;
	long a = event_bind_ipi(1);

	CHECK(a > 0, "%ld", a);
	CHECK_EQ(event_status(DOMID_SELF, (evtchn_port_t)a, &s),
		 EVTCHNSTAT_ipi);
	CHECK_EQ(s.vcpu, 1);
	move = (struct evtchn_bind_vcpu){ (evtchn_port_t)a, 0 };
	CHECK_EQ(event_op(EVTCHNOP_bind_vcpu, &move), -XEN_EINVAL,
		 "an IPI's vCPU is fixed");
	CHECK_EQ(event_bind_ipi(2), -XEN_ENOENT);
	CHECK_EQ(event_bind_ipi(0x80000000), -XEN_ENOENT);
	event_close((evtchn_port_t)a);
	a = event_offer(DOMID_SELF);
	move = (struct evtchn_bind_vcpu){ (evtchn_port_t)a, 7 };
	CHECK_EQ(event_op(EVTCHNOP_bind_vcpu, &move), -XEN_ENOENT);
	move.vcpu = 1;
	CHECK_EQ(event_op(EVTCHNOP_bind_vcpu, &move), 0);
	event_close((evtchn_port_t)a);
}

/* A channel with both ends here. */
static void check_loop(void)
{
	long a = event_offer(DOMID_SELF), b;
	struct evtchn_status s;

	b = event_bind(DOMID_SELF, (evtchn_port_t)a);
	if (!CHECK(b > 0 && b != a, "%ld %ld", a, b))
		return;
	CHECK(event_bind(DOMID_SELF, (evtchn_port_t)a) < 0, "taken");
	CHECK_EQ(event_status(DOMID_SELF, (evtchn_port_t)b, &s),
		 EVTCHNSTAT_interdomain);
	CHECK_EQ(s.u.interdomain.port, a);
	event_attach((evtchn_port_t)a, NULL);
	for (unsigned int i = 0; i < 10; i++)
		event_send((evtchn_port_t)b);
	CHECK_EQ(event_count((evtchn_port_t)a), 10);
	event_mask((evtchn_port_t)a);
	event_send((evtchn_port_t)b);
	event_send((evtchn_port_t)b);
	CHECK(event_pending((evtchn_port_t)a));
	CHECK_EQ(event_count((evtchn_port_t)a), 10, "masked");
	CHECK_EQ(event_unmask((evtchn_port_t)a), 0);
	CHECK_EQ(event_count((evtchn_port_t)a), 11, "two merged to one");
	CHECK_EQ(event_close((evtchn_port_t)a), 0);
	CHECK_EQ(event_status(DOMID_SELF, (evtchn_port_t)b, NULL),
		 EVTCHNSTAT_unbound, "peer closed");
	CHECK_EQ(event_send((evtchn_port_t)b), 0);
	CHECK_EQ(event_close((evtchn_port_t)b), 0);
}

static void check_exhaustion(void)
{
	static evtchn_port_t got[256];
	unsigned int count = 0, again = 0;
	long port;

	while (count < 256 && (port = event_offer(DOMID_SELF)) > 0)
		got[count++] = (evtchn_port_t)port;
	CHECK_EQ(port, -XEN_ENOSPC);
	CHECK(count > 64 && count < 128, "%u ports", count);
	CHECK_EQ(event_bind_ipi(0), -XEN_ENOSPC);
	CHECK_EQ(event_bind_virq(VIRQ_DEBUG, 0), -XEN_ENOSPC);
	while (again < count) {
		CHECK(got[again] < 128, "port %u", got[again]);
		CHECK_EQ(event_close(got[again]), 0);
		again++;
	}
	port = event_bind_virq(VIRQ_DEBUG, 0);
	CHECK(port > 0, "a refused bind must not keep the VIRQ: %ld", port);
	event_close((evtchn_port_t)port);
}

static void check_reset(void)
{
	struct evtchn_reset reset = { .dom = DOMID_SELF };
	long port = event_offer(DOMID_SELF);

	CHECK_EQ(event_op(EVTCHNOP_reset, &reset), 0);
	CHECK_EQ(event_status(DOMID_SELF, (evtchn_port_t)port, NULL),
		 EVTCHNSTAT_closed);
	reset.dom = 2;
	CHECK(event_op(EVTCHNOP_reset, &reset) < 0, "of somebody else");
	port = event_bind_virq(VIRQ_TIMER, 0);
	CHECK(port > 0, "after reset: %ld", port);
}

int main(void)
{
	struct evtchn_alloc_unbound other = { .dom = 2, .remote_dom = 1 };
	struct evtchn_init_control control = { .vcpu = 0 };
	struct evtchn_set_priority priority = { .port = 1 };
	struct evtchn_bind_pirq pirq = { .pirq = 1 };

	check_bad_ports();
	check_closed();
	check_virq();
	check_ipi();
	check_loop();
	check_exhaustion();
	CHECK(event_op(EVTCHNOP_alloc_unbound, &other) < 0);
	other.dom = DOMID_IO;
	CHECK(event_op(EVTCHNOP_alloc_unbound, &other) < 0);
	CHECK(event_op(EVTCHNOP_init_control, &control) < 0);
	CHECK(event_op(EVTCHNOP_set_priority, &priority) < 0);
	CHECK(event_op(EVTCHNOP_bind_pirq, &pirq) < 0);
	check_reset();
	test_end();
}
