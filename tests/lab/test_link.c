/* SPDX-License-Identifier: ISC */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "sim/link.h"

static const struct tstamp start = { 5 * NS_PER_S };

static struct tstamp at_ms(int64_t ms)
{
    return tstamp_add(start, ms * NS_PER_MS);
}

static struct tstamp send_full(struct link_model *link, struct tstamp now)
{
    struct tstamp exit = TSTAMP_NEVER;
    assert_true(link_send(link, now, LINK_FRAME_BYTES, &exit));
    return exit;
}

/* The last of many frames leaves when all their bits have passed, to the nanosecond. */
static void test_rate_is_exact(void **state)
{
    (void)state;
    static const uint64_t rates_bps[] = { 64000, 999999, 20000000, 777777777, 10000000000 };
    for (size_t r = 0; r < sizeof(rates_bps) / sizeof(rates_bps[0]); r++) {
        struct link_config config = { .rate_bps = rates_bps[r], .queue_ns = 3600 * NS_PER_S };
        struct link_model link;
        struct tstamp exit = start;
        link_init(&link, &config, start, 1);
        for (int i = 0; i < 10000; i++)
            exit = send_full(&link, start);
        double expected_ns = 10000.0 * LINK_FRAME_BYTES * 8e9 / (double)rates_bps[r];
        assert_true(fabs((double)tstamp_sub(exit, start) - expected_ns) <= 1.0);
    }
}

static void test_delay_alone(void **state)
{
    (void)state;
    struct link_config config = { .delay_ns = 12 * NS_PER_MS };
    struct link_model link;
    link_init(&link, &config, start, 1);
    for (int i = 0; i < 100; i++)
        assert_int_equal(send_full(&link, at_ms(i)).ns, at_ms(i + 12).ns);
}

static void test_queue_limit(void **state)
{
    (void)state;
    static const struct {
        int64_t queue_ns;
        uint64_t queue_bytes;
        uint64_t fits_bytes;
    } cases[] = {
        { 100 * NS_PER_MS, 0, 125000 }, /* at 10 Mbit/s */
        { 100 * NS_PER_MS, 50000, 50000 },
        { 0, 0, LINK_FRAME_BYTES },
    };
    for (size_t c = 0; c < sizeof(cases) / sizeof(cases[0]); c++) {
        struct link_config config = { .rate_bps = 10000000,
                                      .queue_ns = cases[c].queue_ns,
                                      .queue_bytes = cases[c].queue_bytes };
        struct link_model link;
        struct tstamp exit;
        link_init(&link, &config, start, 1);
        uint64_t taken_bytes = 0;
        while (link_send(&link, start, LINK_FRAME_BYTES, &exit))
            taken_bytes += LINK_FRAME_BYTES;
        assert_true(taken_bytes <= cases[c].fits_bytes);
        assert_true(taken_bytes + LINK_FRAME_BYTES > cases[c].fits_bytes);
        assert_int_equal(link.counters.dropped_queue, 1);
        /* One frame time later there is room for one frame. */
        struct tstamp later = tstamp_add(start, LINK_FRAME_BYTES * 8 * 100 + 1);
        assert_true(link_send(&link, later, LINK_FRAME_BYTES, &exit));
        assert_false(link_send(&link, later, LINK_FRAME_BYTES, &exit));
    }
}

/* A bucket passes at once; from then on what the rate refills, without any delay. */
static void test_policer(void **state)
{
    (void)state;
    enum { BUCKET = 10 * LINK_FRAME_BYTES, TOO_MANY = 50 };
    struct link_config config = {
        .rate_bps = 100000000, .police_bps = 10000000, .police_bytes = BUCKET, .queue_ns = NS_PER_S
    };
    struct link_model link;
    struct tstamp exit;
    link_init(&link, &config, start, 1);
    assert_int_equal(link_mean_rate_bps(&config), 10000000);
    assert_int_equal(link_offered_bytes(&link, start, at_ms(1000)), 1250000);
    unsigned passed = 0;
    for (unsigned i = 0; i < TOO_MANY; i++)
        passed += link_send(&link, start, LINK_FRAME_BYTES, &exit);
    /* The line takes time, in which a tenth of each frame is refilled. */
    assert_in_range(passed, 14, 15);
    assert_int_equal(link.counters.dropped_police, TOO_MANY - passed);
    /* A second at twice the rate: half of it. */
    passed = 0;
    for (unsigned i = 0; i < 1000; i++) {
        struct tstamp now = at_ms(100 + i);
        struct tstamp left = tstamp_add(now, 1250 * 80);
        if (link_send(&link, now, 1250, &exit)) {
            assert_int_equal(exit.ns, left.ns);
            passed++;
        }
        now = tstamp_add(now, NS_PER_MS / 2);
        passed += link_send(&link, now, 1250, &exit);
    }
    assert_in_range(passed, 1000, 1000 + BUCKET / 1250 + 1);
    assert_int_equal(link.counters.dropped_queue, 0);
}

static void test_random_loss(void **state)
{
    (void)state;
    enum { FRAMES = 1000000 };
    struct link_config config = { .loss = 0.01 };
    struct link_model link;
    struct tstamp exit;
    link_init(&link, &config, start, 7);
    uint64_t pairs = 0;
    bool lost_before = false;
    for (int i = 0; i < FRAMES; i++) {
        bool lost = !link_send(&link, start, 100, &exit);
        pairs += lost && lost_before;
        lost_before = lost;
    }
    double deviation = sqrt(FRAMES * 0.01 * 0.99);
    assert_true(fabs((double)link.counters.dropped_loss - FRAMES * 0.01) < 4 * deviation);
    assert_true(pairs > 50 && pairs < 150); /* independent: 100 expected */
}

static void test_burst_loss(void **state)
{
    (void)state;
    enum { FRAMES = 1000000 };
    struct link_config config = { .loss = 0.02, .burst_frames = 4.0 };
    struct link_model link;
    struct tstamp exit;
    link_init(&link, &config, start, 7);
    uint64_t bursts = 0;
    bool lost_before = false;
    for (int i = 0; i < FRAMES; i++) {
        bool lost = !link_send(&link, start, 100, &exit);
        bursts += lost && !lost_before;
        lost_before = lost;
    }
    double lost = (double)link.counters.dropped_loss;
    assert_true(fabs(lost / FRAMES - 0.02) < 0.001);
    assert_true(fabs(lost / (double)bursts - 4.0) < 0.2);
}

static void test_same_seed_same_fate(void **state)
{
    (void)state;
    struct link_config config = { .rate_bps = 5000000,
                                  .queue_ns = 50 * NS_PER_MS,
                                  .delay_ns = 30 * NS_PER_MS,
                                  .jitter_ns = 8 * NS_PER_MS,
                                  .loss = 0.1,
                                  .burst_frames = 2.0 };
    struct link_model a, b, other;
    link_init(&a, &config, start, 42);
    link_init(&b, &config, start, 42);
    link_init(&other, &config, start, 43);
    bool differs = false;
    for (int i = 0; i < 2000; i++) {
        struct tstamp exit_a = start, exit_b = start, exit_other = start;
        bool sent_a = link_send(&a, at_ms(i), 500, &exit_a);
        bool sent_b = link_send(&b, at_ms(i), 500, &exit_b);
        bool sent_other = link_send(&other, at_ms(i), 500, &exit_other);
        assert_int_equal(sent_a, sent_b);
        assert_int_equal(exit_a.ns, exit_b.ns);
        differs = differs || sent_a != sent_other || exit_a.ns != exit_other.ns;
    }
    assert_true(differs);
}

static void test_jitter(void **state)
{
    (void)state;
    static const enum link_jitter kinds[] = { LINK_JITTER_UNIFORM, LINK_JITTER_BELL };
    for (size_t k = 0; k < 2; k++) {
        struct link_config config = { .delay_ns = 20 * NS_PER_MS,
                                      .jitter_ns = 6 * NS_PER_MS,
                                      .jitter_kind = kinds[k] };
        struct link_model link;
        link_init(&link, &config, start, 3);
        double sum_ms = 0.0;
        for (int i = 0; i < 10000; i++) {
            double extra_ms =
                (double)tstamp_sub(send_full(&link, at_ms(10 * i)), at_ms(10 * i)) / NS_PER_MS -
                20.0;
            assert_true(extra_ms >= 0.0 && extra_ms < 6.0);
            sum_ms += extra_ms;
        }
        assert_true(fabs(sum_ms / 10000 - 3.0) < 0.1);
    }
}

static void test_reordering_only_when_asked(void **state)
{
    (void)state;
    for (int reorder = 0; reorder < 2; reorder++) {
        struct link_config config = { .jitter_ns = 6 * NS_PER_MS, .reorder = reorder };
        struct link_model link;
        link_init(&link, &config, start, 3);
        int overtaken = 0;
        struct tstamp last = start;
        for (int i = 0; i < 1000; i++) {
            struct tstamp exit = send_full(&link, at_ms(i));
            overtaken += tstamp_before(exit, last);
            last = exit;
        }
        assert_int_equal(overtaken > 0, reorder);
    }
}

static void test_trace(void **state)
{
    (void)state;
    uint32_t times_ms[] = { 1, 1, 3, 10 };
    struct link_trace trace = { times_ms, 4 };
    struct link_config config = { .trace = &trace, .queue_bytes = 100 * LINK_FRAME_BYTES };
    struct link_model link;
    link_init(&link, &config, start, 1);
    static const int64_t exits_ms[] = { 1, 1, 3, 10, 11, 11, 13, 20, 21 };
    for (size_t i = 0; i < sizeof(exits_ms) / sizeof(exits_ms[0]); i++)
        assert_int_equal(send_full(&link, start).ns, at_ms(exits_ms[i]).ns);

    /* After an idle time the missed opportunities are gone. */
    assert_int_equal(send_full(&link, at_ms(1002)).ns, at_ms(1003).ns);
    assert_int_equal(send_full(&link, at_ms(1010)).ns, at_ms(1010).ns);
    assert_int_equal(send_full(&link, at_ms(1010)).ns, at_ms(1011).ns);

    /* Small frames share an opportunity. */
    struct tstamp exit;
    for (int i = 0; i < 15; i++) {
        assert_true(link_send(&link, at_ms(2002), 100, &exit));
        assert_int_equal(exit.ns, at_ms(2003).ns);
    }
    assert_true(link_send(&link, at_ms(2002), 100, &exit));
    assert_int_equal(exit.ns, at_ms(2010).ns);
    assert_int_equal(link_trace_rate_bps(&trace), 4 * LINK_FRAME_BYTES * 8 * 100);
}

static void test_trace_queue_limit(void **state)
{
    (void)state;
    uint32_t times_ms[] = { 10 };
    struct link_trace trace = { times_ms, 1 };
    struct link_config config = { .trace = &trace, .queue_ns = 100 * NS_PER_MS };
    struct link_model link;
    struct tstamp exit;
    link_init(&link, &config, start, 1);
    int taken = 0;
    while (link_send(&link, at_ms(1), LINK_FRAME_BYTES, &exit))
        taken++;
    assert_int_equal(taken, 10);
}

static void test_steps(void **state)
{
    (void)state;
    struct link_config config = {
        .rate_bps = 10000000,
        .queue_ns = 100 * NS_PER_MS,
        .delay_ns = 30 * NS_PER_MS,
        .steps = { { 15 * NS_PER_S, 30 * NS_PER_MS, 100 * NS_PER_MS, 1.0 },
                   { 30 * NS_PER_S, 0, 0, 0.5 } },
        .step_count = 2,
        .step_period_ns = 45 * NS_PER_S,
    };
    static const struct {
        int64_t at_ms;
        int64_t delay_us; /* of a frame of 1250 bytes: 1 ms at the full rate */
    } cases[] = { { 0, 31000 },     { 14900, 31000 }, { 15200, 61000 },
                  { 31000, 32000 }, { 46000, 32000 }, { 61000, 61000 } };
    struct link_model link;
    struct tstamp exit;
    link_init(&link, &config, start, 1);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_true(link_send(&link, at_ms(cases[i].at_ms), 1250, &exit));
        assert_int_equal(tstamp_sub(exit, at_ms(cases[i].at_ms)), cases[i].delay_us * NS_PER_US);
    }

    link_init(&link, &config, start, 1);
    assert_false(link_send(&link, at_ms(15050), 1250, &exit));
    assert_int_equal(link.counters.dropped_step, 1);
    /* 15 of 45 s at half the rate, and the queue of 100 ms holds half as much meanwhile. */
    assert_int_equal(link_offered_bytes(&link, start, at_ms(45000)), 46875000);
    unsigned taken = 0;
    link_init(&link, &config, start, 1);
    while (link_send(&link, at_ms(31000), 1250, &exit))
        taken++;
    assert_int_equal(taken, 50);
}

static void test_cut(void **state)
{
    (void)state;
    struct link_config config = { .delay_ns = 10 * NS_PER_MS };
    struct link_model link;
    struct tstamp exit;
    link_init(&link, &config, start, 1);
    assert_true(link_send(&link, start, 100, &exit));
    link_set_cut(&link, true);
    assert_false(link_arrive(&link, 100));
    assert_false(link_send(&link, start, 100, &exit));
    link_set_cut(&link, false);
    assert_true(link_send(&link, start, 100, &exit));
    assert_true(link_arrive(&link, 100));
    assert_int_equal(link.counters.dropped_cut, 2);
    assert_int_equal(link.counters.delivered_frames, 1);
    assert_int_equal(link.counters.sent_frames, 3);
}

static void test_mangle(void **state)
{
    (void)state;
    struct link_config config = { .corrupt = 0.2, .duplicate = 0.1 };
    struct link_model link;
    uint32_t bit;
    link_init(&link, &config, start, 1);
    for (int i = 0; i < 100000; i++) {
        if (link_mangle(&link, 100, &bit) == LINK_CORRUPT)
            assert_true(bit < 100 * 8 && bit >= 62 * 8);
    }
    assert_true(llabs((long long)link.counters.corrupted - 20000) < 600);
    assert_true(llabs((long long)link.counters.duplicated - 10000) < 600);
    assert_int_not_equal(link_mangle(&link, 62, &bit), LINK_CORRUPT);
}

/* Frames of both share one queue; each goes on with its own delay. */
static void test_shared_bottleneck(void **state)
{
    (void)state;
    struct link_config config = { .rate_bps = 10000000, .queue_ns = 10 * NS_PER_MS };
    struct link_model first;
    struct link_model second;
    struct tstamp exit;
    link_init(&first, &config, start, 1);
    config.delay_ns = 5 * NS_PER_MS;
    link_init(&second, &config, start, 2);
    link_set_behind(&second, &first);
    for (int i = 1; i <= 10; i++) {
        assert_true(link_send(i % 2 == 0 ? &second : &first, start, 1250, &exit));
        assert_int_equal(exit.ns, at_ms(i % 2 == 0 ? i + 5 : i).ns);
    }
    assert_false(link_send(&second, start, 1250, &exit));
    assert_int_equal(link_queue_ns(&second, start), 10 * NS_PER_MS);
    assert_int_equal(link_offered_bytes(&first, start, at_ms(8)), 10000);
    assert_int_equal(link_offered_bytes(&second, start, at_ms(8)), 0);
}

static void test_offered_by_trace(void **state)
{
    (void)state;
    uint32_t at[] = { 1, 1, 70, 100 };
    struct link_trace trace = { at, 4 };
    struct link_config config = { .trace = &trace };
    struct link_model link;
    link_init(&link, &config, start, 1);
    assert_int_equal(link_offered_bytes(&link, start, at_ms(100)), 3 * LINK_FRAME_BYTES);
    assert_int_equal(link_offered_bytes(&link, at_ms(2), at_ms(102)), 4 * LINK_FRAME_BYTES);
    assert_int_equal(link_outage_ns(&link, at_ms(2)), 68 * NS_PER_MS);
    assert_int_equal(link_outage_ns(&link, at_ms(70)), 0);
}

static void test_change_while_running(void **state)
{
    (void)state;
    struct link_config config = { .rate_bps = 10000000, .queue_ns = NS_PER_S };
    struct link_model link;
    struct tstamp exit;
    link_init(&link, &config, start, 1);
    for (int i = 0; i < 10; i++)
        link_send(&link, start, 1250, &exit);
    assert_int_equal(link_queue_ns(&link, start), 10 * NS_PER_MS);
    config.rate_bps = 5000000;
    link_set_config(&link, &config);
    assert_true(link_send(&link, at_ms(4), 1250, &exit));
    assert_int_equal(exit.ns, at_ms(12).ns);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rate_is_exact),
        cmocka_unit_test(test_delay_alone),
        cmocka_unit_test(test_queue_limit),
        cmocka_unit_test(test_policer),
        cmocka_unit_test(test_random_loss),
        cmocka_unit_test(test_burst_loss),
        cmocka_unit_test(test_same_seed_same_fate),
        cmocka_unit_test(test_jitter),
        cmocka_unit_test(test_reordering_only_when_asked),
        cmocka_unit_test(test_trace),
        cmocka_unit_test(test_trace_queue_limit),
        cmocka_unit_test(test_steps),
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_mangle),
        cmocka_unit_test(test_change_while_running),
        cmocka_unit_test(test_shared_bottleneck),
        cmocka_unit_test(test_offered_by_trace),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
