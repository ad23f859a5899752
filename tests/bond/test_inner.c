/* SPDX-License-Identifier: ISC */
/* Inner packets: what is a flow, a pure acknowledgement, a segment, and a right checksum. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/inner.h"
#include "base/rng.h"
#include "bond/packet.h"

enum { SEED = 5, FIN = 0x01, SYN = 0x02, RST = 0x04, PSH = 0x08, CWR = 0x80 };

static struct pkt_pool *pool;

static struct inner_info parse(const struct pkt *p)
{
    struct inner_info info;
    assert_true(inner_parse(p->data, p->len_bytes, SEED, &info));
    return info;
}

/* IPv6 with so many extension headers of 8 bytes, then UDP with 4 bytes of payload. */
static size_t ipv6_udp(uint8_t *out, const uint8_t *extensions, size_t count)
{
    size_t len = 40 + 8 * count + 12;
    memset(out, 0, len);
    out[0] = 0x60;
    out[5] = (uint8_t)(len - 40);
    out[8] = out[24] = 0x20;
    out[39] = 1;
    uint8_t *next = &out[6];
    for (size_t i = 0; i < count; i++) {
        *next = extensions[i];
        next = out + 40 + 8 * i;
    }
    *next = 17;
    out[40 + 8 * count + 1] = 9;
    out[40 + 8 * count + 5] = 12;
    return len;
}

static void flows_differ_by_ports_and_seed(void **state)
{
    (void)state;
    struct pkt *a = packet_udp(pool, 1, 0, 100);
    struct pkt *b = packet_udp(pool, 1, 9, 200);
    struct pkt *c = packet_udp(pool, 2, 0, 100);
    struct inner_info info = parse(a);
    assert_int_equal(info.family, 4);
    assert_int_equal(info.protocol, 17);
    assert_int_equal(info.l4_offset, 20);
    assert_int_equal(info.flow_hash, parse(b).flow_hash);
    assert_int_not_equal(info.flow_hash, parse(c).flow_hash);
    assert_ptr_equal(info.source, a->data + 12);
    assert_ptr_equal(info.destination, a->data + 16);
    struct inner_info other;
    assert_true(inner_parse(a->data, a->len_bytes, SEED + 1, &other));
    assert_int_not_equal(info.flow_hash, other.flow_hash);
    pkt_put(a);
    pkt_put(b);
    pkt_put(c);
}

static void flows_spread_over_queues(void **state)
{
    (void)state;
    enum { FLOWS = 1024 };
    static uint8_t used[FLOWS];
    unsigned distinct = 0;
    for (uint16_t flow = 0; flow < FLOWS; flow++) {
        struct pkt *p = packet_udp(pool, flow, 0, 100);
        uint8_t *slot = &used[parse(p).flow_hash % FLOWS];
        distinct += *slot == 0;
        *slot = 1;
        pkt_put(p);
    }
    /* A random function would hit 1 - 1 / e of them. */
    assert_in_range(distinct, FLOWS * 58 / 100, FLOWS * 68 / 100);
}

static void fragments_of_a_packet_are_one_flow(void **state)
{
    (void)state;
    struct pkt *first = packet_udp(pool, 1, 0, 100);
    struct pkt *later = packet_udp(pool, 2, 0, 100); /* other bytes where ports would be */
    first->data[6] = 0x20;
    later->data[7] = 9;
    assert_int_equal(parse(first).flow_hash, parse(later).flow_hash);
    assert_int_equal(parse(first).l4_offset, 0);
    pkt_put(first);
    pkt_put(later);
}

static void extension_headers_are_passed_over(void **state)
{
    (void)state;
    uint8_t plain[128], extended[128], fragment[128];
    size_t plain_len = ipv6_udp(plain, NULL, 0);
    size_t extended_len = ipv6_udp(extended, (const uint8_t[]){ 0, 60, 43 }, 3);
    size_t fragment_len = ipv6_udp(fragment, (const uint8_t[]){ 44 }, 1);
    struct inner_info a, b, c;
    assert_true(inner_parse(plain, plain_len, SEED, &a));
    assert_true(inner_parse(extended, extended_len, SEED, &b));
    assert_true(inner_parse(fragment, fragment_len, SEED, &c));
    assert_int_equal(a.family, 6);
    assert_int_equal(a.protocol, 17);
    assert_int_equal(a.l4_offset, 40);
    assert_int_equal(b.protocol, 17);
    assert_int_equal(b.l4_offset, 64);
    assert_int_equal(a.flow_hash, b.flow_hash);
    assert_int_equal(c.l4_offset, 0);
}

static const struct {
    uint8_t flags;
    bool data;
    bool pure;
} acknowledgements[] = {
    { 0x10, false, true },        { 0x10 | PSH, false, true },  { 0x10, true, false },
    { 0x10 | SYN, false, false }, { 0x10 | FIN, false, false }, { 0x10 | RST, false, false },
    { 0, false, false },
};

static void an_acknowledgement_alone_is_pure(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof acknowledgements / sizeof *acknowledgements; i++) {
        struct pkt *p = packet_tcp_ack(pool, 1, 77);
        p->data[33] = acknowledgements[i].flags;
        if (acknowledgements[i].data) {
            p->len_bytes++;
            p->data[3]++;
        }
        struct inner_info info = parse(p);
        assert_int_equal(info.pure_ack, acknowledgements[i].pure);
        assert_int_equal(info.tcp_ack, 77);
        assert_int_equal(info.tcp_data, acknowledgements[i].data);
        assert_int_equal(info.tcp_end, acknowledgements[i].data);
        pkt_put(p);
    }
    struct pkt *udp = packet_udp(pool, 1, 0, 40);
    assert_false(parse(udp).pure_ack);
    pkt_put(udp);
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

static void the_other_direction_of_a_flow_is_told(void **state)
{
    (void)state;
    struct pkt *p = packet_tcp_ack(pool, 1, 77);
    struct pkt *other = packet_tcp_ack(pool, 2, 77);
    uint32_t there = parse(p).flow_hash;
    turn_round(p->data, 12, 4, 20);
    turn_round(other->data, 12, 4, 20);
    struct inner_info back = parse(p);
    struct inner_info other_back = parse(other);
    assert_int_not_equal(back.flow_hash, there);
    assert_int_equal(inner_reverse_hash(p->data, &back, SEED), there);
    assert_int_not_equal(inner_reverse_hash(other->data, &other_back, SEED), there);
    pkt_put(p);
    pkt_put(other);

    uint8_t ipv6[128];
    struct inner_info info;
    size_t len = ipv6_udp(ipv6, NULL, 0);
    ipv6[41] = 7;
    assert_true(inner_parse(ipv6, len, SEED, &info));
    there = info.flow_hash;
    turn_round(ipv6, 8, 16, 40);
    assert_true(inner_parse(ipv6, len, SEED, &info));
    assert_int_not_equal(info.flow_hash, there);
    assert_int_equal(inner_reverse_hash(ipv6, &info, SEED), there);
}

/* Ethernet pads short frames; the padding is no data. */
static void tcp_is_told_by_the_first_bytes(void **state)
{
    (void)state;
    struct pkt *tcp = packet_tcp_ack(pool, 1, 77);
    struct pkt *udp = packet_udp(pool, 1, 0, 100);
    uint8_t six[40] = { 0x60 };
    assert_true(inner_is_tcp(tcp->data, 20));
    assert_false(inner_is_tcp(tcp->data, 19));
    assert_false(inner_is_tcp(udp->data, udp->len_bytes));
    assert_false(inner_is_tcp(six, sizeof six));
    six[6] = 6;
    assert_true(inner_is_tcp(six, sizeof six));
    six[0] = 0x50;
    assert_false(inner_is_tcp(six, sizeof six));
    pkt_put(tcp);
    pkt_put(udp);
}

static void bytes_behind_the_packet_do_not_count(void **state)
{
    (void)state;
    struct pkt *p = packet_tcp_ack(pool, 1, 77);
    p->len_bytes += 6;
    assert_true(parse(p).pure_ack);
    pkt_put(p);
}

static void broken_packets_are_refused(void **state)
{
    (void)state;
    struct inner_info info;
    struct pkt *p = packet_udp(pool, 1, 0, 100);
    for (size_t len = 0; len < 100; len++)
        assert_false(inner_parse(p->data, len, SEED, &info));
    p->data[0] = 0x44; /* a header of 16 bytes */
    assert_false(inner_parse(p->data, 100, SEED, &info));
    p->data[0] = 0x55;
    assert_false(inner_parse(p->data, 100, SEED, &info));
    p->data[0] = 0x45;
    p->data[3] = 19; /* shorter than its header */
    assert_false(inner_parse(p->data, 100, SEED, &info));
    uint8_t six[128];
    size_t len = ipv6_udp(six, NULL, 0);
    for (size_t n = 0; n < len; n++)
        assert_false(inner_parse(six, n, SEED, &info));
    pkt_put(p);
}

/* Each length in a block of its own, so that a sanitizer sees a read behind the end. */
static void random_bytes_are_read_within_their_length(void **state)
{
    (void)state;
    struct rng random = { 11 };
    for (unsigned i = 0; i < 20000; i++) {
        size_t len = (size_t)rng_below(&random, 100);
        uint8_t *data = malloc(len > 0 ? len : 1);
        assert_non_null(data);
        for (size_t at = 0; at < len; at++)
            data[at] = (uint8_t)rng_next(&random);
        if (len > 0)
            data[0] = i % 2 == 0 ? 0x45 : 0x60;
        if (len > 6) {
            data[2] = data[4] = 0;
            data[6] = i % 3 == 0 ? 0 : data[6];
        }
        struct inner_info info;
        uint16_t start, offset;
        if (len > 0)
            inner_parse(data, len, SEED, &info);
        if (inner_partial_checksum(data, len, &start, &offset))
            assert_true((size_t)start + offset + 2 <= len);
        inner_finish_checksum(data, len);
        inner_mark_ce(data, len);
        free(data);
    }
}

static void congestion_is_marked_where_ecn_is_spoken(void **state)
{
    (void)state;
    for (uint8_t ecn = 0; ecn < 4; ecn++) {
        struct pkt *p = packet_udp(pool, 1, 0, 100);
        p->data[1] = (uint8_t)(0xb8 | ecn);
        p->data[10] = p->data[11] = 0;
        uint16_t checksum = (uint16_t)~inner_fold(inner_sum(p->data, 20, 0));
        p->data[10] = (uint8_t)(checksum >> 8);
        p->data[11] = (uint8_t)checksum;
        assert_int_equal(inner_mark_ce(p->data, p->len_bytes), ecn != 0);
        assert_int_equal(p->data[1], 0xb8 | (ecn != 0 ? 3 : 0));
        assert_int_equal(inner_fold(inner_sum(p->data, 20, 0)), 0xffff);
        pkt_put(p);
    }
    uint8_t six[128];
    size_t len = ipv6_udp(six, NULL, 0);
    assert_false(inner_mark_ce(six, len));
    six[1] = 0x2f;
    assert_true(inner_mark_ce(six, len));
    assert_int_equal(six[1], 0x3f);
    assert_int_equal(six[0], 0x60);
}

static uint32_t get(const uint8_t *p, size_t n)
{
    uint32_t v = 0;
    while (n-- > 0)
        v = v << 8 | *p++;
    return v;
}

static void segments_get_headers_of_their_own(void **state)
{
    (void)state;
    struct pkt *p = packet_tcp_super(pool, 1, 3, 1000);
    p->len_bytes -= 300;
    p->data[4] = 0xff;
    p->data[5] = 0xff; /* the id wraps */
    p->data[24] = p->data[25] = p->data[26] = 0xff;
    p->data[33] |= FIN | PSH | CWR;
    for (uint16_t seg = 0; seg < 3; seg++) {
        uint8_t h[INNER_HEADER_MAX];
        assert_int_equal(inner_segment_header(p, seg, h), 40);
        assert_int_equal(get(h + 2, 2), seg == 2 ? 740 : 1040);
        assert_int_equal(get(h + 4, 2), (uint16_t)(0xffff + seg));
        assert_int_equal(inner_fold(inner_sum(h, 20, 0)), 0xffff);
        assert_int_equal(get(h + 24, 4), 0xffffff00U + seg * 1000U);
        assert_int_equal(h[33] & (FIN | PSH), seg == 2 ? FIN | PSH : 0);
        assert_int_equal(h[33] & CWR, seg == 0 ? CWR : 0);
        assert_memory_equal(h + 12, p->data + 12, 12);
    }
    pkt_put(p);
}

static void udp_segments_have_lengths(void **state)
{
    (void)state;
    struct pkt *p = packet_udp(pool, 1, 0, 28 + 2500);
    p->gso = PKT_GSO_UDP4;
    p->gso_size = 1000;
    p->header_bytes = 28;
    p->l4_offset = 20;
    p->seg_count = 3;
    uint8_t h[INNER_HEADER_MAX];
    assert_int_equal(inner_segment_header(p, 0, h), 28);
    assert_int_equal(get(h + 24, 2), 1008);
    assert_int_equal(inner_segment_header(p, 2, h), 28);
    assert_int_equal(get(h + 24, 2), 508);
    assert_int_equal(get(h + 2, 2), 528);
    pkt_put(p);
}

static void malformed_super_packets_have_no_segments(void **state)
{
    (void)state;
    uint8_t h[INNER_HEADER_MAX];
    struct pkt *p = packet_tcp_super(pool, 1, 3, 1000);
    struct pkt good = *p;
    assert_int_equal(inner_segment_header(p, 3, h), 0);
    p->header_bytes = 39;
    assert_int_equal(inner_segment_header(p, 0, h), 0);
    p->header_bytes = INNER_HEADER_MAX + 1;
    assert_int_equal(inner_segment_header(p, 0, h), 0);
    *p = good;
    p->l4_offset = 0;
    assert_int_equal(inner_segment_header(p, 0, h), 0);
    *p = good;
    p->gso = PKT_GSO_TCP6; /* its header would be longer */
    assert_int_equal(inner_segment_header(p, 0, h), 0);
    *p = good;
    p->len_bytes = 30;
    assert_int_equal(inner_segment_header(p, 0, h), 0);
    *p = good;
    p->gso = PKT_GSO_NONE;
    assert_int_equal(inner_segment_header(p, 0, h), 0);
    *p = good;
    pkt_put(p);
}

/* The receiver's check: pseudo-header and transport sum up to all ones. */
static uint16_t transport_sum(const uint8_t *d, size_t len)
{
    size_t n = d[0] >> 4 == 4 ? 4 : 16;
    size_t header = n == 4 ? 20 : 40;
    uint64_t sum = (len - header) + d[n == 4 ? 9 : 6];
    sum = inner_sum(d + (n == 4 ? 12 : 8), 2 * n, sum);
    return inner_fold(inner_sum(d + header, len - header, sum));
}

static void checksums_are_completed(void **state)
{
    (void)state;
    for (uint32_t bytes = 32; bytes < 64; bytes++) { /* odd and even */
        struct pkt *p = packet_udp(pool, 1, bytes, bytes);
        assert_true(inner_finish_checksum(p->data, p->len_bytes));
        assert_int_equal(transport_sum(p->data, p->len_bytes), 0xffff);
        pkt_put(p);
    }
    struct pkt *tcp = packet_tcp_ack(pool, 1, 5);
    uint16_t start = 0, offset = 0;
    assert_true(inner_partial_checksum(tcp->data, tcp->len_bytes, &start, &offset));
    assert_int_equal(start, 20);
    assert_int_equal(offset, 16);
    assert_true(inner_finish_checksum(tcp->data, tcp->len_bytes));
    assert_int_equal(transport_sum(tcp->data, tcp->len_bytes), 0xffff);
    pkt_put(tcp);
    uint8_t six[128];
    size_t len = ipv6_udp(six, NULL, 0);
    assert_true(inner_finish_checksum(six, len));
    assert_int_equal(transport_sum(six, len), 0xffff);
}

static void a_udp_checksum_is_never_zero(void **state)
{
    (void)state;
    struct pkt *p = packet_udp(pool, 1, 0, 32);
    assert_true(inner_finish_checksum(p->data, p->len_bytes));
    /* Put what makes the sum zero into the payload. */
    p->data[30] = p->data[26];
    p->data[31] = p->data[27];
    assert_true(inner_finish_checksum(p->data, p->len_bytes));
    assert_int_equal(get(p->data + 26, 2), 0xffff);
    pkt_put(p);
}

static void other_protocols_have_no_checksum(void **state)
{
    (void)state;
    uint16_t start, offset;
    struct pkt *p = packet_udp(pool, 1, 0, 100);
    p->data[9] = 1; /* ICMP */
    assert_false(inner_partial_checksum(p->data, p->len_bytes, &start, &offset));
    assert_false(inner_finish_checksum(p->data, p->len_bytes));
    pkt_put(p);
}

static void sums_add_up_whatever_the_cut(void **state)
{
    (void)state;
    uint8_t data[64];
    struct rng random = { 2 };
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)rng_next(&random);
    uint16_t whole = inner_fold(inner_sum(data, sizeof data, 0));
    for (size_t cut = 0; cut <= sizeof data; cut += 2)
        assert_int_equal(
            inner_fold(inner_sum(data + cut, sizeof data - cut, inner_sum(data, cut, 0))), whole);
}

static int make_pool(void **state)
{
    (void)state;
    pool = pkt_pool_new(16, 4);
    return pool == NULL;
}

static int free_pool(void **state)
{
    (void)state;
    size_t used = pkt_pool_used(pool);
    pkt_pool_free(pool);
    return used != 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(flows_differ_by_ports_and_seed),
        cmocka_unit_test(flows_spread_over_queues),
        cmocka_unit_test(fragments_of_a_packet_are_one_flow),
        cmocka_unit_test(extension_headers_are_passed_over),
        cmocka_unit_test(an_acknowledgement_alone_is_pure),
        cmocka_unit_test(the_other_direction_of_a_flow_is_told),
        cmocka_unit_test(tcp_is_told_by_the_first_bytes),
        cmocka_unit_test(bytes_behind_the_packet_do_not_count),
        cmocka_unit_test(broken_packets_are_refused),
        cmocka_unit_test(random_bytes_are_read_within_their_length),
        cmocka_unit_test(congestion_is_marked_where_ecn_is_spoken),
        cmocka_unit_test(segments_get_headers_of_their_own),
        cmocka_unit_test(udp_segments_have_lengths),
        cmocka_unit_test(malformed_super_packets_have_no_segments),
        cmocka_unit_test(checksums_are_completed),
        cmocka_unit_test(a_udp_checksum_is_never_zero),
        cmocka_unit_test(other_protocols_have_no_checksum),
        cmocka_unit_test(sums_add_up_whatever_the_cut),
    };
    return cmocka_run_group_tests(tests, make_pool, free_pool);
}
