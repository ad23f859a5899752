/* SPDX-License-Identifier: ISC */
/* A bond's tables grow with what it carries, are given back, and stay below a limit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "bond/pipe.h"

static struct pipe *pipe;

static uint64_t memory(void)
{
    return pipe->arena[0].used_bytes + pipe->arena[1].used_bytes;
}

static int begin(void **state)
{
    (void)state;
    pipe = malloc(sizeof *pipe);
    assert_non_null(pipe);
    pipe_init(pipe, 1, 0);
    for (uint8_t i = 0; i < 2; i++) {
        pipe->links[i] =
            (struct pipe_link){ .rate_bps = 150e6, .delay_ns = (15 + 10 * i) * NS_PER_MS };
        pipe_open(pipe, i);
    }
    pipe_run(pipe, 2 * NS_PER_S);
    return 0;
}

static int end(void **state)
{
    (void)state;
    pipe->greedy_bytes = 0;
    pipe_run(pipe, 2 * NS_PER_S);
    bool clean = pipe_free(pipe) && memory() == 0;
    free(pipe);
    return clean ? 0 : -1;
}

/* What comes out in a second of full speed that begins now. */
static double first_second_bps(void)
{
    pipe->greedy_bytes = 1400;
    pipe_measure(pipe);
    pipe_run(pipe, NS_PER_S);
    return pipe_bps(pipe, 1);
}

static void be_silent(int64_t ns)
{
    pipe->greedy_bytes = 0;
    pipe_run(pipe, ns);
}

static void they_grow_with_what_is_carried_and_are_given_back(void **state)
{
    (void)state;
    uint64_t idle = memory();
    first_second_bps(); /* the rates are found */
    pipe_run(pipe, 2 * NS_PER_S);
    uint64_t loaded = memory();
    assert_true(loaded > idle + (400 << 10));
    be_silent(2 * NS_PER_S);
    double warm_bps = first_second_bps();
    be_silent(30 * NS_PER_S);
    assert_in_range(memory(), 1, idle + idle / 10);
    /* They are there in time again, when it goes on at once. */
    double cold_bps = first_second_bps();
    assert_true(cold_bps > 0.95 * warm_bps);
    assert_int_equal(pipe_drops(pipe, 0) + pipe_drops(pipe, 1), 0);
}

/* Without memory to grow in there is less in flight, and nothing else is wrong. */
static void a_limit_costs_rate_and_no_packets(void **state)
{
    (void)state;
    for (unsigned side = 0; side < 2; side++)
        pipe->arena[side].limit_bytes = pipe->arena[side].used_bytes + 4096;
    double bps = first_second_bps();
    for (unsigned i = 0; i < 20; i++) {
        pipe_run(pipe, 100 * NS_PER_MS);
        for (unsigned side = 0; side < 2; side++)
            assert_true(pipe->arena[side].used_bytes <= pipe->arena[side].limit_bytes);
    }
    assert_true(bps > 1e6);
    be_silent(3 * NS_PER_S);
    assert_int_equal(pipe_missing(pipe, 1), 0);
    /* Once there is some, it is asked for again. */
    for (unsigned side = 0; side < 2; side++)
        pipe->arena[side].limit_bytes = 64 << 20;
    first_second_bps();
    pipe_run(pipe, 3 * NS_PER_S);
    assert_true(first_second_bps() > 5 * bps);
}

/* The least that may be configured holds a bond with every path. */
static void the_least_memory_holds_all_paths(void **state)
{
    (void)state;
    for (unsigned side = 0; side < 2; side++)
        pipe->arena[side].limit_bytes = BOND_ARENA_LEAST_BYTES;
    for (uint8_t id = 0; id < WIRE_PATHS_MAX; id++)
        for (unsigned side = 0; side < 2; side++)
            bond_take_pn(pipe->bond[side], pipe_now(pipe, side), id, 100, true, 0);
    assert_true(first_second_bps() > 10e6);
    be_silent(3 * NS_PER_S);
    assert_int_equal(pipe_missing(pipe, 1), 0);
    for (unsigned side = 0; side < 2; side++)
        assert_true(pipe->arena[side].used_bytes <= BOND_ARENA_LEAST_BYTES);
}

#define room_test(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        room_test(they_grow_with_what_is_carried_and_are_given_back),
        room_test(a_limit_costs_rate_and_no_packets),
        room_test(the_least_memory_holds_all_paths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
