/* SPDX-License-Identifier: ISC */
#include "base/gro.h"

#include <string.h>

#include "base/checksum.h"
#include "base/ip.h"

enum { IPV4_DF = 0x4000, IP_BYTES_MAX = 65535 };

/* Only packets without IPv4 options, extension headers, fragments and padding: others are rare. */
static bool has_plain_ip(const struct pkt *p)
{
    if (!ip_is(p, IP_PORTS) || ip_end(p) != p->len_bytes || p->len_bytes > IP_BYTES_MAX)
        return false;
    if (p->ip.family == 6)
        return p->ip.l4_offset == IP_V6_HEADER_BYTES && be16_get(p->data + 4) != 0;
    /* A broken header checksum must stay broken, and of the flags only DF is kept. */
    return p->ip.l4_offset == IP_V4_HEADER_BYTES && (be16_get(p->data + 6) & ~IPV4_DF) == 0 &&
           checksum_fold(checksum_add(p->data, IP_V4_HEADER_BYTES, 0)) == 0xffff;
}

/* SYN, FIN, RST, URG and CWR say something of their one packet. */
static bool has_plain_tcp(const uint8_t *l4)
{
    return (l4[13] & IP_TCP_ACK) != 0 && (l4[13] & ~(IP_TCP_ACK | IP_TCP_PSH | IP_TCP_ECE)) == 0;
}

/* RFC 768: zero is no checksum, and the super-packet's segments would all get one. */
static bool has_plain_udp(const struct pkt *p, const uint8_t *l4)
{
    return be16_get(l4 + 4) == p->len_bytes - p->ip.l4_offset &&
           (p->csum_partial || be16_get(l4 + IP_UDP_CHECKSUM_AT) != 0);
}

/* header_bytes is 0 where p cannot be part of a super-packet. */
static struct gro_part part_of(const struct pkt *p, bool udp)
{
    const uint8_t *l4 = ip_transport(p);
    bool tcp = p->ip.protocol == IP_PROTO_TCP;
    struct gro_part part = { .ip = p->data, .l4 = l4, .ipv4 = p->ip.family == 4 };
    if (p->gso == PKT_GSO_NONE && has_plain_ip(p) && p->len_bytes > p->ip.payload_offset &&
        (tcp ? has_plain_tcp(l4) : udp && has_plain_udp(p, l4))) {
        part.tcp = tcp;
        part.header_bytes = p->ip.payload_offset;
        part.payload_bytes = p->len_bytes - p->ip.payload_offset;
    }
    return part;
}

static uint64_t pseudo_sum(const struct gro_part *s, size_t l4_bytes)
{
    uint64_t sum = (uint64_t)(s->tcp ? IP_PROTO_TCP : IP_PROTO_UDP) + l4_bytes;
    return s->ipv4 ? checksum_add(s->ip + 12, 8, sum) : checksum_add(s->ip + 8, 32, sum);
}

/* A partial checksum becomes right; a whole one is right or the packet must arrive as it is. */
static bool checksum_holds(const struct pkt *p, const struct gro_part *s)
{
    size_t l4_bytes = p->len_bytes - (s->ipv4 ? IP_V4_HEADER_BYTES : IP_V6_HEADER_BYTES);
    return p->csum_partial ||
           checksum_fold(checksum_add(s->l4, l4_bytes, pseudo_sum(s, l4_bytes))) == 0xffff;
}

/* The headers are the same but for what segmentation counts on by itself. */
static bool same_ip(const struct gro_part *a, const struct gro_part *b, size_t index)
{
    if (a->ipv4 != b->ipv4)
        return false;
    if (!a->ipv4)
        return memcmp(a->ip, b->ip, 4) == 0 &&
               memcmp(a->ip + 6, b->ip + 6, IP_V6_HEADER_BYTES - 6) == 0;
    /* RFC 6864: with DF set nobody looks at the identification. */
    bool atomic = (be16_get(a->ip + 6) & IPV4_DF) != 0;
    return memcmp(a->ip, b->ip, 2) == 0 && memcmp(a->ip + 6, b->ip + 6, 4) == 0 &&
           memcmp(a->ip + 12, b->ip + 12, 8) == 0 &&
           (atomic || be16_get(b->ip + 4) == (uint16_t)(be16_get(a->ip + 4) + index));
}

static bool same_transport(const struct gro_part *a, const struct gro_part *b, uint32_t offset)
{
    if (a->tcp != b->tcp || a->header_bytes != b->header_bytes || memcmp(a->l4, b->l4, 4) != 0)
        return false;
    if (!a->tcp)
        return true;
    size_t options = (size_t)(a->l4 + (a->l4[12] >> 4) * 4 - (a->l4 + IP_TCP_HEADER_BYTES));
    return be32_get(b->l4 + 4) == be32_get(a->l4 + 4) + offset &&
           memcmp(a->l4 + 8, b->l4 + 8, 4) == 0 && ((a->l4[13] ^ b->l4[13]) & ~IP_TCP_PSH) == 0 &&
           a->l4[12] == b->l4[12] && memcmp(a->l4 + 14, b->l4 + 14, 2) == 0 &&
           memcmp(a->l4 + 18, b->l4 + 18, 2) == 0 &&
           memcmp(a->l4 + IP_TCP_HEADER_BYTES, b->l4 + IP_TCP_HEADER_BYTES, options) == 0;
}

static bool has_push(const struct gro_part *s)
{
    return s->tcp && (s->l4[13] & IP_TCP_PSH) != 0;
}

void gro_init(struct gro *c)
{
    c->count = 0;
}

static bool continues(const struct gro *c, const struct pkt *p, const struct gro_part *next)
{
    const struct gro_part *first = &c->first;
    return !c->closed && c->count < GRO_PACKETS_MAX && next->header_bytes > 0 &&
           same_ip(first, next, c->count) && same_transport(first, next, c->payload_bytes) &&
           next->payload_bytes <= first->payload_bytes &&
           first->header_bytes + c->payload_bytes + next->payload_bytes <= IP_BYTES_MAX &&
           (c->count > 1 || checksum_holds(c->packets[0], first)) && checksum_holds(p, next);
}

bool gro_add(struct gro *c, struct pkt *p)
{
    const struct gro_part part = part_of(p, c->udp);
    if (c->count == 0) {
        c->first = part;
        c->payload_bytes = 0;
    } else if (!continues(c, p, &part)) {
        return false;
    }
    c->payload_bytes += part.payload_bytes;
    c->push = has_push(&part);
    c->closed = c->push || part.header_bytes == 0 || part.payload_bytes < c->first.payload_bytes;
    c->packets[c->count++] = p;
    return true;
}

/* A packet by itself stays as it is, but for the pseudo-header's sum. */
static struct gro_result finish_one(struct pkt *p)
{
    struct gro_result r = { .gso = (enum pkt_gso)p->gso,
                            .gso_size = p->gso_size,
                            .header_bytes = p->header_bytes };
    if (p->csum_partial)
        r.csum_partial = ip_partial_checksum(p, &r.csum_start, &r.csum_offset);
    return r;
}

struct gro_result gro_finish(struct gro *c)
{
    const struct gro_part *first = &c->first;
    if (c->count == 1)
        return finish_one(c->packets[0]);

    uint8_t *ip = c->packets[0]->data;
    size_t l4_offset = first->ipv4 ? IP_V4_HEADER_BYTES : IP_V6_HEADER_BYTES;
    size_t total = first->header_bytes + (size_t)c->payload_bytes;
    uint8_t *l4 = ip + l4_offset;
    struct gro_result r = { .gso_size = (uint16_t)first->payload_bytes,
                            .header_bytes = first->header_bytes,
                            .csum_partial = true,
                            .csum_start = (uint16_t)l4_offset,
                            .csum_offset = first->tcp ? IP_TCP_CHECKSUM_AT : IP_UDP_CHECKSUM_AT };
    if (first->ipv4) {
        be16_put(ip + 2, (uint16_t)total);
        checksum_ipv4(ip, IP_V4_HEADER_BYTES);
        r.gso = first->tcp ? PKT_GSO_TCP4 : PKT_GSO_UDP4;
    } else {
        be16_put(ip + 4, (uint16_t)(total - IP_V6_HEADER_BYTES));
        r.gso = first->tcp ? PKT_GSO_TCP6 : PKT_GSO_UDP6;
    }
    if (!first->tcp)
        be16_put(l4 + 4, (uint16_t)(total - l4_offset));
    else if (c->push)
        l4[13] |= IP_TCP_PSH;
    be16_put(l4 + r.csum_offset, checksum_fold(pseudo_sum(first, total - l4_offset)));
    return r;
}
