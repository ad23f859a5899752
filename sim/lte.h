/* SPDX-License-Identifier: ISC */
/*
 * Synthetic traces of the LTE link of a moving car, in mahimahi's sense.
 *
 * The model is that of Winstein, Sivaraman and Balakrishnan, "Stochastic Forecasts Achieve High
 * Throughput and Low Delay over Cellular Networks" (NSDI 2013), section 3.1, fitted there to traces
 * recorded while driving: packets leave as a Poisson process whose rate makes a Brownian motion of
 * 0.2 of the largest rate a square root of a second, and stays at 0 for some time when it gets
 * there. Here that time is 1/3 s on average and ends in another cell with a rate of its own (there:
 * 1 s and back at the edge), and other users of the cell take up to 40 % for 200 ms at a time.
 */
#ifndef HAWSER_SIM_LTE_H
#define HAWSER_SIM_LTE_H

#include "sim/link.h"

enum { LTE_SECONDS = 60 }; /* after that it begins again */

/*
 * most_mbps: the largest rate, 0.1 to 100; the mean is about 0.4 of it. Equal arguments give equal
 * traces. NULL: out of range, or no memory. To be freed with link_trace_free().
 */
struct link_trace *lte_trace(uint64_t seed, double most_mbps);

/*
 * The same with the character of recordings in which a link is often silent: the rate makes a
 * random walk over a factor of ten, by about a half in a second, and every two seconds on average
 * the link falls silent for 100 to 800 ms, as often for less as for more than 283.
 */
struct link_trace *lte_drive_trace(uint64_t seed, double most_mbps);

#endif
