/* SPDX-License-Identifier: MIT */
/*
 * The only way from a guest-virtual address to memory. The guest may change
 * its page tables at any time: each page is translated once per call, and
 * what comes out is checked to be the domain's own RAM.
 */
#include "core/gmem.h"

#define SMALL	64u	/* most arguments of hypercalls */

static inline void copy_small(uint8_t *to, const uint8_t *from, size_t size)
{
	for (; size >= 8; size -= 8, to += 8, from += 8)
		__builtin_memcpy(to, from, 8);
	if (size & 4) {
		__builtin_memcpy(to, from, 4);
		to += 4;
		from += 4;
	}
	for (size &= 3; size; size--)
		*to++ = *from++;
}

static __attribute__((noinline)) int
read_pages(struct vcpu *v, uint8_t *to, uint64_t va, size_t size)
{
	if (va + size < va)
		return -XEN_EFAULT;
	while (size) {
		size_t part = MIN(size, PAGE_SIZE - va % PAGE_SIZE);
		const uint8_t *from = arch_guest_ptr(v, va, false);

		if (!from)
			return -XEN_EFAULT;
		memcpy(to, from, part);
		to += part;
		va += part;
		size -= part;
	}
	return 0;
}

int gmem_read(struct vcpu *v, void *dst, uint64_t va, size_t size)
{
	const uint8_t *from;

	if (size - 1 >= SMALL || va % PAGE_SIZE + size > PAGE_SIZE)
		return read_pages(v, dst, va, size);
	from = arch_guest_ptr(v, va, false);
	if (!from)
		return -XEN_EFAULT;
	copy_small(dst, from, size);
	return 0;
}

int gmem_span(struct vcpu *v, uint64_t va, size_t size, struct gmem_span *span)
{
	size_t head = MIN(size, PAGE_SIZE - va % PAGE_SIZE);

	if (va + size < va || size > PAGE_SIZE)
		return -XEN_EFAULT;
	*span = (struct gmem_span){ .size = { head, size - head } };
	for (unsigned int i = 0; i < 2; i++) {
		if (!span->size[i])
			continue;
		span->part[i] = arch_guest_ptr(v, i ? va + head : va, true);
		if (!span->part[i])
			return -XEN_EFAULT;
	}
	return 0;
}

void gmem_span_write(const struct gmem_span *span, const void *src)
{
	if (span->size[0])
		arch_copy(span->part[0], src, span->size[0]);
	if (span->size[1])
		arch_copy(span->part[1], (const char *)src + span->size[0],
			  span->size[1]);
}

void gmem_span_read(const struct gmem_span *span, void *dst)
{
	if (span->size[0])
		arch_copy(dst, span->part[0], span->size[0]);
	if (span->size[1])
		arch_copy((char *)dst + span->size[0], span->part[1],
			  span->size[1]);
}

void gmem_span_publish(const struct gmem_span *span, const void *src,
		       size_t at, uint8_t done)
{
	uint8_t *flag = at < span->size[0] ? span->part[0] + at :
			span->part[1] + (at - span->size[0]);

	atomic_store(flag, ((const uint8_t *)src)[at]);
	gmem_span_write(span, src);
	atomic_store(flag, done);
}

int gmem_write(struct vcpu *v, uint64_t va, const void *src, size_t size)
{
	struct gmem_span span;
	int err = gmem_span(v, va, size, &span);

	if (err)
		return err;
	gmem_span_write(&span, src);
	return 0;
}
