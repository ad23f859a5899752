/* SPDX-License-Identifier: ISC */
/*
 * One path's address: its validation and its changes. (What the path delivers is the bond's.)
 *
 * No address is used before a PATH_RESPONSE with our token came for it. A new address of a path
 * that works is validated while the old one stays in use. To an address that only an incoming
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
};

#define VALIDATION_FIRST_NS (20 * NS_PER_MS) /* doubles with each repeat up to: */
#define VALIDATION_LAST_NS NS_PER_S

struct validation {
    bool open;      /* route is validated and in use */
    bool searching; /* candidate is being validated */
    bool trusted;   /* candidate is an address of the configuration: no limit for it */
    struct route route;
    struct route candidate;
    uint8_t token[VALIDATION_TOKEN_BYTES];
    unsigned tries;
    uint64_t rx_bytes;  /* from the candidate */
    uint64_t tx_bytes;  /* to it */
    struct tstamp next; /* when the next challenge is due */
};

/* Begins to validate an address; token is fresh and random. What is in use stays so. */
void validation_start(struct validation *v, struct tstamp now, const struct route *candidate,
                      bool trusted, const uint8_t token[VALIDATION_TOKEN_BYTES]);

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

/* A PATH_RESPONSE arrived: true if it validates the candidate, which is then in use. */
bool validation_answer(struct validation *v, const uint8_t token[VALIDATION_TOKEN_BYTES]);

/* Neither an address in use nor one in validation. */
void validation_forget(struct validation *v);

#endif
