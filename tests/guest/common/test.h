/* SPDX-License-Identifier: MIT */
/*
 * Verdicts of a guest test, one line on the console that ends it:
 *
 *   TEST name: success|skip|failure|error reason
 *
 * A failed CHECK prints what it saw and the test goes on; the verdict is then
 * failure (the VMM is wrong). error means that the test itself is wrong.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "acpi.h"
#include "apic.h"
#include "boot.h"
#include "clock.h"
#include "console.h"
#include "cpu.h"
#include "event.h"
#include "grant.h"
#include "hypercall.h"
#include "insn.h"
#include "memory.h"
#include "power.h"
#include "smp.h"
#include "string.h"
#include "trap.h"
#include "xen.h"

#define SECOND		1000000000ull
#define MILLISECOND	1000000ull

/* Each returns condition, so that a test may stop following a lost thread. */
#define CHECK(condition, ...)						\
	test_check((condition), __LINE__, #condition, " " __VA_ARGS__)
/* Equality of two integers, printing both. */
#define CHECK_EQ(got, want, ...)					\
	test_check_equal((long)(got), (long)(want), __LINE__, #got,	\
			 " " __VA_ARGS__)

bool test_check(bool ok, int line, const char *what, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
bool test_check_equal(long got, long want, int line, const char *what,
		      const char *format, ...)
	__attribute__((format(printf, 5, 6)));

unsigned int test_failures(void);
/* Print the verdict from the checks so far and power off. */
_Noreturn void test_end(void);
/* The same without ending the guest. */
void test_verdict(void);
_Noreturn void test_skip(const char *why);
_Noreturn void test_error(const char *why);

/* Small deterministic generator; seed once per test. */
uint64_t test_random(void);

/* For tests that install an upcall handler of their own: */
#define RFLAGS_IF	(1u << 9)
/* A port to raise by event_send(), attached; turns the APIC on. */
evtchn_port_t test_ipi_port(void);
/* In the handler: nothing is pending any more. */
void test_upcall_taken(evtchn_port_t port);

/* role=NAME on the command line: which part of a test this guest plays. */
bool test_role(const char *role);
/* peer=N on the command line. */
domid_t test_peer(void);
