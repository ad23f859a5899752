/* SPDX-License-Identifier: ISC */
/*
 * Whether another's traffic fills the queue of a path, and how much of it is then ours.
 *
 * A queue of ours goes when we send less: at half the rate it falls by half a second in each
 * second. One that another keeps full does not. So it is looked for when all paths are drained
 * (rate.h): where the delay stands above its smallest of 15 to 30 s, has moved by more than noise
 * since the last drain, and falls by much less in two drains than a queue of ours had to, somebody
 * else fills it. A delay that only stepped up does not move between the drains, and a rate that
 * fell leaves a queue that does go.
 *
 * Whoever keeps to a small queue gets next to nothing beside a sender that fills it, so we then do
 * as that one does: the window of CUBIC (RFC 9438), spread over the round trip. It opens fast until
 * the first loss, and where a drain shows that little of the queue is ours. The mode ends when the
 * queue is empty for two round trips or falls in a drain as one of ours. Two modes, and an empty
 * queue as the sign that nobody fills it, are Copa's (Arun, Balakrishnan: NSDI 2018, section 2.2).
 *
 * Rates are in bits per second; windows count packets of FRAME_BYTES.
 */
#ifndef HAWSER_BOND_PATH_CROSS_H
#define HAWSER_BOND_PATH_CROSS_H

#include <stdbool.h>

#include "base/tstamp.h"

/* The drain that is watched. */
struct cross_drain {
    bool watched;
    struct tstamp from, until;
    double from_ns;     /* delay before it */
    double low_ns;      /* smallest seen in it */
    double expected_ns; /* by how much a queue of ours would fall */
};

/* CUBIC's window, in packets. */
struct cross_window {
    bool starting;
    double now, before, reno;    /* before: the last loss; reno: as Reno would have it */
    double plateau_s;            /* from the last loss until the window is as before */
    struct tstamp since, cut_at; /* when it began to grow; last loss */
};

struct cross {
    bool on;
    struct tstamp known_at; /* last time it went on; 0: never */
    double least_ns[2];     /* smallest delay of this period of 15 s and of the one before */
    struct tstamp least_turn;
    struct tstamp filled_at; /* when the delay was last away from it */
    double low_ns, high_ns;  /* since the last drain */
    double peak_bps;         /* largest capacity, fading within half a minute */
    struct cross_drain drain;
    unsigned strikes; /* drains of late that did not empty the queue */
    struct tstamp struck_at;
    double share; /* of the queue that is ours, 0..1 */
    struct cross_window window;
};

/* The mean delay of a window of the rate control, which lasted span_ns. */
void cross_see(struct cross *v, struct tstamp now, double delay_ns, double capacity_bps,
               double span_ns);

/* Smallest delay of the last 15 to 30 s, longer while the mode is on. */
double cross_least_ns(const struct cross *v);

/* How far the delay is above that, if it moved by more than noise_ns since the last drain; or 0. */
double cross_excess_ns(const struct cross *v, double delay_ns, double noise_ns);

/* A drain begins, in which a queue of ours would fall by expected_ns; 0: it is not watched. */
void cross_drain(struct cross *v, struct tstamp now, struct tstamp until, double rtt_ns,
                 double expected_ns, double delay_ns);

/* What the last drain told, once: the queue went, or it did not and that is enough to know. */
enum cross_verdict { CROSS_UNKNOWN, CROSS_OURS, CROSS_THEIRS };
enum cross_verdict cross_judge(struct cross *v, struct tstamp now);

/* Turns the mode on, with the window that the rate makes. */
void cross_begin(struct cross *v, struct tstamp now, double bps, double rtt_ns);
void cross_end(struct cross *v);

/* With the mode on: the queue has been empty for two round trips. */
bool cross_gone(const struct cross *v, struct tstamp now, double rtt_ns);

/* The rate that the window makes. Of the last span_ns: loaded: it was in use; lost: packets were.
 */
double cross_rate_bps(struct cross *v, struct tstamp now, double delivered_bps, bool loaded,
                      bool lost, double span_ns, double rtt_ns);

#endif
