/* SPDX-License-Identifier: ISC */
/*
 * What one peer can make a bond do: the buffers it takes from the others, for how long, and the
 * work of a datagram. Work is measured as processor time against that of an ordinary datagram, with
 * a wide margin.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "bond/bond.h"
#include "bond/events.h"
#include "bond/packet.h"
#include "bond/receive/acker.h"
#include "bond/receive/reorder.h"
#include "bond/send/flowq.h"
#include "bond/state.h"

enum { SMALL = 4096, LARGE = 256 };

static struct pkt_pool *pool;
static struct bond *greedy, *other;

static struct tstamp at_ms(int64_t ms)
{
    return (struct tstamp){ NS_PER_S + ms * NS_PER_MS };
}

static struct bond *open_bond(uint8_t paths)
{
    const struct bond_config config = { .pool = pool, .seed = 1 };
    const struct bond_path_config path = { .datagram_bytes = 1472, .overhead_bytes = 28 };
    struct bond *b = bond_new(&config, at_ms(0));
    assert_non_null(b);
    for (uint8_t i = 0; i < paths; i++)
        bond_path_open(b, at_ms(0), i, &path);
    return b;
}

static int begin(void **state)
{
    (void)state;
    pool = pkt_pool_new(SMALL, LARGE);
    if (pool == NULL)
        return -1;
    greedy = open_bond(1);
    other = open_bond(1);
    return 0;
}

static int end(void **state)
{
    (void)state;
    bond_free(greedy);
    bond_free(other);
    size_t used = pkt_pool_used(pool);
    pkt_pool_free(pool);
    return used != 0;
}

static size_t small_left(void)
{
    struct pkt_list all = { 0 };
    for (struct pkt *p; (p = pkt_new(pool, PKT_SMALL_BYTES)) != NULL;)
        pkt_list_push(&all, p);
    size_t left = all.count;
    pkt_list_clear(&all);
    return left;
}

/* The smallest packets, of many flows: no limit in bytes would ever notice them. */
static void send_small(struct bond *b, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        struct pkt *p = packet_udp(pool, (uint16_t)(i % 97), i, 40);
        if (p != NULL)
            bond_send(b, at_ms(i / 20), p);
    }
}

static void small_packets_for_one_peer_leave_buffers_for_another(void **state)
{
    (void)state;
    send_small(greedy, 4 * SMALL);
    assert_in_range(small_left(), SMALL / 5, SMALL / 2);
    for (unsigned i = 0; i < 100; i++) { /* the greedy one may have less now that there are two */
        send_small(greedy, 100);
        send_small(other, 100);
    }
    struct bond_stats of_other;
    bond_stats(other, at_ms(0), &of_other);
    assert_true(of_other.queued_bytes > 40 * SMALL / 3);
    assert_in_range(pkt_pool_used(pool), SMALL / 2, SMALL - SMALL / 16);
}

static void receive(struct bond *b, int64_t ms, uint16_t lane, uint32_t sequence, uint8_t flags,
                    uint32_t bytes)
{
    const struct wire_data d = { .flags = flags, .lane = lane, .sequence = sequence };
    struct pkt *p = packet_udp(pool, lane, sequence, bytes);
    assert_non_null(p); /* there is always a buffer for what comes in */
    bond_rx_data(b, at_ms(ms), 0, &d, p);
    while ((p = bond_deliver(b)) != NULL)
        pkt_put(p);
}

static void what_waits_behind_holes_leaves_buffers_for_others(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 3 * SMALL; i++)
        receive(greedy, 0, (uint16_t)(1 + i % 500), 1 + i / 500, 0, 100);
    assert_true(small_left() > SMALL / 5);
}

static void pieces_without_the_rest_are_given_back(void **state)
{
    (void)state;
    for (uint16_t lane = 1; lane < WIRE_LANES_MAX; lane++)
        for (uint32_t i = 0; i < 2; i++)
            receive(greedy, 0, lane, i, (uint8_t)(WIRE_DATA_MORE | (i > 0 ? WIRE_DATA_CONT : 0)),
                    1200);
    size_t used = pkt_pool_used(pool);
    assert_in_range(used, LARGE / 2, SMALL);
    assert_true(bond_deadline(greedy).ns <= at_ms(2000).ns);
    bond_tick(greedy, at_ms(1900));
    assert_int_equal(pkt_pool_used(pool), used);
    bond_tick(greedy, at_ms(2001));
    assert_int_equal(pkt_pool_used(pool), 0);
    struct bond_stats s;
    bond_stats(greedy, at_ms(2001), &s);
    assert_in_range(s.drops[BOND_DROP_FRAGMENT], 1000, 3000);
}

/* A peer that leaves while much is on its way to it. */
static void a_peer_that_left_keeps_no_buffers(void **state)
{
    (void)state;
    struct bond_out out;
    send_small(greedy, 1000);
    const struct wire_ack ack = { .largest = 0,
                                  .range_count = 1,
                                  .time_count = 1,
                                  .ranges = { { .len = 1 } },
                                  .times = { { .count = 1 } } };
    for (unsigned i = 0; i < 3 && bond_path_state(greedy, 0) != BOND_PATH_UP; i++) {
        bond_tick(greedy, at_ms(1 + i));
        while (bond_next(greedy, at_ms(1 + i), &out))
            ;
        bond_rx_ack(greedy, at_ms(2 + i), 0, &ack);
        bond_rx_acks_end(greedy, at_ms(2 + i));
    }
    assert_int_equal(bond_path_state(greedy, 0), BOND_PATH_UP);
    while (bond_next(greedy, at_ms(60), &out))
        ;
    bond_path_close(greedy, at_ms(61), 0);
    assert_true(pkt_pool_used(pool) > 0);
    for (int64_t ms = 61; ms < 4000; ms += 50)
        bond_tick(greedy, at_ms(ms));
    assert_int_equal(pkt_pool_used(pool), 0);
}

static int64_t cpu_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return t.tv_sec * NS_PER_S + t.tv_nsec;
}

/* The least of several measurements of a piece of work. */
static int64_t least_ns(void (*work)(uint32_t), uint32_t arg)
{
    int64_t least = INT64_MAX;
    for (unsigned i = 0; i < 5; i++) {
        int64_t from = cpu_ns();
        work(arg);
        int64_t took = cpu_ns() - from;
        least = took < least ? took : least;
    }
    return least;
}

static uint32_t sequence;

static void jump_unordered(uint32_t step)
{
    for (unsigned i = 0; i < 1000; i++)
        receive(greedy, 0, WIRE_LANE_UNORDERED, sequence += step, 0, 64);
}

static void a_jump_in_a_lane_costs_no_more_than_a_step(void **state)
{
    (void)state;
    int64_t step = least_ns(jump_unordered, 1);
    int64_t jump = least_ns(jump_unordered, 4095);
    assert_in_range(jump, 1, 4 * step);
}

/* A thousand packets behind holes, and then what fills these, in steps of so many holes. */
static void fill_holes(uint32_t step)
{
    enum { HOLES = 1000 };
    bond_reset(greedy, at_ms(0));
    for (uint32_t i = 1; i <= HOLES; i++)
        receive(greedy, 0, 1, 2 * i, 0, 64);
    for (uint32_t i = 1; i < HOLES; i++)
        receive(greedy, 0, 1, 2 * (i * step % HOLES) + 1, 0, 64);
}

/* One that is held, again and again: the last but one. */
static void repeat_held(uint32_t steps)
{
    fill_holes(0);
    for (uint32_t i = 0; i < steps; i++)
        receive(greedy, 0, 1, 1998, 0, 64);
}

static void holes_cost_the_same_in_any_order(void **state)
{
    (void)state;
    int64_t in_order = least_ns(fill_holes, 1);
    int64_t backwards = least_ns(fill_holes, 999);
    int64_t jumping = least_ns(fill_holes, 389);
    int64_t repeats = least_ns(repeat_held, 1000);
    print_message("%d, %d, %d, %d ns a packet\n", (int)(in_order / 2000), (int)(backwards / 2000),
                  (int)(jumping / 2000), (int)(repeats / 3000));
    assert_in_range(backwards, 1, 3 * in_order);
    assert_in_range(jumping, 1, 3 * in_order);
    assert_in_range(repeats, 1, 4 * in_order);
    bond_reset(greedy, at_ms(0));
}

static uint64_t number;

static void jump_numbers(uint32_t step)
{
    for (unsigned i = 0; i < 1000; i++)
        bond_rx(greedy, at_ms(0), 0, number += step, 100, true);
}

static void a_jump_in_packet_numbers_costs_little(void **state)
{
    (void)state;
    int64_t step = least_ns(jump_numbers, 1);
    int64_t jump = least_ns(jump_numbers, 4095);
    assert_in_range(jump, 1, 4 * step);
}

static struct arena_share memory;

static void acknowledge(uint32_t step)
{
    static struct acker acker;
    struct wire_ack ack;
    acker_init(&acker, &memory);
    acker_resize(&acker, ACKER_MOST);
    for (uint64_t i = 0, pn = 0; i < 1000; i++) {
        acker_record(&acker, at_ms(0), pn += step, true);
        assert_true(acker_build(&acker, at_ms(0), &ack));
    }
    acker_free(&acker);
}

/* Every second number makes as many ranges as any jumps do. */
static void jumps_are_acknowledged_at_the_cost_of_gaps(void **state)
{
    (void)state;
    int64_t gaps = least_ns(acknowledge, 2);
    assert_in_range(least_ns(acknowledge, 127), 1, 4 * gaps);
    assert_in_range(least_ns(acknowledge, 4095), 1, 4 * gaps);
}

static struct path *acked;
static struct peer_clock acked_clock;

/* Of so many numbers all but the oldest were acknowledged, and the path is said to reorder. */
static void acknowledge_again(uint32_t numbers)
{
    struct wire_ack ack = {
        .range_count = 1, .time_count = 1, .ranges = { { 0, 1 } }, .times = { { INT32_MAX, 0 } }
    };
    path_clear(acked);
    path_init(acked, at_ms(0), 0, &memory);
    assert_true(flight_resize(&acked->flight, PATH_SENT_MAX));
    events_bring_up(acked, at_ms(0));
    acked->rtt.srtt_ns = NS_PER_S;
    acked->rack.window_ns = 1e9;
    acked->rack.faded = at_ms(0);
    for (uint32_t i = 0; i <= numbers; i++)
        ack.largest = (uint32_t)path_sent(acked, at_ms(0), 100, true, 0, NULL, false);
    ack.ranges[0].len = numbers;
    for (uint32_t i = 0; i < 2000; i++)
        path_ack(acked, at_ms(1), &ack, true, &acked_clock, &events_ignored);
}

/* The latest of so many in flight, again and again. */
static void acknowledge_latest(uint32_t numbers)
{
    struct wire_ack ack = {
        .range_count = 1, .time_count = 1, .ranges = { { 0, 1 } }, .times = { { 1, 0 } }
    };
    acknowledge_again(numbers);
    for (uint32_t i = 0; i < numbers; i++)
        ack.largest = (uint32_t)path_sent(acked, at_ms(1), 100, true, 0, NULL, false);
    for (uint32_t i = 0; i < 2000; i++)
        path_ack(acked, at_ms(1), &ack, true, &acked_clock, &events_ignored);
}

static void acknowledgements_without_news_cost_little(void **state)
{
    (void)state;
    acked = calloc(1, sizeof *acked);
    assert_non_null(acked);
    int64_t few = least_ns(acknowledge_again, 10);
    int64_t many = least_ns(acknowledge_again, PATH_SENT_MAX - 100);
    int64_t latest = least_ns(acknowledge_latest, PATH_SENT_MAX - 100);
    print_message("%d, %d and %d ns an acknowledgement\n", (int)(few / 2000), (int)(many / 2000),
                  (int)(latest / 4000));
    assert_in_range(many, 1, 20 * few);
    assert_in_range(latest, 1, 40 * few);
    path_clear(acked);
    free(acked);
}

static void push_over(uint32_t flows)
{
    for (uint32_t i = 0; i < 4000; i++)
        bond_send(greedy, at_ms(0), packet_udp(pool, (uint16_t)(i % flows), i, 1200));
}

/* To find what to drop must not cost more than what is dropped. */
static void a_full_queue_is_cheap(void **state)
{
    (void)state;
    int64_t empty = least_ns(push_over, 1); /* the first turns fill it */
    int64_t full = least_ns(push_over, 1000);
    assert_in_range(full, 1, 6 * empty);
}

static void begin_anew(uint32_t paths)
{
    struct bond_out out;
    for (unsigned i = 0; i < 20; i++) {
        bond_reset(greedy, at_ms(0));
        for (uint8_t id = 0; id < paths; id++) {
            bond_rx(greedy, at_ms(0), id, 0, 100, true);
            bond_take_pn(greedy, at_ms(0), id, 100, true, 0);
        }
        while (bond_next(greedy, at_ms(0), &out))
            ;
    }
}

static void clear_all(uint32_t bytes)
{
    uint8_t *all = malloc(bytes);
    assert_non_null(all);
    for (unsigned i = 0; i < 20; i++) {
        memset(all, (int)i, bytes);
        assert_int_equal(((volatile uint8_t *)all)[bytes - 1], i);
    }
    free(all);
}

/* Twenty of them, with a packet on each path, against clearing all there is to the paths. */
static void a_new_association_clears_what_was_used(void **state)
{
    (void)state;
    int64_t all = least_ns(clear_all, 19 << 20);
    assert_in_range(least_ns(begin_anew, WIRE_PATHS_MAX), 1, all / 2);
}

#define isolation_test(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        isolation_test(small_packets_for_one_peer_leave_buffers_for_another),
        isolation_test(what_waits_behind_holes_leaves_buffers_for_others),
        isolation_test(pieces_without_the_rest_are_given_back),
        isolation_test(a_peer_that_left_keeps_no_buffers),
        isolation_test(a_jump_in_a_lane_costs_no_more_than_a_step),
        isolation_test(holes_cost_the_same_in_any_order),
        isolation_test(a_jump_in_packet_numbers_costs_little),
        isolation_test(jumps_are_acknowledged_at_the_cost_of_gaps),
        isolation_test(acknowledgements_without_news_cost_little),
        isolation_test(a_full_queue_is_cheap),
        isolation_test(a_new_association_clears_what_was_used),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
