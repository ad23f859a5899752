/* SPDX-License-Identifier: ISC */
#include "base/inner.h"

#include <string.h>

#include "base/be.h"

enum {
    PROTO_HOPOPTS = 0,
    PROTO_TCP = 6,
    PROTO_UDP = 17,
    PROTO_ROUTING = 43,
    PROTO_FRAGMENT = 44,
    PROTO_DSTOPTS = 60,
    IPV4_HEADER = 20,
    IPV6_HEADER = 40,
    TCP_HEADER = 20,
    UDP_HEADER = 8,
    TCP_FIN = 0x01,
    TCP_SYN = 0x02,
    TCP_RST = 0x04,
    TCP_PSH = 0x08,
    TCP_ACK = 0x10,
    TCP_CWR = 0x80,
    TCP_CHECKSUM_AT = 16,
    UDP_CHECKSUM_AT = 6,
};

uint64_t inner_sum(const uint8_t *data, size_t len_bytes, uint64_t sum)
{
    const uint8_t *words_end = data + len_bytes / 4 * 4;
    for (; data < words_end; data += 4)
        sum += be32_get(data);
    if ((len_bytes & 2) != 0) {
        sum += be16_get(data);
        data += 2;
    }
    if ((len_bytes & 1) != 0)
        sum += (uint64_t)*data << 8;
    return sum;
}

uint16_t inner_fold(uint64_t sum)
{
    while (sum >> 16 != 0)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)sum;
}

static uint64_t mix(uint64_t h, uint64_t v)
{
    h = (h ^ v) * UINT64_C(0x9e3779b97f4a7c15);
    return h ^ (h >> 29);
}

static uint32_t hash_flow(const struct inner_info *i, const uint8_t *ports, uint64_t seed)
{
    size_t n = i->family == 4 ? 4 : 16;
    uint64_t h = mix(seed, i->protocol);
    for (size_t at = 0; at < n; at += 4)
        h = mix(h, (uint64_t)be32_get(i->source + at) << 32 | be32_get(i->destination + at));
    if (ports != NULL)
        h = mix(h, be32_get(ports));
    return (uint32_t)(mix(h, 0) >> 32); /* once more: the ports have met one round only */
}

uint32_t inner_reverse_hash(const uint8_t *data, const struct inner_info *i, uint64_t seed)
{
    struct inner_info back = *i;
    uint8_t ports[4] = { 0 };
    back.source = i->destination;
    back.destination = i->source;
    if (i->l4_offset == 0)
        return hash_flow(&back, NULL, seed);
    memcpy(ports, data + i->l4_offset + 2, 2);
    memcpy(ports + 2, data + i->l4_offset, 2);
    return hash_flow(&back, ports, seed);
}

/* The transport's part: ports for the hash, and whether it is an acknowledgement alone. */
static const uint8_t *parse_transport(const uint8_t *l4, size_t len, struct inner_info *out)
{
    if (out->protocol == PROTO_TCP && len >= TCP_HEADER) {
        size_t header = (size_t)(l4[12] >> 4) * 4;
        uint8_t flags = l4[13];
        if (header < TCP_HEADER || header > len)
            return NULL;
        out->pure_ack =
            header == len && (flags & TCP_ACK) != 0 && (flags & (TCP_FIN | TCP_SYN | TCP_RST)) == 0;
        out->tcp_ack = be32_get(l4 + 8);
        out->tcp_data = header < len && (flags & (TCP_SYN | TCP_RST)) == 0;
        out->tcp_end = be32_get(l4 + 4) + (uint32_t)(len - header);
        return l4;
    }
    return out->protocol == PROTO_UDP && len >= UDP_HEADER ? l4 : NULL;
}

static bool parse_ipv4(const uint8_t *d, size_t len, uint64_t seed, struct inner_info *out)
{
    size_t header = (size_t)(d[0] & 15) * 4;
    if (header < IPV4_HEADER || len < header || be16_get(d + 2) > len || be16_get(d + 2) < header)
        return false;
    len = be16_get(d + 2);
    out->family = 4;
    out->ecn = d[1] & 3;
    out->source = d + 12;
    out->destination = d + 16;
    out->protocol = d[9];
    bool fragment = (be16_get(d + 6) & 0x3fff) != 0; /* more fragments, or an offset */
    const uint8_t *ports = NULL;
    if (!fragment) {
        out->l4_offset = (uint8_t)header;
        ports = parse_transport(d + header, len - header, out);
    }
    out->flow_hash = hash_flow(out, ports, seed);
    return true;
}

static bool parse_ipv6(const uint8_t *d, size_t len, uint64_t seed, struct inner_info *out)
{
    if (len < IPV6_HEADER || (size_t)be16_get(d + 4) + IPV6_HEADER > len)
        return false;
    /* A zero payload length is a jumbogram or a super-packet: take what is there. */
    if (be16_get(d + 4) != 0)
        len = (size_t)be16_get(d + 4) + IPV6_HEADER;
    out->family = 6;
    out->ecn = (d[1] >> 4) & 3;
    out->source = d + 8;
    out->destination = d + 24;
    uint8_t protocol = d[6];
    size_t at = IPV6_HEADER;
    bool fragment = false;
    while ((protocol == PROTO_HOPOPTS || protocol == PROTO_ROUTING || protocol == PROTO_DSTOPTS ||
            protocol == PROTO_FRAGMENT) &&
           at + 8 <= len) {
        fragment = fragment || protocol == PROTO_FRAGMENT;
        size_t size = protocol == PROTO_FRAGMENT ? 8 : ((size_t)d[at + 1] + 1) * 8;
        protocol = d[at];
        at += size;
    }
    out->protocol = protocol;
    const uint8_t *ports = NULL;
    if (!fragment && at < len && at <= UINT8_MAX) {
        out->l4_offset = (uint8_t)at;
        ports = parse_transport(d + at, len - at, out);
    }
    out->flow_hash = hash_flow(out, ports, seed);
    return true;
}

bool inner_parse(const uint8_t *data, size_t len_bytes, uint64_t seed, struct inner_info *out)
{
    memset(out, 0, sizeof *out);
    if (len_bytes < IPV4_HEADER)
        return false;
    switch (data[0] >> 4) {
    case 4:
        return parse_ipv4(data, len_bytes, seed, out);
    case 6:
        return parse_ipv6(data, len_bytes, seed, out);
    default:
        return false;
    }
}

bool inner_is_tcp(const uint8_t *data, size_t len_bytes)
{
    if (len_bytes < IPV4_HEADER)
        return false;
    return data[0] >> 4 == 4 ? data[9] == PROTO_TCP : data[0] >> 4 == 6 && data[6] == PROTO_TCP;
}

bool inner_mark_ce(uint8_t *data, size_t len_bytes)
{
    struct inner_info info;
    if (!inner_parse(data, len_bytes, 0, &info) || info.ecn == 0)
        return false;
    if (info.ecn == 3)
        return true;
    if (info.family == 6) {
        data[1] |= 0x30;
        return true;
    }
    /* RFC 1624, equation 3: HC' = ~(~HC + ~m + m'). */
    uint16_t before = be16_get(data);
    data[1] |= 3;
    uint64_t sum = (uint64_t)(uint16_t)~be16_get(data + 10) + (uint16_t)~before + be16_get(data);
    be16_put(data + 10, (uint16_t)~inner_fold(sum));
    return true;
}

static void segment_transport(const struct pkt *p, uint16_t seg, uint8_t *l4, uint32_t l4_bytes)
{
    if (p->gso == PKT_GSO_UDP4 || p->gso == PKT_GSO_UDP6) {
        be16_put(l4 + 4, (uint16_t)l4_bytes);
        return;
    }
    be32_put(l4 + 4, be32_get(l4 + 4) + (uint32_t)seg * p->gso_size);
    if (seg + 1 < p->seg_count)
        l4[13] &= (uint8_t) ~(TCP_FIN | TCP_PSH);
    if (seg > 0)
        l4[13] &= (uint8_t)~TCP_CWR;
}

size_t inner_segment_header(const struct pkt *p, uint16_t seg, uint8_t out[INNER_HEADER_MAX])
{
    bool ipv4 = p->gso == PKT_GSO_TCP4 || p->gso == PKT_GSO_UDP4;
    bool tcp = p->gso == PKT_GSO_TCP4 || p->gso == PKT_GSO_TCP6;
    size_t least = (size_t)p->l4_offset + (tcp ? TCP_HEADER : UDP_HEADER);
    if (p->gso == PKT_GSO_NONE || p->header_bytes > INNER_HEADER_MAX || p->header_bytes < least ||
        p->l4_offset < (ipv4 ? IPV4_HEADER : IPV6_HEADER) || p->header_bytes > p->len_bytes ||
        seg >= p->seg_count)
        return 0;
    uint32_t bytes = pkt_seg_bytes(p, seg);
    memcpy(out, p->data, p->header_bytes);
    if (ipv4) {
        be16_put(out + 2, (uint16_t)bytes);
        be16_put(out + 4, (uint16_t)(be16_get(out + 4) + seg));
        be16_put(out + 10, 0);
        be16_put(out + 10, (uint16_t)~inner_fold(inner_sum(out, p->l4_offset, 0)));
    } else {
        be16_put(out + 4, (uint16_t)(bytes - IPV6_HEADER));
    }
    segment_transport(p, seg, out + p->l4_offset, bytes - p->l4_offset);
    return p->header_bytes;
}

/* Where the checksum of a TCP or UDP packet stands, or NULL; *l4_len: transport bytes. */
static uint8_t *checksum_field(uint8_t *data, size_t len, struct inner_info *info, size_t *l4_len)
{
    if (!inner_parse(data, len, 0, info) || info->l4_offset == 0)
        return NULL;
    size_t at = info->protocol == PROTO_TCP ? TCP_CHECKSUM_AT : UDP_CHECKSUM_AT;
    size_t least = info->protocol == PROTO_TCP ? TCP_HEADER : UDP_HEADER;
    if ((info->protocol != PROTO_TCP && info->protocol != PROTO_UDP) ||
        len < info->l4_offset + least)
        return NULL;
    *l4_len = len - info->l4_offset;
    return data + info->l4_offset + at;
}

bool inner_partial_checksum(uint8_t *data, size_t len_bytes, uint16_t *csum_start,
                            uint16_t *csum_offset)
{
    struct inner_info info;
    size_t l4_len;
    uint8_t *field = checksum_field(data, len_bytes, &info, &l4_len);
    if (field == NULL)
        return false;
    size_t n = info.family == 4 ? 4 : 16;
    uint64_t sum = (uint64_t)info.protocol + l4_len;
    sum = inner_sum(info.source, n, sum);
    sum = inner_sum(info.destination, n, sum);
    be16_put(field, inner_fold(sum));
    *csum_start = info.l4_offset;
    *csum_offset = (uint16_t)(field - data - info.l4_offset);
    return true;
}

bool inner_finish_checksum(uint8_t *data, size_t len_bytes)
{
    uint16_t start;
    uint16_t offset;
    if (!inner_partial_checksum(data, len_bytes, &start, &offset))
        return false;
    uint16_t sum = (uint16_t)~inner_fold(inner_sum(data + start, len_bytes - start, 0));
    if (sum == 0 && offset == UDP_CHECKSUM_AT)
        sum = 0xffff; /* RFC 768: zero would mean none */
    be16_put(data + start + offset, sum);
    return true;
}
