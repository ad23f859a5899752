/* SPDX-License-Identifier: ISC */
#include "bond/send/line.h"

#include <math.h>

#include "bond/internal.h"

static const int64_t look_ns = 50 * NS_PER_MS;
static const double peak_memory_ns = 8e9;
static const double fallen_share = 0.75; /* of the peak */
static const double healed_share = 1.3;  /* of what came through while it was full */
static const double smooth_ns = 1e9;
static const int64_t settle_ns = 3 * NS_PER_S; /* until the rates have found their place */
static const int64_t together_ns = 800 * NS_PER_MS;
static const int64_t forget_ns = 5 * NS_PER_S;

void line_init(struct line *l)
{
    *l = (struct line){ 0 };
    for (unsigned i = 0; i < WIRE_PATHS_MAX; i++)
        l->fallen_at[i] = TSTAMP_NEVER;
}

/* Follows one path. A rate that is still being looked for says nothing. */
static void follow(struct line *l, const struct path *p, struct tstamp now, double span_ns)
{
    double bps = p->rate.capacity_bps;
    double *peak = &l->peak_bps[p->id];
    struct tstamp *fallen_at = &l->fallen_at[p->id];
    if (p->state == BOND_PATH_SUSPECT)
        return; /* a burst of losses, perhaps just because of that line */
    if (!path_usable(p) || p->rate.phase == RATE_START) {
        *peak = 0;
        *fallen_at = TSTAMP_NEVER;
        return;
    }
    *peak = fmax(bps, *peak * (1 - fmin(span_ns / peak_memory_ns, 1)));
    if (bps >= fallen_share * *peak)
        *fallen_at = TSTAMP_NEVER;
    else if (tstamp_is_never(*fallen_at))
        *fallen_at = now;
}

struct together {
    unsigned usable, loaded, fallen;
    double delivered_bps;
    struct tstamp first, last; /* falls */
};

static struct together gather(const struct bond *b)
{
    const struct line *l = &b->line;
    struct together t = { .first = TSTAMP_NEVER };
    for_each_path (b, p) {
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

static bool goes_on(struct line *l, struct tstamp now)
{
    if (tstamp_sub(now, l->since) < settle_ns)
        l->least_bps = l->delivered_bps;
    l->least_bps = fmin(l->least_bps, l->delivered_bps);
    return l->delivered_bps < healed_share * l->least_bps &&
           tstamp_sub(now, l->loaded_at) < forget_ns;
}

void line_look(struct bond *b, struct tstamp now)
{
    struct line *l = &b->line;
    double span_ns = (double)tstamp_sub(now, l->looked_at);
    if (span_ns < (double)look_ns)
        return;
    l->looked_at = now;
    for_each_path (b, p)
        follow(l, p, now, span_ns);
    struct together t = gather(b);
    l->delivered_bps += (t.delivered_bps - l->delivered_bps) * fmin(span_ns / smooth_ns, 1);
    bool loaded = t.usable >= 2 && t.loaded == t.usable;
    if (loaded)
        l->loaded_at = now;
    if (l->full) {
        l->full = goes_on(l, now);
    } else if (loaded && t.fallen == t.usable && tstamp_sub(t.last, t.first) < together_ns) {
        l->full = true;
        l->since = now;
    }
}
