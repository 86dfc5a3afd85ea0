/* SPDX-License-Identifier: MIT */
/*
 * xen_version: who we say we are. Guests choose what they use by the
 * features (xen-abi 2.5), so a bit is set only for what is there; hvm_pirqs
 * never is: it would send interrupts of devices through calls we lack.
 */
#include "abi/table.h"
#include <xen/features.h>
#include <xen/version.h>
#include "core/gmem.h"

#define FEATURES	(BIT32(XENFEAT_writable_page_tables) | \
			 BIT32(XENFEAT_auto_translated_physmap) | \
			 BIT32(XENFEAT_hvm_callback_vector) | \
			 BIT32(XENFEAT_hvm_safe_pvclock) | \
			 BIT32(XENFEAT_not_direct_mapped))

static const xen_extraversion_t extra = "-bulkhead";
static const struct xen_compile_info compile_info = {
	.compiler = "gcc",
	.compile_by = "bulkhead",
	.compile_domain = "localdomain",
	.compile_date = "",
};
static const xen_capabilities_info_t capabilities =
	"hvm-3.0-x86_32 hvm-3.0-x86_32p hvm-3.0-x86_64 ";
/* No changeset, no UUID; the platform parameters are those of PV guests. */
static const xen_changeset_info_t nothing;

static int64_t get_features(struct vcpu *v, uint64_t va)
{
	struct xen_feature_info info;

	if (gmem_read(v, &info, va, sizeof(info)))
		return -XEN_EFAULT;
	if (info.submap_idx >= XENFEAT_NR_SUBMAPS)
		return -XEN_EINVAL;
	info.submap = FEATURES;
	return gmem_write(v, va, &info, sizeof(info));
}

int64_t do_xen_version(struct vcpu *v)
{
	uint64_t va = v->regs.rsi;

	switch ((uint32_t)v->regs.rdi) {
	case XENVER_version:
		return ABI_VERSION;
	case XENVER_extraversion:
		return gmem_write(v, va, extra, sizeof(extra));
	case XENVER_compile_info:
		return gmem_write(v, va, &compile_info, sizeof(compile_info));
	case XENVER_capabilities:
		return gmem_write(v, va, capabilities, sizeof(capabilities));
	case XENVER_changeset:
		return gmem_write(v, va, nothing, sizeof(nothing));
	case XENVER_platform_parameters:
		return gmem_write(v, va, nothing,
				  sizeof(struct xen_platform_parameters));
	case XENVER_get_features:
		return get_features(v, va);
	case XENVER_pagesize:
		return va ? -XEN_EINVAL : (int64_t)PAGE_SIZE;
	case XENVER_guest_handle:
		return gmem_write(v, va, nothing, sizeof(xen_domain_handle_t));
	case XENVER_commandline:
		return -XEN_EPERM;
	default:
		return -XEN_ENOSYS;
	}
}
