/* SPDX-License-Identifier: ISC */
/*
 * The receiving end of a simulated stream: TCP (RFC 9293, SACK of RFC 2018, DSACK of RFC 2883,
 * delayed acknowledgements of two segments or 40 ms, ECN of RFC 3168, timestamps and PAWS of RFC
 * 7323: what TCP repeats and what it sent earlier must not change places), or QUIC-like with its
 * longer list of ranges. TCP's application reads at once, and the window is the sender's business;
 * QUIC's takes its time for each packet, and its socket drops what does not fit its buffer.
 */
#ifndef HAWSER_SIM_RECEIVER_H
#define HAWSER_SIM_RECEIVER_H

#include "sim/net.h"

enum { RECEIVER_RANGES_MAX = 8192 };

struct receiver_range {
    uint64_t start;
    uint64_t end;
};

struct receiver {
    struct net *net; /* not owned */
    enum segment_kind kind;
    enum side side;
    uint16_t port;
    uint64_t next; /* everything before it was received and read */
    struct receiver_range ranges[RECEIVER_RANGES_MAX]; /* behind next, sorted */
    size_t range_count;
    uint64_t recent[SEGMENT_RANGES_MAX]; /* places in the ranges that changed last, newest first */
    size_t recent_count;
    struct receiver_range duplicate; /* to be told in the next acknowledgement; empty: none */
    uint64_t acked;                  /* next of the last acknowledgement */
    uint32_t echo_us;                /* TCP: TS.Recent of RFC 7323 */
    uint32_t largest;
    unsigned unacked; /* segments not acknowledged yet */
    bool congestion;  /* seen and not yet answered */
    struct timer delay;
    struct tstamp socket_free_at; /* when all that waits in the socket is read */

    uint64_t measured_from; /* bytes read when the measurement began */
    struct tstamp last_read;
    int64_t longest_stall_ns;
    bool measuring;
    uint64_t duplicates;
    uint64_t out_of_order;
    uint64_t too_old; /* discarded by PAWS */
};

void receiver_init(struct receiver *r, struct net *net, enum segment_kind kind, enum side side,
                   uint16_t port);

/* Goodput and stalls are counted from now on. */
void receiver_measure(struct receiver *r);
uint64_t receiver_measured_bytes(const struct receiver *r);
/* The longest time without new data in order since then, the present one included. */
int64_t receiver_stall_ns(const struct receiver *r);

#endif
