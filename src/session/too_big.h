/* SPDX-License-Identifier: ISC */
/*
 * Inner packets that are larger than the MTU that was told for their peer. Routes with that MTU
 * keep most of them away; others come where the routes are not ours, from programs that look for
 * the MTU by themselves, and while routes change. They cross the tunnel in pieces, so nothing is
 * lost where ICMP is; but who may not fragment them is told, and sends what needs no pieces.
 *
 * Of a peer's packets 32 are answered at once, then 50 in a second.
 */
#ifndef HAWSER_SESSION_TOO_BIG_H
#define HAWSER_SESSION_TOO_BIG_H

#include "base/pkt.h"
#include "base/tstamp.h"

struct core;
struct peer;

/* p: whom pkt is for. What is answered comes out of core_next_tun(). */
void too_big_look(struct core *c, struct tstamp now, struct peer *p, const struct pkt *pkt);

#endif
