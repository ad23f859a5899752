/* SPDX-License-Identifier: ISC */
#include "base/ip.h"

#include <string.h>

#include "base/checksum.h"

enum {
    PROTO_HOPOPTS = 0,
    PROTO_ROUTING = 43,
    PROTO_FRAGMENT = 44,
    PROTO_DSTOPTS = 60,
    FRAGMENT_HEADER = 8,
    IPV4_MORE = 0x2000,
    IPV4_OFFSET = 0x1fff,
    IPV6_MORE = 0x0001,
    IPV6_OFFSET = 0xfff8,
};

/* l4: the transport header, of which there are len bytes, maybe none. */
static void parse_transport(struct pkt_ip *ip, const uint8_t *l4, size_t len)
{
    size_t header = IP_UDP_HEADER_BYTES;
    if (ip->protocol == IP_PROTO_TCP) {
        if (len < IP_TCP_HEADER_BYTES)
            return;
        header = (size_t)(l4[12] >> 4) * 4;
        if (header < IP_TCP_HEADER_BYTES)
            return;
    } else if (ip->protocol != IP_PROTO_UDP) {
        return;
    }
    if (header > len)
        return;
    ip->flags |= IP_PORTS;
    ip->payload_offset = (uint16_t)(ip->payload_offset + header);
}

static void parse_ipv4(struct pkt_ip *ip, const uint8_t *d, size_t len)
{
    size_t header = (size_t)(d[0] & 15) * 4;
    size_t total = be16_get(d + 2);
    ip->family = 4;
    ip->tos = d[1];
    ip->protocol = d[9];
    if (header < IP_V4_HEADER_BYTES || total < header || total > len)
        return;
    ip->flags = IP_WHOLE;
    ip->payload_offset = (uint16_t)header;
    uint16_t fragment = be16_get(d + 6);
    if ((fragment & (IPV4_MORE | IPV4_OFFSET)) != 0) {
        ip->flags |= (fragment & IPV4_OFFSET) != 0 ? IP_FRAGMENT | IP_LATER : IP_FRAGMENT;
        return;
    }
    ip->l4_offset = (uint8_t)header;
    parse_transport(ip, d + header, total - header);
}

static bool is_extension(uint8_t protocol)
{
    return protocol == PROTO_HOPOPTS || protocol == PROTO_ROUTING || protocol == PROTO_FRAGMENT ||
           protocol == PROTO_DSTOPTS;
}

/*
 * Behind the header of a fragment nothing is read: what follows is a part of the packet, or of its
 * headers. A packet that is one fragment alone (RFC 6946) goes on like any other.
 */
static void parse_extensions(struct pkt_ip *ip, const uint8_t *d, size_t len)
{
    size_t at = IP_V6_HEADER_BYTES;
    uint8_t protocol = ip->protocol;
    uint16_t fragment = 0;
    while (is_extension(protocol) && at <= UINT8_MAX && fragment == 0) {
        if (at + 8 > len)
            return;
        size_t size = ((size_t)d[at + 1] + 1) * 8;
        if (protocol == PROTO_FRAGMENT) {
            fragment = be16_get(d + at + 2) & (IPV6_OFFSET | IPV6_MORE);
            size = FRAGMENT_HEADER;
        }
        protocol = d[at];
        at += size;
    }
    if (at > len)
        return;
    ip->flags = IP_WHOLE;
    ip->protocol = protocol;
    ip->payload_offset = (uint16_t)at;
    if (fragment != 0) {
        ip->flags |= (fragment & IPV6_OFFSET) != 0 ? IP_FRAGMENT | IP_LATER : IP_FRAGMENT;
    } else if (at <= UINT8_MAX) {
        ip->l4_offset = (uint8_t)at;
        parse_transport(ip, d + at, len - at);
    }
}

static void parse_ipv6(struct pkt_ip *ip, const uint8_t *d, size_t len)
{
    size_t payload = be16_get(d + 4);
    ip->family = 6;
    ip->tos = (uint8_t)(d[0] << 4 | d[1] >> 4);
    ip->protocol = d[6];
    if (payload + IP_V6_HEADER_BYTES > len)
        return;
    /* A length of zero is a jumbogram or a super-packet: take what is there. */
    parse_extensions(ip, d, payload != 0 ? payload + IP_V6_HEADER_BYTES : len);
}

void ip_parse(struct pkt *p)
{
    uint8_t version = p->len_bytes >= IP_V4_HEADER_BYTES ? p->data[0] >> 4 : 0;
    p->ip = (struct pkt_ip){ 0 };
    if (version == 4)
        parse_ipv4(&p->ip, p->data, p->len_bytes);
    else if (version == 6 && p->len_bytes >= IP_V6_HEADER_BYTES)
        parse_ipv6(&p->ip, p->data, p->len_bytes);
}

static uint64_t mix(uint64_t h, uint64_t v)
{
    h = (h ^ v) * UINT64_C(0x9e3779b97f4a7c15);
    return h ^ (h >> 29);
}

static uint32_t hash_flow(const struct pkt *p, const uint8_t *from, const uint8_t *to,
                          uint32_t ports, uint64_t seed)
{
    size_t n = ip_address_bytes(p);
    uint64_t h = mix(seed, p->ip.protocol);
    for (size_t at = 0; at < n; at += 4)
        h = mix(h, (uint64_t)be32_get(from + at) << 32 | be32_get(to + at));
    if (ip_is(p, IP_PORTS))
        h = mix(h, ports);
    return (uint32_t)(mix(h, 0) >> 32); /* once more: the ports have met one round only */
}

static uint32_t ports_of(const struct pkt *p)
{
    return ip_is(p, IP_PORTS) ? be32_get(ip_transport(p)) : 0;
}

uint32_t ip_flow_hash(const struct pkt *p, uint64_t seed)
{
    return hash_flow(p, ip_source(p), ip_destination(p), ports_of(p), seed);
}

uint32_t ip_reverse_hash(const struct pkt *p, uint64_t seed)
{
    uint32_t ports = ports_of(p);
    return hash_flow(p, ip_destination(p), ip_source(p), ports << 16 | ports >> 16, seed);
}

/* FNV-1a, of Fowler, Noll and Vo. */
static uint64_t mix_bytes(uint64_t h, const uint8_t *data, size_t len)
{
    for (size_t i = 0; i < len; i++)
        h = (h ^ data[i]) * UINT64_C(0x100000001b3);
    return h;
}

uint64_t ip_fragment_key(const struct pkt *p)
{
    uint64_t h = mix_bytes(UINT64_C(0xcbf29ce484222325), ip_source(p), 2 * ip_address_bytes(p));
    if (p->ip.family == 4)
        return mix_bytes(mix_bytes(h, p->data + 9, 1), p->data + 4, 2) | 1;
    return mix_bytes(h, p->data + p->ip.payload_offset - 4, 4) | 1;
}

struct ip_tcp ip_tcp(const struct pkt *p)
{
    if (!ip_is(p, IP_PORTS) || p->ip.protocol != IP_PROTO_TCP)
        return (struct ip_tcp){ 0 };
    const uint8_t *l4 = ip_transport(p);
    uint32_t payload = ip_end(p) - p->ip.payload_offset;
    uint8_t flags = l4[13];
    return (struct ip_tcp){
        .pure_ack = payload == 0 &&
                    (flags & (IP_TCP_ACK | IP_TCP_FIN | IP_TCP_SYN | IP_TCP_RST)) == IP_TCP_ACK,
        .data = payload > 0 && (flags & (IP_TCP_SYN | IP_TCP_RST)) == 0,
        .ack = be32_get(l4 + 8),
        .end = be32_get(l4 + 4) + payload,
    };
}

bool ip_mark_ce(struct pkt *p)
{
    uint8_t *d = p->data;
    if (!ip_is(p, IP_WHOLE) || ip_ecn(p) == 0)
        return false;
    if (ip_ecn(p) == 3)
        return true;
    p->ip.tos |= 3;
    if (p->ip.family == 6) {
        d[1] |= 0x30;
        return true;
    }
    /* RFC 1624, equation 3: HC' = ~(~HC + ~m + m'). */
    uint16_t before = be16_get(d);
    d[1] |= 3;
    uint64_t sum = (uint64_t)(uint16_t)~be16_get(d + 10) + (uint16_t)~before + be16_get(d);
    be16_put(d + 10, (uint16_t)~checksum_fold(sum));
    return true;
}

bool ip_partial_checksum(struct pkt *p, uint16_t *csum_start, uint16_t *csum_offset)
{
    if (!ip_is(p, IP_PORTS))
        return false;
    *csum_start = p->ip.l4_offset;
    *csum_offset = p->ip.protocol == IP_PROTO_TCP ? IP_TCP_CHECKSUM_AT : IP_UDP_CHECKSUM_AT;
    uint64_t sum = (uint64_t)p->ip.protocol + (ip_end(p) - p->ip.l4_offset);
    sum = checksum_add(ip_source(p), 2 * ip_address_bytes(p), sum);
    be16_put(p->data + *csum_start + *csum_offset, checksum_fold(sum));
    return true;
}

bool ip_finish_checksum(struct pkt *p)
{
    uint16_t start;
    uint16_t offset;
    if (!ip_partial_checksum(p, &start, &offset))
        return false;
    uint64_t whole = checksum_add(p->data + start, ip_end(p) - start, 0);
    uint16_t sum = (uint16_t)~checksum_fold(whole);
    if (sum == 0 && offset == IP_UDP_CHECKSUM_AT)
        sum = 0xffff; /* RFC 768: zero would mean none */
    be16_put(p->data + start + offset, sum);
    return true;
}
