/* SPDX-License-Identifier: MIT */
/* Boots, and reboots at once; most of its time is the VMM's work on it. */
#include "test.h"

int main(void)
{
	power_end(SHUTDOWN_reboot);
}
