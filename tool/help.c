/* SPDX-License-Identifier: MIT */
/*
 * Help, completion and the manual page, out of the table of commands.
 */
#include "command.h"
#include "machine.h"
#include "version.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WIDTH 78u

/* Prints words, broken into lines behind `indent` spaces. */
static void wrap(const char *words, unsigned int indent)
{
	size_t column = 0;

	while (*words) {
		size_t n = strcspn(words, " ");

		if (column && column + 1 + n > WIDTH - indent) {
			putchar('\n');
			column = 0;
		}
		printf("%*s%.*s", column ? 1 : (int)indent, "", (int)n, words);
		column += n + (column ? 1 : 0);
		words += n;
		words += strspn(words, " ");
	}
	putchar('\n');
}

static void options_print(const struct command *c)
{
	for (size_t s = 0; s < OPTION_SETS_MAX && c->options[s]; s++)
		for (size_t i = 0; i < c->options[s]->count; i++) {
			const struct option_spec *o = &c->options[s]->at[i];
			char left[64], letter[8] = "    ";

			if (o->letter)
				snprintf(letter, sizeof(letter), "-%c, ",
					 o->letter);
			snprintf(left, sizeof(left), "%s--%s%s%s", letter,
				 o->name, o->value ? " " : "",
				 o->value ? o->value : "");
			printf("  %-28s %s\n", left, o->help);
		}
}

static void command_print(const struct command *c)
{
	printf("bulkhead %s%s%s%s\n\n", c->name,
	       c->options[0] ? " [options]" : "", *c->takes ? " " : "",
	       c->takes);
	char *summary = text_copy(c->summary);

	summary[0] = (char)toupper((unsigned char)summary[0]);
	printf("%s.\n", summary);
	free(summary);
	if (c->details) {
		putchar('\n');
		wrap(c->details, 0);
	}
	if (c->options[0]) {
		puts("\nOptions:");
		options_print(c);
	}
}

static void keys_print(const char *title, const struct key_table *t)
{
	printf("\n%s\n", title);
	for (size_t i = 0; i < t->count; i++)
		printf("  %-21s %s\n", t->key[i].name, t->key[i].help);
}

static void overview(void)
{
	puts("Bulkhead runs unmodified operating systems side by side on a "
	     "machine of its own.\n\nusage: bulkhead COMMAND [options] "
	     "[arguments]\n");
	for (size_t i = 0; i < command_count; i++) {
		char left[40];

		snprintf(left, sizeof(left), "%s %s", commands[i].name,
			 commands[i].takes);
		printf("  %-18s %s\n", left, commands[i].summary);
	}
	puts("\n`bulkhead help COMMAND` tells more. Try `bulkhead doctor`, "
	     "then `bulkhead demo`.");
}

/* Text for troff: no line begins with a dot, no backslash or dash is lost. */
static void man_text(const char *s)
{
	for (; *s; s++) {
		if (*s == '\\')
			fputs("\\\\", stdout);
		else if (*s == '-')
			fputs("\\-", stdout);
		else if (*s == '`')
			fputs("\\(oq", stdout);
		else
			putchar(*s);
	}
}

static void man_command(const struct command *c)
{
	printf(".SS \"%s%s%s\"\n", c->name, *c->takes ? " " : "", c->takes);
	man_text(c->summary);
	puts(".");
	if (c->details) {
		puts(".PP");
		man_text(c->details);
		putchar('\n');
	}
	for (size_t s = 0; s < OPTION_SETS_MAX && c->options[s]; s++)
		for (size_t i = 0; i < c->options[s]->count; i++) {
			const struct option_spec *o = &c->options[s]->at[i];

			fputs(".TP\n\\fB", stdout);
			if (o->letter)
				printf("\\-%c\\fR, \\fB", o->letter);
			fputs("\\-\\-", stdout);
			man_text(o->name);
			fputs("\\fR", stdout);
			if (o->value)
				printf(" \\fI%s\\fR", o->value);
			putchar('\n');
			man_text(o->help);
			putchar('\n');
		}
}

static void man_keys(const char *title, const struct key_table *t)
{
	printf(".SS \"%s\"\n", title);
	for (size_t i = 0; i < t->count; i++) {
		printf(".TP\n\\fB%s\\fR\n", t->key[i].name);
		man_text(t->key[i].help);
		putchar('\n');
	}
}

static void man_page(void)
{
	puts(".\\\" SPDX-License-Identifier: MIT\n"
	     ".\\\" Made by `bulkhead help --man'.\n"
	     ".TH BULKHEAD 1 \"\" \"Bulkhead\" \"User Commands\"\n"
	     ".SH NAME\nbulkhead \\- describe, check and run machines of the "
	     "Bulkhead VMM\n"
	     ".SH SYNOPSIS\n.B bulkhead\n.I COMMAND\n[options] [arguments]\n"
	     ".SH COMMANDS");
	for (size_t i = 0; i < command_count; i++)
		man_command(&commands[i]);
	puts(".SH CONFIGURATION");
	man_keys("A machine: machine.conf", &machine_keys);
	man_keys("A VM: NAME.cfg", &vm_keys);
	puts(".SH ENVIRONMENT\n"
	     ".TP\n.B XDG_RUNTIME_DIR\nfolder of the control sockets of "
	     "running machines; else /tmp/bulkhead\\-UID.\n"
	     ".TP\n.B XDG_CACHE_HOME\nfolder of unpacked kernels; else "
	     "~/.cache.\n"
	     ".TP\n.B SOURCE_DATE_EPOCH\nthe date in an ISO.\n"
	     ".SH EXIT STATUS\n0 good or power\\-off, 1 usage or host error, "
	     "2 a guest crashed, 3 the VMM panicked, 124 time\\-out, 128 and "
	     "the number of a signal when interrupted.\n"
	     ".SH SEE ALSO\n.BR xl.cfg (5),\n.BR qemu\\-system\\-x86_64 (1)");
}

int cmd_help(const struct arguments *a)
{
	if (a->given_count) {
		man_page();
		return EXIT_GOOD;
	}
	if (!a->word_count) {
		overview();
		return EXIT_GOOD;
	}
	const struct command *c = command_find(a->word[0]);

	if (!c)
		return complain("'%s' is not a command: see `bulkhead help`",
				a->word[0]);
	command_print(c);
	if (text_equal(c->name, "check")) {
		keys_print("Settings in machine.conf:", &machine_keys);
		keys_print("Settings in NAME.cfg:", &vm_keys);
	}
	return EXIT_GOOD;
}

int cmd_version(const struct arguments *a)
{
	(void)a;
	puts("bulkhead " BULKHEAD_VERSION);
	return EXIT_GOOD;
}

static void completion_options(const struct command *c)
{
	printf("\t\t%s) words=\"", c->name);
	for (size_t s = 0; s < OPTION_SETS_MAX && c->options[s]; s++)
		for (size_t i = 0; i < c->options[s]->count; i++)
			printf("--%s ", c->options[s]->at[i].name);
	puts("--help\" ;;");
}

int cmd_completion(const struct arguments *a)
{
	(void)a;
	puts("# bash completion for bulkhead: source this file.\n"
	     "_bulkhead() {\n"
	     "\tlocal now=\"${COMP_WORDS[COMP_CWORD]}\" words=\"\"\n"
	     "\tif [ \"$COMP_CWORD\" -eq 1 ]; then");
	fputs("\t\twords=\"", stdout);
	for (size_t i = 0; i < command_count; i++)
		printf("%s%s", i ? " " : "", commands[i].name);
	puts("\"\n\telif [[ \"$now\" == -* ]]; then\n"
	     "\t\tcase \"${COMP_WORDS[1]}\" in");
	for (size_t i = 0; i < command_count; i++)
		completion_options(&commands[i]);
	puts("\t\tesac\n\telse\n\t\tcase \"${COMP_WORDS[1]}\" in\n"
	     "\t\tconsole|pause|unpause|restart|destroy)\n"
	     "\t\t\twords=\"$(bulkhead list 2>/dev/null |\n"
	     "\t\t\t\tawk '$2 ~ /^[0-9]+$/ { print $1 }')\" ;;\n"
	     "\t\thelp) words=\"$(compgen -W \"$(bulkhead help |\n"
	     "\t\t\t\tawk '/^  [a-z]/ { print $1 }')\")\" ;;\n"
	     "\t\t*) COMPREPLY=($(compgen -f -- \"$now\")); return ;;\n"
	     "\t\tesac\n\tfi\n"
	     "\tCOMPREPLY=($(compgen -W \"$words\" -- \"$now\"))\n"
	     "}\ncomplete -o filenames -F _bulkhead bulkhead");
	return EXIT_GOOD;
}
