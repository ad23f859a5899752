/* SPDX-License-Identifier: ISC */
/* Super-packets: what is merged, what is not, and that cutting up again gives the same packets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/checksum.h"
#include "base/gro.h"
#include "base/gso.h"
#include "base/ip.h"
#include "base/rng.h"

enum { IPV4 = 20, IPV6 = 40, PSH = 0x08, ACK = 0x10, FIN = 0x01, ECE = 0x40, CWR = 0x80 };

struct packet {
    bool ipv6;
    bool udp;
    bool partial; /* the checksum */
    bool no_df;
    uint16_t id;
    uint16_t port;
    uint8_t ttl;
    uint8_t tos;
    uint32_t seq;
    uint32_t ack;
    uint8_t flags;
    uint16_t window;
    uint32_t timestamp; /* a TCP option if not 0 */
    size_t payload;
};

static struct pkt_pool *pool;

static void put(uint8_t *at, uint64_t v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        at[i] = (uint8_t)(v >> (8 * (n - 1 - i)));
}

static size_t put_tcp(uint8_t *l4, const struct packet *s)
{
    size_t header = s->timestamp != 0 ? 32 : 20;
    put(l4, s->port, 2);
    put(l4 + 2, 443, 2);
    put(l4 + 4, s->seq, 4);
    put(l4 + 8, s->ack, 4);
    l4[12] = (uint8_t)(header / 4 << 4);
    l4[13] = s->flags != 0 ? s->flags : ACK;
    put(l4 + 14, s->window, 2);
    if (s->timestamp != 0) {
        put(l4 + 20, 0x0101080a, 4);
        put(l4 + 24, s->timestamp, 4);
    }
    return header;
}

static struct pkt *make(const struct packet *s)
{
    struct pkt *p = pkt_new(pool, PKT_LARGE_BYTES);
    size_t ip = s->ipv6 ? IPV6 : IPV4;
    uint8_t *d = p->data;
    uint8_t *l4 = d + ip;
    size_t header = 8;
    memset(d, 0, ip + 60);
    if (!s->udp) {
        header = put_tcp(l4, s);
    } else {
        put(l4, s->port, 2);
        put(l4 + 2, 443, 2);
        put(l4 + 4, 8 + s->payload, 2);
    }
    for (size_t i = 0; i < s->payload; i++)
        l4[header + i] = (uint8_t)(s->seq + i * 7);
    p->len_bytes = (uint32_t)(ip + header + s->payload);
    if (s->ipv6) {
        put(d, UINT32_C(6) << 28 | (uint32_t)s->tos << 20, 4);
        put(d + 4, p->len_bytes - IPV6, 2);
        d[6] = s->udp ? 17 : 6;
        d[7] = s->ttl != 0 ? s->ttl : 64;
        d[23] = 1;
        d[39] = 2;
    } else {
        d[0] = 0x45;
        d[1] = s->tos;
        put(d + 2, p->len_bytes, 2);
        put(d + 4, s->id, 2);
        put(d + 6, s->no_df ? 0 : 0x4000, 2);
        d[8] = s->ttl != 0 ? s->ttl : 64;
        d[9] = s->udp ? 17 : 6;
        put(d + 12, 0x0a000001, 4);
        put(d + 16, 0x0a000002, 4);
        checksum_ipv4(d, IPV4);
    }
    ip_parse(p);
    assert_true(ip_finish_checksum(p));
    p->csum_partial = s->partial;
    return p;
}

static void put_back(struct gro *c)
{
    for (size_t i = 0; i < c->count; i++)
        pkt_put(c->packets[i]);
    gro_init(c);
}

/* How many of two packets make one group. */
static size_t join(bool udp_device, const struct packet *a, const struct packet *b)
{
    struct gro c = { .udp = udp_device };
    struct pkt *second = make(b);
    assert_true(gro_add(&c, make(a)));
    if (!gro_add(&c, second))
        pkt_put(second);
    size_t n = c.count;
    put_back(&c);
    return n;
}

static void follows(void **state)
{
    (void)state;
    struct packet a = { .port = 1, .seq = 100, .ack = 9, .id = 5, .window = 3, .payload = 1000 };
    struct packet b = a;
    b.seq = 1100;
    b.id = 6;
    assert_int_equal(join(false, &a, &b), 2);
    b.payload = 10;
    assert_int_equal(join(false, &a, &b), 2);
    b.flags = ACK | PSH;
    assert_int_equal(join(false, &a, &b), 2);
    b.partial = true;
    assert_int_equal(join(false, &a, &b), 2);
    b.id = 77; /* nobody looks at it where DF is set */
    assert_int_equal(join(false, &a, &b), 2);
    a.ipv6 = b.ipv6 = true;
    assert_int_equal(join(false, &a, &b), 2);
    a.timestamp = b.timestamp = 12345;
    assert_int_equal(join(false, &a, &b), 2);
}

static void every_difference_separates(void **state)
{
    (void)state;
    const struct packet a = {
        .port = 1, .seq = 100, .ack = 9, .id = 5, .window = 3, .payload = 500
    };
    struct packet good = a;
    good.seq = 600;
    good.id = 6;
    struct packet b[16];
    size_t n = 0;
#define VARY(field, value)                                                                         \
    do {                                                                                           \
        b[n] = good;                                                                               \
        b[n++].field = (value);                                                                    \
    } while (0)
    VARY(seq, 601);
    VARY(seq, 100);
    VARY(ack, 10);
    VARY(port, 2);
    VARY(ttl, 63);
    VARY(tos, 3);
    VARY(window, 4);
    VARY(timestamp, 1);
    VARY(payload, 501);
    VARY(payload, 0);
    VARY(ipv6, true);
    VARY(udp, true);
    VARY(no_df, true);
    VARY(flags, ACK | FIN);
    VARY(flags, ACK | ECE);
    VARY(flags, ACK | CWR);
#undef VARY
    assert_int_equal(join(true, &a, &good), 2);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(join(true, &a, &b[i]), 1);

    struct packet pushed = a;
    pushed.flags = ACK | PSH;
    assert_int_equal(join(true, &pushed, &good), 1);
    struct packet fragments = a;
    struct packet next = good;
    fragments.no_df = next.no_df = true;
    assert_int_equal(join(true, &fragments, &next), 2);
    next.id = 8;
    assert_int_equal(join(true, &fragments, &next), 1);
}

static void udp_needs_a_device_for_it(void **state)
{
    (void)state;
    struct packet a = { .udp = true, .port = 1, .id = 1, .payload = 200 };
    struct packet b = a;
    b.id = 2;
    assert_int_equal(join(false, &a, &b), 1);
    assert_int_equal(join(true, &a, &b), 2);
    a.ipv6 = b.ipv6 = true;
    assert_int_equal(join(true, &a, &b), 2);
}

static void a_broken_checksum_stays_broken(void **state)
{
    (void)state;
    struct packet s = { .port = 1, .seq = 0, .payload = 100 };
    for (unsigned broken = 0; broken < 4; broken++) {
        struct gro c = { .udp = true };
        s.seq = 0;
        struct pkt *a = make(&s);
        s.seq = 100;
        struct pkt *b = make(&s);
        struct pkt *bad = broken % 2 == 0 ? a : b;
        bad->data[broken < 2 ? IPV4 + 25 : 10] ^= 1; /* payload, IPv4 checksum */
        assert_true(gro_add(&c, a));
        assert_false(gro_add(&c, b));
        put_back(&c);
        pkt_put(b);
    }
}

static void alone_it_is_left_as_it_is(void **state)
{
    (void)state;
    struct packet s = { .port = 1, .payload = 100 };
    struct gro c = { 0 };
    struct pkt *p = make(&s);
    uint8_t before[200];
    memcpy(before, p->data, p->len_bytes);
    gro_add(&c, p);
    struct gro_result r = gro_finish(&c);
    assert_int_equal(r.gso, PKT_GSO_NONE);
    assert_false(r.csum_partial);
    assert_memory_equal(before, p->data, p->len_bytes);
    put_back(&c);

    s.partial = true;
    p = make(&s);
    gro_add(&c, p);
    r = gro_finish(&c);
    assert_true(r.csum_partial);
    assert_int_equal(r.csum_start, IPV4);
    assert_int_equal(r.csum_offset, 16);
    assert_true(ip_finish_checksum(p));
    assert_memory_equal(before, p->data, p->len_bytes);
    put_back(&c);
}

/* Cuts the group as a device does and compares with what went in. */
static void check_cut(struct gro *c, const struct packet *sent)
{
    struct pkt *whole = pkt_new(pool, PKT_LARGE_BYTES);
    size_t count = c->count;
    struct gro_result r = gro_finish(c);
    for (size_t i = 0; i < count; i++) {
        size_t skip = gro_skip(c, i);
        assert_true(whole->len_bytes + c->packets[i]->len_bytes - skip <= 65535);
        memcpy(whole->data + whole->len_bytes, c->packets[i]->data + skip,
               c->packets[i]->len_bytes - skip);
        whole->len_bytes += (uint32_t)(c->packets[i]->len_bytes - skip);
    }
    whole->gso = (uint8_t)r.gso;
    whole->gso_size = r.gso_size;
    whole->header_bytes = r.header_bytes;
    whole->seg_count = (uint16_t)count;
    ip_parse(whole);
    assert_int_equal(whole->ip.flags, IP_WHOLE | IP_PORTS);
    uint8_t cut[PKT_SMALL_BYTES];
    struct pkt one = { .data = cut };
    for (uint16_t i = 0; count > 1 && i < count; i++) {
        struct pkt *original = make(&sent[i]);
        size_t header = gso_header(whole, i, cut);
        assert_int_equal(header, r.header_bytes);
        assert_int_equal(pkt_seg_bytes(whole, i), original->len_bytes);
        memcpy(cut + header, whole->data + header + (size_t)i * r.gso_size,
               original->len_bytes - header);
        one.len_bytes = original->len_bytes;
        ip_parse(&one);
        assert_true(ip_finish_checksum(&one));
        assert_memory_equal(cut, original->data, original->len_bytes);
        pkt_put(original);
    }
    pkt_put(whole);
}

static void cutting_gives_the_same_packets_back(void **state)
{
    (void)state;
    struct rng rng = { 7 };
    struct gro c = { .udp = true };
    static struct packet sent[GRO_PACKETS_MAX];
    struct packet s = { .port = 1, .payload = 1000 };
    size_t groups = 0;
    size_t packets = 0;

    for (unsigned i = 0; i < 3000; i++, packets++) {
        uint32_t end = s.seq + (uint32_t)s.payload;
        if (rng_below(&rng, 12) == 0)
            s = (struct packet){ .id = s.id,
                                 .ipv6 = rng_below(&rng, 2) == 0,
                                 .udp = rng_below(&rng, 3) == 0,
                                 .no_df = rng_below(&rng, 2) == 0,
                                 .timestamp = (uint32_t)rng_below(&rng, 3),
                                 .port = (uint16_t)rng_below(&rng, 2) };
        s.seq = rng_below(&rng, 30) == 0 ? end + 1 : end;
        s.id++;
        s.partial = rng_below(&rng, 2) == 0;
        s.flags = rng_below(&rng, 15) == 0 ? ACK | PSH : ACK;
        s.payload = rng_below(&rng, 10) == 0 ? 1 + (size_t)rng_below(&rng, 1200) : 1200;
        struct pkt *p = make(&s);
        if (!gro_add(&c, p)) {
            check_cut(&c, sent);
            put_back(&c);
            groups++;
            assert_true(gro_add(&c, p));
        }
        sent[c.count - 1] = s;
    }
    put_back(&c);
    assert_true(groups * 2 < packets); /* it does merge */
    assert_int_equal(pkt_pool_used(pool), 0);
}

static void never_longer_than_an_ip_packet(void **state)
{
    (void)state;
    struct gro c = { 0 };
    struct packet s = { .port = 1, .payload = 1400 };
    for (;;) {
        struct pkt *p = make(&s);
        if (!gro_add(&c, p)) {
            pkt_put(p);
            break;
        }
        s.seq += 1400;
        s.id++;
    }
    assert_int_equal(c.count, (65535 - 40) / 1400);
    put_back(&c);
    s.payload = 10;
    while (c.count < GRO_PACKETS_MAX) {
        assert_true(gro_add(&c, make(&s)));
        s.seq += 10;
        s.id++;
    }
    struct pkt *p = make(&s);
    assert_false(gro_add(&c, p));
    pkt_put(p);
    put_back(&c);
}

/* Whatever comes out of a peer may be anything: nothing is read beyond it, which ASan watches. */
static void garbage_is_left_alone(void **state)
{
    (void)state;
    struct rng rng = { 3 };
    struct gro c = { .udp = true };
    for (unsigned i = 0; i < 20000; i++) {
        struct pkt *p = pkt_new(pool, PKT_SMALL_BYTES);
        p->len_bytes = (uint32_t)rng_below(&rng, 90);
        for (uint32_t k = 0; k < p->len_bytes; k++)
            p->data[k] = (uint8_t)rng_next(&rng);
        if (p->len_bytes > 9) {
            p->data[0] = rng_below(&rng, 2) == 0 ? 0x45 : 0x60;
            p->data[6] = p->data[9] = rng_below(&rng, 2) == 0 ? 6 : 17;
            if (rng_below(&rng, 4) != 0)
                put(p->data + (p->data[0] == 0x45 ? 2 : 4),
                    p->data[0] == 0x45 ? p->len_bytes : p->len_bytes - IPV6, 2);
        }
        ip_parse(p);
        p->csum_partial = rng_below(&rng, 2) == 0;
        if (gro_add(&c, p))
            continue;
        gro_finish(&c);
        put_back(&c);
        gro_add(&c, p);
    }
    put_back(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(follows),
        cmocka_unit_test(every_difference_separates),
        cmocka_unit_test(udp_needs_a_device_for_it),
        cmocka_unit_test(a_broken_checksum_stays_broken),
        cmocka_unit_test(alone_it_is_left_as_it_is),
        cmocka_unit_test(cutting_gives_the_same_packets_back),
        cmocka_unit_test(never_longer_than_an_ip_packet),
        cmocka_unit_test(garbage_is_left_alone),
    };
    pool = pkt_pool_new(16, 200);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    pkt_pool_free(pool);
    return failed;
}
