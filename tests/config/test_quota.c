/* SPDX-License-Identifier: ISC */
/* Months of accounts, clocks that step, and the taper. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "config/quota.h"

static struct tm date(int year, int month, int day, int hour)
{
    return (
        struct tm){ .tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day, .tm_hour = hour };
}

static int32_t month_of(int year, int month, int day, uint8_t reset_day)
{
    const struct tm t = date(year, month, day, 12);
    return quota_month(&t, reset_day);
}

static void months_begin_at_the_reset_day(void **state)
{
    (void)state;
    for (uint8_t reset = 1; reset <= QUOTA_DAY_MAX; reset++) {
        assert_int_equal(month_of(2026, 3, reset, reset), 2026 * 12 + 2);
        assert_int_equal(month_of(2027, 1, reset, reset), month_of(2026, 12, reset, reset) + 1);
        if (reset > 1)
            assert_int_equal(month_of(2026, 1, reset - 1, reset), 2025 * 12 + 11);
    }
    assert_int_equal(month_of(1970, 1, 1, 1), QUOTA_MONTH_UNKNOWN);
    assert_int_equal(month_of(2023, 12, 31, 1), QUOTA_MONTH_UNKNOWN);
}

static void what_is_left_ends_with_the_month(void **state)
{
    (void)state;
    static const struct {
        int year, month, day, hour;
        uint8_t reset;
        int64_t hours;
    } cases[] = {
        { 2026, 1, 1, 0, 1, 31 * 24 },       { 2026, 2, 1, 0, 1, 28 * 24 },
        { 2028, 2, 1, 0, 1, 29 * 24 },       { 2100, 2, 1, 0, 1, 28 * 24 },
        { 2026, 4, 30, 23, 1, 1 },           { 2026, 12, 31, 12, 1, 12 },
        { 2026, 3, 14, 0, 15, 24 },          { 2026, 3, 15, 0, 15, 31 * 24 },
        { 2026, 2, 28, 6, 28, 28 * 24 - 6 }, { 2028, 2, 28, 6, 28, 29 * 24 - 6 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct tm t = date(cases[i].year, cases[i].month, cases[i].day, cases[i].hour);
        assert_int_equal(quota_left_s(&t, cases[i].reset), cases[i].hours * 3600);
    }
    struct tm leap = date(2026, 12, 31, 23);
    leap.tm_min = 59;
    leap.tm_sec = 60;
    assert_int_equal(quota_left_s(&leap, 1), 1);
}

static void only_a_later_month_takes_the_use_away(void **state)
{
    (void)state;
    const int32_t march = 2026 * 12 + 2;
    struct quota_usage u = { .month = QUOTA_MONTH_UNKNOWN, .bytes = 7 };
    const int32_t unknown = QUOTA_MONTH_UNKNOWN;
    quota_turn(&u, unknown, march); /* the clock is set only now */
    assert_int_equal(u.bytes, 7);
    quota_turn(&u, march, march);
    quota_turn(&u, march, unknown);
    quota_turn(&u, unknown, march);
    assert_int_equal(u.bytes, 7);
    /* A clock without a battery: it begins long ago, and is set after a while. */
    quota_turn(&u, unknown, march - 14);
    quota_turn(&u, march - 14, march - 14);
    quota_turn(&u, unknown, march);
    assert_int_equal(u.bytes, 7);
    assert_int_equal(u.month, march);
    quota_turn(&u, unknown, march + 1); /* as while the machine was off */
    assert_int_equal(u.bytes, 0);
    assert_int_equal(u.month, march + 1);
}

/* A clock that was far ahead once does not keep the months from beginning anew. */
static void a_month_that_begins_while_we_look_counts(void **state)
{
    (void)state;
    const int32_t march = 2026 * 12 + 2;
    struct quota_usage u = { .month = march + 900, .bytes = 7 };
    quota_turn(&u, QUOTA_MONTH_UNKNOWN, march);
    quota_turn(&u, march, march);
    assert_int_equal(u.bytes, 7);
    quota_turn(&u, march, march + 1);
    assert_int_equal(u.bytes, 0);
    assert_int_equal(u.month, march + 1);
}

static void the_use_stays_at_the_most_that_the_file_holds(void **state)
{
    (void)state;
    struct quota_usage u = { .month = 1, .bytes = 7 };
    quota_add(&u, 5);
    assert_int_equal(u.bytes, 12);
    quota_add(&u, UINT64_MAX - 11); /* would be 0 */
    assert_true(u.bytes == INT64_MAX);
    quota_add(&u, UINT64_MAX);
    quota_add(&u, 1);
    assert_true(u.bytes == INT64_MAX);
}

static void the_end_is_a_taper(void **state)
{
    (void)state;
    const struct quota_rule rule = { .bytes = 50000000000, .reset_day = 1 };
    static const int64_t left[] = { 1, 60, 3600, 86400, 31 * 86400 };
    assert_int_equal(quota_advise(&rule, 0, 86400).limit_bps, 0);
    assert_int_equal(quota_advise(&rule, rule.bytes / 10 * 9 - 1, 86400).limit_bps, 0);
    assert_true(quota_advise(&rule, rule.bytes, 86400).used_up);
    assert_true(quota_advise(&rule, UINT64_MAX, 86400).used_up);
    const struct quota_rule none = { 0 };
    assert_false(quota_advise(&none, UINT64_MAX, 86400).used_up);
    for (size_t i = 0; i < sizeof left / sizeof *left; i++) {
        uint64_t last_bps = UINT64_MAX;
        bool used_up = false;
        for (unsigned thousandths = 901; thousandths < 1000; thousandths++) {
            uint64_t used = rule.bytes / 1000 * thousandths;
            struct quota_advice a = quota_advise(&rule, used, left[i]);
            assert_true(a.used_up || a.limit_bps >= QUOTA_LEAST_BPS);
            assert_true(a.used_up || a.limit_bps <= last_bps);
            assert_true(a.used_up || last_bps == UINT64_MAX || a.limit_bps > last_bps / 3);
            assert_true(a.used_up >= used_up);
            used_up = a.used_up;
            last_bps = a.limit_bps;
        }
    }
}

/* At full speed in both directions from the first second on, something is left at the end. */
static void a_greedy_month_does_not_use_it_up(void **state)
{
    (void)state;
    const struct quota_rule rule = { .bytes = 50000000000, .reset_day = 1 };
    const int64_t month_s = 30 * 86400;
    uint64_t used = 0;
    for (int64_t t = 0; t < month_s; t += 2) {
        struct quota_advice a = quota_advise(&rule, used, month_s - t);
        uint64_t bps = a.used_up ? 0 : a.limit_bps == 0 ? 100000000 : a.limit_bps;
        used += 2 * 2 * bps / 8;
    }
    assert_in_range(used, rule.bytes / 100 * 95, rule.bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(months_begin_at_the_reset_day),
        cmocka_unit_test(what_is_left_ends_with_the_month),
        cmocka_unit_test(only_a_later_month_takes_the_use_away),
        cmocka_unit_test(a_month_that_begins_while_we_look_counts),
        cmocka_unit_test(the_use_stays_at_the_most_that_the_file_holds),
        cmocka_unit_test(the_end_is_a_taper),
        cmocka_unit_test(a_greedy_month_does_not_use_it_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
