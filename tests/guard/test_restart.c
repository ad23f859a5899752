/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "guard/restart.h"

static void one_that_ends_again_and_again_waits_ever_longer(void **state)
{
    (void)state;
    struct restart r = { 0 };
    static const int pauses_s[] = { 0, 1, 2, 4, 8, 16, 30, 30, 30 };
    for (size_t i = 0; i < sizeof pauses_s / sizeof pauses_s[0]; i++)
        assert_int_equal(restart_pause(&r, RESTART_WELL_S * NS_PER_S - 1), pauses_s[i]);
}

static void one_that_ran_well_does_not_wait(void **state)
{
    (void)state;
    struct restart r = { 0 };
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(restart_pause(&r, RESTART_WELL_S * NS_PER_S), 0);
    assert_int_equal(restart_pause(&r, NS_PER_S), 1);
    assert_int_equal(restart_pause(&r, NS_PER_S), 2);
    assert_int_equal(restart_pause(&r, RESTART_WELL_S * NS_PER_S), 0);
    assert_int_equal(restart_pause(&r, 0), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_that_ends_again_and_again_waits_ever_longer),
        cmocka_unit_test(one_that_ran_well_does_not_wait),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
