/* SPDX-License-Identifier: ISC */
/*
 * The named sets of links that the simulator and the benchmarks measure, in linkspec.h's notation.
 * docs/lab.md says what each stands for.
 */
#ifndef HAWSER_SIM_SCENARIO_H
#define HAWSER_SIM_SCENARIO_H

#include <stddef.h>

struct scenario {
    const char *name;
    const char *links; /* for linkspecs_parse() */
    const char *about;
};

extern const struct scenario scenarios[];
extern const size_t scenario_count;

/* NULL: no scenario of that name. */
const struct scenario *scenario_find(const char *name);

#endif
