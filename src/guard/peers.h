/* SPDX-License-Identifier: ISC */
/* What changes with the peers. */
#ifndef HAWSER_GUARD_PEERS_H
#define HAWSER_GUARD_PEERS_H

#include "guard/state.h"

/* A peer came or went: the ways of packets follow soon. */
void guard_peers_changed(struct guard *g, struct tstamp now);
/* What peers accept from us is known, or other peers are there. */
void guard_accepted_changed(struct guard *g, struct tstamp now);

#endif
