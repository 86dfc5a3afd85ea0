/* SPDX-License-Identifier: MIT */
/*
 * The format of lzop(1), with LZO1X blocks: a compression of Linux kernels.
 * Written from the description of the stream in Linux's documentation; the
 * usual library is under a licence that this tool cannot link.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

#define UNLZO_BLOCK_MAX (64u << 20) /* more than lzop ever writes */

/* One LZO1X stream into exactly `room` bytes; 0, or -1 if it is damaged. */
int unlzo_block(const uint8_t *in, size_t size, uint8_t *out, size_t room);
/* Length of the file header, or 0 if it is damaged; *flags tells more. */
size_t unlzo_header(const uint8_t *in, size_t size, uint32_t *flags);

/* A block of the file, after the header. */
struct unlzo_step {
	size_t unpacked; /* 0: the end mark */
	size_t packed;	 /* equal to unpacked: stored as it is */
	size_t data;	 /* where the packed bytes begin */
	uint32_t sum;	 /* of the unpacked bytes */
};
/* Reads what stands before a block; 0, or -1 if it is cut short. */
int unlzo_step(const uint8_t *in, size_t size, uint32_t flags,
	       struct unlzo_step *out);
/* 0 if the sum of the unpacked bytes is right, or there is none. */
int unlzo_sum(const uint8_t *out, size_t size, uint32_t flags, uint32_t sum);
