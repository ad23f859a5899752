/* SPDX-License-Identifier: ISC */
/* Lanes: order, holes and their time, pieces, bounds, and a model to compare with. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/ip.h"
#include "base/rng.h"
#include "bond/packet.h"
#include "bond/receive/reorder.h"

enum { POOL_SMALL = 16384, POOL_LARGE = 8, LANE = 3, HOLD_MS = 50 };

static struct pkt_pool *pool;
static struct reorder *reorder;
static struct arena_share memory;

static struct tstamp at_ms(int64_t ms)
{
    return (struct tstamp){ NS_PER_S + ms * NS_PER_MS };
}

static int begin(void **state)
{
    (void)state;
    pool = pkt_pool_new(POOL_SMALL, POOL_LARGE);
    reorder = malloc(sizeof *reorder);
    if (pool == NULL || reorder == NULL)
        return -1;
    reorder_init(reorder, &memory);
    reorder->hold_ns = HOLD_MS * NS_PER_MS;
    return 0;
}

static int end(void **state)
{
    (void)state;
    reorder_clear(reorder);
    pkt_list_clear(&reorder->out);
    size_t used = pkt_pool_used(pool) + memory.used_bytes;
    free(reorder);
    pkt_pool_free(pool);
    return used != 0;
}

/* As the bond lets it, before each packet. */
static void push_packet(struct tstamp now, uint16_t lane, uint32_t sequence, struct pkt *p)
{
    if (reorder->wants_room)
        reorder_grow(reorder);
    reorder_push(reorder, now, lane, sequence, p);
}

static void push_to(struct tstamp now, uint16_t lane, uint32_t sequence)
{
    struct pkt *p = packet_udp(pool, lane, sequence, 64);
    p->flags = 0;
    push_packet(now, lane, sequence, p);
}

static void push(int64_t ms, uint32_t sequence)
{
    push_to(at_ms(ms), LANE, sequence);
}

/* The numbers that came out since the last call must be these. */
static void expect_numbers(const uint32_t *numbers, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct pkt *p = pkt_list_pop(&reorder->out);
        assert_non_null(p);
        assert_int_equal(packet_number(p), numbers[i]);
        assert_true(packet_whole(p));
        pkt_put(p);
    }
    assert_null(reorder->out.head);
}

#define expect(...)                                                                                \
    expect_numbers((const uint32_t[]){ __VA_ARGS__ },                                              \
                   sizeof((const uint32_t[]){ __VA_ARGS__ }) / sizeof(uint32_t))
#define expect_nothing() assert_null(reorder->out.head)

static void what_comes_in_order_goes_out_at_once(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 3000; i++) {
        push(0, i);
        expect(i);
    }
    assert_true(tstamp_is_never(reorder_deadline(reorder)));
}

static void what_comes_early_waits_for_the_rest(void **state)
{
    (void)state;
    push(0, 2);
    push(0, 1);
    push(0, 4);
    expect_nothing();
    assert_int_equal(reorder->held, 3);
    push(1, 0);
    expect(0, 1, 2);
    push(1, 3);
    expect(3, 4);
    assert_int_equal(reorder->held, 0);
    assert_true(tstamp_is_never(reorder_deadline(reorder)));
    assert_int_equal(reorder->late + reorder->duplicates, 0);
}

static void a_copy_is_dropped_wherever_it_comes(void **state)
{
    (void)state;
    push(0, 0);
    push(0, 0); /* delivered */
    push(0, 2);
    push(0, 2); /* held, alone */
    push(0, 3);
    push(0, 4);
    push(0, 3); /* held, in a run */
    push(0, 6);
    push(0, 4); /* at its end, before another one */
    expect(0);
    assert_int_equal(reorder->duplicates, 4);
    push(0, 1);
    push(0, 5);
    expect(1, 2, 3, 4, 5, 6);
    for (uint32_t i = 0; i <= 6; i++)
        push(0, i);
    expect_nothing();
    assert_int_equal(reorder->duplicates, 4 + 7);
}

static void a_hole_is_given_up_after_the_hold(void **state)
{
    (void)state;
    push(0, 1);
    push(10, 2);
    assert_true(reorder_deadline(reorder).ns == at_ms(HOLD_MS).ns);
    reorder_tick(reorder, (struct tstamp){ at_ms(HOLD_MS).ns - 1 });
    expect_nothing();
    reorder_tick(reorder, at_ms(HOLD_MS));
    expect(1, 2);
    push(HOLD_MS, 3);
    expect(3);
}

static void each_hole_has_its_own_time(void **state)
{
    (void)state;
    push(0, 1);
    push(20, 3);
    push(30, 5);
    reorder_tick(reorder, at_ms(HOLD_MS));
    expect(1);
    assert_true(reorder_deadline(reorder).ns == at_ms(20 + HOLD_MS).ns);
    push(HOLD_MS + 1, 2);
    expect(2, 3);
    assert_true(reorder_deadline(reorder).ns == at_ms(30 + HOLD_MS).ns);
    reorder_tick(reorder, at_ms(30 + HOLD_MS));
    expect(5);
}

/* Whatever comes into a hole in the meantime, what waits behind it does not wait longer. */
static void a_hole_filled_in_part_keeps_its_time(void **state)
{
    (void)state;
    push(0, 9);
    push(30, 5);
    push(40, 3);
    push(45, 8);
    assert_true(reorder_deadline(reorder).ns == at_ms(HOLD_MS).ns);
    reorder_tick(reorder, at_ms(HOLD_MS));
    expect(3, 5, 8, 9);
}

static void what_comes_too_late_is_delivered_once(void **state)
{
    (void)state;
    push(0, 0);
    push(0, 3);
    reorder_tick(reorder, at_ms(HOLD_MS));
    expect(0, 3);
    push(60, 2);
    expect(2);
    push(60, 2);
    push(60, 3);
    expect_nothing();
    push(61, 1);
    expect(1);
    assert_int_equal(reorder->late, 2);
    assert_int_equal(reorder->duplicates, 2);
}

static void what_is_older_than_memory_is_dropped(void **state)
{
    (void)state;
    push(0, 0);
    push(0, 2 + REORDER_SEEN);
    reorder_tick(reorder, at_ms(HOLD_MS));
    expect(0, 2 + REORDER_SEEN);
    push(60, 3); /* the oldest that is remembered */
    expect(3);
    push(60, 2);
    expect_nothing();
    assert_int_equal(reorder->duplicates, 1);
}

static void lanes_do_not_wait_for_each_other(void **state)
{
    (void)state;
    push_to(at_ms(0), 1, 1);
    push_to(at_ms(0), 2, 0);
    push_to(at_ms(0), WIRE_LANES_MAX - 1, 0);
    expect(0, 0);
    push_to(at_ms(10), 2, 2);
    assert_true(reorder_deadline(reorder).ns == at_ms(HOLD_MS).ns);
    push_to(at_ms(20), 1, 0);
    expect(0, 1);
    reorder_tick(reorder, at_ms(HOLD_MS)); /* for the first hole, which is filled */
    expect_nothing();
    assert_true(reorder_deadline(reorder).ns == at_ms(10 + HOLD_MS).ns);
    reorder_tick(reorder, at_ms(100));
    expect(2);
}

static void the_unordered_lane_only_drops_copies(void **state)
{
    (void)state;
    static const uint32_t order[] = { 5, 3, 5, 0, 3, 9, 0, 4, 9 };
    for (size_t i = 0; i < sizeof order / sizeof *order; i++)
        push_to(at_ms(0), WIRE_LANE_UNORDERED, order[i]);
    expect(5, 3, 0, 9, 4);
    assert_int_equal(reorder->duplicates, 4);
    push_to(at_ms(0), WIRE_LANE_UNORDERED, 100000); /* what was before is out of sight */
    push_to(at_ms(0), WIRE_LANE_UNORDERED, 1);
    push_to(at_ms(0), WIRE_LANE_UNORDERED, 100001 - REORDER_SEEN_UNORDERED);
    push_to(at_ms(0), WIRE_LANE_UNORDERED, 100000 - REORDER_SEEN_UNORDERED);
    expect(100000, 100001 - REORDER_SEEN_UNORDERED);
}

/* One piece of a packet_udp(), from its byte at on. */
static void push_piece(int64_t ms, uint32_t sequence, uint32_t number, uint32_t total, uint32_t at,
                       uint32_t bytes)
{
    struct pkt *whole = packet_udp(pool, LANE, number, total);
    struct pkt *p = pkt_new(pool, bytes);
    assert_non_null(p);
    memcpy(p->data, whole->data + at, bytes);
    p->len_bytes = bytes;
    p->flags = (uint8_t)((at > 0 ? WIRE_DATA_CONT : 0) | (at + bytes < total ? WIRE_DATA_MORE : 0));
    pkt_put(whole);
    push_packet(at_ms(ms), LANE, sequence, p);
}

static void pieces_are_joined_in_any_order(void **state)
{
    (void)state;
    push_piece(0, 1, 7, 1500, 600, 600);
    push_piece(0, 2, 7, 1500, 1200, 300);
    push(0, 3);
    expect_nothing();
    push_piece(0, 0, 7, 1500, 0, 600);
    expect(7, 3);
    assert_int_equal(reorder->fragments_lost, 0);
}

static void a_packet_of_pieces_may_be_larger_than_a_buffer(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 5; i++)
        push_piece(0, i, 7, 6000, i * 1200, 1200);
    expect(7);
    assert_int_equal(pkt_pool_used(pool), 0);
}

static void a_lost_piece_loses_the_packet_alone(void **state)
{
    (void)state;
    for (uint32_t missing = 0; missing < 3; missing++) {
        uint32_t base = 4 * missing;
        for (uint32_t i = 0; i < 3; i++)
            if (i != missing)
                push_piece(0, base + i, 7, 1500, i * 500, 500);
        push(0, base + 3);
        reorder_tick(reorder, at_ms(HOLD_MS));
        expect(base + 3);
        assert_int_equal(pkt_pool_used(pool), 0);
    }
    assert_true(reorder->fragments_lost > 0);
}

/* Pieces that never end must not grow without bound. */
static void endless_pieces_are_dropped(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 100; i++) {
        struct pkt *p = packet_udp(pool, LANE, 0, 1000);
        p->flags = (uint8_t)((i > 0 ? WIRE_DATA_CONT : 0) | WIRE_DATA_MORE);
        push_packet(at_ms(0), LANE, i, p);
    }
    expect_nothing();
    assert_true(pkt_pool_used(pool) <= 1);
    assert_true(reorder->fragments_lost > 0);
}

static void memory_is_bounded_by_packets(void **state)
{
    (void)state;
    for (uint32_t i = 1; i <= REORDER_HELD_MAX + 100; i++) {
        push(0, i);
        assert_true(reorder->held <= REORDER_HELD_MAX);
    }
    assert_int_equal(reorder->overflows, 1); /* then the hole is given up, and they flow */
    for (uint32_t i = 1; i <= REORDER_HELD_MAX + 100; i++) {
        struct pkt *p = pkt_list_pop(&reorder->out);
        assert_int_equal(packet_number(p), i);
        pkt_put(p);
    }
    expect_nothing();
}

static void memory_is_bounded_by_runs(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < REORDER_RUNS_MAX + 10; i++)
        push(0, 1 + 2 * i);
    assert_int_equal(reorder->overflows, 10);
    expect(1, 3, 5, 7, 9, 11, 13, 15, 17, 19);
    assert_int_equal(reorder->held, REORDER_RUNS_MAX);
}

static void another_lane_makes_room(void **state)
{
    (void)state;
    for (uint32_t i = 1; i <= REORDER_HELD_MAX; i++)
        push_to(at_ms(0), 1, i);
    push_to(at_ms(0), 2, 1);
    assert_true(reorder->held <= REORDER_HELD_MAX);
    assert_int_equal(reorder->out.count, REORDER_HELD_MAX);
    push_to(at_ms(0), 2, 0);
    assert_int_equal(reorder->out.count, REORDER_HELD_MAX + 2);
}

static void sequence_numbers_wrap(void **state)
{
    (void)state;
    /* A quarter of the numbers at a time: what is far ahead is ahead still. */
    for (uint32_t quarter = 1; quarter <= 3; quarter++) {
        push(0, quarter << 30);
        reorder_tick(reorder, at_ms(HOLD_MS));
        expect(quarter << 30);
    }
    push(0, 0xfffffffe);
    reorder_tick(reorder, at_ms(HOLD_MS));
    expect(0xfffffffe);
    push(0, 1);
    push(0, 0);
    expect_nothing();
    push(0, 0xffffffff);
    expect(0xffffffff, 0, 1);
    push(0, 0xffffffff);
    push(0, 0);
    expect_nothing();
    assert_int_equal(reorder->duplicates, 2);
    push(1, 5);
    push(1, 3);
    reorder_tick(reorder, at_ms(1 + HOLD_MS));
    expect(3, 5);
    push(60, 2);
    expect(2);
}

static void a_clear_forgets_everything(void **state)
{
    (void)state;
    push(0, 0);
    push(0, 2);
    push_piece(0, 1 << 20, 7, 1500, 0, 500);
    reorder_clear(reorder);
    assert_int_equal(reorder->held, 0);
    assert_true(tstamp_is_never(reorder_deadline(reorder)));
    expect(0); /* what was to be delivered still is */
    push(0, 0);
    expect(0);
}

/* ---- what a hole held up ---- */

enum { PROTOCOL_OFFSET = 9, PROTOCOL_TCP = 6, BURST = 16 };

/* What reorder looks at is the protocol alone. */
static struct pkt *as_tcp(struct pkt *p)
{
    p->data[PROTOCOL_OFFSET] = PROTOCOL_TCP;
    ip_parse(p);
    return p;
}

static uint32_t drain(void)
{
    uint32_t n = 0;
    for (struct pkt *p; (p = pkt_list_pop(&reorder->out)) != NULL; n++)
        pkt_put(p);
    return n;
}

static void datagrams_come_out_in_bursts(void **state)
{
    (void)state;
    for (uint32_t i = 1; i <= 90; i++)
        push(0, i);
    push(1, 0);
    assert_int_equal(drain(), 1 + BURST);
    push(1, 91);
    push(1, 20); /* a copy of one that waits */
    push(1, BURST + 1);
    expect_nothing();
    assert_int_equal(reorder->duplicates, 2);
    struct tstamp t = reorder_deadline(reorder);
    assert_int_equal(tstamp_sub(t, at_ms(1)), NS_PER_MS / 2);
    reorder_tick(reorder, tstamp_add(t, -1));
    expect_nothing();
    uint32_t out = 1 + BURST;
    for (; reorder->held > 0; t = reorder_deadline(reorder)) {
        reorder_tick(reorder, t);
        uint32_t n = drain();
        assert_in_range(n, 1, BURST);
        out += n;
    }
    assert_int_equal(out, 92);
    push(100, 92);
    expect(92);
}

static void a_long_run_of_datagrams_comes_out_soon(void **state)
{
    (void)state;
    for (uint32_t i = 1; i <= 4000; i++)
        push(0, i);
    push(1, 0);
    while (reorder->held > 0)
        reorder_tick(reorder, reorder_deadline(reorder));
    assert_int_equal(drain(), 4001);
    push_to(at_ms(45), LANE, 4001);
    expect(4001);
    assert_int_equal(reorder->late, 0);
}

static void the_next_hole_keeps_its_time_behind_a_burst(void **state)
{
    (void)state;
    for (uint32_t i = 1; i <= 40; i++)
        push(0, i);
    push(0, 42);
    push(49, 0); /* 16 leave at 49 and at 49.5, the rest at 50, when the other hole is over, too */
    reorder_tick(reorder, reorder_deadline(reorder));
    assert_int_equal(drain(), 1 + 2 * BURST);
    reorder_tick(reorder, at_ms(HOLD_MS));
    assert_int_equal(drain(), 9);
    push(HOLD_MS, 41);
    expect(41);
    assert_int_equal(reorder->late, 1);
}

static void tcp_comes_out_at_once(void **state)
{
    (void)state;
    for (uint32_t i = 1; i <= 90; i++) {
        struct pkt *p = as_tcp(packet_udp(pool, LANE, i, 64));
        p->flags = 0;
        push_packet(at_ms(0), LANE, i, p);
    }
    push(1, 0);
    assert_int_equal(drain(), 91);
    assert_true(tstamp_is_never(reorder_deadline(reorder)));
}

static void a_full_memory_does_not_wait_for_bursts(void **state)
{
    (void)state;
    for (uint32_t i = 1; i <= REORDER_HELD_MAX; i++)
        push(0, i);
    push(1, 0);
    uint32_t out = drain();
    for (uint32_t i = 1; reorder->overflows == 0; i++)
        push(1, REORDER_HELD_MAX + i);
    assert_int_equal(out + drain(), reorder->lanes[LANE]->next);
    assert_true(reorder->held < 2);
}

/* ---- random arrivals against a model ---- */

enum { MODEL_PACKETS = 4000, MODEL_START = -1500 };

struct arrival {
    int64_t us;
    uint32_t number; /* from 0 */
};

static int by_time(const void *a, const void *b)
{
    const struct arrival *x = a;
    const struct arrival *y = b;
    return x->us != y->us ? (x->us < y->us ? -1 : 1) : (int)(x->number - y->number);
}

/*
 * Arrivals over three paths of different delay, with losses, repeats of some and copies; none later
 * than REORDER_SEEN numbers.
 */
static size_t make_arrivals(struct rng *random, struct arrival *out, bool *comes)
{
    static const int64_t delays_us[] = { 5000, 12000, 40000 };
    unsigned loss = (unsigned)rng_below(random, 20);
    size_t n = 0;
    for (uint32_t i = 0; i < MODEL_PACKETS; i++) {
        int64_t us = i * INT64_C(100) + delays_us[rng_below(random, 3)];
        us += (int64_t)rng_below(random, 2000);
        comes[i] = rng_below(random, 100) >= loss;
        if (comes[i])
            out[n++] = (struct arrival){ us, i };
        bool repeated = rng_below(random, comes[i] ? 50 : 2) == 0;
        if (repeated)
            out[n++] = (struct arrival){ us + (int64_t)rng_below(random, 55000), i };
        comes[i] = comes[i] || repeated;
    }
    qsort(out, n, sizeof *out, by_time);
    return n;
}

/*
 * The model: what has come and is next goes out; a hole is given up when the first packet that came
 * behind it is older than the hold.
 */
struct model {
    int64_t came_us[MODEL_PACKETS]; /* 0: not yet */
    bool out[MODEL_PACKETS];
    uint32_t next;
    uint32_t expected[MODEL_PACKETS];
    size_t count;
};

static void model_emit(struct model *m, uint32_t number)
{
    assert_false(m->out[number]);
    m->out[number] = true;
    m->expected[m->count++] = number;
}

static void model_advance(struct model *m)
{
    while (m->next < MODEL_PACKETS && m->came_us[m->next] != 0)
        model_emit(m, m->next++);
}

/* When the first hole is given up; INT64_MAX: there is none. */
static int64_t model_deadline_us(const struct model *m, int64_t hold_us)
{
    int64_t first = INT64_MAX;
    for (uint32_t i = m->next; i < MODEL_PACKETS; i++)
        if (m->came_us[i] != 0 && m->came_us[i] < first)
            first = m->came_us[i];
    return first == INT64_MAX ? first : first + hold_us;
}

static void model_tick(struct model *m, int64_t now_us, int64_t hold_us)
{
    while (model_deadline_us(m, hold_us) <= now_us) {
        while (m->came_us[m->next] == 0)
            m->next++;
        model_advance(m);
    }
}

static void model_push(struct model *m, int64_t now_us, uint32_t number)
{
    if (m->came_us[number] != 0)
        return;
    m->came_us[number] = now_us;
    if (number < m->next)
        model_emit(m, number);
    else
        model_advance(m);
}

/* A number that is given up behind it, and then nothing. */
static void start_lane_at(uint32_t sequence)
{
    push_to(at_ms(-100), LANE, 0);
    expect(0);
    reorder->lanes[LANE]->next = sequence;
    memset(reorder->lanes[LANE]->seen, 0, sizeof reorder->lanes[LANE]->seen);
}

static void run_model(uint64_t seed)
{
    static struct arrival arrivals[2 * MODEL_PACKETS];
    static bool comes[MODEL_PACKETS];
    static struct model model;
    struct rng random = { seed };
    memset(&model, 0, sizeof model);
    size_t n = make_arrivals(&random, arrivals, comes);
    int64_t hold_us = 10000 + (int64_t)rng_below(&random, 60000);
    reorder_clear(reorder);
    reorder->hold_ns = hold_us * NS_PER_US;
    start_lane_at((uint32_t)MODEL_START); /* the numbers wrap on the way */
    for (size_t i = 0; i <= n; i++) {
        int64_t us = i < n ? arrivals[i].us : INT64_C(10000000);
        for (struct tstamp t; tstamp_reached(t = reorder_deadline(reorder), at_ms(us / 1000));) {
            assert_int_equal(t.ns, at_ms(0).ns + model_deadline_us(&model, hold_us) * 1000);
            reorder_tick(reorder, t);
            model_tick(&model, (t.ns - at_ms(0).ns) / 1000, hold_us);
            assert_true(tstamp_before(t, reorder_deadline(reorder)));
        }
        if (i == n)
            break;
        struct pkt *p = as_tcp(packet_udp(pool, LANE, arrivals[i].number, 64));
        p->flags = 0;
        struct tstamp now = { at_ms(0).ns + us * NS_PER_US };
        reorder_tick(reorder, now);
        model_tick(&model, us, hold_us);
        push_packet(now, LANE, arrivals[i].number + (uint32_t)MODEL_START, p);
        model_push(&model, us, arrivals[i].number);
    }
    for (size_t i = 0; i < model.count; i++) {
        struct pkt *p = pkt_list_pop(&reorder->out);
        assert_non_null(p);
        if (packet_number(p) != model.expected[i])
            fail_msg("seed %u: packet %zu is %u, not %u", (unsigned)seed, i, packet_number(p),
                     model.expected[i]);
        pkt_put(p);
    }
    expect_nothing();
    for (uint32_t i = 0; i < MODEL_PACKETS; i++)
        assert_int_equal(model.out[i], comes[i]); /* no packet is lost here, none comes twice */
}

static void random_arrivals_come_out_as_the_model_says(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++)
        run_model(seed);
}

/* Datagrams come out each once as well; when depends on the bursts. */
static void random_datagrams_come_out_once(void **state)
{
    (void)state;
    static struct arrival arrivals[2 * MODEL_PACKETS];
    static bool comes[MODEL_PACKETS];
    struct rng random = { 5 };
    size_t n = make_arrivals(&random, arrivals, comes);
    for (size_t i = 0; i < n; i++) {
        struct tstamp now = { at_ms(0).ns + arrivals[i].us * NS_PER_US };
        reorder_tick(reorder, now);
        push_to(now, LANE, arrivals[i].number);
    }
    while (reorder->held > 0)
        reorder_tick(reorder, reorder_deadline(reorder));
    for (struct pkt *p; (p = pkt_list_pop(&reorder->out)) != NULL; pkt_put(p)) {
        assert_true(comes[packet_number(p)]);
        comes[packet_number(p)] = false;
    }
    for (uint32_t i = 0; i < MODEL_PACKETS; i++)
        assert_false(comes[i]);
}

#define reorder_test(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        reorder_test(what_comes_in_order_goes_out_at_once),
        reorder_test(what_comes_early_waits_for_the_rest),
        reorder_test(a_copy_is_dropped_wherever_it_comes),
        reorder_test(a_hole_is_given_up_after_the_hold),
        reorder_test(each_hole_has_its_own_time),
        reorder_test(a_hole_filled_in_part_keeps_its_time),
        reorder_test(what_comes_too_late_is_delivered_once),
        reorder_test(what_is_older_than_memory_is_dropped),
        reorder_test(lanes_do_not_wait_for_each_other),
        reorder_test(the_unordered_lane_only_drops_copies),
        reorder_test(pieces_are_joined_in_any_order),
        reorder_test(a_packet_of_pieces_may_be_larger_than_a_buffer),
        reorder_test(a_lost_piece_loses_the_packet_alone),
        reorder_test(endless_pieces_are_dropped),
        reorder_test(memory_is_bounded_by_packets),
        reorder_test(memory_is_bounded_by_runs),
        reorder_test(another_lane_makes_room),
        reorder_test(sequence_numbers_wrap),
        reorder_test(a_clear_forgets_everything),
        reorder_test(datagrams_come_out_in_bursts),
        reorder_test(a_long_run_of_datagrams_comes_out_soon),
        reorder_test(the_next_hole_keeps_its_time_behind_a_burst),
        reorder_test(tcp_comes_out_at_once),
        reorder_test(a_full_memory_does_not_wait_for_bursts),
        reorder_test(random_arrivals_come_out_as_the_model_says),
        reorder_test(random_datagrams_come_out_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
