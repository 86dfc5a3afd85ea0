/* SPDX-License-Identifier: MIT */
/*
 * A QEMU TCG plugin that counts instructions: those of the VMM, known by
 * their addresses, and all others. It knows three kinds of places:
 *   mark     the guest executes `nopl 0x4fff0000+N(%rax)`, a no-operation
 *            that costs no exit and that nothing else contains; or, once, the
 *            instruction at a given address that is not the VMM's
 *   entry    the VMM executes VMRUN or VMLAUNCH/VMRESUME: a run ends here
 *   watch    the VMM executes the instruction at a given address: the first
 *            of a function that handles a reason to exit (watch=), or a
 *            preemption point, which ends a run (point=)
 * Arguments: out=FILE lo=ADDRESS hi=ADDRESS [bootlo= boothi=]
 *            [mark=NUMBER@ADDRESS]
 *            [watch=NAME@ADDRESS ...] [point=NAME@ADDRESS ...]
 *            [partlo= parthi=]      a part of the VMM, counted apart as well
 *            [profile=FILE]         its lines `ADDRESS NAME`, sorted: counts
 *                                   the VMM's instructions by function, too
 * Lines written, all numbers since the start of the machine:
 *   mark N vmm V part P other O entries E
 *   first vmm V part P other O    at the first entry
 *   in N NAME V calls C           since the mark before N, for each function
 *   run NAME+NAME length L        at the end, the longest for each set
 * Use it with -icount and -smp 1 only: counters are not per CPU. Prototypes
 * are written down here because Debian 12 packages no qemu-plugin.h; they are
 * those of version 1 of the interface.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef uint64_t qemu_plugin_id_t;
typedef struct qemu_info qemu_info_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
enum { INLINE_ADD_U64 = 0, CB_NO_REGS = 0 };

typedef void (*tb_trans_cb)(qemu_plugin_id_t id, struct qemu_plugin_tb *tb);
typedef void (*exec_cb)(unsigned int cpu, void *data);
typedef void (*at_exit_cb)(qemu_plugin_id_t id, void *data);

void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id,
					   tb_trans_cb cb);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn,
					    exec_cb cb, int flags, void *data);
void qemu_plugin_register_vcpu_insn_exec_inline(struct qemu_plugin_insn *insn,
						int op, void *p, uint64_t add);
void qemu_plugin_register_atexit_cb(qemu_plugin_id_t id, at_exit_cb cb,
				    void *data);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *
qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t index);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);
int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info,
			int argc, char **argv);

extern int qemu_plugin_version;
int qemu_plugin_version = 1;

enum { WATCH_MAX = 62, SETS_MAX = 4096, FUNCTIONS_MAX = 4096 };

struct function {
	char name[64];
	uint64_t address;
	uint64_t count, before;
	uint64_t calls, calls_before;
};

struct place {
	char name[64];
	uint64_t address;
	bool ends_run;
};

struct longest {
	uint64_t set;		/* bit n: place[n] was passed */
	uint64_t length;
};

static FILE *out;
static uint64_t lo, hi, boot_lo, boot_hi, part_lo, part_hi;
static uint64_t vmm, part, other, entries;
static struct place place[WATCH_MAX];
static size_t place_count;
static struct longest longest[SETS_MAX];
static size_t set_count;
static uint64_t run_start, run_set;
static uint64_t mark_number, mark_address;
static bool mark_passed;

static struct function function[FUNCTIONS_MAX];
static size_t function_count;

static struct function *function_at(uint64_t address)
{
	struct function *found = NULL;

	for (size_t i = 0; i < function_count; i++)
		if (function[i].address <= address)
			found = &function[i];
	return found;
}

static void profile(uintptr_t mark)
{
	for (size_t i = 0; i < function_count; i++) {
		struct function *f = &function[i];

		if (f->count != f->before)
			fprintf(out, "in %" PRIuPTR " %s %" PRIu64 " calls %"
				PRIu64 "\n", mark, f->name,
				f->count - f->before,
				f->calls - f->calls_before);
		f->before = f->count;
		f->calls_before = f->calls;
	}
}

static int profile_read(const char *path)
{
	FILE *f = fopen(path, "r");

	while (f && function_count < FUNCTIONS_MAX &&
	       fscanf(f, "%" SCNx64 " %63s", &function[function_count].address,
		      function[function_count].name) == 2)
		function_count++;
	return f ? fclose(f) : -1;
}

static void run_ends(void)
{
	uint64_t length = vmm - run_start;
	size_t i;

	if (entries) {
		for (i = 0; i < set_count; i++)
			if (longest[i].set == run_set)
				break;
		if (i == set_count && set_count < SETS_MAX)
			longest[set_count++].set = run_set;
		if (i < set_count && longest[i].length < length)
			longest[i].length = length;
	}
	run_start = vmm;
	run_set = 0;
}

static void on_mark(unsigned int cpu, void *data)
{
	(void)cpu;
	fprintf(out, "mark %" PRIuPTR " vmm %" PRIu64 " part %" PRIu64
		" other %" PRIu64 " entries %" PRIu64 "\n", (uintptr_t)data,
		vmm, part, other, entries);
	profile((uintptr_t)data);
	fflush(out);
}

static void on_address(unsigned int cpu, void *data)
{
	if (!mark_passed)
		on_mark(cpu, data);
	mark_passed = true;
}

static void on_entry(unsigned int cpu, void *data)
{
	(void)cpu;
	(void)data;
	if (entries == 0)
		fprintf(out, "first vmm %" PRIu64 " part %" PRIu64
			" other %" PRIu64 "\n", vmm, part, other);
	run_ends();
	entries++;
}

static void on_place(unsigned int cpu, void *data)
{
	size_t i = (size_t)((struct place *)data - place);

	(void)cpu;
	run_set |= UINT64_C(1) << i;
	if (place[i].ends_run)
		run_ends();
}

/* VMRUN 0f 01 d8, VMLAUNCH 0f 01 c2, VMRESUME 0f 01 c3. */
static bool is_entry(const uint8_t *code, size_t size)
{
	return size == 3 && code[0] == 0x0f && code[1] == 0x01 &&
	       (code[2] == 0xd8 || code[2] == 0xc2 || code[2] == 0xc3);
}

static void watch(struct qemu_plugin_insn *insn, uint64_t address)
{
	for (size_t i = 0; i < place_count; i++)
		if (place[i].address == address)
			qemu_plugin_register_vcpu_insn_exec_cb(
				insn, on_place, CB_NO_REGS, &place[i]);
}

static void on_translation(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	size_t count = qemu_plugin_tb_n_insns(tb);

	(void)id;
	for (size_t i = 0; i < count; i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
		uint64_t address = qemu_plugin_insn_vaddr(insn);
		const uint8_t *code = qemu_plugin_insn_data(insn);
		size_t size = qemu_plugin_insn_size(insn);
		bool ours = (address >= lo && address < hi) ||
			    (address >= boot_lo && address < boot_hi &&
			     entries == 0);
		uint32_t mark;

		qemu_plugin_register_vcpu_insn_exec_inline(
			insn, INLINE_ADD_U64, ours ? &vmm : &other, 1);
		if (address >= part_lo && address < part_hi)
			qemu_plugin_register_vcpu_insn_exec_inline(
				insn, INLINE_ADD_U64, &part, 1);
		if (ours && function_at(address)) {
			struct function *f = function_at(address);

			qemu_plugin_register_vcpu_insn_exec_inline(
				insn, INLINE_ADD_U64, &f->count, 1);
			if (address == f->address)
				qemu_plugin_register_vcpu_insn_exec_inline(
					insn, INLINE_ADD_U64, &f->calls, 1);
		}
		if (ours) {
			watch(insn, address);
			if (is_entry(code, size))
				qemu_plugin_register_vcpu_insn_exec_cb(
					insn, on_entry, CB_NO_REGS, NULL);
		}
		if (!ours && mark_number && address == mark_address)
			qemu_plugin_register_vcpu_insn_exec_cb(
				insn, on_address, CB_NO_REGS,
				(void *)(uintptr_t)mark_number);
		if (size == 7 && code[0] == 0x0f && code[1] == 0x1f &&
		    code[2] == 0x80) {
			memcpy(&mark, code + 3, sizeof(mark));
			if (mark >> 16 == 0x4fff)
				qemu_plugin_register_vcpu_insn_exec_cb(
					insn, on_mark, CB_NO_REGS,
					(void *)(uintptr_t)(mark & 0xffff));
		}
	}
}

static void at_exit(qemu_plugin_id_t id, void *data)
{
	(void)id;
	(void)data;
	for (size_t i = 0; i < set_count; i++) {
		const char *between = "";

		fprintf(out, "run ");
		for (size_t j = 0; j < place_count; j++)
			if (longest[i].set >> j & 1) {
				fprintf(out, "%s%s", between, place[j].name);
				between = "+";
			}
		fprintf(out, "%s length %" PRIu64 "\n",
			longest[i].set ? "" : "-", longest[i].length);
	}
	fprintf(out, "end vmm %" PRIu64 " other %" PRIu64 " entries %" PRIu64
		"\n", vmm, other, entries);
	fclose(out);
}

static int add_place(const char *text, bool ends_run)
{
	const char *at = strchr(text, '@');
	struct place *p = &place[place_count];

	if (!at || place_count == WATCH_MAX ||
	    (size_t)(at - text) >= sizeof(p->name))
		return -1;
	memcpy(p->name, text, (size_t)(at - text));
	p->address = strtoull(at + 1, NULL, 0);
	p->ends_run = ends_run;
	place_count++;
	return 0;
}

static int argument(const char *name, const char *value)
{
	static const struct {
		const char *name;
		uint64_t *number;
	} numbers[] = {
		{ "lo=", &lo },
		{ "hi=", &hi },
		{ "bootlo=", &boot_lo },
		{ "boothi=", &boot_hi },
		{ "partlo=", &part_lo },
		{ "parthi=", &part_hi },
	};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (!strncmp(name, numbers[i].name, strlen(numbers[i].name))) {
			*numbers[i].number = strtoull(value, NULL, 0);
			return 0;
		}
	if (!strncmp(name, "out=", 4))
		return (out = fopen(value, "w")) ? 0 : -1;
	if (!strncmp(name, "mark=", 5))
		return sscanf(value, "%" SCNu64 "@%" SCNx64, &mark_number,
			      &mark_address) == 2 ? 0 : -1;
	if (!strncmp(name, "profile=", 8))
		return profile_read(value);
	if (!strncmp(name, "watch=", 6))
		return add_place(value, false);
	if (!strncmp(name, "point=", 6))
		return add_place(value, true);
	return -1;
}

int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info,
			int argc, char **argv)
{
	(void)info;
	for (int i = 0; i < argc; i++) {
		const char *value = strchr(argv[i], '=');

		if (!value || argument(argv[i], value + 1))
			return -1;
	}
	if (!out)
		return -1;
	qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation);
	qemu_plugin_register_atexit_cb(id, at_exit, NULL);
	return 0;
}
