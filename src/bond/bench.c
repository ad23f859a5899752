/* SPDX-License-Identifier: ISC */
/*
 * Which paths do more harm than good beside the others. What such a path carries is missing at the
 * receiver longer than a repair takes, so that every flow waits for it, and inner TCP closes its
 * window: the flow then loses the other paths' rate, too. It is put on the bench, where it carries
 * nothing but the probes of its trials (trial.h), unless there is no other path, for all packets or
 * for those of a policy.
 */
#include <math.h>

#include "bond/internal.h"
#include "bond/send/policy.h"

struct others {
    double loss; /* smallest */
    double rate_bps;
    int64_t srtt_ns; /* smallest; 0: no other path is there */
};

/* Of the usable paths; what is best without one of them follows from it. */
struct survey {
    double rate_bps;
    double loss[2];     /* smallest, and next to it */
    int64_t srtt_ns[2]; /* the same */
    const struct path *least_loss, *least_srtt;
};

static bool counts(const struct path *p)
{
    return path_usable(p) && p->srtt_ns > 0;
}

static struct survey survey(const struct bond *b)
{
    struct survey s = { .loss = { 1, 1 }, .srtt_ns = { INT64_MAX, INT64_MAX } };
    for_each_path (b, p) {
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
        if (p->srtt_ns < s.srtt_ns[0]) {
            s.srtt_ns[1] = s.srtt_ns[0];
            s.srtt_ns[0] = p->srtt_ns;
            s.least_srtt = p;
        } else if (p->srtt_ns < s.srtt_ns[1]) {
            s.srtt_ns[1] = p->srtt_ns;
        }
    }
    return s;
}

static struct others others_of(const struct survey *s, const struct path *p)
{
    int64_t srtt_ns = s->srtt_ns[s->least_srtt == p];
    return (struct others){ .loss = s->loss[s->least_loss == p],
                            .rate_bps = s->rate_bps - (counts(p) ? p->rate.capacity_bps : 0),
                            .srtt_ns = srtt_ns == INT64_MAX ? 0 : srtt_ns };
}

static enum path_fault find_fault(const struct path *p, const struct others *o)
{
    const struct rate *r = &p->rate;
    if (r->loss > UNFIT_LOSS && r->loss_now > UNFIT_LOSS_NOW * UNFIT_LOSS &&
        r->loss > UNFIT_LOSS_TIMES * o->loss)
        return PATH_LOSSY;
    if (p->srtt_ns > p->rtt_most_ns && p->rtt_latest_ns > p->rtt_most_ns)
        return PATH_LATE;
    bool slow = (double)path_send_time_ns(p, FRAME_BYTES) > UNFIT_PACKET_NS;
    return slow && r->capacity_bps < UNFIT_RATE * o->rate_bps ? PATH_SLOW : PATH_SOUND;
}

/*
 * How long it has to be unfit. Losses of a queue that overflowed mostly end when the rate has come
 * down; not where next to nothing is left of it.
 */
static int64_t patience_ns(const struct path *p, const struct others *o)
{
    bool congested =
        p->rate.queue_ns > UNFIT_QUEUE_NS && p->rate.last_bps > UNFIT_RATE * o->rate_bps;
    return (congested ? UNFIT_QUEUE_TIMES : 1) * (UNFIT_NS + UNFIT_RTTS * p->srtt_ns);
}

static bool unfit_for_long(struct path *p, struct tstamp now, enum path_fault fault,
                           const struct others *o)
{
    if (fault == PATH_SOUND)
        p->unfit_since = TSTAMP_NEVER;
    else if (tstamp_is_never(p->unfit_since))
        p->unfit_since = now;
    return fault != PATH_SOUND && tstamp_sub(now, p->unfit_since) > patience_ns(p, o);
}

struct path *bench_next(struct bond *b, struct tstamp now)
{
    const struct survey all = survey(b);
    for_each_path (b, p) {
        struct others o = others_of(&all, p);
        p->rtt_most_ns = o.srtt_ns > 0 ? o.srtt_ns + HOLD_MOST_NS : 0;
        if (p->state != BOND_PATH_UP || o.srtt_ns == 0 || policy_needs(b, p))
            continue;
        enum path_fault fault = find_fault(p, &o);
        if (!unfit_for_long(p, now, fault, &o))
            continue;
        path_bench(p, now, fault);
        return p;
    }
    return NULL;
}
