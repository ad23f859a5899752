/* SPDX-License-Identifier: ISC */
/* Errors of ICMP: what they hold, and what is not answered. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/checksum.h"
#include "base/gso.h"
#include "base/icmp.h"
#include "base/ip.h"

enum { MTU = 1280, ICMP = 1, UDP = 17, TCP = 6, ICMPV6 = 58, FRAGMENT = 44, DSTOPTS = 60 };

static struct pkt_pool *pool;

static struct pkt *packet4(uint8_t protocol, uint16_t len)
{
    struct pkt *p = pkt_new(pool, len);
    assert_non_null(p);
    for (uint16_t i = 0; i < len; i++)
        p->data[i] = (uint8_t)(i * 7);
    p->len_bytes = len;
    memset(p->data, 0, 20);
    p->data[0] = 0x45;
    be16_put(p->data + 2, len);
    p->data[6] = 0x40;
    p->data[8] = 64;
    p->data[9] = protocol;
    be32_put(p->data + 12, 0x0a000001);
    be32_put(p->data + 16, 0x0a000002);
    checksum_ipv4(p->data, 20);
    p->data[20] = 8; /* of ICMP: an echo */
    p->data[32] = 0x50;
    ip_parse(p);
    return p;
}

static struct pkt *packet6(uint8_t protocol, uint16_t len)
{
    struct pkt *p = pkt_new(pool, len);
    assert_non_null(p);
    for (uint16_t i = 0; i < len; i++)
        p->data[i] = (uint8_t)(i * 7);
    p->len_bytes = len;
    memset(p->data, 0, 40);
    p->data[0] = 0x60;
    be16_put(p->data + 4, (uint16_t)(len - 40));
    p->data[6] = protocol;
    p->data[8] = p->data[24] = 0xfd;
    p->data[23] = 1;
    p->data[39] = 2;
    p->data[40] = 128; /* of ICMPv6: an echo */
    p->data[52] = 0x50;
    ip_parse(p);
    return p;
}

static void check_answer4(const struct pkt *a, const struct pkt *of, uint32_t quoted)
{
    assert_int_equal(a->len_bytes, 28 + quoted);
    assert_int_equal(a->ip.flags, IP_WHOLE);
    assert_int_equal(a->ip.protocol, ICMP);
    assert_int_equal(checksum_fold(checksum_add(a->data, 20, 0)), 0xffff);
    assert_int_equal(checksum_fold(checksum_add(a->data + 20, a->len_bytes - 20, 0)), 0xffff);
    assert_memory_equal(ip_source(a), ip_destination(of), 4);
    assert_memory_equal(ip_destination(a), ip_source(of), 4);
    assert_int_equal(a->data[20], 3);
    assert_int_equal(a->data[21], 4);
    assert_int_equal(be32_get(a->data + 24), MTU);
}

static void check_answer6(const struct pkt *a, const struct pkt *of, uint32_t quoted)
{
    assert_int_equal(a->len_bytes, 48 + quoted);
    assert_int_equal(a->ip.flags, IP_WHOLE);
    assert_int_equal(a->ip.protocol, ICMPV6);
    uint64_t sum = checksum_add(a->data + 8, 32, (uint64_t)ICMPV6 + 8 + quoted);
    assert_int_equal(checksum_fold(checksum_add(a->data + 40, 8 + quoted, sum)), 0xffff);
    assert_memory_equal(ip_source(a), ip_destination(of), 16);
    assert_memory_equal(ip_destination(a), ip_source(of), 16);
    assert_int_equal(a->data[40], 2);
    assert_int_equal(a->data[41], 0);
    assert_int_equal(be32_get(a->data + 44), MTU);
}

/* As much as a packet of 576 or 1280 bytes holds, and no more than there is. */
static void the_packet_is_quoted(void **state)
{
    (void)state;
    for (uint16_t len = 1400; len >= 40; len = len > 120 ? (uint16_t)(len - 333) : 39) {
        struct pkt *p = packet4(UDP, len);
        struct pkt *a = icmp_too_big(pool, p, MTU);
        uint32_t quoted = len < 548 ? len : 548;
        assert_non_null(a);
        check_answer4(a, p, quoted);
        assert_memory_equal(a->data + 28, p->data, quoted);
        pkt_put(a);
        pkt_put(p);
        p = packet6(UDP, (uint16_t)(len + 20));
        a = icmp_too_big(pool, p, MTU);
        quoted = len + 20 < 1232 ? len + 20U : 1232;
        assert_non_null(a);
        check_answer6(a, p, quoted);
        assert_memory_equal(a->data + 48, p->data, quoted);
        pkt_put(a);
        pkt_put(p);
    }
}

static void a_super_packet_is_told_of_as_its_first_segment(void **state)
{
    (void)state;
    for (int family = 4; family <= 6; family += 2) {
        struct pkt *p = family == 4 ? packet4(TCP, 40 + 3 * 1000) : packet6(TCP, 60 + 3 * 1000);
        uint8_t header[GSO_HEADER_MAX];
        p->gso = family == 4 ? PKT_GSO_TCP4 : PKT_GSO_TCP6;
        p->gso_size = 1000;
        p->seg_count = 3;
        p->header_bytes = p->ip.payload_offset;
        struct pkt *a = icmp_too_big(pool, p, MTU);
        assert_non_null(a);
        if (family == 4)
            check_answer4(a, p, 548);
        else
            check_answer6(a, p, 1060);
        const uint8_t *quoted = a->data + (family == 4 ? 28 : 48);
        assert_int_equal(gso_header(p, 0, header), p->header_bytes);
        assert_memory_equal(quoted, header, p->header_bytes);
        assert_memory_equal(quoted + p->header_bytes, p->data + p->header_bytes, 400);
        pkt_put(a);
        p->header_bytes = GSO_HEADER_MAX + 1;
        assert_null(icmp_too_big(pool, p, MTU));
        pkt_put(p);
    }
}

static void refused(struct pkt *p)
{
    ip_parse(p);
    assert_null(icmp_too_big(pool, p, MTU));
    pkt_put(p);
}

static struct pkt *set(struct pkt *p, size_t at, uint8_t value)
{
    p->data[at] = value;
    return p;
}

static void not_all_is_answered(void **state)
{
    (void)state;
    refused(set(packet4(UDP, 1400), 6, 0));    /* may be fragmented */
    refused(set(packet4(UDP, 1400), 0, 0x44)); /* malformed */
    refused(set(packet4(UDP, 1400), 0, 0x75));
    refused(set(packet4(UDP, 1400), 7, 9)); /* a later fragment */
    static const uint8_t hosts[] = { 0, 127, 224, 239, 255 };
    for (size_t i = 0; i < sizeof hosts; i++) {
        refused(set(packet4(UDP, 1400), 12, hosts[i]));
        refused(set(packet4(UDP, 1400), 16, hosts[i]));
    }
    static const uint8_t errors[] = { 3, 4, 5, 11, 12 };
    for (size_t i = 0; i < sizeof errors; i++)
        refused(set(packet4(ICMP, 1400), 20, errors[i]));
    struct pkt *empty = packet4(ICMP, 20);
    refused(empty);
    refused(set(packet6(UDP, 1400), 8, 0xff));
    refused(set(packet6(UDP, 1400), 24, 0xff));
    refused(set(set(packet6(UDP, 1400), 8, 0), 23, 0));
    for (unsigned type = 0; type < 128; type += 31)
        refused(set(packet6(ICMPV6, 1400), 40, (uint8_t)type));
    refused(set(packet6(ICMPV6, 1400), 40, 137));
    refused(set(set(set(packet6(FRAGMENT, 1400), 40, UDP), 42, 1), 43, 0)); /* a later one */
    struct pkt *chain = packet6(DSTOPTS, 1400);
    for (size_t at = 40; at < 400; at += 8)
        set(set(chain, at, DSTOPTS), at + 1, 0);
    set(chain, 392, UDP);
    refused(chain);
    struct pkt *echo = packet6(ICMPV6, 1400);
    struct pkt *answer = icmp_too_big(pool, echo, MTU);
    assert_non_null(answer);
    assert_null(icmp_too_big(pool, answer, MTU)); /* errors beget no errors */
    pkt_put(answer);
    pkt_put(echo);
    echo = packet4(ICMP, 1400);
    answer = icmp_too_big(pool, echo, MTU);
    assert_non_null(answer);
    assert_null(icmp_too_big(pool, answer, MTU));
    pkt_put(answer);
    pkt_put(echo);
    assert_int_equal(pkt_pool_used(pool), 0);
}

static int make_pool(void **state)
{
    (void)state;
    pool = pkt_pool_new(8, 4);
    return pool == NULL;
}

static int free_pool(void **state)
{
    (void)state;
    pkt_pool_free(pool);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_packet_is_quoted),
        cmocka_unit_test(a_super_packet_is_told_of_as_its_first_segment),
        cmocka_unit_test(not_all_is_answered),
    };
    return cmocka_run_group_tests(tests, make_pool, free_pool);
}
