/* SPDX-License-Identifier: ISC */
/* Rings of bits, against an array of bool. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/bitring.h"
#include "base/rng.h"

enum { SIZE = 256, ROUNDS = 20000 };

/* Where the numbers begin: at 0, and where 32 bits of them wrap. */
static const uint64_t starts[] = { 0, SIZE - 1, UINT32_MAX - 500, UINT64_C(1) << 40 };

static void it_is_as_an_array_of_bools(void **state)
{
    (void)state;
    struct rng rng = { .state = 1 };
    for (size_t s = 0; s < sizeof starts / sizeof starts[0]; s++) {
        uint64_t bits[SIZE / 64] = { 0 };
        bool model[SIZE] = { false };
        uint64_t at = starts[s];
        for (unsigned round = 0; round < ROUNDS; round++) {
            uint64_t n = at + rng_next(&rng) % SIZE;
            uint64_t count = rng_next(&rng) % (round % 2 == 0 ? 2 * SIZE : 8);
            if (round % 5 == 0) {
                bitring_clear(bits, SIZE, n, count);
                for (uint64_t i = 0; i < count; i++)
                    model[(n + i) % SIZE] = false;
            } else {
                bitring_set(bits, SIZE, n);
                model[n % SIZE] = true;
            }
            for (uint64_t i = 0; i < SIZE; i++)
                assert_int_equal(bitring_get(bits, SIZE, at + i), model[(at + i) % SIZE]);
            at += rng_next(&rng) % 3;
        }
    }
}

static void a_run_ends_where_the_bits_change(void **state)
{
    (void)state;
    struct rng rng = { .state = 2 };
    for (size_t s = 0; s < sizeof starts / sizeof starts[0]; s++) {
        uint64_t bits[SIZE / 64] = { 0 };
        for (unsigned round = 0; round < ROUNDS; round++) {
            uint64_t floor = starts[s] + rng_next(&rng) % 100;
            uint64_t end = floor + rng_next(&rng) % (SIZE + 1);
            bool set = round % 2 == 0;
            bitring_clear(bits, SIZE, rng_next(&rng) % SIZE, rng_next(&rng) % 150);
            for (uint64_t n = rng_next(&rng) % SIZE, left = rng_next(&rng) % 150; left > 0; left--)
                bitring_set(bits, SIZE, n++);
            uint64_t from = end;
            while (from > floor && bitring_get(bits, SIZE, from - 1) == set)
                from--;
            assert_true(bitring_run(bits, SIZE, end, floor, set) == from);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_as_an_array_of_bools),
        cmocka_unit_test(a_run_ends_where_the_bits_change),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
