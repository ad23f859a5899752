/* SPDX-License-Identifier: ISC */
#include "bond/coalesce.h"

#include <string.h>

#include "bond/inner.h"

enum {
    PROTO_TCP = 6,
    IPV4_HEADER = 20,
    IPV6_HEADER = 40,
    TCP_HEADER = 20,
    TCP_SEQUENCE_AT = 4,
    TCP_FLAGS_AT = 13,
    TCP_CHECKSUM_AT = 16,
    TCP_PSH = 0x08,
    TCP_ACK = 0x10,
    TCP_ECE = 0x40,
};

static uint32_t get32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void put16(uint8_t *p, size_t v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

void coalesce_init(struct coalesce *c)
{
    c->count = 0;
}

/* A data segment with nothing but ACK, PSH and ECE set, an IPv4 header without options and with
 * don't-fragment, or an IPv6 header alone. Returns the length of its headers, else 0. */
static uint16_t joinable_header(const struct pkt *p)
{
    const uint8_t *d = p->data;
    size_t ip = d[0] >> 4 == 4 ? IPV4_HEADER : IPV6_HEADER;
    if (!p->csum_partial || p->len_bytes < ip + TCP_HEADER)
        return 0;
    if (ip == IPV4_HEADER ? d[0] != 0x45 || d[9] != PROTO_TCP || (d[6] & 0xbf) != 0 || d[7] != 0 ||
                                (d[6] & 0x40) == 0
                          : d[6] != PROTO_TCP)
        return 0;
    const uint8_t *tcp = d + ip;
    size_t header = ip + (size_t)(tcp[12] >> 4) * 4;
    if ((tcp[12] >> 4) * 4 < TCP_HEADER || header >= p->len_bytes || header > INNER_HEADER_MAX ||
        (tcp[TCP_FLAGS_AT] & ~(TCP_PSH | TCP_ECE)) != TCP_ACK)
        return 0;
    return (uint16_t)header;
}

static void begin(struct coalesce *c, struct pkt *p)
{
    c->packets[0] = p;
    c->count = 1;
    c->len_bytes = p->len_bytes;
    c->header_bytes = joinable_header(p);
    c->ended = c->header_bytes == 0;
    if (c->ended)
        return;
    c->l4_offset = p->data[0] >> 4 == 4 ? IPV4_HEADER : IPV6_HEADER;
    const uint8_t *tcp = p->data + c->l4_offset;
    c->segment_bytes = (uint16_t)(p->len_bytes - c->header_bytes);
    c->next_sequence = get32(tcp + TCP_SEQUENCE_AT) + c->segment_bytes;
    c->ended = (tcp[TCP_FLAGS_AT] & TCP_PSH) != 0;
}

/* Everything that must not differ between the headers of joined segments. */
static bool same_headers(const struct coalesce *c, const struct pkt *p)
{
    const uint8_t *a = c->packets[0]->data;
    const uint8_t *b = p->data;
    size_t l4 = c->l4_offset;
    bool ip =
        l4 == IPV4_HEADER
            ? memcmp(a, b, 2) == 0 && memcmp(a + 6, b + 6, 4) == 0 && memcmp(a + 12, b + 12, 8) == 0
            : memcmp(a, b, 4) == 0 && memcmp(a + 6, b + 6, IPV6_HEADER - 6) == 0;
    return ip && memcmp(a + l4, b + l4, 4) == 0 &&   /* ports */
           memcmp(a + l4 + 8, b + l4 + 8, 5) == 0 && /* ack, length */
           ((a[l4 + TCP_FLAGS_AT] ^ b[l4 + TCP_FLAGS_AT]) & ~TCP_PSH) == 0 &&
           memcmp(a + l4 + 14, b + l4 + 14, 2) == 0 &&                       /* window */
           memcmp(a + l4 + 18, b + l4 + 18, c->header_bytes - l4 - 18) == 0; /* urgent, options */
}

bool coalesce_add(struct coalesce *c, struct pkt *p)
{
    if (c->count == 0) {
        begin(c, p);
        return true;
    }
    if (c->ended || c->count == COALESCE_PACKETS_MAX || joinable_header(p) != c->header_bytes ||
        !same_headers(c, p))
        return false;
    uint32_t payload = p->len_bytes - c->header_bytes;
    const uint8_t *tcp = p->data + c->l4_offset;
    if (payload > c->segment_bytes || c->len_bytes + payload > COALESCE_BYTES_MAX ||
        get32(tcp + TCP_SEQUENCE_AT) != c->next_sequence)
        return false;
    c->packets[c->count++] = p;
    c->len_bytes += payload;
    c->next_sequence += payload;
    c->ended = payload < c->segment_bytes || (tcp[TCP_FLAGS_AT] & TCP_PSH) != 0;
    return true;
}

size_t coalesce_skip(const struct coalesce *c, size_t i)
{
    return i == 0 ? 0 : c->header_bytes;
}

static void fit_header(struct coalesce *c)
{
    uint8_t *d = c->packets[0]->data;
    const struct pkt *last = c->packets[c->count - 1];
    d[c->l4_offset + TCP_FLAGS_AT] |= last->data[c->l4_offset + TCP_FLAGS_AT] & TCP_PSH;
    if (c->l4_offset == IPV6_HEADER) {
        put16(d + 4, c->len_bytes - IPV6_HEADER);
        return;
    }
    put16(d + 2, c->len_bytes);
    put16(d + 10, 0);
    put16(d + 10, (uint16_t)~inner_fold(inner_sum(d, IPV4_HEADER, 0)));
}

struct coalesce_result coalesce_finish(struct coalesce *c)
{
    struct pkt *first = c->packets[0];
    struct coalesce_result r = { .gso = PKT_GSO_NONE };
    if (!first->csum_partial)
        return r;
    if (c->count > 1) {
        fit_header(c);
        r.gso = c->l4_offset == IPV4_HEADER ? PKT_GSO_TCP4 : PKT_GSO_TCP6;
        r.gso_size = c->segment_bytes;
        r.header_bytes = c->header_bytes;
    }
    /* The sum covers the length of the whole, of which the first packet holds only a part. */
    r.csum_partial =
        inner_partial_checksum(first->data, c->len_bytes, &r.csum_start, &r.csum_offset);
    return r;
}
