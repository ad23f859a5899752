/* SPDX-License-Identifier: ISC */
/* The packet pool: two sizes, references, exhaustion, and lists. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/pkt.h"

static void a_new_packet_is_empty_and_has_room_around_it(void **state)
{
    (void)state;
    struct pkt_pool *pool = pkt_pool_new(2, 1);
    assert_non_null(pool);
    static const size_t sizes[] = { 0, 1, PKT_SMALL_BYTES, PKT_SMALL_BYTES + 1, PKT_LARGE_BYTES };
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct pkt *p = pkt_new(pool, sizes[i]);
        assert_non_null(p);
        assert_true(p->cap_bytes >= sizes[i]);
        assert_int_equal(p->len_bytes, 0);
        assert_int_equal(p->refs, 1);
        assert_int_equal(p->seg_count, 1);
        assert_int_equal(p->seg_next, 0);
        assert_int_equal(p->gso, PKT_GSO_NONE);
        assert_null(p->next);
        /* All of it can be written without touching the next one. */
        memset(p->data - PKT_HEADROOM, 0xee, PKT_HEADROOM + p->cap_bytes + PKT_TAILROOM);
        p->seg_next = 7;
        p->flags = 7;
        pkt_put(p);
    }
    assert_int_equal(pkt_pool_used(pool), 0);
    pkt_pool_free(pool);
}

static void neighbours_do_not_overlap(void **state)
{
    (void)state;
    enum { COUNT = 8 };
    struct pkt_pool *pool = pkt_pool_new(COUNT, 0);
    struct pkt *p[COUNT];
    for (unsigned i = 0; i < COUNT; i++) {
        p[i] = pkt_new(pool, PKT_SMALL_BYTES);
        assert_non_null(p[i]);
        memset(p[i]->data - PKT_HEADROOM, (int)i, PKT_HEADROOM + PKT_SMALL_BYTES + PKT_TAILROOM);
    }
    for (unsigned i = 0; i < COUNT; i++) {
        assert_int_equal(p[i]->data[-PKT_HEADROOM], i);
        assert_int_equal(p[i]->data[PKT_SMALL_BYTES + PKT_TAILROOM - 1], i);
        assert_int_equal(p[i]->refs, 1);
        pkt_put(p[i]);
    }
    pkt_pool_free(pool);
}

static void a_size_that_is_used_up_gives_nothing(void **state)
{
    (void)state;
    struct pkt_pool *pool = pkt_pool_new(1, 1);
    struct pkt *small = pkt_new(pool, 100);
    struct pkt *large = pkt_new(pool, 3000);
    assert_non_null(small);
    assert_non_null(large);
    assert_null(pkt_new(pool, 100));
    assert_null(pkt_new(pool, 3000));
    assert_int_equal(pkt_pool_used(pool), 2);
    pkt_put(small);
    assert_null(pkt_new(pool, 3000));
    assert_ptr_equal(pkt_new(pool, 100), small);
    assert_null(pkt_new(pool, (size_t)PKT_LARGE_BYTES + 1));
    pkt_pool_free(pool);
}

static void the_last_reference_gives_it_back(void **state)
{
    (void)state;
    struct pkt_pool *pool = pkt_pool_new(1, 0);
    struct pkt *p = pkt_new(pool, 1);
    pkt_ref(p);
    pkt_put(p);
    assert_int_equal(pkt_pool_used(pool), 1);
    pkt_put(p);
    assert_int_equal(pkt_pool_used(pool), 0);
    pkt_put(NULL);
    pkt_pool_free(pool);
    pkt_pool_free(NULL);
}

static void a_list_is_first_in_first_out(void **state)
{
    (void)state;
    struct pkt_pool *pool = pkt_pool_new(4, 0);
    struct pkt_list list = { 0 };
    assert_null(pkt_list_pop(&list));
    struct pkt *a = pkt_new(pool, 1);
    struct pkt *b = pkt_new(pool, 1);
    struct pkt *c = pkt_new(pool, 1);
    pkt_list_push(&list, a);
    pkt_list_push(&list, b);
    assert_ptr_equal(pkt_list_pop(&list), a);
    pkt_list_push(&list, c);
    assert_int_equal(list.count, 2);
    assert_ptr_equal(pkt_list_pop(&list), b);
    assert_ptr_equal(pkt_list_pop(&list), c);
    assert_null(pkt_list_pop(&list));
    assert_null(list.tail);
    pkt_list_push(&list, a);
    pkt_list_push(&list, b);
    pkt_put(c);
    pkt_list_clear(&list);
    assert_int_equal(list.count, 0);
    assert_null(list.head);
    assert_int_equal(pkt_pool_used(pool), 0);
    pkt_pool_free(pool);
}

static void segments_have_the_header_and_their_share(void **state)
{
    (void)state;
    struct pkt plain = { .len_bytes = 77, .seg_count = 1 };
    assert_int_equal(pkt_seg_bytes(&plain, 0), 77);
    struct pkt super = { .len_bytes = 40 + 2500,
                         .gso = PKT_GSO_TCP4,
                         .gso_size = 1000,
                         .header_bytes = 40,
                         .seg_count = 3 };
    assert_int_equal(pkt_seg_bytes(&super, 0), 1040);
    assert_int_equal(pkt_seg_bytes(&super, 1), 1040);
    assert_int_equal(pkt_seg_bytes(&super, 2), 540);
    super.len_bytes = 40 + 3000;
    assert_int_equal(pkt_seg_bytes(&super, 2), 1040);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_packet_is_empty_and_has_room_around_it),
        cmocka_unit_test(neighbours_do_not_overlap),
        cmocka_unit_test(a_size_that_is_used_up_gives_nothing),
        cmocka_unit_test(the_last_reference_gives_it_back),
        cmocka_unit_test(a_list_is_first_in_first_out),
        cmocka_unit_test(segments_have_the_header_and_their_share),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
