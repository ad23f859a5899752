/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "guard/log_limit.h"

static struct tstamp at(int64_t ms)
{
    return (struct tstamp){ 1000 * NS_PER_S + ms * NS_PER_MS };
}

/* A thousand lines in ten seconds; returns how many were written. */
static uint32_t flood(struct log_limit *l, uint32_t *told)
{
    uint32_t written = 0;
    for (int64_t i = 0; i < 1000; i++) {
        uint32_t left_out = 0;
        if (log_limit_take(l, at(i * 10), &left_out)) {
            written++;
            *told += left_out;
        }
    }
    return written;
}

static void tells_with_the_next_line(void **state)
{
    (void)state;
    struct log_limit l = { 0 };
    uint32_t told = 0;
    uint32_t left_out = 0;
    uint32_t written = flood(&l, &told);
    assert_in_range(written, LOG_LIMIT_LINES, LOG_LIMIT_LINES + 10 / LOG_LIMIT_S + 1);
    assert_true(log_limit_take(&l, at(13000), &left_out));
    assert_int_equal(written + told + left_out, 1000);
    assert_true(tstamp_is_never(log_limit_deadline(&l)));
}

static void tells_when_it_is_quiet(void **state)
{
    (void)state;
    struct log_limit l = { 0 };
    uint32_t told = 0;
    assert_true(tstamp_is_never(log_limit_deadline(&l)));
    uint32_t written = flood(&l, &told);
    assert_int_equal(log_limit_deadline(&l).ns, at(9990 + LOG_LIMIT_QUIET_S * 1000).ns);
    assert_int_equal(log_limit_quiet(&l, at(15000)), 0);
    assert_int_equal(log_limit_quiet(&l, at(20000)), 1000 - written - told);
    assert_int_equal(log_limit_quiet(&l, at(40000)), 0);
    assert_true(tstamp_is_never(log_limit_deadline(&l)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_with_the_next_line),
        cmocka_unit_test(tells_when_it_is_quiet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
