/* SPDX-License-Identifier: ISC */
#include "bond/send/aqm.h"

#include <math.h>

#include "bond/frame.h"
#include "bond/tuning.h"

/*
 * What waits of a TCP window that was made for paths which fell not long ago, too. Here it harms no
 * other flow; dropping it would close the window, which cubic opens again only seconds after the
 * path has returned. rate and rtt are those of the paths that are left.
 */
static double missed_ns(const struct path_set *paths, struct tstamp now, double rate, double rtt)
{
    double before_bps = rate;
    double before_rtt = rtt;
    for_each_path (paths, p) {
        bool suspect = p->life.state == BOND_PATH_SUSPECT;
        if (!suspect && !(p->fall.fallen && tstamp_sub(now, p->fall.at) < MISSED_NS))
            continue;
        before_bps += suspect ? p->rate.capacity_bps : p->fall.rate_bps;
        before_rtt = fmax(before_rtt, (double)p->rtt.srtt_ns);
    }
    if (rate <= 0 || before_bps <= rate)
        return 0;
    return fmin(MISSED_SPARE * MISSED_WINDOWS * before_rtt * before_bps / rate - rtt,
                MISSED_MOST_NS);
}

static bool fell_lately(const struct path_set *paths, struct tstamp now)
{
    for_each_path (paths, p) {
        bool fell = p->fall.rate_bps > 0 && tstamp_sub(now, p->fall.at) < FELL_LATELY_NS;
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
void aqm_set_spare(const struct path_set *paths)
{
    bool any_steady = false;
    for_each_path (paths, p)
        any_steady = any_steady || (path_usable(p) && rate_swing(&p->rate) < SWING_NOISE);
    for_each_path (paths, p) {
        bool swings = rate_swing(&p->rate) > SWING_FULL;
        p->pacer.spare_packets =
            swings && any_steady ? SWING_SPARE_PACKETS : INFLIGHT_SPARE_PACKETS;
    }
}

/*
 * CoDel must know the delay that equalization adds, or TCP never opens its window wide enough. With
 * a round trip as the target the window, also after a cut, holds what a doubled rate takes.
 */
void aqm_adapt(struct flowq *q, struct tstamp now, const struct path_set *paths,
               const struct shape *shape)
{
    double rtt = 0;
    double rate = 0;
    double loss = 0;
    double swing = 1;
    bool starting = false;
    for_each_path (paths, p) {
        if (!path_usable(p))
            continue;
        rtt = fmax(rtt, (double)p->rtt.srtt_ns);
        rate += p->rate.capacity_bps;
        loss = fmax(loss, p->rate.loss);
        swing = fmax(swing, rate_swing(&p->rate));
        starting = starting || p->rate.phase == RATE_START;
    }
    if (shape->holds) {
        rate = fmin(rate, shape->rate_bps);
        starting = false;
    }
    struct flowq_codel *c = &q->codel;
    q->acks.gap_max_ns = (int64_t)fmin(rtt / TCP_ACK_GAP_RTT_PARTS, TCP_ACK_GAP_MOST_NS);
    /* With a hole open at nearly every time, its repair is a part of the inner round trip. */
    double in_flight = rate * rtt / (FRAME_BYTES * 8e9);
    double keep = CODEL_KEEP_RTTS * rtt;
    rtt *= 1 + CODEL_REPAIRS * fmin(1, CODEL_MISSING * loss * in_flight);
    double packet_ns = rate > 0 ? FRAME_BYTES * 8e9 / rate : 0;
    double shortest = fmax((double)CODEL_TARGET_LEAST_NS, CODEL_TARGET_PACKETS * packet_ns);
    q->sparse.rate_bps = rate;
    double target = fmax(shortest, swing_target_ns(swing, rtt));
    double missed = missed_ns(paths, now, rate, rtt);
    c->target_ns = (int64_t)fmax(target, missed);
    /* Behind a long queue TCP's repeats would wait, and the flow be silent, for as long as it is.
     */
    c->keep_ns = fell_lately(paths, now) ? (int64_t)fmax(shortest, keep) : 0;
    c->interval_ns = (int64_t)fmax((double)CODEL_INTERVAL_LEAST_NS, CODEL_INTERVAL_RTTS * rtt);
    c->next_drop_min_ns = (int64_t)(CODEL_DROP_RTTS * (rtt + (double)c->target_ns));
    c->off = starting || rate <= 0;
}
