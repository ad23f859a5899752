/* SPDX-License-Identifier: ISC */
/*
 * The way back of a path that does more harm than good: a train of TRIAL_PACKETS full-sized probes,
 * TRIAL_GAP_NS apart (1.5 Mbit/s), of which all but one must be answered in time. A line that loses
 * 30 % passes one train in 450, one that loses 5 % two of three, and one whose rate fell to a
 * trickle none. Between the trains it waits for a sixteenth of the time that it has been out of use
 * for, so that it is back soon after a short spell and costs little in a long one.
 */
#ifndef HAWSER_BOND_PATH_TRIAL_H
#define HAWSER_BOND_PATH_TRIAL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/tstamp.h"
#include "bond/tuning.h"

enum trial_outcome { TRIAL_RUNS, TRIAL_PASSED, TRIAL_FAILED };

struct trial {
    struct tstamp since; /* out of use */
    uint64_t first;      /* number of the train's first packet */
    uint32_t sent;
    uint32_t good; /* answered in time */
    uint32_t bad;  /* lost or late */
    int64_t rtt_sum_ns;
};

/* Out of use from now on. */
void trial_init(struct trial *t, struct tstamp now);

/* The next packet left, with number pn. */
void trial_sent(struct trial *t, uint64_t pn);

/* A packet of the train was answered after rtt_ns, at most most_ns is in time; or is lost. Numbers
 * of other packets are ignored. */
void trial_answered(struct trial *t, uint64_t pn, int64_t rtt_ns, int64_t most_ns);
void trial_lost(struct trial *t, uint64_t pn);

/* overdue: packets of the train without an answer for longer than is in time. */
enum trial_outcome trial_verdict(const struct trial *t, uint32_t overdue);

/* After a train that failed: when the next begins. least_ns: at least so much later. */
struct tstamp trial_again(struct trial *t, struct tstamp now, int64_t least_ns);

/* Mean round trip of the train's answers. */
int64_t trial_rtt_ns(const struct trial *t);

#endif
