/* SPDX-License-Identifier: MIT */
/*
 * One instruction, one function. This is the only inline assembly of the VMM.
 * A function whose instruction has an effect that the compiler must not move
 * memory accesses across says so with a "memory" clobber.
 */
#pragma once
#include "core/upcall.h"

/* --- ports and MMIO --- */

#define INSN_PORT(suffix, type) \
	static inline type insn_in##suffix(uint16_t port) \
	{ \
		type value; \
\
		__asm__ __volatile__("in" #suffix " %1, %0" \
				     : "=a"(value) : "Nd"(port)); \
		return value; \
	} \
	static inline void insn_out##suffix(uint16_t port, type value) \
	{ \
		__asm__ __volatile__("out" #suffix " %0, %1" \
				     : : "a"(value), "Nd"(port)); \
	}

INSN_PORT(b, uint8_t)
INSN_PORT(w, uint16_t)
INSN_PORT(l, uint32_t)

static inline uint32_t mmio_read32(const void *base, size_t offset)
{
	return *(const volatile uint32_t *)((const char *)base + offset);
}

static inline void mmio_write32(void *base, size_t offset, uint32_t value)
{
	*(volatile uint32_t *)((char *)base + offset) = value;
}

/* A 64-bit register, low half first. */
static inline void mmio_write64(void *base, size_t offset, uint64_t value)
{
	mmio_write32(base, offset, (uint32_t)value);
	mmio_write32(base, offset + 4, (uint32_t)(value >> 32));
}

/* --- identification, time --- */

static inline struct cpuid_regs insn_cpuid(uint32_t leaf, uint32_t subleaf)
{
	struct cpuid_regs r;

	__asm__ __volatile__("cpuid"
			     : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx),
			       "=d"(r.edx)
			     : "a"(leaf), "c"(subleaf));
	return r;
}

/* Not ordered against what stands around it. */
static inline uint64_t insn_rdtsc(void)
{
	uint32_t low, high;

	__asm__ __volatile__("rdtsc" : "=a"(low), "=d"(high));
	return (uint64_t)high << 32 | low;
}

/* --- registers with a number: MSRs, XCRs --- */

#define INSN_NUMBERED(read, write) \
	static inline uint64_t insn_##read(uint32_t index) \
	{ \
		uint32_t low, high; \
\
		__asm__ __volatile__(#read : "=a"(low), "=d"(high) \
				     : "c"(index)); \
		return (uint64_t)high << 32 | low; \
	} \
	static inline void insn_##write(uint32_t index, uint64_t value) \
	{ \
		__asm__ __volatile__(#write : : "c"(index), "a"(value), \
				     "d"(value >> 32) : "memory"); \
	}

INSN_NUMBERED(rdmsr, wrmsr)
INSN_NUMBERED(xgetbv, xsetbv)

/* --- control and debug registers --- */

#define INSN_REGISTER(name, reg) \
	static inline uint64_t insn_read_##name(void) \
	{ \
		uint64_t value; \
\
		__asm__ __volatile__("mov %%" reg ", %0" \
				     : "=r"(value) : : "memory"); \
		return value; \
	} \
	static inline void insn_write_##name(uint64_t value) \
	{ \
		__asm__ __volatile__("mov %0, %%" reg \
				     : : "r"(value) : "memory"); \
	}

INSN_REGISTER(cr0, "cr0")
INSN_REGISTER(cr2, "cr2")
INSN_REGISTER(cr3, "cr3")
INSN_REGISTER(cr4, "cr4")
INSN_REGISTER(dr0, "dr0")
INSN_REGISTER(dr1, "dr1")
INSN_REGISTER(dr2, "dr2")
INSN_REGISTER(dr3, "dr3")
INSN_REGISTER(dr7, "dr7")

/* --- descriptor tables --- */

struct table_register {
	uint16_t limit;
	uint64_t base;
} __attribute__((packed));

static inline void insn_lgdt(const struct table_register *table)
{
	__asm__ __volatile__("lgdt %0" : : "m"(*table) : "memory");
}

static inline void insn_lidt(const struct table_register *table)
{
	__asm__ __volatile__("lidt %0" : : "m"(*table) : "memory");
}

static inline void insn_ltr(uint16_t selector)
{
	__asm__ __volatile__("ltr %0" : : "r"(selector) : "memory");
}

/* --- interrupts, order --- */

#define INSN_PLAIN(name, text) \
	static inline void insn_##name(void) \
	{ \
		__asm__ __volatile__(text : : : "memory"); \
	}

INSN_PLAIN(mfence, "mfence")
INSN_PLAIN(cli, "cli")
INSN_PLAIN(hlt, "hlt")
_Noreturn static inline void insn_stop(void)
{
	for (;;) {
		insn_cli();
		insn_hlt();
	}
}

/* Sleeps until an interrupt; STI's shadow closes the gap before HLT. */
INSN_PLAIN(sti_hlt_cli, "sti\n\thlt\n\tcli")
/* Takes what is pending: interrupts are open for one instruction. */
INSN_PLAIN(sti_nop_cli, "sti\n\tnop\n\tcli")

/*
 * The first word of this CPU's struct cpu_local, a pointer to itself. Not
 * volatile: a stack stays on its CPU, so the compiler may keep the answer.
 */
static inline void *insn_gs_self(void)
{
	void *self;

	__asm__("movq %%gs:0, %0" : "=r"(self));
	return self;
}

/* --- virtualisation --- */

static inline void insn_vmsave(uint64_t vmcb)
{
	__asm__ __volatile__("vmsave %0" : : "a"(vmcb) : "memory");
}

struct guest_regs;

/*
 * Into the guest whose control block and registers these are, and back: a
 * call of svm_enter in svm/run.S, which keeps RBP and RSP only.
 */
static inline void insn_svm_enter(struct guest_regs *regs, uint64_t vmcb,
				  uint64_t host)
{
	__asm__ __volatile__("call svm_enter"
			     : "+D"(regs), "+S"(vmcb), "+d"(host)
			     :
			     : "rax", "rbx", "rcx", "r8", "r9", "r10", "r11",
			       "r12", "r13", "r14", "r15", "cc", "memory");
}

#define INSN_STATE(name) \
	static inline void insn_##name(void *area, uint64_t mask) \
	{ \
		__asm__ __volatile__(#name "64 (%0)" \
				     : : "r"(area), "a"(mask), \
				     "d"(mask >> 32) : "memory"); \
	}

INSN_STATE(xsave)
INSN_STATE(xrstor)
