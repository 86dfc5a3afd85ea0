/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as a launch description, with a good kernel: refused with a
 * sentence and nothing sealed, or a machine whose audit is clean before and
 * after its VMs were built.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "arch/mock/mock.h"
#include "core/arch.h"
#include "core/partition.h"
#include "core/world.h"
#include "launch_fixture.h"

#define RAM_MIB		24u
#define BUILD_MAX	4096u		/* frames: larger VMs take too long */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void audit(void)
{
	struct audit audit;

	partition_audit(&audit);
	if (audit.errors) {
		fprintf(stderr, "%s\n", audit.first);
		abort();
	}
}

static void place(struct boot_module *m, uint64_t at, const void *data,
		  size_t size)
{
	*m = (struct boot_module){ data, at, size };
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > 1 << 16)
		return 0;
	fixture_start(RAM_MIB, false);
	place(&fixture_boot.module[0], 2 << 20, data, size);
	place(&fixture_boot.module[1], 3 << 20, &fixture_kernel,
	      sizeof(fixture_kernel));
	place(&fixture_boot.module[2], 4 << 20, fixture_ramdisk,
	      sizeof(fixture_ramdisk));
	if (fixture_try()) {
		if (world.sealed || !fixture_text[0])
			abort();
		return 0;
	}
	audit();
	for (uint32_t i = 1; i < world.domain_count; i++)
		if (world.domain[i]->ram_frames <= BUILD_MAX)
			fixture_build(world.domain[i]);
	audit();
	return 0;
}
