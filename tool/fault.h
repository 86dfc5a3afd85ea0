/* SPDX-License-Identifier: MIT */
/*
 * What is wrong with the input: a list of sentences, each with its place.
 * Checking never stops at the first; whoever asked prints them all. A note
 * is printed like a fault and counts as none.
 */
#pragma once
#include <stdio.h>
#include "text.h"

struct fault {
	char *file;	   /* NULL: none */
	unsigned int line; /* 0: the file as a whole */
	char *words;
	bool note;
};

struct faults {
	struct fault *at;
	size_t count; /* notes included */
	size_t bad;   /* notes not included */
};

/* A place in a configuration: what the sentence begins with. */
struct place {
	const char *file;
	unsigned int line;
};

void fault_add(struct faults *f, struct place where, const char *format, ...)
	PRINTF_LIKE(3, 4);
void fault_note(struct faults *f, struct place where, const char *format, ...)
	PRINTF_LIKE(3, 4);
/* File by file, each in the order of its lines. */
void faults_print(struct faults *f, FILE *to);
void faults_free(struct faults *f);
