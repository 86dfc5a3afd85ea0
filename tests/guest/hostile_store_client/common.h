/* SPDX-License-Identifier: MIT */
/* What the good and the evil client agree on. */
#pragma once

#define PHASE		"/shared/phase"	/* what evil does; good's node */
#define HOT		"/shared/hot"	/* both write it */
#define LITTER		"/shared/litter" /* evil's, gone after its end */
#define GOOD_HOME	"/local/domain/2"
#define EVIL_STATE	"/local/domain/3/device/test/2/state"
