/* SPDX-License-Identifier: ISC */
/* The hash table against a list that is searched from end to end, under adding and removing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/hash.h"
#include "base/rng.h"

enum { KEYS = 500, STEPS = 20000 };

static uint32_t code_of(const struct hash *h, uint32_t key)
{
    return hash_code(h, &key, sizeof key);
}

/* How often the value stands there under the key's code. */
static unsigned found(const struct hash *h, uint32_t key)
{
    struct hash_walk walk = { .code = code_of(h, key) };
    unsigned n = 0;
    for (uint32_t value; hash_next(h, &walk, &value);)
        n += value == key;
    return n;
}

static void it_holds_what_was_added(void **state)
{
    struct hash h = { .seed = 7 };
    bool is_there[KEYS] = { false };
    struct rng rng = { 1 };
    uint32_t count = 0;
    (void)state;
    assert_int_equal(found(&h, 3), 0);
    hash_remove(&h, code_of(&h, 3), 3);
    for (unsigned i = 0; i < STEPS; i++) {
        uint32_t key = (uint32_t)rng_below(&rng, KEYS);
        if (is_there[key])
            hash_remove(&h, code_of(&h, key), key);
        else
            assert_int_equal(hash_add(&h, code_of(&h, key), key), 0);
        is_there[key] = !is_there[key];
        count += is_there[key] ? 1 : UINT32_MAX;
        assert_int_equal(h.count, count);
        uint32_t other = (uint32_t)rng_below(&rng, KEYS);
        assert_int_equal(found(&h, other), is_there[other]);
    }
    for (uint32_t key = 0; key < KEYS; key++)
        assert_int_equal(found(&h, key), is_there[key]);
    hash_clear(&h);
    assert_int_equal(h.seed, 7);
    assert_int_equal(found(&h, 3), 0);
}

/* All of one code, also where their run goes past the table's end. */
static void keys_that_meet_stay_apart(void **state)
{
    (void)state;
    for (uint32_t code = 0; code < 16; code++) {
        struct hash h = { 0 };
        for (uint32_t i = 0; i < 7; i++)
            assert_int_equal(hash_add(&h, code - i % 2, i), 0);
        hash_remove(&h, code, 2);
        hash_remove(&h, code, 3); /* which has another code */
        struct hash_walk walk = { .code = code };
        uint32_t seen = 0;
        for (uint32_t value; hash_next(&h, &walk, &value);)
            seen |= UINT32_C(1) << value;
        assert_int_equal(seen, 1u << 0 | 1u << 4 | 1u << 6);
        hash_clear(&h);
    }
}

static void room_is_kept(void **state)
{
    struct hash h = { .seed = 9 };
    (void)state;
    assert_int_equal(hash_reserve(&h, 1000), 0);
    const struct hash_place *places = h.places;
    for (uint32_t i = 0; i < 1000; i++)
        assert_int_equal(hash_add(&h, code_of(&h, i), i), 0);
    assert_ptr_equal(h.places, places);
    assert_true(hash_reserve(&h, UINT32_MAX) < 0);
    assert_int_equal(found(&h, 999), 1);
    hash_clear(&h);
}

/* Each byte of a key counts, its length, and the seed. */
static void codes_differ(void **state)
{
    struct hash h = { .seed = 1 };
    uint8_t key[33] = { 0 };
    (void)state;
    for (size_t len = 1; len <= sizeof key; len++) {
        uint32_t code = hash_code(&h, key, len);
        assert_int_not_equal(code, hash_code(&h, key, len - 1));
        for (size_t i = 0; i < len; i++) {
            key[i] = 1;
            assert_int_not_equal(code, hash_code(&h, key, len));
            key[i] = 0;
        }
        h.seed = 2;
        assert_int_not_equal(code, hash_code(&h, key, len));
        h.seed = 1;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_holds_what_was_added),
        cmocka_unit_test(keys_that_meet_stay_apart),
        cmocka_unit_test(room_is_kept),
        cmocka_unit_test(codes_differ),
    };
    return cmocka_run_group_tests_name("hash", tests, NULL, NULL);
}
