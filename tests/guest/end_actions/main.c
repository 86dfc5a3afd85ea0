/* SPDX-License-Identifier: MIT */
/*
 * What follows the end of a VM is what its description says: preserved ones
 * stay until the operator restarts or destroys them, a power-off may mean a
 * new start, a reboot may mean the end.
 * Guards against: an action taken for the wrong reason, and a preserved VM
 * that can no longer be got rid of.
 */
#include "test.h"

int main(void)
{
	char how[16] = "";

	boot_argument("how", how, sizeof(how));
	clock_sleep(5 * MILLISECOND);
	test_verdict();
	power_end(!strcmp(how, "crash")	   ? SHUTDOWN_crash
		  : !strcmp(how, "reboot") ? SHUTDOWN_reboot
					   : SHUTDOWN_poweroff);
}
