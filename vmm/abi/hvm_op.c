/* SPDX-License-Identifier: MIT */
/*
 * hvm_op: parameters (xen-abi 2.12) and how events reach a vCPU. Parameters
 * that a guest sets are numbers to give back; the VMM acts on its own copies
 * of what launch decided.
 */
#include "abi/table.h"
#include <xen/hvm/hvm_op.h>
#include <xen/hvm/params.h>
#include "core/gmem.h"

#define VECTOR_MIN	16u	/* below are exceptions */
#define CALLBACK_TYPE(x)	((x) >> 56)

#define GUEST_MAY_SET	(BIT64(HVM_PARAM_CALLBACK_IRQ) | \
			 BIT64(HVM_PARAM_STORE_EVTCHN) | \
			 BIT64(HVM_PARAM_CONSOLE_EVTCHN) | \
			 BIT64(HVM_PARAM_VM86_TSS) | \
			 BIT64(HVM_PARAM_VM86_TSS_SIZED) | \
			 BIT64(HVM_PARAM_ACPI_IOPORTS_LOCATION) | \
			 BIT64(HVM_PARAM_VM_GENERATION_ID_ADDR) | \
			 BIT64(HVM_PARAM_X87_FIP_WIDTH))
#define GUEST_MAY_GET	(GUEST_MAY_SET | BIT64(HVM_PARAM_STORE_PFN) | \
			 BIT64(HVM_PARAM_CONSOLE_PFN) | \
			 BIT64(HVM_PARAM_ALTP2M))
/* Old numbers that mean nothing any more; the headers hide their names. */
#define DEPRECATED	(BIT64(4) | BIT64(13) | BIT64(20) | BIT64(21) | \
			 BIT64(22) | BIT64(23) | BIT64(24) | BIT64(25) | \
			 BIT64(26) | BIT64(30))
static_assert(HVM_NR_PARAMS <= ARRAY_SIZE(((struct domain *)0)->param) &&
	      HVM_NR_PARAMS <= 64, "a slot and a mask bit for each");

/* Reads the argument and checks index and domain against what is allowed. */
static int param_check(struct vcpu *v, uint64_t va, uint64_t allowed,
		       struct xen_hvm_param *param)
{
	uint64_t bit;

	if (gmem_read(v, param, va, sizeof(*param)))
		return -XEN_EFAULT;
	if (!domain_is_self(v->domain, param->domid))
		return -XEN_EPERM;
	if (param->index >= HVM_NR_PARAMS)
		return -XEN_EINVAL;
	param->index = (uint32_t)arch_index_nospec(param->index, HVM_NR_PARAMS);
	bit = BIT64(param->index);
	if (bit & DEPRECATED)
		return -XEN_EINVAL;
	return bit & allowed ? 0 : -XEN_EPERM;
}

/* Events that came before there was a way to tell are told now. */
static void tell_pending(struct vcpu *v)
{
	const struct vcpu_info *info = atomic_load(&v->info);

	if (atomic_load(&info->evtchn_upcall_pending))
		vcpu_notify(v, VCPU_PENDING_UPCALL);
}

/* The vector that a callback value names; 0 for wires that we lack. */
static int callback_check(uint64_t value, uint32_t *vector)
{
	*vector = 0;
	if (CALLBACK_TYPE(value) > HVM_PARAM_CALLBACK_TYPE_VECTOR)
		return -XEN_EINVAL;
	if (CALLBACK_TYPE(value) == HVM_PARAM_CALLBACK_TYPE_VECTOR)
		*vector = (uint8_t)value;
	return *vector && *vector < VECTOR_MIN ? -XEN_EINVAL : 0;
}

static int64_t set_param(struct vcpu *v, uint64_t va)
{
	struct domain *d = v->domain;
	struct xen_hvm_param param;
	uint32_t vector = 0;
	int err = param_check(v, va, GUEST_MAY_SET, &param);

	if (!err && param.index == HVM_PARAM_CALLBACK_IRQ)
		err = callback_check(param.value, &vector);
	if (err)
		return err;
	spin_lock(&d->lock);
	d->param[param.index] = param.value;
	if (param.index == HVM_PARAM_CALLBACK_IRQ)
		atomic_store(&d->callback_vector, vector);
	spin_unlock(&d->lock);
	for (uint32_t i = 0; vector && i < d->vcpu_count; i++)
		tell_pending(&d->vcpu[i]);
	return 0;
}

static int64_t get_param(struct vcpu *v, uint64_t va)
{
	struct xen_hvm_param param;
	int err = param_check(v, va, GUEST_MAY_GET, &param);

	if (err)
		return err;
	spin_lock(&v->domain->lock);
	param.value = v->domain->param[param.index];
	spin_unlock(&v->domain->lock);
	return gmem_write(v, va, &param, sizeof(param));
}

int64_t do_hvm_op(struct vcpu *v)
{
	switch (v->regs.rdi) {
	case HVMOP_set_param:
		return set_param(v, v->regs.rsi);
	case HVMOP_get_param:
		return get_param(v, v->regs.rsi);
	case HVMOP_pagetable_dying:
		return -XEN_EINVAL;	/* so that Linux never calls again */
	default:	/* set_evtchn_upcall_vector among them */
		return -XEN_ENOSYS;
	}
}
