/* SPDX-License-Identifier: ISC */
/*
 * One simulation: links, a carrier, flows, things that happen to the links, and what came of it.
 * The same configuration gives the same result, to the digest.
 */
#ifndef HAWSER_SIM_SIMULATOR_H
#define HAWSER_SIM_SIMULATOR_H

#include "sim/run.h"

void sim_config_default(struct sim_config *config);
/* False: result->message says what went wrong. */
bool sim_run(const struct sim_config *config, struct sim_result *result);

#endif
