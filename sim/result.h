/* SPDX-License-Identifier: ISC */
/* What came of a run. */
#ifndef HAWSER_SIM_RESULT_H
#define HAWSER_SIM_RESULT_H

struct sim_result;
struct simulator;

/* When it is over. */
void result_fill(struct simulator *s, struct sim_result *result);

#endif
