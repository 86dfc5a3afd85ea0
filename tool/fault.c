/* SPDX-License-Identifier: MIT */
/*
 * The list of what is wrong; see fault.h.
 */
#include "fault.h"

#include <stdlib.h>

static struct fault *append(struct faults *f, struct place where)
{
	f->at = mem_grow(f->at, f->count + 1, sizeof(f->at[0]));

	struct fault *x = &f->at[f->count++];

	*x = (struct fault){ 0 };
	x->file = where.file ? text_copy(where.file) : NULL;
	x->line = where.line;
	return x;
}

void fault_add(struct faults *f, struct place where, const char *format, ...)
{
	struct fault *x = append(f, where);
	va_list ap;

	va_start(ap, format);
	x->words = text_vformat(format, ap);
	va_end(ap);
	f->bad++;
}

void fault_note(struct faults *f, struct place where, const char *format, ...)
{
	struct fault *x = append(f, where);
	va_list ap;

	va_start(ap, format);
	x->words = text_vformat(format, ap);
	va_end(ap);
	x->note = true;
}

static bool same_file(const struct fault *a, const struct fault *b)
{
	return a->file == b->file ||
	       (a->file && b->file && text_equal(a->file, b->file));
}

/* Moves each fault up, behind those of its file with no later line. */
static void sort(struct faults *f)
{
	for (size_t i = 1; i < f->count; i++) {
		struct fault x = f->at[i];
		size_t j = i, first = 0;

		while (!same_file(&f->at[first], &x))
			first++;
		while (j > first && (!same_file(&f->at[j - 1], &x) ||
				     f->at[j - 1].line > x.line)) {
			f->at[j] = f->at[j - 1];
			j--;
		}
		f->at[j] = x;
	}
}

void faults_print(struct faults *f, FILE *to)
{
	sort(f);
	for (size_t i = 0; i < f->count; i++) {
		const struct fault *x = &f->at[i];
		const char *note = x->note ? "note: " : "";

		if (!x->file)
			fprintf(to, "bulkhead: %s%s\n", note, x->words);
		else if (!x->line)
			fprintf(to, "%s: %s%s\n", x->file, note, x->words);
		else
			fprintf(to, "%s:%u: %s%s\n", x->file, x->line, note,
				x->words);
	}
}

void faults_free(struct faults *f)
{
	for (size_t i = 0; i < f->count; i++) {
		free(f->at[i].file);
		free(f->at[i].words);
	}
	free(f->at);
	*f = (struct faults){ 0 };
}
