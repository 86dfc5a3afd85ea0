/* SPDX-License-Identifier: MIT */
/*
 * What a request with a path does. s->path is the path; the reply, if there
 * is one, is put into reply->bytes, at most 4096 bytes.
 */
#pragma once
#include "error.h"
#include "store.h"

struct request {
	uint32_t client;
	struct transaction *transaction; /* NULL: none */
	const char *rest;	/* the payload behind the path and its NUL */
	uint32_t rest_length;
	char *reply;
	uint32_t reply_length;
};

enum store_error request_read(struct store *s, struct request *r);
enum store_error request_directory(struct store *s, struct request *r);
enum store_error request_directory_part(struct store *s, struct request *r);
enum store_error request_get_perms(struct store *s, struct request *r);
enum store_error request_set_perms(struct store *s, struct request *r);
enum store_error request_write(struct store *s, struct request *r);
enum store_error request_mkdir(struct store *s, struct request *r);
enum store_error request_rm(struct store *s, struct request *r);
