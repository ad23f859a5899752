/* SPDX-License-Identifier: ISC */
/* What the session is told of, until it asks. */
#ifndef HAWSER_BOND_NEWS_H
#define HAWSER_BOND_NEWS_H

#include <stdbool.h>
#include <stdint.h>

#include "bond/types.h"

enum { NEWS_MAX = 512 /* a power of two */ };

/* All zero: none. */
struct news {
    struct bond_event at[NEWS_MAX];
    uint32_t head, count;
};

static inline void news_push(struct news *n, struct bond_event e)
{
    if (n->count < NEWS_MAX)
        n->at[(n->head + n->count++) % NEWS_MAX] = e;
}

static inline bool news_next(struct news *n, struct bond_event *out)
{
    if (n->count == 0)
        return false;
    *out = n->at[n->head];
    n->head = (n->head + 1) % NEWS_MAX;
    if (--n->count == 0)
        n->head = 0; /* the places behind are never touched */
    return true;
}

#endif
