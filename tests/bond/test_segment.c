/* SPDX-License-Identifier: ISC */
/* The rings in which pieces of packets wait. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bond/path/segment.h"

static void rings_are_bounded_and_turn(void **state)
{
    enum { CAPACITY = 16 };
    (void)state;
    struct segment slots[CAPACITY], s = { .sequence = 0 };
    struct segment_ring ring = { .slots = slots, .capacity = CAPACITY };
    for (unsigned turn = 0; turn < 5; turn++) {
        assert_null(ring_head(&ring));
        for (uint32_t i = 0; i < 11; i++) {
            s.sequence = i;
            assert_true(ring_push(&ring, &s, 100));
        }
        assert_int_equal(ring.bytes, 1100);
        assert_int_equal(ring_head(&ring)->sequence, 0);
        for (uint32_t i = 0; i < 11; i++) {
            assert_true(ring_pop(&ring, &s, 100));
            assert_int_equal(s.sequence, i);
        }
        assert_false(ring_pop(&ring, &s, 100));
        assert_int_equal(ring.bytes, 0);
    }
    for (unsigned i = 0; i < CAPACITY; i++)
        assert_true(ring_push(&ring, &s, 100));
    assert_false(ring_push(&ring, &s, 100));
    ring_clear(&ring);
    assert_int_equal(ring.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(rings_are_bounded_and_turn) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
