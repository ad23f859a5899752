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

/* The largest A under load, in two periods. */
struct rate_peak {
    double bps[2];
    double loaded_ns;  /* time under load in the present one */
    double recent_bps; /* the same of the last few hundred milliseconds */
};

/* How C has changed. */
struct rate_range {
    double high_bps;        /* largest of the last seconds, fading */
    double low_bps;         /* smallest of some ten seconds, rising back to it */
    struct tstamp found_at; /* end of start-up */
};

/* The delay without a queue. */
struct rate_base {
    double ns[2];       /* smallest loaded window means: this period's and the one before */
    double floor_ns[2]; /* the same over 15 to 30 s */
    struct tstamp turn;
    struct tstamp floor_turn;
    double last_mean_ns;   /* of the window before */
    struct tstamp busy_at; /* when enough was sent to make a queue */
};

/* What losses have done. */
struct rate_losses {
    uint32_t high_windows;
    uint32_t high_gaps;     /* between losses of these windows */
    uint32_t start_windows; /* one after another with so much loss that start-up ends */
    double before_bps;      /* capacity when losses brought it down; 0: they did not */
    struct tstamp came_down;
    struct tstamp halved; /* when it came down to less than half at once */
};

/* A raise of the pace, to find more. */
struct rate_raise {
    double gain;
    struct tstamp until;
    struct tstamp next;
    double before_bps;
    struct tstamp no_queue_since;
};

/* Sending less, to see the delay without a queue; and whether a queue goes. */
struct rate_drain {
    struct tstamp until;
    double factor;      /* of the pace until then */
    double expected_ns; /* by how much a queue of ours would have shrunk by now */
    double from_ns;     /* mean delay when that began */
    uint32_t high_queue_windows;
};

struct rate {
    enum rate_phase phase;
    double limit_bps;  /* 0: none */
    double reorder_ns; /* by so much packets may come later than later ones; set by the path */
    bool urgent; /* set by the bond: packets of a policy suffer from any queue: smaller, half as
                    bold */
    double capacity_bps;  /* C */
    double delivered_bps; /* A, smoothed */
    double last_bps;      /* A of the last window */
    bool loaded;          /* the last window was */
    double loaded_ns;     /* time of such windows, until rate_take_loaded_ns() */
    /* delays: one-way, relative */
    double owd_ns;    /* smoothed over packets */
    double jitter_ns; /* RFC 3550, section 6.4.1 */
    double last_owd_ns;
    struct tstamp owd_sent; /* when the packet left that told it */
    bool owd_known;
    double queue_ns;
    /* share of packets, smoothed over a few hundred of them */
    double loss;
    double loss_now; /* over a few tens */
    struct rate_window window;
    struct rate_peak peak;
    struct rate_range range;
    struct rate_base base;
    struct rate_losses losses;
    struct rate_raise raise;
    struct rate_drain drain;
    struct policer policer;
    struct cross cross;
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
