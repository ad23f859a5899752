/* SPDX-License-Identifier: ISC */
/* The real cores over simulated links. sim_run() checks what must always hold. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sim/scenario.h"
#include "sim/simulator.h"

static struct sim_config bonded(enum sim_direction direction)
{
    struct sim_config config;
    sim_config_default(&config);
    config.direction = direction;
    config.times.run_ns = 8 * NS_PER_S;
    config.times.warmup_ns = 4 * NS_PER_S;
    return config;
}

static void run(struct sim_config *config, const char *links, struct sim_result *result)
{
    struct linkspecs specs;
    char error[LINKSPEC_ERROR_BYTES];
    const struct scenario *scenario = scenario_find(links);
    if (!linkspecs_parse(&specs, scenario != NULL ? scenario->links : links, error))
        fail_msg("%s", error);
    config->links = &specs;
    if (!sim_run(config, result))
        fail_msg("%s: %s", links, result->message);
    linkspecs_free(&specs);
}

static void assert_share(const char *links, double share_down, double share_up)
{
    struct sim_result result;
    struct sim_config config = bonded(SIM_DOWN);
    run(&config, links, &result);
    print_message("%s: %.3f down\n", links, result.stream[LINK_DOWN].share);
    assert_true(result.stream[LINK_DOWN].share >= share_down);
    config = bonded(SIM_UP);
    run(&config, links, &result);
    print_message("%s: %.3f up\n", links, result.stream[LINK_UP].share);
    assert_true(result.stream[LINK_UP].share >= share_up);
}

static void one_flow_gets_the_sum_of_two_links(void **state)
{
    (void)state;
    assert_share("twin", 0.9, 0.9);
    assert_share("dsllte", 0.9, 0.9);
}

static void one_flow_gets_the_sum_of_lossy_links(void **state)
{
    (void)state;
    assert_share("lossy", 0.85, 0.85);
}

static void one_flow_gets_the_sum_of_unequal_links(void **state)
{
    (void)state;
    assert_share("wide", 0.9, 0.9);
    assert_share("far", 0.85, 0.85);
    assert_share("quad", 0.9, 0.9);
    assert_share("stepping", 0.85, 0.85);
}

/* BBR, which has measured its smallest round trip anew when the warm-up ends. */
static struct sim_config paced(enum sim_direction direction, unsigned flows)
{
    struct sim_config config = bonded(direction);
    config.tcp.transport = SIM_TCP_BBR;
    config.tcp.flows = flows;
    config.times.run_ns = 26 * NS_PER_S;
    config.times.warmup_ns = 14 * NS_PER_S;
    return config;
}

/* BBR's window does not fill a slow path by itself: it stays near the best link alone, .46 of far
 * and .45 of wide. */
static void a_paced_flow_gets_the_sum_of_unequal_links(void **state)
{
    static const struct {
        const char *links;
        enum sim_direction direction;
        double least;
    } rows[] = { { "far", SIM_DOWN, 0.75 }, { "far", SIM_UP, 0.75 }, { "wide", SIM_UP, 0.75 } };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct sim_result result;
        struct sim_config config = paced(rows[i].direction, 1);
        run(&config, rows[i].links, &result);
        double share = result.stream[rows[i].direction == SIM_UP ? LINK_UP : LINK_DOWN].share;
        print_message("%s: %.3f\n", rows[i].links, share);
        assert_true(share >= rows[i].least);
    }
}

/* Each of them stays near the best link's share by itself: .47 of far and .61 of wide. */
static void several_paced_flows_get_the_sum_of_unequal_links(void **state)
{
    static const char *const links[] = { "far", "wide" };
    (void)state;
    for (size_t i = 0; i < sizeof links / sizeof links[0]; i++) {
        struct sim_result result;
        struct sim_config config = paced(SIM_DOWN, 4);
        config.tcp.super_segments = 16;
        config.times.run_ns = 22 * NS_PER_S;
        run(&config, links[i], &result);
        const struct sim_stream_result *down = &result.stream[LINK_DOWN];
        print_message("%s: %.3f, Jain's index %.3f\n", links[i], down->share, down->jain);
        assert_true(down->share >= 0.85);
        assert_true(down->jain >= 0.9);
    }
}

/* One that begins while another fills all links finds its share, too: within three seconds. */
static void a_second_paced_flow_gets_its_share(void **state)
{
    (void)state;
    struct sim_result result;
    struct sim_config config = paced(SIM_DOWN, 2);
    config.tcp.super_segments = 16;
    config.times.late_ns = 15 * NS_PER_S;
    config.times.warmup_ns = 19 * NS_PER_S;
    run(&config, "far", &result);
    const struct sim_stream_result *down = &result.stream[LINK_DOWN];
    print_message("%.3f, the second %.1f of %.1f Mbit/s\n", down->share, down->flow_bps[1] / 1e6,
                  (down->flow_bps[0] + down->flow_bps[1]) / 1e6);
    assert_true(down->share >= 0.8);
    assert_true(down->flow_bps[1] >= 0.6 * (down->flow_bps[0] + down->flow_bps[1]) / 2);
}

/* A flow that its window limits must not end with a queue in the network that nobody sees. */
static void others_find_short_queues(void **state)
{
    static const char *const links[] = { "20/40,10ms;20/40,95ms", "wide", "bloat" };
    (void)state;
    for (size_t i = 0; i < sizeof links / sizeof links[0]; i++) {
        struct sim_result result;
        struct sim_config config = bonded(SIM_DOWN);
        run(&config, links[i], &result);
        print_message("%s: ping +%.1f ms, 99 %%: +%.1f ms\n", links[i],
                      (double)result.ping_p50_ns / 1e6, (double)result.ping_p99_ns / 1e6);
        assert_true(result.ping_p50_ns < 12 * NS_PER_MS);
        assert_true(result.ping_p99_ns < 40 * NS_PER_MS);
    }
}

/* Both sides send, so both find it out; the simulator's cores tell it as the daemon's do. */
static void a_link_that_falls_is_told_of(void **state)
{
    (void)state;
    struct sim_result result;
    struct sim_config config = bonded(SIM_BOTH);
    config.times.run_ns = 170 * NS_PER_S;
    config.no_ping = true;
    config.actions[0] = (struct sim_action){
        .kind = SIM_SET, .link = 1, .at_ns = 45 * NS_PER_S, .items = "rate-up=0.8 rate-down=0.8"
    };
    config.actions[1] = (struct sim_action){
        .kind = SIM_SET, .link = 1, .at_ns = 125 * NS_PER_S, .items = "rate-up=8 rate-down=8"
    };
    config.action_count = 2;
    run(&config, "8/8,10ms;8/8,15ms", &result);
    print_message("slow %u times, no longer so %u times\n", (unsigned)result.slow[0],
                  (unsigned)result.slow[1]);
    assert_int_equal(result.slow[0], 2);
    assert_int_equal(result.slow[1], 2);
}

static void a_silent_cut_is_survived(void **state)
{
    (void)state;
    for (int kind = SIM_CUT; kind <= SIM_UNPLUG; kind++) {
        struct sim_result result;
        struct sim_config config = bonded(SIM_DOWN);
        config.actions[0] =
            (struct sim_action){ (enum sim_action_kind)kind, 0, 5 * NS_PER_S, NS_PER_S };
        config.action_count = 1;
        run(&config, "twin", &result);
        print_message("longest stall %.0f ms, longest gap of pings %.0f ms\n",
                      (double)result.stream[LINK_DOWN].stall_ns / 1e6,
                      (double)result.ping_gap_ns / 1e6);
        assert_true(result.stream[LINK_DOWN].stall_ns < NS_PER_S);
        assert_true(result.ping_gap_ns < NS_PER_S);
        assert_true(result.stream[LINK_DOWN].share > 0.5);
    }
}

/* As the issue asks: no later than the slower link's round trip and 5 ms, whichever link is cut. */
static void redundant_pings_are_never_late(void **state)
{
    (void)state;
    for (size_t link = 0; link < 2; link++) {
        struct sim_result result;
        struct sim_config config = bonded(SIM_DOWN);
        config.redundant_pings = true;
        config.actions[0] = (struct sim_action){ SIM_CUT, link, 5 * NS_PER_S, 2500 * NS_PER_MS };
        config.action_count = 1;
        run(&config, "20/40,15ms;20/40,20ms", &result);
        print_message("link %zu cut: latest ping %.1f ms\n", link + 1,
                      (double)result.ping_most_ns / 1e6);
        assert_int_equal(result.ping_lost, 0);
        assert_true(result.ping_most_ns < 45 * NS_PER_MS + 200 * NS_PER_US);
    }
}

/* What was acknowledged on the link that fell is not repeated before what is missing. */
static void a_standby_link_takes_over_at_once(void **state)
{
    static const int64_t most_ns[] = { [SIM_CUT] = 150 * NS_PER_MS, [SIM_UNPLUG] = 80 * NS_PER_MS };
    (void)state;
    for (int kind = SIM_CUT; kind <= SIM_UNPLUG; kind++) {
        struct sim_result result;
        struct sim_config config = bonded(SIM_DOWN);
        config.standby = 2;
        config.actions[0] =
            (struct sim_action){ (enum sim_action_kind)kind, 0, 5 * NS_PER_S, 2 * NS_PER_S };
        config.action_count = 1;
        run(&config, "20/40,15ms;20/40,20ms", &result);
        print_message("longest stall %.0f ms\n", (double)result.stream[LINK_DOWN].stall_ns / 1e6);
        assert_true(result.stream[LINK_DOWN].stall_ns < most_ns[kind]);
    }
}

/* TCP must not fall silent either when its window meets CoDel in what is left, nor slow down. */
static void what_follows_a_fall_is_no_silence(void **state)
{
    struct sim_result result;
    struct sim_config config = bonded(SIM_DOWN);
    (void)state;
    config.tcp.hystart = CC_HYSTART_OFF;
    config.actions[0] = (struct sim_action){ SIM_UNPLUG, 1, 9 * NS_PER_S, 20 * NS_PER_S };
    config.action_count = 1;
    config.times.warmup_ns = 8 * NS_PER_S;
    config.times.run_ns = 24 * NS_PER_S;
    run(&config, "name=a 20/40,15ms; name=b 20/40,20ms", &result);
    print_message("longest stall %.0f ms\n", (double)result.stream[LINK_DOWN].stall_ns / 1e6);
    assert_true(result.stream[LINK_DOWN].stall_ns < 100 * NS_PER_MS);
    assert_true(result.stream[LINK_DOWN].share > 0.5); /* a second of two links, 15 of one */
}

/* TCP's window must not have shrunk to the links that were left. */
static void a_returned_link_is_full_within_three_seconds(void **state)
{
    static const char *const links[] = { "name=a 20/40,15ms; name=b 20/40,20ms",
                                         "name=a 20/40,20ms; name=b 20/40,15ms" };
    (void)state;
    for (size_t i = 0; i < sizeof links / sizeof links[0]; i++) {
        struct sim_result result;
        struct sim_config config = bonded(SIM_DOWN);
        config.actions[0] = (struct sim_action){ SIM_CUT, 1, 4 * NS_PER_S, 4 * NS_PER_S };
        config.action_count = 1;
        config.times.warmup_ns = 10 * NS_PER_S;
        config.times.run_ns = 12 * NS_PER_S;
        run(&config, links[i], &result);
        print_message("%.3f from 2 s after the return\n", result.stream[LINK_DOWN].share);
        assert_true(result.stream[LINK_DOWN].share > 0.9);
    }
}

/* A hole stays open until the sender has noticed that a path is gone: 1587 repeats without that. */
static void tcp_repeats_little_at_a_cut(void **state)
{
    struct sim_result result;
    struct sim_config config = bonded(SIM_DOWN);
    (void)state;
    config.actions[0] = (struct sim_action){ SIM_CUT, 0, 5 * NS_PER_S, NS_PER_S };
    config.action_count = 1;
    config.times.run_ns = 6 * NS_PER_S; /* then its window meets CoDel */
    run(&config, "wide", &result);
    assert_true(result.stream[LINK_DOWN].repeats < 60);
}

enum { SECOND_KBPS = 40000 * 1448 / 1514 }; /* what TCP gets of one of the two links */

/* A link goes bad at 4 s for 4 s: goodput in kbit/s between two times, and the longest stall. */
static double goodput_beside(const char *items, size_t link, double from_s, double to_s,
                             uint64_t seed)
{
    struct sim_result result;
    struct sim_config config = bonded(SIM_DOWN);
    config.actions[0] = (struct sim_action){ .kind = SIM_SPOIL,
                                             .link = link,
                                             .at_ns = 4 * NS_PER_S,
                                             .duration_ns = 4 * NS_PER_S,
                                             .items = items };
    config.action_count = 1;
    config.seed = seed;
    config.times.warmup_ns = (int64_t)(from_s * 1e9);
    config.times.run_ns = (int64_t)(to_s * 1e9);
    run(&config, "name=a 20/40,15ms; name=b 20/40,20ms", &result);
    print_message("%s on link %zu: %.0f kbit/s, stall %.0f ms\n", items, link,
                  result.stream[LINK_DOWN].goodput_bps / 1e3,
                  (double)result.stream[LINK_DOWN].stall_ns / 1e6);
    assert_true(result.stream[LINK_DOWN].stall_ns <= 250 * NS_PER_MS);
    return result.stream[LINK_DOWN].goodput_bps / 1e3;
}

static void a_link_gone_bad_costs_nothing_but_its_rate(void **state)
{
    static const char *const bad[] = { "rate-up=0.1,rate-down=0.1", "loss=30", "delay=2000" };
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        for (size_t link = 0; link < 2; link++)
            assert_true(goodput_beside(bad[i], link, 5, 8, 1) >= 0.92 * SECOND_KBPS);
}

/*
 * What was delayed by 2 s stands in the way of what follows, so the link is there 2 s later. In
 * some runs TCP then loses a segment and takes seconds to open its window again: the mean of three.
 */
static void a_link_gone_bad_returns(void **state)
{
    static const char *const bad[] = { "rate-up=0.1,rate-down=0.1", "loss=30", "delay=2000" };
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        for (size_t link = 0; link < 2; link++) {
            double usable_s = i == 2 ? 10 : 8;
            double sum_kbps = 0;
            for (uint64_t seed = 1; seed <= 3; seed++)
                sum_kbps += goodput_beside(bad[i], link, usable_s + 3, usable_s + 5, seed);
            assert_true(sum_kbps / 3 >= 0.9 * 2 * SECOND_KBPS);
        }
}

static void equal_seeds_give_equal_digests(void **state)
{
    (void)state;
    struct sim_result result[3];
    for (int i = 0; i < 3; i++) {
        struct sim_config config = bonded(SIM_BOTH);
        config.seed = i == 2 ? 8 : 7;
        config.times.run_ns = 5 * NS_PER_S;
        config.call = true;
        config.times.rekey_after_ns = NS_PER_S;
        config.actions[0] = (struct sim_action){ SIM_CUT, 1, 2 * NS_PER_S, NS_PER_S / 2 };
        config.action_count = 1;
        run(&config, "wide", &result[i]);
    }
    assert_true(result[0].digest == result[1].digest);
    assert_true(result[0].digest != result[2].digest);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_flow_gets_the_sum_of_two_links),
        cmocka_unit_test(one_flow_gets_the_sum_of_lossy_links),
        cmocka_unit_test(one_flow_gets_the_sum_of_unequal_links),
        cmocka_unit_test(a_paced_flow_gets_the_sum_of_unequal_links),
        cmocka_unit_test(several_paced_flows_get_the_sum_of_unequal_links),
        cmocka_unit_test(a_second_paced_flow_gets_its_share),
        cmocka_unit_test(others_find_short_queues),
        cmocka_unit_test(a_link_that_falls_is_told_of),
        cmocka_unit_test(a_silent_cut_is_survived),
        cmocka_unit_test(redundant_pings_are_never_late),
        cmocka_unit_test(a_standby_link_takes_over_at_once),
        cmocka_unit_test(what_follows_a_fall_is_no_silence),
        cmocka_unit_test(a_returned_link_is_full_within_three_seconds),
        cmocka_unit_test(tcp_repeats_little_at_a_cut),
        cmocka_unit_test(a_link_gone_bad_costs_nothing_but_its_rate),
        cmocka_unit_test(a_link_gone_bad_returns),
        cmocka_unit_test(equal_seeds_give_equal_digests),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
