/* SPDX-License-Identifier: ISC */
/*
 * Policies of a bond: which paths a packet may take, and when its band of the flow queues is
 * served.
 *
 * Everything that chooses a path asks policy_paths() which ones there are for the packet. Bulk of
 * policies is served with that of none by start-time fair queueing (Goyal et al., SIGCOMM 1996): of
 * the bands for which a path has room the one whose flows were given least, so that flows which
 * must share a path share it evenly, and one that is pinned never holds up another. Bands of class
 * bulk come only when no other can be served.
 */
#ifndef HAWSER_BOND_SEND_POLICY_H
#define HAWSER_BOND_SEND_POLICY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/pkt.h"
#include "base/tstamp.h"
#include "bond/bond.h"

#define POLICY_ANY_PATH UINT32_MAX

struct path;
struct policies;

/* What policies need to know of the paths; after every change. */
void policy_survey(struct bond *b);

/* Bit mask of the usable paths that a packet may take; 0: none, and it may not wait for one. Of a
 * packet of no policy POLICY_ANY_PATH. */
uint32_t policy_paths(struct bond *b, struct tstamp now, const struct pkt *pkt);

/* Whether there are packets that may take this usable path only. */
bool policy_needs(const struct bond *b, const struct path *p);

/* Its policy; NULL: none. */
const struct bond_policy *policy_of(const struct bond *b, const struct pkt *pkt);

/* Real-time or redundant packets passed within the last second. */
bool policy_is_urgent(const struct bond *b, struct tstamp now);

/* What is done for the bands of policies: moves what overtakes bulk, and bulk, to the paths. */
void policy_pump_express(struct bond *b, struct tstamp now);
void policy_pump_bulk(struct bond *b, struct tstamp now);

#endif
