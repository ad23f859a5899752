/* SPDX-License-Identifier: ISC */
#include "session/rate_limit.h"

#include <math.h>

#include "session/links.h"
#include "session/peer.h"
#include "session/send.h"
#include "session/share.h"
#include "session/state.h"
#include "session/tag.h"

enum { BURST_BYTES = 128 << 10 /* beside RATE_LIMIT_BURST_NS, at low rates */ };

void rate_limit_init(struct peer *p)
{
    p->rate_limit.sent = TSTAMP_NEVER;
}

static bool knows_frame(const struct peer *p)
{
    return (p->association.remote_features & WIRE_FEATURE_RATE_LIMIT) != 0;
}

static uint64_t kbps_of(uint64_t bps)
{
    return bps == 0 ? 0 : bps < 1000 ? 1 : bps / 1000;
}

static void apply(struct peer *p, struct tstamp now)
{
    const struct rate_limit *r = &p->rate_limit;
    share_set_limit(p, now, rate_limit_least(r->send_bps, r->remote_bps));
}

static void tell(struct peer *p, struct tstamp now)
{
    p->rate_limit.due = true;
    peer_wake(p, now);
}

bool rate_limit_set(struct peer *p, struct tstamp now, uint64_t send_bps, uint64_t receive_bps)
{
    struct rate_limit *r = &p->rate_limit;
    bool changed = receive_bps != r->receive_bps;
    r->send_bps = send_bps;
    r->receive_bps = receive_bps;
    apply(p, now);
    if (!changed)
        return false;
    r->left_bytes = 0;
    r->left_at = tstamp_add(now, -RATE_LIMIT_BURST_NS);
    tell(p, now);
    return !knows_frame(p);
}

void rate_limit_adopted(struct peer *p, struct tstamp now, bool new_association)
{
    struct rate_limit *r = &p->rate_limit;
    if (!new_association && knows_frame(p))
        return;
    r->heard = r->told = false;
    r->remote_bps = 0;
    apply(p, now);
    if (r->receive_bps != 0)
        tell(p, now);
}

void rate_limit_told(struct peer *p, struct tstamp now, const struct wire_rate_limit *limit)
{
    struct rate_limit *r = &p->rate_limit;
    if (r->heard && (int32_t)(limit->sequence - r->remote_sequence) <= 0)
        return;
    r->heard = true;
    r->remote_sequence = limit->sequence;
    r->remote_bps = limit->kbps < UINT64_MAX / 1000 ? limit->kbps * 1000 : 0;
    apply(p, now);
}

void rate_limit_came_back(struct peer *p, struct tstamp now, uint16_t serial, bool acked)
{
    if (serial != p->rate_limit.serial)
        return;
    p->rate_limit.sent = TSTAMP_NEVER;
    if (!acked)
        tell(p, now);
}

static void send(struct peer *p, struct tstamp now)
{
    struct rate_limit *r = &p->rate_limit;
    struct wire_frame_value f = { .type = WIRE_RATE_LIMIT };
    int via = links_best(p);
    if (via < 0)
        return; /* the first path that opens wakes us */
    f.rate_limit.sequence = ++r->sequence;
    f.rate_limit.kbps = kbps_of(r->receive_bps);
    r->due = false;
    r->told = true;
    r->sent = now;
    send_frames(p, now, (uint8_t)via, &p->paths[via].address.route, &f, 1,
                tag_of(TAG_RATE_LIMIT, 0, ++r->serial));
}

void rate_limit_tick(struct peer *p, struct tstamp now)
{
    struct rate_limit *r = &p->rate_limit;
    if (!peer_can_send(p, now) || !knows_frame(p))
        return;
    bool overdue = !tstamp_is_never(r->sent) && tstamp_sub(now, r->sent) >= RATE_LIMIT_AGAIN_NS;
    bool any = r->told || r->receive_bps != 0; /* else there is nothing to say */
    if (any && (r->due || overdue))
        send(p, now);
    /* Without a path it is overdue, and the first path that opens wakes us. */
    if (!tstamp_is_never(r->sent) && tstamp_sub(now, r->sent) < RATE_LIMIT_AGAIN_NS)
        peer_wake(p, tstamp_add(r->sent, RATE_LIMIT_AGAIN_NS));
}

uint64_t rate_limit_of_path_kbps(const struct peer *p)
{
    return knows_frame(p) ? 0 : kbps_of(p->rate_limit.receive_bps);
}

bool rate_limit_admits(struct peer *p, struct tstamp now, uint32_t bytes)
{
    struct rate_limit *r = &p->rate_limit;
    double bytes_per_ns = (double)r->receive_bps / 8e9;
    double most = bytes_per_ns * RATE_LIMIT_BURST_NS + BURST_BYTES;
    double earned = bytes_per_ns * (double)tstamp_sub(now, r->left_at);
    r->left_bytes = fmin(most, r->left_bytes + earned);
    r->left_at = now;
    if (r->left_bytes < bytes)
        return false;
    r->left_bytes -= bytes;
    return true;
}
