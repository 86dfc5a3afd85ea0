/* SPDX-License-Identifier: MIT */
/*
 * Sleeping and switching off.
 */
#include "arch/x86/machine.h"
#include "arch/x86/acpi.h"

#define PM1_SCI_EN	BIT32(0)
#define PM1_SLP_EN	BIT32(13)
#define PM1_SLP_TYP	0x1c00u
#define ENABLE_SPINS	100000u
#define RESET_PORT	0xcf9u

void arch_idle(void)
{
	insn_sti_hlt_cli();
}

static void write_exit_port(uint8_t exit_byte)
{
	uart_drain();
	if (world.exit_port)
		insn_outb(world.exit_port, exit_byte);
}

_Noreturn void power_exit(uint8_t exit_byte)
{
	write_exit_port(exit_byte);
	insn_stop();
}

static void enter_s5(uint16_t port, uint8_t type)
{
	uint32_t value = insn_inw(port) & ~(PM1_SLP_TYP | PM1_SLP_EN);

	value |= (uint32_t)(type & 7) << 10;
	insn_outw(port, (uint16_t)value);
	insn_outw(port, (uint16_t)(value | PM1_SLP_EN));
}

static void acpi_off(void)
{
	unsigned int spins = ENABLE_SPINS;

	if (!acpi.has_s5 || !acpi.pm1a_control)
		return;
	/* The firmware may still be in legacy mode. */
	if (!(insn_inw(acpi.pm1a_control) & PM1_SCI_EN) && acpi.smi_command &&
	    acpi.acpi_enable) {
		insn_outb(acpi.smi_command, acpi.acpi_enable);
		while (!(insn_inw(acpi.pm1a_control) & PM1_SCI_EN) && --spins)
			__builtin_ia32_pause();
	}
	if (acpi.pm1b_control)
		enter_s5(acpi.pm1b_control, acpi.s5_b);
	enter_s5(acpi.pm1a_control, acpi.s5_a);
}

_Noreturn void arch_poweroff(uint8_t exit_byte)
{
	insn_cli();
	write_exit_port(exit_byte);
	acpi_off();
	/* Still here: a reset at least ends the run. */
	insn_outb(RESET_PORT, 0x02);
	insn_outb(RESET_PORT, 0x06);
	insn_stop();
}
