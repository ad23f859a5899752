/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "guard/watchdog.h"

static struct tstamp at_ms(int64_t ms)
{
    return (struct tstamp){ (100000 + ms) * NS_PER_MS };
}

static void asks_again_and_again_while_it_is_answered(void **state)
{
    (void)state;
    struct watchdog w;
    watchdog_start(&w, at_ms(0), 0);
    for (int64_t ms = 0; ms < 100000; ms += 5000) {
        assert_int_equal(watchdog_tick(&w, at_ms(ms)), WATCHDOG_ASK);
        assert_int_equal(watchdog_tick(&w, at_ms(ms)), WATCHDOG_WAIT);
        watchdog_answered(&w, at_ms(ms));
        assert_int_equal(watchdog_tick(&w, at_ms(ms + 4999)), WATCHDOG_WAIT);
    }
}

static void finds_one_that_hangs(void **state)
{
    (void)state;
    struct watchdog w;
    watchdog_start(&w, at_ms(0), 0);
    assert_int_equal(watchdog_tick(&w, at_ms(0)), WATCHDOG_ASK);
    assert_int_equal(watchdog_tick(&w, at_ms(9999)), WATCHDOG_WAIT);
    assert_int_equal(watchdog_tick(&w, at_ms(10000)), WATCHDOG_HANGS);
    watchdog_stop(&w);
    assert_int_equal(watchdog_tick(&w, at_ms(1000000)), WATCHDOG_WAIT);
}

/* Both stood still, as on a suspended machine: the answer may be there and not read. */
static void blames_nobody_for_its_own_pause(void **state)
{
    (void)state;
    struct watchdog w;
    watchdog_start(&w, at_ms(0), 0);
    assert_int_equal(watchdog_tick(&w, at_ms(0)), WATCHDOG_ASK);
    assert_int_equal(watchdog_tick(&w, at_ms(60000)), WATCHDOG_ASK);
    assert_int_equal(watchdog_tick(&w, at_ms(69999)), WATCHDOG_WAIT);
    assert_int_equal(watchdog_tick(&w, at_ms(70000)), WATCHDOG_HANGS);
}

static void is_heard_as_often_as_a_manager_wants(void **state)
{
    (void)state;
    struct watchdog w;
    watchdog_start(&w, at_ms(0), 3000000);
    assert_int_equal(watchdog_tick(&w, at_ms(0)), WATCHDOG_ASK);
    watchdog_answered(&w, at_ms(0));
    watchdog_answered(&w, at_ms(1)); /* nobody asked */
    assert_int_equal(watchdog_tick(&w, at_ms(999)), WATCHDOG_WAIT);
    assert_int_equal(watchdog_tick(&w, at_ms(1000)), WATCHDOG_ASK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(asks_again_and_again_while_it_is_answered),
        cmocka_unit_test(finds_one_that_hangs),
        cmocka_unit_test(blames_nobody_for_its_own_pause),
        cmocka_unit_test(is_heard_as_often_as_a_manager_wants),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
