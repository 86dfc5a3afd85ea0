/* SPDX-License-Identifier: MIT */
/* As in device_storm. */
#include "../device_storm/keeper.c"
