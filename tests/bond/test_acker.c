/* SPDX-License-Identifier: ISC */
/* Acknowledgements: when they are due, and that they tell what came and when. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "bond/receive/acker.h"

static struct arena_share memory;
static struct acker acker;

static struct tstamp at_us(int64_t us)
{
    return (struct tstamp){ NS_PER_S + us * NS_PER_US };
}

static void record(struct tstamp now, uint64_t pn, bool eliciting)
{
    acker_reserve(&acker, pn);
    acker_record(&acker, now, pn, eliciting);
}

static int begin(void **state)
{
    (void)state;
    acker_free(&acker);
    acker_init(&acker, &memory);
    return 0;
}

static int end(void **state)
{
    (void)state;
    acker_free(&acker);
    return memory.used_bytes != 0;
}

/* What a sender makes of an acknowledgement: which numbers came, and the times of some. */
struct told {
    bool came[1 << 17];
    bool timed[1 << 17];
    uint32_t time_us[1 << 17];
};

static struct told told;

static void tell(const struct wire_ack *ack)
{
    uint64_t pn = (uint64_t)ack->largest + 1;
    uint32_t time_us = ack->time_us;
    unsigned at = 0;
    uint32_t left = ack->time_count > 0 ? ack->times[0].count : 0;
    assert_int_equal(ack->ranges[0].gap, 0);
    for (unsigned i = 0; i < ack->range_count; i++) {
        assert_true(ack->ranges[i].len > 0);
        assert_true(pn >= (uint64_t)ack->ranges[i].gap + ack->ranges[i].len);
        pn -= ack->ranges[i].gap;
        for (uint32_t n = 0; n < ack->ranges[i].len; n++) {
            pn--;
            told.came[pn] = true;
            while (left == 0 && ++at < ack->time_count) {
                left = ack->times[at].count;
                time_us -= (uint32_t)ack->times[at].back_us;
            }
            if (left == 0)
                continue;
            left--;
            assert_true(!told.timed[pn] || told.time_us[pn] == time_us);
            told.timed[pn] = true;
            told.time_us[pn] = time_us;
        }
    }
}

static struct wire_ack build(struct tstamp now)
{
    struct wire_ack ack = { 0 };
    assert_true(acker_build(&acker, now, &ack));
    assert_in_range(ack.range_count, 1, WIRE_ACK_RANGES_MAX);
    assert_in_range(ack.time_count, 1, WIRE_ACK_TIMES_MAX);
    assert_true(tstamp_is_never(acker.due));
    return ack;
}

static void nothing_received_is_nothing_to_say(void **state)
{
    (void)state;
    struct wire_ack ack;
    assert_true(tstamp_is_never(acker.due));
    assert_false(acker_build(&acker, at_us(0), &ack));
}

static void it_is_due_after_a_delay(void **state)
{
    (void)state;
    record(at_us(0), 0, true);
    assert_true(acker.due.ns == at_us(0).ns + ACKER_DELAY_NS);
    record(at_us(1000), 1, true);
    assert_true(acker.due.ns == at_us(0).ns + ACKER_DELAY_NS); /* the first one counts */
    struct wire_ack ack = build(at_us(5000));
    assert_int_equal(ack.largest, 1);
    assert_int_equal(ack.delay_us, 4000);
}

static void it_is_due_after_so_many_packets(void **state)
{
    (void)state;
    for (unsigned i = 0; i < ACKER_PACKETS - 1; i++)
        record(at_us(10), i, true);
    assert_true(tstamp_before(at_us(10), acker.due));
    record(at_us(10), ACKER_PACKETS - 1, true);
    assert_true(acker.due.ns == at_us(10).ns);
}

static void a_patient_one_is_due_no_later_and_has_room_for_all_times(void **state)
{
    (void)state;
    acker.patient = true;
    for (unsigned i = 0; i < ACKER_PATIENT_PACKETS - 1; i++)
        record(at_us(1000 + 100 * i), i, true);
    assert_true(acker.due.ns == at_us(1000).ns + ACKER_DELAY_NS);
    record(at_us(5000), ACKER_PATIENT_PACKETS - 1, true);
    assert_true(acker.due.ns == at_us(5000).ns);
    struct wire_ack ack = build(at_us(5000));
    assert_int_equal(ack.time_count, ACKER_PATIENT_PACKETS);
    record(at_us(20000), ACKER_PATIENT_PACKETS + 1, true); /* one is missing */
    assert_true(acker.due.ns == at_us(20000).ns);
}

/* With the time of the newest of them; those before, and late ones, have their own. */
static void numbers_that_came_together_share_a_time(void **state)
{
    (void)state;
    static const struct {
        uint64_t pn;
        int64_t at_us;
    } came[] = { { 0, 1000 }, { 1, 2000 }, { 3, 2300 }, { 4, 2500 }, { 2, 2600 } };
    acker.same_us = 500;
    for (size_t i = 0; i < sizeof came / sizeof came[0]; i++)
        record(at_us(came[i].at_us), came[i].pn, true);
    struct wire_ack ack = build(at_us(3000));
    assert_int_equal(ack.time_count, 4);
    assert_int_equal(ack.times[0].count, 2); /* 4 and 3 */
    assert_int_equal(ack.times[1].count, 1);
    assert_int_equal(ack.times[1].back_us, -100);
    assert_int_equal(ack.times[2].back_us, 600);
    assert_int_equal(ack.times[3].back_us, 1000);
}

static void it_is_due_at_once_when_a_number_is_missing(void **state)
{
    (void)state;
    record(at_us(0), 0, true);
    build(at_us(5000));
    record(at_us(20000), 2, true);
    assert_true(acker.due.ns == at_us(20000).ns);
}

static void it_is_never_due_more_often_than_every_millisecond(void **state)
{
    (void)state;
    record(at_us(0), 0, true);
    build(at_us(100));
    record(at_us(200), 2, true);
    assert_true(acker.due.ns == at_us(100).ns + ACKER_SPACING_NS);
    for (unsigned i = 3; i < 100; i++)
        record(at_us(201 + i), i, true);
    assert_true(acker.due.ns == at_us(100).ns + ACKER_SPACING_NS);
}

static void what_elicits_nothing_makes_nothing_due(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 100; i += 3)
        record(at_us(i), i, false);
    assert_true(tstamp_is_never(acker.due));
    struct wire_ack ack = build(at_us(200)); /* but it is told with the next one */
    assert_int_equal(ack.largest, 99);
}

static void ranges_and_times_are_exact(void **state)
{
    (void)state;
    static const struct {
        uint64_t pn;
        int64_t us;
    } came[] = { { 0, 1 }, { 1, 11 }, { 2, 11 }, { 5, 21 }, { 6, 31 }, { 9, 31 }, { 7, 41 } };
    for (size_t i = 0; i < sizeof came / sizeof *came; i++)
        record(at_us(came[i].us), came[i].pn, true);
    struct wire_ack ack = build(at_us(100));
    /* 9 | 7 6 5 | 2 1 0 */
    static const struct wire_ack_range ranges[] = { { 0, 1 }, { 1, 3 }, { 2, 3 } };
    assert_int_equal(ack.largest, 9);
    assert_int_equal(ack.range_count, 3);
    assert_memory_equal(ack.ranges, ranges, sizeof ranges);
    static const struct wire_ack_time times[] = { { 1, 0 },  { 1, -10 }, { 1, 10 },
                                                  { 1, 10 }, { 2, 10 },  { 1, 10 } };
    assert_int_equal(ack.time_count, 6);
    assert_memory_equal(ack.times, times, sizeof times);
    assert_int_equal(ack.time_us, (uint32_t)(at_us(31).ns / NS_PER_US));
    assert_int_equal(ack.delay_us, 69); /* since the largest came */
}

static void each_number_is_in_many_acknowledgements_and_timed_once(void **state)
{
    (void)state;
    record(at_us(0), 0, true);
    record(at_us(0), 1, true);
    unsigned reported = 0;
    unsigned timed = 0;
    for (unsigned i = 0; i < ACKER_REPORTS + 10; i++) {
        memset(&told, 0, sizeof told);
        struct wire_ack ack = build(at_us(5000 * (i + 1)));
        tell(&ack);
        reported += told.came[0];
        timed += told.timed[0];
        record(at_us(5000 * (i + 1)), i + 2, true);
    }
    assert_int_equal(reported, ACKER_REPORTS);
    assert_int_equal(timed, 1);
}

/* A late number is told although what is behind it was told long ago. */
static void a_filled_hole_is_told(void **state)
{
    (void)state;
    record(at_us(0), 0, true);
    record(at_us(0), 2, true);
    build(at_us(0));
    record(at_us(9000), 1, true);
    assert_true(acker.due.ns <= at_us(9000).ns + ACKER_DELAY_NS);
    memset(&told, 0, sizeof told);
    struct wire_ack ack = build(at_us(14000));
    tell(&ack);
    assert_true(told.came[1]);
    assert_int_equal(ack.range_count, 1);
}

static void more_holes_than_ranges_tell_of_the_newest(void **state)
{
    (void)state;
    enum { NUMBERS = 4 * WIRE_ACK_RANGES_MAX };
    for (unsigned pn = 0; pn < NUMBERS; pn += 2)
        record(at_us(pn), pn, true);
    memset(&told, 0, sizeof told);
    struct wire_ack ack = build(at_us(1000));
    tell(&ack);
    assert_int_equal(ack.range_count, WIRE_ACK_RANGES_MAX);
    for (unsigned pn = NUMBERS - 2 * WIRE_ACK_RANGES_MAX; pn < NUMBERS; pn++)
        assert_int_equal(told.came[pn], pn % 2 == 0);
}

/* The sender learns from it how late packets may be. */
static void the_time_of_a_late_number_is_told(void **state)
{
    (void)state;
    record(at_us(0), 0, true);
    record(at_us(100), 2, true);
    record(at_us(200), 3, true);
    build(at_us(1000));
    record(at_us(9000), 1, true);
    memset(&told, 0, sizeof told);
    struct wire_ack ack = build(at_us(10000));
    tell(&ack);
    assert_true(told.timed[1]);
    assert_int_equal(told.time_us[1], (uint32_t)(at_us(9000).ns / NS_PER_US));
    memset(&told, 0, sizeof told);
    ack = build(at_us(11000));
    tell(&ack);
    assert_false(told.timed[1]);
}

/* Late numbers below more holes than ranges: the next ones go on there, every second one. */
static void late_numbers_below_the_ranges_are_told(void **state)
{
    (void)state;
    enum { NUMBERS = 8 * WIRE_ACK_RANGES_MAX };
    for (unsigned pn = 0; pn < NUMBERS; pn += 2)
        record(at_us(pn), pn, true);
    struct wire_ack ack = build(at_us(1000));
    record(at_us(2000), 1, true);
    unsigned below = 0;
    memset(&told, 0, sizeof told);
    for (unsigned i = 0; i < 12; i++) {
        assert_true(acker_build(&acker, at_us(2000 + 1000 * i), &ack));
        tell(&ack);
        assert_true(i == 0 || ack.largest == NUMBERS - 2 || below < ack.delay_us);
        below += ack.largest != NUMBERS - 2;
        if (tstamp_is_never(acker.due))
            break;
    }
    assert_int_equal(below, 3);
    assert_true(tstamp_is_never(acker.due));
    assert_true(told.timed[1]);
    for (unsigned pn = 0; pn < NUMBERS; pn++)
        assert_int_equal(told.came[pn], pn % 2 == 0 || pn == 1);
}

/* Times that do not fit are left out; those that are told belong to the newest numbers. */
static void more_times_than_fit_are_left_out(void **state)
{
    (void)state;
    for (unsigned pn = 0; pn < 200; pn++)
        record(at_us(2 * pn), pn, true);
    memset(&told, 0, sizeof told);
    struct wire_ack ack = build(at_us(1000));
    tell(&ack);
    assert_int_equal(ack.time_count, WIRE_ACK_TIMES_MAX);
    for (unsigned pn = 0; pn < 200; pn++) {
        assert_true(told.came[pn]);
        assert_int_equal(told.timed[pn], pn >= 200 - WIRE_ACK_TIMES_MAX);
    }
}

/* A number behind those whose times did not fit must not take the place of one of them. */
static void times_left_out_do_not_shift_the_others(void **state)
{
    (void)state;
    enum { FIRST = 10, NUMBERS = FIRST + WIRE_ACK_TIMES_MAX + 1 };
    record(at_us(1000), FIRST + 1, true);
    record(at_us(1000), FIRST - 2, true);
    record(at_us(2000), FIRST, true);
    for (unsigned pn = FIRST + 2; pn < NUMBERS; pn++)
        record(at_us(2000 + 2 * pn), pn, true);
    memset(&told, 0, sizeof told);
    struct wire_ack ack = build(at_us(5000));
    tell(&ack);
    assert_true(told.timed[FIRST + 1]);
    assert_false(told.timed[FIRST]);
}

static void a_leap_over_the_whole_ring_forgets_it(void **state)
{
    (void)state;
    for (unsigned pn = 0; pn < 100; pn++)
        record(at_us(pn), pn, true);
    record(at_us(1000), 3 * ACKER_MOST + 50, true);
    struct wire_ack ack = build(at_us(1000));
    assert_int_equal(ack.largest, 3 * ACKER_MOST + 50);
    assert_int_equal(ack.range_count, 1);
    assert_int_equal(ack.ranges[0].len, 1);
    /* Too old to be remembered: ignored. */
    record(at_us(1001), 7, true);
    ack = build(at_us(1001));
    assert_int_equal(ack.range_count, 1);
    assert_int_equal(ack.ranges[0].len, 1);
}

/* Many turns of the ring with losses, swaps and acknowledgements now and then. */
static void everything_is_told_exactly_over_many_turns(void **state)
{
    (void)state;
    enum { NUMBERS = 16 * ACKER_MOST };
    static bool came[NUMBERS];
    static uint32_t time_us[NUMBERS];
    struct rng random = { 4 };
    memset(&told, 0, sizeof told);
    memset(came, 0, sizeof came);
    int64_t us = 0;
    for (unsigned i = 0; i < NUMBERS; i++) {
        unsigned pn = i ^ (i / 64 % 2); /* every other 64 are swapped in pairs */
        us += (int64_t)rng_below(&random, 100);
        if (rng_below(&random, 100) > 0) {
            record(at_us(us), pn, true);
            came[pn] = true;
            time_us[pn] = (uint32_t)(at_us(us).ns / NS_PER_US);
        }
        if (tstamp_reached(acker.due, at_us(us))) {
            struct wire_ack ack = build(at_us(us));
            tell(&ack);
        }
    }
    struct wire_ack ack = build(at_us(us));
    tell(&ack);
    unsigned timed = 0;
    for (unsigned pn = 0; pn < NUMBERS; pn++) {
        assert_int_equal(told.came[pn], came[pn]);
        assert_true(!told.timed[pn] || told.time_us[pn] == time_us[pn]);
        timed += told.timed[pn];
    }
    assert_true(timed >= NUMBERS * 95 / 100);
}

#define acker_test(f) cmocka_unit_test_setup_teardown(f, begin, end)

/* Every second number is missing, and the times jump: what a path of 576 bytes carries holds it. */
static void test_longest_fits_every_path(void **state)
{
    (void)state;
    struct rng r = { .state = 5 };
    uint32_t longest = 0;
    struct wire_ack ack;
    for (unsigned round = 0; round < 2000; round++) {
        int64_t us = 0;
        begin(NULL);
        uint64_t pn = rng_below(&r, 1000);
        for (unsigned i = 0; i < 70; i++) {
            us += (int64_t)(8200 + rng_below(&r, round % 2 == 0 ? 7000 : 2000000000));
            pn += 1 + rng_below(&r, i % 2 == 0 ? 110 : 2);
            record(at_us(us), pn, true);
        }
        assert_true(acker_build(&acker, at_us(us + (int64_t)rng_below(&r, 3000000)), &ack));
        assert_true(ack.range_count > 0 && ack.time_count > 0);
        uint32_t bytes = wire_ack_bytes(&ack);
        assert_true(bytes <= WIRE_FRAME_BYTES_MAX);
        longest = bytes > longest ? bytes : longest;
    }
    assert_true(longest > 330); /* times of a second, each in four bytes */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_longest_fits_every_path),
        acker_test(nothing_received_is_nothing_to_say),
        acker_test(it_is_due_after_a_delay),
        acker_test(it_is_due_after_so_many_packets),
        acker_test(a_patient_one_is_due_no_later_and_has_room_for_all_times),
        acker_test(numbers_that_came_together_share_a_time),
        acker_test(it_is_due_at_once_when_a_number_is_missing),
        acker_test(it_is_never_due_more_often_than_every_millisecond),
        acker_test(what_elicits_nothing_makes_nothing_due),
        acker_test(ranges_and_times_are_exact),
        acker_test(each_number_is_in_many_acknowledgements_and_timed_once),
        acker_test(a_filled_hole_is_told),
        acker_test(more_holes_than_ranges_tell_of_the_newest),
        acker_test(the_time_of_a_late_number_is_told),
        acker_test(late_numbers_below_the_ranges_are_told),
        acker_test(more_times_than_fit_are_left_out),
        acker_test(times_left_out_do_not_shift_the_others),
        acker_test(a_leap_over_the_whole_ring_forgets_it),
        acker_test(everything_is_told_exactly_over_many_turns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
