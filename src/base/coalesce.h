/* SPDX-License-Identifier: ISC */
/*
 * Merges inner packets that follow each other in one flow into a super-packet, so that the tunnel
 * device is written once for all of them.
 *
 * What the receiving host sees is what it would have seen from the packets one by one: they are
 * merged only where cutting the super-packet up again gives the same packets back. Never waits for
 * more, and never copies: the header of the first packet becomes that of the whole, in place, and
 * the others' headers are skipped.
 */
#ifndef HAWSER_BASE_COALESCE_H
#define HAWSER_BASE_COALESCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/pkt.h"

enum { COALESCE_PACKETS_MAX = 128 };

/* A packet that may be part of a super-packet: where its headers are. */
struct coalesce_part {
    const uint8_t *ip;
    const uint8_t *l4;
    bool ipv4;
    bool tcp;
    uint16_t header_bytes; /* 0: it cannot be part of one */
    uint32_t payload_bytes;
};

/* All zero is a group without packets, of a device that takes no UDP super-packets. */
struct coalesce {
    bool udp;     /* set by the owner: the device takes UDP super-packets */
    size_t count; /* packets in the group */
    struct pkt *packets[COALESCE_PACKETS_MAX]; /* the caller's references */
    struct coalesce_part first;
    uint32_t payload_bytes; /* of all */
    bool closed;            /* nothing may follow the last */
    bool push;              /* TCP PSH, of the last */
};

/* Forgets the packets of the group, which the caller has written and given back. */
void coalesce_init(struct coalesce *c);

/*
 * Adds p to the group: always if the group is empty, else only if it continues it. False: the group
 * is to be written first.
 */
bool coalesce_add(struct coalesce *c, struct pkt *p);

/* The group as one packet to write, in virtio's terms. */
struct coalesce_result {
    enum pkt_gso gso;
    uint16_t gso_size;     /* with gso: payload bytes of all packets but the last */
    uint16_t header_bytes; /* with gso */
    bool csum_partial;     /* the checksum field holds the pseudo-header's sum */
    uint16_t csum_start;
    uint16_t csum_offset;
};

/* Writes the group's header into its first packet (count >= 1). */
struct coalesce_result coalesce_finish(struct coalesce *c);

/* Bytes of packet i that the group's header replaces: 0 for the first. */
static inline size_t coalesce_skip(const struct coalesce *c, size_t i)
{
    return i == 0 ? 0 : c->first.header_bytes;
}

#endif
