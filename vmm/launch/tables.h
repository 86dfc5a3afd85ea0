/* SPDX-License-Identifier: MIT */
/*
 * From blueprints to the tables of the world: everything that is allocated
 * for domains, vCPUs and CPUs.
 */
#pragma once
#include "launch/plan.h"

/*
 * Creates world.domain and world.cpu, with all domains in DOMAIN_BUILDING.
 * 0, -XEN_EINVAL or -XEN_ENOMEM and a sentence in plan->text.
 */
int tables_create(const struct plan *plan);
