/* SPDX-License-Identifier: MIT */
/*
 * Parsing a command line by the table; see command.h.
 */
#include "command.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int complain(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	fputs("bulkhead: ", stderr);
	vfprintf(stderr, format, ap);
	fputc('\n', stderr);
	va_end(ap);
	return EXIT_BAD;
}

char *tool_folder(void)
{
	char path[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);

	if (n <= 0)
		return text_copy(".");
	path[n] = '\0';
	return path_folder(path);
}

const struct command *command_find(const char *name)
{
	for (size_t i = 0; i < command_count; i++)
		if (text_equal(commands[i].name, name))
			return &commands[i];
	return NULL;
}

static const struct option_spec *option_find(const struct command *c,
					     const char *name, size_t length)
{
	for (size_t s = 0; s < OPTION_SETS_MAX && c->options[s]; s++)
		for (size_t i = 0; i < c->options[s]->count; i++) {
			const struct option_spec *o = &c->options[s]->at[i];

			if (length == 1 && o->letter && o->letter == name[0])
				return o;
			if (strlen(o->name) == length &&
			    strncmp(o->name, name, length) == 0)
				return o;
		}
	return NULL;
}

static void option_unknown(const struct command *c, const char *word)
{
	const char *names[ARGUMENTS_MAX] = { NULL };
	size_t n = 0;

	for (size_t s = 0; s < OPTION_SETS_MAX && c->options[s]; s++)
		for (size_t i = 0; i < c->options[s]->count; i++)
			if (n < ARGUMENTS_MAX - 1)
				names[n++] = c->options[s]->at[i].name;

	char *bare = text_copy(word + strspn(word, "-"));

	bare[strcspn(bare, "=")] = '\0';
	const char *near = name_near(bare, names);

	if (near)
		complain("'%s' is not an option of `%s`: did you mean --%s?",
			 word, c->name, near);
	else
		complain("'%s' is not an option of `%s`: see `bulkhead help "
			 "%s`",
			 word, c->name, c->name);
	free(bare);
}

/* One word that begins with a dash; *i moves on over its value. */
static bool option_parse(const struct command *c, const char *const *argv,
			 int *i, struct arguments *out)
{
	const char *word = argv[*i], *bare = word + 1 + (word[1] == '-');
	size_t length = strcspn(bare, "=");
	const struct option_spec *o = NULL;

	/* One dash and one letter, or two dashes and a name. */
	if ((word[1] == '-') == (length > 1))
		o = option_find(c, bare, length);
	if (!o) {
		option_unknown(c, word);
		return false;
	}
	const char *value = bare[length] ? bare + length + 1 : NULL;

	if (!o->value && value) {
		complain("--%s takes no value: write it without =", o->name);
		return false;
	}
	if (o->value && !value)
		value = argv[*i + 1] ? argv[++*i] : NULL;
	if (o->value && !value) {
		complain("--%s has no value: write --%s %s", o->name, o->name,
			 o->value);
		return false;
	}
	if (out->given_count == ARGUMENTS_MAX) {
		complain("there are more than %u options", ARGUMENTS_MAX);
		return false;
	}
	out->given[out->given_count].option = o;
	out->given[out->given_count++].value = value ? value : "";
	return true;
}

bool arguments_parse(const struct command *c, int argc, const char *const *argv,
		     struct arguments *out)
{
	bool options = true;

	*out = (struct arguments){ .command = c };
	for (int i = 0; i < argc; i++) {
		if (options && text_equal(argv[i], "--")) {
			options = false;
		} else if (options && argv[i][0] == '-' && argv[i][1]) {
			if (!option_parse(c, argv, &i, out))
				return false;
		} else if (out->word_count >= c->most ||
			   out->word_count == ARGUMENTS_MAX) {
			complain("'%s' is one argument too many: write "
				 "`bulkhead %s%s%s`",
				 argv[i], c->name, *c->takes ? " " : "",
				 c->takes);
			return false;
		} else {
			out->word[out->word_count++] = argv[i];
		}
	}
	if (out->word_count < c->least) {
		complain("`%s` needs an argument: write `bulkhead %s %s`",
			 c->name, c->name, c->takes);
		return false;
	}
	return true;
}

const char *argument_value(const struct arguments *a, const char *name,
			   const char *otherwise)
{
	for (size_t i = a->given_count; i-- > 0;)
		if (text_equal(a->given[i].option->name, name))
			return a->given[i].value;
	return otherwise;
}

bool argument_flag(const struct arguments *a, const char *name)
{
	return argument_value(a, name, NULL) != NULL;
}

const char *argument_nth(const struct arguments *a, const char *name, size_t n)
{
	for (size_t i = 0; i < a->given_count; i++)
		if (text_equal(a->given[i].option->name, name) && n-- == 0)
			return a->given[i].value;
	return NULL;
}

bool argument_number(const struct arguments *a, const char *name,
		     const uint64_t bounds[2], uint64_t *out)
{
	const char *s = argument_value(a, name, NULL);
	char *end;

	if (!s)
		return true;
	errno = 0;
	uint64_t n = strtoull(s, &end, 0);

	if (*s < '0' || *s > '9' || *end || errno || n < bounds[0] ||
	    n > bounds[1]) {
		complain("--%s is '%s': write a number from %" PRIu64
			 " to %" PRIu64,
			 name, s, bounds[0], bounds[1]);
		return false;
	}
	*out = n;
	return true;
}
