/* SPDX-License-Identifier: ISC */
/* The rings in which pieces of packets wait, and the memory that they grow in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bond/path/segment.h"

static struct arena_share memory;

static void rings_are_bounded_and_turn(void **state)
{
    enum { CAPACITY = 16 };
    (void)state;
    struct segment s = { .sequence = 0 };
    struct segment_ring ring;
    ring_init(&ring, &memory, CAPACITY);
    assert_false(ring_push(&ring, &s, 100)); /* none is a valid first state */
    ring_grow(&ring);
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
    ring_free(&ring);
    assert_int_equal(memory.used_bytes, 0);
}

/* It grows at any place of its turn, and keeps what is in it in order. */
static void rings_grow_while_they_turn(void **state)
{
    enum { MOST = 1024 };
    (void)state;
    for (uint32_t turned = 0; turned < 40; turned++) {
        struct segment_ring ring;
        struct segment s = { .sequence = 0 };
        uint32_t in = 0, out = 0;
        ring_init(&ring, &memory, MOST);
        ring_grow(&ring);
        for (uint32_t i = 0; i < turned; i++) {
            assert_true(ring_push(&ring, &(struct segment){ .sequence = in++ }, 0));
            assert_true(ring_pop(&ring, &s, 0));
            assert_int_equal(s.sequence, out++);
        }
        while (ring.count < MOST) {
            s.sequence = in++;
            assert_true(ring_push(&ring, &s, 1));
            if (memory.wanted)
                ring_grow(&ring);
            memory.wanted = false;
        }
        assert_int_equal(ring.capacity, MOST);
        assert_int_equal(ring.bytes, MOST);
        assert_false(ring_push(&ring, &s, 1));
        ring_give_back(&ring);
        assert_int_equal(ring.capacity, MOST); /* it is not empty */
        while (ring_pop(&ring, &s, 1))
            assert_int_equal(s.sequence, out++);
        assert_int_equal(in, out);
        ring_give_back(&ring);
        assert_in_range(ring.capacity, 1, MOST / 2);
        ring_free(&ring);
    }
    assert_int_equal(memory.used_bytes, 0);
}

/* Without memory for more it stays as it is, and asks again only when it is told to. */
static void a_ring_that_may_not_grow_is_full(void **state)
{
    (void)state;
    struct arena arena = { .limit_bytes = 64 << 10 };
    struct arena_share little = { .arena = &arena };
    struct segment_ring ring;
    struct segment s = { .sequence = 0 };
    ring_init(&ring, &little, 4096);
    ring_grow(&ring);
    uint32_t pushed = 0;
    while (ring_push(&ring, &s, 1)) {
        pushed++;
        if (little.wanted)
            ring_grow(&ring);
        little.wanted = false;
    }
    assert_true(little.refused);
    assert_int_equal(pushed, ring.capacity);
    assert_in_range(pushed, 64, 1024);
    arena.limit_bytes = 1 << 20;
    assert_false(little.wanted);
    ring_retry_growth(&ring);
    ring_grow(&ring);
    assert_int_equal(ring.capacity, 2 * pushed);
    assert_true(ring_push(&ring, &s, 1));
    ring_free(&ring);
    assert_int_equal(arena.used_bytes, 0);
}

/* Of several owners that want all each gets the same, and what is free is never all. */
static void memory_is_shared(void **state)
{
    enum { OWNERS = 4, PIECE = 1000 };
    (void)state;
    struct arena arena = { .limit_bytes = 1000 * PIECE };
    struct arena_share shares[OWNERS] = { 0 };
    void *pieces[OWNERS][1000];
    size_t counts[OWNERS] = { 0 };
    for (unsigned i = 0; i < OWNERS; i++)
        shares[i].arena = &arena;
    while ((pieces[0][counts[0]] = arena_take(&shares[0], 1, PIECE)) != NULL)
        counts[0]++;
    assert_in_range(counts[0], 780, 800); /* four fifths */
    while (counts[0] > 0)
        arena_give(&shares[0], pieces[0][--counts[0]], 1, PIECE);
    for (bool more = true; more;) {
        more = false;
        for (unsigned i = 0; i < OWNERS; i++) {
            void *piece = arena_take(&shares[i], 1, PIECE);
            if (piece != NULL)
                pieces[i][counts[i]++] = piece;
            more = more || piece != NULL;
        }
    }
    for (unsigned i = 0; i < OWNERS; i++)
        assert_in_range(counts[i], 230, 240); /* 4 / 17 */
    assert_null(arena_take(&shares[0], SIZE_MAX / 2, 1));
    for (unsigned i = 0; i < OWNERS; i++)
        while (counts[i] > 0)
            arena_give(&shares[i], pieces[i][--counts[i]], 1, PIECE);
    assert_int_equal(arena.used_bytes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rings_are_bounded_and_turn),
        cmocka_unit_test(rings_grow_while_they_turn),
        cmocka_unit_test(a_ring_that_may_not_grow_is_full),
        cmocka_unit_test(memory_is_shared),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
