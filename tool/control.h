/* SPDX-License-Identifier: MIT */
/*
 * Where running machines are found: one socket NAME.sock each, in a folder
 * that only its user may enter. A socket nobody listens on is left over
 * from a tool that was killed, and is removed by whoever meets it.
 */
#pragma once
#include "text.h"

/* The folder, made if need be; NULL after a sentence. */
char *control_folder(void);
/*
 * Listens as `name`. The descriptor, or -1: errno is EADDRINUSE when such a
 * machine runs. *path is to be unlinked and freed at the end.
 */
int control_listen(const char *name, char **path);
/* Connects to a running machine: the descriptor, or -1. */
int control_connect(const char *name);
/* Names of running machines, NULL-ended, sorted; each and all to be freed. */
char **control_names(void);
