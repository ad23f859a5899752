/* SPDX-License-Identifier: ISC */
/*
 * The two hosts behind the tunnel: flows send inner packets through net_send(); whatever carries
 * them (the tunnel, or a link alone) gives them to net_deliver(), which checks them and hands them
 * to the flow's other end by the port.
 */
#ifndef HAWSER_SIM_NET_H
#define HAWSER_SIM_NET_H

#include "base/pkt.h"
#include "sim/check.h"
#include "sim/events.h"
#include "sim/segment.h"

enum { NET_PORT_FIRST = 20000, NET_PORTS_MAX = 8192 };

struct net_endpoint {
    void (*receive)(void *owner, const struct segment *s);
    void *owner; /* not owned */
};

struct net {
    struct events *events; /* not owned, as all here */
    struct pkt_pool *pool[SIDES];
    struct check *check;
    void (*carry)(void *carrier, enum side from, struct pkt *p); /* takes p over */
    void *carrier;
    uint32_t next_id[SIDES];
    struct net_endpoint endpoints[SIDES][NET_PORTS_MAX];
    uint64_t sent[SIDES];
    uint64_t delivered[SIDES]; /* of those that this side sent */
    struct tstamp last_delivery[SIDES];
    uint64_t icmp_errors;
    uint64_t pool_empty;
};

void net_init(struct net *n, struct events *events, struct check *check);

void net_attach(struct net *n, enum side side, uint16_t port,
                void (*receive)(void *owner, const struct segment *s), void *owner);

/* s->id is given here. count > 1: a TCP super-packet. */
void net_send(struct net *n, struct segment *s, uint16_t count);

/* Takes p over. */
void net_deliver(struct net *n, enum side to, struct pkt *p);

/* The simulated hosts' clock of 32 bits. */
static inline uint32_t net_clock_us(const struct net *n)
{
    return (uint32_t)(n->events->now.ns / NS_PER_US);
}

#endif
