/* SPDX-License-Identifier: MIT */
/*
 * The invariants of core/event.h and core/grant.h, checked from outside by
 * walking all tables.
 */
#include "world_fixture.h"
#include "core/event.h"
#include "core/grant.h"
#include "core/p2m.h"

static bool is_global(uint32_t virq)
{
	return virq != VIRQ_TIMER && virq != VIRQ_DEBUG &&
	       virq != VIRQ_XENOPROF && virq != VIRQ_XENPMU;
}

/* E1, E4, and that virq_port says what the ports say. */
static void events_are_sound(const struct domain *d)
{
	assert_false(d->port[0].state != PORT_FREE);
	for (uint32_t i = 1; i < d->port_count; i++) {
		struct port p = d->port[i], end;

		assert_false(p.vcpu >= d->vcpu_count);
		if (p.state == PORT_VIRQ)
			assert_int_equal(d->vcpu[is_global(p.peer_port) ? 0 :
						 p.vcpu].virq_port[p.peer_port],
					 i);
		if (p.state != PORT_INTERDOMAIN)
			continue;
		end = *port_at(domain_at(p.peer_dom), p.peer_port);
		assert_int_equal(end.state, PORT_INTERDOMAIN);
		assert_int_equal(end.peer_dom, d->id);
		assert_int_equal(end.peer_port, i);
		assert_non_null(domain_peer(domain_at(d->id),
					    (uint16_t)p.peer_dom));
	}
}

/* G1 to G3, for one borrower and one lender; returns the live maps. */
static uint64_t check_maps(const struct domain *user,
			   const struct domain *granter)
{
	uint64_t live = 0;

	for (uint32_t i = 0; i < user->map_count; i++) {
		const struct grant_map *m = &user->map[i];
		const struct grant_active *a;
		struct p2m_entry e;

		if (m->state != GRANT_MAP_LIVE || m->domid != granter->id)
			continue;
		live++;
		e = p2m_lookup(user, GFN(m->gfn));
		a = &granter->grants.active[m->ref];
		assert_int_equal(a->domid, user->id);
		assert_true(m->readonly ? a->read_count : a->write_count);
		assert_int_equal(e.kind, P2M_GRANT);
		assert_true(e.writable != m->readonly);
		assert_int_equal(e.mfn.n, a->mfn);
	}
	return live;
}

static void grants_are_sound(const struct domain *d)
{
	uint64_t count = (uint64_t)d->grants.frame_count *
			 GRANT_REFS_PER_FRAME;
	uint64_t pins = 0, live = 0, used = d->map_live;

	for (uint64_t i = 0; i < count; i++)
		pins += (uint64_t)d->grants.active[i].read_count +
			d->grants.active[i].write_count;
	for (uint32_t i = 1; i < world.domain_count; i++)
		live += check_maps(world.domain[i], d);
	assert_false(pins != live);
	for (uint32_t i = d->map_free; i < d->map_count;
	     i += 1 + d->map[i].ref, used++)
		assert_false(d->map[i].state != GRANT_MAP_FREE ||
		       used >= d->map_count);
	assert_false(used != d->map_count);
}

void world_invariant(void)
{
	for (uint32_t i = 1; i < world.domain_count; i++) {
		events_are_sound(vm_at(i));
		grants_are_sound(vm_at(i));
	}
}
