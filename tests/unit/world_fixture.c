/* SPDX-License-Identifier: MIT */
/*
 * The arena, from below: the VMM's tables, a bump allocator. From above: the
 * frames of the VMs. What lies between is nobody's.
 */
#include "world_fixture.h"
#include <stdio.h>
#include <stdlib.h>
#include "core/event.h"
#include "core/grant.h"
#include "core/p2m.h"
#include "core/platform.h"
#include "core/sched.h"
#include "launch/launch.h"
#include "ledger.h"

#define TABLE_SLACK	8u	/* frames */

static uint64_t table_byte, frame_end;
unsigned int world_slices;

static void *take(size_t size)
{
	void *memory = (void *)(MOCK_ARENA + table_byte);

	table_byte = ROUND_UP(table_byte + size, 64u);
	assert_true(table_byte <= frame_end * PAGE_SIZE);
	return memory;
}

static mfn_t take_frames(uint64_t count, uint64_t align, const struct domain *d,
			 enum frame_kind kind)
{
	frame_end = (frame_end - count) / align * align;
	assert_true(table_byte <= frame_end * PAGE_SIZE);
	partition_assign(MFN(frame_end), count, d->id, kind);
	return MFN(frame_end);
}

static struct vm_spec with_defaults(const struct vm_spec *vm)
{
	struct vm_spec s = vm ? *vm : (struct vm_spec){ 0 };

	s.vcpu_count = s.vcpu_count ? s.vcpu_count : 1;
	s.ram_frames = s.ram_frames ? s.ram_frames : 32;
	s.port_count = s.port_count ? s.port_count : 64;
	s.grant_frames = s.grant_frames ? s.grant_frames : 2;
	s.map_count = s.map_count ? s.map_count : 16;
	s.pool_count = s.pool_count ? s.pool_count :
		       (uint32_t)(s.ram_frames / 512) + s.grant_frames + 16;
	return s;
}

static void create_tables(struct domain *d, const struct vm_spec *s)
{
	d->vcpu_count = s->vcpu_count;
	d->vcpu = take(s->vcpu_count * sizeof(struct vcpu));
	d->port_count = s->port_count;
	d->port = take(s->port_count * sizeof(struct port));
	d->sent = take(s->port_count * sizeof(d->sent[0]));
	d->grants.frame_max = s->grant_frames;
	d->grants.frame = take(s->grant_frames * sizeof(mfn_t));
	d->grants.active = take(s->grant_frames * GRANT_REFS_PER_FRAME *
				sizeof(struct grant_active));
	d->map_count = s->map_count;
	d->map = take(s->map_count * sizeof(struct grant_map));
	d->peers = take(64);
	d->console.history = take(CONSOLE_HISTORY_SIZE);
	d->console.port = CONSOLE_PORT;
	d->weight = 256;
	for (uint32_t i = 0; i < s->vcpu_count; i++) {
		struct vcpu *v = &d->vcpu[i];

		v->domain = d;
		v->id = i;
		v->cpu = i % world.cpu_count;
		v->arch = take(sizeof(struct mock_vcpu));
	}
}

static void create_frames(struct domain *d, const struct vm_spec *s)
{
	uint64_t align = s->ram_frames % 512 ? 1 : 512;

	d->ram_frames = s->ram_frames;
	d->extent_count = 1;
	d->extent = take(sizeof(struct extent));
	*d->extent = (struct extent){
		GFN(0), take_frames(s->ram_frames, align, d, FRAME_RAM),
		s->ram_frames
	};
	d->pool.count = s->pool_count;
	d->pool.page = take(s->pool_count * sizeof(mfn_t));
	for (uint32_t i = 0; i < s->pool_count; i++)
		d->pool.page[i] = take_frames(1, 1, d, FRAME_POOL);
	d->p2m.root = take_frames(1, 1, d, FRAME_POOL);
	d->p2m.blank = take_frames(1, 1, d, FRAME_POOL);
	d->shared_mfn = take_frames(1, 1, d, FRAME_SHARED);
	d->xenstore_mfn = take_frames(1, 1, d, FRAME_SHARED);
	d->console.ring = take_frames(1, 1, d, FRAME_SHARED);
	d->shared = arch_frame_ptr(d->shared_mfn);
	d->xenstore_gfn = gfn_of(GPA_XENSTORE);
	d->console.ring_gfn = gfn_of(GPA_CONSOLE);
}

static void build(struct domain *d)
{
	const struct extent *e = d->extent;
	unsigned int level = e->mfn.n % 512 || e->count % 512 ? 1 : 2;

	p2m_reset(d);
	grant_init(d);
	event_init(d);
	for (uint64_t i = 0; i < e->count; i += BIT64(9 * (level - 1)))
		p2m_map_ram(d, GFN(i), level, MFN(e->mfn.n + i));
	p2m_set(d, d->xenstore_gfn, P2M_SHARED, true, d->xenstore_mfn);
	p2m_set(d, d->console.ring_gfn, P2M_SHARED, true, d->console.ring);
	event_place(d, CONSOLE_PORT, (struct port){
		PORT_DEVICE, 0, DOMID_XEN, PORT_DEVICE_CONSOLE });
	build_reset_hook(d);
	for (uint32_t i = 0; i < d->vcpu_count; i++) {
		arch_vcpu_init(&d->vcpu[i]);
		d->vcpu[i].state = VCPU_RUNNABLE;
		sched_add(&d->vcpu[i]);
	}
	d->shutdown_reason = SHUTDOWN_NONE;
	d->state = DOMAIN_RUNNING;
}

static void create_cpus(unsigned int cpus, uint32_t vcpu_count)
{
	world.cpu_count = cpus;
	world.cpu = take(cpus * sizeof(struct cpu));
	for (unsigned int i = 0; i < cpus; i++) {
		struct cpu *c = &world.cpu[i];

		c->id = i;
		c->run.size = vcpu_count;
		c->timers.size = vcpu_count * TIMER_KIND_COUNT +
				 TIMERS_PER_CPU;
		c->run.node = take(c->run.size * sizeof(void *));
		c->timers.node = take(c->timers.size * sizeof(void *));
		sched_init_cpu(c);
	}
}

void world_start_cpus(unsigned int count, const struct vm_spec *vm,
		      unsigned int cpus)
{
	uint64_t frames = TABLE_SLACK, owned = 0;
	uint32_t vcpu_count = 0;

	for (unsigned int i = 0; i < count; i++) {
		struct vm_spec s = with_defaults(vm ? &vm[i] : NULL);

		owned += s.ram_frames + s.pool_count + 5 +
			 (s.ram_frames % 512 ? 0 : 512);
		frames += 8 + (s.vcpu_count * 4000 + s.port_count * 12 +
			       s.map_count * 24 + s.grant_frames * 6200u) /
				      PAGE_SIZE;
		vcpu_count += s.vcpu_count;
	}
	frames += owned / 256 + cpus * vcpu_count / 64;
	frame_end = frames + owned;
	table_byte = PAGE_SIZE;
	mock_start(frame_end);
	memset(&world, 0, sizeof(world));
	world.partition.frame = take(frame_end * sizeof(struct frame));
	world.partition.frame_count = frame_end;
	partition_assign(MFN(0), frame_end, 0, FRAME_VMM);
	world.domain = take((count + 1) * sizeof(void *));
	world.domain_count = count + 1;
	world.live_count = count;
	create_cpus(cpus, vcpu_count);
	for (unsigned int i = 0; i < count; i++) {
		struct vm_spec s = with_defaults(vm ? &vm[i] : NULL);
		struct domain *d = take(sizeof(*d));

		world.domain[i + 1] = d;
		d->id = (uint16_t)(i + 1);
		snprintf(d->name, sizeof(d->name), "vm%u", i + 1);
		create_tables(d, &s);
		create_frames(d, &s);
	}
	assert_true(table_byte <= frames * PAGE_SIZE);
	for (unsigned int i = 1; i <= count; i++)
		build(world.domain[i]);
	world.sealed = true;
}

void world_start(unsigned int count, const struct vm_spec *vm)
{
	world_start_cpus(count, vm, 1);
}

void world_allow(unsigned int a, unsigned int b)
{
	vm_at(a)->peers[b / 64] |= BIT64(b % 64);
	vm_at(b)->peers[a / 64] |= BIT64(a % 64);
}

struct domain *vm_at(unsigned int domid)
{
	return world.domain[domid];
}

struct vcpu *vcpu_at(unsigned int domid, unsigned int vcpu)
{
	return &world.domain[domid]->vcpu[vcpu];
}

void *vm_ptr(unsigned int domid, uint64_t gpa)
{
	struct p2m_entry e = p2m_lookup(vm_at(domid), gfn_of(gpa));

	if (e.kind == P2M_NONE)
		return NULL;
	return (char *)arch_frame_ptr(e.mfn) + gpa % PAGE_SIZE;
}

void vm_grant(unsigned int domid, uint32_t ref, unsigned int to, uint64_t gfn,
	      unsigned int flags)
{
	atomic_store((uint64_t *)(void *)grant_entry(vm_at(domid), ref),
		     (gfn & UINT32_MAX) << 32 | (uint64_t)to << 16 | flags);
}

uint16_t vm_grant_flags(unsigned int domid, uint32_t ref)
{
	return grant_entry(vm_at(domid), ref)->flags;
}

int64_t world_call_at(struct vcpu *v, hypercall_fn *call, uint64_t cmd,
		      uint64_t va, uint64_t count)
{
	struct guest_regs saved = v->regs;
	int64_t result;

	v->regs.rdi = cmd;
	v->regs.rsi = va;
	v->regs.rdx = count;
	world_slices = 0;
	do {
		world_slices++;
		result = call(v);
	} while (result == HYPERCALL_AGAIN);
	v->regs = saved;
	return result;
}

int64_t world_call(struct vcpu *v, hypercall_fn *call, uint64_t cmd,
		   void *arg, size_t size, uint64_t count)
{
	void *guest = vm_ptr(v->domain->id, WORLD_ARG_GPA);
	char saved[PAGE_SIZE];
	int64_t result;

	assert_true(size <= sizeof(saved));
	memcpy(saved, guest, size);
	memcpy(guest, arg, size);
	result = world_call_at(v, call, cmd, WORLD_ARG_GPA, count);
	memcpy(arg, guest, size);
	memcpy(guest, saved, size);
	return result;
}

/* --- the ledger --- */

uint64_t world_audit(void)
{
	struct audit audit;

	partition_audit(&audit);
	if (audit.errors)
		fprintf(stderr, "audit: %s\n", audit.first);
	return audit.errors;
}

void world_check(void)
{
	for (uint32_t i = 1; i < world.domain_count; i++) {
		struct domain *d = vm_at(i);

		assert_false(spin_is_locked(&d->lock));
		assert_false(spin_is_locked(&d->console.lock));
	}
	world_invariant();
	for (uint32_t i = 0; i < world.cpu_count; i++)
		assert_true(heap_invariant(&world.cpu[i].timers) &&
			    heap_invariant(&world.cpu[i].run));
	assert_int_equal(world_audit(), 0);
}

void world_end(void)
{
	world_check();
	for (uint64_t i = 0; i < world.partition.frame_count; i++)
		assert_int_equal(world.partition.frame[i].loans, 0);
}

/* --- snapshots --- */

struct snapshot {
	struct world world;
	struct mock mock;
	size_t size;
	char arena[];
};

/* Tickets count how often a lock was taken; that is no state. */
static void forget_tickets(void)
{
	for (uint32_t i = 1; i < world.domain_count; i++) {
		struct domain *d = vm_at(i);

		assert_false(spin_is_locked(&d->lock));
		assert_false(spin_is_locked(&d->console.lock));
		d->lock.next = d->lock.serving = 0;
		d->console.lock.next = d->console.lock.serving = 0;
	}
}

struct snapshot *world_save(void)
{
	size_t size = mock.frame_count * PAGE_SIZE;
	struct snapshot *s = malloc(sizeof(*s) + size);

	assert_non_null(s);
	forget_tickets();
	s->world = world;
	s->mock = mock;
	s->size = size;
	memcpy(s->arena, (void *)MOCK_ARENA, size);
	return s;
}

void world_restore(const struct snapshot *s)
{
	world = s->world;
	mock = s->mock;
	memcpy((void *)MOCK_ARENA, s->arena, s->size);
}

bool world_equals(const struct snapshot *s)
{
	forget_tickets();
	return memcmp(&world, &s->world, sizeof(world)) == 0 &&
	       memcmp((void *)MOCK_ARENA, s->arena, s->size) == 0;
}

void world_forget(struct snapshot *s)
{
	free(s);
}
