/* SPDX-License-Identifier: ISC */
/*
 * Whose turn it is among the policies' bands of the flow queues. Bulk of policies is served with
 * that of none by start-time fair queueing (Goyal et al., SIGCOMM 1996): of the bands for which a
 * path has room the one whose flows were given least, so that flows which must share a path share
 * it evenly, and one that is pinned never holds up another. Bands of class bulk come only when no
 * other can be served.
 */
#ifndef HAWSER_BOND_SEND_BANDS_H
#define HAWSER_BOND_SEND_BANDS_H

#include "base/tstamp.h"
#include "bond/send/sender.h"

/* Moves what overtakes bulk, and bulk, to the paths. */
void bands_pump_express(struct sender *snd, struct tstamp now);
void bands_pump_bulk(struct sender *snd, struct tstamp now);

#endif
