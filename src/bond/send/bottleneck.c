/* SPDX-License-Identifier: ISC */
#include "bond/send/bottleneck.h"

#include <math.h>

#include "bond/tuning.h"

void bottleneck_init(struct bottleneck *l)
{
    *l = (struct bottleneck){ 0 };
    for (unsigned i = 0; i < WIRE_PATHS_MAX; i++)
        l->fallen_at[i] = TSTAMP_NEVER;
}

/* Follows one path. A rate that is still being looked for says nothing. */
static void follow(struct bottleneck *l, const struct path *p, struct tstamp now, double span_ns)
{
    double bps = p->rate.capacity_bps;
    double *peak = &l->peak_bps[p->id];
    struct tstamp *fallen_at = &l->fallen_at[p->id];
    if (p->life.state == BOND_PATH_SUSPECT)
        return; /* a burst of losses, perhaps just because of that line */
    if (!path_usable(p) || p->rate.phase == RATE_START) {
        *peak = 0;
        *fallen_at = TSTAMP_NEVER;
        return;
    }
    *peak = fmax(bps, *peak * (1 - fmin(span_ns / BOTTLENECK_PEAK_NS, 1)));
    if (bps >= BOTTLENECK_FALLEN * *peak)
        *fallen_at = TSTAMP_NEVER;
    else if (tstamp_is_never(*fallen_at))
        *fallen_at = now;
}

struct together {
    unsigned usable, loaded, fallen;
    double delivered_bps;
    struct tstamp first, last; /* falls */
};

static struct together gather(const struct bottleneck *l, const struct path_set *paths)
{
    struct together t = { .first = TSTAMP_NEVER };
    for_each_path (paths, p) {
        if (!path_usable(p))
            continue;
        t.usable++;
        t.loaded += p->rate.loaded;
        t.delivered_bps += p->rate.delivered_bps;
        if (tstamp_is_never(l->fallen_at[p->id]))
            continue;
        t.fallen++;
        t.first = tstamp_min(t.first, l->fallen_at[p->id]);
        t.last = tstamp_max(t.last, l->fallen_at[p->id]);
    }
    return t;
}

static bool goes_on(struct bottleneck *l, struct tstamp now)
{
    if (tstamp_sub(now, l->since) < BOTTLENECK_SETTLE_NS)
        l->least_bps = l->delivered_bps;
    l->least_bps = fmin(l->least_bps, l->delivered_bps);
    return l->delivered_bps < BOTTLENECK_HEALED * l->least_bps &&
           tstamp_sub(now, l->loaded_at) < BOTTLENECK_FORGET_NS;
}

void bottleneck_look(struct bottleneck *l, struct tstamp now, const struct path_set *paths)
{
    double span_ns = (double)tstamp_sub(now, l->looked_at);
    if (span_ns < (double)BOTTLENECK_LOOK_NS)
        return;
    l->looked_at = now;
    for_each_path (paths, p)
        follow(l, p, now, span_ns);
    struct together t = gather(l, paths);
    l->delivered_bps +=
        (t.delivered_bps - l->delivered_bps) * fmin(span_ns / BOTTLENECK_SMOOTH_NS, 1);
    bool loaded = t.usable >= 2 && t.loaded == t.usable;
    if (loaded)
        l->loaded_at = now;
    if (l->full) {
        l->full = goes_on(l, now);
    } else if (loaded && t.fallen == t.usable &&
               tstamp_sub(t.last, t.first) < BOTTLENECK_TOGETHER_NS) {
        l->full = true;
        l->since = now;
    }
}
