/* SPDX-License-Identifier: MIT */
/*
 * Raw mode and back; see terminal.h.
 */
#include "terminal.h"

#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

static struct termios before;
static bool changed;

bool terminal_raw(bool cooked_output)
{
	static bool registered;
	struct termios raw;

	/* In the background the terminal belongs to somebody else. */
	if (tcgetattr(STDIN_FILENO, &before) < 0 ||
	    tcgetpgrp(STDIN_FILENO) != getpgrp())
		return false;
	if (!registered)
		atexit(terminal_restore);
	registered = true;
	raw = before;
	cfmakeraw(&raw);
	if (cooked_output)
		raw.c_oflag = before.c_oflag;
	changed = tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0;
	return changed;
}

void terminal_restore(void)
{
	if (changed)
		tcsetattr(STDIN_FILENO, TCSADRAIN, &before);
	changed = false;
}
