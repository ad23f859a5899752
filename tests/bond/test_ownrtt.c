/* SPDX-License-Identifier: ISC */
/* The least round trip of the last seconds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bond/path/ownrtt.h"

static struct tstamp at_ms(int64_t ms)
{
    return (struct tstamp){ NS_PER_S + ms * NS_PER_MS };
}

/* One measurement every 100 ms. */
static void note(struct ownrtt *o, int64_t from_ms, int64_t to_ms, int64_t rtt_ms)
{
    for (int64_t ms = from_ms; ms < to_ms; ms += 100)
        ownrtt_note(o, at_ms(ms), rtt_ms * NS_PER_MS);
}

static void nothing_is_known_at_first(void **state)
{
    struct ownrtt o = { 0 };
    (void)state;
    assert_int_equal(ownrtt_ns(&o), 0);
    ownrtt_note(&o, at_ms(0), 0);
    assert_int_equal(ownrtt_ns(&o), 0);
}

static void a_queue_of_seconds_does_not_show(void **state)
{
    struct ownrtt o = { 0 };
    (void)state;
    note(&o, 0, 1000, 40);
    note(&o, 1000, 3000, 900);
    assert_int_equal(ownrtt_ns(&o), 40 * NS_PER_MS);
}

static void a_shorter_way_shows_at_once(void **state)
{
    struct ownrtt o = { 0 };
    (void)state;
    note(&o, 0, 10000, 80);
    ownrtt_note(&o, at_ms(10000), 30 * NS_PER_MS);
    assert_int_equal(ownrtt_ns(&o), 30 * NS_PER_MS);
}

static void a_longer_way_shows_within_two_periods(void **state)
{
    struct ownrtt o = { 0 };
    (void)state;
    note(&o, 0, 1000, 30);
    note(&o, 1000, 7100, 90);
    assert_int_equal(ownrtt_ns(&o), 90 * NS_PER_MS);
}

static void what_was_measured_long_ago_is_better_than_nothing(void **state)
{
    struct ownrtt o = { 0 };
    (void)state;
    note(&o, 0, 1000, 30);
    ownrtt_note(&o, at_ms(60000), 0);
    ownrtt_note(&o, at_ms(90000), 0);
    assert_int_equal(ownrtt_ns(&o), 30 * NS_PER_MS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_known_at_first),
        cmocka_unit_test(a_queue_of_seconds_does_not_show),
        cmocka_unit_test(a_shorter_way_shows_at_once),
        cmocka_unit_test(a_longer_way_shows_within_two_periods),
        cmocka_unit_test(what_was_measured_long_ago_is_better_than_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
