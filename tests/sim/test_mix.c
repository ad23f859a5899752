/* SPDX-License-Identifier: ISC */
/* Traffic of many kinds over the real cores, and what must hold beside it: see sim/mix.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "sim/mix.h"

/* None of these links has a trace, so there is nothing to free. */
static void run(const struct mix *mix, uint64_t seed, struct sim_config *config,
                struct sim_result *result)
{
    static struct linkspecs specs;
    char error[LINKSPEC_ERROR_BYTES];
    assert_true(linkspecs_parse(&specs, mix->links, error));
    sim_config_default(config);
    config->links = &specs;
    config->seed = seed;
    mix_apply(mix, config);
    mix_fit(config);
    if (!sim_run(config, result))
        fail_msg("%s: %s", mix->name, result->message);
}

static void judge(const struct mix *mix, uint64_t seed, struct sim_result *result)
{
    struct sim_config config;
    char text[MIX_TEXT_BYTES];
    run(mix, seed, &config, result);
    if (!mix_holds(&config, result, text))
        fail_msg("%s, seed %u: %s", mix->name, (unsigned)seed, text);
}

static void named_mixes_hold(void **state)
{
    (void)state;
    for (size_t i = 0; i < mix_count; i++) {
        struct sim_result result;
        judge(&mixes[i], 1, &result);
        if (mixes[i].call)
            assert_true(result.call_in_time > 0.99);
    }
}

static void drawn_mixes_hold(void **state)
{
    (void)state;
    static const unsigned seeds[] = {
        4,   6,   9,  23, 28,
        31,  29,  74, /* acknowledgements of much that comes are more than a twentieth of a way */
        42,           /* a probe of a long round trip fills a short queue */
        53,           /* a few stay sparse and get ten times what the others have */
        104, 192,     /* sparse flows fill the best path, and bulk starves behind them */
        171,          /* a ping among so many flows that a share is less than a packet */
        67,  70,      /* flows below their fair share are more than their best link carries */
    };
    for (size_t i = 0; i < sizeof seeds / sizeof seeds[0]; i++) {
        struct mix mix;
        struct sim_result result;
        char text[MIX_TEXT_BYTES];
        assert_true(mix_draw(seeds[i], &mix, text));
        print_message("%s\n", text);
        judge(&mix, seeds[i], &result);
    }
}

/* All of what small packets hold counts, or their flows would seem to get less than they ask for.
 */
static void all_that_arrives_is_counted(void **state)
{
    (void)state;
    const struct mix mix = {
        .name = "few",
        .links = "20/20,10ms",
        .direction = SIM_UP,
        .datagrams = { .flows = 10, .packet_bytes = DATAGRAMS_BYTES_MIN, .rate_bps = 1e6 }
    };
    struct sim_config config;
    struct sim_result result;
    run(&mix, 1, &config, &result);
    const double part = result.stream[LINK_UP].datagrams_bps / mix.datagrams.rate_bps;
    assert_true(part > 0.98 && part < 1.02);
}

/* Small packets that wait share datagrams: alone each would take twice its size. */
static void a_flood_of_small_packets_fills_the_link(void **state)
{
    (void)state;
    const struct mix *flood = mix_find("flood");
    struct sim_result result;
    judge(flood, 1, &result);
    const struct sim_stream_result *up = &result.stream[LINK_UP];
    assert_true(up->datagrams_bps > 0.7 * up->offered_bps);
}

/* The judge must see what it is there for: a promise broken by a link's own queue of a second. */
static void a_broken_promise_is_told(void **state)
{
    (void)state;
    struct sim_config config;
    struct sim_result result;
    char text[MIX_TEXT_BYTES];
    run(mix_find("cameras"), 1, &config, &result);
    assert_true(mix_holds(&config, &result, text));
    struct sim_result worse = result;
    worse.stream[LINK_UP].dropped = 0.02;
    assert_false(mix_holds(&config, &worse, text));
    assert_non_null(strstr(text, "drop"));
    worse = result;
    worse.stream[LINK_UP].arrived = 0.8;
    assert_false(mix_holds(&config, &worse, text));
    worse = result;
    worse.stream[LINK_UP].fair = 0.8;
    assert_false(mix_holds(&config, &worse, text));
    worse = result;
    worse.ping_p99_ns = 200 * NS_PER_MS;
    assert_false(mix_holds(&config, &worse, text));
    worse = result;
    worse.stream[LINK_DOWN].dropped = 1; /* nothing is sent there */
    assert_true(mix_holds(&config, &worse, text));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(named_mixes_hold),
        cmocka_unit_test(drawn_mixes_hold),
        cmocka_unit_test(all_that_arrives_is_counted),
        cmocka_unit_test(a_flood_of_small_packets_fills_the_link),
        cmocka_unit_test(a_broken_promise_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
