/* SPDX-License-Identifier: ISC */
/*
 * The TCP flows that send most, and when they sent what: see aggregate.h.
 *
 * A flow is entered when it sends LARGEST_BYTES in 100 ms and a place is free, and its place is
 * free for another when it has been silent for a second, or, where it is kept, for ten.
 */
#ifndef HAWSER_BOND_SEND_LARGEST_H
#define HAWSER_BOND_SEND_LARGEST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/tstamp.h"
#include "bond/tuning.h"

enum {
    LARGEST_FLOWS = 16,
    LARGEST_MARKS = 32, /* of 4 ms each: what is acknowledged was sent within 128 ms */
};

/* Bytes from start on were sent at that time or later. */
struct largest_mark {
    uint32_t start;
    struct tstamp at;
};

struct largest_flow {
    uint64_t bytes;          /* sent, since: */
    struct tstamp since;     /* when it was entered */
    struct tstamp last;      /* when it sent last */
    struct tstamp paused_at; /* when it went on after a pause, as where BBR waits until four packets
                              * are in flight; 0: it never paused */
    struct tstamp repeated_at;
    uint32_t tcp_end;    /* behind its last byte sent */
    uint32_t mark_count; /* that were made; the last LARGEST_MARKS are there */
    bool kept;           /* set by the bond: it is never sparse */
    struct largest_mark marks[LARGEST_MARKS];
};

struct largest {
    uint32_t hashes[LARGEST_FLOWS]; /* as pkt.flow_hash; 0: the place is free */
    struct largest_flow flows[LARGEST_FLOWS];
};

/* A packet with data of TCP. */
struct largest_packet {
    uint32_t hash; /* of its flow */
    uint32_t tcp_end;
    uint32_t bytes;
    double recent_bytes; /* that the flow sent in 100 ms */
};

/* True: the flow is kept. */
bool largest_count(struct largest *h, struct tstamp now, const struct largest_packet *p);

/* Which place the flow has; negative: none. */
int largest_find(const struct largest *h, uint32_t hash);

/* When the byte before tcp_ack was sent, at most 4 ms earlier; TSTAMP_NEVER: that is not known. */
struct tstamp largest_sent_at(const struct largest_flow *f, uint32_t tcp_ack);

#endif
