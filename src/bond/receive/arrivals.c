/* SPDX-License-Identifier: ISC */
#include "bond/receive/arrivals.h"

#include <math.h>

#include "bond/tuning.h"

/* The two clocks drift apart by seconds in days: the reference follows before 24 bits wrap. */
static void shift_reference(struct arrivals *a, int32_t us)
{
    a->reference_us = (a->reference_us + (uint32_t)us) & (ARRIVALS_CLOCK - 1);
    for (unsigned i = 0; i < WIRE_PATHS_MAX; i++) {
        a->at[i].owd_ns -= us * 1e3;
        a->at[i].last_us -= us;
    }
}

/* The delay of a data frame by its stamp; all paths share the sender's and the receiver's clocks.
 */
void arrivals_note(struct arrivals *all, struct tstamp now, uint8_t path, uint32_t sent_us)
{
    uint32_t raw = ((uint32_t)(now.ns / NS_PER_US) - sent_us) & (ARRIVALS_CLOCK - 1);
    if (!all->reference_known) {
        all->reference_known = true;
        all->reference_us = raw;
    }
    int32_t us = (int32_t)((raw - all->reference_us) & (ARRIVALS_CLOCK - 1));
    if (us >= ARRIVALS_CLOCK / 2)
        us -= ARRIVALS_CLOCK;
    if (us > ARRIVALS_CLOCK / 4 || us < -ARRIVALS_CLOCK / 4) {
        shift_reference(all, us);
        us = 0;
    }
    struct arrival *a = &all->at[path];
    double owd_ns = us * 1e3;
    if (!a->known) {
        a->known = true;
        a->owd_ns = owd_ns;
        a->last_us = us;
    }
    a->jitter_ns += (fabs((double)(us - a->last_us) * 1e3) - a->jitter_ns) / JITTER_PARTS;
    a->owd_ns += (owd_ns - a->owd_ns) / ARRIVAL_OWD_PARTS;
    a->last_us = us;
}

uint32_t arrivals_known(const struct arrivals *a, uint32_t usable)
{
    uint32_t known = 0;
    for (unsigned i = 0; i < WIRE_PATHS_MAX; i++)
        known |= (uint32_t)a->at[i].known << i;
    return known & usable;
}

int64_t arrivals_hold_ns(const struct arrivals *a, const struct arrivals_ways *ways)
{
    double least = INFINITY;
    double most = -INFINITY;
    double jitter = 0;
    for (uint32_t left = arrivals_known(a, ways->usable); left != 0; left &= left - 1) {
        const struct arrival *path = &a->at[__builtin_ctz(left)];
        least = fmin(least, path->owd_ns);
        most = fmax(most, path->owd_ns);
        jitter = fmax(jitter, path->jitter_ns);
    }
    if (isinf(least))
        return 0;
    double hold = most - least + HOLD_RTTS * ways->srtt_ns + HOLD_SLACK_NS + HOLD_JITTERS * jitter +
                  ways->patience_ns;
    return (int64_t)fmin(fmax(hold, (double)HOLD_LEAST_NS), (double)HOLD_MOST_NS);
}
