/* SPDX-License-Identifier: ISC */
/*
 * A peer's life: made from its configuration, associated by handshakes, up and down, its timers.
 *
 * Guarantee: packet numbers begin again at 0 only in begin_association(), where every older key is
 * dropped; so no nonce is used twice under one key.
 */
#ifndef HAWSER_SESSION_PEER_H
#define HAWSER_SESSION_PEER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/tstamp.h"

struct core;
struct core_peer_config;
struct keys;
struct netaddr;
struct peer;

/* Negative errno, or 0. */
int peer_new(struct peer **out, struct core *c, const struct core_peer_config *config,
             struct tstamp now);
/* Gives its keys and indexes back. */
void peer_free(struct peer *p);
/* Takes a changed configuration of the same public key. */
int peer_configure(struct peer *p, struct tstamp now, const struct core_peer_config *config);

/*
 * New keys count from now on: of a rekey, or of a new association if an epoch of either side is
 * another one than before. Takes the keys over.
 */
void peer_adopt(struct peer *p, struct tstamp now, struct keys *k);

/* Whether keys are the first of a new association. */
bool peer_is_new_association(const struct peer *p, const struct keys *k);
/* Frees keys, if there are any, and takes their index out of the table. */
void peer_drop_keys(struct peer *p, struct keys **k);

/* The keys with that index of ours, or NULL. */
struct keys *peer_keys(const struct peer *p, uint32_t index);

/* There are keys that are young enough to send with. */
bool peer_can_send(const struct peer *p, struct tstamp now);

/* An authentic datagram came; something that must be answered went. */
void peer_heard(struct peer *p, struct tstamp now);
void peer_asked(struct peer *p, struct tstamp now);

void peer_set_up(struct peer *p, struct tstamp now, bool up, const char *reason);
/* Forgets its keys and closes its paths; the association goes on if the peer comes back. */
void peer_disconnect(struct peer *p, struct tstamp now, const char *reason);
/* The same, as another machine, perhaps there, has called with our key: see lives.h. */
void peer_displaced(struct peer *p, struct tstamp now, const struct netaddr *by);
/* It was told so, a moment ago. */
bool peer_is_displaced(const struct peer *p, struct tstamp now);

/* A timer of this peer is due at that time, or before it by another one. */
void peer_wake(struct peer *p, struct tstamp at);
/* Runs what is due and takes the bond's events. */
void peer_tick(struct peer *p, struct tstamp now);

#endif
