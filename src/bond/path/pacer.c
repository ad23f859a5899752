/* SPDX-License-Identifier: ISC */
#include "bond/path/pacer.h"

#include <math.h>

#include "bond/frame.h"
#include "bond/tuning.h"

void pacer_init(struct pacer *p, struct tstamp now, struct arena_share *memory)
{
    ring_init(&p->committed, memory, PATH_COMMITTED_MAX);
    ring_init(&p->express, memory, PATH_EXPRESS_MAX);
    ring_grow(&p->committed);
    ring_grow(&p->express);
    p->spare_packets = INFLIGHT_SPARE_PACKETS;
    p->free_at = now;
}

void pacer_clear(struct pacer *p)
{
    ring_free(&p->committed);
    ring_free(&p->express);
    *p = (struct pacer){ 0 };
}

static double ahead_bytes(const struct pacer *p, struct tstamp now)
{
    return p->ahead_bytes * exp(-(double)tstamp_sub(now, p->ahead_at) / RECENT_NS);
}

void pacer_ahead(struct pacer *p, struct tstamp now, uint64_t wire_bytes)
{
    p->ahead_bytes = ahead_bytes(p, now) + (double)wire_bytes;
    p->ahead_at = now;
}

/* How many times longer bulk takes than the pace tells, for what overtakes it. */
static double stretch(const struct pacer *p, struct tstamp now)
{
    double share = ahead_bytes(p, now) * p->ns_per_byte / RECENT_NS;
    double above = fmax(share - AHEAD_FREE, 0) / (1 - AHEAD_FREE);
    return 1 / (1 - fmin(above, AHEAD_MOST));
}

void pacer_set(struct pacer *p, struct tstamp now, double pace_bps, int64_t own_rtt_ns)
{
    p->ns_per_byte = 8e9 / pace_bps;
    p->stretch = stretch(p, now);
    /* Beyond that it would stand in a queue, or behind a silence, where nobody can take it back. */
    double window_ns =
        (double)own_rtt_ns + fmax(INFLIGHT_SLACK_NS, INFLIGHT_SLACK_RTTS * (double)own_rtt_ns);
    p->flight_most_bytes = window_ns / p->ns_per_byte + p->spare_packets * FRAME_BYTES;
}
