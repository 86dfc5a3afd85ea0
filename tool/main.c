/* SPDX-License-Identifier: MIT */
/*
 * bulkhead, the host tool: finds the command and runs it.
 */
#include "command.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static int unknown(const char *word)
{
	const char *names[ARGUMENTS_MAX] = { NULL };

	for (size_t i = 0; i < command_count; i++)
		names[i] = commands[i].name;

	const char *near = name_near(word, names);

	if (near)
		return complain("'%s' is not a command: did you mean '%s'?",
				word, near);
	return complain("'%s' is not a command: see `bulkhead help`", word);
}

/* A descriptor 0, 1 or 2 that is closed would be given to something else. */
static void standard_files(void)
{
	int fd = open("/dev/null", O_RDWR);

	while (fd >= 0 && fd <= STDERR_FILENO)
		fd = dup(fd);
	if (fd > STDERR_FILENO)
		close(fd);
}

int main(int argc, char **argv)
{
	const char *word = argc > 1 ? argv[1] : "help";
	struct arguments a;

	standard_files();
	if (text_equal(word, "--help") || text_equal(word, "-h"))
		word = "help";
	else if (text_equal(word, "--version"))
		word = "version";

	const struct command *c = command_find(word);

	if (!c)
		return unknown(word);
	for (int i = 2; i < argc && !text_equal(argv[i], "--"); i++)
		if (text_equal(argv[i], "--help") ||
		    text_equal(argv[i], "-h")) {
			a = (struct arguments){ .command = c };
			a.word[0] = word;
			a.word_count = 1;
			return cmd_help(&a);
		}
	if (!arguments_parse(c, argc > 2 ? argc - 2 : 0,
			     (const char *const *)argv + 2, &a))
		return EXIT_BAD;

	int status = c->run(&a);

	if (fflush(stdout) == EOF && status == EXIT_GOOD)
		return complain("the output cannot be written");
	return status;
}
