/* SPDX-License-Identifier: ISC */
/*
 * The handshake, as far as it is kept: Noise_IKpsk2_25519_ChaChaPoly_BLAKE2b in two messages, with
 * cookies.
 *
 * Calling (initiator.c): one initiation goes out on all usable links at once; the first response
 * wins. It is repeated, with fresh keys, until there is one.
 *
 * Being called (responder.c): the new session stays aside until the first authentic datagram comes
 * with it, so neither a replayed nor a forged initiation displaces a working one. How well a call
 * shows that it is no recording is proof.h's; who shows nothing is asked to call again.
 */
#ifndef HAWSER_SESSION_HANDSHAKE_H
#define HAWSER_SESSION_HANDSHAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/size.h"
#include "base/tstamp.h"
#include "crypto/cookie.h"
#include "crypto/noise.h"
#include "session/bucket.h"
#include "session/callers.h"
#include "wire/wire.h"

#define HANDSHAKE_PROLOGUE "hawser v1"

enum {
    /* Responses kept for further copies of their initiation, as many as come at once when a server
     * starts: in sets, a power of two. */
    HANDSHAKE_RECENT_SETS = TABLE_SIZE(256, 16),
    HANDSHAKE_RECENT_WAYS = 4,
    HANDSHAKE_REPEATS_MAX = 2 * WIRE_PATHS_MAX, /* of one response */
    HANDSHAKE_QUICK_TRIES = 30,   /* at HANDSHAKE_RETRY_NS; later ones at HANDSHAKE_SLOW_RETRY_NS */
    HANDSHAKE_RESOLVE_TRIES = 3,  /* then the endpoint's names should be looked up again */
    HANDSHAKE_CHALLENGES_MAX = 2, /* followed at once, after each try */
};

#define HANDSHAKE_RETRY_NS NS_PER_S
#define HANDSHAKE_DISPLACED_NS (1500 * NS_PER_MS) /* while another machine uses our key */
#define HANDSHAKE_SLOW_RETRY_NS (5 * NS_PER_S)
#define HANDSHAKE_ANSWER_NS (4500 * NS_PER_MS) /* an initiation's tries: the slowest links' RTT */
#define HANDSHAKE_WANTED_NS (10 * NS_PER_S)    /* none is slow for so long after an inner packet */
#define HANDSHAKE_RESOLVE_NS (10 * NS_PER_S)
#define HANDSHAKE_LOAD_NS (20 * NS_PER_MS) /* 50 initiations a second without a cookie */
#define HANDSHAKE_LOAD_BURST 50
#define HANDSHAKE_PEER_NS (100 * NS_PER_MS) /* 10 calls a second of one peer */
#define HANDSHAKE_PEER_BURST 20
#define HANDSHAKE_STALE_NS (100 * NS_PER_MS) /* 10 cookies a second to clocks in the past */
#define HANDSHAKE_STALE_BURST 20

struct core;
struct keys;
struct peer;

/* Our own static keys. */
struct local_keys {
    struct secret32 private_key;
    uint8_t public_key[32];
    struct cookie_keys cookie;
};

enum handshake_reason { HANDSHAKE_IDLE, HANDSHAKE_CONNECT, HANDSHAKE_REKEY, HANDSHAKE_LOST };

/* A cookie that the peer gave for one of our addresses. */
struct cookie_jar {
    uint8_t cookie[COOKIE_BYTES];
    struct tstamp got;
    bool full;
    uint32_t used_for; /* index of the initiation that it was last sent with at once */
};

/* An initiation, and what answers to it need. */
struct call {
    struct noise_handshake noise;
    uint8_t message[WIRE_INITIATION_LONG_BYTES]; /* the initiation, without mac2 */
    size_t message_bytes;
    bool challenged; /* the next initiation repeats this: */
    uint8_t challenge[WIRE_CHALLENGE_BYTES];
    unsigned challenges;                       /* followed since the last try */
    struct tstamp begun_at;                    /* with handshake.index */
    uint8_t epoch[WIRE_EPOCH_BYTES];           /* that it tells */
    struct cookie_jar jars[WIRE_PATHS_MAX][2]; /* by link; IPv4, IPv6 */
};

/* The calling side of one peer. */
struct handshake {
    enum handshake_reason reason;
    struct cookie_keys cookie; /* of the peer's public key */
    uint32_t index;            /* ours, of the initiation under way; 0: none */
    struct call *call;         /* owned; NULL: none is under way, and no cookie of one is good */
    unsigned attempts;
    struct tstamp next;       /* attempt */
    struct tstamp not_before; /* the peer said goodbye: leave it that time */
    struct tstamp resolve_at;
    struct tstamp wanted_at; /* an inner packet for a peer that is down */
    int64_t last_wall_ns;    /* timestamps grow, whatever the clock does */
};

/* An answered initiation: its copies over other links get the same response. */
struct recent_answer {
    uint8_t mac1[WIRE_MAC_BYTES];
    uint32_t index; /* ours; the answer is good while that session is still aside */
    unsigned repeats;
    uint64_t order; /* of the answers; 0: none */
    uint8_t response[WIRE_RESPONSE_BYTES];
};

/* The called side of the core as a whole. */
struct responder {
    struct callers callers;
    struct cookie_checker cookies;
    struct bucket load;
    struct bucket stale;
    struct recent_answer recent[HANDSHAKE_RECENT_SETS][HANDSHAKE_RECENT_WAYS];
    uint64_t answered;
};

#endif
