/* SPDX-License-Identifier: MIT */
/* Rates are differences of what two looks at a machine show. */
#include "tool_test.h"
#include "top.h"

#include <stdlib.h>
#include <string.h>

#define SECOND 1000000000ull

static const char lines[] = "machine m\nvm 1 disk\nvm 2 web\n"
			    "serve 1 2 disk xvda\n";

static void add_vm(struct look *l, unsigned int domid, const char *name,
		   struct telemetry_domain d)
{
	l->rows.at = mem_grow(l->rows.at, l->rows.count + 1,
			      sizeof(l->rows.at[0]));
	snprintf(d.name, sizeof(d.name), "%s", name);
	d.vcpu_count = 1;
	d.state = TELEMETRY_STATE_BLOCKED;
	l->rows.at[l->rows.count++] = (struct vm_row){ domid, d };
}

/* web's port 7 is bound to disk's port 5; web tells first. */
static void add_channel(struct look *l, uint32_t by_web, uint32_t by_disk)
{
	const struct telemetry_share web = { 1, TELEMETRY_SHARE_PORT, 7, 5,
					     by_web };
	const struct telemetry_share disk = { 2, TELEMETRY_SHARE_PORT, 5, 7,
					      by_disk };

	graph_hear(&l->g, 2, &web);
	graph_hear(&l->g, 1, &disk);
}

static struct look look_at(uint64_t time, uint64_t cpu, uint64_t exits)
{
	struct look l = { 0 };

	graph_read(lines, &l.g);
	add_vm(&l, 1, "disk",
	       (struct telemetry_domain){ .time_ns = time,
					  .cpu_time_ns = cpu,
					  .exit_count = exits });
	add_vm(&l, 2, "web", (struct telemetry_domain){ .time_ns = time });
	return l;
}

static char *printed(const struct look *before, const struct look *after)
{
	struct text t = { 0 };

	top_print(before, after, &t);
	return t.at;
}

static void rates_are_by_second_of_the_machine(void **state)
{
	struct look before = look_at(10 * SECOND, 3 * SECOND, 1000);
	struct look after = look_at(12 * SECOND, 4 * SECOND, 1500);

	(void)state;
	/* One counter goes round between the looks. */
	add_channel(&before, UINT32_MAX - 9, 100);
	add_channel(&after, 10, 400);

	char *text = printed(&before, &after);

	assert_non_null(strstr(text, "machine m, rates over 2.00 s"));
	assert_non_null(strstr(text, "disk    1  -b----     1   50.0       250"
				     "         0  web  -\n"));
	assert_non_null(strstr(text, "disk:5    -> web:7           150"
				     "        10  disk xvda\n"));
	free(text);
	look_free(&before);
	look_free(&after);
}

static void what_is_new_has_no_rate(void **state)
{
	struct look before = look_at(10 * SECOND, SECOND, 10);
	struct look after = look_at(11 * SECOND, 0, 20);

	(void)state;
	add_channel(&after, 10, 400);
	add_vm(&after, 3, "late", (struct telemetry_domain){ .time_ns = 5 });

	char *text = printed(&before, &after);

	/* Nor does a counter that went back have one. */
	assert_non_null(strstr(text,
			       "disk    1  -b----     1    0.0        10 "));
	assert_non_null(strstr(text,
			       "late    3  -b----     1      -         - "));
	assert_non_null(strstr(text, "disk:5    -> web:7             -"
				     "         -  disk xvda\n"));
	free(text);
	look_free(&before);
	look_free(&after);
}

static void a_machine_that_stands_still_has_no_rates(void **state)
{
	struct look one = look_at(10 * SECOND, SECOND, 10);
	struct look same = look_at(10 * SECOND, SECOND, 10);
	struct look none = { 0 };

	(void)state;
	char *text = printed(&one, &same);

	assert_non_null(strstr(text, "     -         -         -  web  -\n"));
	assert_non_null(strstr(text, "no channel between VMs is bound\n"));
	free(text);
	assert_true(top_span(&none, &none) == 0);
	look_free(&one);
	look_free(&same);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rates_are_by_second_of_the_machine),
		cmocka_unit_test(what_is_new_has_no_rate),
		cmocka_unit_test(a_machine_that_stands_still_has_no_rates),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
