/* SPDX-License-Identifier: MIT */
/*
 * The types that every room shares. Guest frames, machine frames and plain
 * numbers are different types: mixing them does not compile.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Which edition of Xen's public headers we speak. */
#define __XEN_INTERFACE_VERSION__ 0x00040e00
#ifndef static_assert
#define static_assert _Static_assert
#endif

#define PAGE_SHIFT	12u
#define PAGE_SIZE	4096u
#define ORDER_4K	0u
#define ORDER_2M	9u
#define ORDER_1G	18u

typedef struct { uint64_t n; } gfn_t;	/* guest frame, per domain */
typedef struct { uint64_t n; } mfn_t;	/* machine frame */
typedef uint64_t nsec_t;		/* system time: ns since VMM start */

#define GFN(x)		((gfn_t){ (uint64_t)(x) })
#define MFN(x)		((mfn_t){ (uint64_t)(x) })
#define MFN_NONE	MFN(UINT64_MAX)
#define NSEC_NEVER	UINT64_MAX
#define NSEC_PER_MS	1000000ull
#define NSEC_PER_SEC	1000000000ull

#define BIT32(n)	(UINT32_C(1) << (n))
#define BIT64(n)	(UINT64_C(1) << (n))
#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define MIN(a, b)	((a) < (b) ? (a) : (b))
#define MAX(a, b)	((a) > (b) ? (a) : (b))
#define ROUND_UP(x, to)	(((x) + (to) - 1) / (to) * (to))

#define container_of(ptr, type, member) \
	((type *)(void *)((char *)(ptr) - offsetof(type, member)))

static inline gfn_t gfn_of(uint64_t guest_physical)
{
	return GFN(guest_physical >> PAGE_SHIFT);
}

static inline mfn_t mfn_of(uint64_t machine_address)
{
	return MFN(machine_address >> PAGE_SHIFT);
}
