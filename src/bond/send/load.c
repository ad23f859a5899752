/* SPDX-License-Identifier: ISC */
#include "bond/send/load.h"

#include <math.h>

#include "bond/tuning.h"

bool load_look(struct load *l, struct tstamp now, const struct usable *s,
               const struct path_set *paths, uint32_t queued_bytes)
{
    bool before = l->busy;
    double share = fmin(1, (double)tstamp_sub(now, l->at) / LOAD_MEMORY_NS);
    double queue_ns = queued_bytes * 8e9;
    l->at = now;
    /* A part of what opens the next path: that one keeps the queue about where it was opened. */
    bool cheap = queue_ns > s->cheap_bps * s->spill_ns * SPILL_FULL;
    bool all = queue_ns > s->all_bps * s->spill_ns;
    l->cheap_full += share * (cheap - l->cheap_full);
    l->all_full += share * (all - l->all_full);
    if (!l->busy && l->all_full > LOAD_CALLS && any_usable(paths)) {
        l->busy = true;
        l->spilled_at = now;
    } else if (tstamp_sub(now, l->spilled_at) > LOAD_LINGER_NS) {
        l->busy = false;
    }
    return l->busy != before;
}

/*
 * Whether bulk of late, over some three of the longest round trips, comes faster than the best path
 * takes it. Inner bytes against bytes on the wire: 5 % more; and it ends 10 % below.
 */
void load_look_bulk(struct load *l, struct tstamp now, const struct path_set *paths)
{
    int64_t since_ns = tstamp_sub(now, l->bulk_since);
    double fade_ns = BULK_MEMORY_LEAST_NS;
    double best_bps = 0;
    if (since_ns < BULK_LOOK_NS)
        return;
    for_each_path (paths, p) {
        if (!path_usable(p))
            continue;
        fade_ns = fmax(fade_ns, BULK_MEMORY_RTTS * (double)p->rtt.srtt_ns);
        best_bps = fmax(best_bps, p->rate.capacity_bps);
    }
    double bps = (double)l->bulk_bytes * 8e9 / (double)since_ns;
    l->bulk_bps += (bps - l->bulk_bps) * (1 - exp(-(double)since_ns / fade_ns));
    l->bulk_bytes = 0;
    l->bulk_since = now;
    l->sharing = l->bulk_bps > best_bps * (l->sharing ? BULK_SHARES_LEAST : 1.0);
}
