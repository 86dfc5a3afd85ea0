/* SPDX-License-Identifier: MIT */
/*
 * The command line as one table: what a command is called, takes and does.
 * Parsing, help, bash completion and the manual page all come from it.
 */
#pragma once
#include "text.h"

enum exit_status {
	EXIT_GOOD = 0,
	EXIT_BAD = 1, /* usage, input or host */
	EXIT_GUEST_CRASH = 2,
	EXIT_VMM_PANIC = 3,
	EXIT_TIMEOUT = 124,
};

struct option_spec {
	const char *name;  /* without the dashes */
	char letter;	   /* 0: none */
	const char *value; /* what it takes, for help; NULL: a flag */
	const char *help;
};

struct option_set {
	const struct option_spec *at;
	size_t count;
};

#define OPTION_SETS_MAX 3u

struct arguments;

struct command {
	const char *name;
	const char *takes;	  /* "DIR", "[VM]", ... */
	unsigned int least, most; /* positional arguments */
	const char *summary;	  /* one line */
	const char *details;	  /* paragraphs, for help and manual */
	const struct option_set *options[OPTION_SETS_MAX];
	int (*run)(const struct arguments *a);
};

#define ARGUMENTS_MAX 64u

struct arguments {
	const struct command *command;
	const char *word[ARGUMENTS_MAX]; /* positional */
	size_t word_count;
	struct {
		const struct option_spec *option;
		const char *value;
	} given[ARGUMENTS_MAX];
	size_t given_count;
};

extern const struct command commands[];
extern const size_t command_count;

/* Fills `out`; false after a sentence on standard error. */
bool arguments_parse(const struct command *c, int argc, const char *const *argv,
		     struct arguments *out);
bool argument_flag(const struct arguments *a, const char *name);
/* The last value given, or `otherwise`. */
const char *argument_value(const struct arguments *a, const char *name,
			   const char *otherwise);
/* A value as a number within bounds; false after a sentence. */
bool argument_number(const struct arguments *a, const char *name,
		     const uint64_t bounds[2], uint64_t *out);
/* The values of an option that may be given often; NULL after the last. */
const char *argument_nth(const struct arguments *a, const char *name, size_t n);

const struct command *command_find(const char *name);
/* Prints "bulkhead: ..." on standard error; returns EXIT_BAD. */
int complain(const char *format, ...) PRINTF_LIKE(1, 2);

/* Where the tool's own files are: the folder of its binary. */
char *tool_folder(void);

int cmd_boot(const struct arguments *a);
int cmd_build(const struct arguments *a);
int cmd_check(const struct arguments *a);
int cmd_completion(const struct arguments *a);
int cmd_console(const struct arguments *a);
int cmd_demo(const struct arguments *a);
int cmd_doctor(const struct arguments *a);
int cmd_gdb(const struct arguments *a);
int cmd_graph(const struct arguments *a);
int cmd_help(const struct arguments *a);
int cmd_inventory(const struct arguments *a);
int cmd_list(const struct arguments *a);
int cmd_log(const struct arguments *a);
int cmd_operate(const struct arguments *a);
int cmd_report(const struct arguments *a);
int cmd_run(const struct arguments *a);
int cmd_top(const struct arguments *a);
int cmd_version(const struct arguments *a);
