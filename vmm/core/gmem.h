/* SPDX-License-Identifier: MIT */
/*
 * Hypercall arguments in guest memory. Handles are guest-virtual addresses
 * (xen-abi 1.2). Only the domain's own RAM is accepted, which stays its own
 * for as long as it lives, so a resolved span cannot dangle.
 */
#pragma once
#include "core/domain.h"

/* Copies in, once. 0 or -XEN_EFAULT (then dst may be partly written). */
int gmem_read(struct vcpu *v, void *dst, uint64_t va, size_t size);
/* Copies out at most a page; writes nothing unless all of it can be. */
int gmem_write(struct vcpu *v, uint64_t va, const void *src, size_t size);

/*
 * A guest buffer of at most a page's size, resolved for writing: a result can
 * be written after the point of no return.
 */
int gmem_span(struct vcpu *v, uint64_t va, size_t size,
	      struct gmem_span *span);
void gmem_span_write(const struct gmem_span *span, const void *src);
/* Copies in, once: for arguments that are also results. */
void gmem_span_read(const struct gmem_span *span, void *dst);
/*
 * As gmem_span_write(), for a guest that may read meanwhile: the byte at this
 * offset, which src holds as busy, is written before and, as done, after.
 */
void gmem_span_publish(const struct gmem_span *span, const void *src,
		       size_t at, uint8_t done);
