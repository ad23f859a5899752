/* SPDX-License-Identifier: ISC */
#include "bond/path/tick.h"

#include <math.h>

#include "bond/path/quiet.h"
#include "bond/tuning.h"

/*
 * Whether packets are in flight for longer than the path's patience. Where that is what the other
 * paths allow, answers that still come show that it is slow, but alive.
 */
static bool is_overdue(const struct path *p, struct tstamp now)
{
    int64_t patience_ns = path_patience_ns(p);
    if (tstamp_sub(now, p->flight.answered) <= patience_ns)
        patience_ns = rtt_patience_ns(&p->rtt);
    struct tstamp limit = tstamp_add(now, -patience_ns);
    return flight_overdue(&p->flight, limit, SUSPECT_PACKETS) >= SUSPECT_PACKETS;
}

/* ---- probes ---- */

static void schedule_probe(struct path *p, struct tstamp now, bool one_waits)
{
    if (path_on_trial(p)) {
        p->probe.wanted = p->probe.padded = p->fitness.trial.sent < TRIAL_PACKETS;
        p->probe.at = tstamp_add(now, TRIAL_GAP_NS);
        return;
    }
    /* A peer that does not beat, for it sees the path otherwise, is asked instead. */
    bool beat =
        path_quiet(p) && !p->beat.missing && tstamp_sub(now, p->flight.last_sent) < BEAT_PROBE_NS;
    p->probe.wanted = p->probe.wanted || !beat;
    p->beat.wanted = !p->probe.wanted && !one_waits;
    p->beat.tell = p->beat.tell || (beat && one_waits);
    switch (p->life.state) {
    case BOND_PATH_PROBING:
    case BOND_PATH_SUSPECT:
    case BOND_PATH_DOWN:
        p->probe.at = tstamp_add(now, p->probe.interval_ns);
        p->probe.interval_ns *= 2;
        if (p->probe.interval_ns > PROBE_LAST_NS)
            p->probe.interval_ns = PROBE_LAST_NS;
        break;
    case BOND_PATH_STANDBY:
        p->probe.at = path_next_standby(p, now);
        break;
    case BOND_PATH_UP:
    case BOND_PATH_CLOSED:
        p->probe.at = tstamp_add(now, path_idle_interval_ns(p)); /* until it has left */
        break;
    }
}

/* Packets of the train that are still unanswered when their answer would be of no use. */
static uint32_t overdue_probes(const struct path *p, struct tstamp now)
{
    const struct trial *t = &p->fitness.trial;
    uint32_t n = 0;
    uint64_t pn = t->first > p->flight.oldest ? t->first : p->flight.oldest;
    for (; t->sent > 0 && pn < p->flight.pn_next; pn++) {
        const struct sent *s = flight_at(&p->flight, pn);
        n += s->state == SENT_INFLIGHT && sent_is_probe(s) &&
             tstamp_sub(now, s->time) > p->fitness.rtt_most_ns;
    }
    return n;
}

/* ---- its state ---- */

static bool try_again(struct path *p, struct tstamp now)
{
    struct trial *t = &p->fitness.trial;
    switch (trial_verdict(t, overdue_probes(p, now))) {
    case TRIAL_RUNS:
        break;
    case TRIAL_FAILED:
        p->probe.wanted = p->probe.padded = false;
        p->probe.at = trial_again(t, now, p->fitness.trust_ns);
        break;
    case TRIAL_PASSED:
        rtt_set(&p->rtt, trial_rtt_ns(t));
        return path_event(p, now, LIFE_GOOD);
    }
    return false;
}

/* Answers since it was asked: is the path good again? */
static bool recover(struct path *p, struct tstamp now)
{
    if (path_on_trial(p))
        return try_again(p, now);
    if (p->life.good < p->life.needed)
        return false;
    /* What was on the way when the path died may be acknowledged late, on another one. */
    if (p->life.state == BOND_PATH_SUSPECT && is_overdue(p, now))
        return false;
    switch (life_judge(&p->life, now, p->fitness.trust_ns, fitness_is_late(&p->fitness))) {
    case LIFE_GOOD:
        return path_event(p, now, LIFE_GOOD);
    case LIFE_UNFIT:
        return path_unfit(p, now, PATH_LATE);
    default:
        return false;
    }
}

/* From the suspicion to the verdict. */
static int64_t down_after_ns(const struct path *p)
{
    return path_patience_ns(p) * (p->life.by_silence ? DOWN_QUIET_HALVES : DOWN_HALVES) / 2;
}

static bool tick_up(struct path *p, struct tstamp now)
{
    if (tstamp_reached(quiet_missing_at(p), now))
        quiet_notice_missing(p);
    if (p->beat.given_up)
        return path_event(p, now, LIFE_DOUBT);
    if (!tstamp_reached(p->probe.alarm, now))
        return false;
    p->probe.alarm = tstamp_add(now, path_patience_ns(p) / SUSPECT_LOOK_PARTS);
    p->probe.wanted = true;
    return is_overdue(p, now) && path_event(p, now, LIFE_DOUBT);
}

static bool tick_state(struct path *p, struct tstamp now)
{
    switch (p->life.state) {
    case BOND_PATH_UP:
        return tick_up(p, now);
    case BOND_PATH_SUSPECT:
        if (recover(p, now))
            return true;
        return tstamp_sub(now, p->life.since) > down_after_ns(p) &&
               path_event(p, now, LIFE_GIVE_UP);
    case BOND_PATH_PROBING:
    case BOND_PATH_DOWN:
        return recover(p, now);
    case BOND_PATH_CLOSED:
    case BOND_PATH_STANDBY:
        break;
    }
    return false;
}

bool path_trust(struct path *p, struct tstamp now, bool one_waits)
{
    p->fitness.trust_ns = 0;
    return (path_on_trial(p) && path_event(p, now, LIFE_GOOD)) || path_tick(p, now, one_waits);
}

/* ---- the seconds ---- */

/* A second in which it was loaded for less than a part of it tells nothing of what it can carry. */
static void judge_second(struct path *p, double seconds)
{
    double loaded_s = rate_take_loaded_ns(&p->rate) / 1e9;
    if (path_on_trial(p))
        slump_miss(&p->slump, fmin(seconds, SLUMP_SECOND_MOST_S));
    else if (p->life.state == BOND_PATH_UP && loaded_s >= SLUMP_LOADED * seconds)
        slump_see(&p->slump, p->rate.capacity_bps, p->rate.limit_bps,
                  fmin(seconds, SLUMP_SECOND_MOST_S));
}

/* At least a second has passed since the last. */
static void end_second(struct path *p, struct tstamp now)
{
    struct path_count *c = &p->count;
    double seconds = (double)tstamp_sub(now, c->second_since) / 1e9;
    c->tx_bps = (uint64_t)((double)c->tx_bytes_second * 8 / seconds);
    c->rx_bps = (uint64_t)((double)c->rx_bytes_second * 8 / seconds);
    c->tx_bytes_second = c->rx_bytes_second = 0;
    c->second_since = now;
    judge_second(p, seconds);
}

bool path_tick(struct path *p, struct tstamp now, bool one_waits)
{
    if (tstamp_sub(now, p->count.second_since) >= NS_PER_S)
        end_second(p, now);
    if (!path_open(p))
        return false;
    path_set_pace(p, now);
    if (tstamp_reached(p->probe.tail_at, now)) {
        p->probe.tail_at = TSTAMP_NEVER;
        p->probe.wanted = true;
    }
    bool changed = tick_state(p, now);
    if (tstamp_reached(p->probe.at, now)) /* a new suspicion asks at once */
        schedule_probe(p, now, one_waits);
    return changed;
}

struct tstamp path_deadline(const struct path *p)
{
    if (!path_open(p))
        return TSTAMP_NEVER;
    struct tstamp t = tstamp_min(p->probe.at, p->probe.tail_at);
    if (p->life.state == BOND_PATH_UP)
        t = tstamp_min(t, tstamp_min(p->probe.alarm, quiet_missing_at(p)));
    if (p->life.state == BOND_PATH_SUSPECT)
        t = tstamp_min(t, tstamp_add(p->life.since, down_after_ns(p) + 1));
    return t;
}
