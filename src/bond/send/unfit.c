/* SPDX-License-Identifier: ISC */
#include "bond/send/unfit.h"

#include <math.h>

#include "bond/frame.h"
#include "bond/tuning.h"

/* Of the usable paths; what is best without one of them follows from it. */
struct survey {
    double rate_bps;
    double loss[2];     /* smallest, and next to it */
    int64_t srtt_ns[2]; /* the same */
    const struct path *least_loss, *least_srtt;
};

static bool counts(const struct path *p)
{
    return path_usable(p) && p->rtt.srtt_ns > 0;
}

static struct survey survey(const struct path_set *paths)
{
    struct survey s = { .loss = { 1, 1 }, .srtt_ns = { INT64_MAX, INT64_MAX } };
    for_each_path (paths, p) {
        if (!counts(p))
            continue;
        s.rate_bps += p->rate.capacity_bps;
        if (p->rate.loss < s.loss[0]) {
            s.loss[1] = s.loss[0];
            s.loss[0] = p->rate.loss;
            s.least_loss = p;
        } else {
            s.loss[1] = fmin(s.loss[1], p->rate.loss);
        }
        if (p->rtt.srtt_ns < s.srtt_ns[0]) {
            s.srtt_ns[1] = s.srtt_ns[0];
            s.srtt_ns[0] = p->rtt.srtt_ns;
            s.least_srtt = p;
        } else if (p->rtt.srtt_ns < s.srtt_ns[1]) {
            s.srtt_ns[1] = p->rtt.srtt_ns;
        }
    }
    return s;
}

static struct fitness_others others_of(const struct survey *s, const struct path *p)
{
    int64_t srtt_ns = s->srtt_ns[s->least_srtt == p];
    return (struct fitness_others){ .loss = s->loss[s->least_loss == p],
                                    .rate_bps =
                                        s->rate_bps - (counts(p) ? p->rate.capacity_bps : 0),
                                    .srtt_ns = srtt_ns == INT64_MAX ? 0 : srtt_ns };
}

struct path *unfit_next(const struct path_set *paths, struct tstamp now,
                        const struct policies *policies)
{
    const struct survey all = survey(paths);
    for_each_path (paths, p) {
        struct fitness_others o = others_of(&all, p);
        p->fitness.rtt_most_ns = o.srtt_ns > 0 ? o.srtt_ns + HOLD_MOST_NS : 0;
        if (p->life.state != BOND_PATH_UP || o.srtt_ns == 0 || policies_need(policies, p->id))
            continue;
        int64_t packet_ns = pacer_send_time_ns(&p->pacer, FRAME_BYTES);
        enum path_fault fault = fitness_judge(&p->fitness, now, &p->rate, &p->rtt, packet_ns, &o);
        if (fault != PATH_SOUND && path_unfit(p, now, fault))
            return p;
    }
    return NULL;
}
