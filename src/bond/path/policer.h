/* SPDX-License-Identifier: ISC */
/*
 * Whether the losses of a path depend on how much is sent: a policer drops what comes faster than
 * its tokens, a queue of some milliseconds overflows before it shows as delay. Both are limits like
 * any other, but without a queue to tell of them. Noise on the line takes the same part of any
 * rate.
 *
 * Losses are counted in runs, for noise comes in bursts as well. Where more than 2 % of the bytes
 * are lost, in ten runs, less is sent: .9 of what was delivered, until as many packets are through
 * as had 16 runs of losses before.
 *
 *     a quarter of these or fewer    a limit: the ceiling is .98 of what was delivered under loss
 *     more                           noise: as before; tried again after 8, 16, ... 60 s
 *
 * What a token bucket (RFC 2697) delivers while it loses is its rate, however full it was before.
 * Under the ceiling nothing is probed for and nothing corrected upward. The ceiling rises by 2, 3,
 * 4.5, 5 % for each four round trips until losses bring it down again, and faster where it is far
 * above the last such place. Where that is the same again, it stays there for longer each time, 8 s
 * at most. Losses that come before any rise are tried like the first ones: noise may have come in
 * the meantime. The ceiling goes where a queue stands or something else limits the path.
 */
#ifndef HAWSER_BOND_PATH_POLICER_H
#define HAWSER_BOND_PATH_POLICER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/tstamp.h"

enum policer_state { POLICER_NONE, POLICER_TESTING, POLICER_LIMITED };

/* What became of the packets of one or of several windows. */
struct policer_sum {
    double bytes, lost_bytes, span_ns;
    double lossy_bytes, lossy_ns; /* of the windows with losses */
    uint32_t packets;             /* with the lost ones */
    uint32_t runs;                /* of losses */
    uint32_t windows, loaded;
};

/* Less is sent, to see whether losses go. */
struct policer_test {
    double runs; /* of losses for each packet before it */
    double loss, delivered_bps, before_bps;
    struct tstamp until, next;
    int64_t pause_ns;
};

/* All zero: nothing was lost. */
struct policer {
    enum policer_state state;
    struct policer_sum sum;
    struct tstamp sum_from; /* windows that began to leave earlier tell of another rate */
    uint64_t last_lost;     /* number */
    uint32_t runs;          /* since the last window */
    uint32_t gaps;          /* the same, but one more for each packet that came between */
    double noise;           /* loss that did not go with the rate */
    double usual_runs;      /* for each packet of the last seen_packets */
    double seen_packets;
    struct policer_test test;
    /* limited */
    double ceiling_bps;
    double gain; /* next rise */
    struct tstamp rise_at, limited_at;
    int64_t hold_ns;
    bool risen; /* since the last cut */
    double cut_from_bps, cut_to_bps;
    uint32_t queue_windows; /* one after another with a queue */
};

/* A window of the rate estimator. */
struct policer_window {
    struct tstamp first_sent, last_sent;
    double bytes, lost_bytes, span_ns;
    uint32_t packets, lost;
    bool loaded;
    bool steady;   /* no start-up, and no queue that the losses may come from */
    bool overflow; /* of a queue that stands */
};

enum policer_verdict {
    POLICER_GOES_ON,
    POLICER_CUTS,  /* the ceiling is there, or has come down */
    POLICER_FREES, /* it was noise: what had been before is right */
};

/* A packet with this number was lost; or was not, after all. */
void policer_lost(struct policer *p, uint64_t pn);
void policer_found(struct policer *p);

/* After each window. *capacity_bps: the rate until now; with POLICER_FREES that to go back to. */
enum policer_verdict policer_see(struct policer *p, struct tstamp now,
                                 const struct policer_window *w, double *capacity_bps,
                                 double rtt_ns);

/* What may be sent at most; infinite: no limit is known. */
double policer_most_bps(const struct policer *p);

/* Losses are what they are then: not made good for, and no reason to give the path up. */
static inline bool policer_rules(const struct policer *p)
{
    return p->state != POLICER_NONE;
}

/* The rate is found anew, and so is its limit; noise stays. */
void policer_restart(struct policer *p, struct tstamp now);

#endif
