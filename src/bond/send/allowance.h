/* SPDX-License-Identifier: ISC */
/* How far the allowance of a bond (shape.h) goes, where it has one. */
#ifndef HAWSER_BOND_SEND_ALLOWANCE_H
#define HAWSER_BOND_SEND_ALLOWANCE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/tstamp.h"
#include "bond/send/budget.h"
#include "bond/send/sender.h"

/* Sent so far in this association, or bound to a path. */
uint64_t allowance_used_bytes(const struct sender *snd);

/* With shape.on: bulk has to wait until more is allowed. */
bool allowance_is_short(struct sender *snd, struct tstamp now);
/* Bulk waits for that, and for no path. */
bool allowance_holds(const struct sender *snd);

/* With shape.on: what overtakes bulk may leave. */
bool allowance_bears(const struct sender *snd, enum budget_kind kind);

/* What overtakes bulk may leave on that path now. */
static inline bool allowance_lets(const struct sender *snd, const struct path *p, struct tstamp now,
                                  enum budget_kind kind)
{
    return budget_allows(p, now, kind) && (!snd->shape.on || allowance_bears(snd, kind));
}

#endif
