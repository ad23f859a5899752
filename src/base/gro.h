/* SPDX-License-Identifier: ISC */
/*
 * Merges inner packets (parsed by base/ip.h) that follow each other in one flow into a
 * super-packet, so that the tunnel device is written once for all of them.
 *
 * What the receiving host sees is what it would have seen from the packets one by one: they are
 * merged only where cutting the super-packet up again gives the same packets back. Never waits for
 * more, and never copies: the header of the first packet becomes that of the whole, in place, and
 * the others' headers are skipped.
 */
#ifndef HAWSER_BASE_GRO_H
#define HAWSER_BASE_GRO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/pkt.h"

enum { GRO_PACKETS_MAX = 128 };

/* A packet that may be part of a super-packet. */
struct gro_part {
    const uint8_t *ip; /* its headers */
    const uint8_t *l4;
    bool ipv4;
    bool tcp;
    uint16_t header_bytes; /* 0: it cannot be part of one */
    uint32_t payload_bytes;
};

/* All zero is a group without packets, of a device that takes no UDP super-packets. */
struct gro {
    bool udp;                             /* set by the owner: the device takes UDP super-packets */
    size_t count;                         /* packets in the group */
    struct pkt *packets[GRO_PACKETS_MAX]; /* the caller's references */
    struct gro_part first;
    uint32_t payload_bytes; /* of all */
    bool closed;            /* nothing may follow the last */
    bool push;              /* TCP PSH, of the last */
};

/* Forgets the packets of the group, which the caller has written and given back. */
void gro_init(struct gro *c);

/*
 * Adds p to the group: always if the group is empty, else only if it continues it. False: the group
 * is to be written first.
 */
bool gro_add(struct gro *c, struct pkt *p);

/* The group as one packet to write, in virtio's terms. */
struct gro_result {
    enum pkt_gso gso;
    uint16_t gso_size;     /* with gso: payload bytes of all packets but the last */
    uint16_t header_bytes; /* with gso */
    bool csum_partial;     /* the checksum field holds the pseudo-header's sum */
    uint16_t csum_start;
    uint16_t csum_offset;
};

/* Writes the group's header into its first packet (count >= 1). */
struct gro_result gro_finish(struct gro *c);

/* Bytes of packet i that the group's header replaces: 0 for the first. */
static inline size_t gro_skip(const struct gro *c, size_t i)
{
    return i == 0 ? 0 : c->first.header_bytes;
}

#endif
