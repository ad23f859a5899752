/* SPDX-License-Identifier: ISC */
/*
 * How the paths' delays compare, by the sender's stamps in data frames, and how long a hole may
 * stay open for that.
 */
#ifndef HAWSER_BOND_RECEIVE_ARRIVALS_H
#define HAWSER_BOND_RECEIVE_ARRIVALS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/tstamp.h"
#include "wire/wire.h"

#define ARRIVALS_CLOCK 0x1000000 /* the stamps have 24 bits of microseconds */

/* Relative one-way delay of what arrives on a path. */
struct arrival {
    bool known;
    int64_t last_us; /* against the reference, which may run away from a quiet path's */
    double owd_ns;
    double jitter_ns;
};

/* All zero: nothing came. */
struct arrivals {
    struct arrival at[WIRE_PATHS_MAX];
    bool reference_known;
    uint32_t reference_us;
};

/* A data frame came; sent_us: its stamp. */
void arrivals_note(struct arrivals *a, struct tstamp now, uint8_t path, uint32_t sent_us);

/* What is known of the ways there. */
struct arrivals_ways {
    uint32_t usable;    /* bit mask of paths */
    double srtt_ns;     /* smallest of those that something came on */
    double patience_ns; /* longest: in which a sender finds out that a whole path is gone */
};

/* Of those that are usable, those that something came on. */
uint32_t arrivals_known(const struct arrivals *a, uint32_t usable);

/* How long a hole may stay open; 0: nothing is known of that. */
int64_t arrivals_hold_ns(const struct arrivals *a, const struct arrivals_ways *ways);

#endif
