/* SPDX-License-Identifier: ISC */
/* Where a datagram goes: out of which socket, to which address, from which of ours. */
#ifndef HAWSER_SESSION_ROUTE_H
#define HAWSER_SESSION_ROUTE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/netaddr.h"

struct route {
    uint16_t socket;
    struct netaddr to;
    struct netaddr from; /* family 0: any */
};

/* The source address is not compared: it only follows from where the peer sent to. */
static inline bool route_equal(const struct route *a, const struct route *b)
{
    return a->socket == b->socket && netaddr_equal(&a->to, &b->to);
}

static inline uint32_t route_overhead_bytes(const struct route *r)
{
    return r->to.family == 6 ? 48 : 28;
}

#endif
