/* SPDX-License-Identifier: ISC */
/*
 * A peer's life: made from its configuration, associated by handshakes, up and down, its timers.
 *
 *     state  keys  up    event                                          next
 *     away   no    no    keys adopted: we called, or a datagram came     met
 *                        with keys that we had answered with
 *     met    yes   no    a path is validated; an authentic datagram      up
 *                        came, and a path is open
 *     up     yes   yes   no answer for 5 s                               met
 *     met    yes   no    the other side says goodbye, or that another    away
 *     up     yes   yes   machine has the session; keys are too old
 *     away                 for 10 minutes since it was up: its bond is   away
 *                        given back, and the association ends
 *     any                keys of another epoch: a new association, with  met, or stays up
 *                        packet numbers from 0
 *
 * Nothing else changes it. Calling goes on beside that: see initiator.h.
 *
 * Guarantee: packet numbers begin again at 0 only in begin_association(), where every older key is
 * dropped; so no nonce is used twice under one key.
 */
#ifndef HAWSER_SESSION_LIFECYCLE_H
#define HAWSER_SESSION_LIFECYCLE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/tstamp.h"

struct core;
struct core_peer_config;
struct keys;
struct netaddr;
struct peer;

/* Negative errno, or 0. */
int lifecycle_new(struct peer **out, struct core *c, const struct core_peer_config *config,
                  struct tstamp now);
/* Gives its keys and indexes back. */
void lifecycle_free(struct peer *p);
/* Takes a changed configuration of the same public key. */
int lifecycle_configure(struct peer *p, struct tstamp now, const struct core_peer_config *config);

/*
 * New keys count from now on: of a rekey, or of a new association if an epoch of either side is
 * another one than before. Takes the keys over. -ENOMEM: they are gone, and nothing changed.
 */
int lifecycle_adopt(struct peer *p, struct tstamp now, struct keys *k);

/* An authentic datagram came with the keys of now. */
void lifecycle_heard(struct peer *p, struct tstamp now);
void lifecycle_set_up(struct peer *p, struct tstamp now, bool up, const char *reason);
/* Forgets its keys and closes its paths; the association goes on if the peer comes back. */
void lifecycle_disconnect(struct peer *p, struct tstamp now, const char *reason);
/* The same, as another machine, perhaps there, has called with our key: see lives.h. */
void lifecycle_displaced(struct peer *p, struct tstamp now, const struct netaddr *by);
/* Runs what is due and takes the bond's events. */
void lifecycle_tick(struct peer *p, struct tstamp now);

#endif
