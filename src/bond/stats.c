/* SPDX-License-Identifier: ISC */
/* What a bond tells of itself. */
#include <math.h>
#include <string.h>

#include "bond/internal.h"

#define LANE_IDLE_NS (10 * NS_PER_S)

const char *bond_drop_name(enum bond_drop reason)
{
    static const char *const names[BOND_DROP_COUNT] = {
        [BOND_DROP_QUEUE_FULL] = "queue_full",     [BOND_DROP_CODEL] = "codel",
        [BOND_DROP_NO_PATH] = "no_path",           [BOND_DROP_NO_BUFFER] = "no_buffer",
        [BOND_DROP_REPEAT_LATE] = "repeat_late",   [BOND_DROP_DUPLICATE] = "duplicate",
        [BOND_DROP_REORDER_FULL] = "reorder_full", [BOND_DROP_FRAGMENT] = "fragment",
        [BOND_DROP_BAD_PACKET] = "bad_packet",     [BOND_DROP_ACK_THINNED] = "ack_thinned",
    };
    return names[reason];
}

static const char *path_reason(const struct path *p)
{
    switch (p->state) {
    case BOND_PATH_CLOSED:
        return "no address of the peer is reachable over it yet";
    case BOND_PATH_PROBING:
        return "probing";
    case BOND_PATH_SUSPECT:
        return "acknowledgements are overdue";
    case BOND_PATH_DOWN:
        return "no answer, probing";
    case BOND_PATH_STANDBY:
        return p->config.use == WIRE_PATH_DOWN ? "switched off" : "standby";
    case BOND_PATH_UP:
        break;
    }
    if (p->rate.limit_bps > 0 && p->rate.capacity_bps >= p->rate.limit_bps)
        return "limited by the configured rate";
    return p->rate.loaded ? "in use, limited by the link" : "in use";
}

void bond_path_stats(const struct bond *b, struct tstamp now, uint8_t path,
                     struct bond_path_stats *out)
{
    const struct path *p = &b->paths[path];
    memset(out, 0, sizeof *out);
    out->why = "no address of the peer is reachable over it yet";
    if (!p->ready)
        return;
    double least = INFINITY;
    for_each_path (b, q)
        if (q->rate.owd_known)
            least = fmin(least, q->rate.owd_ns);
    bool fresh = tstamp_sub(now, p->second_since) < 2 * NS_PER_S;
    out->state = p->state;
    out->srtt_ns = p->srtt_same_ns > 0 ? p->srtt_same_ns : p->srtt_ns;
    out->rtt_min_ns = p->rtt_min_ns;
    out->owd_ns = p->rate.owd_known ? (int64_t)(p->rate.owd_ns - least) : 0;
    out->jitter_ns = (int64_t)p->rate.jitter_ns;
    out->loss = p->rate.loss;
    out->rate_bps = (uint64_t)p->rate.capacity_bps;
    out->tx_bps = fresh ? p->tx_bps : 0;
    out->rx_bps = fresh ? p->rx_bps : 0;
    out->tx_bytes = p->tx_bytes;
    out->rx_bytes = p->rx_bytes;
    out->tx_packets = p->tx_packets;
    out->rx_packets = p->rx_packets;
    out->resent_packets = p->resent_packets;
    out->inflight_bytes = p->inflight_bytes;
    out->queue_ns = (int64_t)p->rate.queue_ns;
    out->datagram_bytes = p->config.datagram_bytes;
    out->why = path_reason(p);
}

static const char *bond_limit(const struct bond *b)
{
    if (!any_usable(b))
        return "no usable path";
    for_each_path (b, p)
        if (path_usable(p) && !p->rate.loaded)
            return "traffic, not links";
    return "links";
}

void bond_stats(const struct bond *b, struct bond_stats *out)
{
    memset(out, 0, sizeof *out);
    struct tstamp newest = { 0 };
    for (unsigned i = 0; i < WIRE_LANES_MAX; i++)
        newest = tstamp_max(newest, b->lane_used[i]);
    for (unsigned i = 0; i < WIRE_LANES_MAX; i++)
        out->lanes += b->lane_next[i] > 0 && tstamp_sub(newest, b->lane_used[i]) < LANE_IDLE_NS;
    out->queued_bytes = b->queue.bytes;
    out->reorder_held = b->reorder.held;
    out->reorder_late = b->reorder.late;
    memcpy(out->drops, b->drops, sizeof out->drops);
    out->drops[BOND_DROP_QUEUE_FULL] = b->queue.dropped_full;
    out->drops[BOND_DROP_CODEL] = b->queue.dropped_codel;
    out->drops[BOND_DROP_BAD_PACKET] = b->queue.dropped_bad;
    out->drops[BOND_DROP_ACK_THINNED] = b->queue.acks_thinned;
    out->drops[BOND_DROP_DUPLICATE] = b->reorder.duplicates;
    out->drops[BOND_DROP_REORDER_FULL] = b->reorder.overflows;
    out->drops[BOND_DROP_FRAGMENT] = b->reorder.fragments_lost;
    out->limit = bond_limit(b);
}
