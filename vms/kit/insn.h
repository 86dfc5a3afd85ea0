/* SPDX-License-Identifier: MIT */
/*
 * One instruction, one function; and the same with a net below it: a probe_
 * function returns the fault that the instruction raised (see trap.h), or 0.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#define MSR_APIC_BASE	0x1bu
#define MSR_EFER	0xc0000080u
#define MSR_FS_BASE	0xc0000100u
#define MSR_GS_BASE	0xc0000101u
#define MSR_KERNEL_GS	0xc0000102u
#define MSR_X2APIC	0x800u

/* A fault: 0 for none, else FAULT(vector, error code). */
typedef uint64_t fault_t;
#define FAULT_SET	(1ull << 63)
#define FAULT(v, e)	(FAULT_SET | ((uint64_t)(v) << 32) | (uint32_t)(e))
#define FAULT_VECTOR(f)	((unsigned int)(((f) >> 32) & 0xff))
#define FAULT_ERROR(f)	((uint32_t)(f))
#define FAULT_UD	FAULT(6, 0)
#define FAULT_GP	FAULT(13, 0)

/* Room for one fixup entry: the instruction at 1, continue at 2. */
#define FIXUP(insn)							\
	"1: " insn "\n2:\n\t"						\
	".pushsection .fixup, \"a\"\n\t.quad 1b, 2b\n\t.popsection"

/*
 * PROBE(fault, "insn", (, outputs), (inputs), clobbers...): run one
 * instruction; the lvalue fault receives what it raised. The outputs begin
 * with a comma because the fault itself is the first one, in r15.
 */
#define PROBE_LIST(...)	__VA_ARGS__
#define PROBE(fault, insn, outputs, inputs, ...)			\
	do {								\
		register uint64_t fault_r15 __asm__("r15") = 0;		\
		__asm__ volatile(FIXUP(insn)				\
				 : "+r"(fault_r15) PROBE_LIST outputs	\
				 : PROBE_LIST inputs			\
				 : "memory", "cc", ##__VA_ARGS__);	\
		(fault) = fault_r15;					\
	} while (0)

struct cpuid {
	uint32_t a, b, c, d;
};

static inline struct cpuid cpuid(uint32_t leaf, uint32_t sub)
{
	struct cpuid r;

	__asm__ volatile("cpuid"
			 : "=a"(r.a), "=b"(r.b), "=c"(r.c), "=d"(r.d)
			 : "0"(leaf), "2"(sub));
	return r;
}

static inline uint64_t rdtsc(void)
{
	uint32_t lo, hi;

	__asm__ volatile("lfence; rdtsc" : "=a"(lo), "=d"(hi) : : "memory");
	return ((uint64_t)hi << 32) | lo;
}

static inline uint64_t rdmsr(uint32_t msr)
{
	uint32_t lo, hi;

	__asm__ volatile("rdmsr" : "=a"(lo), "=d"(hi) : "c"(msr));
	return ((uint64_t)hi << 32) | lo;
}

static inline void wrmsr(uint32_t msr, uint64_t value)
{
	__asm__ volatile("wrmsr"
			 :
			 : "c"(msr), "a"((uint32_t)value),
			   "d"((uint32_t)(value >> 32))
			 : "memory");
}

static inline fault_t probe_rdmsr(uint32_t msr, uint64_t *value)
{
	uint32_t lo = 0, hi = 0;
	fault_t f;

	PROBE(f, "rdmsr", (, "+a"(lo), "+d"(hi)), ("c"(msr)));
	*value = ((uint64_t)hi << 32) | lo;
	return f;
}

static inline fault_t probe_wrmsr(uint32_t msr, uint64_t value)
{
	fault_t f;

	PROBE(f, "wrmsr", (),
	      ("c"(msr), "a"((uint32_t)value), "d"((uint32_t)(value >> 32))));
	return f;
}

static inline fault_t probe_read32(const volatile void *at, uint32_t *value)
{
	uint32_t v = 0;
	fault_t f;

	PROBE(f, "movl (%[at]), %[v]", (, [v] "+r"(v)), ([at] "r"(at)));
	*value = v;
	return f;
}

static inline fault_t probe_write32(volatile void *at, uint32_t value)
{
	fault_t f;

	PROBE(f, "movl %[v], (%[at])", (), ([at] "r"(at), [v] "r"(value)));
	return f;
}

static inline uint64_t read_flags(void)
{
	uint64_t v;

	__asm__ volatile("pushfq; popq %0" : "=r"(v) : : "memory");
	return v;
}

#define INSN_CR(n)							\
	static inline uint64_t read_cr##n(void)				\
	{								\
		uint64_t v;						\
									\
		__asm__ volatile("movq %%cr" #n ", %0" : "=r"(v));	\
		return v;						\
	}								\
	static inline void write_cr##n(uint64_t v)			\
	{								\
		__asm__ volatile("movq %0, %%cr" #n : : "r"(v) : "memory"); \
	}								\
	static inline fault_t probe_write_cr##n(uint64_t v)		\
	{								\
		fault_t f;						\
									\
		PROBE(f, "movq %[v], %%cr" #n, (), ([v] "r"(v)));	\
		return f;						\
	}
INSN_CR(0)
INSN_CR(2)
INSN_CR(3)
INSN_CR(4)
INSN_CR(8)

#define INSN_DR(n)							\
	static inline uint64_t read_dr##n(void)				\
	{								\
		uint64_t v;						\
									\
		__asm__ volatile("movq %%dr" #n ", %0" : "=r"(v));	\
		return v;						\
	}								\
	static inline fault_t probe_write_dr##n(uint64_t v)		\
	{								\
		fault_t f;						\
									\
		PROBE(f, "movq %[v], %%dr" #n, (), ([v] "r"(v)));	\
		return f;						\
	}
INSN_DR(0)
INSN_DR(1)
INSN_DR(2)
INSN_DR(3)
INSN_DR(6)
INSN_DR(7)

static inline void invlpg(const volatile void *at)
{
	__asm__ volatile("invlpg (%0)" : : "r"(at) : "memory");
}

static inline void irq_off(void) { __asm__ volatile("cli" : : : "memory"); }
static inline void irq_on(void) { __asm__ volatile("sti" : : : "memory"); }
/* Sleep until an interrupt, with no window before it; returns with IF=0. */
static inline void irq_wait(void)
{
	__asm__ volatile("sti; hlt; cli" : : : "memory");
}
static inline void cpu_pause(void) { __asm__ volatile("pause" : : : "memory"); }

static inline void out8(uint16_t port, uint8_t v)
{
	__asm__ volatile("outb %0, %1" : : "a"(v), "Nd"(port) : "memory");
}
static inline void out32(uint16_t port, uint32_t v)
{
	__asm__ volatile("outl %0, %1" : : "a"(v), "Nd"(port) : "memory");
}
static inline uint8_t in8(uint16_t port)
{
	uint8_t v;

	__asm__ volatile("inb %1, %0" : "=a"(v) : "Nd"(port) : "memory");
	return v;
}

#define READ_ONCE(x)	(*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, v) (*(volatile __typeof__(x) *)&(x) = (v))
#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
