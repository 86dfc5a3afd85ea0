/* SPDX-License-Identifier: MIT */
/*
 * xen_version: 4.17, the feature bits that Linux needs and none that promise
 * too much; texts end in NUL; buffers are written to their size and no
 * further, and nothing of the hypervisor's stack comes along.
 * Guards against: uninitialised bytes copied out, overlong copies.
 */
#include "test.h"

static uint8_t buffer[2048], again[2048];

static void check_text(unsigned int op, size_t size)
{
	long ret;

	memset(buffer, 0xa5, sizeof(buffer));
	memset(again, 0x5a, sizeof(again));
	ret = xen_version_op(op, buffer);
	CHECK(ret >= 0 || ret == -XEN_ENOSYS || ret == -XEN_EPERM, "op %u: %ld",
	      op, ret);
	if (ret < 0)
		return;
	xen_version_op(op, again);
	CHECK(!memcmp(buffer, again, size),
	      "op %u: bytes that are not written, or not the same", op);
	for (size_t i = size; i < sizeof(buffer); i++)
		if (!CHECK_EQ(buffer[i], 0xa5, "op %u byte %lu", op, i))
			break;
}

int main(void)
{
	struct xen_feature_info f = { .submap_idx = 0 };
	long version = xen_version_op(XENVER_version, NULL);
	char extra[16];

	CHECK_EQ(version >> 16, 4);
	CHECK_EQ(version & 0xffff, 17);
	CHECK_EQ(xen_version_op(XENVER_get_features, &f), 0);
	CHECK(f.submap & 1u << XENFEAT_auto_translated_physmap);
	CHECK(f.submap & 1u << XENFEAT_hvm_callback_vector);
	CHECK(f.submap & 1u << XENFEAT_hvm_safe_pvclock);
	CHECK(!(f.submap & 1u << XENFEAT_hvm_pirqs), "no pirqs");
	CHECK(!(f.submap & 1u << XENFEAT_dom0));
	f.submap_idx = 1;
	CHECK_EQ(xen_version_op(XENVER_get_features, &f), -XEN_EINVAL);
	f.submap_idx = ~0u;
	CHECK_EQ(xen_version_op(XENVER_get_features, &f), -XEN_EINVAL);
	CHECK_EQ(xen_version_op(XENVER_extraversion, extra), 0);
	CHECK(memcmp(extra + 15, "", 1) == 0 || strlen(extra) < 16);
	check_text(XENVER_extraversion, 16);
	check_text(XENVER_compile_info, 144);
	check_text(XENVER_capabilities, 1024);
	check_text(XENVER_changeset, 64);
	check_text(XENVER_platform_parameters, 8);
	check_text(XENVER_guest_handle, 16);
	CHECK_EQ(xen_version_op(XENVER_pagesize, NULL), 4096);
	CHECK(xen_version_op(XENVER_pagesize, buffer) < 0);
	CHECK(xen_version_op(0x1234, buffer) == -XEN_ENOSYS);
	test_end();
}
