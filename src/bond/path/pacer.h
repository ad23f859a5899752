/* SPDX-License-Identifier: ISC */
/*
 * What waits for one path, and when it may leave.
 *
 * Guarantee: in any interval t, at most pace * (t + PATH_CREDIT_NS) + one burst leaves of what is
 * committed, where a burst is 1 ms on fast paths and a packet on slow ones. Express packets (sparse
 * ones and repeats) leave at once and are paid back by the others.
 */
#ifndef HAWSER_BOND_PATH_PACER_H
#define HAWSER_BOND_PATH_PACER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/size.h"
#include "base/tstamp.h"
#include "bond/frame.h"
#include "bond/path/segment.h"
#include "bond/tuning.h"

enum {
    PATH_COMMITTED_MAX = TABLE_SIZE(2048, 32), /* a power of two */
    PATH_EXPRESS_MAX = TABLE_SIZE(4096, 64),   /* a power of two */
};

struct pacer {
    double ns_per_byte;       /* of the present pace */
    double stretch;           /* of the time that committed packets wait; see pacer_set() */
    double flight_most_bytes; /* at that pace; more in flight is a queue */
    uint32_t spare_packets;   /* a part of it; see aqm.h */
    struct tstamp free_at;    /* when what has left is paid for */
    bool bursting;
    double ahead_bytes; /* overtook bulk of late; fades with RECENT_NS */
    struct tstamp ahead_at;
    struct segment_ring committed; /* at the pace */
    struct segment_ring express;   /* at once */
};

/* Its rings grow in that memory, which is borrowed. */
void pacer_init(struct pacer *p, struct tstamp now, struct arena_share *memory);
/* Gives every packet back, and the rings. */
void pacer_clear(struct pacer *p);

/* The pace, and what may be in flight at that on a path with such a round trip of its own. */
void pacer_set(struct pacer *p, struct tstamp now, double pace_bps, int64_t own_rtt_ns);

/* Time to send so many bytes at the present pace. */
static inline int64_t pacer_send_time_ns(const struct pacer *p, uint32_t bytes)
{
    return (int64_t)(bytes * p->ns_per_byte);
}

/* Time from now until the last committed byte has left, if as much overtakes it as of late. */
static inline int64_t pacer_backlog_ns(const struct pacer *p, struct tstamp now)
{
    int64_t wait = tstamp_sub(p->free_at, now);
    wait = (wait > 0 ? wait : 0) + pacer_send_time_ns(p, p->committed.bytes + p->express.bytes);
    return (int64_t)((double)wait * p->stretch);
}

/* What would have to be made up for if the express packets left now. */
static inline int64_t pacer_debt_ns(const struct pacer *p, struct tstamp now)
{
    return tstamp_sub(p->free_at, now) + pacer_send_time_ns(p, p->express.bytes);
}

/* Whether a committed packet may go. */
static inline bool pacer_may_send(struct pacer *p, struct tstamp now)
{
    int64_t packet_ns = pacer_send_time_ns(p, FRAME_BYTES);
    int64_t burst_ns = packet_ns < BURST_NS / BURST_PARTS ? BURST_NS : 0;
    if (!p->bursting)
        p->bursting = tstamp_reached(p->free_at, now);
    else if (tstamp_sub(p->free_at, now) > burst_ns)
        p->bursting = false;
    return p->bursting;
}

/* When that is, if any waits; at once for express packets. */
static inline struct tstamp pacer_deadline(const struct pacer *p)
{
    if (p->express.count > 0)
        return (struct tstamp){ 0 };
    return p->committed.count > 0 ? p->free_at : TSTAMP_NEVER;
}

/*
 * A datagram left. strict: little may be saved up. What is not acknowledged tells nothing of the
 * rate: on a path that carries little else it must not pile up a debt by an estimate that nothing
 * corrects.
 */
static inline void pacer_charge(struct pacer *p, struct tstamp now, uint32_t wire_bytes,
                                bool eliciting, bool strict)
{
    int64_t credit_ns = strict ? PATH_CREDIT_STRICT_NS : PATH_CREDIT_NS;
    struct tstamp start = tstamp_max(p->free_at, tstamp_add(now, -credit_ns));
    if (eliciting || tstamp_sub(start, now) < PATH_CREDIT_NS)
        p->free_at = tstamp_add(start, pacer_send_time_ns(p, wire_bytes));
}

/* So many bytes have left ahead of bulk. */
void pacer_ahead(struct pacer *p, struct tstamp now, uint64_t wire_bytes);

#endif
