/* SPDX-License-Identifier: ISC */
/* A core with many peers that are up: they call it within this process, all from one address. */
#ifndef HAWSER_BENCH_AWAKE_H
#define HAWSER_BENCH_AWAKE_H

#include <stdbool.h>
#include <stddef.h>

/* The time of a turn in which nothing is due, with so many peers up. False: no memory, or they do
 * not come up. */
bool awake_turn_us(size_t count, double *us);

#endif
