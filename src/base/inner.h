/* SPDX-License-Identifier: ISC */
/*
 * What hawser must know of inner packets: their flow, whether they are pure TCP acknowledgements,
 * how to cut a super-packet into segments, and checksums.
 */
#ifndef HAWSER_BASE_INNER_H
#define HAWSER_BASE_INNER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/pkt.h"

enum { INNER_HEADER_MAX = 192 }; /* longest IP and transport header that is segmented */

struct inner_info {
    uint8_t family;        /* 4 or 6 */
    uint8_t protocol;      /* transport, behind IPv6 extension headers; 0 for later fragments */
    uint8_t ecn;           /* RFC 3168: 0 not capable, 1 and 2 capable, 3 congestion experienced */
    uint8_t l4_offset;     /* bytes to the transport header; 0 if there is none in this packet */
    uint32_t flow_hash;    /* of addresses, protocol and ports, keyed by seed */
    bool pure_ack;         /* TCP ACK alone, without data, SYN, FIN or RST */
    uint32_t tcp_ack;      /* its acknowledgement number */
    bool tcp_data;         /* TCP with data, without SYN and RST */
    uint32_t tcp_end;      /* behind its last byte; counted to the end of the packet */
    const uint8_t *source; /* 4 or 16 bytes, into the packet */
    const uint8_t *destination;
};

/* False: not an IPv4 or IPv6 packet whose headers are whole. Reads only within len_bytes. */
bool inner_parse(const uint8_t *data, size_t len_bytes, uint64_t seed, struct inner_info *out);

/* Whether it begins as TCP over IPv4 or IPv6 without extension headers; headers need not be whole.
 */
bool inner_is_tcp(const uint8_t *data, size_t len_bytes);

/* The hash of the flow in the other direction; i: of the packet at data. */
uint32_t inner_reverse_hash(const uint8_t *data, const struct inner_info *i, uint64_t seed);

/* Sets congestion experienced (RFC 3168); false if the packet's sender does not speak ECN. */
bool inner_mark_ce(uint8_t *data, size_t len_bytes);

/*
 * The header of segment seg of super-packet p (p->gso is not NONE) into out: lengths, IPv4 id and
 * checksum, TCP sequence and flags set; the transport checksum is left partial. Returns its length,
 * 0 if p is malformed (a header that does not hold).
 */
size_t inner_segment_header(const struct pkt *p, uint16_t seg, uint8_t out[INNER_HEADER_MAX]);

/*
 * Writes the pseudo-header's sum into the transport checksum field of a packet that came with a
 * partial checksum (TCP and UDP); returns false if it is neither or its header does not hold.
 * *csum_start and *csum_offset are as in virtio's header.
 */
bool inner_partial_checksum(uint8_t *data, size_t len_bytes, uint16_t *csum_start,
                            uint16_t *csum_offset);

/* Completes a partial checksum in software, for a device that cannot. */
bool inner_finish_checksum(uint8_t *data, size_t len_bytes);

/* RFC 1071 sum of data, added to a running sum; fold with inner_fold(). */
uint64_t inner_sum(const uint8_t *data, size_t len_bytes, uint64_t sum);
uint16_t inner_fold(uint64_t sum);

#endif
