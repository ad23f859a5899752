/* SPDX-License-Identifier: ISC */
/*
 * Points in time and durations.
 *
 * A point in time is a struct, so that it cannot be mixed up with an integer; a duration is an
 * int64_t of nanoseconds whose name ends in _ns. The zero point is the clock's own (CLOCK_BOOTTIME
 * in the daemon, the start of the run in the simulator). TSTAMP_NEVER is later than any time.
 */
#ifndef HAWSER_BASE_TSTAMP_H
#define HAWSER_BASE_TSTAMP_H

#include <stdbool.h>
#include <stdint.h>

struct tstamp {
    int64_t ns;
};

#define NS_PER_US INT64_C(1000)
#define NS_PER_MS INT64_C(1000000)
#define NS_PER_S INT64_C(1000000000)

#define TSTAMP_NEVER ((struct tstamp){ INT64_MAX })

static inline struct tstamp tstamp_add(struct tstamp t, int64_t delta_ns)
{
    return t.ns == INT64_MAX ? t : (struct tstamp){ t.ns + delta_ns };
}

/* a - b in nanoseconds; neither may be TSTAMP_NEVER. */
static inline int64_t tstamp_sub(struct tstamp a, struct tstamp b)
{
    return a.ns - b.ns;
}

static inline bool tstamp_before(struct tstamp a, struct tstamp b)
{
    return a.ns < b.ns;
}

static inline bool tstamp_reached(struct tstamp deadline, struct tstamp now)
{
    return deadline.ns <= now.ns;
}

static inline struct tstamp tstamp_min(struct tstamp a, struct tstamp b)
{
    return a.ns < b.ns ? a : b;
}

static inline struct tstamp tstamp_max(struct tstamp a, struct tstamp b)
{
    return a.ns > b.ns ? a : b;
}

static inline bool tstamp_is_never(struct tstamp t)
{
    return t.ns == INT64_MAX;
}

#endif
