/* SPDX-License-Identifier: ISC */
/* A peer's keys and clocks, for all who work on a peer: it calls none of them. */
#ifndef HAWSER_SESSION_PEER_H
#define HAWSER_SESSION_PEER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/tstamp.h"

struct keys;
struct peer;

/* Whether keys are the first of a new association. */
bool peer_is_new_association(const struct peer *p, const struct keys *k);

/* Frees keys, if there are any, and takes their index out of the table. */
void peer_drop_keys(struct peer *p, struct keys **k);

/* The keys with that index of ours, or NULL. */
struct keys *peer_keys(const struct peer *p, uint32_t index);

/* There are keys that are young enough to send with. */
bool peer_can_send(const struct peer *p, struct tstamp now);

void peer_asked(struct peer *p, struct tstamp now);

/* It was told so, a moment ago. */
bool peer_is_displaced(const struct peer *p, struct tstamp now);

/* A timer of this peer is due at that time, or before it by another one. */
void peer_wake(struct peer *p, struct tstamp at);

/* A fresh random index of ours, entered for that peer. */
uint32_t peer_take_index(struct peer *p);

#endif
