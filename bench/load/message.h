/* SPDX-License-Identifier: ISC */
/*
 * What the simulated clients and the far end say inside the tunnel: UDP over IPv4, padded to the
 * size that is asked for. Both run on one machine, so numbers are as the machine has them.
 */
#ifndef HAWSER_BENCH_MESSAGE_H
#define HAWSER_BENCH_MESSAGE_H

#include <stdint.h>
#include <string.h>

enum {
    MESSAGE_PORT = 9007,       /* of the far end */
    MESSAGE_FLOW_PORT = 20000, /* of a client's first flow */
    MESSAGE_FLOWS_MAX = 64,
    MESSAGE_BYTES_MAX = 1400,
    MESSAGE_HEADERS_BYTES = 28, /* IPv4 and UDP */
};

enum message_type {
    MESSAGE_DATA, /* counted by who gets it; at: when it was sent */
    MESSAGE_WANT, /* send me packets_wanted of bytes_each, one every interval_ns */
    MESSAGE_ASK,  /* what did you get of me, and send me, in this run? */
    MESSAGE_TOLD, /* received and sent */
};

struct message {
    uint32_t type;
    uint32_t run; /* counts begin anew with another */
    int64_t at_ns;
    int64_t interval_ns;
    uint32_t packets_wanted;
    uint32_t bytes_each; /* of the inner packet */
    uint64_t received;
    uint64_t sent;
};

static inline void message_put(uint8_t *out, const struct message *m)
{
    memcpy(out, m, sizeof *m);
}

static inline void message_get(struct message *m, const uint8_t *in)
{
    memcpy(m, in, sizeof *m);
}

#endif
