/* SPDX-License-Identifier: ISC */
/* The round trips of one path, and how long an answer may take. RFC 6298. */
#ifndef HAWSER_BOND_PATH_RTT_H
#define HAWSER_BOND_PATH_RTT_H

#include <stdint.h>

#include "base/tstamp.h"
#include "bond/path/ownrtt.h"
#include "bond/tuning.h"

/* Acknowledgements come on the fastest path, which may be the dead one, and at times on others. */
#define RTT_ACK_DETOUR_NS (ACKS_ON_MORE * ACKER_DELAY_NS)

/* All zero: nothing was measured. */
struct rtt {
    int64_t srtt_ns; /* 0: unknown */
    int64_t rttvar_ns;
    int64_t least_ns;
    uint32_t samples;
    struct ownrtt own;
    int64_t same_ns; /* smoothed, there and back over this very path; 0: unknown */
};

void rtt_note(struct rtt *r, struct tstamp now, int64_t rtt_ns);
/* One that was there and back over this path. */
void rtt_note_same(struct rtt *r, int64_t rtt_ns);
/* Starts again from that. */
void rtt_set(struct rtt *r, int64_t rtt_ns);

/* Smoothed, or a guess. */
int64_t rtt_smoothed_ns(const struct rtt *r);
/* What it is without a queue in the network, or a guess. */
int64_t rtt_own_ns(const struct rtt *r);

/* By how much the way back over the path itself is longer than over the fastest one. */
int64_t rtt_way_back_ns(const struct rtt *r);

/* How long an answer may take, by the round trips before. */
int64_t rtt_patience_ns(const struct rtt *r);

#endif
