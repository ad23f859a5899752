/* SPDX-License-Identifier: ISC */
/*
 * A small world for the session's tests: cores joined by an in-memory network in virtual time.
 *
 * Node 0 is the server, whose one listening socket is at SERVER. The others are clients; link L of
 * client N stands behind a NAT at 198.51.(100+N).(L+1), and datagrams take its delay. Losses,
 * changed addresses and MTUs are set in the fields; a hook sees every datagram.
 */
#ifndef HAWSER_TESTS_SESSION_WORLD_H
#define HAWSER_TESTS_SESSION_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/netaddr.h"
#include "base/pkt.h"
#include "base/rng.h"
#include "session/core.h"

enum {
    WORLD_NODES = 104,
    WORLD_LINKS = 4,
    WORLD_EVENTS = 256,
    WORLD_SEEN_MAX = 65536, /* numbers of inner packets */
    WORLD_TIMED_MAX = 1024,
};

struct world_link {
    bool present;
    bool cut; /* nothing passes, and nobody is told */
    double loss;
    int64_t delay_ns;
    uint32_t mtu_bytes;      /* IP packets above it vanish */
    uint32_t mtu_down_bytes; /* the same towards the client, where that differs; 0: not */
    uint8_t cost;
    bool refuse_big;           /* or are refused by the kernel */
    int error;                 /* negative errno of the kernel, of every datagram */
    struct netaddr outside6;   /* family 0: no IPv6 there */
    struct netaddr outside;    /* the address that the server sees */
    struct netaddr gateway;    /* what the client's system says of its way out */
    uint64_t up_bps, down_bps; /* of datagrams with all headers; 0: any */
    struct tstamp up_free_at, down_free_at;
    uint64_t tx_bytes, rx_bytes;
};

struct world_node {
    struct core *core;
    struct pkt_pool *pool;
    struct rng random;
    uint8_t private_key[32];
    uint8_t public_key[32];
    struct netprefix allowed; /* what the other side accepts from this node */
    struct world_link links[WORLD_LINKS];
    size_t delivered_bytes;
    /* settings of the server for this client, for world_start() and world_reload() */
    uint64_t send_limit_bps, receive_limit_bps;
    struct core_event events[WORLD_EVENTS];
    size_t event_count;
    uint8_t seen[WORLD_SEEN_MAX];           /* how often an inner packet with that number came */
    struct tstamp seen_at[WORLD_TIMED_MAX]; /* and when it came last, of the lowest numbers */
    size_t delivered;
};

struct world_datagram {
    struct world_datagram *next;
    struct tstamp at;
    size_t node; /* where it goes */
    uint16_t socket;
    struct netaddr from;
    struct netaddr to;
    size_t len_bytes;
    uint8_t *data; /* owned */
};

enum world_verdict { WORLD_PASS, WORLD_DROP };

struct world {
    struct tstamp now;
    struct world_node *nodes; /* owned; node_count of them */
    size_t node_count;
    struct world_datagram *flying; /* by time of arrival; owned */
    struct rng random;
    struct netaddr stray; /* bytes to that address, which is nobody's: */
    uint64_t stray_bytes;
    uint8_t stray_data[2048]; /* the last of them */
    size_t stray_len;
    size_t stray_relay_max; /* who is there sends datagrams up to that size on to client 1 */
    uint64_t datagrams;
    enum world_verdict (*hook)(struct world *w, struct world_datagram *d, void *arg);
    void *hook_arg;
    /* settings for world_start() */
    int64_t rekey_after_ns;
    int64_t wall_offset_ns[WORLD_NODES];
    uint8_t ciphers[WORLD_NODES];                 /* bits as in struct core_config; 0: both */
    uint8_t preferred_cipher[WORLD_NODES];        /* 0: as this machine would */
    struct netaddr endpoints[CORE_ENDPOINTS_MAX]; /* none: the server's IPv4 address */
    size_t endpoint_count;
    uint64_t uplink_bps; /* of the server */
    uint64_t device_bps; /* all that the server's sockets take; 0: anything */
    struct tstamp device_free_at;
    uint8_t psk[32];
    bool wrong_psk;              /* the clients' differs */
    bool strangers;              /* the server does not know the clients */
    size_t twin_of[WORLD_NODES]; /* a client with the keys and inner address of another; 0: none */
};

/* Clients with so many links each; keys are derived from the node's number. */
struct world *world_new(size_t clients, size_t links);
/* Makes the cores; afterwards world_run(). */
void world_start(struct world *w);
/* A node forgets everything and starts anew. */
void world_restart(struct world *w, size_t node);
/* The server takes its peers' settings anew. */
void world_reload(struct world *w);
/* Frees everything; asserts that no packet buffer is left. */
/* The core's peers are these from now on: others go. */
void world_set_peers(struct core *c, struct tstamp now, const struct core_peer_config *peers,
                     size_t count);
void world_free(struct world *w);

void world_run(struct world *w, int64_t duration_ns);
/* Runs until a client's peer (or the server's towards it) is up; false after that time. */
bool world_run_until_up(struct world *w, size_t client, int64_t patience_ns);

/* Inner IPv4/UDP packet number n of len bytes from one node to another (source_of: whose address).
 */
void world_send(struct world *w, size_t from, size_t to, uint16_t n, size_t len_bytes);
void world_send_as(struct world *w, size_t from, size_t to, size_t source_of, uint16_t n,
                   size_t len_bytes);
/* The same of one flow of many. */
void world_send_flow(struct world *w, size_t from, size_t to, uint16_t flow, uint16_t n,
                     size_t len_bytes);
/* A datagram that some stranger injects. */
void world_inject(struct world *w, size_t node, uint16_t socket, const struct netaddr *from,
                  const uint8_t *data, size_t len_bytes);

void world_link_event(struct world *w, size_t node, uint16_t link, bool present, bool carrier,
                      uint8_t use);
uint64_t world_drops(const struct world *w, size_t node, enum core_drop reason);
struct core_peer_status world_status(const struct world *w, size_t node, size_t peer);
struct netaddr world_server_address(void);
struct netaddr world_server_address6(void);

#endif
