/* SPDX-License-Identifier: ISC */
#include "bond/path/ownrtt.h"

#include "bond/tuning.h"

void ownrtt_note(struct ownrtt *o, struct tstamp now, int64_t rtt_ns)
{
    if (tstamp_reached(o->turn, now)) {
        /* Nothing was measured for a period and more: the last is still the best there is. */
        if (o->least_ns[0] > 0)
            o->least_ns[1] = o->least_ns[0];
        o->least_ns[0] = 0;
        o->turn = tstamp_add(now, DRAIN_EVERY_NS);
    }
    if (rtt_ns > 0 && (o->least_ns[0] == 0 || rtt_ns < o->least_ns[0]))
        o->least_ns[0] = rtt_ns;
}

int64_t ownrtt_ns(const struct ownrtt *o)
{
    int64_t now_ns = o->least_ns[0];
    int64_t before_ns = o->least_ns[1];
    return now_ns > 0 && (before_ns == 0 || now_ns < before_ns) ? now_ns : before_ns;
}
