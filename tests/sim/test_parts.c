/* SPDX-License-Identifier: ISC */
/*
 * What the bond must hold beside one flow's share of the sum, with margins so wide that only a
 * broken bond fails; bench/sim-bond measures against the targets.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sim/scenario.h"
#include "sim/simulator.h"

static struct sim_config lasting(int64_t warmup_s, int64_t run_s)
{
    struct sim_config config;
    sim_config_default(&config);
    config.times.warmup_ns = warmup_s * NS_PER_S;
    config.times.run_ns = run_s * NS_PER_S;
    return config;
}

/* only: the link that is left, from 0 on; < 0: all are. */
static void run(struct sim_config *config, const char *links, int only, struct sim_result *result)
{
    struct linkspecs specs;
    char error[LINKSPEC_ERROR_BYTES];
    const struct scenario *scenario = scenario_find(links);
    if (!linkspecs_parse(&specs, scenario != NULL ? scenario->links : links, error))
        fail_msg("%s", error);
    if (only >= 0)
        linkspecs_only(&specs, (size_t)only);
    config->links = &specs;
    if (!sim_run(config, result))
        fail_msg("%s: %s", links, result->message);
    linkspecs_free(&specs);
}

static void assert_at_least(const char *what, double value, double least)
{
    print_message("%s: %.3f, at least %.3f\n", what, value, least);
    assert_true(value >= least);
}

static void assert_at_most(const char *what, double value, double most)
{
    print_message("%s: %.3f, at most %.3f\n", what, value, most);
    assert_true(value <= most);
}

/* The time of a transfer, in ms. */
static double transfer(const char *links, int only, uint64_t bytes)
{
    struct sim_result result;
    struct sim_config config = lasting(59, 60);
    config.tcp.transfer_bytes = bytes;
    run(&config, links, only, &result);
    assert_true(result.stream[LINK_DOWN].transfer_ns > 0);
    return (double)result.stream[LINK_DOWN].transfer_ns / 1e6;
}

static void transfers_take_no_longer_than_over_one_link(void **state)
{
    static const uint64_t sizes[] = { 100000, 1000000, 10000000 };
    (void)state;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
        assert_at_most("time", transfer("wide", -1, sizes[i]), 1.2 * transfer("wide", 0, sizes[i]));
}

/* Slow start must not take the delay that equalization adds for the end of the link. */
static void slow_start_fills_unequal_links(void **state)
{
    static const struct {
        const char *links;
        int best;
        double part; /* of the time that the best link takes */
    } cases[] = { { "far", 0, 0.8 }, { "fiblte", 0, 0.7 }, { "dsllte", 1, 0.9 } };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_at_most(cases[i].links, transfer(cases[i].links, -1, 10000000),
                       cases[i].part * transfer(cases[i].links, cases[i].best, 10000000));
}

static void many_flows_share_both_directions(void **state)
{
    (void)state;
    for (unsigned flows = 4; flows <= 16; flows *= 4) {
        struct sim_result result;
        struct sim_config config = lasting(4, 12);
        config.tcp.flows = flows;
        config.direction = SIM_BOTH;
        run(&config, "twin", -1, &result);
        for (int d = 0; d < LINK_DIRECTIONS; d++) {
            assert_at_least("share", result.stream[d].share, 0.7);
            assert_at_least("Jain", result.stream[d].jain, 0.75);
        }
        assert_at_most("ping p50, ms", (double)result.ping_p50_ns / 1e6, 20.0);
    }
}

/* Our own acknowledgements take little of the way with less room, and no TCP overtakes itself. */
static void sixteen_flows_each_way_fill_unequal_links(void **state)
{
    static const struct {
        const char *links;
        double up; /* the way with less room */
        int64_t warmup_s;
    } cases[] = { { "bloat", 0.915, 4 }, { "wide", 0.92, 4 }, { "satellite", 0.87, 14 } };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct sim_result result;
        struct sim_config config = lasting(cases[i].warmup_s, cases[i].warmup_s + 6);
        config.tcp.flows = 16;
        config.direction = SIM_BOTH;
        run(&config, cases[i].links, -1, &result);
        print_message("%s\n", cases[i].links);
        assert_at_least("share up", result.stream[LINK_UP].share, cases[i].up);
        assert_at_least("share down", result.stream[LINK_DOWN].share, 0.87);
        assert_at_least("Jain", result.stream[LINK_UP].jain, 0.95);
        assert_at_most("dropped", result.stream[LINK_UP].dropped, 0.002);
    }
}

/* A hole holds up more than the room in a QUIC receiver's socket. */
static void quic_is_nearly_as_fast_as_tcp(void **state)
{
    static const char *const links[] = { "wide", "lossy", "far" };
    (void)state;
    for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
        struct sim_result quic;
        struct sim_result tcp;
        struct sim_config config = lasting(4, 10);
        run(&config, links[i], -1, &tcp);
        config.tcp.transport = SIM_QUIC;
        run(&config, links[i], -1, &quic);
        assert_at_least("QUIC's part of TCP", quic.stream[LINK_DOWN].goodput_bps,
                        0.8 * tcp.stream[LINK_DOWN].goodput_bps);
    }
}

static void calls_arrive_in_time_beside_a_flow(void **state)
{
    static const struct {
        const char *links;
        double least;
    } cases[] = { { "twin", 0.99 }, { "dsllte", 0.99 }, { "lossy", 0.98 } };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct sim_result result;
        struct sim_config config = lasting(3, 10);
        config.call = true;
        run(&config, cases[i].links, -1, &result);
        assert_at_least(cases[i].links, result.call_in_time, cases[i].least);
    }
}

static void little_is_sent_twice(void **state)
{
    (void)state;
    struct sim_result result;
    struct sim_config config = lasting(4, 12);
    run(&config, "lossy", -1, &result);
    const struct sim_stream_result *s = &result.stream[LINK_DOWN];
    assert_at_most("by the tunnel, %",
                   100.0 * (result.resent[LINK_DOWN] + result.duplicate[LINK_DOWN]), 6.0);
    assert_at_most("by TCP, %", 100.0 * (double)s->repeats / (double)s->segments, 0.5);
}

static void a_foreign_flow_and_the_bond_live_on_one_link(void **state)
{
    (void)state;
    static const char *const shared[] = { "twin", "quad", "tenone" };
    for (size_t i = 0; i < sizeof shared / sizeof *shared; i++) {
        struct sim_result result;
        struct sim_config config = lasting(10, 30);
        config.foreign = (struct sim_foreign){ .on = true, .link = 0 };
        run(&config, shared[i], -1, &result);
        assert_at_least("foreign", result.foreign_share, 0.25);
        assert_at_least("beside it", result.beside_share, 0.25);
    }
}

static void a_second_flow_gets_its_share(void **state)
{
    (void)state;
    struct sim_result result;
    struct sim_config config = lasting(7, 10);
    config.tcp.flows = 2;
    config.times.late_ns = 4 * NS_PER_S;
    run(&config, "twin", -1, &result);
    const struct sim_stream_result *s = &result.stream[LINK_DOWN];
    assert_at_least("part of its half", 2.0 * s->flow_bps[1] / s->goodput_bps, 0.7);
}

static void changed_rates_are_followed(void **state)
{
    static const char *const changes[] = { "rate-down=10", "rate-down=40" };
    (void)state;
    for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
        struct sim_result result;
        struct sim_config config = lasting(10, 14);
        config.actions[0] =
            (struct sim_action){ .kind = SIM_SET, .at_ns = 8 * NS_PER_S, .items = changes[i] };
        config.action_count = 1;
        run(&config, "twin", -1, &result);
        assert_at_least(changes[i], result.stream[LINK_DOWN].share, 0.8);
        assert_at_most("ping p50, ms", (double)result.ping_p50_ns / 1e6, 20.0);
    }
}

static void a_shared_bottleneck_is_not_filled(void **state)
{
    (void)state;
    struct sim_result result;
    struct sim_config config = lasting(4, 14);
    run(&config, "name=a 10/20,12ms; name=b behind=a,20ms", -1, &result);
    assert_at_least("share", result.stream[LINK_DOWN].share, 0.85);
    assert_at_most("queue p50, ms", (double)result.queue_p50_ns[0][LINK_DOWN] / 1e6, 50.0);
}

static void moving_links_are_used(void **state)
{
    (void)state;
    for (int d = SIM_DOWN; d <= SIM_UP; d++) {
        struct sim_result result;
        struct sim_config config = lasting(4, 44);
        config.direction = (enum sim_direction)d;
        run(&config, "varying", -1, &result);
        assert_at_least("share", result.stream[d == SIM_UP ? LINK_UP : LINK_DOWN].share, 0.4);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(transfers_take_no_longer_than_over_one_link),
        cmocka_unit_test(slow_start_fills_unequal_links),
        cmocka_unit_test(many_flows_share_both_directions),
        cmocka_unit_test(sixteen_flows_each_way_fill_unequal_links),
        cmocka_unit_test(quic_is_nearly_as_fast_as_tcp),
        cmocka_unit_test(calls_arrive_in_time_beside_a_flow),
        cmocka_unit_test(little_is_sent_twice),
        cmocka_unit_test(a_foreign_flow_and_the_bond_live_on_one_link),
        cmocka_unit_test(a_second_flow_gets_its_share),
        cmocka_unit_test(changed_rates_are_followed),
        cmocka_unit_test(a_shared_bottleneck_is_not_filled),
        cmocka_unit_test(moving_links_are_used),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
