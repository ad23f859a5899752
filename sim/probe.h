/* SPDX-License-Identifier: ISC */
/*
 * Flows of small packets every 20 ms that measure delay: a ping from the client to the server and
 * back, or a call, 64 kbit/s of UDP one way.
 */
#ifndef HAWSER_SIM_PROBE_H
#define HAWSER_SIM_PROBE_H

#include "sim/net.h"
#include "sim/series.h"

enum { PROBE_INTERVAL_MS = 20, PROBE_CALL_BYTES = 160 };

struct probe {
    struct net *net;        /* not owned */
    enum segment_kind kind; /* SEGMENT_ECHO or SEGMENT_UDP */
    enum side side;         /* who sends first */
    uint16_t port;
    int64_t interval_ns; /* PROBE_INTERVAL_MS, or set by the caller */
    uint32_t next;
    struct tstamp measure_from; /* what is sent from here */
    struct tstamp measure_to;   /* to here */
    struct tstamp last_arrival;
    int64_t longest_gap_ns; /* between arrivals, while measured */
    uint64_t sent;          /* while measured */
    struct series delays;   /* round trip of pings, one way of calls */
};

void probe_init(struct probe *p, struct net *net, enum segment_kind kind, enum side side,
                uint16_t port);
void probe_free(struct probe *p);
/* Sends from now on and counts what is sent between those times. */
void probe_start(struct probe *p, struct tstamp measure_from, struct tstamp measure_to);
/* Share of what was sent that arrived within that delay. */
double probe_in_time(const struct probe *p, int64_t most_ns);

#endif
