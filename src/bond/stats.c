/* SPDX-License-Identifier: ISC */
/* What a bond tells of itself. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "bond/internal.h"

#define LANE_IDLE_NS (10 * NS_PER_S)
#define LOSS_NOTED 0.05
#define DELAY_NOTED_NS NS_PER_S
#define IDLE_PART 0.01

static const char unreachable[] = "no address of the peer is reachable over it yet";

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

const char *bond_mode_name(enum bond_mode mode)
{
    switch (mode) {
    case BOND_MODE_LOWEST_LATENCY:
        return "lowest-latency";
    case BOND_MODE_REDUNDANT:
        return "redundant";
    case BOND_MODE_SINGLE:
        return "single";
    case BOND_MODE_BOND:
        break;
    }
    return "bond";
}

const char *bond_class_name(enum bond_class class)
{
    switch (class) {
    case BOND_CLASS_REALTIME:
        return "realtime";
    case BOND_CLASS_BULK:
        return "bulk";
    case BOND_CLASS_NORMAL:
        break;
    }
    return "normal";
}

static double since_s(struct tstamp then, struct tstamp now)
{
    return (double)tstamp_sub(now, then) / 1e9;
}

/* What was wrong with it before it stopped answering, or being used although it answers. */
static void explain_fall(const struct path *p, struct tstamp now, char out[BOND_WHY_BYTES])
{
    bool lossy = p->fault == PATH_SOUND && p->loss_before > LOSS_NOTED;
    switch (lossy ? PATH_LOSSY : p->fault) {
    case PATH_SOUND:
        snprintf(out, BOND_WHY_BYTES, "no answer for %.0f s, probing",
                 since_s(p->state_since, now));
        break;
    case PATH_LOSSY:
        snprintf(out, BOND_WHY_BYTES, "%.0f %% loss, probing", 100 * p->loss_before);
        break;
    case PATH_LATE:
        snprintf(out, BOND_WHY_BYTES, "answers take %.1f s, probing",
                 (double)p->rtt_latest_ns / 1e9);
        break;
    case PATH_SLOW:
        snprintf(out, BOND_WHY_BYTES, "%.1f Mbit/s, too little beside the others, probing",
                 p->rate_before_bps / 1e6);
        break;
    }
}

/* A path that does not answer, or not well or for long enough yet. */
static void explain_probing(const struct path *p, struct tstamp now, char out[BOND_WHY_BYTES])
{
    if (p->fault == PATH_SOUND && p->good_probes > 0 && p->trust_ns > 0)
        snprintf(out, BOND_WHY_BYTES, "answers, but failed lately: used after %.1f s of answers",
                 (double)p->trust_ns / 1e9);
    else if (p->fault == PATH_SOUND && p->state == BOND_PATH_PROBING)
        snprintf(out, BOND_WHY_BYTES, "probing");
    else
        explain_fall(p, now, out);
}

static void explain_use(const struct path *p, char out[BOND_WHY_BYTES])
{
    const struct rate *r = &p->rate;
    if (r->loss > LOSS_NOTED)
        snprintf(out, BOND_WHY_BYTES, "in use, %.0f %% loss", 100 * r->loss);
    else if (r->limit_bps > 0 && r->capacity_bps >= r->limit_bps)
        snprintf(out, BOND_WHY_BYTES, "limited by the configured rate");
    else if (p->srtt_ns > DELAY_NOTED_NS)
        snprintf(out, BOND_WHY_BYTES, "in use, answers take %.1f s", (double)p->srtt_ns / 1e9);
    else
        snprintf(out, BOND_WHY_BYTES, r->loaded ? "in use, limited by the link" : "in use");
}

static const char *standby_reason(const struct path *p)
{
    if (p->config.use == WIRE_PATH_DOWN)
        return "switched off";
    if (p->config.last_resort)
        return "quota used up: the last resort";
    return p->config.standby_busy ? "standby until the others are down or full" : "standby";
}

static void explain_path(const struct bond *b, const struct path *p, struct tstamp now,
                         char out[BOND_WHY_BYTES])
{
    switch (p->state) {
    case BOND_PATH_CLOSED:
        snprintf(out, BOND_WHY_BYTES, "%s", unreachable);
        break;
    case BOND_PATH_SUSPECT:
        snprintf(out, BOND_WHY_BYTES, "acknowledgements are overdue");
        break;
    case BOND_PATH_PROBING:
    case BOND_PATH_DOWN:
        explain_probing(p, now, out);
        break;
    case BOND_PATH_STANDBY:
        snprintf(out, BOND_WHY_BYTES, "%s", standby_reason(p));
        break;
    case BOND_PATH_UP:
        if (schedule_is_spare(b, p))
            snprintf(out, BOND_WHY_BYTES, "dear: waits until the cheaper ones are full");
        else
            explain_use(p, out);
        break;
    }
}

void bond_path_stats(const struct bond *b, struct tstamp now, uint8_t path,
                     struct bond_path_stats *out)
{
    const struct path *p = &b->paths[path];
    memset(out, 0, sizeof *out);
    snprintf(out->why, sizeof out->why, "%s", unreachable);
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
    out->usual_bps = (uint64_t)p->slump.usual_bps;
    out->slow = p->slump.slow;
    out->tx_bps = fresh ? p->tx_bps : 0;
    out->rx_bps = fresh ? p->rx_bps : 0;
    out->rx_most_bps = p->rx_most_bps;
    out->tx_bytes = p->tx_bytes;
    out->rx_bytes = p->rx_bytes;
    out->tx_packets = p->tx_packets;
    out->rx_packets = p->rx_packets;
    out->resent_packets = p->resent_packets;
    out->inflight_bytes = p->inflight_bytes;
    out->queue_ns = (int64_t)p->rate.queue_ns;
    out->datagram_bytes = p->config.datagram_bytes;
    explain_path(b, p, now, out->why);
}

/*
 * Where packets wait for every usable path, the links are the limit; where they wait for none, what
 * is sent is: a flow whose window is full, or a sender without more to say.
 */
static void explain_bond(const struct bond *b, struct tstamp now, char out[BOND_WHY_BYTES])
{
    unsigned usable = 0, full = 0, configured = 0;
    double rate_bps = 0, sent_bps = 0;
    for_each_path (b, p) {
        if (!path_usable(p))
            continue;
        bool at_limit = p->rate.limit_bps > 0 && p->rate.capacity_bps >= p->rate.limit_bps;
        usable++;
        full += p->rate.loaded;
        configured += p->rate.loaded && at_limit;
        rate_bps += p->rate.capacity_bps;
        if (tstamp_sub(now, p->second_since) < 2 * NS_PER_S)
            sent_bps += (double)p->tx_bps;
    }
    if (usable == 0)
        snprintf(out, BOND_WHY_BYTES, "no usable path");
    else if (sent_bps < IDLE_PART * rate_bps)
        snprintf(out, BOND_WHY_BYTES, "nothing: idle");
    else if (full == usable)
        snprintf(out, BOND_WHY_BYTES, configured == usable ? "configured rates" : "links");
    else if (full == 0)
        snprintf(out, BOND_WHY_BYTES, "flow windows or senders, not links: %.1f of %.1f Mbit/s",
                 sent_bps / 1e6, rate_bps / 1e6);
    else
        snprintf(out, BOND_WHY_BYTES, "%u of %u paths are full: %.1f of %.1f Mbit/s", full, usable,
                 sent_bps / 1e6, rate_bps / 1e6);
}

void bond_stats(const struct bond *b, struct tstamp now, struct bond_stats *out)
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
    out->drops[BOND_DROP_QUEUE_FULL] += b->queue.dropped_full;
    out->drops[BOND_DROP_CODEL] = b->queue.dropped_codel;
    out->drops[BOND_DROP_BAD_PACKET] = b->queue.dropped_bad;
    out->drops[BOND_DROP_ACK_THINNED] = b->queue.acks_thinned;
    out->drops[BOND_DROP_DUPLICATE] = b->reorder.duplicates;
    out->drops[BOND_DROP_REORDER_FULL] = b->reorder.overflows;
    out->drops[BOND_DROP_FRAGMENT] = b->reorder.fragments_lost;
    explain_bond(b, now, out->limit);
}
