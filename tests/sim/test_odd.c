/* SPDX-License-Identifier: ISC */
/*
 * Links that reorder, police, have next to no queue, or lose at random, each beside a sound one;
 * with margins. bench/sim-bond --scenarios odd measures them against the targets.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sim/scenario.h"
#include "sim/simulator.h"

struct least {
    const char *links; /* a scenario or a description */
    double share;
    double twice;   /* at most, of the packets */
    double dropped; /* at most, of the frames, by queues and policers */
};

/* One cubic flow; carrier: SIM_TUNNEL, or without it. */
static struct sim_result run(const char *links, enum sim_direction direction,
                             enum sim_carrier carrier)
{
    struct sim_config config;
    struct sim_result result;
    struct linkspecs specs;
    char error[LINKSPEC_ERROR_BYTES];
    const struct scenario *scenario = scenario_find(links);
    if (!linkspecs_parse(&specs, scenario != NULL ? scenario->links : links, error))
        fail_msg("%s", error);
    sim_config_default(&config);
    config.direction = direction;
    config.carrier = carrier;
    config.links = &specs;
    config.times.run_ns = 10 * NS_PER_S;
    config.times.warmup_ns = 4 * NS_PER_S;
    if (!sim_run(&config, &result))
        fail_msg("%s: %s", links, result.message);
    linkspecs_free(&specs);
    return result;
}

static void check(const struct least *l, enum sim_direction direction)
{
    enum link_direction d = direction == SIM_UP ? LINK_UP : LINK_DOWN;
    struct sim_result result = run(l->links, direction, SIM_TUNNEL);
    double share = result.stream[d].share;
    double twice = result.resent[d] + result.duplicate[d];
    print_message("%s %s: share %.3f, twice %.4f, dropped %.4f\n", l->links,
                  d == LINK_UP ? "up" : "down", share, twice, result.stream[d].dropped);
    assert_true(share >= l->share);
    assert_true(twice <= l->twice);
    assert_true(result.stream[d].dropped <= l->dropped);
}

static void check_all(const struct least *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        check(&list[i], SIM_DOWN);
        check(&list[i], SIM_UP);
    }
}

#define COUNT(list) (sizeof(list) / sizeof(list)[0])

static void links_that_reorder_give_their_share(void **state)
{
    static const struct least list[] = {
        { "reorder5", 0.9, 0.02, 0.01 },
        { "reorder20", 0.85, 0.02, 0.01 },
        { "100/100,10ms,jitter=10,reorder; 20/20,15ms", 0.9, 0.02, 0.01 },
        { "5/5,20ms,jitter=3,reorder; 8/8,15ms,jitter=8,reorder,bell", 0.9, 0.02, 0.01 },
    };
    (void)state;
    check_all(list, COUNT(list));
}

static void a_reordering_link_alone_gives_what_plain_tcp_has(void **state)
{
    static const char *const list[] = { "20/20,10ms,jitter=5,reorder",
                                        "20/20,10ms,jitter=20,reorder" };
    (void)state;
    for (size_t i = 0; i < COUNT(list); i++) {
        double plain = run(list[i], SIM_DOWN, SIM_LINK).stream[LINK_DOWN].share;
        double ours = run(list[i], SIM_DOWN, SIM_TUNNEL).stream[LINK_DOWN].share;
        print_message("%s: plain %.3f, tunnel %.3f\n", list[i], plain, ours);
        assert_true(ours >= 0.9 * plain);
    }
}

static void policed_links_give_their_share(void **state)
{
    static const struct least list[] = {
        { "police15", 0.85, 0.04, 0.02 },
        { "police64", 0.85, 0.04, 0.02 },
        { "police250", 0.85, 0.06, 0.02 },
        { "100/100,15ms,queue=200,police=30:100; 20/20,25ms", 0.85, 0.04, 0.02 },
        { "100/100,15ms,queue=200,police=3:64; 10/10,25ms", 0.8, 0.08, 0.02 },
    };
    (void)state;
    check_all(list, COUNT(list));
}

/* A bucket that holds a second: full at start-up, empty at once, and full again after any pause. */
static void a_large_bucket_that_empties_costs_little(void **state)
{
    static const struct least list[] = {
        { "100/100,10ms,queue=200,police=10:1265; 20/20,15ms", 0.92, 0.05, 0.01 },
        { "100/100,10ms,queue=200,police=10:1314; 20/20,15ms", 0.92, 0.05, 0.01 },
        { "100/100,10ms,queue=200,police=10:1500; 20/20,15ms", 0.92, 0.05, 0.01 },
        { "100/100,10ms,queue=200,police=3:1000; 10/10,25ms", 0.88, 0.1, 0.01 },
        { "100/100,60ms,queue=200,police=10:1300; 20/20,15ms", 0.85, 0.08, 0.02 },
    };
    (void)state;
    check_all(list, COUNT(list));
}

static void links_without_much_of_a_queue_give_their_share(void **state)
{
    static const struct least list[] = {
        { "shallow", 0.87, 0.015, 0.01 },
        { "20/20,10ms,queue=16kB; 20/20,15ms", 0.87, 0.015, 0.01 },
        { "100/100,10ms,queue=64kB; 20/20,15ms", 0.85, 0.015, 0.01 },
    };
    (void)state;
    check_all(list, COUNT(list));
}

static void random_loss_slows_no_link(void **state)
{
    static const struct least list[] = { { "noisy", 0.9, 0.03, 0.01 },
                                         { "burst", 0.88, 0.03, 0.01 } };
    (void)state;
    check_all(list, COUNT(list));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(links_that_reorder_give_their_share),
        cmocka_unit_test(a_reordering_link_alone_gives_what_plain_tcp_has),
        cmocka_unit_test(policed_links_give_their_share),
        cmocka_unit_test(a_large_bucket_that_empties_costs_little),
        cmocka_unit_test(links_without_much_of_a_queue_give_their_share),
        cmocka_unit_test(random_loss_slows_no_link),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
