/* SPDX-License-Identifier: ISC */
/*
 * Policies name links; bonds know paths: which path is over which link, told to the bond.
 *
 * Guarantee: changed policies hold for the next packet of each peer, and a turn tells few peers of
 * them that have none to send. Without memory for a peer's table it keeps what it had, and is told
 * again a second later.
 */
#ifndef HAWSER_SESSION_POLICIES_H
#define HAWSER_SESSION_POLICIES_H

#include "base/tstamp.h"
#include "session/types.h"

struct core;
struct peer;

/* After the name of a path's link changed. 0 or -ENOMEM, which only the first call of a peer since
 * there are policies can give. */
int policies_apply(struct peer *p);

void policies_change(struct core *c, const struct core_policy policies[CORE_POLICIES_MAX]);
/* Tells some of those that were not told yet. */
void policies_tick(struct core *c, struct tstamp now);
/* When there is more to do; NEVER: nothing. */
struct tstamp policies_deadline(const struct core *c);

#endif
