/* SPDX-License-Identifier: ISC */
/*
 * The engine's packet path: moves batches between TUN, UDP sockets and the core, once a turn.
 */
#ifndef HAWSER_ENGINE_DATAPLANE_H
#define HAWSER_ENGINE_DATAPLANE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/pkt.h"
#include "base/tstamp.h"
#include "session/core.h"
#include "sys/loop.h"
#include "sys/tun.h"
#include "sys/udp.h"

struct dataplane;
struct policy_set;

struct dataplane_config {
    struct core *core;     /* borrowed */
    struct pkt_pool *pool; /* borrowed */
    struct loop *loop;     /* borrowed */
    int tun_fd;            /* taken over */
    enum tun_offload tun_offload;
    bool udp_gso; /* may be used */
};

/* NULL when there is no memory or the device cannot be watched. */
struct dataplane *dataplane_new(const struct dataplane_config *config);
/* Closes the device and every socket. */
void dataplane_free(struct dataplane *d);

/* Another device takes the place of the one before; fd is the dataplane's, also after a failure. */
int dataplane_replace_tun(struct dataplane *d, int fd, enum tun_offload offload);

/* A socket by the core's number: a link's, or CORE_SOCKET_LISTEN + n. Replaces one of the same
 * number. Takes fd over, also on failure. 0 or negative errno. */
int dataplane_add_socket(struct dataplane *d, uint16_t number, int fd);
/* The one that gets the peers' beats to that socket, which stay there for some milliseconds: many
 * are read at once. Takes the descriptor over. */
int dataplane_add_beats(struct dataplane *d, uint16_t number, int fd);
void dataplane_remove_socket(struct dataplane *d, uint16_t number);

/* Whether what ICMP says of sent datagrams is of interest; at first it is. */
void dataplane_watch_errors(struct dataplane *d, bool on);

/*
 * After the callbacks of a turn: ticks the core and hands out what it wants sent and written.
 * The caller then takes the core's events. Returns when to be called again at the latest.
 */
struct tstamp dataplane_flush(struct dataplane *d, struct tstamp now);

/* The policies of what is read from the device from now on: borrowed; NULL: none. */
void dataplane_set_policies(struct dataplane *d, struct policy_set *policies);

/* IP packets that a socket sent and received since the start, whatever was bound to its number. */
uint64_t dataplane_socket_bytes(const struct dataplane *d, uint16_t link);

struct dataplane_stats {
    enum tun_offload tun_offload;
    bool udp_gso; /* by every socket */
    bool udp_gro;
    uint64_t tun_read_packets; /* without those that were dropped */
    uint64_t tun_written_packets;
    uint64_t tun_read_drops;  /* no buffer, or malformed */
    uint64_t tun_write_drops; /* refused by the device */
    uint64_t turns;
};

void dataplane_stats(const struct dataplane *d, struct dataplane_stats *out);

#endif
