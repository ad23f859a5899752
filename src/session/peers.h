/* SPDX-License-Identifier: ISC */
/*
 * All peers of a core: by number, by public key, and those that have something to do.
 *
 * Guarantee: a peer that sleeps costs nothing. Whatever changes a peer puts it among those to be
 * looked at, and a look gives it its next deadline; no turn walks over all.
 */
#ifndef HAWSER_SESSION_PEERS_H
#define HAWSER_SESSION_PEERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/tstamp.h"

struct core;
struct peer;
struct peers;

void peers_init(struct peers *ps, uint64_t seed);
void peers_free(struct peers *ps);

/* NULL: nobody has that key. */
struct peer *peers_find(const struct peers *ps, const uint8_t public_key[32]);

/* Room for so many in all: peers_add() takes no memory. -ENOMEM: as it was. */
int peers_reserve(struct peers *ps, size_t count);
/* The next number is its; nobody may have its key. */
void peers_add(struct peer *p);
/* Nobody finds it any more; the last peer gets its number. It is in lists until peers_forget(). */
void peers_remove(struct peer *p);

/* Something changed: the next core_tick() looks at it. */
void peers_touch(struct peer *p);
/* It may have something to send, too. */
void peers_stir(struct peer *p);
/* It may have packets for the tunnel. */
void peers_give(struct peer *p);

/* Has the time to be looked at anew after a look, or when it had nothing to send. */
void peers_settle(struct peer *p);
/* It is due at that time, if not before. */
void peers_wake(struct peer *p, struct tstamp at);
/* Those whose time has come are touched, and may have something to send. */
void peers_wake_due(struct core *c, struct tstamp now);
/* When the next one is due; NEVER: none will be. */
struct tstamp peers_deadline(const struct core *c);

/* The next of those that may have something to send, and out of their list; NULL: none. */
struct peer *peers_next_sending(struct core *c);
/* Nobody but that peer may have something to send. */
bool peers_sends_alone(const struct peer *p);

/*
 * Those that have a bond, one after the other; NULL: there is no other. What concerns links, lines
 * and policies concerns nobody else: see lifecycle.h for who has one.
 */
struct peer *peers_first_awake(const struct core *c);
struct peer *peers_next_awake(const struct peer *p);

/* It is about to go. */
void peers_forget(struct peer *p);

/* It may be silent: whoever tells people why looks at it. */
void peers_suspect(struct peer *p);
/* Whether it is called in vain may be another. */
void peers_count_calling(struct peer *p);

#endif
