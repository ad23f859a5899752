/* SPDX-License-Identifier: ISC */
/* Links whose rate changes: swings, silences, and what the two cost beside a steady one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sim/scenario.h"
#include "sim/simulator.h"

struct row {
    const char *scenario;
    enum sim_direction direction;
    unsigned flows;
    double least;       /* share of what the links offered meanwhile */
    double resent_most; /* share of the datagrams */
    int64_t ping_p99_most_ns;
};

static void run(const struct row *row, uint64_t seed, struct sim_result *result)
{
    struct linkspecs specs;
    char error[LINKSPEC_ERROR_BYTES];
    struct sim_config config;
    sim_config_default(&config);
    config.direction = row->direction;
    config.tcp.flows = row->flows;
    config.seed = seed;
    config.tcp.super_segments = 16;
    config.times.run_ns = 24 * NS_PER_S;
    config.times.warmup_ns = 4 * NS_PER_S;
    if (!linkspecs_parse(&specs, scenario_find(row->scenario)->links, error))
        fail_msg("%s", error);
    config.links = &specs;
    if (!sim_run(&config, result))
        fail_msg("%s: %s", row->scenario, result->message);
    linkspecs_free(&specs);
}

static void check(const struct row *row)
{
    enum link_direction d = row->direction == SIM_UP ? LINK_UP : LINK_DOWN;
    double share = 0;
    double resent = 0;
    enum { SEEDS = 2 };
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct sim_result result;
        run(row, seed, &result);
        share += result.stream[d].share / SEEDS;
        resent += result.resent[d] / SEEDS;
        assert_true(result.ping_p99_ns < row->ping_p99_most_ns);
        assert_int_equal(result.ping_lost, 0);
    }
    print_message("%s %s, %u flows: %.3f, %.1f %% sent again\n", row->scenario,
                  d == LINK_UP ? "up" : "down", row->flows, share, 100 * resent);
    assert_true(share >= row->least);
    assert_true(resent <= row->resent_most);
}

/* It was .35 while the way back to the high rate took longer than a second. */
static void a_swinging_link_is_followed(void **state)
{
    static const struct row rows[] = {
        { "swinging", SIM_DOWN, 1, 0.55, 0.04, 40 * NS_PER_MS },
        { "swinging", SIM_UP, 1, 0.55, 0.04, 40 * NS_PER_MS },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        check(&rows[i]);
}

/* .68 and .72, and 5 % sent again, while what fell silent held up what the others carried. */
static void silent_links_do_not_hold_up_the_others(void **state)
{
    static const struct row rows[] = {
        { "driving", SIM_DOWN, 1, 0.73, 0.04, 60 * NS_PER_MS },
        { "driving", SIM_UP, 4, 0.75, 0.03, 60 * NS_PER_MS },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        check(&rows[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_swinging_link_is_followed),
        cmocka_unit_test(silent_links_do_not_hold_up_the_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
