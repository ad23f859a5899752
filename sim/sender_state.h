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

struct sender {
    struct net *net; /* not owned */
    struct sender_config config;
    uint32_t segment_bytes;
    uint32_t window_segments;
    struct cc cc;
    bool connected;
    enum sender_state state;

    struct sender_segment *ring; /* owned, SENDER_RING of them */
    uint64_t una;                /* first segment not acknowledged */
    uint64_t next;               /* first segment not sent */
    uint64_t highest;            /* behind the highest one acknowledged */
    uint64_t first_lost;         /* no lost segment before it */
    uint32_t inflight;
    uint32_t lost;
    uint32_t repeats; /* in flight */
    uint16_t oldest;  /* of the list in the order of sending */
    uint16_t newest;
    uint32_t next_pn;
    struct segment_range told[SEGMENT_RANGES_MAX]; /* ranges of the last acknowledgement */
    size_t told_count;

    /* round trip times */
    int64_t srtt_ns; /* 0: none yet */
    int64_t rttvar_ns;
    int64_t rtt_min_ns;
    int64_t rtt_last_ns;
    unsigned backoff;

    /* RACK (RFC 8985) */
    struct tstamp rack_sent_at;
    uint64_t rack_segment;
    int64_t rack_rtt_ns;
    bool reordering_seen;
    unsigned reorder_factor;
    unsigned reorder_persist; /* recoveries */
    uint64_t reorder_round;
    bool probe_outstanding;

    /* QUIC (RFC 9002) */
    uint32_t largest;
    struct tstamp largest_sent_at;

    /* recovery */
    uint64_t recovery_end;
    uint32_t recovery_flight;
    uint32_t recovery_delivered;
    uint32_t recovery_sent;
    uint32_t undo_repeats; /* repeats of this recovery not known to be needless */
    bool undo_possible;
    uint32_t repeat_stamp_us; /* of the first repeat */
    bool repeat_stamped;
    uint64_t ecn_end;
    bool tell_cwr;

    /* delivery rate */
    uint64_t delivered;
    struct tstamp delivered_at;
    struct tstamp first_sent_at;
    uint64_t rate_limited_to; /* until so many are delivered samples are too low; 0: they are not */

    struct tstamp next_send; /* pacing */
    struct timer loss_timer; /* reordering window, tail loss probe or RTO */
    struct timer pace_timer;
    enum { SENDER_TIMER_REORDER, SENDER_TIMER_PROBE, SENDER_TIMER_RTO } loss_timer_for;

    uint64_t sent_segments;
    uint64_t repeated_segments;
    uint64_t timeouts;
    uint64_t recoveries;
    uint64_t undone;
};

static inline struct sender_segment *sender_at(struct sender *s, uint64_t number)
{
    return &s->ring[number % SENDER_RING];
}

#endif
