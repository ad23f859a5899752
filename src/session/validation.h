/* SPDX-License-Identifier: ISC */
/*
 * One path's address: its validation and its changes. (What the path delivers is the bond's.)
 *
 * No address is used before a PATH_RESPONSE with our token came for it. A new address of a path
 * that works is validated while the old one stays in use. Where only an incoming datagram has named
 * the new one, the old one is asked as well, and stays if it answers: somebody who is faster than
 * the peer's datagrams may send them on from an address of his own (RFC 9000, section 9.3.3). The
 * new one is used when the old one has had its time; should the old one answer after that, it is
 * used again. To an address that only an incoming
 * datagram has named, at most VALIDATION_AMPLIFICATION times what came from it is sent before that.
 */
#ifndef HAWSER_SESSION_VALIDATION_H
#define HAWSER_SESSION_VALIDATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/tstamp.h"
#include "session/route.h"

enum {
    VALIDATION_TOKEN_BYTES = 8,
    VALIDATION_AMPLIFICATION = 3,
    VALIDATION_TRIES_MAX = 12, /* challenges of an address that nobody named in the configuration */
    VALIDATION_ASKS_MAX = 4,   /* of the address in use, with the same gaps */
};

#define VALIDATION_FIRST_NS (20 * NS_PER_MS) /* doubles with each repeat up to: */
#define VALIDATION_LAST_NS NS_PER_S
#define VALIDATION_REGRET_NS (2 * NS_PER_S) /* the old address may answer so late */
#define VALIDATION_HOLD_NS NS_PER_S         /* it answered: so long no other one is looked at */

struct validation {
    bool open;      /* route is validated and in use */
    bool searching; /* candidate is being validated */
    bool trusted;   /* candidate is an address of the configuration: no limit for it */
    bool answered;  /* candidate did, and waits for believed_at */
    struct route route;
    struct route candidate;
    uint8_t token[VALIDATION_TOKEN_BYTES];
    unsigned tries;
    uint64_t rx_bytes;  /* from the candidate */
    uint64_t tx_bytes;  /* to it */
    struct tstamp next; /* when the next challenge is due */

    /* The address in use, or that was in use, is asked: */
    bool asking;
    struct route asked;
    uint8_t asked_token[VALIDATION_TOKEN_BYTES];
    unsigned asks;
    struct tstamp asked_at;    /* first */
    struct tstamp ask_next;    /* NEVER: no more */
    struct tstamp believed_at; /* from then on the candidate counts, if it has answered */
    struct tstamp hold_until;
};

enum validation_result {
    VALIDATION_NOTHING,
    VALIDATION_STAYED, /* the candidate is given up */
    VALIDATION_MOVED,  /* route is another one, or open now */
};

/* Begins to validate an address; token is fresh and random. What is in use stays so. */
void validation_start(struct validation *v, struct tstamp now, const struct route *candidate,
                      bool trusted, const uint8_t token[VALIDATION_TOKEN_BYTES]);

/*
 * Before a candidate is believed, the address in use is asked, for so long; the token is for that.
 * After validation_start(). Nothing changes while it is being asked already.
 */
void validation_doubt(struct validation *v, struct tstamp now, int64_t wait_ns,
                      const uint8_t token[VALIDATION_TOKEN_BYTES]);
/* The address in use answered just now, when others claimed to be its successor. */
bool validation_held(const struct validation *v, struct tstamp now);

/* Challenges are still being sent to that address. */
bool validation_pending(const struct validation *v, const struct route *r);

/* Bytes came from an address: more may be sent to it. */
void validation_credit(struct validation *v, const struct route *from, size_t len_bytes);

/* May a datagram of that size go to this address now? */
bool validation_may_send(const struct validation *v, const struct route *to, size_t len_bytes);
/* It went. */
void validation_debit(struct validation *v, const struct route *to, size_t len_bytes);

/* A challenge is to be sent to the candidate now; validation_sent() arms the next. */
bool validation_due(const struct validation *v, struct tstamp now);
void validation_sent(struct validation *v, struct tstamp now);

/* The same for the address that is asked. */
bool validation_ask_due(const struct validation *v, struct tstamp now);
void validation_asked(struct validation *v, struct tstamp now);

/* A PATH_RESPONSE arrived. */
enum validation_result validation_answer(struct validation *v, struct tstamp now,
                                         const uint8_t token[VALIDATION_TOKEN_BYTES]);
/* A candidate that answered has waited long enough: true if it is in use now. */
bool validation_tick(struct validation *v, struct tstamp now);
/* When there is something to do; NEVER: nothing. */
struct tstamp validation_deadline(const struct validation *v);

/* Neither an address in use nor one in validation. */
void validation_forget(struct validation *v);

#endif
