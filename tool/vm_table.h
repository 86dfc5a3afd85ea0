/* SPDX-License-Identifier: MIT */
/*
 * The table of VMs, in the columns of `xl list`.
 */
#pragma once
#include "client.h"

void vm_table_print(const struct vm_rows *rows, struct text *out);
