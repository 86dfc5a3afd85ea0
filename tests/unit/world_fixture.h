/* SPDX-License-Identifier: MIT */
/*
 * A small world for tests: VMs 1..n on the mock machine, built as launch
 * would build them and running, with everything of theirs in the arena.
 *
 *	world_start(2, (struct vm_spec[]){ {}, { .vcpu_count = 4 } });
 *	world_allow(1, 2);
 *	...
 *	world_end();
 */
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include "lib/types.h"
#include <cmocka.h>
#include "abi/table.h"
#include "arch/mock/mock.h"
#include "core/arch.h"
#include "core/world.h"

struct vm_spec {		/* 0: the default */
	uint32_t vcpu_count;	/* 1 */
	uint64_t ram_frames;	/* 32, from gfn 0; 2 MiB leaves if aligned */
	uint32_t port_count;	/* 64 */
	uint32_t grant_frames;	/* 2, one of them in use */
	uint32_t map_count;	/* 16 */
	uint32_t pool_count;	/* enough for 4 KiB leaves everywhere */
};

/* Builds VMs 1..count; vm may be NULL. cpus: physical CPUs, 1 in _start. */
void world_start_cpus(unsigned int count, const struct vm_spec *vm,
		      unsigned int cpus);
void world_start(unsigned int count, const struct vm_spec *vm);
/* Lets a and b share channels. */
void world_allow(unsigned int a, unsigned int b);
/* The ledger: every invariant holds, the audit is clean, no lock is held. */
void world_check(void);
/* Of channels and grants, in world_invariant.c. */
void world_invariant(void);
/* The ledger, and that no loan is left. */
void world_end(void);
/* 0 if the audit is clean, else its errors, with the first one printed. */
uint64_t world_audit(void);

struct domain *vm_at(unsigned int domid);
struct vcpu *vcpu_at(unsigned int domid, unsigned int vcpu);
/* Memory of a VM as it sees it: one page, NULL where nothing is mapped. */
void *vm_ptr(unsigned int domid, uint64_t gpa);
/* An entry of a VM's grant table, as the VM writes it. */
void vm_grant(unsigned int domid, uint32_t ref, unsigned int to, uint64_t gfn,
	      unsigned int flags);
uint16_t vm_grant_flags(unsigned int domid, uint32_t ref);

/*
 * The hypercall as v makes it, until it is finished. The argument is put at
 * this guest-physical address first and copied back from there after; memory
 * there and v's registers are then as before.
 */
#define WORLD_ARG_GPA	0x1000ull
int64_t world_call(struct vcpu *v, hypercall_fn *call, uint64_t cmd,
		   void *arg, size_t size, uint64_t count);
/* With registers only; *slices, if given, counts the runs it took. */
int64_t world_call_at(struct vcpu *v, hypercall_fn *call, uint64_t cmd,
		      uint64_t va, uint64_t count);
extern unsigned int world_slices;	/* of the last call */

/* Runs the statement and asserts that it ended in arch_panic(). */
#define assert_panics(statement) \
	do { \
		jmp_buf escape_; \
		mock.panic_to = &escape_; \
		if (setjmp(escape_) == 0) { \
			statement; \
			fail_msg("no panic: %s", #statement); \
		} \
		mock.panic_to = NULL; \
	} while (0)

/* --- the whole world as a value --- */

struct snapshot;
struct snapshot *world_save(void);
void world_restore(const struct snapshot *snapshot);
/* Whether nothing changed since; the mock's records do not count. */
bool world_equals(const struct snapshot *snapshot);
void world_forget(struct snapshot *snapshot);

/* Asserts that the call gives this result and changes nothing at all. */
#define assert_refused(call, result) \
	do { \
		struct snapshot *before_ = world_save(); \
		assert_int_equal((call), (result)); \
		assert_true(world_equals(before_)); \
		world_forget(before_); \
	} while (0)
