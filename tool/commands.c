/* SPDX-License-Identifier: MIT */
/*
 * The table of commands.
 */
#include "command.h"

static const struct option_spec start_list[] = {
	{ "qemu", 0, "PATH", "the QEMU to use (qemu-system-x86_64)" },
	{ "vmm", 0, "PATH", "the VMM's image (build/vmm/bulkhead.elf)" },
	{ "accel", 0, "kvm|tcg", "how QEMU runs; default: kvm if it nests" },
	{ "qemu-arg", 0, "ARG", "one more argument for QEMU; may be repeated" },
	{ "icount", 0, NULL, "virtual time by counting instructions" },
	{ "http", 0, "ADDRESS:PORT",
	  "show a live page to browsers on this host; PORT 0: any" },
	{ "gdb", 0, "PORT", "open QEMU's gdb stub on this local port" },
	{ "port", 0, "N",
	  "host ports from N up for what machine.conf forwards" },
	{ "timeout", 't', "SECONDS", "stop after so long, with status 124" },
	{ "verbose", 'v', NULL, "show the VMM's log and QEMU's command" },
	{ "save-modules", 0, "DIR",
	  "write tree, modules and QEMU's command there, start nothing" },
};
static const struct option_set start = { start_list, ARRAY_COUNT(start_list) };

static const struct option_spec boot_list[] = {
	{ "ramdisk", 'r', "FILE", "initial RAM disk" },
	{ "extra", 'e', "TEXT", "the kernel's command line" },
	{ "memory", 'm', "MIB", "memory of the VM in MiB (256)" },
	{ "vcpus", 'c', "N", "virtual CPUs (1)" },
	{ "cpus", 0, "N", "physical CPUs of the machine" },
	{ "name", 'n', "NAME", "name of the VM (vm)" },
};
static const struct option_set boot = { boot_list, ARRAY_COUNT(boot_list) };

static const struct option_spec machine_list[] = {
	{ "machine", 'm', "NAME", "which machine, when several run" },
};
static const struct option_set machine = { machine_list,
					   ARRAY_COUNT(machine_list) };

static const struct option_spec log_list[] = {
	{ "follow", 'f', NULL, "go on as the log grows" },
	{ "all", 'a', NULL, "all of serial port 1, with the VMs' consoles" },
};
static const struct option_set logs = { log_list, ARRAY_COUNT(log_list) };

static const struct option_spec output_list[] = {
	{ "output", 'o', "PATH", "where to write" },
};
static const struct option_set output = { output_list,
					  ARRAY_COUNT(output_list) };

static const struct option_spec build_list[] = {
	{ "format", 'f', "dir|iso", "a folder, or a bootable ISO (iso)" },
	{ "vmm", 0, "PATH", "the VMM's image (build/vmm/bulkhead.elf)" },
};
static const struct option_set build = { build_list, ARRAY_COUNT(build_list) };

static const struct option_spec check_list[] = {
	{ "dtb", 0, "FILE", "also write the launch description there" },
	{ "inventory", 'i', "FILE",
	  "also check it for the machine of which FILE is the inventory" },
};
static const struct option_set check = { check_list, ARRAY_COUNT(check_list) };

static const struct option_spec graph_list[] = {
	{ "format", 'f', "text|dot|svg", "how to print it (text)" },
};
static const struct option_set graph = { graph_list, ARRAY_COUNT(graph_list) };

static const struct option_spec inventory_list[] = {
	{ "json", 'j', NULL, "print it as JSON" },
	{ "save", 's', "FILE", "write it there, for check --inventory" },
};
static const struct option_set inventory = { inventory_list,
					     ARRAY_COUNT(inventory_list) };

static const struct option_spec list_list[] = {
	{ "long", 'l', NULL, "also whom each VM serves and uses" },
};
static const struct option_set list = { list_list, ARRAY_COUNT(list_list) };

static const struct option_spec top_list[] = {
	{ "once", '1', NULL, "print once, over one delay, and end" },
	{ "delay", 'd', "SECONDS", "time between two looks (1)" },
};
static const struct option_set top = { top_list, ARRAY_COUNT(top_list) };

static const struct option_spec help_list[] = {
	{ "man", 0, NULL, "the whole manual page, for man(1)" },
};
static const struct option_set help = { help_list, ARRAY_COUNT(help_list) };

#define DETAILS_OPERATE                                                     \
	"The running `bulkhead run` or `bulkhead boot` passes the command " \
	"on to the VMM and tells its answer."

const struct command commands[] = {
	{ "doctor",
	  "",
	  0,
	  0,
	  "look for what this host lacks",
	  "One line for each thing needed: ok, or what to do. The status is "
	  "1 when something is missing that `run` or `boot` needs.",
	  { NULL },
	  cmd_doctor },
	{ "check",
	  "DIR",
	  1,
	  1,
	  "check a machine and print all that is wrong",
	  "DIR holds machine.conf and one NAME.cfg, in the format of xl.cfg, "
	  "for each VM. Kernels are unpacked and examined and memory is "
	  "summed up; nothing is started. With --inventory also what another "
	  "machine has: functions for pci and their groups, memory, CPUs. "
	  "Settings: see docs/config.md.",
	  { &check },
	  cmd_check },
	{ "build",
	  "DIR",
	  1,
	  1,
	  "make a bootable ISO or a folder of modules",
	  "The ISO boots by GRUB on BIOS and UEFI machines. Equal input gives "
	  "equal bytes: the date in it is SOURCE_DATE_EPOCH, or 1 January "
	  "2026.",
	  { &build, &output },
	  cmd_build },
	{ "run",
	  "DIR",
	  1,
	  1,
	  "run a machine in QEMU",
	  "Serial port 1, the log of the VMM with the consoles of all VMs, is "
	  "shown here. Ctrl-T gives the keyboard to the next VM, Ctrl-] ends "
	  "the machine. Meanwhile `list`, `console`, `restart` and the like "
	  "work from other terminals. With --http a browser on this host shows "
	  "VMs, channels and consoles, read-only, to whoever can reach the "
	  "port: every user of this host can.",
	  { &start },
	  cmd_run },
	{ "boot",
	  "KERNEL",
	  1,
	  1,
	  "boot one kernel, its console right here",
	  "KERNEL is an ELF with a PVH entry point, the same gzipped, or a "
	  "Linux bzImage. The status tells how it ended: 0 power-off or "
	  "reboot, 1 usage or host error, 2 the guest crashed, 3 the VMM "
	  "panicked, 124 time-out. On a terminal Ctrl-] quits.",
	  { &boot, &start },
	  cmd_boot },
	{ "console",
	  "VM",
	  1,
	  1,
	  "attach to the console of a VM",
	  "Shows what the VM printed last, then goes on. Ctrl-] detaches.",
	  { &machine },
	  cmd_console },
	{ "list",
	  "",
	  0,
	  0,
	  "list the VMs of the running machines",
	  NULL,
	  { &list, &machine },
	  cmd_list },
	{ "graph",
	  "[DIR]",
	  0,
	  1,
	  "show who serves whom",
	  "A line, or an edge, for each pair of VMs that may share event "
	  "channels and memory. For a running machine the pairs are read "
	  "back from the VMM, with the channels that are bound and the grants "
	  "that are mapped; where it differs from the configuration, that is "
	  "said and the status is 1. With DIR: what the files there imply.",
	  { &graph, &machine },
	  cmd_graph },
	{ "inventory",
	  "",
	  0,
	  0,
	  "show what the machine has",
	  "CPUs and memory for VMs, the kind of the IOMMU, and each PCI "
	  "function with its group, class, numbers and registers, as the VMM "
	  "of a running machine finds them. Functions of one group must have "
	  "one owner. Saved, it serves `check --inventory` before another "
	  "configuration boots there.",
	  { &inventory, &machine },
	  cmd_inventory },
	{ "top",
	  "",
	  0,
	  0,
	  "show what the VMs do, as rates",
	  "For each VM the share of one CPU, exits and wake-ups by events per "
	  "second, and whom it serves and uses; for each event channel "
	  "between two VMs how often each end sends. Seconds are those of "
	  "the machine, which an emulator stretches. Keys: q or Ctrl-C ends.",
	  { &top, &machine },
	  cmd_top },
	{ "pause",
	  "VM",
	  1,
	  1,
	  "stop a VM's CPUs",
	  DETAILS_OPERATE,
	  { &machine },
	  cmd_operate },
	{ "unpause",
	  "VM",
	  1,
	  1,
	  "let a paused VM go on",
	  DETAILS_OPERATE,
	  { &machine },
	  cmd_operate },
	{ "restart",
	  "VM",
	  1,
	  1,
	  "rebuild a VM in its own memory",
	  DETAILS_OPERATE,
	  { &machine },
	  cmd_operate },
	{ "destroy",
	  "VM",
	  1,
	  1,
	  "end a VM at once",
	  DETAILS_OPERATE,
	  { &machine },
	  cmd_operate },
	{ "log",
	  "",
	  0,
	  0,
	  "show the VMM's log",
	  NULL,
	  { &logs, &machine },
	  cmd_log },
	{ "report",
	  "[DIR]",
	  0,
	  1,
	  "gather facts for a bug report",
	  "Versions, host, configuration, table of VMs, audit of memory and "
	  "log of the running machine, or of DIR when none runs, as text.",
	  { &output, &machine },
	  cmd_report },
	{ "gdb",
	  "",
	  0,
	  0,
	  "attach gdb to a machine run with --gdb PORT",
	  NULL,
	  { &machine },
	  cmd_gdb },
	{ "demo",
	  "",
	  0,
	  0,
	  "run the demonstration machine",
	  "The same as `bulkhead run` with the folder demo beside the tool. "
	  "`make demo` makes what it needs, and looks at it from this host.",
	  { &start },
	  cmd_demo },
	{ "help",
	  "[COMMAND]",
	  0,
	  1,
	  "explain a command",
	  NULL,
	  { &help },
	  cmd_help },
	{ "version",
	  "",
	  0,
	  0,
	  "print which version this is",
	  "So does `bulkhead --version`.",
	  { NULL },
	  cmd_version },
	{ "completion",
	  "",
	  0,
	  0,
	  "print completion code for bash",
	  "Put `source <(bulkhead completion)` into ~/.bashrc.",
	  { NULL },
	  cmd_completion },
};
const size_t command_count = ARRAY_COUNT(commands);
