/* SPDX-License-Identifier: ISC */
/* What comes in on one path, and the acknowledgement of it. */
#ifndef HAWSER_BOND_RECEIVE_INCOMING_H
#define HAWSER_BOND_RECEIVE_INCOMING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/tstamp.h"
#include "bond/receive/acker.h"
#include "wire/wire.h"

struct incoming {
    struct wire_ack ack; /* the one that is being sent */
    uint32_t carriers;   /* bit mask of paths it still has to leave on */
    struct acker acker;
};

/* Of the association that begins. */
static inline void incoming_init(struct incoming *in, struct arena_share *memory)
{
    in->carriers = 0;
    acker_init(&in->acker, memory);
}

/* A single number waits to be acknowledged. */
static inline bool incoming_one_waits(const struct incoming *in)
{
    return in->acker.pending == 1;
}

/* What came last is acknowledged now, again if it was. */
static inline void incoming_tell(struct incoming *in, struct tstamp now)
{
    if (in->acker.next > 0)
        in->acker.due = tstamp_min(in->acker.due, now);
}

#endif
