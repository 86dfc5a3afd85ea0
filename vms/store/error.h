/* SPDX-License-Identifier: MIT */
/*
 * How a request can end. The names of these are what a client reads.
 */
#pragma once

enum store_error {
	STORE_OK,
	STORE_EINVAL,
	STORE_EACCES,
	STORE_EEXIST,
	STORE_ENOENT,
	STORE_ENOSPC,
	STORE_ENOSYS,
	STORE_EBUSY,
	STORE_EAGAIN,
	STORE_E2BIG,
	STORE_EPERM,
	/* Not an answer: the request is to be tried again later. */
	STORE_LATER,
};
