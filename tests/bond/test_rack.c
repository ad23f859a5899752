/* SPDX-License-Identifier: ISC */
/* Which packets of a path count as lost where it reorders; what the receiver tells is the real
 * one's. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "bond/events.h"
#include "bond/packet.h"
#include "bond/path/path.h"
#include "bond/receive/acker.h"

enum { WIRE_BYTES = 1500, FLYING_MAX = 1 << 15 };

#define DELAY_NS (10 * NS_PER_MS) /* each way */

static struct pkt_pool *pool;
static struct arena_share memory;
static struct path *path;
static struct peer_clock peer_clock;
static struct acker acker;      /* the receiver */
static uint64_t lost, needless; /* verdicts, and those of packets that had come or would come */
static struct segment last_lost;
static bool gone[FLYING_MAX]; /* by number: it never comes */

static void on_lost(void *arg, struct path *p, struct segment *s)
{
    (void)arg;
    (void)p;
    lost++;
    needless += !gone[s->sequence % FLYING_MAX];
    last_lost = *s;
    last_lost.pkt = NULL;
    pkt_put(s->pkt);
}

static const struct path_events events = { .lost = on_lost,
                                           .tagged = events_ignore_tag,
                                           .hole = events_ignore_hole };

static struct tstamp at_us(int64_t us)
{
    return (struct tstamp){ NS_PER_S + us * NS_PER_US };
}

static struct tstamp at_ms(int64_t ms)
{
    return at_us(ms * 1000);
}

static int begin(void **state)
{
    (void)state;
    lost = needless = 0;
    memset(gone, 0, sizeof gone);
    peer_clock = (struct peer_clock){ 0 };
    acker_init(&acker, &memory);
    pool = pkt_pool_new(2 * PATH_SENT_MAX, 0);
    path = calloc(1, sizeof *path);
    if (pool == NULL || path == NULL)
        return -1;
    path_init(path, at_ms(0), 3, &memory);
    events_bring_up(path, at_ms(0));
    return 0;
}

static int end(void **state)
{
    (void)state;
    path_clear(path);
    acker_free(&acker);
    size_t used = pkt_pool_used(pool) + memory.used_bytes;
    free(path);
    pkt_pool_free(pool);
    return used != 0;
}

/* As the bond lets it, before each packet. */
static void grow(void)
{
    if (memory.wanted)
        path_grow(path);
    memory.wanted = false;
}

/* A data segment whose sequence is its packet number. */
static uint64_t send(struct tstamp now)
{
    struct segment s = { .pkt = packet_udp(pool, 1, 0, 100),
                         .sequence = (uint32_t)path->flight.pn_next,
                         .bytes = 100 };
    grow();
    return path_sent(path, now, WIRE_BYTES, true, 0, &s, false);
}

static void send_many(struct tstamp now, unsigned count)
{
    while (count-- > 0)
        send(now);
}

static void arrive(struct tstamp now, uint64_t from, uint64_t to)
{
    for (uint64_t pn = from; pn <= to; pn++) {
        acker_reserve(&acker, pn);
        acker_record(&acker, now, pn, true);
    }
}

/* What the receiver acknowledges now is here DELAY_NS later. */
static void ack(struct tstamp built)
{
    struct wire_ack a = { .path = 3 };
    assert_true(acker_build(&acker, built, &a));
    assert_true(path_ack(path, tstamp_add(built, DELAY_NS), &a, true, &peer_clock, &events));
}

/* Ten numbers of which the first comes 8 ms after the others. */
static void learn(void)
{
    send_many(at_ms(0), 10);
    arrive(at_ms(10), 1, 9);
    ack(at_ms(10));
    assert_int_equal(lost, 1);
    arrive(at_ms(18), 0, 0);
    ack(at_ms(18));
}

static void a_late_packet_takes_its_loss_back(void **state)
{
    (void)state;
    send_many(at_ms(0), 10);
    arrive(at_ms(10), 1, 9);
    ack(at_ms(10));
    assert_int_equal(lost, 1);
    assert_true(path->rate.loss > 0);
    assert_false(flight_came(&path->flight, &last_lost, path->id));
    arrive(at_ms(18), 0, 0);
    ack(at_ms(18));
    assert_true(path->rate.loss == 0);
    assert_true(flight_came(&path->flight, &last_lost, path->id));
    assert_int_equal(path->hole.losses, 0);
    /* Told again, it changes nothing. */
    uint32_t packets = path->rate.window.packets;
    ack(at_ms(19));
    assert_int_equal(path->rate.window.packets, packets);
}

static void the_window_is_what_packets_were_late_and_a_quarter(void **state)
{
    (void)state;
    learn();
    assert_true(fabs(path->rack.window_ns - 10e6) < 1e4);
    assert_true(path->rate.reorder_ns == path->rack.window_ns);
}

static void within_the_window_nothing_is_lost(void **state)
{
    (void)state;
    learn();
    send_many(at_ms(40), 10);
    arrive(at_ms(50), 11, 19);
    ack(at_ms(50));
    ack(at_us(59500));
    assert_int_equal(lost, 1);
    assert_false(tstamp_is_never(path->probe.tail_at)); /* a probe will ask */
    ack(at_ms(61));
    assert_int_equal(lost, 2);
    assert_int_equal(last_lost.sequence, 10);
}

static void the_window_fades(void **state)
{
    (void)state;
    learn();
    struct tstamp now = at_ms(0);
    for (int s = 1; s <= 30; s++) {
        now = at_ms(1000 * s);
        uint64_t pn = send(now);
        arrive(tstamp_add(now, DELAY_NS), pn, pn);
        ack(tstamp_add(now, DELAY_NS));
    }
    assert_true(path->rack.window_ns == 0 && path->rate.reorder_ns == 0);
    uint64_t first = path->flight.pn_next;
    now = tstamp_add(now, NS_PER_S);
    send_many(now, 4);
    arrive(tstamp_add(now, DELAY_NS), first + 1, first + 3);
    ack(tstamp_add(now, DELAY_NS));
    assert_int_equal(lost, 2);
}

static void the_window_is_no_longer_than_a_round_trip(void **state)
{
    (void)state;
    send_many(at_ms(0), 10);
    arrive(at_ms(10), 1, 9);
    ack(at_ms(10));
    arrive(at_ms(70), 0, 0);
    ack(at_ms(70));
    assert_true(path->rack.window_ns >= 20e6);
    assert_true(path->rack.window_ns <= fmax(20e6, (double)path->rtt.srtt_ns));
}

/* The slot of a number that is still watched is taken by one that is in flight. */
static void a_number_that_was_sent_long_ago_is_not_mistaken(void **state)
{
    (void)state;
    send_many(at_ms(0), 10);
    arrive(at_ms(10), 1, 9);
    ack(at_ms(10));
    send_many(at_ms(20), PATH_SENT_MAX);
    assert_int_equal(path->flight.count, PATH_SENT_MAX);
    arrive(at_ms(30), 0, 0);
    ack(at_ms(30));
    assert_int_equal(path->flight.count, PATH_SENT_MAX);
}

/* What losses cut from the rate comes back with the verdicts. */
static void the_rate_comes_back(void **state)
{
    (void)state;
    struct rate r;
    rate_init(&r, at_ms(0), 2 * DELAY_NS);
    r.phase = RATE_STEADY;
    r.capacity_bps = r.peak.bps[0] = 20e6;
    struct tstamp now = at_ms(0);
    unsigned cut = 0;
    for (; r.capacity_bps > 15e6 && cut < 1000; cut++) {
        now = tstamp_add(now, NS_PER_MS);
        rate_acked(&r, now, now.ns + DELAY_NS, true, WIRE_BYTES, true);
        rate_lost(&r, now, WIRE_BYTES, 2 * cut);
        rate_update(&r, now, 2 * DELAY_NS);
    }
    assert_true(cut < 1000);
    rate_found(&r, now, WIRE_BYTES);
    assert_true(r.capacity_bps > 19e6);
}

struct flying {
    struct tstamp came;
    uint64_t pn;
};

static int by_time(const void *a, const void *b)
{
    const struct flying *x = a;
    const struct flying *y = b;
    if (x->came.ns != y->came.ns)
        return x->came.ns < y->came.ns ? -1 : 1;
    return x->pn < y->pn ? -1 : 1;
}

/*
 * Two seconds of packets every gap_us that take 10 to 10 + jitter_ms ms; the receiver acknowledges
 * when it has to. Returns the part of needless verdicts in the second second.
 */
static double run_reordering(int64_t gap_us, int64_t jitter_ms, double loss)
{
    static struct flying flying[FLYING_MAX];
    struct rng random = { 11 };
    size_t count = (size_t)(2000000 / gap_us);
    assert_true(count <= FLYING_MAX);
    for (size_t i = 0; i < count; i++) {
        int64_t jitter = (int64_t)rng_below(&random, (uint64_t)(jitter_ms * NS_PER_MS));
        gone[i] = rng_unit(&random) < loss;
        flying[i] = (struct flying){ tstamp_add(at_us((int64_t)i * gap_us), DELAY_NS + jitter), i };
    }
    qsort(flying, count, sizeof flying[0], by_time);
    uint64_t before = 0;
    size_t came = 0;
    struct wire_ack under_way[64];
    struct tstamp due[64];
    unsigned head = 0, tail = 0;
    for (int64_t us = 0; us < 2000000; us += gap_us) {
        struct tstamp now = at_us(us);
        send(now);
        for (; came < count && tstamp_reached(flying[came].came, now); came++) {
            if (gone[flying[came].pn])
                continue;
            acker_reserve(&acker, flying[came].pn);
            acker_record(&acker, flying[came].came, flying[came].pn, true);
        }
        if (tstamp_reached(acker.due, now)) {
            assert_true(head - tail < 64);
            under_way[head % 64] = (struct wire_ack){ .path = 3 };
            assert_true(acker_build(&acker, now, &under_way[head % 64]));
            due[head++ % 64] = tstamp_add(now, DELAY_NS);
        }
        for (; tail < head && tstamp_reached(due[tail % 64], now); tail++)
            path_ack(path, now, &under_way[tail % 64], true, &peer_clock, &events);
        if (us < 1000000)
            before = needless;
    }
    return (double)(needless - before) / ((double)count / 2);
}

static void hardly_anything_is_needlessly_lost(void **state)
{
    static const struct {
        int64_t gap_us, jitter_ms;
        double loss;
    } cases[] = { { 600, 1, 0 },  { 600, 3, 0 },     { 600, 5, 0 },
                  { 600, 20, 0 }, { 5000, 20, 0 },   { 120, 5, 0 },
                  { 120, 20, 0 }, { 100, 20, 0.01 }, { 600, 10, 0.03 } };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        double part = run_reordering(cases[i].gap_us, cases[i].jitter_ms, cases[i].loss);
        double expected = cases[i].loss * 2e6 / (double)cases[i].gap_us;
        print_message("%d us, %d ms, loss %.2f: %.4f needless, %d lost\n", (int)cases[i].gap_us,
                      (int)cases[i].jitter_ms, cases[i].loss, part, (int)(lost - needless));
        assert_true(part < 0.003);
        assert_true((double)(lost - needless) >= 0.8 * expected);
        end(state);
        begin(state);
    }
}

#define rack_test(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        rack_test(a_late_packet_takes_its_loss_back),
        rack_test(the_window_is_what_packets_were_late_and_a_quarter),
        rack_test(within_the_window_nothing_is_lost),
        rack_test(the_window_fades),
        rack_test(the_window_is_no_longer_than_a_round_trip),
        rack_test(a_number_that_was_sent_long_ago_is_not_mistaken),
        rack_test(the_rate_comes_back),
        rack_test(hardly_anything_is_needlessly_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
