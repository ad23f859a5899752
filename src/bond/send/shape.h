/* SPDX-License-Identifier: ISC */
/*
 * How much a bond may send, all of its paths together: an allowance that the session hands out
 * (session/share.h), in bytes on the wire, for a rate that is configured or shared with others.
 * What is used of it was sent, or is bound to a path.
 *
 * Guarantee: bulk is bound to a path only while some of the allowance is left; else it waits in the
 * flow queues, whose CoDel keeps it short. What overtakes bulk may go on into debt, as far as the
 * budget of its kind allows (budget.h) at the rate of the allowance, and bulk pays for it.
 */
#ifndef HAWSER_BOND_SEND_SHAPE_H
#define HAWSER_BOND_SEND_SHAPE_H

#include <stdbool.h>
#include <stdint.h>

struct shape { /* all zero: there is none, and nothing has to wait */
    bool on;
    bool holds;           /* bulk waits for allowance, and not for a path */
    uint64_t until_bytes; /* bulk may go until so many are used */
    double rate_bps;      /* at which the allowance grows; with on */
};

/* So many bytes more than are used now; negative: so many more are used than were allowed. */
void shape_allow(struct shape *s, uint64_t used_bytes, int64_t bytes, double rate_bps);

static inline bool shape_is_used_up(const struct shape *s, uint64_t used_bytes)
{
    return used_bytes >= s->until_bytes;
}

/* What is used beyond it, in time at its rate; 0: nothing. */
double shape_debt_ns(const struct shape *s, uint64_t used_bytes);

static inline double shape_time_ns(const struct shape *s, uint64_t bytes)
{
    return (double)bytes * 8e9 / s->rate_bps;
}

#endif
