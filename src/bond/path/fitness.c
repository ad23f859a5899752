/* SPDX-License-Identifier: ISC */
#include "bond/path/fitness.h"

#include "bond/tuning.h"

void fitness_init(struct fitness *f)
{
    *f = (struct fitness){ .returned = TSTAMP_NEVER, .unfit_since = TSTAMP_NEVER };
}

void fitness_distrust(struct fitness *f, struct tstamp now)
{
    if (tstamp_is_never(f->returned) || tstamp_sub(now, f->returned) > TRUST_FORGIVEN_NS)
        f->trust_ns = 0;
    else
        f->trust_ns = f->trust_ns == 0 ? TRUST_FIRST_NS : 2 * f->trust_ns;
    if (f->trust_ns > TRUST_LAST_NS)
        f->trust_ns = TRUST_LAST_NS;
}

static enum path_fault find_fault(const struct fitness *f, const struct rate *r,
                                  const struct rtt *rtt, int64_t packet_ns,
                                  const struct fitness_others *o)
{
    if (r->loss > UNFIT_LOSS && r->loss_now > UNFIT_LOSS_NOW * UNFIT_LOSS &&
        r->loss > UNFIT_LOSS_TIMES * o->loss)
        return PATH_LOSSY;
    if (rtt->srtt_ns > f->rtt_most_ns && f->rtt_latest_ns > f->rtt_most_ns)
        return PATH_LATE;
    bool slow = (double)packet_ns > UNFIT_PACKET_NS;
    return slow && r->capacity_bps < UNFIT_RATE * o->rate_bps ? PATH_SLOW : PATH_SOUND;
}

/*
 * How long it has to be unfit. Losses of a queue that overflowed mostly end when the rate has come
 * down; not where next to nothing is left of it.
 */
static int64_t patience_ns(const struct rate *r, const struct rtt *rtt,
                           const struct fitness_others *o)
{
    bool congested = r->queue_ns > UNFIT_QUEUE_NS && r->last_bps > UNFIT_RATE * o->rate_bps;
    return (congested ? UNFIT_QUEUE_TIMES : 1) * (UNFIT_NS + UNFIT_RTTS * rtt->srtt_ns);
}

enum path_fault fitness_judge(struct fitness *f, struct tstamp now, const struct rate *rate,
                              const struct rtt *rtt, int64_t packet_ns,
                              const struct fitness_others *others)
{
    enum path_fault fault = find_fault(f, rate, rtt, packet_ns, others);
    if (fault == PATH_SOUND)
        f->unfit_since = TSTAMP_NEVER;
    else if (tstamp_is_never(f->unfit_since))
        f->unfit_since = now;
    bool for_long =
        fault != PATH_SOUND && tstamp_sub(now, f->unfit_since) > patience_ns(rate, rtt, others);
    return for_long ? fault : PATH_SOUND;
}

bool fitness_is_doubtful(const struct rate *rate, const struct rtt *rtt, int64_t packet_ns,
                         struct tstamp asked, struct tstamp now)
{
    if (rate->loss >= COPY_LOSS ||
        rate->queue_ns > COPY_QUEUE_NS + COPY_QUEUE_PACKETS * (double)packet_ns)
        return true;
    if (tstamp_is_never(asked))
        return false;
    int64_t expected_ns =
        rtt->srtt_ns + COPY_LATE_RTTVARS * rtt->rttvar_ns + ACKER_DELAY_NS + COPY_LATE_NS;
    return tstamp_sub(now, asked) > expected_ns;
}
