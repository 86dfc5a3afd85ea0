/* SPDX-License-Identifier: MIT */
/*
 * Three VMs and their grants. VM 1 and 2 lend pages; VM 1 knows both
 * others, 2 and 3 are strangers. A VM writes its entries as it likes, in use
 * or not. Each VM has one or two handles and one or two places to map at.
 * Three such worlds by default, or one with the bounds given as arguments:
 * references of 1 and 2, handles of 1, 2 and 3, places of 1, 2 and 3.
 * `grant_world 1 1 1 2 1 1 2 1` has 76,608 states.
 */
#include "grant_record.h"
#include <stdio.h>
#include <stdlib.h>
#include <xen/errno.h>
#include <xen/grant_table.h>
#include <xen/memory.h>
#include "core/event.h"
#include "core/grant.h"
#include "core/p2m.h"

#define LENT_GFN(ref)	(5u + (ref))
#define HOLE_GFN	0x100u
#define LIST_GPA	0x2000ull

/* --- actions --- */

struct action {
	enum { WRITE, MAP, UNMAP, COPY_FROM, COPY_TO, GIVE_UP, TAKE_BACK,
	       DIE } op;
	unsigned int vm, other, ref, flag, place;
};
static struct action action[2000];
static unsigned int action_count;

static const char *const op_name[] = {
	"write entry", "map", "unmap", "copy from", "copy to", "give up",
	"take back", "die"
};

static void add(struct action a)
{
	action[action_count++] = a;
}

static void list_of(unsigned int vm)
{
	static const unsigned int domid[] = { 1, 2, 3, 4, DOMID_SELF };

	for (unsigned int r = 0; r < refs[vm]; r++)
		for (unsigned int to = 0; to <= VMS; to++)
			for (unsigned int ro = 0; ro <= (to ? 1u : 0u); ro++)
				if (to != vm)
					add((struct action){ WRITE, vm, to, r,
							     ro, 0 });
	for (unsigned int i = 0; i < ARRAY_SIZE(domid); i++)
		for (unsigned int r = 0; r <= REFS; r++) {
			unsigned int ref = r < REFS ? r : 504;

			for (unsigned int n = 0; n < 2 * places[vm]; n++)
				add((struct action){ MAP, vm, domid[i], ref,
						     n & 1, n / 2 });
			add((struct action){ COPY_FROM, vm, domid[i], ref, 0,
					     0 });
			add((struct action){ COPY_TO, vm, domid[i], ref, 0,
					     0 });
		}
	for (unsigned int h = 0; h <= handles[vm]; h++)
		for (unsigned int place = 0; place < places[vm]; place++)
			add((struct action){ UNMAP, vm, 0, h, 0, place });
	add((struct action){ DIE, vm, 0, 0, 0, 0 });
}

static void describe(unsigned int n, char *text, size_t size)
{
	const struct action *a = &action[n];

	snprintf(text, size, "VM %u: %s %s %u of/for VM %u, %s, place %u",
		 a->vm, op_name[a->op], a->op == UNMAP ? "handle" : "ref",
		 a->ref, a->other, a->flag ? "readonly" : "read-write",
		 a->place);
}

static bool fits(int64_t result, int64_t want, bool *refused)
{
	*refused = want < 0;
	if (result == want)
		return true;
	explorer_complain("status %ld, should be %ld", (long)result,
			  (long)want);
	return false;
}

static int64_t hypercall(unsigned int vm, uint64_t cmd, void *arg, size_t size)
{
	int64_t result = world_call(vcpu_at(vm, 0), do_grant_table_op, cmd, arg,
				    size, 1);

	if (result)
		explorer_complain("the call itself gave %ld", (long)result);
	return result;
}

/* The guest's store, with whatever bits it likes: here, none of ours. */
static bool do_write(struct model *m, const struct action *a)
{
	m->entry[a->vm][a->ref] = (struct entry){ .to = (uint8_t)a->other,
						  .readonly = a->other ?
						  (uint8_t)a->flag : 0 };
	vm_grant(a->vm, FIRST_REF + a->ref, a->other,
		 a->other ? LENT_GFN(a->ref) : 0,
		 !a->other ? GTF_invalid :
		 GTF_permit_access | (a->flag ? GTF_readonly : 0));
	return true;
}

static bool do_map(struct model *m, const struct action *a, bool *refused)
{
	struct gnttab_map_grant_ref op = {
		.host_addr = (HOLE_GFN + a->place) * PAGE_SIZE,
		.flags = GNTMAP_host_map | (a->flag ? GNTMAP_readonly : 0),
		.ref = FIRST_REF + a->ref, .dom = (domid_t)a->other,
		.status = 1
	};
	unsigned int vm = partner(a->vm, a->other), handle;
	int want = GNTST_okay;

	if (!vm)
		want = GNTST_permission_denied;
	else if (!m->depth[a->vm])
		want = GNTST_no_space;
	else if (place_taken(m, a->vm, a->place))
		want = GNTST_general_error;
	else
		want = start_use(m, vm, a->ref, a->vm, !a->flag);
	if (hypercall(a->vm, GNTTABOP_map_grant_ref, &op, sizeof(op)))
		return false;
	if (want == GNTST_okay) {
		handle = m->stack[a->vm][--m->depth[a->vm]];
		m->stack[a->vm][m->depth[a->vm]] = 0;
		m->mapping[a->vm][handle] = (struct mapping){
			1, 0, (uint8_t)vm, (uint8_t)a->ref, (uint8_t)a->flag,
			(uint8_t)a->place
		};
		if (op.status == 0 && op.handle != handle) {
			explorer_complain("handle %u, should be %u", op.handle,
					  handle);
			return false;
		}
	}
	return fits(op.status, want, refused);
}

static bool do_unmap(struct model *m, const struct action *a, bool *refused)
{
	struct gnttab_unmap_grant_ref op = {
		.host_addr = (HOLE_GFN + a->place) * PAGE_SIZE,
		.handle = a->ref, .status = 1
	};
	struct mapping *map = &m->mapping[a->vm][a->ref % HANDLES];
	int want = GNTST_okay;

	if (a->ref >= handles[a->vm] || !(map->live || map->revoked))
		want = GNTST_bad_handle;
	else if (map->place != a->place)
		want = GNTST_general_error;
	else
		free_mapping(m, a->vm, a->ref);
	if (hypercall(a->vm, GNTTABOP_unmap_grant_ref, &op, sizeof(op)))
		return false;
	return fits(op.status, want, refused);
}

/* A copy is a use that is over when the call is. */
static bool do_copy(struct model *m, const struct action *a, bool *refused)
{
	bool to = a->op == COPY_TO;
	struct gnttab_copy op = {
		.len = 8, .status = 1,
		.flags = to ? GNTCOPY_dest_gref : GNTCOPY_source_gref
	};
	struct gnttab_copy_ptr *granted = to ? &op.dest : &op.source;
	struct gnttab_copy_ptr *own = to ? &op.source : &op.dest;
	unsigned int vm = partner(a->vm, a->other);
	int want = GNTST_permission_denied;

	own->u.gmfn = 3;
	own->domid = DOMID_SELF;
	granted->u.ref = FIRST_REF + a->ref;
	granted->domid = (domid_t)a->other;
	if (vm)
		want = start_use(m, vm, a->ref, a->vm, to);
	if (want == GNTST_okay)
		end_use(m, vm, a->ref, to);
	if (hypercall(a->vm, GNTTABOP_copy, &op, sizeof(op)))
		return false;
	return fits(op.status, want, refused);
}

static bool do_memory(struct model *m, const struct action *a, bool *refused)
{
	struct xen_memory_reservation r = { .domid = DOMID_SELF,
					    .nr_extents = 1 };
	const struct use *u = &m->use[1][0];
	bool give = a->op == GIVE_UP;
	bool may = give ? !m->given_up && !u->readers && !u->writers
			: m->given_up;
	uint64_t *list = vm_ptr(1, LIST_GPA);
	int64_t result;

	*list = LENT_GFN(0);
	r.extent_start.p = (void *)LIST_GPA;
	result = world_call(vcpu_at(1, 0), do_memory_op,
			    give ? XENMEM_decrease_reservation
				 : XENMEM_populate_physmap,
			    &r, sizeof(r), 0);
	*list = 0;
	if (may)
		m->given_up = give;
	if (!fits(result, may, refused))
		return false;
	*refused = !may;
	return true;
}

static void make_tables(struct domain *d)
{
	for (unsigned int place = 0; place < PLACES; place++) {
		p2m_set(d, GFN(HOLE_GFN + place), P2M_BLANK, true,
			d->p2m.blank);
		p2m_set(d, GFN(HOLE_GFN + place), P2M_NONE, false, MFN_NONE);
	}
}

static void build(struct domain *d)
{
	p2m_reset(d);
	grant_init(d);
	for (uint64_t i = 0; i < d->ram_frames; i++)
		p2m_map_ram(d, GFN(i), 1, MFN(d->extent->mfn.n + i));
	p2m_set(d, d->xenstore_gfn, P2M_SHARED, true, d->xenstore_mfn);
	p2m_set(d, d->console.ring_gfn, P2M_SHARED, true, d->console.ring);
	make_tables(d);
}

static bool do_die(struct model *m, const struct action *a)
{
	uint64_t cursor = 0, peer = 0;
	struct domain *d = vm_at(a->vm);

	for (unsigned int h = 0; h < handles[a->vm]; h++)
		if (m->mapping[a->vm][h].live || m->mapping[a->vm][h].revoked)
			free_mapping(m, a->vm, h);
	for (unsigned int vm = 1; vm <= VMS; vm++)
		for (unsigned int h = 0; h < handles[vm]; h++) {
			struct mapping *map = &m->mapping[vm][h];

			if (map->live && map->vm == a->vm) {
				map->live = 0;
				map->revoked = 1;
			}
		}
	memset(m->entry[a->vm], 0, sizeof(m->entry[0]));
	memset(m->use[a->vm], 0, sizeof(m->use[0]));
	if (a->vm == 1)
		m->given_up = 0;
	d->state = DOMAIN_DYING;
	while (!grant_unmap_all_step(d, &cursor))
		;
	cursor = 0;
	while (!grant_revoke_step(d, &cursor, &peer))
		;
	build(d);
	d->state = DOMAIN_RUNNING;
	return true;
}

static bool act(unsigned int n, void *model, bool *refused)
{
	const struct action *a = &action[n];

	switch (a->op) {
	case WRITE:
		return do_write(model, a);
	case MAP:
		return do_map(model, a, refused);
	case UNMAP:
		return do_unmap(model, a, refused);
	case COPY_FROM:
	case COPY_TO:
		return do_copy(model, a, refused);
	case GIVE_UP:
	case TAKE_BACK:
		return do_memory(model, a, refused);
	case DIE:
		break;
	}
	return do_die(model, a);
}

/* --- the world against the record --- */

static bool refs_agree(const struct model *m, unsigned int vm)
{
	for (unsigned int r = 0; r < REFS; r++) {
		const struct grant_active *active =
			&vm_at(vm)->grants.active[FIRST_REF + r];
		struct entry e = m->entry[vm][r];
		struct use u = m->use[vm][r];
		unsigned int flags = (e.to ? GTF_permit_access : 0) |
				     (e.readonly ? GTF_readonly : 0) |
				     (e.reading ? GTF_reading : 0) |
				     (e.writing ? GTF_writing : 0);
		struct p2m_entry p2m = p2m_lookup(vm_at(vm), GFN(LENT_GFN(r)));

		explorer_complain("VM %u ref %u: flags 0x%x should be 0x%x, "
				  "pins %u/%u should be %u/%u", vm, r,
				  vm_grant_flags(vm, FIRST_REF + r), flags,
				  active->read_count, active->write_count,
				  u.readers, u.writers);
		if (vm_grant_flags(vm, FIRST_REF + r) != flags ||
		    active->read_count != u.readers ||
		    active->write_count != u.writers ||
		    active->domid != u.user)
			return false;
		if ((p2m.kind == P2M_RAM) != backed(m, vm, r))
			return false;
		if (p2m.kind == P2M_RAM && frame_at(p2m.mfn)->loans !=
						   (uint32_t)u.readers +
							   u.writers)
			return false;
	}
	return true;
}

/* What VM vm can reach at this place, and what it should. */
static bool place_agrees(const struct model *m, unsigned int vm,
			 unsigned int place)
{
	struct p2m_entry e = p2m_lookup(vm_at(vm), GFN(HOLE_GFN + place));

	explorer_complain("VM %u place %u: kind %u%s", vm, place, e.kind,
			  e.writable ? ", writable" : "");
	for (unsigned int h = 0; h < handles[vm]; h++) {
		struct mapping map = m->mapping[vm][h];
		mfn_t want = vm_at(vm)->p2m.blank;

		if ((!map.live && !map.revoked) || map.place != place)
			continue;
		if (map.live)
			want = p2m_lookup(vm_at(map.vm),
					  GFN(LENT_GFN(map.ref))).mfn;
		return e.kind == (map.live ? P2M_GRANT : P2M_BLANK) &&
		       e.mfn.n == want.n && e.writable == !map.readonly;
	}
	return e.kind == P2M_NONE;
}

static bool agrees(const void *model)
{
	const struct model *m = model;

	for (unsigned int vm = 1; vm <= VMS; vm++) {
		if (!refs_agree(m, vm))
			return false;
		for (unsigned int place = 0; place < PLACES; place++)
			if (!place_agrees(m, vm, place))
				return false;
		explorer_complain("VM %u: %u handles in use", vm,
				  vm_at(vm)->map_live);
		if (vm_at(vm)->map_live + m->depth[vm] != handles[vm])
			return false;
	}
	return true;
}

static void settle(void)
{
	for (unsigned int vm = 1; vm <= VMS; vm++) {
		vm_at(vm)->lock.next = vm_at(vm)->lock.serving = 0;
		vm_at(vm)->p2m.flush_seq = vm_at(vm)->p2m.ram_seq = 0;
	}
}

static void watch_entry(struct domain *d, uint64_t gfn)
{
	mfn_t table = d->p2m.root;

	for (unsigned int level = 4;; level--) {
		uint64_t *entry = (uint64_t *)arch_frame_ptr(table) +
				  (gfn >> 9 * (level - 1) & 511);

		if (level == 1) {
			explorer_watch(entry, sizeof(*entry));
			return;
		}
		table = arch_npte_mfn(*entry);
	}
}

static void watch_vm(unsigned int vm)
{
	struct domain *d = vm_at(vm);

	explorer_watch(d->map, handles[vm] * sizeof(d->map[0]));
	explorer_watch(&d->map_free, sizeof(d->map_free));
	explorer_watch(&d->map_live, sizeof(d->map_live));
	explorer_watch(&d->p2m.parked_count, sizeof(d->p2m.parked_count));
	explorer_watch(&d->p2m.parked_first, sizeof(d->p2m.parked_first));
	explorer_watch(&d->grants.active[FIRST_REF],
		       REFS * sizeof(d->grants.active[0]));
	explorer_watch(grant_entry(d, FIRST_REF), REFS * 8);
	for (unsigned int place = 0; place < PLACES; place++)
		watch_entry(d, HOLE_GFN + place);
	for (unsigned int r = 0; r < refs[vm]; r++) {
		watch_entry(d, LENT_GFN(r));
		explorer_watch(frame_at(p2m_lookup(d, GFN(LENT_GFN(r))).mfn),
			       sizeof(struct frame));
	}
}

static void explore(const unsigned int bound[8])
{
	struct explorer explorer = {
		.name = "grants", .model_size = sizeof(struct model),
		.state_max = 2000000, .act = act, .agrees = agrees,
		.settle = settle, .describe = describe
	};
	struct vm_spec vm[VMS];
	struct model model = { 0 };

	memcpy(&refs[1], bound, 2 * sizeof(bound[0]));
	memcpy(&handles[1], bound + 2, 3 * sizeof(bound[0]));
	memcpy(&places[1], bound + 5, 3 * sizeof(bound[0]));
	for (unsigned int i = 0; i < VMS; i++)
		vm[i] = (struct vm_spec){
			.ram_frames = 8, .grant_frames = 1,
			.map_count = handles[i + 1], .pool_count = 12
		};
	world_start(VMS, vm);
	world_allow(1, 2);
	world_allow(1, 3);
	explorer_reset();
	action_count = 0;
	for (unsigned int i = 1; i <= VMS; i++) {
		build(vm_at(i));
		watch_vm(i);
		list_of(i);
		for (unsigned int h = handles[i]; h-- > 0;)
			model.stack[i][model.depth[i]++] = (uint8_t)h;
	}
	add((struct action){ GIVE_UP, 1, 0, 0, 0, 0 });
	add((struct action){ TAKE_BACK, 1, 0, 0, 0, 0 });
	explorer.action_count = action_count;
	explorer_run(&explorer, &model);
}

int main(int argc, char **argv)
{
	/* Lending both ways; one page twice; two pages of one VM. */
	static const unsigned int bound[][8] = {
		{ 1, 1, 1, 1, 1, 1, 1, 1 },
		{ 1, 0, 1, 2, 1, 1, 2, 1 },
		{ 2, 0, 1, 1, 1, 1, 1, 1 },
	};
	unsigned int given[8] = { 1, 1, 1, 2, 1, 1, 2, 1 };

	for (int i = 1; i < argc && i <= 8; i++)
		given[i - 1] = (unsigned int)MIN(atoi(argv[i]), 2);
	if (argc > 1)
		explore(given);
	for (unsigned int i = 0; i < ARRAY_SIZE(bound) && argc == 1; i++)
		explore(bound[i]);
	puts("1..1\nok 1 - every_state_of_three_vms_grants_is_as_recorded");
	return 0;
}
