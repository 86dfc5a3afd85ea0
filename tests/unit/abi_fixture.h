/* SPDX-License-Identifier: MIT */
/*
 * What the tests of abi/ and vdev/ share: VMs 1 and 2 with four vCPUs each,
 * running, on one CPU; calls as a guest makes them; time at will.
 */
#pragma once
#include "world_fixture.h"
#include <xen/errno.h>

/* One test between setup(), of the file's own, and abi_teardown. */
#define T(name) cmocka_unit_test_setup_teardown(name, setup, abi_teardown)

/* No upcall vector, nothing pending, all vCPUs runnable; time 1000 ns. */
int abi_setup(void **state);
/* Ends with the ledger. */
int abi_teardown(void **state);

struct vcpu *vm(unsigned int domid, unsigned int vcpu);
void set_time(nsec_t now);
/* Takes v's timers that are due: bit mask of their kinds. */
unsigned int fire_timers(struct vcpu *v);

/* Guest-virtual address n bytes into v's scratch memory of 4 pages. */
uint64_t scratch(const struct vcpu *v, uint64_t n);
uint64_t gpa_of(const struct vcpu *v, uint64_t va);
void guest_write(struct vcpu *v, uint64_t va, const void *from, size_t size);
void guest_read(struct vcpu *v, uint64_t va, void *to, size_t size);
/* An address that is mapped to nothing. */
#define NOWHERE	0x7fff00000000ull

/* The call as v makes it, again and again until it is finished. */
int64_t call(struct vcpu *v, uint64_t number, uint64_t a, uint64_t b,
	     uint64_t c);
/* Puts an argument into scratch memory first. */
#define call_with(v, number, op, argument) ({ \
	guest_write((v), scratch((v), 0), &(argument), sizeof(argument)); \
	call((v), (number), (op), scratch((v), 0), 0); })
