/* SPDX-License-Identifier: ISC */
/*
 * One simulated client: a core of its own with its own key, two links, and inner packets to and
 * from the far end (message.h). Without I/O but for client_ops.
 */
#ifndef HAWSER_BENCH_CLIENT_H
#define HAWSER_BENCH_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/heap.h"
#include "base/netaddr.h"
#include "base/tstamp.h"
#include "session/core.h"

enum { CLIENT_LINKS = 2, CLIENT_NUMBER_MAX = 60000 };

/* The keys and the inner address (10.77.x.y) of client number, the same in every run. */
void client_private_key(unsigned number, uint8_t out[32]);
void client_inner(unsigned number, uint8_t out[4]);

struct client_config {
    struct pkt_pool *pool; /* borrowed */
    uint8_t server_key[32];
    struct netaddr server;
    int64_t wait_ns;        /* until it calls the server */
    int64_t rekey_after_ns; /* 0: as usual */
    const struct core_link *links;
    int64_t wall_offset_ns;
};

/* What all clients of a program find together. */
struct client_sums {
    unsigned up;   /* clients */
    uint64_t sent; /* data of this run */
    uint64_t received;
    uint64_t told_sent; /* what the far end says of it */
    uint64_t told_received;
    unsigned told; /* clients that it was told of */
    uint32_t *delays_10us;
};

enum { CLIENT_DELAYS = 100000 };

/* Data that a client sends, or wants to get; a client has as many flows. */
struct client_load {
    uint32_t run;
    bool down;
    unsigned flows;
    int64_t interval_ns; /* of a packet of all flows together */
    uint32_t bytes;      /* of the inner packet */
    uint32_t packets;    /* in all */
};

struct client {
    struct core *core;     /* owned */
    struct pkt_pool *pool; /* borrowed */
    unsigned number;
    struct client_sums *sums; /* borrowed */
    struct netaddr server;    /* called at: */
    struct tstamp calls_at;   /* NEVER: it was */
    struct heap_item due;
    bool up;
    struct client_load load;
    uint32_t left;      /* packets to send, or flows to ask for */
    struct tstamp next; /* when; NEVER: nothing to do */
    bool asks;          /* every ASK_NS, until it is told */
    uint64_t received;  /* of this run */
};

int client_new(struct client *c, unsigned number, const struct client_config *config,
               struct client_sums *sums, struct tstamp now);
void client_free(struct client *c);

void client_start(struct client *c, struct tstamp now, const struct client_load *load);
/* Asks the far end what became of it, again and again until there is an answer. */
void client_ask(struct client *c, struct tstamp now, uint32_t run);

/* Puts what is due into the core, takes out what it delivers; the packets for the network are the
 * caller's to fetch. Returns when the client wants to be called again. */
struct tstamp client_turn(struct client *c, struct tstamp now);

#endif
