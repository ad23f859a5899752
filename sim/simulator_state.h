/* SPDX-License-Identifier: ISC */
/* What a simulation consists of: for simulator.c, which runs it, and result.c, which sums up. */
#ifndef HAWSER_SIM_SIMULATOR_STATE_H
#define HAWSER_SIM_SIMULATOR_STATE_H

#include "sim/direct.h"
#include "sim/probe.h"
#include "sim/receiver.h"
#include "sim/run.h"
#include "sim/sender.h"
#include "sim/trace.h"
#include "sim/tunnel.h"

struct stream {
    enum link_direction direction;
    struct tstamp began;
    uint64_t bytes; /* that it carries; 0: no end */
    bool page;      /* of a web page */
    struct sender sender;
    struct receiver receiver;
};

/* Its packets are none of the tunnel's, so they are checked apart. */
struct foreign {
    struct check check;
    struct net net;
    struct direct direct;
    struct stream stream;
};

struct simulator {
    const struct sim_config *config; /* not owned */
    struct events events;
    struct check check;
    struct net net;
    struct pkt_pool *pool[SIDES];
    struct tunnel tunnel;
    struct direct direct;
    struct linkspecs ideal; /* one link; its traces are not its own */
    struct wires *wires;    /* the carrier's */
    struct stream *streams; /* owned */
    size_t stream_count;
    struct datagrams datagrams[LINK_DIRECTIONS];
    struct probe ping;
    struct probe call[LINK_DIRECTIONS];
    struct foreign foreign;
    struct series queue[LINKSPEC_LINKS_MAX][LINK_DIRECTIONS];
    struct tstamp measured_from; /* NEVER: not yet */
    struct trace trace;
    /* when the measurement began */
    struct link_counters counters[LINKSPEC_LINKS_MAX][LINK_DIRECTIONS];
    bool flowing;
    struct tstamp dead_until; /* when all links were last away */
};

/* Inner packets are as large as this. */
static inline uint32_t simulator_mtu_bytes(const struct simulator *s)
{
    if (s->config->carrier == SIM_TUNNEL)
        return tunnel_mtu_bytes(&s->tunnel);
    return s->config->carrier == SIM_LINK ? s->config->links->link[s->config->via].mtu_bytes
                                          : DIRECT_MTU_BYTES;
}

#endif
