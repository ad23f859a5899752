/* SPDX-License-Identifier: ISC */
#include "base/rng.h"
#include "crypto/replay.h"
#include "tests/crypto/hex.h"

/* What the engine does with an authentic packet. */
static bool take(struct replay *w, uint64_t number)
{
    if (!replay_check(w, number))
        return false;
    replay_mark(w, number);
    return true;
}

static void test_steps(void **state)
{
    (void)state;
    const uint64_t window = REPLAY_WINDOW;
    const uint64_t big = UINT64_C(1) << 62;
    const struct {
        uint64_t number;
        bool taken;
    } steps[] = {
        { 0, true },
        { 0, false },
        { 1, true },
        { 9, true },
        { 8, true },
        { 9, false },
        { 7, true },
        { 7, false },
        { window, true },
        { window, false },
        { window - 1, true },
        { 2, true },           /* just inside */
        { window + 10, true }, /* 10 is now the oldest */
        { 9, false },          /* seen, and too old */
        { 6, false },          /* not seen, too old */
        { 10, true },
        { 10, false },
        { 4 * window, true }, /* a leap longer than the ring */
        { 3 * window, true }, /* the oldest */
        { 3 * window - 1, false },
        { window + 10, false },
        { big, true },
        { big - window, true },
        { big - window - 1, false },
        { UINT64_MAX - 1, true }, /* the last number there is */
        { UINT64_MAX - 1, false },
        { UINT64_MAX, false },
    };
    struct replay w;
    replay_init(&w);
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
        assert_int_equal(take(&w, steps[i].number), steps[i].taken);
}

/* A check alone changes nothing, and a mark without a check harms nothing. */
static void test_check_and_mark(void **state)
{
    (void)state;
    struct replay w, before;
    replay_init(&w);
    replay_mark(&w, 100000);
    before = w;
    assert_true(replay_check(&w, 100001));
    assert_true(replay_check(&w, 99999));
    assert_false(replay_check(&w, 100000));
    replay_mark(&w, 5);          /* too old: its bit belongs to another number by now */
    replay_mark(&w, UINT64_MAX); /* never valid */
    assert_memory_equal(&w, &before, sizeof(w));
}

enum { NUMBERS = 200000 };

/* Against a list of all numbers ever taken. */
static void test_random_walk(void **state)
{
    (void)state;
    static uint8_t taken[NUMBERS];
    for (uint64_t seed = 1; seed <= 4; seed++) {
        struct rng rng = { seed };
        struct replay w;
        uint64_t largest = 0;
        replay_init(&w);
        memset(taken, 0, sizeof(taken));
        for (unsigned n = 0; n < 100000; n++) {
            uint64_t reach = rng_below(&rng, 20) == 0 ? 2 * REPLAY_RING_BITS : 64;
            uint64_t number = largest + rng_below(&rng, reach + 4);
            number = number > reach ? number - reach : 0;
            if (rng_below(&rng, 2000) == 0)
                number = largest + REPLAY_RING_BITS + rng_below(&rng, 200);
            if (number >= NUMBERS)
                break;
            bool fresh = !taken[number] && number + REPLAY_WINDOW >= largest;
            assert_int_equal(take(&w, number), fresh);
            if (fresh) {
                taken[number] = 1;
                largest = number > largest ? number : largest;
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_steps),
        cmocka_unit_test(test_check_and_mark),
        cmocka_unit_test(test_random_walk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
