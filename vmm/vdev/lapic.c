/* SPDX-License-Identifier: MIT */
/*
 * Virtual local APIC, x2APIC mode. Its registers belong to the vCPU's CPU;
 * of another vCPU's APIC only the request register is touched, by atomic
 * operations, and then the vCPU is told to look. Invariants:
 *  A1  only vectors from 16 up are ever in IRR or ISR;
 *  A2  ISR has at most one bit for each priority class;
 *  A3  every interrupt is edge-triggered: TMR is 0;
 *  A4  while the APIC is off by software all local vectors are masked.
 * The timer counts nanoseconds (a bus clock of 1 GHz). Intel SDM 3A,
 * "Advanced Programmable Interrupt Controller (APIC)".
 */
#include "vdev/lapic.h"
#include "core/hooks.h"
#include "core/platform.h"
#include "core/world.h"
#include "vdev/lapic_bits.h"

static struct cpu *cpu_of(const struct vcpu *v)
{
	return &world.cpu[atomic_load_relaxed(&v->cpu)];
}

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
	return atomic_load_relaxed(&l->svr) & SVR_ENABLE;
}

/* Processor priority: the higher class of what runs and of TPR. */
static uint32_t priority(const struct lapic *l)
{
	int running = highest(l->isr);
	uint32_t class = running < 0 ? 0 : (uint32_t)running & CLASS_MASK;

	return (l->tpr & CLASS_MASK) >= class ? l->tpr : class;
}

void lapic_reset(struct vcpu *v)
{
	timer_stop(cpu_of(v), &v->timer[TIMER_LAPIC]);
	for (unsigned int i = 0; i < 4; i++)
		atomic_store(&v->lapic.irr[i], 0u);
	v->lapic = (struct lapic){ .svr = SVR_RESET };
	for (unsigned int i = 0; i < LVT_COUNT; i++)
		v->lapic.lvt[i] = LVT_MASKED;
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

/* An error of the guest's own making; it may have asked to be told. */
static void raise_error(struct vcpu *v, uint32_t bit)
{
	uint32_t lvt = v->lapic.lvt[LVT_ERROR];

	v->lapic.esr_latched |= bit;
	if (lvt & LVT_MASKED)
		return;
	if ((uint8_t)lvt < VECTOR_MIN)
		v->lapic.esr_latched |= ESR_RECEIVE_VECTOR;
	else
		lapic_raise(v, (uint8_t)lvt);
}

/* --- interrupts between processors --- */

static uint32_t logical_id(const struct vcpu *v)
{
	return (v->id >> 4) << 16 | BIT32(v->id & 15u);
}

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
	uint32_t mode = ICR_MODE(icr);

	if (mode <= MODE_LOWEST && (uint8_t)icr < VECTOR_MIN) {
		raise_error(self, ESR_SEND_VECTOR);
		return;
	}
	/* INIT with level 0 only synchronised buses of long ago. */
	if (mode == MODE_INIT && (icr & ICR_TRIGGER) && !(icr & ICR_ASSERT))
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
}

/* --- the timer --- */

static uint32_t timer_divisor_shift(const struct lapic *l)
{
	uint32_t d = l->timer_divide;

	return (((d >> 1 & 4u) | (d & 3u)) + 1u) & 7u;
}

static nsec_t timer_period(const struct lapic *l)
{
	return (nsec_t)l->timer_initial << timer_divisor_shift(l);
}

static bool timer_is_periodic(const struct lapic *l)
{
	return l->lvt[LVT_TIMER] & LVT_PERIODIC;
}

static void timer_start(struct vcpu *v)
{
	struct lapic *l = &v->lapic;
	struct timer *timer = &v->timer[TIMER_LAPIC];

	l->timer_start = arch_time();
	if (l->timer_initial)
		timer_set(cpu_of(v), timer,
			  l->timer_start + MAX(timer_period(l), PERIOD_MIN));
	else
		timer_stop(cpu_of(v), timer);
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
	uint32_t lvt = l->lvt[LVT_TIMER];

	if (timer_is_periodic(l) && l->timer_initial) {
		nsec_t period = MAX(timer_period(l), PERIOD_MIN);
		nsec_t now = arch_time();

		l->timer_start += (now - l->timer_start) / period * period;
		timer_set(cpu_of(v), &v->timer[TIMER_LAPIC],
			  l->timer_start + period);
	}
	if (lvt & LVT_MASKED)
		return;
	if ((uint8_t)lvt < VECTOR_MIN)
		raise_error(v, ESR_RECEIVE_VECTOR);
	else
		lapic_raise(v, (uint8_t)lvt);
}

/* --- registers --- */

static uint32_t bits_read(const uint64_t bits[4], uint32_t reg)
{
	uint64_t word = atomic_load_relaxed(&bits[(reg & 7u) / 2]);

	return (uint32_t)(reg & 1u ? word >> 32 : word);
}

/* What a register holds; those that are write-only are not known. */
static uint64_t read(const struct vcpu *v, uint32_t reg, bool *known)
{
	const struct lapic *l = &v->lapic;

	switch (reg) {
	case REG_ID:
		return v->id;
	case REG_VERSION:
		return VERSION;
	case REG_TPR:
		return l->tpr;
	case REG_PPR:
		return priority(l);
	case REG_LDR:
		return logical_id(v);
	case REG_SVR:
		return l->svr;
	case REG_ISR ... REG_ISR + 7:
		return bits_read(l->isr, reg);
	case REG_TMR ... REG_TMR + 7:
		return 0;
	case REG_IRR ... REG_IRR + 7:
		return bits_read(l->irr, reg);
	case REG_ESR:
		return l->esr;
	case REG_ICR:
		return l->icr;
	case REG_LVT ... REG_LVT + LVT_COUNT - 1:
		return l->lvt[reg - REG_LVT];
	case REG_TIMER_INITIAL:
		return l->timer_initial;
	case REG_TIMER_CURRENT:
		return timer_current(l);
	case REG_TIMER_DIVIDE:
		return l->timer_divide;
	}
	*known = false;
	return 0;
}

bool lapic_msr_read(struct vcpu *v, uint32_t index, uint64_t *value)
{
	bool known = true;

	*value = read(v, index - MSR_X2APIC, &known);
	return known;
}

static void end_of_interrupt(struct lapic *l)
{
	int vector = highest(l->isr);

	if (vector >= 0)
		l->isr[vector / 64] &= ~BIT64(vector % 64);
}

static void set_svr(struct vcpu *v, uint32_t value)
{
	atomic_store_relaxed(&v->lapic.svr, value);
	if (!(value & SVR_ENABLE)) {
		for (unsigned int i = 0; i < LVT_COUNT; i++)
			v->lapic.lvt[i] |= LVT_MASKED;
	}
	/* What waits may be deliverable now. */
	vcpu_notify(v, VCPU_PENDING_LAPIC);
}

static void set_lvt(struct vcpu *v, uint32_t entry, uint32_t value)
{
	struct lapic *l = &v->lapic;
	bool was_periodic = timer_is_periodic(l);

	if (!is_enabled(l))
		value |= LVT_MASKED;
	l->lvt[entry] = value & ~LVT_READ_ONLY;
	if (timer_is_periodic(l) != was_periodic)
		timer_start(v);
}

/* The bits that a guest may write in each local vector. */
static const uint32_t lvt_writable[LVT_COUNT] = {
	[LVT_TIMER] = 0xffu | LVT_READ_ONLY | LVT_MASKED | LVT_PERIODIC,
	[LVT_THERMAL] = 0x7ffu | LVT_READ_ONLY | LVT_MASKED,
	[LVT_COUNTER] = 0x7ffu | LVT_READ_ONLY | LVT_MASKED,
	[LVT_LINT0] = 0xa7ffu | LVT_READ_ONLY | LVT_MASKED,
	[LVT_LINT1] = 0xa7ffu | LVT_READ_ONLY | LVT_MASKED,
	[LVT_ERROR] = 0xffu | LVT_READ_ONLY | LVT_MASKED,
};

/* Which bits of a register a guest may set; 0 also for unknown ones. */
static uint64_t writable(uint32_t reg)
{
	switch (reg) {
	case REG_TPR:
	case REG_SELF_IPI:
		return 0xff;
	case REG_SVR:
		return 0xff | SVR_ENABLE | SVR_FOCUS;
	case REG_ICR:
		return ICR_WRITABLE;
	case REG_LVT ... REG_LVT + LVT_COUNT - 1:
		return lvt_writable[arch_index_nospec(reg - REG_LVT,
						      LVT_COUNT)];
	case REG_TIMER_INITIAL:
		return UINT32_MAX;
	case REG_TIMER_DIVIDE:
		return 0xb;
	default:
		return 0;
	}
}

bool lapic_msr_write(struct vcpu *v, uint32_t index, uint64_t value)
{
	struct lapic *l = &v->lapic;
	uint32_t reg = index - MSR_X2APIC;

	if (value & ~writable(reg))
		return false;
	switch (reg) {
	case REG_TPR:
		l->tpr = (uint32_t)value;
		vcpu_notify(v, VCPU_PENDING_LAPIC);
		break;
	case REG_EOI:
		end_of_interrupt(l);
		vcpu_notify(v, VCPU_PENDING_LAPIC);
		break;
	case REG_SVR:
		set_svr(v, (uint32_t)value);
		break;
	case REG_ESR:
		l->esr = l->esr_latched;
		l->esr_latched = 0;
		break;
	case REG_ICR:
		l->icr = value;
		send(v, value);
		break;
	case REG_LVT ... REG_LVT + LVT_COUNT - 1:
		set_lvt(v, reg - REG_LVT, (uint32_t)value);
		break;
	case REG_TIMER_INITIAL:
		l->timer_initial = (uint32_t)value;
		timer_start(v);
		break;
	case REG_TIMER_DIVIDE:
		l->timer_divide = (uint32_t)value;
		break;
	case REG_SELF_IPI:
		send(v, value | SHORTHAND_SELF << 18);
		break;
	default:
		return false;
	}
	return true;
}
