/* SPDX-License-Identifier: MIT */
/* Event channels: who may bind what, and what arrives where. */
#include "world_fixture.h"
#include <xen/errno.h>
#include "core/event.h"
#include "core/platform.h"

/* 1 and 2 are peers, 3 is a stranger to both; 2 has three vCPUs. */
static int setup(void **state)
{
	(void)state;
	world_start(3, (struct vm_spec[]){ { 0 }, { .vcpu_count = 3 }, { 0 } });
	world_allow(1, 2);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	world_end();
	return 0;
}

static evtchn_port_t offer(unsigned int domid, uint16_t to)
{
	evtchn_port_t port = 0;

	assert_int_equal(event_alloc_unbound(vm_at(domid), to, &port), 0);
	return port;
}

/* A channel between 1 and 2; returns 1's end. */
static evtchn_port_t channel(evtchn_port_t *end)
{
	evtchn_port_t port = offer(1, 2);

	assert_int_equal(event_bind_interdomain(vm_at(2), 1, port, end), 0);
	return port;
}

static void clear_events(unsigned int domid)
{
	struct domain *d = vm_at(domid);

	memset(d->shared->evtchn_pending, 0, sizeof(d->shared->evtchn_pending));
	for (uint32_t i = 0; i < d->vcpu_count; i++) {
		d->vcpu[i].info->evtchn_pending_sel = 0;
		d->vcpu[i].info->evtchn_upcall_pending = 0;
		d->vcpu[i].pending = 0;
	}
}

static bool has_upcall(unsigned int domid, unsigned int vcpu)
{
	const struct vcpu *v = vcpu_at(domid, vcpu);

	assert_int_equal(!!(v->pending & VCPU_PENDING_UPCALL),
			 v->info->evtchn_upcall_pending);
	return v->info->evtchn_upcall_pending;
}

static struct evtchn_status status(unsigned int domid, evtchn_port_t port)
{
	struct evtchn_status s = { .dom = DOMID_SELF, .port = port };

	memset(&s.u, 0xff, sizeof(s.u));
	assert_int_equal(event_status(vm_at(domid), &s), 0);
	return s;
}

/* --- permission --- */

static void an_offer_needs_permission(void **state)
{
	evtchn_port_t port = 77;

	(void)state;
	assert_refused(event_alloc_unbound(vm_at(1), 3, &port), -XEN_EPERM);
	assert_refused(event_alloc_unbound(vm_at(3), 1, &port), -XEN_EPERM);
	/* A stranger cannot tell who exists. */
	assert_refused(event_alloc_unbound(vm_at(1), 0, &port), -XEN_EPERM);
	assert_refused(event_alloc_unbound(vm_at(1), 4, &port), -XEN_EPERM);
	assert_refused(event_alloc_unbound(vm_at(1), DOMID_XEN, &port),
		       -XEN_EPERM);
	assert_refused(event_alloc_unbound(vm_at(1), 0xffff, &port),
		       -XEN_EPERM);
}

static void one_sided_permission_is_none(void **state)
{
	evtchn_port_t port;

	(void)state;
	vm_at(3)->peers[0] |= BIT64(1);
	assert_refused(event_alloc_unbound(vm_at(3), 1, &port), -XEN_EPERM);
	assert_refused(event_alloc_unbound(vm_at(1), 3, &port), -XEN_EPERM);
}

static void a_bind_needs_an_offer_to_the_caller(void **state)
{
	evtchn_port_t to_self = offer(1, DOMID_SELF), to_2 = offer(1, 2), ipi;
	evtchn_port_t port;

	(void)state;
	assert_int_equal(event_bind_ipi(vm_at(1), 0, &ipi), 0);
	assert_refused(event_bind_interdomain(vm_at(2), 1, to_self, &port),
		       -XEN_EINVAL);
	assert_refused(event_bind_interdomain(vm_at(3), 1, to_2, &port),
		       -XEN_EPERM);
	assert_refused(event_bind_interdomain(vm_at(1), 1, to_2, &port),
		       -XEN_EINVAL);
	assert_refused(event_bind_interdomain(vm_at(2), 1, ipi, &port),
		       -XEN_EINVAL);
	assert_refused(event_bind_interdomain(vm_at(2), 1, CONSOLE_PORT, &port),
		       -XEN_EINVAL);
	assert_refused(event_bind_interdomain(vm_at(2), 1, 0, &port),
		       -XEN_EINVAL);
	assert_refused(event_bind_interdomain(vm_at(2), 1, 63, &port),
		       -XEN_EINVAL);
	assert_refused(event_bind_interdomain(vm_at(2), 1, 64, &port),
		       -XEN_EINVAL);
	assert_refused(event_bind_interdomain(vm_at(2), 1, UINT32_MAX, &port),
		       -XEN_EINVAL);
	assert_refused(event_bind_interdomain(vm_at(2), 9, to_2, &port),
		       -XEN_EPERM);
	assert_int_equal(event_bind_interdomain(vm_at(2), 1, to_2, &port), 0);
	assert_refused(event_bind_interdomain(vm_at(2), 1, to_2, &port),
		       -XEN_EINVAL);
}

/* --- sending --- */

static void an_event_reaches_the_peer_and_nobody_else(void **state)
{
	evtchn_port_t end, port = channel(&end);

	(void)state;
	clear_events(2);
	assert_int_equal(event_send(vm_at(1), port), 0);
	assert_true(event_is_pending(vm_at(2), end));
	assert_true(has_upcall(2, 0));
	assert_int_equal(vcpu_at(2, 0)->info->evtchn_pending_sel, 1);
	assert_false(has_upcall(2, 1));
	assert_false(has_upcall(1, 0));
	assert_false(has_upcall(3, 0));
	assert_false(event_is_pending(vm_at(1), port));
}

static void a_bind_signals_the_binder_once(void **state)
{
	evtchn_port_t end;

	(void)state;
	channel(&end);
	assert_true(event_is_pending(vm_at(2), end));
	assert_true(has_upcall(2, 0));
	assert_false(has_upcall(1, 0));
}

static void a_masked_event_is_pending_but_silent_until_unmasked(void **state)
{
	evtchn_port_t end, port = channel(&end);

	(void)state;
	clear_events(2);
	vm_at(2)->shared->evtchn_mask[0] |= BIT64(end);
	assert_int_equal(event_send(vm_at(1), port), 0);
	assert_true(event_is_pending(vm_at(2), end));
	assert_false(has_upcall(2, 0));
	assert_int_equal(vcpu_at(2, 0)->info->evtchn_pending_sel, 0);
	assert_int_equal(event_unmask(vm_at(2), end), 0);
	assert_true(has_upcall(2, 0));
	assert_int_equal(vcpu_at(2, 0)->info->evtchn_pending_sel, 1);
	/* Again, with nothing to tell. */
	clear_events(2);
	assert_int_equal(event_unmask(vm_at(2), end), 0);
	assert_false(has_upcall(2, 0));
}

/* An event that changes nothing but the count of those sent. */
static void send_unnoticed(unsigned int vm, evtchn_port_t port)
{
	struct snapshot *before = world_save();
	uint32_t *sent = &vm_at(vm)->sent[port], count = *sent;

	assert_int_equal(event_send(vm_at(vm), port), 0);
	assert_int_equal(*sent, count + 1);
	*sent = count;
	assert_true(world_equals(before));
	world_forget(before);
}

static void events_do_not_queue(void **state)
{
	evtchn_port_t end, port = channel(&end);

	(void)state;
	clear_events(2);
	event_send(vm_at(1), port);

	uint64_t count = vcpu_at(2, 0)->event_count;

	vcpu_at(2, 0)->pending = 0;
	send_unnoticed(1, port);
	assert_int_equal(vcpu_at(2, 0)->event_count, count);
}

static void sending_on_an_offer_is_silent(void **state)
{
	evtchn_port_t port = offer(1, 2);

	(void)state;
	assert_refused(event_send(vm_at(1), port), 0);
}

static void sending_on_what_cannot_send_is_refused(void **state)
{
	evtchn_port_t virq;

	(void)state;
	assert_int_equal(event_bind_virq(vm_at(1), VIRQ_TIMER, 0, &virq), 0);
	assert_refused(event_send(vm_at(1), virq), -XEN_EINVAL);
	assert_refused(event_send(vm_at(1), 0), -XEN_EINVAL);
	assert_refused(event_send(vm_at(1), 63), -XEN_EINVAL);
	assert_refused(event_send(vm_at(1), 64), -XEN_EINVAL);
	assert_refused(event_send(vm_at(1), UINT32_MAX), -XEN_EINVAL);
}

static void an_event_goes_to_the_vcpu_that_the_port_names(void **state)
{
	evtchn_port_t end, port = channel(&end);

	(void)state;
	assert_int_equal(event_bind_vcpu(vm_at(2), end, 2), 0);
	clear_events(2);
	event_send(vm_at(1), port);
	assert_false(has_upcall(2, 0));
	assert_false(has_upcall(2, 1));
	assert_true(has_upcall(2, 2));
	assert_int_equal(status(2, end).vcpu, 2);
}

static void a_poller_is_woken_though_the_port_is_masked(void **state)
{
	evtchn_port_t end, port = channel(&end);

	(void)state;
	clear_events(2);
	vm_at(2)->shared->evtchn_mask[0] |= BIT64(end);
	vcpu_at(2, 1)->polling = true;
	event_send(vm_at(1), port);
	assert_int_equal(vcpu_at(2, 1)->pending, VCPU_PENDING_POLL);
	assert_int_equal(vcpu_at(2, 0)->pending, 0);
	vcpu_at(2, 1)->polling = false;
}

static void an_ipi_goes_to_its_vcpu(void **state)
{
	evtchn_port_t port;

	(void)state;
	assert_int_equal(event_bind_ipi(vm_at(2), 1, &port), 0);
	assert_int_equal(event_send(vm_at(2), port), 0);
	assert_true(has_upcall(2, 1));
	assert_false(has_upcall(2, 0));
	assert_int_equal(event_bind_vcpu(vm_at(2), port, 0), -XEN_EINVAL);
	assert_refused(event_bind_ipi(vm_at(2), 3, &port), -XEN_ENOENT);
	assert_refused(event_bind_ipi(vm_at(2), UINT32_MAX, &port),
		       -XEN_ENOENT);
	assert_int_equal(status(2, port).status, EVTCHNSTAT_ipi);
}

static void the_console_is_a_device(void **state)
{
	(void)state;
	assert_int_equal(event_send(vm_at(1), CONSOLE_PORT), 0);
	assert_int_equal(vm_at(1)->device_pending, BIT64(PORT_DEVICE_CONSOLE));
	assert_int_equal(vm_at(2)->device_pending, 0);
	assert_int_equal(status(1, CONSOLE_PORT).status,
			 EVTCHNSTAT_interdomain);
	/* Closed and opened again, as Linux does over kexec. */
	assert_int_equal(event_close(vm_at(1), CONSOLE_PORT), 0);
	assert_int_equal(event_send(vm_at(1), CONSOLE_PORT), 0);
	event_raise(vm_at(1), CONSOLE_PORT);
	assert_false(has_upcall(1, 0));
	assert_int_equal(event_unmask(vm_at(1), CONSOLE_PORT), 0);
	assert_true(has_upcall(1, 0));
}

/* --- VIRQs --- */

static void a_virq_per_vcpu_has_one_port_for_each(void **state)
{
	evtchn_port_t port[3], again;

	(void)state;
	for (uint32_t i = 0; i < 3; i++) {
		assert_int_equal(event_bind_virq(vm_at(2), VIRQ_TIMER, i,
						 &port[i]), 0);
		assert_refused(event_bind_virq(vm_at(2), VIRQ_TIMER, i, &again),
			       -XEN_EEXIST);
	}
	event_raise_virq(vcpu_at(2, 1), VIRQ_TIMER);
	assert_true(has_upcall(2, 1));
	assert_false(has_upcall(2, 0));
	assert_true(event_is_pending(vm_at(2), port[1]));
	assert_refused(event_bind_vcpu(vm_at(2), port[1], 0), -XEN_EINVAL);
	assert_int_equal(event_close(vm_at(2), port[1]), 0);
	assert_refused((event_raise_virq(vcpu_at(2, 1), VIRQ_TIMER), 0), 0);
	assert_int_equal(event_bind_virq(vm_at(2), VIRQ_TIMER, 1, &again), 0);
	assert_int_equal(status(2, again).u.virq, VIRQ_TIMER);
}

static void a_global_virq_begins_on_vcpu_0_and_can_move(void **state)
{
	evtchn_port_t port;

	(void)state;
	assert_refused(event_bind_virq(vm_at(2), VIRQ_CONSOLE, 1, &port),
		       -XEN_EINVAL);
	assert_int_equal(event_bind_virq(vm_at(2), VIRQ_CONSOLE, 0, &port), 0);
	assert_int_equal(event_bind_vcpu(vm_at(2), port, 2), 0);
	event_raise_virq(vcpu_at(2, 1), VIRQ_CONSOLE);
	assert_true(has_upcall(2, 2));
	assert_int_equal(event_close(vm_at(2), port), 0);
	assert_int_equal(event_bind_virq(vm_at(2), VIRQ_CONSOLE, 0, &port), 0);
}

static void virqs_that_are_none_are_refused(void **state)
{
	evtchn_port_t port;

	(void)state;
	assert_refused(event_bind_virq(vm_at(1), NR_VIRQS, 0, &port),
		       -XEN_EINVAL);
	assert_refused(event_bind_virq(vm_at(1), UINT32_MAX, 0, &port),
		       -XEN_EINVAL);
	assert_refused(event_bind_virq(vm_at(1), VIRQ_TIMER, 1, &port),
		       -XEN_ENOENT);
}

/* --- closing --- */

static void a_close_leaves_the_peer_an_offer_to_the_closer(void **state)
{
	evtchn_port_t end, again, port = channel(&end);

	(void)state;
	assert_int_equal(event_bind_vcpu(vm_at(2), end, 1), 0);
	assert_int_equal(event_close(vm_at(1), port), 0);
	assert_int_equal(status(1, port).status, EVTCHNSTAT_closed);
	assert_int_equal(status(2, end).status, EVTCHNSTAT_unbound);
	assert_int_equal(status(2, end).u.unbound.dom, 1);
	assert_refused(event_send(vm_at(2), end), 0);
	assert_refused(event_close(vm_at(1), port), -XEN_EINVAL);
	assert_int_equal(event_bind_interdomain(vm_at(1), 2, end, &again), 0);
	clear_events(2);
	event_send(vm_at(1), again);
	assert_true(has_upcall(2, 1));
}

static void a_closed_port_forgets_what_was_pending(void **state)
{
	evtchn_port_t end, port = channel(&end);

	(void)state;
	event_send(vm_at(1), port);
	assert_int_equal(event_close(vm_at(2), end), 0);
	assert_false(event_is_pending(vm_at(2), end));
}

static void a_domain_can_have_a_channel_with_itself(void **state)
{
	evtchn_port_t a = offer(1, DOMID_SELF), b;

	(void)state;
	assert_int_equal(event_bind_interdomain(vm_at(1), DOMID_SELF, a, &b),
			 0);
	clear_events(1);
	event_send(vm_at(1), a);
	assert_true(event_is_pending(vm_at(1), b));
	assert_int_equal(event_close(vm_at(1), b), 0);
	assert_int_equal(status(1, a).status, EVTCHNSTAT_unbound);
	assert_int_equal(event_close(vm_at(1), a), 0);
}

static void ports_run_out_and_come_back(void **state)
{
	evtchn_port_t port, offered = offer(2, 1);

	(void)state;
	for (unsigned int i = 0; i < 62; i++)
		offer(1, 2);
	assert_refused(event_alloc_unbound(vm_at(1), 2, &port), -XEN_ENOSPC);
	assert_refused(event_bind_ipi(vm_at(1), 0, &port), -XEN_ENOSPC);
	assert_refused(event_bind_virq(vm_at(1), VIRQ_TIMER, 0, &port),
		       -XEN_ENOSPC);
	assert_refused(event_bind_interdomain(vm_at(1), 2, offered, &port),
		       -XEN_ENOSPC);
	assert_int_equal(event_close(vm_at(1), 40), 0);
	assert_int_equal(offer(1, 2), 40);
}

static void the_death_of_a_domain_frees_no_port_of_its_peers(void **state)
{
	evtchn_port_t end[20], port[20];
	uint64_t cursor = 0;

	(void)state;
	for (unsigned int i = 0; i < 20; i++)
		port[i] = channel(&end[i]);
	while (!event_teardown_step(vm_at(1), &cursor))
		;
	for (unsigned int i = 0; i < 20; i++) {
		assert_int_equal(status(1, port[i]).status, EVTCHNSTAT_closed);
		assert_int_equal(status(2, end[i]).status, EVTCHNSTAT_unbound);
		assert_int_equal(event_close(vm_at(2), end[i]), 0);
	}
	assert_int_equal(status(1, CONSOLE_PORT).status,
			 EVTCHNSTAT_interdomain);
}

static void a_guest_that_plays_with_the_bits_hurts_only_itself(void **state)
{
	evtchn_port_t end, port = channel(&end);
	struct shared_info *shared = vm_at(2)->shared;

	(void)state;
	memset(shared, 0xff, PAGE_SIZE);
	vcpu_at(2, 0)->pending = 0;
	send_unnoticed(1, port);
	memset(shared, 0, PAGE_SIZE);
	assert_int_equal(event_send(vm_at(1), port), 0);
	assert_true(has_upcall(2, 0));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(an_offer_needs_permission),
		TEST(one_sided_permission_is_none),
		TEST(a_bind_needs_an_offer_to_the_caller),
		TEST(an_event_reaches_the_peer_and_nobody_else),
		TEST(a_bind_signals_the_binder_once),
		TEST(a_masked_event_is_pending_but_silent_until_unmasked),
		TEST(events_do_not_queue),
		TEST(sending_on_an_offer_is_silent),
		TEST(sending_on_what_cannot_send_is_refused),
		TEST(an_event_goes_to_the_vcpu_that_the_port_names),
		TEST(a_poller_is_woken_though_the_port_is_masked),
		TEST(an_ipi_goes_to_its_vcpu),
		TEST(the_console_is_a_device),
		TEST(a_virq_per_vcpu_has_one_port_for_each),
		TEST(a_global_virq_begins_on_vcpu_0_and_can_move),
		TEST(virqs_that_are_none_are_refused),
		TEST(a_close_leaves_the_peer_an_offer_to_the_closer),
		TEST(a_closed_port_forgets_what_was_pending),
		TEST(a_domain_can_have_a_channel_with_itself),
		TEST(ports_run_out_and_come_back),
		TEST(the_death_of_a_domain_frees_no_port_of_its_peers),
		TEST(a_guest_that_plays_with_the_bits_hurts_only_itself),
	};

	return cmocka_run_group_tests_name("event", tests, NULL, NULL);
}
