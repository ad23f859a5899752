/* SPDX-License-Identifier: ISC */
#include "bond/send/usable.h"

#include <limits.h>
#include <math.h>

#include "bond/tuning.h"

/* From which queue on each path takes bulk: what the paths before it in rank have to do already. */
static void set_spills(struct usable *s, const struct path_set *paths, unsigned lowest)
{
    s->cheap_bps = 0;
    for_each_path (paths, p) {
        if (!path_usable(p))
            continue;
        double before_bps = 0;
        for_each_path (paths, q)
            if (path_usable(q) && path_rank(q) < path_rank(p))
                before_bps += q->rate.phase == RATE_START ? INFINITY : q->rate.capacity_bps;
        p->spill_bytes = (uint32_t)fmin(before_bps * s->spill_ns / 8e9, UINT32_MAX / 2);
        if (path_rank(p) == lowest)
            s->cheap_bps += p->rate.capacity_bps;
    }
}

void usable_survey(struct usable *s, const struct path_set *paths, int64_t codel_target_ns)
{
    uint32_t least = 0;
    unsigned lowest = UINT_MAX;
    unsigned highest = 0;
    double earliest_ns = INFINITY;
    s->latest_owd_ns = -INFINITY;
    s->all_bps = 0;
    s->spill_ns = fmin(SPILL_NS, SPILL_TARGETS * (double)codel_target_ns);
    for_each_path (paths, p) {
        if (!path_usable(p))
            continue;
        p->spill_bytes = 0;
        s->all_bps += p->rate.capacity_bps;
        lowest = path_rank(p) < lowest ? path_rank(p) : lowest;
        highest = path_rank(p) > highest ? path_rank(p) : highest;
        s->latest_owd_ns = fmax(s->latest_owd_ns, p->rate.owd_ns + p->rate.jitter_ns);
        earliest_ns = fmin(earliest_ns, p->rate.owd_ns);
        if (least == 0 || p->config.datagram_bytes < least)
            least = p->config.datagram_bytes;
    }
    s->spread_ns = lowest != UINT_MAX
                       ? (int64_t)fmin(s->latest_owd_ns - earliest_ns, (double)HOLD_MOST_NS)
                       : 0;
    s->inner_mtu = least > WIRE_OVERHEAD_BYTES ? least - WIRE_OVERHEAD_BYTES : 0;
    s->ranked = highest > lowest && lowest != UINT_MAX;
    s->cheap_bps = s->all_bps;
    if (s->ranked)
        set_spills(s, paths, lowest);
}
