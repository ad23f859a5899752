/* SPDX-License-Identifier: ISC */
#include "base/coalesce.h"

#include <string.h>

#include "base/be.h"
#include "base/inner.h"

enum {
    PROTO_TCP = 6,
    PROTO_UDP = 17,
    IPV4_HEADER = 20,
    IPV6_HEADER = 40,
    TCP_HEADER = 20,
    UDP_HEADER = 8,
    TCP_PSH = 0x08,
    TCP_ACK = 0x10,
    TCP_ECE = 0x40,
    TCP_CHECKSUM_AT = 16,
    UDP_CHECKSUM_AT = 6,
    IPV4_DF = 0x4000,
    IP_BYTES_MAX = 65535,
};

/* Only packets without IPv4 options, extension headers and fragments: others are rare. */
static bool read_ip(const struct pkt *p, struct coalesce_part *out, uint8_t *protocol)
{
    const uint8_t *d = p->data;
    if (p->len_bytes < IPV4_HEADER)
        return false;
    out->ip = d;
    out->ipv4 = d[0] == 0x45;
    if (out->ipv4) {
        *protocol = d[9];
        out->l4 = d + IPV4_HEADER;
        /* A broken header checksum must stay broken, and a fragment has no transport header. */
        return be16_get(d + 2) == p->len_bytes && (be16_get(d + 6) & ~IPV4_DF) == 0 &&
               inner_fold(inner_sum(d, IPV4_HEADER, 0)) == 0xffff;
    }
    if (d[0] >> 4 != 6 || p->len_bytes < IPV6_HEADER)
        return false;
    *protocol = d[6];
    out->l4 = d + IPV6_HEADER;
    return (uint32_t)be16_get(d + 4) + IPV6_HEADER == p->len_bytes;
}

/* Fills in out; header_bytes stays 0 where p cannot be part of a super-packet. */
static void read_part(const struct pkt *p, bool udp, struct coalesce_part *out)
{
    uint8_t protocol = 0;
    memset(out, 0, sizeof *out);
    if (p->gso != PKT_GSO_NONE || !read_ip(p, out, &protocol))
        return;
    size_t l4 = out->ipv4 ? IPV4_HEADER : IPV6_HEADER;
    size_t header = l4;
    if (protocol == PROTO_TCP) {
        if (p->len_bytes < l4 + TCP_HEADER || out->l4[12] >> 4 < TCP_HEADER / 4)
            return;
        header += (size_t)(out->l4[12] >> 4) * 4;
        uint8_t flags = out->l4[13];
        /* SYN, FIN, RST, URG and CWR say something of their one packet. */
        if ((flags & TCP_ACK) == 0 || (flags & ~(TCP_ACK | TCP_PSH | TCP_ECE)) != 0)
            return;
    } else if (protocol == PROTO_UDP && udp) {
        header += UDP_HEADER;
        /* RFC 768: zero is no checksum, and the super-packet's segments would all get one. */
        if (p->len_bytes < header || be16_get(out->l4 + 4) != p->len_bytes - l4 ||
            (!p->csum_partial && be16_get(out->l4 + UDP_CHECKSUM_AT) == 0))
            return;
    } else {
        return;
    }
    if (p->len_bytes <= header || p->len_bytes > IP_BYTES_MAX)
        return;
    out->tcp = protocol == PROTO_TCP;
    out->payload_bytes = (uint32_t)(p->len_bytes - header);
    out->header_bytes = (uint16_t)header;
}

static uint64_t pseudo_sum(const struct coalesce_part *s, size_t l4_bytes)
{
    uint64_t sum = (uint64_t)(s->tcp ? PROTO_TCP : PROTO_UDP) + l4_bytes;
    return s->ipv4 ? inner_sum(s->ip + 12, 8, sum) : inner_sum(s->ip + 8, 32, sum);
}

/* A partial checksum becomes right; a whole one is right or the packet must arrive as it is. */
static bool checksum_holds(const struct pkt *p, const struct coalesce_part *s)
{
    size_t l4_bytes = p->len_bytes - (s->ipv4 ? IPV4_HEADER : IPV6_HEADER);
    return p->csum_partial ||
           inner_fold(inner_sum(s->l4, l4_bytes, pseudo_sum(s, l4_bytes))) == 0xffff;
}

/* The headers are the same but for what segmentation counts on by itself. */
static bool same_ip(const struct coalesce_part *a, const struct coalesce_part *b, size_t index)
{
    if (a->ipv4 != b->ipv4)
        return false;
    if (!a->ipv4)
        return memcmp(a->ip, b->ip, 4) == 0 && memcmp(a->ip + 6, b->ip + 6, IPV6_HEADER - 6) == 0;
    /* RFC 6864: with DF set nobody looks at the identification. */
    bool atomic = (be16_get(a->ip + 6) & IPV4_DF) != 0;
    return memcmp(a->ip, b->ip, 2) == 0 && memcmp(a->ip + 6, b->ip + 6, 4) == 0 &&
           memcmp(a->ip + 12, b->ip + 12, 8) == 0 &&
           (atomic || be16_get(b->ip + 4) == (uint16_t)(be16_get(a->ip + 4) + index));
}

static bool same_transport(const struct coalesce_part *a, const struct coalesce_part *b,
                           uint32_t offset)
{
    if (a->tcp != b->tcp || a->header_bytes != b->header_bytes || memcmp(a->l4, b->l4, 4) != 0)
        return false;
    if (!a->tcp)
        return true;
    size_t options = (size_t)(a->l4 + (a->l4[12] >> 4) * 4 - (a->l4 + TCP_HEADER));
    return be32_get(b->l4 + 4) == be32_get(a->l4 + 4) + offset &&
           memcmp(a->l4 + 8, b->l4 + 8, 4) == 0 && ((a->l4[13] ^ b->l4[13]) & ~TCP_PSH) == 0 &&
           a->l4[12] == b->l4[12] && memcmp(a->l4 + 14, b->l4 + 14, 2) == 0 &&
           memcmp(a->l4 + 18, b->l4 + 18, 2) == 0 &&
           memcmp(a->l4 + TCP_HEADER, b->l4 + TCP_HEADER, options) == 0;
}

static bool has_push(const struct coalesce_part *s)
{
    return s->tcp && (s->l4[13] & TCP_PSH) != 0;
}

void coalesce_init(struct coalesce *c)
{
    c->count = 0;
}

static bool continues(const struct coalesce *c, const struct pkt *p,
                      const struct coalesce_part *next)
{
    const struct coalesce_part *first = &c->first;
    return !c->closed && c->count < COALESCE_PACKETS_MAX && next->header_bytes > 0 &&
           same_ip(first, next, c->count) && same_transport(first, next, c->payload_bytes) &&
           next->payload_bytes <= first->payload_bytes &&
           first->header_bytes + c->payload_bytes + next->payload_bytes <= IP_BYTES_MAX &&
           (c->count > 1 || checksum_holds(c->packets[0], first)) && checksum_holds(p, next);
}

bool coalesce_add(struct coalesce *c, struct pkt *p)
{
    struct coalesce_part part;
    read_part(p, c->udp, &part);
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
static struct coalesce_result finish_one(struct pkt *p)
{
    struct coalesce_result r = { .gso = (enum pkt_gso)p->gso,
                                 .gso_size = p->gso_size,
                                 .header_bytes = p->header_bytes };
    if (p->csum_partial)
        r.csum_partial =
            inner_partial_checksum(p->data, p->len_bytes, &r.csum_start, &r.csum_offset);
    return r;
}

struct coalesce_result coalesce_finish(struct coalesce *c)
{
    const struct coalesce_part *first = &c->first;
    if (c->count == 1)
        return finish_one(c->packets[0]);

    uint8_t *ip = c->packets[0]->data;
    size_t l4_offset = first->ipv4 ? IPV4_HEADER : IPV6_HEADER;
    size_t total = first->header_bytes + (size_t)c->payload_bytes;
    uint8_t *l4 = ip + l4_offset;
    struct coalesce_result r = { .gso_size = (uint16_t)first->payload_bytes,
                                 .header_bytes = first->header_bytes,
                                 .csum_partial = true,
                                 .csum_start = (uint16_t)l4_offset,
                                 .csum_offset = first->tcp ? TCP_CHECKSUM_AT : UDP_CHECKSUM_AT };
    if (first->ipv4) {
        be16_put(ip + 2, (uint16_t)total);
        be16_put(ip + 10, 0);
        be16_put(ip + 10, (uint16_t)~inner_fold(inner_sum(ip, IPV4_HEADER, 0)));
        r.gso = first->tcp ? PKT_GSO_TCP4 : PKT_GSO_UDP4;
    } else {
        be16_put(ip + 4, (uint16_t)(total - IPV6_HEADER));
        r.gso = first->tcp ? PKT_GSO_TCP6 : PKT_GSO_UDP6;
    }
    if (!first->tcp)
        be16_put(l4 + 4, (uint16_t)(total - l4_offset));
    else if (c->push)
        l4[13] |= TCP_PSH;
    be16_put(l4 + r.csum_offset, inner_fold(pseudo_sum(first, total - l4_offset)));
    return r;
}
