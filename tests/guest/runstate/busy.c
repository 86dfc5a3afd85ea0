/* SPDX-License-Identifier: MIT */
/* Somebody else on the same CPU. */
int main(void);

int main(void)
{
	for (;;)
		__asm__ volatile("");
}
