/* SPDX-License-Identifier: ISC */
/* Scenarios drawn by a seed, for what nobody thought of. */
#ifndef HAWSER_SIM_RANDOM_H
#define HAWSER_SIM_RANDOM_H

#include "sim/simulator.h"

/*
 * Draws links, flows and what happens to the links into config, whose links are then those of specs
 * (to be freed). run_ns stays. text: the links in linkspec.h's notation.
 */
bool random_scenario(uint64_t seed, struct sim_config *config, struct linkspecs *specs, char *text,
                     size_t text_bytes);

/*
 * The same with links that fail: cuts in one or both directions, lost carriers, new addresses by
 * the provider, rates that collapse, 30 % loss, 2 s of delay, and links that flap. Two links at
 * least.
 */
bool random_faults(uint64_t seed, struct sim_config *config, struct linkspecs *specs, char *text,
                   size_t text_bytes);

#endif
