/* SPDX-License-Identifier: ISC */
/*
 * Whether all paths of a bond end up in one line that is full: this side's own.
 *
 * Links that have nothing in common do not become slower in the same second while there is enough
 * to send over each of them. Where all of them do, what they share has: it is taken for the limit
 * until clearly more gets through than since then, or they are no longer full. One path alone tells
 * nothing.
 */
#ifndef HAWSER_BOND_SEND_BOTTLENECK_H
#define HAWSER_BOND_SEND_BOTTLENECK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/tstamp.h"
#include "bond/send/path_set.h"
#include "wire/wire.h"

struct bottleneck {
    bool full;
    struct tstamp since;             /* with full */
    double least_bps;                /* that came through since then */
    double delivered_bps;            /* by all paths, smoothed */
    struct tstamp loaded_at;         /* when there was enough to send over all of them, last */
    struct tstamp looked_at;         /* last */
    double peak_bps[WIRE_PATHS_MAX]; /* highest capacity of the last seconds */
    struct tstamp fallen_at[WIRE_PATHS_MAX]; /* when it fell far below that; NEVER: it did not */
};

void bottleneck_init(struct bottleneck *l);
/* With each tick. */
void bottleneck_look(struct bottleneck *l, struct tstamp now, const struct path_set *paths);

#endif
