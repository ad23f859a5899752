/* SPDX-License-Identifier: ISC */
/* What the guard knows of each peer, and what changes with them. */
#ifndef HAWSER_GUARD_PEERS_H
#define HAWSER_GUARD_PEERS_H

#include "guard/state.h"

/* One for each peer of the configuration, of which nothing is known. 0 or -ENOMEM. */
int guard_peers_new(struct guard_peers *out, const struct config *c);
void guard_peers_free(struct guard_peers *peers);

struct guard_peer *guard_peer(struct guard *g, const struct config_peer *p);

/*
 * Another configuration is in use, and g->peers are its own: what was known holds for those that
 * stayed, but their names are looked up anew. before keeps what is of peers that are gone.
 */
void guard_peers_move(struct guard *g, const struct config *old, struct guard_peers *before);

/* A peer came or went: where that changes the ways of packets, they follow soon. */
void guard_peer_set_up(struct guard *g, struct tstamp now, const struct config_peer *p, bool up);
/* The same after any number of them did. */
void guard_peers_changed(struct guard *g, struct tstamp now);

/* What a peer accepts from us is known, or other peers are there; told at the next look. */
void guard_accepted_changed(struct guard *g, struct tstamp now);
void guard_accepted_update(struct guard *g);

#endif
