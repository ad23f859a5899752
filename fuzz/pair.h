/* SPDX-License-Identifier: ISC */
/*
 * Two cores that know each other, for the fuzzer: a client with a link and a server, virtual time,
 * and a network between them that delivers at once, loses, and remembers. Tables are small
 * (base/size.h), and neither keys nor ciphers are secret.
 *
 * Besides what the sanitizers find, it ends the process when a core does not come to rest: after
 * what is due was done and everything was taken from it, its deadline must be in the future.
 */
#ifndef HAWSER_FUZZ_PAIR_H
#define HAWSER_FUZZ_PAIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/rng.h"
#include "session/core.h"

enum {
    PAIR_LINKS = 2,
    PAIR_RECORDS = 8,
    PAIR_RECORD_BYTES = 1500,
};

enum pair_side { PAIR_CLIENT, PAIR_SERVER };

/* A datagram that crossed, to be sent again. */
struct pair_record {
    enum pair_side to;
    uint8_t link;
    size_t len_bytes;
    uint8_t data[PAIR_RECORD_BYTES];
};

/* How a core is configured; a pair begins with zeros. */
struct pair_setting {
    /* Low bits: 0: everything of IPv4, 1: nothing, 2: 10.77.0.0/16, 3: everything; bit 2: what is
     * sent has a rate, bit 3: what comes. */
    uint8_t allowed;
    bool has_preshared_key;
    bool has_no_peer;
};

struct pair {
    struct tstamp now;
    struct pkt_pool *pool;
    struct core *cores[2]; /* by enum pair_side */
    bool keeps_events[2];  /* it is read elsewhere */
    bool stirred[2];       /* something came, or was set: it may have something to say */
    struct pair_setting settings[2];
    struct rng random;
    uint16_t port;       /* of the client's first link, as the server sees it */
    uint32_t lost;       /* bit mask, in turns: of what crosses */
    unsigned crossed;    /* datagrams so far */
    int result;          /* what core_tx_done() is told of the next sends */
    unsigned result_for; /* so many */
    struct pair_record records[PAIR_RECORDS];
    unsigned record_count; /* of all times */
};

static inline enum pair_side pair_other(enum pair_side side)
{
    return side == PAIR_CLIENT ? PAIR_SERVER : PAIR_CLIENT;
}

/* Two cores with a session. */
void pair_open(struct pair *p);
/* The same without cores, of which each may also be missing later on. */
void pair_begin(struct pair *p);
/* A core as its setting says. */
void pair_make(struct pair *p, enum pair_side side);
/* One with other peers; only its keys, pool and random numbers are the pair's. */
int pair_make_with(struct pair *p, enum pair_side side, const struct core_peer_config *peers,
                   size_t count);
/* It ends without a word. */
void pair_remove(struct pair *p, enum pair_side side);
void pair_close(struct pair *p);

/* A datagram over one of the client's links. */
void pair_deliver(struct pair *p, enum pair_side to, unsigned link, const uint8_t *data,
                  size_t len_bytes);
/* Takes all that a core has; what it sends crosses to the other, or goes nowhere. */
void pair_drain(struct pair *p, enum pair_side from, bool crosses);
/* So many milliseconds in which everything crosses. */
void pair_talk(struct pair *p, unsigned ms);
/* It ends without a word and starts anew. */
void pair_restart(struct pair *p, enum pair_side side);
/* Takes another setting at run time. */
void pair_set(struct pair *p, enum pair_side side, const struct pair_setting *setting);
/* One of the client's links, of which only the first is there at first: enum pair_link_bit. */
void pair_link(struct pair *p, unsigned link, uint8_t bits);

enum pair_link_bit {
    PAIR_LINK_GONE = 1,
    PAIR_LINK_NO_CARRIER = 2,
    PAIR_LINK_STANDBY = 4,
    PAIR_LINK_DOWN = 8,
    PAIR_LINK_LARGE = 16, /* MTU 1500 instead of 576 */
    PAIR_LINK_IPV6_ONLY = 32,
    PAIR_LINK_LIMITED = 64,
};

#endif
