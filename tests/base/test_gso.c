/* SPDX-License-Identifier: ISC */
/* Super-packets are cut into packets with headers of their own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/checksum.h"
#include "base/gso.h"
#include "base/ip.h"

enum { IPV4 = 20, IPV6 = 40, TCP = 20, UDP = 8, OPTIONS = 12 };

struct super {
    bool ipv6;
    bool udp;
    bool options; /* of IPv4, or an extension header of IPv6; and of TCP */
};

static uint8_t memory[PKT_LARGE_BYTES];

/* Three segments of 1000 bytes, the last of 700. */
static struct pkt make(const struct super *s)
{
    size_t more = !s->options ? 0 : s->ipv6 ? 8U : 4U;
    size_t l4 = (s->ipv6 ? IPV6 : IPV4) + more;
    size_t header = l4 + (s->udp ? UDP : TCP) + (s->options && !s->udp ? OPTIONS : 0U);
    uint8_t *d = memory;
    struct pkt p = { .data = d, .len_bytes = (uint32_t)header + 2700 };
    memset(d, 0, header);
    if (s->ipv6) {
        d[0] = 0x60;
        be16_put(d + 4, (uint16_t)(p.len_bytes - IPV6));
        d[6] = s->options ? 60 : s->udp ? 17 : 6;
        d[IPV6] = s->udp ? 17 : 6;
    } else {
        d[0] = (uint8_t)(0x45 + more / 4);
        be16_put(d + 2, (uint16_t)p.len_bytes);
        be16_put(d + 4, 0xffff); /* the id wraps */
        d[9] = s->udp ? 17 : 6;
        be32_put(d + 12, 0x0a000001);
        be32_put(d + 16, 0x0a000002);
    }
    memset(d + l4, 0, header - l4);
    be32_put(d + l4, 0x12345678);
    if (!s->udp) {
        be32_put(d + l4 + 4, 0xffffff00);
        d[l4 + 12] = (uint8_t)((header - l4) / 4 << 4);
        d[l4 + 13] = IP_TCP_ACK | IP_TCP_FIN | IP_TCP_PSH | IP_TCP_CWR;
    }
    p.gso = (uint8_t)(s->udp ? (s->ipv6 ? PKT_GSO_UDP6 : PKT_GSO_UDP4)
                             : (s->ipv6 ? PKT_GSO_TCP6 : PKT_GSO_TCP4));
    p.gso_size = 1000;
    p.seg_count = 3;
    p.header_bytes = (uint16_t)header;
    ip_parse(&p);
    assert_int_equal(p.ip.l4_offset, l4);
    assert_int_equal(p.ip.payload_offset, header);
    return p;
}

static void check_segment(const struct super *s, const struct pkt *p, uint16_t seg)
{
    uint8_t h[GSO_HEADER_MAX];
    size_t l4 = p->ip.l4_offset;
    uint32_t payload = seg == 2 ? 700 : 1000;
    assert_int_equal(gso_header(p, seg, h), p->header_bytes);
    if (s->ipv6) {
        assert_int_equal(be16_get(h + 4), p->header_bytes + payload - IPV6);
    } else {
        assert_int_equal(be16_get(h + 2), p->header_bytes + payload);
        assert_int_equal(be16_get(h + 4), (uint16_t)(0xffff + seg));
        assert_int_equal(checksum_fold(checksum_add(h, l4, 0)), 0xffff);
    }
    assert_int_equal(be32_get(h + l4), 0x12345678);
    if (s->udp) {
        assert_int_equal(be16_get(h + l4 + 4), UDP + payload);
        return;
    }
    assert_int_equal(be32_get(h + l4 + 4), 0xffffff00U + seg * 1000U);
    int last = IP_TCP_FIN | IP_TCP_PSH;
    assert_int_equal(h[l4 + 13], IP_TCP_ACK | (seg == 2 ? last : 0) | (seg == 0 ? IP_TCP_CWR : 0));
}

static void segments_get_headers_of_their_own(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 8; i++) {
        const struct super s = { .ipv6 = (i & 1) != 0, .udp = (i & 2) != 0, .options = i >= 4 };
        const struct pkt p = make(&s);
        for (uint16_t seg = 0; seg < 3; seg++)
            check_segment(&s, &p, seg);
    }
}

static void malformed_super_packets_have_no_segments(void **state)
{
    (void)state;
    uint8_t h[GSO_HEADER_MAX];
    const struct pkt good = make(&(struct super){ 0 });
    struct pkt p = good;
    assert_int_equal(gso_header(&p, 2, h), 40);
    assert_int_equal(gso_header(&p, 3, h), 0);
    p.header_bytes = 39;
    assert_int_equal(gso_header(&p, 0, h), 0);
    p.header_bytes = GSO_HEADER_MAX + 1;
    assert_int_equal(gso_header(&p, 0, h), 0);
    p = good;
    p.ip.l4_offset = 0;
    assert_int_equal(gso_header(&p, 0, h), 0);
    p = good;
    p.gso = PKT_GSO_TCP6; /* its header would be longer */
    assert_int_equal(gso_header(&p, 0, h), 0);
    p = good;
    p.len_bytes = 30;
    assert_int_equal(gso_header(&p, 0, h), 0);
    p = good;
    p.gso = PKT_GSO_NONE;
    assert_int_equal(gso_header(&p, 0, h), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(segments_get_headers_of_their_own),
        cmocka_unit_test(malformed_super_packets_have_no_segments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
