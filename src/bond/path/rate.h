/* SPDX-License-Identifier: ISC */
/*
 * What one path delivers, how much of our data stands in its queues, and how fast to send.
 *
 * Acknowledged packets are gathered into windows of 20 ms. A window gives the rate of
 * delivery A by the receiver's clock, the rate of sending S, and the mean one-way delay. The
 * capacity C is the largest A of the last second or so under load; the delay above the smallest
 * loaded mean is the queue q. The pace is C, corrected so that q stays near a small target: without
 * any queue at all a link idles between our packets and C sinks. Every now and then the pace is
 * raised for a round trip to find more capacity. Losses below 12 % without delay are
 * taken for noise on the line, but for those that policer.h finds to depend on the rate.
 *
 * All paths are drained at the same time every 3 s, so that each sees the delay without any queue
 * of ours, also behind a bottleneck that they share.
 *
 * A queue that another keeps full is shared as cross.h says; a rate from which on packets are lost
 * without a queue is kept as policer.h says.
 *
 * Rates are in bits per second, as in bond.h. The clocks of the two sides need not agree; delays
 * are relative to an unknown offset, the same for all paths of a peer.
 */
#ifndef HAWSER_BOND_PATH_RATE_H
#define HAWSER_BOND_PATH_RATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/tstamp.h"
#include "bond/path/cross.h"
#include "bond/path/policer.h"

enum rate_phase { RATE_START, RATE_DRAIN, RATE_STEADY };

struct rate_window {
    bool open;
    struct tstamp first_sent, last_sent;
    int64_t first_came_ns, last_came_ns; /* receiver's clock */
    double bytes;                        /* behind the first packet */
    double lost_bytes;
    double beside_bytes; /* that nobody acknowledges */
    uint32_t packets;
    uint32_t lost;
    uint32_t loaded; /* packets that left while others waited */
    double delay_sum_ns;
    uint32_t delay_count;
};

struct rate {
    enum rate_phase phase;
    struct rate_window window;
    double limit_bps;  /* 0: none */
    double reorder_ns; /* by so much packets may come later than later ones; set by the path */
    bool urgent; /* set by the bond: packets of a policy suffer from any queue: smaller, half as
                    bold */
    double capacity_bps;
    double bucket_bps[2];
    double bucket_loaded_ns;
    double delivered_bps;   /* A, smoothed */
    double last_bps;        /* A of the last window */
    double high_bps;        /* largest C of the last seconds, fading */
    struct tstamp found_at; /* end of start-up */
    double low_bps;         /* smallest C of some ten seconds, rising back to it */
    double recent_bps;      /* largest A of the last few hundred milliseconds */
    /* delays: one-way, relative */
    double owd_ns;    /* smoothed over packets */
    double jitter_ns; /* RFC 3550, section 6.4.1 */
    double last_owd_ns;
    struct tstamp owd_sent; /* when the packet left that told it */
    bool owd_known;
    double base_ns[2];  /* smallest loaded window means: this period's and the one before */
    double floor_ns[2]; /* the same over 15 to 30 s */
    struct tstamp base_turn;
    struct tstamp floor_turn;
    double queue_ns;
    /* loss: share of packets, smoothed over a few hundred of them */
    double loss;
    double loss_now;          /* over a few tens */
    double last_mean_ns;      /* of the window before */
    double drain_expected_ns; /* by how much a queue of ours would have shrunk by now */
    double drain_from_ns;     /* mean delay when that began */
    uint32_t high_loss_windows;
    uint32_t high_loss_gaps; /* between losses of these windows */
    uint32_t high_queue_windows;
    struct tstamp came_down;
    double before_loss_bps;      /* capacity when losses brought it down; 0: they did not */
    uint32_t start_loss_windows; /* one after another with so much loss that start-up ends */
    struct policer policer;
    struct tstamp halved; /* when it came down to less than half at once */
    struct cross cross;
    /* probing */
    double probe_gain;
    struct tstamp probe_until;
    struct tstamp probe_next;
    double probe_before_bps;
    struct tstamp no_queue_since;
    struct tstamp drain_until;
    double drain_factor;   /* of the pace until then */
    bool loaded;           /* the last window was */
    double loaded_ns;      /* time of such windows, until rate_take_loaded_ns() */
    struct tstamp busy_at; /* when enough was sent to make a queue */
};

/* rtt_ns: first round trip measured, 0 if unknown. */
void rate_init(struct rate *r, struct tstamp now, int64_t rtt_ns);

/* Everything about delays and capacity may have changed (a new address). */
void rate_restart(struct rate *r, struct tstamp now, int64_t rtt_ns);
/* The same for a link that comes back, but that the most and the least it carried are kept. */
void rate_return(struct rate *r, struct tstamp now, int64_t rtt_ns);

/* Where the rate is being looked for, it begins at no less than so much. */
void rate_expect(struct rate *r, double bps);

/* Largest capacity of the last seconds by the smallest; at least 1, which is also at start-up. */
double rate_swing(const struct rate *r);

/*
 * A packet was acknowledged. came_ns: when it arrived by the receiver's clock; known_time false
 * when the acknowledgement did not tell. loaded: it left while others waited for this path.
 */
void rate_acked(struct rate *r, struct tstamp sent, int64_t came_ns, bool known_time,
                uint32_t bytes, bool loaded);
/* To be followed by that: bytes that left before the packet and that nobody acknowledges. */
void rate_beside(struct rate *r, uint32_t bytes);
void rate_lost(struct rate *r, struct tstamp sent, uint32_t bytes, uint64_t pn);
/* One that was told as lost has come: to be followed by rate_acked(). */
void rate_found(struct rate *r, struct tstamp now, uint32_t bytes);

/*
 * Ends the window if it is long enough and draws the conclusions; after each acknowledgement.
 * rtt_ns: after so long what is sent now is answered.
 */
void rate_update(struct rate *r, struct tstamp now, int64_t rtt_ns);

/*
 * One-way delay to expect of a packet sent now. last_sent: when the last one left; what stood in
 * the path's queue then has been leaving since.
 */
double rate_expected_owd_ns(const struct rate *r, struct tstamp now, struct tstamp last_sent);

/* For how long it was measured under load since the last call; 0 in start-up. */
double rate_take_loaded_ns(struct rate *r);

/* Bits per second to send at now. */
double rate_pace_bps(const struct rate *r, struct tstamp now);

#endif
