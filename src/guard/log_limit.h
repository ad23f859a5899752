/* SPDX-License-Identifier: ISC */
/*
 * How many lines somebody else may have written to the log: a hundred at once, then one every two
 * seconds. What is left out is counted, and told with the next line, or when none was left out for
 * ten seconds.
 */
#ifndef HAWSER_GUARD_LOG_LIMIT_H
#define HAWSER_GUARD_LOG_LIMIT_H

#include "session/bucket.h"

enum { LOG_LIMIT_LINES = 100, LOG_LIMIT_S = 2, LOG_LIMIT_QUIET_S = 10 };

struct log_limit { /* all zero: nothing was logged yet */
    struct bucket bucket;
    uint32_t left_out;
    struct tstamp left_out_at; /* the last of them */
};

/* Whether a line may be written now; *left_out: how many were not since the last. */
static inline bool log_limit_take(struct log_limit *l, struct tstamp now, uint32_t *left_out)
{
    l->bucket.interval_ns = LOG_LIMIT_S * NS_PER_S;
    l->bucket.burst = LOG_LIMIT_LINES;
    if (!bucket_take(&l->bucket, now)) {
        if (l->left_out < UINT32_MAX)
            l->left_out++;
        l->left_out_at = now;
        return false;
    }
    *left_out = l->left_out;
    l->left_out = 0;
    return true;
}

/* When to call log_limit_quiet(). */
static inline struct tstamp log_limit_deadline(const struct log_limit *l)
{
    return l->left_out > 0 ? tstamp_add(l->left_out_at, LOG_LIMIT_QUIET_S * NS_PER_S)
                           : TSTAMP_NEVER;
}

/* How many lines were left out, if that is to be told now, as no further one has come; else 0. */
static inline uint32_t log_limit_quiet(struct log_limit *l, struct tstamp now)
{
    uint32_t left_out = tstamp_reached(log_limit_deadline(l), now) ? l->left_out : 0;
    if (left_out > 0)
        l->left_out = 0;
    return left_out;
}

#endif
