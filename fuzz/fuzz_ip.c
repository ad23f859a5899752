/* SPDX-License-Identifier: ISC */
/*
 * The parser of inner packets, and what works from it: hashes, checksums, cutting and merging. The
 * first four bytes say how the rest is to be seen: as a packet, or as a super-packet with that
 * header and segment size.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/checksum.h"
#include "base/gro.h"
#include "base/gso.h"
#include "base/icmp.h"
#include "base/ip.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes);

enum { PREFIX = 4 };

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void check_parsed(const struct pkt *p)
{
    const uint8_t *end = p->data + p->len_bytes;
    if (p->ip.family == 0) {
        must(p->ip.flags == 0);
        return;
    }
    must(ip_source(p) + ip_address_bytes(p) <= end);
    must(ip_destination(p) + ip_address_bytes(p) <= end);
    (void)ip_is_tcp(p);
    if (!ip_is(p, IP_WHOLE)) {
        must(p->ip.flags == 0 && p->ip.l4_offset == 0);
        return;
    }
    must(ip_end(p) <= p->len_bytes);
    must(p->ip.l4_offset <= p->ip.payload_offset && p->ip.payload_offset <= ip_end(p));
    must(!ip_is(p, IP_LATER) || ip_is(p, IP_FRAGMENT));
    must(!ip_is(p, IP_FRAGMENT) || p->ip.l4_offset == 0);
    must(ip_flow_hash(p, 1) == ip_flow_hash(p, 1));
    (void)ip_reverse_hash(p, 1);
    (void)ip_tcp(p);
    if (ip_is(p, IP_FRAGMENT))
        must(ip_fragment_key(p) % 2 == 1);
}

/* The block is exactly as long as the packet, so that a read behind it is found. */
static struct pkt copy_of(const uint8_t *data, size_t len_bytes)
{
    struct pkt p = { .data = malloc(len_bytes > 0 ? len_bytes : 1),
                     .len_bytes = (uint32_t)len_bytes,
                     .seg_count = 1 };
    must(p.data != NULL);
    if (len_bytes > 0)
        memcpy(p.data, data, len_bytes);
    ip_parse(&p);
    return p;
}

/* What is told of p is a packet that is whole, and nothing is told of it in turn. */
static void told(struct pkt_pool *pool, const struct pkt *p)
{
    struct pkt *a = icmp_too_big(pool, p, 1280);
    if (a == NULL)
        return;
    must(ip_is(a, IP_WHOLE) && ip_end(a) == a->len_bytes && a->len_bytes <= 1280);
    must(icmp_too_big(pool, a, 1280) == NULL);
    pkt_put(a);
}

static void one_packet(struct pkt_pool *pool, const uint8_t *data, size_t len_bytes)
{
    struct pkt p = copy_of(data, len_bytes);
    uint16_t start, offset;
    check_parsed(&p);
    told(pool, &p);
    must(!ip_mark_ce(&p) || ip_ecn(&p) == 3);
    if (ip_partial_checksum(&p, &start, &offset))
        must((size_t)start + offset + 2 <= ip_end(&p));
    ip_finish_checksum(&p);
    free(p.data);
}

/* Beside itself, and beside itself with the sequence and identification that follow. */
static void merged(const uint8_t *data, size_t len_bytes, uint8_t bits)
{
    static struct gro c;
    struct pkt a = copy_of(data, len_bytes);
    struct pkt b = copy_of(data, len_bytes);
    a.csum_partial = b.csum_partial = (bits & 1) != 0;
    if ((bits & 2) != 0 && ip_is(&b, IP_PORTS)) {
        if (b.ip.protocol == IP_PROTO_TCP)
            be32_put(b.data + b.ip.l4_offset + 4, ip_tcp(&b).end);
        if (b.ip.family == 4) {
            be16_put(b.data + 4, (uint16_t)(be16_get(b.data + 4) + 1));
            checksum_ipv4(b.data, b.ip.l4_offset);
        }
    }
    c.udp = true;
    gro_init(&c);
    must(gro_add(&c, &a));
    size_t count = gro_add(&c, &b) ? 2 : 1;
    struct gro_result r = gro_finish(&c);
    must((r.gso != PKT_GSO_NONE) == (count == 2));
    must(gro_skip(&c, 1) <= len_bytes);
    must(!r.csum_partial || (size_t)r.csum_start + r.csum_offset + 2 <= len_bytes);
    free(a.data);
    free(b.data);
}

static void super_packet(struct pkt_pool *pool, const uint8_t prefix[PREFIX], const uint8_t *data,
                         size_t len_bytes)
{
    struct pkt *p = pkt_new(pool, len_bytes);
    uint8_t header[GSO_HEADER_MAX];
    must(p != NULL);
    memcpy(p->data, data, len_bytes);
    p->len_bytes = (uint32_t)len_bytes;
    p->gso = (uint8_t)(PKT_GSO_TCP4 + prefix[0] % 4);
    p->header_bytes = prefix[1];
    p->gso_size = (uint16_t)(1 + (prefix[2] << 4));
    ip_parse(p);
    p->ip.l4_offset = prefix[3];
    if (p->header_bytes < len_bytes) {
        size_t payload = len_bytes - p->header_bytes;
        p->seg_count = (uint16_t)((payload + p->gso_size - 1) / p->gso_size);
        for (uint16_t seg = 0; seg < p->seg_count; seg++) {
            size_t n = gso_header(p, seg, header);
            must(n == 0 || n == p->header_bytes);
        }
        told(pool, p);
    }
    pkt_put(p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len_bytes)
{
    static struct pkt_pool *pool;
    if (pool == NULL)
        pool = pkt_pool_new(4, 4);
    if (pool == NULL || len_bytes < PREFIX || len_bytes > PKT_LARGE_BYTES)
        return 0;
    one_packet(pool, data + PREFIX, len_bytes - PREFIX);
    merged(data + PREFIX, len_bytes - PREFIX, data[0] >> 4);
    super_packet(pool, data, data + PREFIX, len_bytes - PREFIX);
    must(pkt_pool_used(pool) == 0);
    return 0;
}
