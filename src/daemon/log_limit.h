/* SPDX-License-Identifier: ISC */
/*
 * How many lines somebody else may have written to the log: a hundred at once, then one every two
 * seconds. What is left out is counted, and told with the next line.
 */
#ifndef HAWSER_DAEMON_LOG_LIMIT_H
#define HAWSER_DAEMON_LOG_LIMIT_H

#include "session/bucket.h"

enum { LOG_LIMIT_LINES = 100, LOG_LIMIT_S = 2 };

struct log_limit { /* all zero: nothing was logged yet */
    struct bucket bucket;
    uint32_t left_out;
};

/* Whether a line may be written now; *left_out: how many were not since the last. */
static inline bool log_limit_take(struct log_limit *l, struct tstamp now, uint32_t *left_out)
{
    l->bucket.interval_ns = LOG_LIMIT_S * NS_PER_S;
    l->bucket.burst = LOG_LIMIT_LINES;
    if (!bucket_take(&l->bucket, now)) {
        if (l->left_out < UINT32_MAX)
            l->left_out++;
        return false;
    }
    *left_out = l->left_out;
    l->left_out = 0;
    return true;
}

#endif
