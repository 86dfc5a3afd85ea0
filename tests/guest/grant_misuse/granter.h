/* SPDX-License-Identifier: MIT */
/* The references that the granter offers; all to the mapper but one. */
#pragma once

enum {
	REF_WRITE = 8,		/* ordinary page */
	REF_READ,		/* GTF_readonly */
	REF_SHARED_INFO,	/* frame of the granter's shared_info */
	REF_HOLE,		/* frame with nothing behind it */
	REF_TABLE,		/* frame of the grant table itself */
	REF_THIRD,		/* offered to the third domain */
	REF_TRANSFER,		/* GTF_accept_transfer */
	REF_NONE,		/* never offered */
	REF_DONE,		/* mapper writes 1 here when it has finished */
};
#define WORD_WRITE	0x77777777u
#define WORD_READ	0x11111111u
