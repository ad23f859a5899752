/* SPDX-License-Identifier: ISC */
/* Which TCP flows send most, and when they sent what is acknowledged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bond/send/largest.h"

static struct largest largest;

static struct tstamp at_ms(int64_t ms)
{
    return (struct tstamp){ (1000 + ms) * NS_PER_MS };
}

static bool send(int64_t ms, uint32_t hash, uint32_t end, double recent_bytes)
{
    const struct largest_packet p = {
        .hash = hash, .tcp_end = end, .bytes = 1000, .recent_bytes = recent_bytes
    };
    return largest_count(&largest, at_ms(ms), &p);
}

static int set_up(void **state)
{
    (void)state;
    memset(&largest, 0, sizeof largest);
    return 0;
}

static void only_large_flows_are_entered(void **state)
{
    (void)state;
    assert_false(send(0, 7, 1000, LARGEST_BYTES - 1));
    assert_int_equal(largest_find(&largest, 7), -1);
    assert_false(send(0, 7, 2000, LARGEST_BYTES));
    assert_int_equal(largest_find(&largest, 7), 0);
    assert_false(send(1, 7, 3000, 0));
    assert_int_equal(largest.flows[0].bytes, 2000);
    assert_int_equal(largest_find(&largest, 0), -1);
}

/* As many as there are places; then the first that falls silent gives way, later if it is kept. */
static void silent_flows_give_way(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < LARGEST_FLOWS; i++)
        send(i, 100 + i, 1000, LARGEST_BYTES);
    largest.flows[0].kept = true;
    send(500, 1, 1000, LARGEST_BYTES);
    assert_int_equal(largest_find(&largest, 1), -1);
    send(1002, 1, 1000, LARGEST_BYTES);
    assert_int_equal(largest_find(&largest, 1), 1);
    assert_true(send(1003, 100, 2000, 0));
    for (uint32_t i = 1; i < LARGEST_FLOWS; i++)
        send(10900, 200 + i, 1000, LARGEST_BYTES);
    assert_int_equal(largest_find(&largest, 100), 0);
    send(11100, 300, 1000, LARGEST_BYTES);
    assert_int_equal(largest_find(&largest, 300), 0);
    assert_false(largest.flows[0].kept);
}

static void the_time_of_what_is_acknowledged_is_known(void **state)
{
    (void)state;
    const struct largest_flow *f = &largest.flows[0];
    uint32_t start = UINT32_MAX - 20000; /* the numbers wrap */
    for (uint32_t i = 1; i <= 100; i++)
        send(i, 7, start + 1000 * i, LARGEST_BYTES);
    for (uint32_t i = 1; i <= 100; i++) {
        int64_t early_ns = tstamp_sub(at_ms(i), largest_sent_at(f, start + 1000 * i));
        assert_true(early_ns >= 0 && early_ns < 4 * NS_PER_MS);
    }
    assert_true(tstamp_is_never(largest_sent_at(f, start)));
}

static void a_pause_that_mends_no_loss_is_noticed(void **state)
{
    (void)state;
    struct largest_flow *f = &largest.flows[0];
    send(0, 7, 1000, LARGEST_BYTES);
    send(15, 7, 2000, LARGEST_BYTES);
    assert_int_equal(f->paused_at.ns, 0);
    send(40, 7, 3000, LARGEST_BYTES);
    assert_int_equal(f->paused_at.ns, at_ms(40).ns);
    send(50, 7, 2000, LARGEST_BYTES);
    send(90, 7, 4000, LARGEST_BYTES);
    assert_int_equal(f->paused_at.ns, at_ms(40).ns);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(only_large_flows_are_entered, set_up),
        cmocka_unit_test_setup(silent_flows_give_way, set_up),
        cmocka_unit_test_setup(the_time_of_what_is_acknowledged_is_known, set_up),
        cmocka_unit_test_setup(a_pause_that_mends_no_loss_is_noticed, set_up),
    };
    return cmocka_run_group_tests_name("largest", tests, NULL, NULL);
}
