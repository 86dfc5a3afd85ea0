/* SPDX-License-Identifier: MIT */
/* Spins for ever with interrupts off. */
#include "test.h"

int main(void)
{
	irq_off();
	for (;;)
		;
}
