/* SPDX-License-Identifier: ISC */
/*
 * Flows of UDP that heed nothing: each sends packets of one size at one rate, whatever becomes of
 * them. Cameras, telemetry, games, floods.
 */
#ifndef HAWSER_SIM_DATAGRAMS_H
#define HAWSER_SIM_DATAGRAMS_H

#include "base/rng.h"
#include "sim/net.h"

enum {
    DATAGRAMS_FLOWS_MAX = 3000,
    DATAGRAMS_BYTES_MIN = SEGMENT_IP_BYTES + 8 + SEGMENT_PAYLOAD_MIN
};

struct datagrams_config {
    unsigned flows;        /* 0: there are none */
    uint32_t packet_bytes; /* of IP; DATAGRAMS_BYTES_MIN at least */
    double rate_bps;       /* of them all together, in bytes of IP */
};

struct datagrams_flow {
    uint32_t next;
    uint64_t bytes; /* arrived */
    uint64_t measured_from;
};

struct datagrams {
    struct net *net; /* not owned */
    struct datagrams_config config;
    enum side side; /* that sends */
    uint16_t port;  /* of the first flow; the others have every second one behind it */
    struct rng random;
    struct datagrams_flow *flow; /* owned; config.flows of them */
};

void datagrams_init(struct datagrams *d, struct net *net, const struct datagrams_config *config,
                    enum side side, uint16_t port, uint64_t seed);
void datagrams_free(struct datagrams *d);

/* Each begins within its first interval, or within the first second if that is longer. */
void datagrams_start(struct datagrams *d);
/* What arrives is counted from now on. */
void datagrams_measure(struct datagrams *d);
uint64_t datagrams_measured_bytes(const struct datagrams *d, unsigned flow);

#endif
