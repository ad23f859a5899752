/* SPDX-License-Identifier: ISC */
/*
 * How well a call shows that it is no recording: what one peer's calls are held against.
 *
 * Whoever sees calls can send them again later, also from an address of his own. So what a call may
 * do depends on its proof: the keys that it is given take the place of those that another life's
 * call was given, and that are not confirmed yet, only if it proves more, or repeats a challenge.
 *
 * A challenge is told inside a sealed answer and comes back inside a sealed call, so that call was
 * made after the challenge. It is good once, and ends with every session that begins. A timestamp
 * shows that a call is newer than those that came before, which holds as long as the clock of its
 * machine and this memory do. A life's own timestamps grow whatever its clock does.
 */
#ifndef HAWSER_SESSION_PROOF_H
#define HAWSER_SESSION_PROOF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/tstamp.h"
#include "crypto/cookie.h"
#include "wire/wire.h"

/* In ascending order. */
enum proof {
    PROOF_NONE,
    PROOF_COOKIE,    /* late, of a peer that knows no challenges: it receives at its address */
    PROOF_CLOCK,     /* newer than the calls before */
    PROOF_CHALLENGE, /* made after the challenge that it repeats */
};

enum { PROOF_LATE_MAX = 16 }; /* late calls without a challenge that are remembered */

#define PROOF_LATE_NS (2 * COOKIE_LIFETIME_NS) /* a cookie is good for no longer */

struct late_call {
    uint8_t ephemeral[32];
    struct tstamp at;
    bool used;
};

struct proof_memory {
    uint8_t timestamp[WIRE_TIMESTAMP_BYTES]; /* of the newest accepted call of all lives */
    uint8_t challenge[WIRE_CHALLENGE_BYTES];
    bool challenging;       /* challenge may be repeated */
    struct late_call *late; /* owned, PROOF_LATE_MAX of them; NULL: none */
};

/*
 * What a call shows by itself. life_newer: its life had a session, and this is newer than all of
 * it. PROOF_COOKIE it never is: see proof_late().
 */
enum proof proof_of(const struct proof_memory *m, const struct wire_hello *hello, bool life_newer);

/*
 * A call with a valid cookie but an old timestamp, of a peer that knows no challenges, is
 * remembered and accepted once. -EEXIST: it was there before; -ENOSPC: there were too many, or
 * there is no memory.
 */
int proof_late(struct proof_memory *m, struct tstamp now, const uint8_t ephemeral[32]);
/* Forgets late calls that are too old to come again. Returns when there will be such; NEVER: none
 * is remembered. */
struct tstamp proof_expire(struct proof_memory *m, struct tstamp now);
void proof_free(struct proof_memory *m);

/* A call was accepted for what it shows. */
void proof_accepted(struct proof_memory *m, const struct wire_hello *hello, enum proof proof);
/* A session began with keys that a call was given: a challenge of before is over. */
void proof_confirmed(struct proof_memory *m);

/* What a call is to repeat; random becomes it unless one is waited for. */
const uint8_t *proof_challenge(struct proof_memory *m, const uint8_t random[WIRE_CHALLENGE_BYTES]);

#endif
