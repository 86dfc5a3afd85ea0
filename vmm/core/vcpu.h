/* SPDX-License-Identifier: MIT */
/*
 * A virtual CPU. Letters beside fields: [I] immutable after launch, [A]
 * atomic, [C] only the CPU that runs or last ran it (vcpu.cpu), [L] the
 * domain's lock, [G] guest-writable.
 */
#pragma once
#include "core/timer.h"
#include "lib/atomic.h"
#include <xen/xen.h>
#include <xen/vcpu.h>

struct domain;

enum vcpu_state {
	VCPU_DOWN,		/* waits for SIPI, or halted for good */
	VCPU_RUNNABLE,
	VCPU_BLOCKED,		/* HLT, SCHEDOP_block, SCHEDOP_poll */
};

/* Reasons to look before the next entry; bits of vcpu.pending. */
#define VCPU_PENDING_UPCALL	BIT32(0)  /* event channel upcall */
#define VCPU_PENDING_LAPIC	BIT32(1)  /* IRR of the virtual APIC changed */
#define VCPU_PENDING_NMI	BIT32(2)
#define VCPU_PENDING_INIT	BIT32(3)  /* INIT from another vCPU */
#define VCPU_PENDING_SIPI	BIT32(4)  /* start at vcpu.sipi_vector */
#define VCPU_PENDING_LOOK	BIT32(5)  /* some of the above had to wait */
#define VCPU_PENDING_POLL	BIT32(6)  /* a polled port became pending */
#define VCPU_PENDING_START	(VCPU_PENDING_INIT | VCPU_PENDING_SIPI)

struct guest_regs {		/* general registers in hardware order */
	uint64_t rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi;
	uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
	uint64_t rip, rflags;	/* valid between exit and entry */
};

/* Virtual local APIC, x2APIC mode only; vdev/lapic.c owns the meaning. */
struct lapic {
	uint64_t irr[4];	/* [A] other vCPUs set bits */
	uint64_t isr[4];	/* [C] */
	uint64_t reg[64];	/* [C] the rest by number; [A] who is on */
#define LAPIC_TPR	8u
	nsec_t timer_start;	/* [C] */
};

/* A buffer in guest memory of at most a page's size (core/gmem.h). */
struct gmem_span {
	uint8_t *part[2];	/* [C] VMM mappings; part[1] after a page end */
	size_t size[2];		/* size[0] 0 = none */
};

struct vcpu {
	struct domain *domain;	/* [I] */
	uint32_t id;		/* [I] index in the domain */
	uint32_t cpu;		/* [A] the physical CPU that it belongs to */
	void *arch;		/* [I] machine state, arch_vcpu_size() bytes */
	struct guest_regs regs;	/* [C] */

	uint32_t state;		/* [A] enum vcpu_state */
	uint32_t pending;	/* [A] VCPU_PENDING_* */
	bool running;		/* [A] a CPU is inside its run loop */
	uint8_t sipi_vector;	/* [A] */
	bool polling;		/* [A] blocked in SCHEDOP_poll */
	bool upcall_waited;	/* [C] for an interrupt of the APIC */
	bool quiesced;		/* [A] domain ends; v's CPU let go of v */

	struct vcpu_info *info;	/* [A] in shared_info or registered page */
	struct gmem_span runstate_area;		/* [C] if registered, ... */
	struct gmem_span time_area;		/* [C] kept up to date */
	struct vcpu_runstate_info runstate;	/* [C] */
	struct timer timer[TIMER_KIND_COUNT];	/* [C] */
	struct lapic lapic;
	uint32_t virq_port[NR_VIRQS];	/* [A] port by VIRQ, 0 = none */
	struct {			/* a batch of memory_op under way */
		uint64_t rip, handle;
		uint32_t cmd, done;	/* done 0 = none */
	} batch;			/* [C] */

	/* scheduling, see core/sched.h */
	struct vcpu *mail_next;	/* [A] link in a CPU's mailbox */
	bool mailed;		/* [A] */
	struct heap_node run;	/* [C] place in the run heap; key: vruntime */
	uint64_t vruntime;	/* [C] weighted ns of CPU */
	nsec_t budget;		/* [C] ns left in this period, with a cap */
	bool throttled;		/* [C] waits for the next period */
	struct vcpu *throttle_next;	/* [C] */
	uint32_t moving_timers;	/* [C] bits by kind, between two CPUs */
	bool pinned;		/* [I] stays on its CPU */
	nsec_t cpu_time;	/* [C] ns of CPU ever used */
	nsec_t ran_from;	/* [C] start of the present stretch */
	nsec_t woken_at;	/* [C] became runnable, 0 = no news */

	uint64_t exit_count;	/* [C] */
	uint64_t event_count;	/* [A] */
};

/*
 * Sets bits of v->pending and makes sure that v's CPU looks at them: wakes a
 * blocked vCPU, kicks a running one. Any CPU, no lock.
 */
void vcpu_notify(struct vcpu *v, uint32_t pending);
