/* SPDX-License-Identifier: MIT */
/*
 * The serving graph; see serve.h.
 */
#include "serve.h"
#include "store_vm.h"

#include <stdlib.h>
#include <string.h>

enum visit { VISIT_NONE, VISIT_NOW, VISIT_DONE };

struct walk {
	struct machine *m;
	struct faults *faults;
	enum visit *visit;	/* by index, as all here */
	size_t *path, *order;	/* VMs in VISIT_NOW; in VISIT_DONE */
	size_t depth, done;
};

/* The index of a VM, or vm_count. */
static size_t vm_index(const struct machine *m, const char *name)
{
	for (size_t i = 0; i < m->vm_count; i++)
		if (m->vm[i].name && text_equal(m->vm[i].name, name))
			return i;
	return m->vm_count;
}

static void unknown_vm(const struct machine *m, struct place where,
		       const char *what, const char *name,
		       struct faults *faults)
{
	const char *near = machine_near(m, name);

	fault_add(faults, where, "%s names \"%s\", which is no VM here: %s%s%s",
		  what, name, near ? "did you mean \"" : "remove it",
		  near ? near : "", near ? "\"?" : "");
}

/* The number of the back end that a device names; 0: it names none. */
static unsigned int back_find(const struct machine *m, const struct vm *vm,
			      const char *kind, const char *name,
			      struct faults *faults, unsigned int line)
{
	struct place where = { vm->file, line };
	size_t i = name ? vm_index(m, name) : 0;

	if (!name) {
		fault_add(faults, where,
			  "a %s has no back end: write backend=NAME, the name "
			  "of the VM that serves it (there is no dom0)",
			  kind);
	} else if (text_equal(name, "0") || text_equal(name, "Domain-0") ||
		   text_equal(name, "dom0")) {
		fault_add(faults, where,
			  "backend=%s: there is no dom0, so write the name of "
			  "the VM that serves this %s",
			  name, kind);
	} else if (i == m->vm_count) {
		unknown_vm(m, where, "backend=", name, faults);
	} else if (&m->vm[i] == vm) {
		fault_add(faults, where,
			  "backend=%s is the VM itself: a VM cannot serve its "
			  "own %s, so name another",
			  name, kind);
	} else if (!m->vm[i].driver_domain) {
		fault_add(faults, where,
			  "backend=%s serves no devices: write driver_domain = "
			  "1 in %s, or name another VM",
			  name, m->vm[i].file);
	} else {
		return (unsigned int)i + 1;
	}
	return 0;
}

static void backs_find(struct machine *m, struct vm *vm, struct faults *faults)
{
	for (size_t i = 0; i < vm->disk_count; i++) {
		struct disk *d = &vm->disk[i];

		d->back = back_find(m, vm, "disk", d->backend, faults, d->line);
	}
	for (size_t i = 0; i < vm->vif_count; i++) {
		struct vif *v = &vm->vif[i];

		v->back = back_find(m, vm, "vif", v->backend, faults, v->line);
	}
}

/* The path from a VM back to itself, in one sentence. */
static void cycle_tell(struct walk *w, size_t to)
{
	struct machine *m = w->m;
	struct text t = { 0 };
	size_t from = w->depth;

	while (w->path[from - 1] != to)
		from--;
	for (size_t i = from; i <= w->depth; i++) {
		size_t next = i == w->depth ? to : w->path[i];

		text_add(&t, "%s%s needs %s", i > from ? ", " : "",
			 m->vm[w->path[i - 1]].name, m->vm[next].name);
	}
	fault_add(w->faults, (struct place){ m->vm[to].file, 0 },
		  "%s: a circle has no beginning, so take one of these back "
		  "ends or start_after away",
		  t.at);
	text_free(&t);
}

static void visit(struct walk *w, size_t i);

static void visit_needed(struct walk *w, size_t i)
{
	if (w->visit[i] == VISIT_NOW)
		cycle_tell(w, i);
	else
		visit(w, i);
}

/* Depth first: what a VM needs is in the order before it. */
static void visit(struct walk *w, size_t i)
{
	const struct vm *vm = &w->m->vm[i];

	if (w->visit[i] != VISIT_NONE)
		return;
	w->visit[i] = VISIT_NOW;
	w->path[w->depth++] = i;
	for (size_t k = 0; k < vm->disk_count; k++)
		if (vm->disk[k].back)
			visit_needed(w, vm->disk[k].back - 1);
	for (size_t k = 0; k < vm->vif_count; k++)
		if (vm->vif[k].back)
			visit_needed(w, vm->vif[k].back - 1);
	for (size_t k = 0; k < vm->after_count; k++) {
		size_t other = vm_index(w->m, vm->after[k]);

		if (other < w->m->vm_count && other != i)
			visit_needed(w, other);
	}
	w->depth--;
	w->visit[i] = VISIT_DONE;
	w->order[w->done++] = i;
}

static void after_check(const struct machine *m, const struct vm *vm,
			struct faults *faults)
{
	struct place where = { vm->file, vm->after_line };

	for (size_t i = 0; i < vm->after_count; i++) {
		size_t other = vm_index(m, vm->after[i]);

		if (other == m->vm_count)
			unknown_vm(m, where, "'start_after'", vm->after[i],
				   faults);
		else if (&m->vm[other] == vm)
			fault_add(faults, where,
				  "'start_after' names the VM itself: remove "
				  "\"%s\"",
				  vm->after[i]);
	}
}

/* Puts the VMs into the order that `place` holds and renumbers all. */
static void reorder(struct machine *m, const size_t *place)
{
	struct vm *old = m->vm;
	unsigned int *number = mem_alloc((m->vm_count + 1) * sizeof(*number));

	m->vm = mem_alloc(m->vm_count * sizeof(m->vm[0]));
	for (size_t i = 0; i < m->vm_count; i++) {
		m->vm[i] = old[place[i]];
		m->vm[i].domid = (unsigned int)i + 1;
		number[place[i] + 1] = m->vm[i].domid;
	}
	for (size_t i = 0; i < m->vm_count; i++) {
		struct vm *vm = &m->vm[i];

		for (size_t k = 0; k < vm->disk_count; k++)
			vm->disk[k].back = number[vm->disk[k].back];
		for (size_t k = 0; k < vm->vif_count; k++)
			vm->vif[k].back = number[vm->vif[k].back];
	}
	free(number);
	free(old);
}

/* First those of `order`, then the xenstore, then each behind its needs. */
static void number_vms(struct machine *m, size_t fixed, struct faults *faults)
{
	size_t n = m->vm_count, count = 0;
	struct walk w = {
		.m = m,
		.faults = faults,
		.visit = mem_alloc(n * sizeof(w.visit[0])),
		.path = mem_alloc(n * sizeof(w.path[0])),
		.order = mem_alloc(n * sizeof(w.order[0])),
	};
	size_t *place = mem_alloc(n * sizeof(place[0]));
	size_t store = m->store ? vm_index(m, m->store) : n;

	for (size_t i = 0; i < n; i++)
		visit(&w, i);
	for (size_t i = 0; i < fixed; i++)
		place[count++] = i;
	if (store < n && store >= fixed)
		place[count++] = store;
	for (size_t i = 0; i < n; i++)
		if (w.order[i] >= fixed && w.order[i] != store)
			place[count++] = w.order[i];
	reorder(m, place);
	free(place);
	free(w.order);
	free(w.path);
	free(w.visit);
}

static void share(struct machine *m, unsigned int a, unsigned int b)
{
	if (!a || !b || a == b)
		return;
	m->share[(a - 1) * m->vm_count + b - 1] = true;
	m->share[(b - 1) * m->vm_count + a - 1] = true;
}

static void share_all(struct machine *m)
{
	free(m->share);
	m->share = mem_alloc(m->vm_count * m->vm_count * sizeof(m->share[0]));
	for (size_t i = 0; i < m->vm_count; i++) {
		const struct vm *vm = &m->vm[i];

		for (size_t k = 0; k < vm->disk_count; k++)
			share(m, vm->domid, vm->disk[k].back);
		for (size_t k = 0; k < vm->vif_count; k++)
			share(m, vm->domid, vm->vif[k].back);
		for (size_t k = 0; k < vm->peer_count; k++) {
			size_t other = vm_index(m, vm->peer[k]);

			if (other < m->vm_count)
				share(m, vm->domid, m->vm[other].domid);
		}
	}
}

static bool are_two(const struct machine *m, unsigned int a, unsigned int b)
{
	return a != b && a && b && a <= m->vm_count && b <= m->vm_count;
}

bool serve_are_peers(const struct machine *m, unsigned int a, unsigned int b)
{
	return are_two(m, a, b) && m->share &&
	       m->share[(a - 1) * m->vm_count + b - 1];
}

bool serve_may_share(const struct machine *m, unsigned int a, unsigned int b)
{
	return serve_are_peers(m, a, b) ||
	       (are_two(m, a, b) &&
		(a == m->store_domid || b == m->store_domid));
}

size_t serve_disks(const struct machine *m, unsigned int front,
		   unsigned int back)
{
	const struct vm *vm = &m->vm[front - 1];
	size_t count = 0;

	for (size_t i = 0; i < vm->disk_count; i++)
		count += vm->disk[i].back == back;
	return count;
}

size_t serve_vifs(const struct machine *m, unsigned int front,
		  unsigned int back)
{
	const struct vm *vm = &m->vm[front - 1];
	size_t count = 0;

	for (size_t i = 0; i < vm->vif_count; i++)
		count += vm->vif[i].back == back;
	return count;
}

static bool any_client(const struct machine *m)
{
	for (size_t i = 0; i < m->vm_count; i++)
		if (vm_is_client(&m->vm[i]))
			return true;
	return false;
}

void serve_resolve(struct machine *m, size_t fixed, struct faults *faults)
{
	if (any_client(m) || (m->store && text_equal(m->store, STORE_VM_NAME)))
		store_vm_add(m, faults);
	for (size_t i = 0; i < m->vm_count; i++) {
		backs_find(m, &m->vm[i], faults);
		after_check(m, &m->vm[i], faults);
	}
	number_vms(m, fixed, faults);
	for (size_t i = 0; i < m->vm_count; i++)
		device_numbers(m, &m->vm[i], faults);
	share_all(m);
}
