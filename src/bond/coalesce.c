/* SPDX-License-Identifier: ISC */
#include "bond/coalesce.h"

#include <string.h>

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

/* A packet that may be part of a super-packet. */
struct part {
    const uint8_t *ip;
    const uint8_t *l4;
    bool ipv4;
    bool tcp;
    uint16_t header_bytes;
    uint32_t payload_bytes;
};

static uint16_t get16(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}

static uint32_t get32(const uint8_t *p)
{
    return (uint32_t)get16(p) << 16 | get16(p + 2);
}

static void put16(uint8_t *p, uint16_t v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

/* Only packets without IPv4 options, extension headers and fragments: others are rare. */
static bool read_ip(const struct pkt *p, struct part *out, uint8_t *protocol)
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
        return get16(d + 2) == p->len_bytes && (get16(d + 6) & ~IPV4_DF) == 0 &&
               inner_fold(inner_sum(d, IPV4_HEADER, 0)) == 0xffff;
    }
    if (d[0] >> 4 != 6 || p->len_bytes < IPV6_HEADER)
        return false;
    *protocol = d[6];
    out->l4 = d + IPV6_HEADER;
    return (uint32_t)get16(d + 4) + IPV6_HEADER == p->len_bytes;
}

static bool read_part(const struct pkt *p, const struct coalesce_device *device, struct part *out)
{
    uint8_t protocol = 0;
    if (p->gso != PKT_GSO_NONE || !read_ip(p, out, &protocol))
        return false;
    size_t l4 = out->ipv4 ? IPV4_HEADER : IPV6_HEADER;
    size_t header = l4;
    out->tcp = protocol == PROTO_TCP;
    if (out->tcp && device->tcp) {
        if (p->len_bytes < l4 + TCP_HEADER || out->l4[12] >> 4 < TCP_HEADER / 4)
            return false;
        header += (size_t)(out->l4[12] >> 4) * 4;
        uint8_t flags = out->l4[13];
        /* SYN, FIN, RST, URG and CWR say something of their one packet. */
        if ((flags & TCP_ACK) == 0 || (flags & ~(TCP_ACK | TCP_PSH | TCP_ECE)) != 0)
            return false;
    } else if (protocol == PROTO_UDP && device->udp) {
        header += UDP_HEADER;
        /* RFC 768: zero is no checksum, and the super-packet's segments would all get one. */
        if (p->len_bytes < header || get16(out->l4 + 4) != p->len_bytes - l4 ||
            (!p->csum_partial && get16(out->l4 + UDP_CHECKSUM_AT) == 0))
            return false;
    } else {
        return false;
    }
    if (p->len_bytes <= header || header > INNER_HEADER_MAX)
        return false;
    out->header_bytes = (uint16_t)header;
    out->payload_bytes = (uint32_t)(p->len_bytes - header);
    return true;
}

static uint64_t pseudo_sum(const struct part *s, size_t l4_bytes)
{
    uint64_t sum = (uint64_t)(s->tcp ? PROTO_TCP : PROTO_UDP) + l4_bytes;
    return s->ipv4 ? inner_sum(s->ip + 12, 8, sum) : inner_sum(s->ip + 8, 32, sum);
}

/* A partial checksum becomes right; a whole one is right or the packet must arrive as it is. */
static bool checksum_holds(const struct pkt *p, const struct part *s)
{
    size_t l4_bytes = p->len_bytes - (s->ipv4 ? IPV4_HEADER : IPV6_HEADER);
    return p->csum_partial ||
           inner_fold(inner_sum(s->l4, l4_bytes, pseudo_sum(s, l4_bytes))) == 0xffff;
}

/* The headers are the same but for what segmentation counts on by itself. */
static bool same_ip(const struct part *a, const struct part *b, size_t index)
{
    if (a->ipv4 != b->ipv4)
        return false;
    if (!a->ipv4)
        return memcmp(a->ip, b->ip, 4) == 0 && memcmp(a->ip + 6, b->ip + 6, IPV6_HEADER - 6) == 0;
    /* RFC 6864: with DF set nobody looks at the identification. */
    bool atomic = (get16(a->ip + 6) & IPV4_DF) != 0;
    return memcmp(a->ip, b->ip, 2) == 0 && memcmp(a->ip + 6, b->ip + 6, 4) == 0 &&
           memcmp(a->ip + 12, b->ip + 12, 8) == 0 &&
           (atomic || get16(b->ip + 4) == (uint16_t)(get16(a->ip + 4) + index));
}

static bool same_transport(const struct part *a, const struct part *b, uint32_t offset)
{
    if (a->tcp != b->tcp || a->header_bytes != b->header_bytes || memcmp(a->l4, b->l4, 4) != 0)
        return false;
    if (!a->tcp)
        return true;
    size_t options = (size_t)(a->l4 + (a->l4[12] >> 4) * 4 - (a->l4 + TCP_HEADER));
    return get32(b->l4 + 4) == get32(a->l4 + 4) + offset && memcmp(a->l4 + 8, b->l4 + 8, 4) == 0 &&
           ((a->l4[13] ^ b->l4[13]) & ~TCP_PSH) == 0 && a->l4[12] == b->l4[12] &&
           memcmp(a->l4 + 14, b->l4 + 14, 2) == 0 && memcmp(a->l4 + 18, b->l4 + 18, 2) == 0 &&
           memcmp(a->l4 + TCP_HEADER, b->l4 + TCP_HEADER, options) == 0;
}

static bool ends_group(const struct part *s, uint32_t segment_bytes)
{
    return s->payload_bytes < segment_bytes || (s->tcp && (s->l4[13] & TCP_PSH) != 0);
}

/* A packet by itself. */
static void leave_alone(struct pkt *p, struct coalesced *out)
{
    out->count = 1;
    out->gso = p->gso;
    out->csum_partial = p->csum_partial;
    if (p->csum_partial)
        out->csum_partial =
            inner_partial_checksum(p->data, p->len_bytes, &out->csum_start, &out->csum_offset);
    if (p->gso == PKT_GSO_NONE)
        return;
    out->gso_size = p->gso_size;
    out->header_bytes = p->header_bytes;
    memcpy(out->header, p->data, p->header_bytes);
}

/* The header of the whole, from that of its first packet. */
static void merge(const struct part *first, const struct part *last, size_t count, uint32_t payload,
                  struct coalesced *out)
{
    uint8_t *ip = out->header;
    size_t l4_offset = first->ipv4 ? IPV4_HEADER : IPV6_HEADER;
    size_t total = first->header_bytes + (size_t)payload;
    uint8_t *l4 = ip + l4_offset;

    memcpy(ip, first->ip, first->header_bytes);
    if (first->ipv4) {
        put16(ip + 2, (uint16_t)total);
        put16(ip + 10, 0);
        put16(ip + 10, (uint16_t)~inner_fold(inner_sum(ip, IPV4_HEADER, 0)));
        out->gso = first->tcp ? PKT_GSO_TCP4 : PKT_GSO_UDP4;
    } else {
        put16(ip + 4, (uint16_t)(total - IPV6_HEADER));
        out->gso = first->tcp ? PKT_GSO_TCP6 : PKT_GSO_UDP6;
    }
    if (first->tcp)
        l4[13] |= last->l4[13] & TCP_PSH;
    else
        put16(l4 + 4, (uint16_t)(total - l4_offset));
    out->count = count;
    out->gso_size = (uint16_t)first->payload_bytes;
    out->header_bytes = first->header_bytes;
    out->csum_partial = true;
    out->csum_start = (uint16_t)l4_offset;
    out->csum_offset = first->tcp ? TCP_CHECKSUM_AT : UDP_CHECKSUM_AT;
    put16(l4 + out->csum_offset, inner_fold(pseudo_sum(first, total - l4_offset)));
}

void coalesce(struct pkt *const *batch, size_t count, const struct coalesce_device *device,
              struct coalesced *out)
{
    struct part first;
    struct part next;
    struct part last;
    size_t merged = 1;
    uint32_t payload = 0;

    memset(out, 0, offsetof(struct coalesced, header));
    if (read_part(batch[0], device, &first) && !ends_group(&first, first.payload_bytes)) {
        payload = first.payload_bytes;
        last = first;
        if (count > COALESCE_PACKETS_MAX)
            count = COALESCE_PACKETS_MAX;
        while (merged < count && read_part(batch[merged], device, &next) &&
               same_ip(&first, &next, merged) && same_transport(&first, &next, payload) &&
               next.payload_bytes <= first.payload_bytes &&
               first.header_bytes + payload + next.payload_bytes <= IP_BYTES_MAX &&
               (merged > 1 || checksum_holds(batch[0], &first)) &&
               checksum_holds(batch[merged], &next)) {
            payload += next.payload_bytes;
            last = next;
            merged++;
            if (ends_group(&next, first.payload_bytes))
                break;
        }
    }
    if (merged == 1)
        leave_alone(batch[0], out);
    else
        merge(&first, &last, merged, payload, out);
}
