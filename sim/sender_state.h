/* SPDX-License-Identifier: ISC */
/* The sending end of a simulated stream as it is: for sender.c and sender_loss.c. */
#ifndef HAWSER_SIM_SENDER_STATE_H
#define HAWSER_SIM_SENDER_STATE_H

#include "sim/cc.h"
#include "sim/net.h"

enum {
    SENDER_RING = 16384,  /* segments; the window is smaller */
    SENDER_NONE = 0xffff, /* no segment */
};

struct sender_config {
    enum segment_kind kind; /* SEGMENT_TCP or SEGMENT_QUIC */
    enum cc_kind cc;
    enum cc_hystart hystart;
    bool ecn;
    enum side side;
    uint16_t port;
    uint32_t mtu_bytes;
    uint32_t window_bytes;   /* of the receiver */
    uint16_t super_segments; /* most segments of a super-packet; 1: none */
    uint64_t limit_segments; /* there are no more than these; 0: no end */
};

struct sender_segment {
    struct tstamp sent_at;      /* last time */
    struct tstamp delivered_at; /* time and number of deliveries when it was sent, for the rate */
    struct tstamp first_sent_at;
    uint64_t delivered;
    uint32_t pn;
    uint16_t older; /* in flight, in the order of sending; slots of the ring */
    uint16_t newer;
    bool in_flight;
    bool done; /* acknowledged */
    bool lost; /* and not repeated yet */
    bool repeated;
    bool rate_limited;
};

enum sender_state { SENDER_OPEN, SENDER_RECOVERY, SENDER_LOSS };

/* What is in flight, by segment. */
struct sender_flight {
    struct sender_segment *ring; /* owned, SENDER_RING of them */
    uint64_t una;                /* first segment not acknowledged */
    uint64_t next;               /* first segment not sent */
    uint64_t highest;            /* behind the highest one acknowledged */
    uint64_t first_lost;         /* no lost segment before it */
    uint32_t segments;
    uint32_t lost;
    uint32_t repeats;
    uint16_t oldest; /* of the list in the order of sending */
    uint16_t newest;
    uint32_t next_pn;
    struct segment_range told[SEGMENT_RANGES_MAX]; /* ranges of the last acknowledgement */
    size_t told_count;
};

/* Round trip times (RFC 6298). */
struct sender_rtt {
    int64_t srtt_ns; /* 0: none yet */
    int64_t var_ns;
    int64_t least_ns;
    int64_t last_ns;
    unsigned backoff;
};

/* RACK (RFC 8985) */
struct sender_rack {
    struct tstamp sent_at;
    uint64_t segment;
    int64_t rtt_ns;
    bool reordering_seen;
    unsigned factor;
    unsigned persist; /* recoveries */
    uint64_t round;
    bool probe_outstanding;
};

/* QUIC (RFC 9002) */
struct sender_quic {
    uint32_t largest;
    struct tstamp largest_sent_at;
};

struct sender_recovery {
    uint64_t end;
    uint32_t flight;
    uint32_t delivered;
    uint32_t sent;
    uint32_t undo_repeats; /* repeats of this recovery not known to be needless */
    bool undo_possible;
    uint32_t repeat_stamp_us; /* of the first repeat */
    bool repeat_stamped;
    uint64_t ecn_end;
    bool tell_cwr;
};

/* Of the rate of delivery. */
struct sender_delivery {
    uint64_t segments;
    struct tstamp at;
    struct tstamp first_sent_at;
    uint64_t rate_limited_to; /* until so many are delivered samples are too low; 0: they are not */
};

struct sender_timers {
    struct tstamp next_send; /* pacing */
    struct timer loss;       /* reordering window, tail loss probe or RTO */
    struct timer pace;
    enum { SENDER_TIMER_REORDER, SENDER_TIMER_PROBE, SENDER_TIMER_RTO } loss_for;
};

struct sender_counts {
    uint64_t sent; /* segments */
    uint64_t repeated;
    uint64_t timeouts;
    uint64_t recoveries;
    uint64_t undone;
};

struct sender {
    struct net *net; /* not owned */
    struct sender_config config;
    uint32_t segment_bytes;
    uint32_t window_segments;
    struct cc cc;
    bool connected;
    enum sender_state state;
    struct sender_flight flight;
    struct sender_rtt rtt;
    struct sender_rack rack;
    struct sender_quic quic;
    struct sender_recovery recovery;
    struct sender_delivery delivery;
    struct sender_timers timers;
    struct sender_counts counts;
};

static inline struct sender_segment *sender_at(struct sender *s, uint64_t number)
{
    return &s->flight.ring[number % SENDER_RING];
}

#endif
