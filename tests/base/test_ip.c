/* SPDX-License-Identifier: ISC */
/* Inner headers: flows, fragments, acknowledgements, checksums; and what does not hold. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/checksum.h"
#include "base/ip.h"
#include "base/rng.h"

enum {
    SEED = 5,
    ICMP = 1,
    TCP = 6,
    UDP = 17,
    HOPOPTS = 0,
    ROUTING = 43,
    FRAGMENT = 44,
    DSTOPTS = 60,
    BYTES_MAX = 2048,
};

/* A packet in a block of exactly its length, so that a sanitizer sees a read behind its end. */
static struct pkt take(const uint8_t *data, size_t len)
{
    struct pkt p = { .data = malloc(len > 0 ? len : 1), .len_bytes = (uint32_t)len };
    assert_non_null(p.data);
    if (len > 0)
        memcpy(p.data, data, len);
    ip_parse(&p);
    return p;
}

static struct pkt_ip parse(const uint8_t *data, size_t len)
{
    struct pkt p = take(data, len);
    free(p.data);
    return p.ip;
}

static uint32_t hash(const uint8_t *data, size_t len, uint64_t seed)
{
    struct pkt p = take(data, len);
    uint32_t h = ip_flow_hash(&p, seed);
    free(p.data);
    return h;
}

static void put_transport(uint8_t *l4, uint8_t protocol, uint16_t port, size_t len)
{
    memset(l4, 0, len);
    be16_put(l4, port);
    be16_put(l4 + 2, 7);
    if (protocol == UDP)
        be16_put(l4 + 4, (uint16_t)len);
    if (protocol == TCP)
        l4[12] = 0x50;
}

/* IPv4 with so many bytes of options and behind its header. */
static size_t ipv4(uint8_t *d, uint8_t protocol, uint16_t port, size_t options, size_t l4_bytes)
{
    size_t header = 20 + options;
    memset(d, 0, header);
    d[0] = (uint8_t)(0x40 | header / 4);
    be16_put(d + 2, (uint16_t)(header + l4_bytes));
    d[8] = 64;
    d[9] = protocol;
    be32_put(d + 12, 0x0a000001);
    be32_put(d + 16, 0x0a000002);
    put_transport(d + header, protocol, port, l4_bytes);
    checksum_ipv4(d, header);
    return header + l4_bytes;
}

/* IPv6 with so many extension headers of 8 bytes, then UDP with 4 bytes of payload. */
static size_t ipv6(uint8_t *d, const uint8_t *extensions, size_t count)
{
    size_t l4 = 40 + 8 * count;
    uint8_t *next = &d[6];
    memset(d, 0, l4);
    d[0] = 0x60;
    be16_put(d + 4, (uint16_t)(8 * count + 12));
    d[8] = d[24] = 0x20;
    d[39] = 1;
    for (size_t i = 0; i < count; i++) {
        *next = extensions[i];
        next = d + 40 + 8 * i;
    }
    *next = UDP;
    put_transport(d + l4, UDP, 9, 12);
    return l4 + 12;
}

static void both_families_are_told(void **state)
{
    (void)state;
    uint8_t d[BYTES_MAX];
    size_t len = ipv4(d, UDP, 1, 0, 80);
    d[1] = 0xb9;
    struct pkt p = take(d, len);
    assert_int_equal(p.ip.family, 4);
    assert_int_equal(p.ip.protocol, UDP);
    assert_int_equal(p.ip.flags, IP_WHOLE | IP_PORTS);
    assert_int_equal(p.ip.l4_offset, 20);
    assert_int_equal(p.ip.payload_offset, 28);
    assert_int_equal(ip_dscp(&p), 46);
    assert_int_equal(ip_ecn(&p), 1);
    assert_int_equal(ip_end(&p), 100);
    assert_ptr_equal(ip_source(&p), p.data + 12);
    assert_ptr_equal(ip_destination(&p), p.data + 16);
    free(p.data);
    len = ipv6(d, NULL, 0);
    d[0] = 0x6b;
    d[1] = 0x90;
    p = take(d, len);
    assert_int_equal(p.ip.family, 6);
    assert_int_equal(p.ip.flags, IP_WHOLE | IP_PORTS);
    assert_int_equal(p.ip.l4_offset, 40);
    assert_int_equal(p.ip.payload_offset, 48);
    assert_int_equal(ip_dscp(&p), 46);
    assert_int_equal(ip_ecn(&p), 1);
    assert_int_equal(ip_end(&p), 52);
    assert_ptr_equal(ip_source(&p), p.data + 8);
    assert_ptr_equal(ip_destination(&p), p.data + 24);
    free(p.data);
}

static void flows_differ_by_ports_and_seed(void **state)
{
    (void)state;
    uint8_t a[BYTES_MAX], b[BYTES_MAX], c[BYTES_MAX];
    size_t a_len = ipv4(a, UDP, 1, 0, 80);
    size_t b_len = ipv4(b, UDP, 1, 8, 180);
    size_t c_len = ipv4(c, UDP, 2, 0, 80);
    assert_int_equal(hash(a, a_len, SEED), hash(b, b_len, SEED));
    assert_int_not_equal(hash(a, a_len, SEED), hash(c, c_len, SEED));
    assert_int_not_equal(hash(a, a_len, SEED), hash(a, a_len, SEED + 1));
}

static void flows_spread_over_queues(void **state)
{
    (void)state;
    enum { FLOWS = 1024 };
    static uint8_t used[FLOWS];
    unsigned distinct = 0;
    for (uint16_t flow = 0; flow < FLOWS; flow++) {
        uint8_t d[BYTES_MAX];
        size_t len = ipv4(d, UDP, flow, 0, 80);
        uint8_t *slot = &used[hash(d, len, SEED) % FLOWS];
        distinct += *slot == 0;
        *slot = 1;
    }
    /* A random function would hit 1 - 1 / e of them. */
    assert_in_range(distinct, FLOWS * 58 / 100, FLOWS * 68 / 100);
}

static uint64_t key_of(const uint8_t *data, size_t len)
{
    struct pkt p = take(data, len);
    uint64_t key = ip_fragment_key(&p);
    free(p.data);
    return key;
}

static void fragments_of_a_packet_are_one_flow(void **state)
{
    (void)state;
    uint8_t first[BYTES_MAX], later[BYTES_MAX];
    size_t len = ipv4(first, UDP, 1, 0, 80);
    ipv4(later, UDP, 2, 0, 80); /* other bytes where ports would be */
    first[6] = 0x20;
    later[7] = 9;
    assert_int_equal(hash(first, len, SEED), hash(later, len, SEED));
    assert_int_equal(parse(first, len).flags, IP_WHOLE | IP_FRAGMENT);
    assert_int_equal(parse(first, len).l4_offset, 0);
    assert_int_equal(parse(later, len).flags, IP_WHOLE | IP_FRAGMENT | IP_LATER);
    assert_int_equal(key_of(first, len), key_of(later, len));
    later[5] = 1; /* the id of another packet */
    assert_int_not_equal(key_of(first, len), key_of(later, len));
}

static void fragments_of_ipv6_are_told_behind_other_headers(void **state)
{
    (void)state;
    uint8_t first[BYTES_MAX], later[BYTES_MAX];
    const uint8_t chain[] = { HOPOPTS, ROUTING, FRAGMENT, DSTOPTS };
    size_t len = ipv6(first, chain, 4);
    ipv6(later, chain, 4);
    uint8_t *first_header = first + 40 + 16;
    uint8_t *later_header = later + 40 + 16;
    first_header[3] = 1;
    later_header[2] = 1;
    memset(later_header + 8, 0xff, len - 64); /* data, and no header any more */
    assert_int_equal(parse(first, len).flags, IP_WHOLE | IP_FRAGMENT);
    assert_int_equal(parse(later, len).flags, IP_WHOLE | IP_FRAGMENT | IP_LATER);
    assert_int_equal(parse(first, len).payload_offset, 64);
    assert_int_equal(parse(first, len).protocol, DSTOPTS);
    assert_int_equal(hash(first, len, SEED), hash(later, len, SEED));
    assert_int_equal(key_of(first, len), key_of(later, len));
    later_header[7] = 1;
    assert_int_not_equal(key_of(first, len), key_of(later, len));
}

/* RFC 6946: translators put a fragment header before packets that are whole. */
static void one_fragment_alone_is_a_whole_packet(void **state)
{
    (void)state;
    uint8_t plain[BYTES_MAX], atomic[BYTES_MAX];
    size_t plain_len = ipv6(plain, NULL, 0);
    size_t len = ipv6(atomic, (const uint8_t[]){ FRAGMENT }, 1);
    struct pkt_ip ip = parse(atomic, len);
    assert_int_equal(ip.flags, IP_WHOLE | IP_PORTS);
    assert_int_equal(ip.l4_offset, 48);
    assert_int_equal(hash(atomic, len, SEED), hash(plain, plain_len, SEED));
}

static void extension_headers_are_passed_over(void **state)
{
    (void)state;
    uint8_t plain[BYTES_MAX], extended[BYTES_MAX];
    size_t plain_len = ipv6(plain, NULL, 0);
    size_t len = ipv6(extended, (const uint8_t[]){ HOPOPTS, DSTOPTS, ROUTING }, 3);
    struct pkt_ip ip = parse(extended, len);
    assert_int_equal(ip.protocol, UDP);
    assert_int_equal(ip.l4_offset, 64);
    assert_int_equal(ip.flags, IP_WHOLE | IP_PORTS);
    assert_int_equal(hash(plain, plain_len, SEED), hash(extended, len, SEED));
    extended[41] = 2; /* 24 bytes: up to the transport header */
    extended[40] = UDP;
    assert_int_equal(parse(extended, len).l4_offset, 64);
}

/* What is carried on, but whose transport is nobody's business any more. */
static void a_long_chain_of_headers_is_not_followed(void **state)
{
    (void)state;
    uint8_t d[BYTES_MAX];
    uint8_t chain[100];
    memset(chain, DSTOPTS, sizeof chain);
    size_t len = ipv6(d, chain, 26);
    assert_int_equal(parse(d, len).l4_offset, 248);
    assert_int_equal(parse(d, len).flags, IP_WHOLE | IP_PORTS);
    len = ipv6(d, chain, 27);
    assert_int_equal(parse(d, len).l4_offset, 0);
    assert_int_equal(parse(d, len).flags, IP_WHOLE);
    len = ipv6(d, chain, sizeof chain);
    assert_int_equal(parse(d, len).l4_offset, 0);
    assert_int_equal(parse(d, len).flags, IP_WHOLE);
}

static const struct {
    uint8_t flags;
    bool data;
    bool pure;
} acknowledgements[] = {
    { IP_TCP_ACK, false, true },
    { IP_TCP_ACK | IP_TCP_PSH, false, true },
    { IP_TCP_ACK, true, false },
    { IP_TCP_ACK | IP_TCP_SYN, false, false },
    { IP_TCP_ACK | IP_TCP_FIN, false, false },
    { IP_TCP_ACK | IP_TCP_RST, false, false },
    { 0, false, false },
};

static void an_acknowledgement_alone_is_pure(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof acknowledgements / sizeof *acknowledgements; i++) {
        uint8_t d[BYTES_MAX];
        size_t len = ipv4(d, TCP, 1, 0, 20 + acknowledgements[i].data);
        be32_put(d + 24, 1000);
        be32_put(d + 28, 77);
        d[33] = acknowledgements[i].flags;
        d[len] = 0xff; /* Ethernet pads short frames; the padding is no data */
        struct pkt p = take(d, len + 1);
        struct ip_tcp tcp = ip_tcp(&p);
        assert_int_equal(tcp.pure_ack, acknowledgements[i].pure);
        assert_int_equal(tcp.data, acknowledgements[i].data);
        assert_int_equal(tcp.ack, 77);
        assert_int_equal(tcp.end, 1000 + acknowledgements[i].data);
        free(p.data);
    }
    uint8_t d[BYTES_MAX];
    struct pkt udp = take(d, ipv4(d, UDP, 1, 0, 20));
    assert_false(ip_tcp(&udp).pure_ack || ip_tcp(&udp).data);
    free(udp.data);
}

static void turn_round(uint8_t *data, size_t addresses, size_t address_bytes, size_t ports)
{
    uint8_t source[16];
    memcpy(source, data + addresses, address_bytes);
    memcpy(data + addresses, data + addresses + address_bytes, address_bytes);
    memcpy(data + addresses + address_bytes, source, address_bytes);
    memcpy(source, data + ports, 2);
    memcpy(data + ports, data + ports + 2, 2);
    memcpy(data + ports + 2, source, 2);
}

static uint32_t reverse(const uint8_t *data, size_t len)
{
    struct pkt p = take(data, len);
    uint32_t h = ip_reverse_hash(&p, SEED);
    free(p.data);
    return h;
}

static void the_other_direction_of_a_flow_is_told(void **state)
{
    (void)state;
    uint8_t d[BYTES_MAX], other[BYTES_MAX];
    size_t len = ipv4(d, TCP, 1, 0, 20);
    ipv4(other, TCP, 2, 0, 20);
    uint32_t there = hash(d, len, SEED);
    turn_round(d, 12, 4, 20);
    turn_round(other, 12, 4, 20);
    assert_int_not_equal(hash(d, len, SEED), there);
    assert_int_equal(reverse(d, len), there);
    assert_int_not_equal(reverse(other, len), there);
    len = ipv6(d, NULL, 0);
    there = hash(d, len, SEED);
    turn_round(d, 8, 16, 40);
    assert_int_not_equal(hash(d, len, SEED), there);
    assert_int_equal(reverse(d, len), there);
    len = ipv4(d, ICMP, 1, 0, 0); /* nothing where others have ports */
    there = hash(d, len, SEED);
    turn_round(d, 12, 4, 20);
    assert_int_equal(reverse(d, len), there);
}

/* The first piece of a packet that came in several. */
static void tcp_is_told_by_the_first_bytes(void **state)
{
    (void)state;
    uint8_t d[BYTES_MAX];
    size_t len = ipv4(d, TCP, 1, 0, 1000);
    for (size_t n = 0; n < len; n++) {
        struct pkt p = take(d, n);
        assert_int_equal(ip_is_tcp(&p), n >= 20);
        assert_false(ip_is(&p, IP_WHOLE));
        free(p.data);
    }
    struct pkt udp = take(d, ipv4(d, UDP, 1, 0, 20));
    assert_false(ip_is_tcp(&udp));
    free(udp.data);
}

static void broken_packets_are_not_whole(void **state)
{
    (void)state;
    uint8_t d[BYTES_MAX];
    size_t len = ipv4(d, UDP, 1, 20, 60);
    for (size_t n = 0; n < len; n++) {
        assert_int_equal(parse(d, n).flags, 0);
        assert_int_equal(parse(d, n).family, n >= 20 ? 4 : 0);
    }
    for (uint8_t ihl = 0; ihl < 5; ihl++) {
        d[0] = 0x40 | ihl;
        assert_int_equal(parse(d, len).flags, 0);
    }
    for (uint8_t version = 0; version < 16; version++) {
        d[0] = (uint8_t)(version << 4 | 5);
        struct pkt_ip ip = parse(d, len);
        assert_int_equal(ip.family, version == 4 || version == 6 ? version : 0);
        assert_int_equal((ip.flags & IP_WHOLE) != 0, version == 4);
    }
    d[0] = 0x4a;
    be16_put(d + 2, 39); /* shorter than its header */
    assert_int_equal(parse(d, len).flags, 0);
    be16_put(d + 2, (uint16_t)(len + 1));
    assert_int_equal(parse(d, len).flags, 0);
    be16_put(d + 2, 40);
    assert_int_equal(parse(d, len).flags, IP_WHOLE);
    len = ipv6(d, (const uint8_t[]){ HOPOPTS, FRAGMENT, DSTOPTS }, 3);
    for (size_t n = 0; n < len; n++) {
        assert_int_equal(parse(d, n).flags, 0);
        assert_int_equal(parse(d, n).family, n >= 40 ? 6 : 0);
    }
}

/* The packet is as long as it says, but the headers in it are not. */
static void extension_headers_that_lie_are_not_whole(void **state)
{
    (void)state;
    uint8_t d[BYTES_MAX];
    size_t len = ipv6(d, (const uint8_t[]){ HOPOPTS }, 1);
    for (unsigned size = 0; size < 256; size++) {
        d[41] = (uint8_t)size;
        assert_int_equal((parse(d, len).flags & IP_WHOLE) != 0, 40 + 8 * (size + 1) <= len);
    }
    for (size_t n = 40; n < 48; n++) { /* no room for the header that it announces */
        be16_put(d + 4, (uint16_t)(n - 40));
        assert_int_equal(parse(d, n).flags, 0);
    }
    len = ipv6(d, NULL, 0);
    be16_put(d + 4, 0); /* a jumbogram, of what is there */
    assert_int_equal(parse(d, len).flags, IP_WHOLE | IP_PORTS);
    d[6] = 59; /* nothing follows, RFC 8200, section 4.7 */
    be16_put(d + 4, (uint16_t)(len - 40));
    assert_int_equal(parse(d, len).flags, IP_WHOLE);
}

static void transport_headers_that_lie_have_no_ports(void **state)
{
    (void)state;
    uint8_t d[BYTES_MAX];
    size_t len = ipv4(d, TCP, 1, 0, 30);
    for (uint8_t words = 0; words < 16; words++) {
        d[32] = (uint8_t)(words << 4);
        bool holds = words >= 5 && words * 4 <= 30;
        assert_int_equal(parse(d, len).flags, holds ? IP_WHOLE | IP_PORTS : IP_WHOLE);
        assert_int_equal(parse(d, len).payload_offset, holds ? 20 + words * 4 : 20);
    }
    for (size_t bytes = 0; bytes < 40; bytes++) {
        uint8_t whole[BYTES_MAX];
        len = ipv4(whole, TCP, 1, 0, 40);
        be16_put(whole + 2, (uint16_t)(20 + bytes)); /* the rest is padding */
        assert_int_equal((parse(whole, len).flags & IP_PORTS) != 0, bytes >= 20);
        len = ipv4(whole, UDP, 1, 0, 40);
        be16_put(whole + 2, (uint16_t)(20 + bytes));
        assert_int_equal((parse(whole, len).flags & IP_PORTS) != 0, bytes >= 8);
    }
}

/* All that works from the parse, on a packet of random bytes that looks right at first sight. */
static void use_all(struct pkt *p)
{
    uint16_t start;
    uint16_t offset;
    if (p->ip.family == 0) {
        assert_int_equal(p->ip.flags, 0);
        return;
    }
    assert_true(ip_destination(p) + ip_address_bytes(p) <= p->data + p->len_bytes);
    (void)ip_is_tcp(p);
    (void)ip_tcp(p);
    if (ip_is(p, IP_WHOLE)) {
        assert_true(ip_end(p) <= p->len_bytes && p->ip.payload_offset <= ip_end(p));
        (void)ip_flow_hash(p, SEED);
        (void)ip_reverse_hash(p, SEED);
    }
    if (ip_is(p, IP_FRAGMENT))
        (void)ip_fragment_key(p);
    if (ip_partial_checksum(p, &start, &offset))
        assert_true((size_t)start + offset + 2 <= ip_end(p));
    ip_finish_checksum(p);
    ip_mark_ce(p);
}

static void random_bytes_are_read_within_their_length(void **state)
{
    (void)state;
    struct rng random = { 11 };
    for (unsigned i = 0; i < 20000; i++) {
        uint8_t d[100];
        static const uint8_t protocols[] = { TCP, UDP, HOPOPTS, ROUTING, FRAGMENT, DSTOPTS };
        size_t len = (size_t)rng_below(&random, sizeof d);
        for (size_t at = 0; at < len; at++)
            d[at] = (uint8_t)rng_next(&random);
        d[0] = (uint8_t)(i % 2 == 0 ? 0x45 + rng_below(&random, 3) : 0x60);
        d[i % 2 == 0 ? 9 : 6] = protocols[rng_below(&random, sizeof protocols)];
        if (len >= 40 && rng_below(&random, 4) != 0)
            be16_put(d + (i % 2 == 0 ? 2 : 4), (uint16_t)(i % 2 == 0 ? len : len - 40));
        struct pkt p = take(d, len);
        use_all(&p);
        free(p.data);
    }
}

static void congestion_is_marked_where_ecn_is_spoken(void **state)
{
    (void)state;
    for (uint8_t ecn = 0; ecn < 4; ecn++) {
        uint8_t d[BYTES_MAX];
        size_t len = ipv4(d, UDP, 1, 0, 80);
        d[1] = (uint8_t)(0xb8 | ecn);
        checksum_ipv4(d, 20);
        struct pkt p = take(d, len);
        assert_int_equal(ip_mark_ce(&p), ecn != 0);
        assert_int_equal(p.data[1], 0xb8 | (ecn != 0 ? 3 : 0));
        assert_int_equal(ip_ecn(&p), ecn != 0 ? 3 : 0);
        assert_int_equal(checksum_fold(checksum_add(p.data, 20, 0)), 0xffff);
        free(p.data);
    }
    uint8_t six[BYTES_MAX];
    struct pkt p = take(six, ipv6(six, NULL, 0));
    assert_false(ip_mark_ce(&p));
    p.data[1] = 0x2f;
    ip_parse(&p);
    assert_true(ip_mark_ce(&p));
    assert_int_equal(p.data[1], 0x3f);
    assert_int_equal(p.data[0], 0x60);
    free(p.data);
}

/* The receiver's check: pseudo-header and transport sum up to all ones. */
static uint16_t transport_sum(const struct pkt *p)
{
    size_t l4 = p->ip.l4_offset;
    uint64_t sum = ip_end(p) - l4 + p->ip.protocol;
    sum = checksum_add(ip_source(p), 2 * ip_address_bytes(p), sum);
    return checksum_fold(checksum_add(p->data + l4, ip_end(p) - l4, sum));
}

static void checksums_are_completed(void **state)
{
    (void)state;
    uint8_t d[BYTES_MAX];
    uint16_t start = 0, offset = 0;
    for (size_t bytes = 12; bytes < 44; bytes++) { /* odd and even */
        size_t len = ipv4(d, UDP, (uint16_t)bytes, bytes % 3 * 4, bytes);
        memset(d + len, 0xff, 6); /* padding */
        struct pkt p = take(d, len + 6);
        assert_true(ip_finish_checksum(&p));
        assert_int_equal(transport_sum(&p), 0xffff);
        free(p.data);
    }
    struct pkt tcp = take(d, ipv4(d, TCP, 1, 4, 20));
    assert_true(ip_partial_checksum(&tcp, &start, &offset));
    assert_int_equal(start, 24);
    assert_int_equal(offset, 16);
    assert_true(ip_finish_checksum(&tcp));
    assert_int_equal(transport_sum(&tcp), 0xffff);
    free(tcp.data);
    struct pkt six = take(d, ipv6(d, (const uint8_t[]){ DSTOPTS }, 1));
    assert_true(ip_finish_checksum(&six));
    assert_int_equal(transport_sum(&six), 0xffff);
    free(six.data);
}

static void a_udp_checksum_is_never_zero(void **state)
{
    (void)state;
    uint8_t d[BYTES_MAX];
    struct pkt p = take(d, ipv4(d, UDP, 1, 0, 12));
    assert_true(ip_finish_checksum(&p));
    memcpy(p.data + 30, p.data + 26, 2); /* what makes the sum zero, into the payload */
    assert_true(ip_finish_checksum(&p));
    assert_int_equal(be16_get(p.data + 26), 0xffff);
    free(p.data);
}

static void other_protocols_have_no_checksum(void **state)
{
    (void)state;
    uint8_t d[BYTES_MAX];
    uint16_t start, offset;
    struct pkt p = take(d, ipv4(d, ICMP, 1, 0, 80));
    assert_false(ip_partial_checksum(&p, &start, &offset));
    assert_false(ip_finish_checksum(&p));
    free(p.data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_families_are_told),
        cmocka_unit_test(flows_differ_by_ports_and_seed),
        cmocka_unit_test(flows_spread_over_queues),
        cmocka_unit_test(fragments_of_a_packet_are_one_flow),
        cmocka_unit_test(fragments_of_ipv6_are_told_behind_other_headers),
        cmocka_unit_test(one_fragment_alone_is_a_whole_packet),
        cmocka_unit_test(extension_headers_are_passed_over),
        cmocka_unit_test(a_long_chain_of_headers_is_not_followed),
        cmocka_unit_test(an_acknowledgement_alone_is_pure),
        cmocka_unit_test(the_other_direction_of_a_flow_is_told),
        cmocka_unit_test(tcp_is_told_by_the_first_bytes),
        cmocka_unit_test(broken_packets_are_not_whole),
        cmocka_unit_test(extension_headers_that_lie_are_not_whole),
        cmocka_unit_test(transport_headers_that_lie_have_no_ports),
        cmocka_unit_test(random_bytes_are_read_within_their_length),
        cmocka_unit_test(congestion_is_marked_where_ecn_is_spoken),
        cmocka_unit_test(checksums_are_completed),
        cmocka_unit_test(a_udp_checksum_is_never_zero),
        cmocka_unit_test(other_protocols_have_no_checksum),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
