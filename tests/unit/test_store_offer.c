/* SPDX-License-Identifier: MIT */
/* What a machine with a xenstore VM prepares for it, in every other VM. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include "lib/types.h"
#include <cmocka.h>
#include <xen/hvm/params.h>
#include <xen/io/xs_wire.h>
#include "arch/mock/mock.h"
#include "core/arch.h"
#include "core/event.h"
#include "core/grant.h"
#include "core/platform.h"
#include "core/world.h"
#include "launch/launch.h"
#include "launch_fixture.h"

#define STORE 2u

static int start(void **state)
{
	(void)state;
	fixture_start(128, false);
	return 0;
}

static void launch_with_store(uint32_t domid)
{
	static const uint32_t maps = 8;
	const struct fixture_domain three[3] = {
		{ 0 },
		{ .list = "bulkhead,grant-maps", .cells = &maps,
		  .cell_count = 1 },
	};
	uint32_t value = be(domid);

	fixture_change = (struct fixture_change){
		"machine", "bulkhead,store", &value, sizeof(value), false
	};
	if (fixture_launch(three, 3))
		fail_msg("refused: %s", fixture_text);
	fixture_change = (struct fixture_change){ 0 };
	for (uint32_t i = 1; i <= 3; i++)
		fixture_build(domain_at(i));
}

static void every_client_is_offered_to_the_store(void **state)
{
	(void)state;
	launch_with_store(STORE);
	for (uint32_t i = 1; i <= 3; i += 2) {
		struct domain *d = domain_at(i);
		const struct xenstore_domain_interface *ring =
			arch_frame_ptr(d->xenstore_mfn);
		const struct port *port = port_at(d, STORE_PORT);

		assert_int_equal(d->param[HVM_PARAM_STORE_PFN],
				 d->xenstore_gfn.n);
		assert_int_equal(d->param[HVM_PARAM_STORE_EVTCHN], STORE_PORT);
		assert_int_equal(ring->connection, XENSTORE_RECONNECT);
		assert_int_equal(port->state, PORT_UNBOUND);
		assert_int_equal(port->peer_dom, STORE);
	}
	assert_int_equal(domain_at(STORE)->param[HVM_PARAM_STORE_PFN], 0);
	assert_int_equal(port_at(domain_at(STORE), STORE_PORT)->state,
			 PORT_FREE);
}

static void the_store_binds_and_maps_what_it_was_offered(void **state)
{
	struct domain *store;
	evtchn_port_t port;
	struct gnttab_map_grant_ref map = {
		.host_addr = 0x4000000, .flags = GNTMAP_host_map,
		.ref = GNTTAB_RESERVED_XENSTORE, .dom = 1,
	};

	(void)state;
	launch_with_store(STORE);
	store = domain_at(STORE);
	assert_int_equal(event_bind_interdomain(store, 1, STORE_PORT, &port),
			 0);
	grant_map(store, &map);
	assert_int_equal(map.status, GNTST_okay);
}

static void only_the_store_shares_with_everyone(void **state)
{
	(void)state;
	launch_with_store(STORE);
	assert_non_null(domain_peer(domain_at(1), STORE));
	assert_non_null(domain_peer(domain_at(STORE), 3));
	assert_null(domain_peer(domain_at(1), 3));
}

static void the_store_hears_of_a_restart(void **state)
{
	struct domain *store;
	evtchn_port_t port;

	(void)state;
	launch_with_store(STORE);
	store = domain_at(STORE);
	assert_int_equal(event_bind_virq(store, VIRQ_DOM_EXC, 0, &port), 0);
	assert_false(event_is_pending(store, port));
	event_raise_virq(&store->vcpu[0], VIRQ_DOM_EXC);
	assert_true(event_is_pending(store, port));
}

static void a_store_that_is_no_domain_is_refused(void **state)
{
	(void)state;
	assert_int_not_equal(launch_number("machine", "bulkhead,store", 2), 0);
	assert_non_null(strstr(fixture_text, "bulkhead,store"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(every_client_is_offered_to_the_store,
				       start),
		cmocka_unit_test_setup(
			the_store_binds_and_maps_what_it_was_offered, start),
		cmocka_unit_test_setup(only_the_store_shares_with_everyone,
				       start),
		cmocka_unit_test_setup(the_store_hears_of_a_restart, start),
		cmocka_unit_test_setup(a_store_that_is_no_domain_is_refused,
				       start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
