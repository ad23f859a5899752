/* SPDX-License-Identifier: ISC */
/* Points in time, and never. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/tstamp.h"

static void times_add_and_compare(void **state)
{
    (void)state;
    struct tstamp a = { 5 };
    struct tstamp b = tstamp_add(a, NS_PER_MS);
    assert_int_equal(tstamp_sub(b, a), NS_PER_MS);
    assert_int_equal(tstamp_sub(a, b), -NS_PER_MS);
    assert_true(tstamp_before(a, b));
    assert_false(tstamp_before(a, a));
    assert_false(tstamp_before(b, a));
    assert_int_equal(tstamp_min(a, b).ns, 5);
    assert_int_equal(tstamp_max(a, b).ns, b.ns);
    assert_true(tstamp_add(a, -10).ns == -5);
}

static void a_deadline_is_reached_at_its_very_time(void **state)
{
    (void)state;
    assert_true(tstamp_reached((struct tstamp){ 5 }, (struct tstamp){ 5 }));
    assert_true(tstamp_reached((struct tstamp){ 5 }, (struct tstamp){ 6 }));
    assert_false(tstamp_reached((struct tstamp){ 5 }, (struct tstamp){ 4 }));
}

static void never_stays_never(void **state)
{
    (void)state;
    struct tstamp never = TSTAMP_NEVER;
    struct tstamp late = { INT64_MAX - 1 };
    assert_true(tstamp_is_never(tstamp_add(never, 1)));
    assert_true(tstamp_is_never(tstamp_add(never, -NS_PER_S)));
    assert_false(tstamp_is_never(late));
    assert_false(tstamp_reached(never, late));
    assert_int_equal(tstamp_min(never, late).ns, late.ns);
    assert_true(tstamp_before(late, never));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_add_and_compare),
        cmocka_unit_test(a_deadline_is_reached_at_its_very_time),
        cmocka_unit_test(never_stays_never),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
