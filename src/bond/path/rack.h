/* SPDX-License-Identifier: ISC */
/*
 * Which packets of a path are lost, and which verdicts of loss were wrong.
 *
 * While a path keeps its order, a packet is lost when three later ones, or one sent 1 ms later,
 * have arrived (RFC 9002, section 6.1). Where it does not, time counts instead, as in RACK
 * (RFC 8985, section 6.2): with
 *
 *     V  the receiver's clock when an acknowledgement first told of a later number
 *     T  its clock when a given acknowledgement was built: the time in it + its delay
 *     L  the lateness of a packet that comes after V: its arrival - V
 *
 * a packet is lost once T - V >= W. RACK widens its window by a quarter of the least round trip for
 * each round with a DSACK, as a TCP sender is not told when packets came. Here it is, so
 *
 *     W = max of 1.25 L e^(-age / 8 s), at least 1 ms when new, at most max(SRTT, 20 ms)
 *
 * and the path keeps its order again when W has faded below .5 ms. Numbers taken for lost are
 * watched for two round trips and RACK_WATCH_NS: one that comes after all teaches W, takes its loss
 * back from the rate (rate_found()), and its repeat need not leave any more (path_came()).
 */
#ifndef HAWSER_BOND_PATH_RACK_H
#define HAWSER_BOND_PATH_RACK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/tstamp.h"
#include "bond/tuning.h"

struct flight;
struct sent;
struct wire_ack;

/* All zero: the path keeps its order. */
struct rack {
    double window_ns; /* W as of faded; 0: in order */
    struct tstamp faded;
    /* of the acknowledgement at hand */
    int64_t clock_ns; /* T */
    int64_t came_ns;  /* V for those that it is the first to tell missing */
    uint64_t told;    /* it had no room for numbers below it */
    bool waiting;     /* something may be lost, but not yet */
};

/*
 * An acknowledgement of numbers up to largest, which came at came_ns by the receiver's clock. What
 * follows, until rack_end(), is what it tells.
 */
void rack_begin(struct rack *k, struct tstamp now, const struct wire_ack *ack, uint64_t largest,
                int64_t came_ns);

/* A packet came, perhaps later than later ones, on a path with that round trip. */
void rack_arrived(struct rack *k, const struct sent *s, int64_t srtt_ns);

/* Of one in flight; top_sent: when the largest number acknowledged left. */
bool rack_is_lost(struct rack *k, struct sent *s, uint64_t pn, uint64_t largest,
                  struct tstamp top_sent);

/*
 * All numbers were looked at: who is watched on. Returns when something has to be acknowledged
 * again, or TSTAMP_NEVER.
 */
struct tstamp rack_end(struct rack *k, struct flight *f, struct tstamp now, int64_t srtt_ns);

#endif
