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

/* With larger turns, or rounds, bonds would take the time until their next turn for a queue of
 * their links, and slow down; with smaller ones a send would hold too little. */
enum {
    PEERS_ROUND_BYTES = 160 << 10, /* of all together, while their turns are not shorter than: */
    PEERS_TURN_LEAST_BYTES = 4096,
    PEERS_TURN_BYTES = 16384, /* the longest */
    PEERS_EARLY_BYTES = 2048, /* some packets of calls */
};

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

/*
 * The next of those that may have something to send, and out of their list; NULL: none.
 *
 * They take turns by deficit round robin, all of the same size. Who sends no more than
 * PEERS_EARLY_BYTES in a round goes before the others: a call does not wait for those that send all
 * that they can. Who sends more than its turn gets less the next time.
 */
struct peer *peers_next_sending(struct core *c);
/* That one is asked now, out of its turn. */
void peers_take(struct peer *p);
/* So many bytes of datagrams of it leave. */
void peers_sent(struct peer *p, size_t bytes);
/* What is left of its turn; as much as it likes while nobody else has something to send. */
int64_t peers_room_bytes(const struct peer *p);

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
