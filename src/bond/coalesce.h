/* SPDX-License-Identifier: ISC */
/*
 * Joins consecutive TCP segments of a flow, as they come out of a lane, into one super-packet for
 * the tunnel device, without copying: the pieces stay where they are.
 *
 * Segments join when all of their headers are equal but for lengths, IP id, sequence, checksum and
 * PSH; each continues the one before; all but the last have the same size; PSH ends the packet.
 * Only packets with a partial checksum are joined: the others would have to be verified first, for
 * a super-packet's checksum is computed anew. No packet ever waits for another.
 */
#ifndef HAWSER_BOND_COALESCE_H
#define HAWSER_BOND_COALESCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/pkt.h"

enum {
    COALESCE_PACKETS_MAX = 64,
    COALESCE_BYTES_MAX = 60000,
};

struct coalesce {
    struct pkt *packets[COALESCE_PACKETS_MAX]; /* references are the caller's */
    size_t count;
    uint32_t len_bytes;     /* of the super-packet */
    uint16_t header_bytes;  /* 0: the first packet cannot be joined */
    uint16_t segment_bytes; /* payload of the first */
    uint8_t l4_offset;
    uint32_t next_sequence;
    bool ended; /* nothing may follow */
};

void coalesce_init(struct coalesce *c);

/* True: p joined (the first always does). False: finish this one and begin anew. */
bool coalesce_add(struct coalesce *c, struct pkt *p);

/* What is to be written: the header of the first packet is made to fit the whole. */
struct coalesce_result {
    enum pkt_gso gso; /* NONE for a single packet */
    uint16_t gso_size;
    uint16_t header_bytes;
    bool csum_partial;
    uint16_t csum_start;
    uint16_t csum_offset;
};

struct coalesce_result coalesce_finish(struct coalesce *c);

/* Bytes at the front of packet i that are not written: 0 for the first, its header for others. */
size_t coalesce_skip(const struct coalesce *c, size_t i);

#endif
