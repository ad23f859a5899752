/* SPDX-License-Identifier: ISC */
/* What a simulation came to, for people (a row of a table) and for programs (JSON), on stdout. */
#ifndef HAWSER_SIM_REPORT_H
#define HAWSER_SIM_REPORT_H

#include "sim/simulator.h"

void report_header(void);
void report_row(const char *name, const struct sim_config *c, const struct sim_result *r,
                enum link_direction direction);
/* One object on one line; the members are those of struct sim_result. */
void report_json(const char *name, const struct sim_config *c, const struct sim_result *r,
                 enum link_direction direction);

#endif
