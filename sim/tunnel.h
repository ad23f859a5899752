/* SPDX-License-Identifier: ISC */
/*
 * A client with its links and a server, each the real core with a driver loop like the daemon's:
 * datagrams that came, packets from the tunnel device, the clock, then everything that is to leave.
 * Computing takes no time.
 */
#ifndef HAWSER_SIM_TUNNEL_H
#define HAWSER_SIM_TUNNEL_H

#include "session/core.h"
#include "sim/net.h"
#include "sim/wires.h"

struct tunnel;

struct tunnel_datagram {
    uint16_t socket;
    struct netaddr from;
    struct netaddr to;
    size_t len_bytes;
    uint8_t *data; /* owned, WIRES_FRAME_BYTES_MAX */
};

enum { TUNNEL_BATCH = 64 };

struct tunnel_node {
    struct tunnel *tunnel; /* not owned */
    enum side side;
    struct core *core; /* owned */
    struct rng random;
    struct tunnel_datagram received[TUNNEL_BATCH];
    size_t received_count;
    struct pkt_list from_tun;
    struct timer timer;
    bool awake;     /* the loop runs, or will run at this instant */
    unsigned spins; /* loops in a row at a deadline that was not in the future */
};

struct tunnel {
    struct net *net;               /* not owned */
    const struct linkspecs *specs; /* not owned */
    struct wires wires;
    struct tunnel_node node[SIDES];
    uint16_t link_port[LINKSPEC_LINKS_MAX]; /* as the provider's NAT shows it to the server */
    bool link_present[LINKSPEC_LINKS_MAX];
    bool verbose;
    bool redundant_pings;
    uint32_t standby;
    bool peer_up[SIDES];
    uint64_t tx_datagrams;
    uint64_t dropped_too_big; /* in the network */
    uint64_t path_downs;
    uint64_t slow[2]; /* paths that became far slower, and that were no longer so */
};

struct tunnel_config {
    const struct linkspecs *specs;
    uint64_t seed;
    bool cipher;  /* real encryption */
    bool verbose; /* events of the cores to stderr */
    bool redundant_pings;
    uint32_t standby; /* bit mask of links */
    int64_t rekey_after_ns;
};

/* Becomes the net's carrier. False: the core could not be made. */
bool tunnel_init(struct tunnel *t, struct net *net, const struct tunnel_config *config);
/* Says goodbye, frees both cores and gives every buffer back. */
void tunnel_free(struct tunnel *t);

/* The client's interface loses or regains its carrier (unlike wires_cut(), which nobody tells). */
void tunnel_carrier(struct tunnel *t, size_t link, bool carrier);
/* The provider's NAT forgets its mapping: the server sees another port from now on. */
void tunnel_rebind(struct tunnel *t, size_t link);
/* The smaller MTU of both ends; 0: not known yet. */
uint32_t tunnel_mtu_bytes(const struct tunnel *t);

#endif
