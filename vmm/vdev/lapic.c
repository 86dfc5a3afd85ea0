/* SPDX-License-Identifier: MIT */
/*
 * Virtual local APIC, x2APIC mode. Its registers belong to the vCPU's CPU;
 * of another vCPU's APIC only the request register is touched, by atomic
 * operations, and then the vCPU is told to look. Invariants:
 *  A1  only vectors from 16 up are ever in IRR or ISR;
 *  A2  ISR has at most one bit for each priority class;
 *  A3  every interrupt is edge-triggered: TMR is 0; errors are not told;
 *  A4  while the APIC is off by software all local vectors are masked.
 * The timer counts nanoseconds (a bus clock of 1 GHz). Intel SDM 3A,
 * "Advanced Programmable Interrupt Controller (APIC)".
 */
#include "vdev/lapic.h"
#include "core/hooks.h"
#include "core/platform.h"
#include "core/world.h"
#include "vdev/lapic_bits.h"

static int highest(const uint64_t bits[4])
{
	for (int i = 3; i >= 0; i--) {
		uint64_t word = atomic_load_relaxed(&bits[i]);

		if (word)
			return i * 64 + 63 - __builtin_clzll(word);
	}
	return -1;
}

static bool is_enabled(const struct lapic *l)
{
	return atomic_load_relaxed(&l->reg[REG_SVR]) & SVR_ENABLE;
}

/* Processor priority: the higher class of what runs and of TPR. */
static uint32_t priority(const struct lapic *l)
{
	int running = highest(l->isr);
	uint32_t class = running < 0 ? 0 : (uint32_t)running & CLASS_MASK;
	uint32_t tpr = (uint32_t)l->reg[REG_TPR];

	return (tpr & CLASS_MASK) >= class ? tpr : class;
}

static uint32_t logical_id(const struct vcpu *v)
{
	return (v->id >> 4) << 16 | BIT32(v->id & 15u);
}

void lapic_reset(struct vcpu *v)
{
	timer_stop(cpu_of(v), &v->timer[TIMER_LAPIC]);
	v->lapic = (struct lapic){ .reg = {
		[REG_ID] = v->id, [REG_VERSION] = VERSION,
		[REG_LDR] = logical_id(v), [REG_SVR] = SVR_RESET,
		[REG_LVT ... REG_LVT + LVT_COUNT - 1] = LVT_MASKED,
	} };
}

int lapic_pending_vector(const struct vcpu *v)
{
	const struct lapic *l = &v->lapic;
	int vector = highest(l->irr);

	if (vector < 0 || !is_enabled(l))
		return -1;
	if (((uint32_t)vector & CLASS_MASK) <= (priority(l) & CLASS_MASK))
		return -1;
	return vector;
}

void lapic_accept(struct vcpu *v, uint8_t vector)
{
	atomic_test_and_clear_bit(&v->lapic.irr[vector / 64], vector % 64u);
	v->lapic.isr[vector / 64] |= BIT64(vector % 64u);
}

void lapic_raise(struct vcpu *v, uint8_t vector)
{
	if (vector < VECTOR_MIN || !is_enabled(&v->lapic))
		return;
	atomic_test_and_set_bit(&v->lapic.irr[vector / 64], vector % 64u);
	vcpu_notify(v, VCPU_PENDING_LAPIC);
}

/* --- interrupts between processors --- */

static bool is_meant(const struct vcpu *self, const struct vcpu *to,
		     uint64_t icr)
{
	uint32_t dest = (uint32_t)(icr >> 32), own = logical_id(to);

	switch (ICR_SHORTHAND(icr)) {
	case SHORTHAND_SELF:
		return to == self;
	case SHORTHAND_ALL:
		return true;
	case SHORTHAND_OTHERS:
		return to != self;
	default:
		break;
	}
	if (dest == BROADCAST)
		return true;
	if (!(icr & ICR_LOGICAL))
		return dest == to->id;
	return dest >> 16 == own >> 16 && (dest & own & 0xffffu);
}

/* True when the one receiver of a lowest-priority interrupt has it. */
static bool send_one(struct vcpu *self, struct vcpu *to, uint64_t icr)
{
	uint8_t vector = (uint8_t)icr;

	switch (ICR_MODE(icr)) {
	case MODE_LOWEST:
		lapic_raise(to, vector);
		return is_enabled(&to->lapic);
	case MODE_FIXED:
		lapic_raise(to, vector);
		break;
	case MODE_NMI:
		vcpu_notify(to, VCPU_PENDING_NMI);
		break;
	case MODE_INIT:
		if (to != self)
			vcpu_notify(to, VCPU_PENDING_INIT);
		break;
	case MODE_SIPI:
		if (to == self)
			break;
		atomic_store(&to->sipi_vector, vector);
		vcpu_notify(to, VCPU_PENDING_SIPI);
		break;
	default:	/* SMI: there is no such mode here */
		break;
	}
	return false;
}

static void send(struct vcpu *self, uint64_t icr)
{
	struct domain *d = self->domain;

	/* INIT with level 0 only synchronised buses of long ago. */
	if (ICR_MODE(icr) == MODE_INIT && (icr & ICR_TRIGGER) &&
	    !(icr & ICR_ASSERT))
		return;
	for (uint32_t i = 0; i < d->vcpu_count; i++) {
		if (is_meant(self, &d->vcpu[i], icr) &&
		    send_one(self, &d->vcpu[i], icr))
			return;
	}
}

void lapic_message(struct domain *d, uint32_t address, uint32_t data)
{
	uint64_t icr = (uint64_t)(address >> 12 & 0xff) << 32 |
		       (data & 0x7ff) | (address & 4 ? ICR_LOGICAL : 0);

	if (address >> 20 == GPA_LAPIC >> 20 && ICR_MODE(icr) <= MODE_LOWEST &&
	    (uint8_t)data >= VECTOR_MIN)
		send(&d->vcpu[0], icr);
	else
		log_guest(d, "message 0x%x of its device to 0x%x: refused",
			  data, address);
}

/* --- the timer --- */

static uint32_t timer_divisor_shift(const struct lapic *l)
{
	uint32_t d = (uint32_t)l->reg[REG_TIMER_DIVIDE];

	return (((d >> 1 & 4u) | (d & 3u)) + 1u) & 7u;
}

static nsec_t timer_period(const struct lapic *l)
{
	return l->reg[REG_TIMER_INITIAL] << timer_divisor_shift(l);
}

static bool timer_is_periodic(const struct lapic *l)
{
	return l->reg[REG_LVT + LVT_TIMER] & LVT_PERIODIC;
}

static void timer_start(struct vcpu *v)
{
	struct lapic *l = &v->lapic;
	nsec_t period = timer_period(l);

	l->timer_start = arch_time();
	timer_set(cpu_of(v), &v->timer[TIMER_LAPIC], period ?
		  l->timer_start + MAX(period, PERIOD_MIN) : NSEC_NEVER);
}

static uint32_t timer_current(const struct lapic *l)
{
	nsec_t passed = arch_time() - l->timer_start;
	nsec_t period = timer_period(l);

	if (!period)
		return 0;
	if (timer_is_periodic(l))
		passed %= period;
	else if (passed >= period)
		return 0;
	return (uint32_t)((period - passed) >> timer_divisor_shift(l));
}

void hook_lapic_timer(struct vcpu *v)
{
	struct lapic *l = &v->lapic;
	uint32_t lvt = (uint32_t)l->reg[REG_LVT + LVT_TIMER];

	if (timer_is_periodic(l) && l->reg[REG_TIMER_INITIAL]) {
		nsec_t period = MAX(timer_period(l), PERIOD_MIN);
		nsec_t now = arch_time();

		l->timer_start += (now - l->timer_start) / period * period;
		timer_set(cpu_of(v), &v->timer[TIMER_LAPIC],
			  l->timer_start + period);
	}
	if (!(lvt & LVT_MASKED))
		lapic_raise(v, (uint8_t)lvt);
}

/* --- registers --- */

#define READABLE \
	(REGS(REG_ID, 2) | REGS(REG_TPR, 1) | REGS(REG_PPR, 1) | \
	 REGS(REG_LDR, 1) | REGS(REG_SVR, 1) | REGS(REG_ISR, 8) | \
	 REGS(REG_TMR, 8) | REGS(REG_IRR, 8) | REGS(REG_ESR, 1) | \
	 REGS(REG_ICR, 1) | REGS(REG_LVT, LVT_COUNT) | \
	 REGS(REG_TIMER_INITIAL, 2) | REGS(REG_TIMER_DIVIDE, 1))

/* The bits that a guest may write; EOI and ESR take 0 and no more. */
static const uint64_t writable[64] = {
	[REG_TPR] = 0xff,
	[REG_SVR] = 0xff | SVR_ENABLE | SVR_FOCUS,
	[REG_ICR] = ICR_WRITABLE,
	[REG_LVT + LVT_TIMER] = 0xffu | LVT_ALL | LVT_PERIODIC,
	[REG_LVT + LVT_THERMAL] = 0x7ffu | LVT_ALL,
	[REG_LVT + LVT_COUNTER] = 0x7ffu | LVT_ALL,
	[REG_LVT + LVT_LINT0] = 0xa7ffu | LVT_ALL,
	[REG_LVT + LVT_LINT1] = 0xa7ffu | LVT_ALL,
	[REG_LVT + LVT_ERROR] = 0xffu | LVT_ALL,
	[REG_TIMER_INITIAL] = UINT32_MAX,
	[REG_TIMER_DIVIDE] = 0xb,
	[REG_SELF_IPI] = 0xff,
};

static uint32_t bits_read(const uint64_t bits[4], uint32_t reg)
{
	uint64_t word = atomic_load_relaxed(&bits[(reg & 7u) / 2]);

	return (uint32_t)(reg & 1u ? word >> 32 : word);
}

bool lapic_msr_read(struct vcpu *v, uint32_t index, uint64_t *value)
{
	const struct lapic *l = &v->lapic;
	uint32_t reg = index - MSR_X2APIC;

	if (reg >= ARRAY_SIZE(l->reg) || !(READABLE & BIT64(reg)))
		return false;
	switch (reg) {
	case REG_PPR:
		*value = priority(l);
		break;
	case REG_ISR ... REG_ISR + 7:
		*value = bits_read(l->isr, reg);
		break;
	case REG_IRR ... REG_IRR + 7:
		*value = bits_read(l->irr, reg);
		break;
	case REG_TIMER_CURRENT:
		*value = timer_current(l);
		break;
	default:
		*value = l->reg[arch_index_nospec(reg, ARRAY_SIZE(l->reg))];
	}
	return true;
}

static void end_of_interrupt(struct lapic *l)
{
	int vector = highest(l->isr);

	if (vector >= 0)
		l->isr[vector / 64] &= ~BIT64(vector % 64);
}

/* A4: what is off keeps its local vectors masked. */
static void mask_if_off(struct lapic *l)
{
	for (unsigned int i = 0; i < LVT_COUNT && !is_enabled(l); i++)
		l->reg[REG_LVT + i] |= LVT_MASKED;
}

bool lapic_msr_write(struct vcpu *v, uint32_t index, uint64_t value)
{
	struct lapic *l = &v->lapic;
	uint32_t reg = index - MSR_X2APIC;

	bool was_periodic = timer_is_periodic(l);

	if (reg >= ARRAY_SIZE(writable))
		return false;
	reg = (uint32_t)arch_index_nospec(reg, ARRAY_SIZE(writable));
	if (value & ~writable[reg] ||
	    (!writable[reg] && reg != REG_EOI && reg != REG_ESR))
		return false;
	atomic_store_relaxed(&l->reg[reg], value);
	switch (reg) {
	case REG_EOI:
		end_of_interrupt(l);
		vcpu_notify(v, VCPU_PENDING_LAPIC);
		break;
	case REG_TPR:
	case REG_SVR:
		mask_if_off(l);
		/* What waits may be deliverable now. */
		vcpu_notify(v, VCPU_PENDING_LAPIC);
		break;
	case REG_SELF_IPI:
		send(v, value | SHORTHAND_SELF << 18);
		break;
	case REG_ICR:
		send(v, value);
		break;
	case REG_LVT ... REG_LVT + LVT_COUNT - 1:
		l->reg[reg] &= ~(uint64_t)LVT_READ_ONLY;
		mask_if_off(l);
		if (timer_is_periodic(l) != was_periodic)
			timer_start(v);
		break;
	case REG_TIMER_INITIAL:
		timer_start(v);
		break;
	}
	return true;
}
