/* SPDX-License-Identifier: MIT */
/*
 * Many vCPUs at once, each a thread: channels, grants and memory calls at
 * random, while one VM after the other dies and is built anew. Afterwards
 * the ledger must be as clean as if they had taken turns. And: no event is
 * lost, however sender and receiver interleave. ThreadSanitizer, too, finds
 * nothing when this is built with it.
 */
#include "world_fixture.h"
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <xen/event_channel.h>
#include <xen/grant_table.h>
#include <xen/memory.h>
#include "core/event.h"
#include "core/grant.h"
#include "core/p2m.h"
#include "core/platform.h"

#define VMS		4u	/* the last one dies again and again */
#define VCPUS		2u
#define ROUNDS		30000u
#define DEATHS		2000u
#define REFS		8u	/* from 8 on, for pages from 16 on */
#define HOLE_GFN	0x200u

static uint32_t threads_left;

struct seed { uint64_t x; };

static unsigned int below(struct seed *s, unsigned int limit)
{
	s->x = s->x * 6364136223846793005ull + 1442695040888963407ull;
	return (unsigned int)(s->x >> 33) % limit;
}

/* Each vCPU has a page for its arguments; registers are its own. */
static int64_t call(struct vcpu *v, hypercall_fn *fn, uint64_t cmd, void *arg,
		    size_t size)
{
	uint64_t gpa = (2 + v->id) * PAGE_SIZE;
	int64_t result;

	memcpy(vm_ptr(v->domain->id, gpa), arg, size);
	v->regs.rdi = cmd;
	v->regs.rsi = gpa;
	v->regs.rdx = 1;
	do {
		result = fn(v);
	} while (result == HYPERCALL_AGAIN);
	memcpy(arg, vm_ptr(v->domain->id, gpa), size);
	return result;
}

static void play_events(struct vcpu *v, struct seed *s)
{
	domid_t other = (domid_t)(1 + below(s, VMS));
	uint32_t port = below(s, 12);
	union {
		struct evtchn_alloc_unbound alloc;
		struct evtchn_bind_interdomain bind;
		struct evtchn_bind_virq virq;
		struct evtchn_bind_ipi ipi;
		struct evtchn_bind_vcpu move;
		struct evtchn_send port;
	} a = { .port = { port } };

	switch (below(s, 10)) {
	case 0:
		a.alloc = (struct evtchn_alloc_unbound){ DOMID_SELF, other, 0 };
		call(v, do_event_channel_op, EVTCHNOP_alloc_unbound, &a,
		     sizeof(a));
		return;
	case 1:
	case 2:
		a.bind = (struct evtchn_bind_interdomain){ other, port, 0 };
		call(v, do_event_channel_op, EVTCHNOP_bind_interdomain, &a,
		     sizeof(a));
		return;
	case 3:
		a.virq = (struct evtchn_bind_virq){ VIRQ_TIMER, v->id, 0 };
		call(v, do_event_channel_op, EVTCHNOP_bind_virq, &a, sizeof(a));
		event_raise_virq(v, VIRQ_TIMER);
		return;
	case 4:
		a.move = (struct evtchn_bind_vcpu){ port, below(s, VCPUS) };
		call(v, do_event_channel_op, EVTCHNOP_bind_vcpu, &a, sizeof(a));
		return;
	case 5:
	case 6:
		call(v, do_event_channel_op, EVTCHNOP_close, &a, sizeof(a));
		return;
	case 7:
		call(v, do_event_channel_op, EVTCHNOP_unmask, &a, sizeof(a));
		return;
	default:
		call(v, do_event_channel_op, EVTCHNOP_send, &a, sizeof(a));
	}
}

static void play_grants(struct vcpu *v, struct seed *s)
{
	unsigned int vm = v->domain->id, ref = 8 + below(s, REFS);
	domid_t other = (domid_t)(1 + below(s, VMS));
	struct gnttab_map_grant_ref map = {
		.host_addr = (HOLE_GFN + below(s, 24)) * PAGE_SIZE,
		.flags = GNTMAP_host_map | (below(s, 2) ? GNTMAP_readonly : 0),
		.ref = ref, .dom = other
	};
	struct gnttab_unmap_grant_ref unmap = { .handle = below(s, 16) };
	struct gnttab_copy copy = {
		.source = { .u.ref = ref, .domid = other },
		.dest = { .u.gmfn = 8 + v->id, .domid = DOMID_SELF },
		.len = 64, .flags = GNTCOPY_source_gref
	};

	switch (below(s, 6)) {
	case 0:
		vm_grant(vm, ref, below(s, 4) ? other : 0, 16 + ref,
			 below(s, 3) ? GTF_permit_access :
			 GTF_permit_access | GTF_readonly);
		return;
	case 1:
	case 2:
		call(v, do_grant_table_op, GNTTABOP_map_grant_ref, &map,
		     sizeof(map));
		return;
	case 3:
	case 4:
		spin_lock(&v->domain->lock);
		unmap.host_addr = v->domain->map[unmap.handle].gfn * PAGE_SIZE;
		spin_unlock(&v->domain->lock);
		call(v, do_grant_table_op, GNTTABOP_unmap_grant_ref, &unmap,
		     sizeof(unmap));
		return;
	default:
		call(v, do_grant_table_op, GNTTABOP_copy, &copy, sizeof(copy));
	}
}

/* Pages 24 on are lent by play_grants(): some of these must be refused. */
static void play_memory(struct vcpu *v, struct seed *s)
{
	struct {
		struct xen_memory_reservation r;
		uint64_t gfn;
	} a = { .r = { .nr_extents = 1, .domid = DOMID_SELF },
		.gfn = 22 + below(s, 6) };

	a.r.extent_start.p = (void *)((2ull + v->id) * PAGE_SIZE +
				      sizeof(a.r));
	call(v, do_memory_op, below(s, 2) ? XENMEM_decrease_reservation :
	     XENMEM_populate_physmap, &a, sizeof(a));
}

static void *run_vcpu(void *argument)
{
	struct vcpu *v = argument;
	struct seed s = { v->domain->id * 1000 + v->id };

	mock_set_cpu(v->domain->id);
	for (unsigned int i = 0; i < ROUNDS; i++) {
		/*
		 * Unlike the VMM a thread may lose its CPU while it waits for
		 * its turn at a lock, with all behind it: yield outside.
		 */
		sched_yield();
		switch (below(&s, 8)) {
		case 0:
			play_memory(v, &s);
			break;
		case 1:
		case 2:
		case 3:
			play_grants(v, &s);
			break;
		default:
			play_events(v, &s);
		}
	}
	atomic_fetch_add(&threads_left, (uint32_t)-1);
	return NULL;
}

/* No vCPU of d runs: the same steps as at the end of a real VM. */
static void die_and_rise(struct domain *d)
{
	uint64_t cursor = 0, peer = 0;

	atomic_store(&d->state, (uint32_t)DOMAIN_DYING);
	while (!event_teardown_step(d, &cursor))
		;
	cursor = 0;
	while (!grant_unmap_all_step(d, &cursor))
		;
	cursor = 0;
	while (!grant_revoke_step(d, &cursor, &peer))
		sched_yield();
	spin_lock(&d->lock);
	p2m_reset(d);
	grant_init(d);
	event_init(d);
	for (uint64_t i = 0; i < d->ram_frames; i++)
		p2m_set(d, GFN(i), P2M_RAM, true, MFN(d->extent->mfn.n + i));
	event_place(d, CONSOLE_PORT, (struct port){
		PORT_DEVICE, 0, DOMID_XEN, PORT_DEVICE_CONSOLE });
	spin_unlock(&d->lock);
	atomic_store(&d->state, (uint32_t)DOMAIN_RUNNING);
}

/* What the last VM would do if it had the time: offer and lend. */
static void live(struct domain *d, struct seed *s)
{
	for (unsigned int i = 0; i < 6; i++) {
		evtchn_port_t port;

		event_alloc_unbound(d, (uint16_t)(1 + below(s, VMS)), &port);
		vm_grant(d->id, 8 + i, 1 + below(s, VMS - 1), 24 + i,
			 GTF_permit_access);
	}
}

static void the_ledger_is_clean_after_all_at_once(void **state)
{
	struct vm_spec vm[VMS];
	pthread_t thread[(VMS - 1) * VCPUS];
	unsigned int count = 0, deaths = 0;
	struct seed s = { 4711 };

	(void)state;
	for (unsigned int i = 0; i < VMS; i++)
		vm[i] = (struct vm_spec){ .vcpu_count = VCPUS,
					  .ram_frames = 48,
					  .port_count = 16 };
	world_start_cpus(VMS, vm, VMS + 1);
	for (unsigned int a = 1; a <= VMS; a++)
		for (unsigned int b = a + 1; b <= VMS; b++)
			world_allow(a, b);
	threads_left = (VMS - 1) * VCPUS;
	for (unsigned int i = 1; i < VMS; i++)
		for (unsigned int n = 0; n < VCPUS; n++)
			assert_int_equal(pthread_create(&thread[count++], NULL,
							run_vcpu,
							vcpu_at(i, n)), 0);
	while (atomic_load(&threads_left) || deaths < DEATHS / 10) {
		live(vm_at(VMS), &s);
		sched_yield();
		if (deaths++ < DEATHS)
			die_and_rise(vm_at(VMS));
	}
	while (count)
		assert_int_equal(pthread_join(thread[--count], NULL), 0);
	world_check();
	for (unsigned int i = 1; i <= VMS; i++)
		die_and_rise(vm_at(i));
	world_end();
}

/* --- no event is lost --- */

#define EVENTS	1000000u

static struct { uint32_t value; uint32_t done; } mail;
static evtchn_port_t from_port, to_port;

static void *run_sender(void *unused)
{
	mock_set_cpu(0);
	for (uint32_t i = 1; i <= EVENTS; i++) {
		atomic_store(&mail.value, i);
		event_send(vm_at(1), from_port);
	}
	atomic_store(&mail.done, 1u);
	return unused;
}

/* A receiver that masks and unmasks as Linux does for level events. */
static void no_event_is_lost(void **state)
{
	struct vcpu_info *info;
	struct shared_info *shared;
	pthread_t sender;
	uint32_t seen = 0, quiet = 0;
	unsigned int takes = 0;

	(void)state;
	world_start_cpus(2, NULL, 2);
	world_allow(1, 2);
	info = vcpu_at(2, 0)->info;
	shared = vm_at(2)->shared;
	event_alloc_unbound(vm_at(1), 2, &from_port);
	event_bind_interdomain(vm_at(2), 1, from_port, &to_port);
	memset(&mail, 0, sizeof(mail));
	mock_set_cpu(1);
	assert_int_equal(pthread_create(&sender, NULL, run_sender, NULL), 0);
	while (seen != EVENTS && quiet < 1000) {
		/* Once the sender is done, an upcall must be there already. */
		if (atomic_load(&mail.done))
			quiet++;
		if (!atomic_exchange(&info->evtchn_upcall_pending, 0)) {
			sched_yield();
			continue;
		}
		atomic_exchange(&info->evtchn_pending_sel, 0ul);
		if (!atomic_test_and_clear_bit(&shared->evtchn_pending[0],
					       to_port))
			continue;
		atomic_fetch_or(&shared->evtchn_mask[0], BIT64(to_port));
		seen = atomic_load(&mail.value);
		event_unmask(vm_at(2), to_port);
		takes++;
	}
	assert_int_equal(pthread_join(sender, NULL), 0);
	assert_int_equal(seen, EVENTS);
	assert_true(takes > 0);
	world_end();
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_ledger_is_clean_after_all_at_once),
		cmocka_unit_test(no_event_is_lost),
	};

	return cmocka_run_group_tests_name("concurrency", tests, NULL, NULL);
}
