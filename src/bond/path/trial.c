/* SPDX-License-Identifier: ISC */
#include "bond/path/trial.h"

#include "bond/tuning.h"

void trial_init(struct trial *t, struct tstamp now)
{
    *t = (struct trial){ .since = now };
}

void trial_sent(struct trial *t, uint64_t pn)
{
    if (t->sent++ == 0)
        t->first = pn;
}

static bool is_mine(const struct trial *t, uint64_t pn)
{
    return t->sent > 0 && pn >= t->first;
}

void trial_answered(struct trial *t, uint64_t pn, int64_t rtt_ns, int64_t most_ns)
{
    if (!is_mine(t, pn))
        return;
    if (rtt_ns > most_ns) {
        t->bad++;
        return;
    }
    t->good++;
    t->rtt_sum_ns += rtt_ns;
}

void trial_lost(struct trial *t, uint64_t pn)
{
    if (is_mine(t, pn))
        t->bad++;
}

enum trial_outcome trial_verdict(const struct trial *t, uint32_t overdue)
{
    if (t->good >= TRIAL_PACKETS - TRIAL_BAD)
        return TRIAL_PASSED;
    return t->bad + overdue > TRIAL_BAD ? TRIAL_FAILED : TRIAL_RUNS;
}

struct tstamp trial_again(struct trial *t, struct tstamp now, int64_t least_ns)
{
    int64_t pause_ns = tstamp_sub(now, t->since) / TRIAL_PAUSE_PARTS;
    pause_ns = pause_ns < TRIAL_PAUSE_LEAST_NS ? TRIAL_PAUSE_LEAST_NS : pause_ns;
    pause_ns = pause_ns > TRIAL_PAUSE_MOST_NS ? TRIAL_PAUSE_MOST_NS : pause_ns;
    pause_ns = pause_ns < least_ns ? least_ns : pause_ns;
    *t = (struct trial){ .since = t->since };
    return tstamp_add(now, pause_ns);
}

int64_t trial_rtt_ns(const struct trial *t)
{
    return t->good > 0 ? t->rtt_sum_ns / t->good : 0;
}
