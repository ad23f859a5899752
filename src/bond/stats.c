/* SPDX-License-Identifier: ISC */
/* What a bond tells of itself. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "bond/bond.h"
#include "bond/send/choose.h"
#include "bond/state.h"
#include "bond/tuning.h"
#include "bond/why.h"

static double since_s(struct tstamp then, struct tstamp now)
{
    return (double)tstamp_sub(now, then) / 1e9;
}

static void tell(struct bond_path_stats *out, enum wire_path_why why, double value)
{
    out->why_code = why;
    out->why_value = value;
    bond_why_sentence((uint8_t)why, value, out->why);
}

/* What was wrong with it before it stopped answering, or being used although it answers. */
static void explain_fall(const struct path *p, struct tstamp now, struct bond_path_stats *out)
{
    bool lossy = p->fitness.fault == PATH_SOUND && p->fall.loss > TOLD_LOSS;
    switch (lossy ? PATH_LOSSY : p->fitness.fault) {
    case PATH_SOUND:
        tell(out, WIRE_WHY_NO_ANSWER, since_s(p->life.since, now));
        break;
    case PATH_LOSSY:
        tell(out, WIRE_WHY_TOO_LOSSY, 100 * p->fall.loss);
        break;
    case PATH_LATE:
        tell(out, WIRE_WHY_TOO_LATE, (double)p->fitness.rtt_latest_ns / 1e9);
        break;
    case PATH_SLOW:
        tell(out, WIRE_WHY_TOO_SLOW, p->fall.rate_bps / 1e6);
        break;
    }
}

/* A path that does not answer, or not well or for long enough yet. */
static void explain_probing(const struct path *p, struct tstamp now, struct bond_path_stats *out)
{
    if (p->fitness.fault == PATH_SOUND && p->life.good > 0 && p->fitness.trust_ns > 0)
        tell(out, WIRE_WHY_FAILED_LATELY, (double)p->fitness.trust_ns / 1e9);
    else if (p->fitness.fault == PATH_SOUND && p->life.state == BOND_PATH_PROBING)
        tell(out, WIRE_WHY_PROBING, -1);
    else
        explain_fall(p, now, out);
}

/* A dearer path of which this side has no need now; the other side may send over it. */
static void explain_spare(const struct path *p, struct bond_path_stats *out)
{
    uint64_t carries_bps = out->tx_bps > out->rx_bps ? out->tx_bps : out->rx_bps;
    double least_bps = fmax(TOLD_IDLE * p->rate.capacity_bps, TOLD_CARRIES_BPS);
    tell(out, (double)carries_bps > least_bps ? WIRE_WHY_DEAR_IN_USE : WIRE_WHY_DEAR, -1);
}

static void explain_use(const struct path *p, struct bond_path_stats *out)
{
    const struct rate *r = &p->rate;
    if (r->loss > TOLD_LOSS)
        tell(out, WIRE_WHY_LOSS, 100 * r->loss);
    else if (r->limit_bps > 0 && r->capacity_bps >= r->limit_bps)
        tell(out, WIRE_WHY_CONFIGURED_RATE, -1);
    else if (p->rtt.srtt_ns > TOLD_DELAY_NS)
        tell(out, WIRE_WHY_LATE, (double)p->rtt.srtt_ns / 1e9);
    else
        tell(out, r->loaded ? WIRE_WHY_LINK_FULL : WIRE_WHY_IN_USE, -1);
}

static enum wire_path_why standby_reason(const struct path *p)
{
    if (p->config.use == WIRE_PATH_DOWN)
        return WIRE_WHY_SWITCHED_OFF;
    if (p->config.last_resort)
        return WIRE_WHY_QUOTA_USED;
    return p->config.standby_busy ? WIRE_WHY_STANDBY_BUSY : WIRE_WHY_STANDBY;
}

static void explain_path(const struct bond *b, const struct path *p, struct tstamp now,
                         struct bond_path_stats *out)
{
    switch (p->life.state) {
    case BOND_PATH_CLOSED:
        tell(out, WIRE_WHY_NO_ADDRESS, -1);
        break;
    case BOND_PATH_SUSPECT:
        tell(out, WIRE_WHY_OVERDUE, -1);
        break;
    case BOND_PATH_PROBING:
    case BOND_PATH_DOWN:
        explain_probing(p, now, out);
        break;
    case BOND_PATH_STANDBY:
        tell(out, standby_reason(p), -1);
        break;
    case BOND_PATH_UP:
        if (choose_is_spare(&b->sender, p))
            explain_spare(p, out);
        else
            explain_use(p, out);
        break;
    }
}

/* Before there was enough to send a rate is only a guess. */
static bool is_measured(const struct rate *r)
{
    return r->phase != RATE_START;
}

void bond_path_stats(const struct bond *b, struct tstamp now, uint8_t path,
                     struct bond_path_stats *out)
{
    const struct path *p = &b->sender.paths.at[path];
    memset(out, 0, sizeof *out);
    tell(out, WIRE_WHY_NO_ADDRESS, -1);
    if (!p->ready)
        return;
    double least = INFINITY;
    for_each_path (&b->sender.paths, q)
        if (q->rate.owd_known)
            least = fmin(least, q->rate.owd_ns);
    bool fresh = tstamp_sub(now, p->count.second_since) < TOLD_FRESH_NS;
    out->state = p->life.state;
    out->srtt_ns = bond_path_srtt_ns(b, path);
    out->rtt_min_ns = p->rtt.least_ns;
    out->owd_ns = p->rate.owd_known ? (int64_t)(p->rate.owd_ns - least) : 0;
    out->jitter_ns = (int64_t)p->rate.jitter_ns;
    out->loss = p->rate.loss;
    out->rate_bps = is_measured(&p->rate) ? (uint64_t)p->rate.capacity_bps : 0;
    out->usual_bps = (uint64_t)p->slump.usual_bps;
    out->slow = p->slump.slow;
    out->tx_bps = fresh ? p->count.tx_bps : 0;
    out->rx_bps = fresh ? p->count.rx_bps : 0;
    out->tx_bytes = p->count.tx_bytes;
    out->rx_bytes = p->count.rx_bytes;
    out->tx_packets = p->count.tx_packets;
    out->rx_packets = p->count.rx_packets;
    out->resent_packets = p->count.resent_packets;
    out->inflight_bytes = p->flight.bytes;
    out->queue_ns = (int64_t)p->rate.queue_ns;
    out->datagram_bytes = p->config.datagram_bytes;
    explain_path(b, p, now, out);
}

/* What the usable paths are together. */
struct sum {
    unsigned usable, full, configured;
    double rate_bps, sent_bps;
};

static struct sum sum_up(const struct bond *b, struct tstamp now)
{
    struct sum s = { 0 };
    for_each_path (&b->sender.paths, p) {
        if (!path_usable(p))
            continue;
        bool at_limit = p->rate.limit_bps > 0 && p->rate.capacity_bps >= p->rate.limit_bps;
        s.usable++;
        s.full += p->rate.loaded;
        s.configured += p->rate.loaded && at_limit;
        s.rate_bps += p->rate.capacity_bps;
        if (tstamp_sub(now, p->count.second_since) < TOLD_FRESH_NS)
            s.sent_bps += (double)p->count.tx_bps;
    }
    return s;
}

/*
 * Where packets wait for every usable path, the links are the limit, or the line that they share;
 * where they wait for none, what is sent is: a flow whose window is full, or a sender without more
 * to say.
 */
static enum wire_limit find_limit(const struct bond *b, const struct sum *s)
{
    if (s->usable == 0)
        return WIRE_LIMIT_NO_PATH;
    if (s->sent_bps < TOLD_IDLE * s->rate_bps)
        return WIRE_LIMIT_IDLE;
    if (s->configured > 0 && s->configured == s->usable)
        return WIRE_LIMIT_CONFIGURED_RATES;
    if (b->sender.bottleneck.full || (b->line_full && s->full > 0))
        return WIRE_LIMIT_OWN_LINE;
    if (s->full == 0)
        return WIRE_LIMIT_FLOWS;
    return s->full == s->usable ? WIRE_LIMIT_LINKS : WIRE_LIMIT_SOME_LINKS;
}

static void explain_bond(const struct bond *b, struct tstamp now, struct bond_stats *out)
{
    const struct sum s = sum_up(b, now);
    const double sent = s.sent_bps / 1e6, rate = s.rate_bps / 1e6;
    char words[BOND_WHY_BYTES];
    out->limit_code = find_limit(b, &s);
    bond_limit_sentence((uint8_t)out->limit_code, words);
    if (out->limit_code == WIRE_LIMIT_SOME_LINKS)
        snprintf(out->limit, BOND_WHY_BYTES, "%u of %u paths are full: %.1f of %.1f Mbit/s", s.full,
                 s.usable, sent, rate);
    else if (out->limit_code == WIRE_LIMIT_FLOWS)
        snprintf(out->limit, BOND_WHY_BYTES, "%.48s: %.1f of %.1f Mbit/s", words, sent, rate);
    else
        memcpy(out->limit, words, sizeof words);
}

void bond_line_full(struct bond *b, bool full)
{
    b->line_full = full;
}

void bond_stats(const struct bond *b, struct tstamp now, struct bond_stats *out)
{
    memset(out, 0, sizeof *out);
    struct tstamp newest = { 0 };
    for (unsigned i = 0; i < WIRE_LANES_MAX; i++)
        newest = tstamp_max(newest, b->sender.lanes.used[i]);
    for (unsigned i = 0; i < WIRE_LANES_MAX; i++)
        out->lanes += b->sender.lanes.next[i] > 0 &&
                      tstamp_sub(newest, b->sender.lanes.used[i]) < TOLD_LANE_NS;
    out->queued_bytes = b->sender.queue.bytes;
    out->reorder_held = b->receiver.reorder.held;
    out->reorder_late = b->receiver.reorder.late;
    memcpy(out->drops, b->sender.drops, sizeof out->drops);
    out->drops[BOND_DROP_QUEUE_FULL] += b->sender.queue.dropped.full;
    out->drops[BOND_DROP_PEER_MEMORY] =
        b->sender.queue.dropped.memory + b->receiver.reorder.dropped_memory;
    out->drops[BOND_DROP_CODEL] = b->sender.queue.dropped.codel;
    out->drops[BOND_DROP_BAD_PACKET] = b->sender.queue.dropped.bad;
    out->drops[BOND_DROP_ACK_THINNED] = b->sender.queue.acks.thinned;
    out->drops[BOND_DROP_DUPLICATE] = b->receiver.reorder.duplicates;
    out->drops[BOND_DROP_REORDER_FULL] = b->receiver.reorder.overflows;
    out->drops[BOND_DROP_FRAGMENT] = b->receiver.reorder.fragments_lost;
    out->drops[BOND_DROP_NO_BUFFER] += b->receiver.undelivered;
    explain_bond(b, now, out);
}
