/* SPDX-License-Identifier: MIT */
/*
 * The console of a VM: its PV ring (xen/io/console.h) and console_io. What
 * it prints goes into a history ring of 16 KiB, limited in rate; the boot
 * CPU sends it on to the serial ports from there. Guest indices are read
 * once and checked (xen-abi 2.13).
 */
#pragma once
#include "core/domain.h"

/* Launch and rebuild: empty ring page; the history stays. */
void console_init(struct domain *d);
/*
 * If the guest has asked for it, moves at most 512 bytes from its ring to the
 * history and puts waiting input into the ring; notifies the guest if it
 * needs to know. Asks again itself when there is more to do. After each of
 * the guest's exits, and regularly for what is left when it sleeps or has
 * ended.
 */
void console_look(struct domain *d);
/* console_io write and the VMM's own remarks. Any CPU. */
void console_put(struct domain *d, const char *text, size_t size);
/* A typed byte; false if the waiting room is full. */
bool console_input(struct domain *d, char byte);
/*
 * Copies bytes of history from *position on, at most size; returns how many.
 * *position moves past them, and first past bytes that are gone.
 */
size_t console_history(struct domain *d, uint64_t *position, char *buffer,
		       size_t size);
