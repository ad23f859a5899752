/* SPDX-License-Identifier: ISC */
/*
 * The TCP flows that send most, and when they sent what: for whom a slow path may be recruited.
 *
 * A flow is entered when it sends LARGEST_BYTES in 100 ms and a place is free, and its place is
 * free for another when it has been silent for a second, or, where it is kept, for ten.
 */
#ifndef HAWSER_BOND_SEND_HEAVY_H
#define HAWSER_BOND_SEND_HEAVY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/tstamp.h"
#include "bond/tuning.h"

enum {
    HEAVY_FLOWS = 16,
    HEAVY_MARKS = 32, /* of 4 ms each: what is acknowledged was sent within 128 ms */
};

/* Bytes from start on were sent at that time or later. */
struct heavy_mark {
    uint32_t start;
    struct tstamp at;
};

struct heavy_flow {
    uint64_t bytes;          /* sent, since: */
    struct tstamp since;     /* when it was entered */
    struct tstamp last;      /* when it sent last */
    struct tstamp paused_at; /* when it went on after a pause, as where BBR waits until four packets
                              * are in flight; 0: it never paused */
    struct tstamp repeated_at;
    uint32_t tcp_end;    /* behind its last byte sent */
    uint32_t mark_count; /* that were made; the last HEAVY_MARKS are there */
    bool kept;           /* set by the bond: it is never sparse */
    struct heavy_mark marks[HEAVY_MARKS];
};

struct heavy {
    uint32_t hashes[HEAVY_FLOWS]; /* as pkt.flow_hash; 0: the place is free */
    struct heavy_flow flows[HEAVY_FLOWS];
};

/* A packet with data of TCP. */
struct heavy_packet {
    uint32_t hash; /* of its flow */
    uint32_t tcp_end;
    uint32_t bytes;
    double recent_bytes; /* that the flow sent in 100 ms */
};

/* True: the flow is kept. */
bool heavy_count(struct heavy *h, struct tstamp now, const struct heavy_packet *p);

/* Which place the flow has; negative: none. */
int heavy_find(const struct heavy *h, uint32_t hash);

/* When the byte before tcp_ack was sent, at most 4 ms earlier; TSTAMP_NEVER: that is not known. */
struct tstamp heavy_sent_at(const struct heavy_flow *f, uint32_t tcp_ack);

#endif
