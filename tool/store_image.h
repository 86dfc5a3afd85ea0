/* SPDX-License-Identifier: MIT */
/*
 * What the xenstore holds at first: one skeleton for each VM, and for each
 * device a folder on either side, linked to each other. The format is that
 * of vms/store/image_format.h.
 */
#pragma once
#include "machine.h"

struct blob store_image_make(const struct machine *m);
