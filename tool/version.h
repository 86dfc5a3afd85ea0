/* SPDX-License-Identifier: MIT */
/*
 * The version of the tool; the VMM says its own.
 */
#pragma once

#define BULKHEAD_VERSION "0.1"
