/* SPDX-License-Identifier: MIT */
/*
 * Pins of grant references; core/grant.h has the invariants. All need the
 * granter's lock.
 */
#pragma once
#include "core/domain.h"

/*
 * Pins a reference of granter for user: the loan of *mfn is counted and the
 * entry marked. A GNTST_ status; nothing happened unless it is GNTST_okay.
 */
int16_t pin_take(struct domain *granter, uint16_t user, uint32_t number,
		 bool write, mfn_t *mfn);
/* Gives it back; nobody can reach the frame through it any more. */
void pin_drop(struct domain *granter, uint32_t number, bool write, mfn_t mfn);
