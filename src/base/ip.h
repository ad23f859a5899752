/* SPDX-License-Identifier: ISC */
/*
 * The headers of inner packets: parsed once, where a packet enters (read from the tunnel's device,
 * or opened from a datagram); the result is p->ip (base/pkt.h). Everything else here works from
 * that and does not parse again.
 *
 * ip_parse() reads within the packet's length only, whatever the headers say. Where they do not
 * hold, p->ip tells as much as is certain, without IP_WHOLE. A super-packet is parsed as its first
 * segment, with the lengths of the whole.
 */
#ifndef HAWSER_BASE_IP_H
#define HAWSER_BASE_IP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/be.h"
#include "base/pkt.h"

enum {
    IP_PROTO_TCP = 6,
    IP_PROTO_UDP = 17,
    IP_V4_HEADER_BYTES = 20,
    IP_V6_HEADER_BYTES = 40,
    IP_TCP_HEADER_BYTES = 20,
    IP_UDP_HEADER_BYTES = 8,
    IP_TCP_FIN = 0x01,
    IP_TCP_SYN = 0x02,
    IP_TCP_RST = 0x04,
    IP_TCP_PSH = 0x08,
    IP_TCP_ACK = 0x10,
    IP_TCP_ECE = 0x40,
    IP_TCP_CWR = 0x80,
    IP_TCP_CHECKSUM_AT = 16,
    IP_UDP_CHECKSUM_AT = 6,
};

/* Of p->ip.flags. */
enum ip_flag {
    IP_WHOLE = 1,    /* its headers and lengths hold: it is an IP packet */
    IP_FRAGMENT = 2, /* of a larger packet; an IPv6 one with a fragment header alone is none */
    IP_LATER = 4,    /* a fragment, and not the first */
    IP_PORTS = 8,    /* it begins with a whole header of TCP or UDP */
};

/*
 * Fills in p->ip from the first p->len_bytes of p->data. To be called again by whoever changes
 * headers or length.
 */
void ip_parse(struct pkt *p);

static inline bool ip_is(const struct pkt *p, enum ip_flag flag)
{
    return (p->ip.flags & flag) != 0;
}

/* With p->ip.family 4 or 6: 4 or 16 bytes, in the packet. */
static inline size_t ip_address_bytes(const struct pkt *p)
{
    return p->ip.family == 4 ? 4 : 16;
}

static inline const uint8_t *ip_source(const struct pkt *p)
{
    return p->data + (p->ip.family == 4 ? 12 : 8);
}

static inline const uint8_t *ip_destination(const struct pkt *p)
{
    return p->data + (p->ip.family == 4 ? 16 : 24);
}

/* RFC 3168: 0 not capable, 1 and 2 capable, 3 congestion experienced. */
static inline uint8_t ip_ecn(const struct pkt *p)
{
    return p->ip.tos & 3;
}

static inline uint8_t ip_dscp(const struct pkt *p)
{
    return p->ip.tos >> 2;
}

/* TCP, with or without extension headers; the packet need not be whole. */
static inline bool ip_is_tcp(const struct pkt *p)
{
    return p->ip.protocol == IP_PROTO_TCP && p->ip.family != 0;
}

/* The transport header; with IP_PORTS it is whole. */
static inline const uint8_t *ip_transport(const struct pkt *p)
{
    return p->data + p->ip.l4_offset;
}

/* With IP_WHOLE: where the packet ends by its own words; bytes behind that are padding. */
static inline uint32_t ip_end(const struct pkt *p)
{
    if (p->ip.family == 4)
        return be16_get(p->data + 2);
    uint32_t payload = be16_get(p->data + 4);
    return payload != 0 ? payload + IP_V6_HEADER_BYTES : p->len_bytes;
}

/*
 * Of addresses, protocol and, where there are any, ports; keyed by seed. All fragments of a packet
 * have the same. With IP_WHOLE.
 */
uint32_t ip_flow_hash(const struct pkt *p, uint64_t seed);
/* The hash of the flow in the other direction. */
uint32_t ip_reverse_hash(const struct pkt *p, uint64_t seed);

/* With IP_FRAGMENT: the same for all fragments of a packet, and odd. */
uint64_t ip_fragment_key(const struct pkt *p);

/* What TCP says of itself; all of it is zero where there is no whole TCP header. */
struct ip_tcp {
    bool pure_ack; /* ACK alone, without data, SYN, FIN or RST */
    bool data;     /* data, without SYN and RST */
    uint32_t ack;
    uint32_t end; /* behind its last byte; counted to the end of the packet */
};
struct ip_tcp ip_tcp(const struct pkt *p);

/* Sets congestion experienced (RFC 3168); false if the packet's sender does not speak ECN. */
bool ip_mark_ce(struct pkt *p);

/*
 * Writes the pseudo-header's sum into the transport checksum field of a packet that came with a
 * partial checksum (TCP and UDP); false if it is neither or its header does not hold. *csum_start
 * and *csum_offset are as in virtio's header.
 */
bool ip_partial_checksum(struct pkt *p, uint16_t *csum_start, uint16_t *csum_offset);

/* Completes a partial checksum in software, for a device that cannot. */
bool ip_finish_checksum(struct pkt *p);

#endif
