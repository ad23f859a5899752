/* SPDX-License-Identifier: ISC */
/*
 * The lives of a peer: every start of a machine that calls with the peer's key, known by its epoch.
 * More than one at a time means that two machines use one key, as after a copied SD card.
 *
 * Guarantee: the life that called first most recently has the session for as long as it answers. A
 * call of an earlier one is refused meanwhile: it gets a session that carries nothing but a CLOSE,
 * which says who has the peer's session. So two machines never take it from each other in turn.
 */
#ifndef HAWSER_SESSION_LIVES_H
#define HAWSER_SESSION_LIVES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/netaddr.h"
#include "base/tstamp.h"
#include "session/records.h"
#include "wire/wire.h"

#define LIVES_SILENCE_NS (2 * NS_PER_S) /* unanswered for so long: an earlier life may have it */
#define LIVES_ASK_NS NS_PER_S           /* not heard for so long: it is asked, then */
#define LIVES_QUIET_NS (60 * NS_PER_S)  /* between two events about them */

struct core;
struct core_datagram;
struct keys;
struct peer;

void lives_init(struct lives *l);
/* Before any call is taken: what is remembered of lives needs memory. 0 or -ENOMEM. */
int lives_make(struct peer *p);
/* Gives every key and its index back. */
void lives_free(struct peer *p);

/* The life with that epoch, or NULL. */
struct life *lives_find(struct peer *p, const uint8_t epoch[WIRE_EPOCH_BYTES]);
/* An accepted initiation: its life, which is new if the epoch is not known. */
struct life *lives_called(struct peer *p, struct tstamp now, const struct wire_hello *hello);

/* Whether that life may have the session now; if not, the one that has it may be asked for a sign.
 */
bool lives_may_have(struct peer *p, struct tstamp now, const struct life *life);
/* A call of that life, from there, is being refused. */
void lives_refuse(struct peer *p, struct tstamp now, struct life *life, const struct netaddr *from);
/* It has the session from now on. */
void lives_adopt(struct peer *p, const uint8_t epoch[WIRE_EPOCH_BYTES]);

/* The life whose refused call has that index of ours, or NULL. */
struct life *lives_of_index(struct peer *p, uint32_t index);
/* A transport datagram came with the keys of a refused call. */
void lives_answer(struct peer *p, struct tstamp now, struct life *life,
                  const struct core_datagram *d, const struct wire_header *h);

/* Two machines use the key now. */
bool lives_contested(const struct peer *p, struct tstamp now);

/* Forgets keys that nobody used in time. */
void lives_tick(struct peer *p, struct tstamp now);

#endif
