/* SPDX-License-Identifier: MIT */
/* Grant misuse, the abuser's part; see main.c. */
#include "test.h"
#include "granter.h"

static uint64_t hole;		/* guest-physical, eight pages */

static int map(grant_ref_t ref, uint64_t gpa, uint32_t flags,
	       struct grant_map *m)
{
	return grant_map(test_peer(), ref, gpa, flags, m);
}

static int copy_from(grant_ref_t ref, unsigned int source_offset,
		     void *to, unsigned int dest_offset, unsigned int len)
{
	struct gnttab_copy c = {
		.source = { .u.ref = ref, .domid = test_peer(),
			    .offset = (uint16_t)source_offset },
		.dest = { .u.gmfn = page_gpa(to) >> 12, .domid = DOMID_SELF,
			  .offset = (uint16_t)dest_offset },
		.len = (uint16_t)len, .flags = GNTCOPY_source_gref,
	};

	return grant_copy(&c);
}

static int copy_to(grant_ref_t ref, const void *from, unsigned int len)
{
	struct gnttab_copy c = {
		.source = { .u.gmfn = page_gpa(from) >> 12,
			    .domid = DOMID_SELF },
		.dest = { .u.ref = ref, .domid = test_peer() },
		.len = (uint16_t)len, .flags = GNTCOPY_dest_gref,
	};

	return grant_copy(&c);
}

static void refused(grant_ref_t ref, uint32_t flags, uint64_t gpa)
{
	struct grant_map m;
	int status = map(ref, gpa, flags, &m);

	if (!CHECK(status < 0, "ref %u flags %x at %lx: %d", ref, flags, gpa,
		   status))
		grant_unmap(&m);
}

static void check_maps_refused(void)
{
	struct grant_map m;
	uint64_t gfn;

	refused(REF_SHARED_INFO, GNTMAP_host_map, hole);
	refused(REF_HOLE, GNTMAP_host_map, hole);
	refused(REF_TABLE, GNTMAP_host_map, hole);
	refused(REF_THIRD, GNTMAP_host_map, hole);
	refused(REF_TRANSFER, GNTMAP_host_map, hole);
	refused(REF_NONE, GNTMAP_host_map, hole);
	refused(REF_READ, GNTMAP_host_map, hole);	/* wants to write */
	refused(512, GNTMAP_host_map, hole);
	refused(0xffffffff, GNTMAP_host_map, hole);
	refused(0x80000000, GNTMAP_host_map, hole);
	refused(REF_WRITE, 0, hole);
	refused(REF_WRITE, GNTMAP_device_map, hole);
	refused(REF_WRITE, GNTMAP_device_map | GNTMAP_host_map, hole);
	refused(REF_WRITE, GNTMAP_host_map | GNTMAP_application_map, hole);
	refused(REF_WRITE, GNTMAP_host_map | GNTMAP_contains_pte, hole);
	refused(REF_WRITE, GNTMAP_host_map, 1ull << 52);
	refused(REF_WRITE, GNTMAP_host_map, ~0ull & ~0xfffull);
	refused(REF_WRITE, GNTMAP_host_map, 1ull << 63);
	refused(REF_WRITE, GNTMAP_host_map, page_gpa(xen_shared_page));
	refused(REF_WRITE, GNTMAP_host_map, page_gpa(grant_table));
	if (!param_get(HVM_PARAM_CONSOLE_PFN, &gfn))
		refused(REF_WRITE, GNTMAP_host_map, gfn << 12);
	for (domid_t dom = 3; dom < 7; dom++)
		CHECK(grant_map(dom, REF_WRITE, hole, GNTMAP_host_map, &m) < 0);
	CHECK(grant_map(DOMID_IO, REF_WRITE, hole, GNTMAP_host_map, &m) < 0);
	CHECK(grant_map(DOMID_XEN, REF_WRITE, hole, GNTMAP_host_map, &m) < 0);
	CHECK(grant_map(0, REF_WRITE, hole, GNTMAP_host_map, &m) < 0);
	CHECK(grant_map(0xffff, REF_WRITE, hole, GNTMAP_host_map, &m) < 0);
}

static void check_unmaps(void)
{
	struct grant_map m, wrong;

	if (!CHECK_EQ(map(REF_WRITE, hole, GNTMAP_host_map, &m), GNTST_okay))
		return;
	CHECK_EQ(READ_ONCE(*(uint32_t *)hole), WORD_WRITE);
	refused(REF_WRITE, GNTMAP_host_map, hole);	/* occupied */
	wrong = m;
	wrong.gpa += PAGE_SIZE;
	CHECK(grant_unmap(&wrong) < 0, "wrong address");
	wrong = m;
	wrong.handle++;
	CHECK(grant_unmap(&wrong) < 0, "wrong handle");
	wrong.handle = 0xffffffff;
	CHECK(grant_unmap(&wrong) < 0, "handle -1");
	wrong.handle = 32;
	CHECK(grant_unmap(&wrong) < 0, "handle past the table");
	CHECK_EQ(READ_ONCE(*(uint32_t *)hole), WORD_WRITE, "still mapped");
	CHECK_EQ(grant_unmap(&m), GNTST_okay);
	CHECK(grant_unmap(&m) < 0, "twice");
}

static void check_over_ram(void)
{
	uint32_t *ram = page_alloc();
	struct grant_map m;

	/* Over own RAM: refused, or the RAM comes back afterwards. */
	ram[0] = 0x4711;
	if (map(REF_WRITE, page_gpa(ram), GNTMAP_host_map, &m) < 0) {
		CHECK_EQ(ram[0], 0x4711);
		return;
	}
	CHECK_EQ(READ_ONCE(ram[0]), WORD_WRITE);
	CHECK_EQ(grant_unmap(&m), GNTST_okay);
}

static void check_table_full(void)
{
	uint64_t many = memory_hole(40) << PAGE_SHIFT;
	struct grant_map m[40];
	unsigned int got = 0;
	int status = 0;

	for (; got < 40; got++) {
		status = map(REF_WRITE, many + got * PAGE_SIZE,
			     GNTMAP_host_map, &m[got]);
		if (status)
			break;
	}
	CHECK_EQ(got, 32, "maps, as the machine description says");
	CHECK_EQ(status, GNTST_no_space);
	while (got--)
		CHECK_EQ(grant_unmap(&m[got]), GNTST_okay);
	CHECK_EQ(map(REF_WRITE, many, GNTMAP_host_map, &m[0]), GNTST_okay);
	CHECK_EQ(grant_unmap(&m[0]), GNTST_okay);
}

static void check_copies(void)
{
	uint32_t *buffer = page_alloc(), *guard = page_alloc();
	struct gnttab_copy c;

	guard[0] = 0x9a4d;
	CHECK_EQ(copy_from(REF_WRITE, 0, buffer, 0, 4096), GNTST_okay);
	CHECK_EQ(buffer[0], WORD_WRITE);
	CHECK_EQ(copy_from(REF_READ, 0, buffer, 8, 4), GNTST_okay);
	CHECK_EQ(buffer[2], WORD_READ);
	CHECK_EQ(copy_from(REF_WRITE, 1, buffer, 0, 4096),
		 GNTST_bad_copy_arg);
	CHECK_EQ(copy_from(REF_WRITE, 0, buffer, 4095, 2),
		 GNTST_bad_copy_arg);
	CHECK_EQ(copy_from(REF_WRITE, 0xffff, buffer, 0, 1),
		 GNTST_bad_copy_arg);
	CHECK_EQ(copy_from(REF_WRITE, 0xffff, buffer, 0xffff, 0xffff),
		 GNTST_bad_copy_arg, "sums that wrap at 16 bits");
	CHECK_EQ(copy_from(REF_WRITE, 2, buffer, 0, 0xffff),
		 GNTST_bad_copy_arg);
	CHECK(copy_to(REF_READ, buffer, 4) < 0, "into a read-only grant");
	CHECK(copy_from(REF_THIRD, 0, buffer, 0, 4) < 0);
	CHECK(copy_from(REF_NONE, 0, buffer, 0, 4) < 0);
	CHECK(copy_from(REF_HOLE, 0, buffer, 0, 4) < 0);
	CHECK(copy_from(REF_SHARED_INFO, 0, buffer, 0, 4) < 0);
	/* A frame of somebody else by number. */
	c = (struct gnttab_copy){
		.source = { .u.gmfn = 0x100, .domid = test_peer() },
		.dest = { .u.gmfn = page_gpa(buffer) >> 12,
			  .domid = DOMID_SELF },
		.len = 4,
	};
	CHECK_EQ(grant_copy(&c), GNTST_permission_denied);
	/* Within one page, overlapping. */
	for (unsigned int i = 0; i < 1024; i++)
		buffer[i] = i;
	c = (struct gnttab_copy){
		.source = { .u.gmfn = page_gpa(buffer) >> 12,
			    .domid = DOMID_SELF },
		.dest = { .u.gmfn = page_gpa(buffer) >> 12,
			  .domid = DOMID_SELF, .offset = 4 },
		.len = 4092,
	};
	CHECK_EQ(grant_copy(&c), GNTST_okay);
	CHECK_EQ(buffer[0], 0);
	CHECK_EQ(guard[0], 0x9a4d);
}

static void check_batches(void)
{
	struct gnttab_unmap_grant_ref u[2];
	struct gnttab_query_size q = { .dom = DOMID_SELF, .status = 1 };
	struct gnttab_set_version v = { .version = 2 };
	struct grant_map m;

	if (!CHECK_EQ(map(REF_WRITE, hole, GNTMAP_host_map, &m), GNTST_okay))
		return;
	/* The same handle twice in one call: only one may succeed. */
	for (unsigned int i = 0; i < 2; i++)
		u[i] = (struct gnttab_unmap_grant_ref){
			.host_addr = m.gpa, .handle = m.handle, .status = 1
		};
	CHECK_EQ(grant_op(GNTTABOP_unmap_grant_ref, u, 2), 0);
	CHECK_EQ(u[0].status, GNTST_okay);
	CHECK(u[1].status < 0, "%d", u[1].status);
	CHECK_EQ(grant_op(GNTTABOP_query_size, &q, 1), 0);
	CHECK_EQ(q.status, GNTST_okay);
	CHECK(q.nr_frames >= 1 && q.max_nr_frames >= q.nr_frames);
	CHECK(grant_op(GNTTABOP_query_size, &q, 2) < 0);
	CHECK(grant_op(GNTTABOP_set_version, &v, 1) < 0);
	v.version = 1;
	CHECK_EQ(grant_op(GNTTABOP_set_version, &v, 1), 0);
	CHECK(grant_op(GNTTABOP_transfer, &q, 1) < 0);
	CHECK(xen_add_to_physmap(XENMAPSPACE_grant_table, q.max_nr_frames,
				 hole >> 12) < 0, "beyond the limit");
	CHECK(xen_add_to_physmap(XENMAPSPACE_grant_table, 0x7fffffff,
				 hole >> 12) < 0);
	CHECK(xen_add_to_physmap(XENMAPSPACE_grant_table, ~0ull,
				 hole >> 12) < 0);
}

static int swap(grant_ref_t a, grant_ref_t b)
{
	struct gnttab_swap_grant_ref op = { .ref_a = a, .ref_b = b,
					    .status = 1 };

	if (grant_op(GNTTABOP_swap_grant_ref, &op, 1))
		return GNTST_general_error;
	return op.status;
}

/* Of our own table: the entries change places, bad references do not. */
static void check_swap(void)
{
	struct gnttab_swap_grant_ref none = { .ref_a = 20, .ref_b = 21 };

	if (grant_op(GNTTABOP_swap_grant_ref, &none, 1) == -XEN_ENOSYS)
		return;		/* need not be offered */
	grant_offer(20, test_peer(), 0x123, 0);
	grant_offer(21, test_peer(), 0x456, GTF_readonly);
	CHECK_EQ(swap(20, 21), GNTST_okay);
	CHECK_EQ(grant_table[20].frame, 0x456);
	CHECK_EQ(grant_table[21].frame, 0x123);
	CHECK_EQ(grant_table[21].flags, GTF_permit_access);
	CHECK_EQ(swap(20, 20), GNTST_okay);
	CHECK_EQ(grant_table[20].frame, 0x456);
	CHECK(swap(20, 512) < 0);
	CHECK(swap(0xffffffff, 20) < 0);
	CHECK(grant_withdraw(20) && grant_withdraw(21));
}

int main(void)
{
	uint64_t end = clock_now() + 10 * SECOND;
	uint32_t *one = page_alloc();
	struct grant_map m;
	int status;

	if (!CHECK(grant_init(1)))
		test_end();
	hole = memory_hole(8) << PAGE_SHIFT;
	while ((status = map(REF_WRITE, hole, GNTMAP_host_map, &m)) !=
	       GNTST_okay && clock_now() < end)
		clock_sleep(MILLISECOND);
	if (!CHECK_EQ(status, GNTST_okay))
		test_end();
	CHECK_EQ(grant_unmap(&m), GNTST_okay);
	check_maps_refused();
	check_unmaps();
	check_over_ram();
	check_table_full();
	check_copies();
	check_batches();
	check_swap();
	one[0] = 1;
	CHECK_EQ(copy_to(REF_DONE, one, 4), GNTST_okay);
	test_end();
}
