/* SPDX-License-Identifier: ISC */
/* Heap and list, against plain arrays that are searched. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/heap.h"
#include "base/list.h"
#include "base/rng.h"

enum { ITEMS = 64, STEPS = 20000, TIMES = 40 };

/* Few different times, so that many are equal. */
static void test_earliest_first(void **state)
{
    (void)state;
    struct rng rng = { 1 };
    struct heap h = { 0 };
    struct heap_item items[ITEMS] = { 0 };
    struct {
        int64_t at_ns; /* negative: not there */
        uint64_t set;
    } plain[ITEMS];
    for (size_t i = 0; i < ITEMS; i++)
        plain[i].at_ns = -1;
    assert_int_equal(heap_reserve(&h, ITEMS), 0);
    for (uint64_t step = 0; step < STEPS; step++) {
        size_t i = rng_below(&rng, ITEMS);
        int64_t at_ns = (int64_t)rng_below(&rng, TIMES);
        uint64_t what = rng_below(&rng, 4);
        if (what == 0) {
            heap_remove(&h, &items[i]);
            plain[i].at_ns = -1;
        } else if (what == 1) {
            heap_set(&h, &items[i], TSTAMP_NEVER);
            plain[i].at_ns = -1;
        } else {
            heap_set(&h, &items[i], (struct tstamp){ at_ns });
            if (plain[i].at_ns != at_ns)
                plain[i].set = step;
            plain[i].at_ns = at_ns;
        }
        size_t first = ITEMS;
        for (size_t k = 0; k < ITEMS; k++)
            if (plain[k].at_ns >= 0 &&
                (first == ITEMS || plain[k].at_ns < plain[first].at_ns ||
                 (plain[k].at_ns == plain[first].at_ns && plain[k].set < plain[first].set)))
                first = k;
        assert_ptr_equal(heap_first(&h), first < ITEMS ? &items[first] : NULL);
    }
    heap_free(&h);
}

static void test_list(void **state)
{
    (void)state;
    struct list l;
    struct list_item a = { 0 }, b = { 0 }, c = { 0 };
    list_init(&l);
    assert_null(list_first(&l));
    list_add(&l, &a);
    list_add(&l, &b);
    list_add(&l, &c);
    list_add(&l, &a); /* it is there */
    assert_ptr_equal(list_first(&l), &a);
    assert_ptr_equal(list_after(&l, &a), &b);
    list_remove(&b);
    list_remove(&b);
    assert_false(list_has(&b));
    assert_ptr_equal(list_after(&l, &a), &c);
    assert_null(list_after(&l, &c));
    list_remove(&a);
    list_remove(&c);
    assert_true(list_is_empty(&l));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_earliest_first),
        cmocka_unit_test(test_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
