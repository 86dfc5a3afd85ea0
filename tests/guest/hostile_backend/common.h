/* SPDX-License-Identifier: MIT */
/* What both ends know of the test's course. */
#pragma once

#define TURNS		36u	/* connections, one phase each */
#define REF_HONEST	8u	/* the front end's references: two of these */
#define REF_EVIL	10u	/* from here on, two for each connection */
#define REF_OTHER	500u	/* a page lent to the honest one */
