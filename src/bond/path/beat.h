/* SPDX-License-Identifier: ISC */
/*
 * The quiet time of a path: how each side knows that the other's datagrams still arrive while there
 * is nothing to send, and what that costs.
 *
 * Each side sends a beat, the smallest datagram there is, when it has sent nothing for
 * beat_interval_ns(). Nobody answers it: the beats of one direction tell its receiver that it
 * works. A side that misses one asks (three probes at once) and tells what it received last over
 * the other paths, so that whoever sends into the void hears of it and asks, too. Now and then a
 * probe takes the place of a beat, for the round trip.
 *
 * Guarantee, with another path to tell over, whose round trip is not longer: of a direction that
 * falls silent both sides know within the interval, the delay of the path, beat_allowance_ns() and
 * the time in which a question is given up; or at once instead of that, where it would take longer
 * than BEAT_FOUND_NS in all.
 */
#ifndef HAWSER_BOND_PATH_BEAT_H
#define HAWSER_BOND_PATH_BEAT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/tstamp.h"
#include "bond/tuning.h"
#include "wire/wire.h"

struct beat {
    struct tstamp spoke; /* whatever was sent last */
    struct tstamp heard; /* whatever came last */
    struct tstamp asked; /* by the peer */
    bool asked_again;    /* for the second time within BEAT_AGAIN_NS */
    bool wanted;         /* a beat is to be sent now */
    bool missing;        /* none came in time, and that was noticed */
    bool doubted;        /* asked, and not answered yet */
    bool given_up;       /* no time to ask: the path is to be suspected */
    bool tell;           /* what came last is to be acknowledged now; the bond sees to it */
    unsigned questions;  /* still to be asked */
};

/*
 * Time between beats: so long that a month of 30 days of them, both directions together, is 458 MB
 * of IP packets; with the probes and new keys every two minutes less than 500 MB. 0.63 s with IPv4,
 * 0.86 s with IPv6. overhead_bytes: of the outer IP and UDP headers.
 */
int64_t beat_interval_ns(uint32_t overhead_bytes);

/* How late a beat may be: four times the mean deviation of the round trips, 20 to 200 ms. */
int64_t beat_allowance_ns(int64_t rttvar_ns);

/* The path is in use from now on; what was before says nothing. */
void beat_start(struct beat *b, struct tstamp now);

/* A datagram came. */
static inline void beat_heard(struct beat *b, struct tstamp now, bool asks)
{
    b->heard = now;
    b->missing = false;
    if (!asks)
        return;
    b->asked_again = tstamp_sub(now, b->asked) < BEAT_AGAIN_NS;
    b->asked = now;
}

/* Begins to ask. */
void beat_ask(struct beat *b);

/* Another question goes out: true if one more is to follow it. */
static inline bool beat_asked_one(struct beat *b)
{
    if (b->questions > 0)
        b->questions--;
    return b->questions > 0;
}

#endif
