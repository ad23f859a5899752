/* SPDX-License-Identifier: ISC */
/* The simulator without a tunnel: virtual time, inner packets, and the streams on one link. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "sim/check.h"
#include "sim/events.h"
#include "sim/net.h"
#include "sim/receiver.h"
#include "sim/segment.h"
#include "sim/simulator.h"

struct seen {
    struct events *events;
    uint64_t order[8];
    int64_t at_ns[8];
    size_t count;
};

static void see(void *owner, uint64_t value)
{
    struct seen *seen = owner;
    seen->order[seen->count] = value;
    seen->at_ns[seen->count++] = seen->events->now.ns;
}

static void events_run_by_time_then_by_insertion(void **state)
{
    (void)state;
    struct events events;
    events_init(&events, (struct tstamp){ 0 });
    struct seen seen = { .events = &events };
    events_add(&events, (struct tstamp){ 20 }, see, &seen, 1);
    events_add(&events, (struct tstamp){ 10 }, see, &seen, 2);
    events_add(&events, (struct tstamp){ 20 }, see, &seen, 3);
    events_add(&events, (struct tstamp){ 10 }, see, &seen, 4);
    events_add(&events, (struct tstamp){ 31 }, see, &seen, 5);
    events_run(&events, (struct tstamp){ 30 });
    static const uint64_t expected[] = { 2, 4, 1, 3 };
    assert_int_equal(seen.count, 4);
    assert_memory_equal(seen.order, expected, sizeof(expected));
    assert_int_equal(seen.at_ns[3], 20);
    assert_int_equal(events.now.ns, 30);
    events_free(&events);
}

static void count_run(void *owner)
{
    ++*(unsigned *)owner;
}

static void a_timer_runs_once_at_its_last_setting(void **state)
{
    (void)state;
    struct events events;
    struct timer timer;
    unsigned runs = 0;
    events_init(&events, (struct tstamp){ 0 });
    timer_init(&timer, &events, count_run, &runs);
    timer_set(&timer, (struct tstamp){ 50 });
    timer_set(&timer, (struct tstamp){ 10 });
    timer_set(&timer, (struct tstamp){ 30 });
    events_run(&events, (struct tstamp){ 29 });
    assert_int_equal(runs, 0);
    events_run(&events, (struct tstamp){ 100 });
    assert_int_equal(runs, 1);
    timer_set(&timer, (struct tstamp){ 120 });
    timer_stop(&timer);
    events_run(&events, (struct tstamp){ 200 });
    assert_int_equal(runs, 1);
    events_free(&events);
}

static void segments_come_back_as_they_were_built(void **state)
{
    (void)state;
    struct pkt_pool *pool = pkt_pool_new(8, 2);
    assert_non_null(pool);
    struct segment in = { .kind = SEGMENT_TCP,
                          .from = SIDE_SERVER,
                          .port = 20009,
                          .id = 0x00012345,
                          .ecn = ECN_CAPABLE,
                          .ack = true,
                          .seq = 0xfffffff0,
                          .ack_seq = 77,
                          .time_us = 5,
                          .echo_us = 6,
                          .len_bytes = 1000,
                          .range_count = 2,
                          .ranges = { { 1, 2 }, { 5, 9 } } };
    struct pkt *p = segment_build(&in, pool, 1);
    assert_non_null(p);
    assert_int_equal(p->len_bytes, SEGMENT_TCP_BYTES + 4 + 16 + 1000);
    struct segment out;
    assert_null(segment_parse(&out, p->data, p->len_bytes));
    assert_true(out.kind == in.kind && out.from == in.from && out.port == in.port);
    assert_int_equal(out.id, in.id);
    assert_int_equal(out.ecn, in.ecn);
    assert_true(out.ack && !out.syn && !out.ece && !out.cwr);
    assert_true(out.seq == in.seq && out.ack_seq == in.ack_seq);
    assert_true(out.time_us == in.time_us && out.echo_us == in.echo_us);
    assert_int_equal(out.len_bytes, in.len_bytes);
    assert_int_equal(out.range_count, in.range_count);
    assert_memory_equal(out.ranges, in.ranges, sizeof(in.ranges));
    p->data[p->len_bytes - 1] ^= 1;
    assert_non_null(segment_parse(&out, p->data, p->len_bytes));
    pkt_put(p);

    in.range_count = 0;
    p = segment_build(&in, pool, 10);
    assert_non_null(p);
    assert_int_equal(p->gso, PKT_GSO_TCP4);
    assert_int_equal(p->seg_count, 10);
    assert_int_equal(p->len_bytes, SEGMENT_TCP_BYTES + 10 * 1000);
    pkt_put(p);
    assert_int_equal(pkt_pool_used(pool), 0);
    pkt_pool_free(pool);
}

static void keep_ack(void *owner, enum side from, struct pkt *p)
{
    (void)from;
    assert_null(segment_parse(owner, p->data, p->len_bytes));
    pkt_put(p);
}

static void arrive(struct net *net, uint32_t seq, uint32_t time_us)
{
    struct segment s = {
        .kind = SEGMENT_TCP, .from = SIDE_SERVER, .seq = seq, .time_us = time_us, .len_bytes = 1000
    };
    net->endpoints[SIDE_CLIENT][0].receive(net->endpoints[SIDE_CLIENT][0].owner, &s);
}

/* A repeat of 50 ms fills a hole before what was sent at 20 ms and comes later. */
static void what_a_repeat_overtakes_is_discarded(void **state)
{
    static struct receiver receiver;
    struct events events;
    struct check check;
    struct net net;
    struct segment ack;
    (void)state;
    events_init(&events, (struct tstamp){ 0 });
    check_init(&check, &events, 1);
    net_init(&net, &events, &check);
    net.pool[SIDE_CLIENT] = pkt_pool_new(8, 0);
    net.carry = keep_ack;
    net.carrier = &ack;
    receiver_init(&receiver, &net, SEGMENT_TCP, SIDE_CLIENT, NET_PORT_FIRST);
    arrive(&net, 1000, 11000);
    assert_true(ack.ack_seq == 0 && ack.range_count == 1);
    arrive(&net, 0, 50000);
    assert_true(ack.ack_seq == 2000 && ack.echo_us == 50000);
    arrive(&net, 2000, 20000);
    assert_int_equal(receiver.too_old, 1);
    assert_true(ack.ack_seq == 2000 && ack.range_count == 0);
    arrive(&net, 3000, 50000); /* behind the hole that this made */
    assert_true(ack.ack_seq == 2000 && ack.range_count == 1);
    arrive(&net, 2000, 60000);
    assert_true(ack.ack_seq == 4000 && ack.echo_us == 60000);
    pkt_pool_free(net.pool[SIDE_CLIENT]);
    check_free(&check);
    events_free(&events);
}

static void run(struct sim_config *config, const char *links, struct sim_result *result)
{
    static struct linkspecs specs;
    char error[LINKSPEC_ERROR_BYTES];
    if (!linkspecs_parse(&specs, links, error))
        fail_msg("%s", error);
    config->links = &specs;
    if (!sim_run(config, result))
        fail_msg("%s", result->message);
    linkspecs_free(&specs);
}

static struct sim_config alone(enum sim_transport transport)
{
    struct sim_config config;
    sim_config_default(&config);
    config.carrier = SIM_LINK;
    config.tcp.transport = transport;
    config.times.run_ns = 8 * NS_PER_S;
    config.times.warmup_ns = 3 * NS_PER_S;
    return config;
}

static void every_transport_fills_a_link(void **state)
{
    (void)state;
    for (int transport = SIM_TCP_CUBIC; transport <= SIM_QUIC; transport++) {
        for (int direction = SIM_DOWN; direction <= SIM_UP; direction++) {
            struct sim_config config = alone((enum sim_transport)transport);
            struct sim_result result;
            config.direction = (enum sim_direction)direction;
            run(&config, "10/20,12ms", &result);
            double share = result.stream[direction == SIM_UP ? LINK_UP : LINK_DOWN].share;
            assert_true(share > 0.95);
            assert_true(share < 1.01);
        }
    }
}

static void loss_limits_cubic_but_not_bbr(void **state)
{
    (void)state;
    struct sim_result cubic;
    struct sim_result bbr;
    struct sim_config config = alone(SIM_TCP_CUBIC);
    run(&config, "20/20,20ms,loss=1", &cubic);
    config = alone(SIM_TCP_BBR);
    run(&config, "20/20,20ms,loss=1", &bbr);
    /* RFC 9438's response function: 1.17 * (RTT / p^3)^(1/4) segments are about 4 Mbit/s here. */
    assert_true(cubic.stream[LINK_DOWN].goodput_bps > 2.5e6);
    assert_true(cubic.stream[LINK_DOWN].goodput_bps < 6e6);
    assert_true(bbr.stream[LINK_DOWN].share > 0.85);
}

/* Ten rounds of four packets in flight tell nothing of the bandwidth. */
static void bbr_keeps_its_rate_when_it_measures_its_round_trip(void **state)
{
    (void)state;
    struct sim_result result;
    struct sim_config config = alone(SIM_TCP_BBR);
    config.times.run_ns = 24 * NS_PER_S;
    config.times.warmup_ns = 12 * NS_PER_S;
    run(&config, "50/300,10ms,jitter=1", &result);
    assert_true(result.stream[LINK_DOWN].share > 0.9);
}

static void reordering_is_undone(void **state)
{
    (void)state;
    struct sim_result result;
    struct sim_config config = alone(SIM_TCP_CUBIC);
    run(&config, "20/20,20ms,jitter=4,reorder", &result);
    assert_true(result.stream[LINK_DOWN].share > 0.9);
}

static void a_cut_stalls_and_ends(void **state)
{
    (void)state;
    struct sim_result result;
    struct sim_config config = alone(SIM_TCP_CUBIC);
    config.actions[0] = (struct sim_action){ SIM_CUT, 0, 4 * NS_PER_S, NS_PER_S };
    config.action_count = 1;
    run(&config, "20/20,20ms", &result);
    assert_true(result.stream[LINK_DOWN].stall_ns >= NS_PER_S);
    assert_true(result.stream[LINK_DOWN].stall_ns < 3 * NS_PER_S);
    assert_true(result.stream[LINK_DOWN].share > 0.4);
}

static void equal_seeds_give_equal_digests(void **state)
{
    (void)state;
    struct sim_result result[3];
    for (int i = 0; i < 3; i++) {
        struct sim_config config = alone(SIM_TCP_CUBIC);
        config.seed = i == 2 ? 8 : 7;
        config.tcp.flows = 2;
        config.direction = SIM_BOTH;
        config.tcp.ecn = true;
        run(&config, "10/20,12ms,loss=0.5,jitter=3", &result[i]);
    }
    assert_true(result[0].digest == result[1].digest);
    assert_true(result[0].digest != result[2].digest);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_run_by_time_then_by_insertion),
        cmocka_unit_test(a_timer_runs_once_at_its_last_setting),
        cmocka_unit_test(segments_come_back_as_they_were_built),
        cmocka_unit_test(what_a_repeat_overtakes_is_discarded),
        cmocka_unit_test(every_transport_fills_a_link),
        cmocka_unit_test(loss_limits_cubic_but_not_bbr),
        cmocka_unit_test(bbr_keeps_its_rate_when_it_measures_its_round_trip),
        cmocka_unit_test(reordering_is_undone),
        cmocka_unit_test(a_cut_stalls_and_ends),
        cmocka_unit_test(equal_seeds_give_equal_digests),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
