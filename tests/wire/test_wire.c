/* SPDX-License-Identifier: ISC */
/* Encoding and decoding: what goes in comes out, and nothing malformed is taken. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "base/rng.h"
#include "wire/wire.h"

static void test_sizes(void **state)
{
    (void)state;
    assert_int_equal(WIRE_OVERHEAD_BYTES + 28, 64);
    assert_int_equal(WIRE_INITIATION_BYTES, 160);
    assert_int_equal(WIRE_RESPONSE_BYTES, 104);
    assert_int_equal(WIRE_COOKIE_BYTES, 64);
}

static void test_header(void **state)
{
    (void)state;
    const struct wire_header h = { .path = 31, .receiver = 0x01020304, .pn = 0xfffefdfc };
    static const uint8_t want[] = { 4, 31, 1, 2, 3, 4, 0xff, 0xfe, 0xfd, 0xfc };
    uint8_t data[64] = { 0 };
    struct wire_header got;
    wire_put_header(data, &h);
    assert_memory_equal(data, want, sizeof want);
    assert_true(wire_get_header(data, WIRE_HEADER_BYTES + 1 + WIRE_TAG_BYTES, &got));
    assert_memory_equal(&got.receiver, &h.receiver, sizeof got.receiver);
    assert_int_equal(got.pn, h.pn);
    assert_false(wire_get_header(data, WIRE_HEADER_BYTES + WIRE_TAG_BYTES, &got));
    data[1] = 32;
    assert_false(wire_get_header(data, sizeof data, &got));
    data[1] = 0;
    data[0] = 5;
    assert_false(wire_get_header(data, sizeof data, &got));
}

static void test_packet_numbers(void **state)
{
    (void)state;
    static const uint64_t bases[] = { 0,           1,           0x7fffffff,
                                      0x80000000,  0xffffffff,  0x100000000,
                                      0x180000000, 0x5ffffffff, UINT64_C(1) << 60 };
    static const int64_t offsets[] = { 0, 1, -1, 1000, -1000, 0x7ffffffe, -0x7fffffff };
    for (size_t i = 0; i < sizeof bases / sizeof bases[0]; i++)
        for (size_t k = 0; k < sizeof offsets / sizeof offsets[0]; k++) {
            uint64_t pn = bases[i] + (uint64_t)offsets[k];
            if (offsets[k] < 0 && bases[i] < (uint64_t)-offsets[k])
                continue;
            assert_int_equal(wire_expand_pn((uint32_t)pn, bases[i]), pn);
        }
}

static void test_nonce(void **state)
{
    (void)state;
    static const uint8_t want[] = { 0, 0, 0, 7, 0, 1, 2, 3, 4, 5, 6, 7 };
    uint8_t nonce[12];
    wire_nonce(nonce, 7, UINT64_C(0x0001020304050607));
    assert_memory_equal(nonce, want, sizeof want);
}

static void test_data(void **state)
{
    (void)state;
    const struct wire_data d = { .flags = WIRE_DATA_MORE | WIRE_DATA_REPEAT,
                                 .lane = 1023,
                                 .sequence = 0xa0b0c0d0,
                                 .sent_us = 0xff123456 };
    static const uint8_t want[] = { 0x8a, 3, 0xff, 0xa0, 0xb0, 0xc0, 0xd0, 0x12, 0x34, 0x56 };
    uint8_t data[11] = { 0 };
    struct wire_data got;
    wire_put_data(data, &d);
    assert_memory_equal(data, want, sizeof want);
    assert_true(wire_get_data(data, sizeof data, &got));
    assert_int_equal(got.flags, d.flags);
    assert_int_equal(got.lane, d.lane);
    assert_int_equal(got.sequence, d.sequence);
    assert_int_equal(got.sent_us, 0x123456);
    assert_false(wire_get_data(data, WIRE_DATA_BYTES, &got)); /* empty */
    data[0] |= 0x10;                                          /* an unknown flag */
    assert_false(wire_get_data(data, sizeof data, &got));
    data[0] = 0x80;
    data[1] = 4; /* lane 1024 and above */
    assert_false(wire_get_data(data, sizeof data, &got));
}

static uint32_t some(struct rng *r, uint32_t below)
{
    return (uint32_t)rng_below(r, below);
}

static void random_report(struct rng *r, struct wire_report *p)
{
    p->cpu = some(r, 2) == 0 ? WIRE_REPORT_CPU_UNKNOWN : (uint8_t)some(r, 101);
    p->limit = (uint8_t)rng_next(r);
    p->version_len = (uint8_t)some(r, WIRE_VERSION_NAME_MAX + 1);
    memset(p->version, '7', p->version_len);
    for (uint8_t path = 0; path < WIRE_PATHS_MAX; path++) {
        if (some(r, 2) == 0)
            continue;
        p->paths[p->count++] = (struct wire_report_path){
            .path = path,
            .use = (uint8_t)some(r, 3),
            .why = (uint8_t)rng_next(r),
            .rate_kbps = some(r, WIRE_REPORT_VALUE_MAX) >> some(r, 30),
            .loss = (uint16_t)some(r, WIRE_REPORT_LOSS_ALL + 1),
            .queue_100us = some(r, WIRE_REPORT_VALUE_MAX) >> some(r, 30),
        };
    }
}

static void random_accepted(struct rng *r, struct wire_accepted *a)
{
    a->sequence = (uint32_t)rng_next(r);
    a->count = (uint8_t)some(r, WIRE_ACCEPTED_MAX + 1);
    for (unsigned i = 0; i < a->count; i++) {
        struct netprefix *p = &a->list[i];
        p->family = some(r, 2) == 0 ? 4 : 6;
        p->len = (uint8_t)some(r, p->family == 4 ? 33 : 129);
        for (size_t j = 0; j < sizeof p->addr; j++)
            p->addr[j] = (uint8_t)rng_next(r);
        netprefix_mask(p);
    }
}

static struct wire_frame_value random_frame(struct rng *r)
{
    static const uint8_t inner[300] = { 0x45, [299] = 7 };
    static const enum wire_frame types[] = {
        WIRE_PING,        WIRE_ACK,      WIRE_PATH_CHALLENGE, WIRE_PATH_RESPONSE,
        WIRE_PATH_STATUS, WIRE_CLOSE,    WIRE_PACKET,         WIRE_REPORT_ASK,
        WIRE_REPORT,      WIRE_ACCEPTED, WIRE_RATE_LIMIT,
    };
    struct wire_frame_value f = { .type = types[some(r, sizeof types / sizeof types[0])] };
    switch (f.type) {
    case WIRE_ACK:
        f.ack.path = (uint8_t)some(r, WIRE_PATHS_MAX);
        f.ack.largest = (uint32_t)rng_next(r);
        f.ack.time_us = (uint32_t)rng_next(r);
        f.ack.delay_us = (uint32_t)rng_next(r) >> some(r, 32);
        f.ack.range_count = (uint8_t)(1 + some(r, WIRE_ACK_RANGES_MAX));
        f.ack.time_count = (uint8_t)(1 + some(r, WIRE_ACK_TIMES_MAX));
        for (unsigned i = 0; i < f.ack.range_count; i++) {
            f.ack.ranges[i].gap = i == 0 ? 0 : 1 + some(r, INT32_MAX);
            f.ack.ranges[i].len = 1 + some(r, INT32_MAX);
        }
        for (unsigned i = 0; i < f.ack.time_count; i++) {
            f.ack.times[i].count = 1 + some(r, 100);
            f.ack.times[i].back_us = i == 0 ? 0 : (int32_t)(uint32_t)rng_next(r);
        }
        break;
    case WIRE_PATH_CHALLENGE:
    case WIRE_PATH_RESPONSE:
        for (size_t i = 0; i < sizeof f.token; i++)
            f.token[i] = (uint8_t)rng_next(r);
        break;
    case WIRE_PATH_STATUS:
        f.status.path = (uint8_t)some(r, WIRE_PATHS_MAX);
        f.status.sequence = (uint32_t)rng_next(r);
        f.status.use = (uint8_t)some(r, 3);
        f.status.flags = (uint8_t)some(r, 4);
        f.status.cost = (uint8_t)some(r, WIRE_COST_MAX + 1);
        f.status.limit_kbps = rng_next(r) >> (2 + some(r, 60));
        f.status.datagram_bytes = (uint16_t)rng_next(r);
        f.status.name_len = (uint8_t)some(r, WIRE_LINK_NAME_MAX + 1);
        memset(f.status.name, 'x', f.status.name_len);
        break;
    case WIRE_CLOSE:
        f.close.reason = (uint8_t)some(r, 4);
        if (f.close.reason != WIRE_CLOSE_REPLACED_BY)
            break;
        f.close.by.family = some(r, 2) == 0 ? 4 : 6;
        f.close.by.port = (uint16_t)rng_next(r);
        for (size_t i = 0; i < (f.close.by.family == 6 ? 16 : 4); i++)
            f.close.by.addr[i] = (uint8_t)rng_next(r);
        break;
    case WIRE_PACKET:
        f.packet.data.flags = (uint8_t)some(r, WIRE_DATA_FLAGS + 1);
        f.packet.data.lane = (uint16_t)some(r, WIRE_LANES_MAX);
        f.packet.data.sequence = (uint32_t)rng_next(r);
        f.packet.data.sent_us = some(r, 1 << 24);
        f.packet.inner_bytes = 1 + some(r, sizeof inner);
        f.packet.inner = inner + sizeof inner - f.packet.inner_bytes;
        break;
    case WIRE_REPORT_ASK:
        f.report_s = (uint8_t)rng_next(r);
        break;
    case WIRE_REPORT:
        random_report(r, &f.report);
        break;
    case WIRE_ACCEPTED:
        random_accepted(r, &f.accepted);
        break;
    case WIRE_RATE_LIMIT:
        f.rate_limit.sequence = (uint32_t)rng_next(r);
        f.rate_limit.kbps = rng_next(r) >> (2 + some(r, 60));
        break;
    case WIRE_PADDING:
    case WIRE_PING:
    case WIRE_DATA:
        break;
    }
    return f;
}

static void test_frames_round_trip(void **state)
{
    (void)state;
    struct rng r = { .state = 42 };
    for (unsigned n = 0; n < 5000; n++) {
        uint8_t data[4096];
        struct writer w = writer_of(data, sizeof data);
        struct wire_frame_value in[3], out;
        for (size_t i = 0; i < 3; i++) {
            in[i] = random_frame(&r);
            wire_put_frame(&w, &in[i]);
            write_be(&w, 0, some(&r, 3)); /* padding anywhere */
        }
        assert_true(writer_ok(&w));
        struct reader from = reader_of(data, writer_len(&w));
        for (size_t i = 0; i < 3; i++) {
            memset(&out, 0, sizeof out);
            assert_int_equal(wire_get_frame(&from, &out), 1);
            if (in[i].type == WIRE_PACKET && out.type == WIRE_PACKET) {
                assert_int_equal(out.packet.inner_bytes, in[i].packet.inner_bytes);
                assert_memory_equal(out.packet.inner, in[i].packet.inner, out.packet.inner_bytes);
                out.packet.inner = in[i].packet.inner;
            }
            assert_memory_equal(&out, &in[i], sizeof out);
        }
        assert_int_equal(wire_get_frame(&from, &out), 0);
    }
}

static void test_length_of_acks(void **state)
{
    (void)state;
    struct rng r = { .state = 44 };
    for (unsigned n = 0; n < 2000; n++) {
        uint8_t data[2048];
        struct writer w = writer_of(data, sizeof data);
        struct wire_frame_value f = random_frame(&r);
        if (f.type != WIRE_ACK)
            continue;
        wire_put_frame(&w, &f);
        assert_int_equal(wire_ack_bytes(&f.ack), writer_len(&w));
    }
}

/* Every proper prefix of a frame is malformed, never a shorter frame. */
static void test_frames_cut_short(void **state)
{
    (void)state;
    struct rng r = { .state = 43 };
    for (unsigned n = 0; n < 300; n++) {
        uint8_t data[2048];
        struct writer w = writer_of(data, sizeof data);
        struct wire_frame_value in = random_frame(&r), out;
        wire_put_frame(&w, &in);
        for (size_t len = 1; len < writer_len(&w); len++) {
            struct reader from = reader_of(data, len);
            assert_int_equal(wire_get_frame(&from, &out), -EBADMSG);
        }
    }
}

static void test_frames_malformed(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        uint8_t data[24];
        size_t len;
    } table[] = {
        { "unknown type", { 8 }, 1 },
        { "packet of nothing", { 7, 0, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0 }, 12 },
        { "packet cut short", { 7, 2, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1 }, 13 },
        { "packet without its flag", { 7, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1 }, 13 },
        { "packet with an unknown flag", { 7, 1, 0x90, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1 }, 13 },
        { "packet in lane 1024", { 7, 1, 0x80, 4, 0, 0, 0, 0, 0, 0, 0, 0, 1 }, 13 },
        { "packet of 9217 bytes", { 7, 0x64, 0x01, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1 }, 24 },
        { "packet of 2^62 - 1 bytes",
          { 7, 255, 255, 255, 255, 255, 255, 255, 255, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1 },
          24 },
        { "data among frames", { 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1 }, 11 },
        { "ack of path 32", { 2, 32, 0, 0, 0, 9, 0, 0, 0, 9, 0, 1, 1, 1, 1 }, 15 },
        { "ack without ranges", { 2, 0, 0, 0, 0, 9, 0, 0, 0, 9, 0, 0, 1, 1, 1 }, 15 },
        { "ack with 33 ranges", { 2, 0, 0, 0, 0, 9, 0, 0, 0, 9, 0, 33, 1, 1, 1 }, 15 },
        { "ack without times", { 2, 0, 0, 0, 0, 9, 0, 0, 0, 9, 0, 1, 0, 1, 1 }, 15 },
        { "ack with empty range", { 2, 0, 0, 0, 0, 9, 0, 0, 0, 9, 0, 1, 1, 0, 1 }, 15 },
        { "status of path 32", { 5, 32, 0, 0, 0, 1, 0, 0, 5, 0, 0 }, 11 },
        { "close by an address of family 5", { 6, 2, 5, 1, 2, 3, 4, 0, 80 }, 9 },
        { "status with use 3", { 5, 0, 0, 0, 0, 1, 3, 0, 5, 0, 0 }, 11 },
        { "name of 16 bytes", { 5, 0, 0, 0, 0, 1, 0, 0, 5, 0, 16, 'a', 'a', 'a', 'a' }, 24 },
        { "name with a space", { 5, 0, 0, 0, 0, 1, 0, 0, 5, 0, 1, ' ' }, 12 },
        { "report with 101 % of a processor", { 10, 101, 0, 0, 0 }, 5 },
        { "report with a version of 16 bytes", { 10, 0, 0, 16, 'a', 'a', 'a', 'a' }, 24 },
        { "report with an escape in its version", { 10, 0, 0, 1, 27, 0 }, 6 },
        { "report of 33 paths", { 10, 0, 0, 0, 33 }, 24 },
        { "report of path 32", { 10, 0, 0, 0, 1, 32, 0, 0, 0, 0, 0, 0 }, 12 },
        { "report with use 3", { 10, 0, 0, 0, 1, 0, 3, 0, 0, 0, 0, 0 }, 12 },
        { "report of 10001 in 10000 lost", { 10, 0, 0, 0, 1, 0, 0, 0, 0, 0x27, 0x11, 0 }, 12 },
        { "report with a rate of 2^30 kbit/s",
          { 10, 0, 0, 0, 1, 0, 0, 0, 0xc0, 0, 0, 0, 0x40, 0, 0, 0, 0, 0, 0 },
          19 },
        { "report of a path twice",
          { 10, 0, 0, 0, 2, 1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0 },
          19 },
        { "33 accepted prefixes", { 11, 0, 0, 0, 1, 33 }, 24 },
        { "accepted prefix of no family", { 11, 0, 0, 0, 1, 1, 5, 0 }, 8 },
        { "accepted prefix of 33 bits", { 11, 0, 0, 0, 1, 1, 4, 33, 1, 2, 3, 4, 0 }, 13 },
        { "accepted prefix with host bits", { 11, 0, 0, 0, 1, 1, 4, 9, 10, 0x40 }, 10 },
        { "name with an escape", { 5, 0, 0, 0, 0, 1, 0, 0, 5, 0, 1, 27 }, 12 },
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct reader r = reader_of(table[i].data, table[i].len);
        struct wire_frame_value out;
        if (wire_get_frame(&r, &out) != -EBADMSG)
            fail_msg("%s was taken", table[i].what);
    }
}

/* Whole, so that nothing but their count is wrong. */
static void test_frames_with_too_many(void **state)
{
    (void)state;
    static const uint8_t ack[] = { WIRE_ACK, 0, 0, 0, 0, 200, 0, 0, 0, 9, 0 };
    static const uint8_t status[] = { WIRE_PATH_STATUS, 0, 0, 0, 0, 1, 0, 0, 5, 0 };
    static const struct {
        const char *what;
        const uint8_t *head;
        size_t head_bytes;
        uint8_t counts[2];
        size_t count_bytes;
        size_t ones; /* that many bytes behind */
        bool good;
    } table[] = {
        { "32 ranges", ack, sizeof ack, { 32, 1 }, 2, 1 + 31 * 2 + 1, true },
        { "33 ranges", ack, sizeof ack, { 33, 1 }, 2, 1 + 32 * 2 + 1, false },
        { "64 times", ack, sizeof ack, { 1, 64 }, 2, 1 + 1 + 63 * 2, true },
        { "65 times", ack, sizeof ack, { 1, 65 }, 2, 1 + 1 + 64 * 2, false },
        { "name of 15 bytes", status, sizeof status, { 15 }, 1, 15, true },
        { "name of 16 bytes", status, sizeof status, { 16 }, 1, 16, false },
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        uint8_t data[256];
        const uint8_t one = table[i].head == status ? 'a' : 1;
        memcpy(data, table[i].head, table[i].head_bytes);
        size_t len = table[i].head_bytes;
        memcpy(data + len, table[i].counts, table[i].count_bytes);
        len += table[i].count_bytes;
        memset(data + len, one, table[i].ones);
        struct reader r = reader_of(data, len + table[i].ones);
        struct wire_frame_value out;
        if (wire_get_frame(&r, &out) != (table[i].good ? 1 : -EBADMSG))
            fail_msg("%s", table[i].what);
    }
}

static void test_hello_and_welcome(void **state)
{
    (void)state;
    struct wire_hello h = { .version = 1, .ciphers = 3, .preferred = 2, .features = 0xa5 }, h2;
    struct wire_welcome v = { .version = 1, .cipher = 1, .features = 0x5a }, v2;
    uint8_t data[WIRE_HELLO_LONG_BYTES + 1];
    memset(h.timestamp, 0x40, sizeof h.timestamp);
    memset(h.epoch, 0xee, sizeof h.epoch);
    assert_int_equal(wire_put_hello(data, &h), WIRE_HELLO_BYTES);
    assert_true(wire_get_hello(data, WIRE_HELLO_BYTES, &h2));
    assert_memory_equal(&h, &h2, sizeof h);
    assert_int_equal(data[23], 0xa5);
    assert_false(wire_get_hello(data, WIRE_HELLO_BYTES - 1, &h2));
    assert_false(wire_get_hello(data, WIRE_HELLO_BYTES + 1, &h2));
    data[22] = 3;
    assert_false(wire_get_hello(data, WIRE_HELLO_BYTES, &h2));
    h.challenged = true;
    memset(h.challenge, 0xcc, sizeof h.challenge);
    assert_int_equal(wire_put_hello(data, &h), 32);
    assert_true(wire_get_hello(data, WIRE_HELLO_LONG_BYTES, &h2));
    assert_memory_equal(&h, &h2, sizeof h);
    assert_false(wire_get_hello(data, WIRE_HELLO_LONG_BYTES + 1, &h2));
    wire_put_welcome(data, &v);
    assert_true(wire_get_welcome(data, WIRE_WELCOME_BYTES, &v2));
    assert_memory_equal(&v, &v2, sizeof v);
    assert_false(wire_get_welcome(data, WIRE_WELCOME_BYTES - 1, &v2));
    assert_int_equal(data[10], 0x5a);
    data[9] = 0; /* no cipher and no reason */
    assert_false(wire_get_welcome(data, WIRE_WELCOME_BYTES, &v2));
    data[11] = 99; /* a reason of another time */
    assert_true(wire_get_welcome(data, WIRE_WELCOME_BYTES, &v2));
    assert_int_equal(v2.refusal, 99);
}

static void test_messages(void **state)
{
    (void)state;
    uint8_t data[WIRE_INITIATION_LONG_BYTES + 1] = { 0 };
    struct wire_initiation i;
    struct wire_response r;
    struct wire_cookie c;
    assert_int_equal(wire_put_initiation(data, 0x11223344, true), 168);
    assert_true(wire_get_initiation(data, WIRE_INITIATION_LONG_BYTES, &i));
    assert_ptr_equal(i.mac1, data + 136);
    assert_ptr_equal(i.mac2, data + 152);
    assert_int_equal(i.noise_bytes, 128);
    assert_false(wire_get_initiation(data, WIRE_INITIATION_LONG_BYTES + 1, &i));
    assert_int_equal(wire_put_initiation(data, 0x11223344, false), 160);
    assert_true(wire_get_initiation(data, WIRE_INITIATION_BYTES, &i));
    assert_int_equal(i.noise_bytes, 120);
    assert_int_equal(i.sender, 0x11223344);
    assert_ptr_equal(i.noise, data + 8);
    assert_ptr_equal(i.mac1, data + 128);
    assert_ptr_equal(i.mac2, data + 144);
    assert_false(wire_get_initiation(data, WIRE_INITIATION_BYTES - 1, &i));
    assert_false(wire_get_initiation(data, WIRE_INITIATION_BYTES + 1, &i));
    data[2] = 1; /* reserved */
    assert_false(wire_get_initiation(data, WIRE_INITIATION_BYTES, &i));
    wire_put_response(data, 0x55667788, 0x11223344);
    assert_true(wire_get_response(data, WIRE_RESPONSE_BYTES, &r));
    assert_int_equal(r.sender, 0x55667788);
    assert_int_equal(r.receiver, 0x11223344);
    assert_ptr_equal(r.noise, data + 12);
    assert_ptr_equal(r.mac1, data + 72);
    assert_false(wire_get_response(data, WIRE_RESPONSE_BYTES + 1, &r));
    wire_put_cookie(data, 0x99);
    assert_true(wire_get_cookie(data, WIRE_COOKIE_BYTES, &c));
    assert_int_equal(c.receiver, 0x99);
    assert_ptr_equal(c.nonce, data + 8);
    assert_ptr_equal(c.sealed, data + 32);
    assert_false(wire_get_cookie(data, WIRE_COOKIE_BYTES - 1, &c));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_header),
        cmocka_unit_test(test_packet_numbers),
        cmocka_unit_test(test_nonce),
        cmocka_unit_test(test_data),
        cmocka_unit_test(test_frames_round_trip),
        cmocka_unit_test(test_length_of_acks),
        cmocka_unit_test(test_frames_cut_short),
        cmocka_unit_test(test_frames_malformed),
        cmocka_unit_test(test_frames_with_too_many),
        cmocka_unit_test(test_hello_and_welcome),
        cmocka_unit_test(test_messages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
