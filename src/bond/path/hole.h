/* SPDX-License-Identifier: ISC */
/*
 * Whether a path has become a black hole for large datagrams (RFC 8899, section 4.3): HOLE_LOSSES
 * of them were lost, and meanwhile none arrived that was as large as the smallest of those. Random
 * loss and full queues let one through sooner or later; where they do not, the session finds out by
 * probes.
 */
#ifndef HAWSER_BOND_PATH_HOLE_H
#define HAWSER_BOND_PATH_HOLE_H

#include <stdbool.h>
#include <stdint.h>

#include "bond/tuning.h"

/* All zero: nothing was lost. */
struct hole {
    uint32_t bytes; /* smallest of those that were lost; with losses */
    uint32_t losses;
    uint32_t told;     /* so many of them */
    double before_bps; /* what the path carried before the first */
};

static inline void hole_arrived(struct hole *h, uint32_t bytes)
{
    if (bytes >= h->bytes)
        h->losses = h->told = 0;
}

static inline void hole_lost(struct hole *h, uint32_t bytes, double carries_bps)
{
    if (h->losses == 0)
        h->before_bps = carries_bps;
    if (h->losses++ == 0 || bytes < h->bytes)
        h->bytes = bytes;
}

/* There seems to be one. */
static inline bool hole_is_there(const struct hole *h)
{
    return h->losses >= HOLE_LOSSES;
}

/* True: that is to be told; once, and then after as many losses again. */
static inline bool hole_found(struct hole *h)
{
    if (h->losses < h->told + HOLE_LOSSES)
        return false;
    h->told = h->losses;
    return true;
}

#endif
