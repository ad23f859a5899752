/* SPDX-License-Identifier: ISC */
/*
 * Calls made by hand, with whatever clock, life, features and challenge, from one address that is
 * nobody's else (world.stray): a client of another time, or recordings of one.
 */
#ifndef HAWSER_TESTS_SESSION_CALLER_H
#define HAWSER_TESTS_SESSION_CALLER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crypto/noise.h"
#include "session/world.h"
#include "wire/wire.h"

struct caller {
    struct world *w; /* borrowed */
    size_t node;     /* whose keys it has */
    struct wire_hello hello;
    struct noise_handshake noise;
    uint32_t index;
    uint8_t message[WIRE_INITIATION_LONG_BYTES];
    size_t len_bytes;
    uint64_t pn;                /* the next packet number */
    uint32_t remote;            /* index of the server's, once it answered with a session */
    struct wire_welcome answer; /* the last one */
};

/* A life of its own, with that number, and a clock that says so many seconds since 1970. */
void caller_init(struct caller *c, struct world *w, size_t node, uint8_t life, uint32_t clock_s);
/* Makes a new call, one second later than the last one. */
void caller_make(struct caller *c);
/* Puts the cookie that it was given last under the call. False: there was none. */
bool caller_use_cookie(struct caller *c);
/* Sends the call. Returns the type of what comes back, 0: nothing. */
uint8_t caller_send(struct caller *c);
/* Opens the answer: true if it is one with a session. */
bool caller_has_session(struct caller *c);
/* Sends the first datagram of the session. */
void caller_confirm(struct caller *c);

#endif
