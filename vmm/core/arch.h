/* SPDX-License-Identifier: MIT */
/*
 * Everything that the core asks of a machine. arch/x86 answers on the metal,
 * arch/mock in user space. Growing this file needs its own commit.
 *
 * Unless a contract says otherwise a function may be called on any CPU, takes
 * no lock, cannot fail and does not touch guest memory.
 */
#pragma once
#include "lib/types.h"

struct domain;
struct vcpu;
struct vcpu_time_info;
struct vmexit;

/* --- memory --- */

/* The VMM's own mapping of a frame of RAM. mfn must be RAM. */
void *arch_frame_ptr(mfn_t mfn);
/* Zeroes one frame with the widest stores that the CPU has. */
void arch_frame_scrub(mfn_t mfn);
/* Copies bytes with the widest moves; no overlap. */
void arch_copy(void *to, const void *from, size_t size);
/*
 * index if index < count, else 0; no branch to mispredict. In assembly, because
 * a compiler that has seen the bound checked knows the answer and leaves the
 * clamp out.
 */
static inline size_t arch_index_nospec(size_t index, size_t count)
{
	size_t mask;

	__asm__("cmp %2,%1; sbb %0,%0"
		: "=r"(mask) : "r"(index), "r"(count) : "cc");
	return index & mask;
}

/* --- nested page-table entries; level 1 = 4 KiB, 2 = 2 MiB, 3 = 1 GiB --- */

/*
 * A leaf. kind (0..7) is kept in software bits and read back unchanged. Of
 * kind ARCH_KIND_DEVICE are a device's registers: uncached, and where the
 * IOMMU can tell (AMD-Vi) not for DMA.
 */
#define ARCH_KIND_DEVICE	7u
uint64_t arch_npte_leaf(mfn_t mfn, unsigned int level, bool writable,
			unsigned int kind);
/* level is that of the entries in the table. */
uint64_t arch_npte_table(mfn_t table, unsigned int level);
bool arch_npte_present(uint64_t entry);
bool arch_npte_is_leaf(uint64_t entry, unsigned int level);
bool arch_npte_writable(uint64_t entry);
mfn_t arch_npte_mfn(uint64_t entry);
unsigned int arch_npte_kind(uint64_t entry);
/* Largest leaf level that the CPU supports: 2 or 3. */
unsigned int arch_npte_max_level(void);

/*
 * Makes every CPU and IOMMU forget translations of d's nested tables that
 * were changed before the call. On return none uses an old one. Bounded:
 * other CPUs are made to leave the guest; never waits for a guest.
 */
void arch_npt_flush(struct domain *d);

/* --- processors and time --- */

unsigned int arch_cpu_id(void);		/* index of this CPU, 0 = boot CPU */
/* Makes cpu leave its guest or its idle state and look at its mailbox. */
void arch_cpu_kick(unsigned int cpu);
nsec_t arch_time(void);
/* UTC seconds at system time 0 (0 if unknown). */
uint64_t arch_wallclock_base(void);
/* This CPU's one-shot timer; NSEC_NEVER disarms. May fire early, not late. */
void arch_timer_arm(nsec_t deadline);
/*
 * How guests turn RDTSC into system time (xen.h); the version is 0. Stable:
 * the same on all CPUs.
 */
struct vcpu_time_info arch_clock(void);
uint32_t arch_tsc_khz(void);

/* --- a vCPU's machine state --- */

/* Size and alignment (4096) of the memory behind vcpu.arch. */
size_t arch_vcpu_size(void);
/* Launch only: v->arch points to zeroed frames of that size. */
void arch_vcpu_init(struct vcpu *v);
/* PVH entry state: 32-bit, paging off, RBX = start_info (pvh.pandoc). */
void arch_vcpu_reset_pvh(struct vcpu *v, uint32_t entry, uint32_t start_info);
/* State after INIT and SIPI with this vector (APM 2, "Processor Init"). */
void arch_vcpu_reset_sipi(struct vcpu *v, uint8_t vector);
/*
 * Runs v until its next exit. Loads v's registers first if this CPU ran
 * another vCPU before. Interrupts of the host are taken before it returns.
 */
void arch_vcpu_run(struct vcpu *v, struct vmexit *exit);
/* Writes v's lazily switched state back to memory; this CPU ran v last. */
void arch_vcpu_unload(struct vcpu *v);

/* Advances past the instruction that exit reported. */
void arch_vcpu_skip(struct vcpu *v, const struct vmexit *exit);
/* CPL 0..3, and whether v executes 64-bit code. */
unsigned int arch_vcpu_cpl(const struct vcpu *v);
bool arch_vcpu_is_64bit(const struct vcpu *v);
/* RFLAGS.IF. */
bool arch_vcpu_interrupts_enabled(const struct vcpu *v);

/*
 * Event injection for the next entry. may_: nothing else is queued, IF is
 * set and there is no shadow. At most one inject call per entry. After a
 * refused may_ call, arch_vcpu_want_window() makes the vCPU exit with
 * EXIT_WINDOW when the answer would change.
 */
bool arch_vcpu_may_interrupt(const struct vcpu *v);
bool arch_vcpu_may_nmi(const struct vcpu *v);
void arch_vcpu_inject_interrupt(struct vcpu *v, uint8_t vector);
void arch_vcpu_inject_nmi(struct vcpu *v);
/* Faults caused by the instruction that exited; RIP stays at it. */
void arch_vcpu_inject_fault(struct vcpu *v, uint8_t vector, uint32_t error);
/*
 * Have v leave its guest when it could take an interrupt or an NMI. False: it
 * will, or at the end of a handler, but that may be long after it could.
 */
bool arch_vcpu_want_window(struct vcpu *v);

/* One line about v for a crash report, e.g. "rip 0x.. rsp 0x.. cr3 0x..". */
void arch_vcpu_describe(const struct vcpu *v, char *text, size_t size);

/*
 * The byte at a guest-virtual address through v's current page tables, usable
 * to the end of its page; NULL if nothing is mapped there, or not the
 * domain's own RAM (p2m_ram_ptr). Checks P, and W when write; ignores SMAP,
 * SMEP and protection keys (xen-abi: handles). Reads each entry once.
 */
uint8_t *arch_guest_ptr(const struct vcpu *v, uint64_t va, bool write);

/* --- PCI functions that domains own (core/device.h) --- */

/* Launch: a function's configuration space, 4 KiB; NULL if out of reach. */
void *arch_pci_config(uint16_t bdf);
/* Boot CPU: a register of any function's, all ones if there is none. */
uint32_t arch_pci_read(uint16_t bdf, unsigned int at);
/* Launch: a page of a device's registers, or NULL: no room for more. */
void *arch_map_registers(mfn_t mfn);
uint32_t arch_register_read(const void *base, size_t offset);
void arch_register_write(void *base, size_t offset, uint32_t value);
/* NULL if all DMA of the function is confined, or why it is not. */
const char *arch_iommu_lacks(uint16_t bdf);
const char *arch_iommu_name(void);
/*
 * From now on DMA of the function reaches what d's nested tables map for
 * data, through them; d NULL: nothing, nor do its interrupts arrive. number
 * is the device's. Nothing from before is under way when it returns.
 */
void arch_device_attach(unsigned int number, uint16_t bdf,
			const struct domain *d);
/*
 * What to write to a device so that message n of this number arrives at cpu,
 * and what keeps it from being anything else.
 */
struct arch_message { uint32_t address, data; };
struct arch_message arch_device_message(unsigned int number, unsigned int n,
					unsigned int cpu);
/* The next DMA that was refused since the last call, if any. Boot CPU. */
struct arch_dma_fault { uint16_t bdf; uint64_t address; };
bool arch_iommu_fault(struct arch_dma_fault *fault);

/* --- ends --- */

void arch_console_poll(void);	/* see core/upcall.h: moves serial bytes */
void arch_idle(void);		/* sleep until an interrupt; IF=0 around */
/* Whether a timer or kick interrupt was taken since the last call. */
bool arch_take_interrupt_flag(void);
/* Launch: lets the other CPUs go to upcall_cpu_online(). */
void arch_start_cpus(void);
_Noreturn void arch_poweroff(uint8_t exit_byte);
_Noreturn void arch_panic(const char *file, int line, const char *what);

/*
 * For broken invariants of the VMM only; nothing that a guest does may reach
 * one. Stops the machine and prints where.
 */
#define BUG_ON(condition) \
	do { \
		if (__builtin_expect(!!(condition), 0)) \
			arch_panic(__FILE__, __LINE__, #condition); \
	} while (0)
