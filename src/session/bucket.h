/* SPDX-License-Identifier: ISC */
/*
 * A token bucket as one point in time (the generic cell rate algorithm of ITU-T I.371): in any
 * interval t at most burst + t / interval_ns are let through.
 */
#ifndef HAWSER_SESSION_BUCKET_H
#define HAWSER_SESSION_BUCKET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/tstamp.h"

struct bucket {
    struct tstamp empty_until; /* when it is full again */
    int64_t interval_ns;       /* one token */
    int64_t burst;             /* tokens it holds */
};

/* When the next token can be taken. */
static inline struct tstamp bucket_ready(const struct bucket *b)
{
    return tstamp_add(b->empty_until, -(b->burst - 1) * b->interval_ns);
}

static inline bool bucket_take(struct bucket *b, struct tstamp now)
{
    struct tstamp at = tstamp_max(b->empty_until, now);
    if (tstamp_sub(at, now) > (b->burst - 1) * b->interval_ns)
        return false;
    b->empty_until = tstamp_add(at, b->interval_ns);
    return true;
}

/* As if the token that was taken last had not been. */
static inline void bucket_give_back(struct bucket *b)
{
    b->empty_until = tstamp_add(b->empty_until, -b->interval_ns);
}

#endif
