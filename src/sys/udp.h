/* SPDX-License-Identifier: ISC */
/*
 * UDP sockets: bound to an interface or to an address, with segmentation offload on sending
 * (UDP_SEGMENT) and coalescing on receiving (UDP_GRO) where the kernel has them.
 */
#ifndef HAWSER_SYS_UDP_H
#define HAWSER_SYS_UDP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/netaddr.h"

enum {
    UDP_SEND_BYTES_MAX = 65507,
    UDP_BATCH = 16,           /* reads per call of single datagrams */
    UDP_BATCH_COALESCED = 4,  /* and with GRO: as much as the cache keeps until it is opened */
    UDP_READ_BYTES = 65536,   /* each */
    UDP_DATAGRAMS_MAX = 1024, /* what UDP_BATCH coalesced reads may hold together */
};

struct udp {
    int fd;    /* owned */
    bool ipv6; /* an IPv6 socket, that speaks IPv4 by mapped addresses too */
    bool gso;  /* cleared at run time when the kernel or the device refuses */
    bool gro;
    bool errors; /* see udp_watch_errors() */
};

struct udp_options {
    struct netaddr local;  /* family 0: any address; port 0: any port */
    const char *interface; /* NULL: not bound to one */
    uint32_t mark;         /* SO_MARK; 0: none */
    bool listening;        /* tells the local address of each datagram */
    bool no_gso, no_gro;   /* for tests of the fallbacks */
};

/* Needs CAP_NET_RAW or root for an interface and for a mark. 0 or negative errno. */
int udp_open(struct udp *u, const struct udp_options *options);
void udp_close(struct udp *u);

/*
 * A second socket at the address of one that udp_open() opened with the same options: from now on
 * it gets the datagrams of len_bytes, and u all others. Of others only programs of the same user
 * could share the port. 0 or negative errno; then u has all.
 */
int udp_open_apart(struct udp *apart, struct udp *u, const struct udp_options *options,
                   uint16_t len_bytes);

/* A socket that another process opened, with its features asked anew. */
int udp_adopt(struct udp *u, int fd);

/*
 * Sends len_bytes as datagrams of segment_bytes each, the last may be shorter. from: source address
 * on a listening socket, family 0: any. 0 when all were taken, else negative errno; a refusal of
 * segmentation is healed by sending one by one.
 */
int udp_send(struct udp *u, const struct netaddr *to, const struct netaddr *from,
             const uint8_t *data, size_t len_bytes, size_t segment_bytes);

/* What this socket sent that still waits in this machine for its device, as the kernel counts it.
 */
uint32_t udp_unsent_bytes(const struct udp *u);

/*
 * From now on what routers and hosts say by ICMP of the datagrams sent is kept for
 * udp_read_error(), and makes the socket ready with LOOP_ERROR; or no longer. It costs nothing
 * while nobody says anything. Anybody could forge it.
 */
int udp_watch_errors(struct udp *u, bool on);

struct udp_error {
    struct netaddr to; /* of the datagram */
    int error;         /* positive errno, as ECONNREFUSED */
};

/* Takes the next; false: none waits. */
bool udp_read_error(struct udp *u, struct udp_error *out);

struct udp_datagram {
    const uint8_t *data; /* into the reader's buffer, until the next read */
    size_t len_bytes;
    struct netaddr from;
    struct netaddr to; /* family 0: unknown */
};

struct udp_reader; /* buffers for one read at a time, shared by the sockets of a process */

struct udp_reader *udp_reader_new(void);
void udp_reader_free(struct udp_reader *r);

/* Number of datagrams, 0: none waits, negative errno. *out: valid until the next read. */
int udp_read(struct udp *u, struct udp_reader *r, const struct udp_datagram **out);

#endif
