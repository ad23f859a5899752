/* SPDX-License-Identifier: ISC */
/* What the choice of paths and the queues need to know of all paths together. */
#include <limits.h>
#include <math.h>

#include "bond/internal.h"
#include "bond/send/policy.h"

/* The queue that cheaper paths can work off soon is left to them: less than CoDel lets stand. */
static double spill_ns(const struct bond *b)
{
    return fmin(SPILL_NS, SPILL_TARGETS * (double)b->queue.codel.target_ns);
}

/* From which queue on each path takes bulk: what the paths before it in rank have to do already. */
static void set_spills(struct bond *b, unsigned lowest)
{
    b->cheap_bps = 0;
    for_each_path (b, p) {
        if (!path_usable(p))
            continue;
        double before_bps = 0;
        for_each_path (b, q)
            if (path_usable(q) && path_rank(q) < path_rank(p))
                before_bps += q->rate.phase == RATE_START ? INFINITY : q->rate.capacity_bps;
        p->spill_bytes = (uint32_t)fmin(before_bps * spill_ns(b) / 8e9, UINT32_MAX / 2);
        if (path_rank(p) == lowest)
            b->cheap_bps += p->rate.capacity_bps;
    }
}

bool survey_load(struct bond *b, struct tstamp now)
{
    bool before = b->busy;
    double share = fmin(1, (double)tstamp_sub(now, b->load_at) / LOAD_MEMORY_NS);
    double queue_ns = b->queue.bytes * 8e9;
    b->load_at = now;
    /* A part of what opens the next path: that one keeps the queue about where it was opened. */
    bool cheap = queue_ns > b->cheap_bps * spill_ns(b) * SPILL_FULL;
    bool all = queue_ns > b->usable_bps * spill_ns(b);
    b->cheap_full += share * (cheap - b->cheap_full);
    b->all_full += share * (all - b->all_full);
    if (!b->busy && b->all_full > LOAD_CALLS && any_usable(b)) {
        b->busy = true;
        b->spilled_at = now;
    } else if (tstamp_sub(now, b->spilled_at) > LOAD_LINGER_NS) {
        b->busy = false;
    }
    return b->busy != before;
}

void survey_paths(struct bond *b)
{
    uint32_t least = 0;
    unsigned lowest = UINT_MAX;
    unsigned highest = 0;
    double earliest_ns = INFINITY;
    b->latest_owd_ns = -INFINITY;
    b->usable_bps = 0;
    for_each_path (b, p) {
        if (!path_usable(p))
            continue;
        p->spill_bytes = 0;
        b->usable_bps += p->rate.capacity_bps;
        lowest = path_rank(p) < lowest ? path_rank(p) : lowest;
        highest = path_rank(p) > highest ? path_rank(p) : highest;
        b->latest_owd_ns = fmax(b->latest_owd_ns, p->rate.owd_ns + p->rate.jitter_ns);
        earliest_ns = fmin(earliest_ns, p->rate.owd_ns);
        if (least == 0 || p->config.datagram_bytes < least)
            least = p->config.datagram_bytes;
    }
    b->queue.spread_ns = lowest != UINT_MAX
                             ? (int64_t)fmin(b->latest_owd_ns - earliest_ns, (double)HOLD_MOST_NS)
                             : 0;
    b->inner_mtu = least > WIRE_OVERHEAD_BYTES ? least - WIRE_OVERHEAD_BYTES : 0;
    b->ranked = highest > lowest && lowest != UINT_MAX;
    b->cheap_bps = b->usable_bps;
    if (b->ranked)
        set_spills(b, lowest);
    policy_survey(b);
}

/*
 * Whether bulk of late, over some three of the longest round trips, comes faster than the best path
 * takes it. Inner bytes against bytes on the wire: 5 % more; and it ends 10 % below.
 */
void survey_bulk(struct bond *b)
{
    int64_t since_ns = tstamp_sub(b->now, b->bulk_since);
    double fade_ns = BULK_MEMORY_LEAST_NS;
    double best_bps = 0;
    if (since_ns < BULK_LOOK_NS)
        return;
    for_each_path (b, p) {
        if (!path_usable(p))
            continue;
        fade_ns = fmax(fade_ns, BULK_MEMORY_RTTS * (double)p->rtt.srtt_ns);
        best_bps = fmax(best_bps, p->rate.capacity_bps);
    }
    double bps = (double)b->bulk_bytes * 8e9 / (double)since_ns;
    b->bulk_bps += (bps - b->bulk_bps) * (1 - exp(-(double)since_ns / fade_ns));
    b->bulk_bytes = 0;
    b->bulk_since = b->now;
    b->sharing = b->bulk_bps > best_bps * (b->sharing ? BULK_SHARES_LEAST : 1.0);
}

/*
 * What waits of a TCP window that was made for paths which fell not long ago, too. Here it harms no
 * other flow; dropping it would close the window, which cubic opens again only seconds after the
 * path has returned. rate and rtt are those of the paths that are left.
 */
static double missed_ns(const struct bond *b, double rate, double rtt)
{
    double before_bps = rate;
    double before_rtt = rtt;
    for_each_path (b, p) {
        bool suspect = p->life.state == BOND_PATH_SUSPECT;
        if (!suspect && !(p->fall.fallen && tstamp_sub(b->now, p->fall.at) < MISSED_NS))
            continue;
        before_bps += suspect ? p->rate.capacity_bps : p->fall.rate_bps;
        before_rtt = fmax(before_rtt, (double)p->rtt.srtt_ns);
    }
    if (rate <= 0 || before_bps <= rate)
        return 0;
    return fmin(MISSED_SPARE * MISSED_WINDOWS * before_rtt * before_bps / rate - rtt,
                MISSED_MOST_NS);
}

static bool fell_lately(const struct bond *b)
{
    for_each_path (b, p) {
        bool fell = p->fall.rate_bps > 0 && tstamp_sub(b->now, p->fall.at) < FELL_LATELY_NS;
        if (fell || p->life.state == BOND_PATH_SUSPECT)
            return true;
    }
    return false;
}

/*
 * The window that fills paths of a changing rate stands in a queue whenever the rate is low; were
 * it cut then, cubic would take seconds to open it again. Where the rate changes by a half within
 * seconds, such a queue is let stand for as long as the next change may take; noise does not count.
 */
static double swing_target_ns(double swing, double usual_ns)
{
    double share = fmin(fmax((swing - SWING_NOISE) / (SWING_FULL - SWING_NOISE), 0), 1);
    return usual_ns + share * fmax(SWING_TARGET_NS - usual_ns, 0);
}

/*
 * What waits in the network before a link of a changing rate is there when the link is fast for a
 * moment, but out of reach when it falls silent. Beside a steady path the inner window is worth
 * more there.
 */
void survey_swings(struct bond *b)
{
    bool any_steady = false;
    for_each_path (b, p)
        any_steady = any_steady || (path_usable(p) && rate_swing(&p->rate) < SWING_NOISE);
    for_each_path (b, p) {
        bool swings = rate_swing(&p->rate) > SWING_FULL;
        p->pacer.spare_packets =
            swings && any_steady ? SWING_SPARE_PACKETS : INFLIGHT_SPARE_PACKETS;
    }
}

/*
 * CoDel must know the delay that equalization adds, or TCP never opens its window wide enough. With
 * a round trip as the target the window, also after a cut, holds what a doubled rate takes.
 */
void survey_queues(struct bond *b)
{
    double rtt = 0;
    double rate = 0;
    double loss = 0;
    double swing = 1;
    bool starting = false;
    for_each_path (b, p) {
        if (!path_usable(p))
            continue;
        rtt = fmax(rtt, (double)p->rtt.srtt_ns);
        rate += p->rate.capacity_bps;
        loss = fmax(loss, p->rate.loss);
        swing = fmax(swing, rate_swing(&p->rate));
        starting = starting || p->rate.phase == RATE_START;
    }
    struct flowq_codel *c = &b->queue.codel;
    b->queue.ack_gap_max_ns = (int64_t)fmin(rtt / TCP_ACK_GAP_RTT_PARTS, TCP_ACK_GAP_MOST_NS);
    /* With a hole open at nearly every time, its repair is a part of the inner round trip. */
    double in_flight = rate * rtt / (FRAME_BYTES * 8e9);
    double keep = CODEL_KEEP_RTTS * rtt;
    rtt *= 1 + CODEL_REPAIRS * fmin(1, CODEL_MISSING * loss * in_flight);
    double packet_ns = rate > 0 ? FRAME_BYTES * 8e9 / rate : 0;
    double shortest = fmax((double)CODEL_TARGET_LEAST_NS, CODEL_TARGET_PACKETS * packet_ns);
    b->queue.sparse.rate_bps = rate;
    double target = fmax(shortest, swing_target_ns(swing, rtt));
    double missed = missed_ns(b, rate, rtt);
    c->target_ns = (int64_t)fmax(target, missed);
    /* Behind a long queue TCP's repeats would wait, and the flow be silent, for as long as it is.
     */
    c->keep_ns = fell_lately(b) ? (int64_t)fmax(shortest, keep) : 0;
    c->interval_ns = (int64_t)fmax((double)CODEL_INTERVAL_LEAST_NS, CODEL_INTERVAL_RTTS * rtt);
    c->next_drop_min_ns = (int64_t)(CODEL_DROP_RTTS * (rtt + (double)c->target_ns));
    c->off = starting || rate <= 0;
}
