/* SPDX-License-Identifier: ISC */
/* Seeded numbers: the known sequence, and roughly uniform. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rng.h"

static void it_is_splitmix64(void **state)
{
    (void)state;
    /* The first outputs of the published algorithm for the seed 1234567. */
    static const uint64_t expected[] = {
        UINT64_C(6457827717110365317), UINT64_C(3203168211198807973), UINT64_C(9817491932198370423),
        UINT64_C(4593380528125082431), UINT64_C(16408922859458223821)
    };
    struct rng r = { 1234567 };
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++)
        assert_true(rng_next(&r) == expected[i]);
}

static void a_seed_gives_one_sequence(void **state)
{
    (void)state;
    struct rng a = { 9 };
    struct rng b = { 9 };
    struct rng c = { 10 };
    unsigned same = 0;
    for (unsigned i = 0; i < 100; i++) {
        uint64_t v = rng_next(&a);
        assert_true(v == rng_next(&b));
        same += v == rng_next(&c);
    }
    assert_int_equal(same, 0);
}

static void numbers_are_in_range_and_spread(void **state)
{
    (void)state;
    enum { DRAWS = 100000, BINS = 10 };
    struct rng r = { 3 };
    unsigned unit[BINS] = { 0 };
    unsigned below[BINS] = { 0 };
    for (unsigned i = 0; i < DRAWS; i++) {
        double u = rng_unit(&r);
        assert_true(u >= 0 && u < 1);
        unit[(unsigned)(u * BINS)]++;
        uint64_t n = rng_below(&r, BINS);
        assert_true(n < BINS);
        below[n]++;
        assert_int_equal(rng_below(&r, 1), 0);
    }
    for (unsigned i = 0; i < BINS; i++) {
        assert_in_range(unit[i], DRAWS / BINS * 95 / 100, DRAWS / BINS * 105 / 100);
        assert_in_range(below[i], DRAWS / BINS * 95 / 100, DRAWS / BINS * 105 / 100);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_splitmix64),
        cmocka_unit_test(a_seed_gives_one_sequence),
        cmocka_unit_test(numbers_are_in_range_and_spread),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
