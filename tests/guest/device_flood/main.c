/* SPDX-License-Identifier: MIT */
/* The storm of device_storm on a processor that is fast enough for a flood. */
#include "../device_storm/main.c"
