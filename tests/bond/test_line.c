/* SPDX-License-Identifier: ISC */
/* A line that all paths share is found when it becomes the limit, and links alone are not one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "bond/pipe.h"

static struct pipe *pipe;

static void begin(unsigned links, uint64_t seed)
{
    pipe = malloc(sizeof *pipe);
    assert_non_null(pipe);
    pipe_init(pipe, seed, 0);
    for (uint8_t i = 0; i < links; i++) {
        pipe->links[i] =
            (struct pipe_link){ .rate_bps = 20e6, .delay_ns = (10 + 5 * i) * NS_PER_MS };
        pipe_open(pipe, i);
    }
    pipe->greedy_bytes = 1400;
    pipe_run(pipe, 6 * NS_PER_S);
}

static void end(void)
{
    pipe->greedy_bytes = 0;
    pipe_run(pipe, 2 * NS_PER_S);
    assert_true(pipe_free(pipe));
    free(pipe);
}

static enum wire_limit limit(void)
{
    struct bond_stats s;
    bond_stats(pipe->bond[0], pipe_now(pipe, 0), &s);
    return s.limit_code;
}

/* How many of the next seconds it is the limit in. */
static unsigned seconds_full(unsigned seconds)
{
    unsigned full = 0;
    for (unsigned i = 0; i < seconds; i++) {
        pipe_run(pipe, NS_PER_S);
        full += limit() == WIRE_LIMIT_OWN_LINE;
    }
    return full;
}

static void a_line_that_becomes_the_limit_is_named(void **state)
{
    (void)state;
    for (unsigned links = 2; links <= 3; links++) {
        begin(links, links);
        assert_int_equal(limit(), WIRE_LIMIT_LINKS);
        pipe->line_bps = 12e6;
        pipe_run(pipe, 1500 * NS_PER_MS);
        assert_int_equal(limit(), WIRE_LIMIT_OWN_LINE);
        assert_true(seconds_full(20) >= 19);
        pipe->line_bps = 0;
        pipe_run(pipe, 5 * NS_PER_S);
        assert_int_equal(limit(), WIRE_LIMIT_LINKS);
        end();
    }
}

/* Nothing to send any more: whatever it was, it is not the limit. */
static void an_idle_line_is_no_limit(void **state)
{
    (void)state;
    begin(2, 4);
    pipe->line_bps = 12e6;
    pipe_run(pipe, 2 * NS_PER_S);
    assert_int_equal(limit(), WIRE_LIMIT_OWN_LINE);
    pipe->greedy_bytes = 0;
    pipe_run(pipe, 4 * NS_PER_S);
    assert_int_equal(limit(), WIRE_LIMIT_IDLE);
    end();
}

static void links_that_change_one_by_one_are_links(void **state)
{
    (void)state;
    begin(2, 5);
    pipe->links[0].rate_bps = 6e6;
    assert_int_equal(seconds_full(5), 0);
    pipe->links[1].rate_bps = 6e6;
    assert_int_equal(seconds_full(5), 0);
    pipe->links[0].rate_bps = 20e6;
    assert_int_equal(seconds_full(5), 0);
    end();
}

/* Two radio links go up and down, each by itself: at most now and then they look like one line. */
static void links_that_change_at_random_are_links(void **state)
{
    (void)state;
    unsigned full = 0;
    for (uint64_t seed = 10; seed < 14; seed++) {
        begin(2, seed);
        for (unsigned i = 0; i < 50; i++) {
            for (unsigned l = 0; l < 2; l++)
                if (rng_below(&pipe->random, 4) == 0)
                    pipe->links[l].rate_bps = 8e6 + (double)rng_below(&pipe->random, 24000) * 1e3;
            full += seconds_full(1);
        }
        end();
    }
    assert_true(full <= 10);
}

static void one_path_alone_tells_nothing_but_the_device_may(void **state)
{
    (void)state;
    begin(1, 7);
    pipe->line_bps = 8e6;
    assert_int_equal(seconds_full(5), 0);
    bond_line_full(pipe->bond[0], true);
    assert_int_equal(limit(), WIRE_LIMIT_OWN_LINE);
    bond_line_full(pipe->bond[0], false);
    assert_int_equal(limit(), WIRE_LIMIT_LINKS);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_that_becomes_the_limit_is_named),
        cmocka_unit_test(an_idle_line_is_no_limit),
        cmocka_unit_test(links_that_change_one_by_one_are_links),
        cmocka_unit_test(links_that_change_at_random_are_links),
        cmocka_unit_test(one_path_alone_tells_nothing_but_the_device_may),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
