/* SPDX-License-Identifier: ISC */
/*
 * The round trip that is a path's own: the least of the last 3 to 6 s. The smoothed one follows a
 * queue that stands in the network; what is judged by it feeds that queue, or waits for it. A
 * longer way shows here after 6 s at the latest, a shorter one at once.
 */
#ifndef HAWSER_BOND_PATH_OWNRTT_H
#define HAWSER_BOND_PATH_OWNRTT_H

#include <stdint.h>

#include "base/tstamp.h"

struct ownrtt {
    int64_t least_ns[2]; /* of this period and the one before; 0: none was measured */
    struct tstamp turn;  /* end of this period */
};

void ownrtt_note(struct ownrtt *o, struct tstamp now, int64_t rtt_ns);

/* 0: unknown. */
int64_t ownrtt_ns(const struct ownrtt *o);

#endif
