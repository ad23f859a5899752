/* SPDX-License-Identifier: ISC */
/* The bond's constants of tuning (bond/tuning.h) by name, in a build that can set them. */
#ifndef HAWSER_SIM_TUNE_H
#define HAWSER_SIM_TUNE_H

#include <stdbool.h>

/* NAME=VALUE, a time with its unit (8ms) or in nanoseconds. False: what is wrong was told. */
bool tune_set(const char *text);

/* Prints all of them, one a line: name, value, unit, why, source and effect, with tabs between. */
void tune_list(void);

#endif
