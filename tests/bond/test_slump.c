/* SPDX-License-Identifier: ISC */
/* Links that become far slower than they were: what is told, when, and what is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "bond/path/slump.h"
#include "bond/pipe.h"

#define MBIT 1e6

/* So many seconds of a rate, one after the other; returns in which one slow turned, 0: in none. */
static unsigned see(struct slump *s, double mbps, unsigned seconds)
{
    unsigned turned = 0;
    for (unsigned i = 1; i <= seconds; i++) {
        slump_see(s, mbps * MBIT, 0, 1);
        if (slump_turned(s))
            turned = i;
    }
    return turned;
}

static struct slump usual(double mbps)
{
    struct slump s = { 0 };
    assert_int_equal(see(&s, mbps, 120), 0);
    return s;
}

static void a_minute_far_below_is_told(void **state)
{
    (void)state;
    struct slump s = usual(80);
    assert_int_equal(see(&s, 8, 59), 0);
    assert_false(s.slow);
    assert_int_equal(see(&s, 8, 100), 1);
    assert_true(s.slow);
    assert_int_equal(see(&s, 30, 100), 0); /* better, but not above half */
    assert_true(s.slow);
    assert_int_equal(see(&s, 70, 9), 0);
    assert_int_equal(see(&s, 10, 5), 0);
    assert_int_equal(see(&s, 70, 100), 10);
    assert_false(s.slow);
}

static void changes_that_are_no_slump(void **state)
{
    (void)state;
    struct slump s = usual(80);
    assert_int_equal(see(&s, 21, 1000), 0); /* above a quarter */
    s = usual(80);
    for (unsigned i = 0; i < 100; i++) { /* it swings */
        assert_int_equal(see(&s, 8, 30), 0);
        assert_int_equal(see(&s, 60, 20), 0);
    }
    s = usual(8);
    assert_int_equal(see(&s, 80, 3), 0); /* a moment's peak is not what it was */
    assert_int_equal(see(&s, 8, 1000), 0);
    s = (struct slump){ 0 };
    assert_int_equal(see(&s, 80, 5), 0); /* nor is the first impression */
    assert_int_equal(see(&s, 8, 1000), 0);
}

static void what_stays_slow_becomes_usual(void **state)
{
    (void)state;
    struct slump s = usual(80);
    assert_int_equal(see(&s, 8, 60), 60);
    unsigned turned = see(&s, 8, 24 * 3600);
    assert_in_range(turned, 3 * 3600, 18 * 3600);
    assert_false(s.slow);
    assert_true(s.usual_bps < 12 * MBIT);
}

static void a_limit_is_not_the_link(void **state)
{
    (void)state;
    struct slump s = usual(80);
    for (unsigned i = 0; i < 500; i++)
        slump_see(&s, 5 * MBIT, 5 * MBIT, 1); /* a quota slows it down */
    assert_false(slump_turned(&s));
    assert_true(s.usual_bps > 79 * MBIT);
    for (unsigned i = 0; i < 60; i++)
        slump_see(&s, 2 * MBIT, 5 * MBIT, 1); /* and this is the link */
    assert_true(slump_turned(&s));
    assert_true(s.slow);
}

static void out_of_use_counts_as_slow(void **state)
{
    (void)state;
    struct slump s = { 0 };
    slump_miss(&s, 1000); /* what it could do is not known */
    assert_false(s.slow);
    s = usual(80);
    for (unsigned i = 0; i < 60; i++)
        slump_miss(&s, 1);
    assert_true(slump_turned(&s));
    assert_true(s.slow);
}

/* Over virtual links */

static struct pipe *pipe;

static int begin(void **state)
{
    (void)state;
    pipe = malloc(sizeof *pipe);
    if (pipe == NULL)
        return -1;
    pipe_init(pipe, 1, 0);
    pipe->links[0] = (struct pipe_link){ .rate_bps = 8 * MBIT, .delay_ns = 10 * NS_PER_MS };
    pipe->links[1] = (struct pipe_link){ .rate_bps = 4 * MBIT, .delay_ns = 15 * NS_PER_MS };
    pipe_open(pipe, 0);
    pipe_open(pipe, 1);
    pipe_run(pipe, 500 * NS_PER_MS);
    return 0;
}

static int end(void **state)
{
    (void)state;
    pipe->greedy_bytes = 0;
    pipe_run(pipe, 2 * NS_PER_S);
    bool clean = pipe_free(pipe);
    free(pipe);
    return !clean;
}

/* Runs up to so many seconds; the second in which link 0 is slow, or not so, at last; 0: never. */
static unsigned run_until(bool slow, unsigned seconds)
{
    for (unsigned i = 1; i <= seconds; i++) {
        struct bond_path_stats s;
        pipe_run(pipe, NS_PER_S);
        bond_path_stats(pipe->bond[0], pipe_now(pipe, 0), 1, &s);
        assert_false(s.slow);
        bond_path_stats(pipe->bond[0], pipe_now(pipe, 0), 0, &s);
        if (s.slow == slow)
            return i;
    }
    return 0;
}

static void a_full_link_that_falls_is_told_of(void **state)
{
    (void)state;
    struct bond_path_stats s;
    pipe->greedy_bytes = 1400;
    assert_int_equal(run_until(true, 60), 0);
    pipe->links[0].rate_bps = 0.8 * MBIT;
    assert_in_range(run_until(true, 90), 60, 70);
    bond_path_stats(pipe->bond[0], pipe_now(pipe, 0), 0, &s);
    assert_true(s.slow);
    assert_in_range(s.rate_bps, 600000, 1100000);
    assert_in_range(s.usual_bps, 6500000, 9000000);
    pipe->links[0].rate_bps = 8 * MBIT;
    assert_in_range(run_until(false, 40), 10, 20);
}

/* Nothing is known of its rate while it carries little, however slow it is then. */
static void an_idle_link_is_not_told_of(void **state)
{
    (void)state;
    pipe->greedy_bytes = 1400;
    assert_int_equal(run_until(true, 60), 0);
    pipe->greedy_bytes = 0;
    assert_int_equal(run_until(true, 300), 0);
    pipe->links[0].rate_bps = 0.8 * MBIT;
    for (unsigned i = 0; i < 300; i++) {
        pipe_send(pipe, 0, 1, 200);
        assert_int_equal(run_until(true, 1), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_minute_far_below_is_told),
        cmocka_unit_test(changes_that_are_no_slump),
        cmocka_unit_test(what_stays_slow_becomes_usual),
        cmocka_unit_test(a_limit_is_not_the_link),
        cmocka_unit_test(out_of_use_counts_as_slow),
        cmocka_unit_test_setup_teardown(a_full_link_that_falls_is_told_of, begin, end),
        cmocka_unit_test_setup_teardown(an_idle_link_is_not_told_of, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
