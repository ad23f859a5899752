/* SPDX-License-Identifier: ISC */
/* What may overtake bulk: limits of the debt by kind, copies, and which flows are sparse. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "bond/frame.h"
#include "bond/send/budget.h"
#include "bond/send/sparse.h"

static struct path *path;

static struct tstamp at_us(int64_t us)
{
    return (struct tstamp){ NS_PER_S + us * NS_PER_US };
}

static int begin(void **state)
{
    (void)state;
    path = calloc(1, sizeof *path);
    return path != NULL ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    free(path);
    return 0;
}

static void set_rate(double bps)
{
    path->pacer.ns_per_byte = 8e9 / bps;
    path->rate.capacity_bps = bps;
}

static void each_kind_has_its_limit_of_debt(void **state)
{
    (void)state;
    /* a full packet takes 1.2 ms at 10 Mbit/s and 12.1 ms at 1 Mbit/s */
    static const struct {
        enum budget_kind kind;
        double bps;
        int64_t most_us;
    } rows[] = {
        { BUDGET_SPARSE, 10e6, 13816 },      { BUDGET_SPARSE, 1e6, 30168 },
        { BUDGET_SPARSE_LARGE, 10e6, 5211 }, { BUDGET_SPARSE_LARGE, 1e6, 16112 },
        { BUDGET_ACK, 1e6, 6000 },           { BUDGET_REPEAT, 1e6, 10000 },
        { BUDGET_CARE, 10e6, 1711 },         { BUDGET_REALTIME, 10e6, 20000 },
        { BUDGET_COPY, 10e6, 13211 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        set_rate(rows[i].bps);
        path->pacer.free_at = at_us(rows[i].most_us);
        assert_true(budget_allows(path, at_us(0), rows[i].kind));
        path->pacer.free_at = at_us(rows[i].most_us + 2);
        assert_false(budget_allows(path, at_us(0), rows[i].kind));
    }
}

static void what_has_not_left_is_owed_too(void **state)
{
    (void)state;
    set_rate(1e6);
    path->pacer.free_at = at_us(0);
    path->pacer.express.bytes = 4 * FRAME_BYTES;
    assert_false(budget_allows(path, at_us(0), BUDGET_SPARSE));
    assert_true(pacer_debt_ns(&path->pacer, at_us(0)) > 48 * NS_PER_MS);
}

static void copies_are_a_twentieth_of_the_path(void **state)
{
    (void)state;
    static const double rates_bps[] = { 1e6, 20e6, 300e6 };
    for (size_t i = 0; i < sizeof rates_bps / sizeof rates_bps[0]; i++) {
        uint64_t bytes = 0;
        path->copies = (struct copies){ .at = at_us(0) };
        set_rate(rates_bps[i]);
        for (int64_t us = 0; us < 10000000; us += 100) {
            path->pacer.free_at = at_us(us);
            for (unsigned k = 0; k < 8; k++)
                bytes += budget_take_copy(path, at_us(us), 500) ? 500 : 0;
        }
        double share = (double)bytes * 8 / 10 / rates_bps[i];
        assert_true(share > 0.045 && share < 0.055);
    }
}

static void nothing_is_copied_while_the_queue_is_ours(void **state)
{
    (void)state;
    set_rate(10e6);
    path->copies = (struct copies){ .at = at_us(-1000000) };
    path->pacer.free_at = at_us(20000);
    assert_false(budget_take_copy(path, at_us(0), 100));
    path->pacer.free_at = at_us(0);
    assert_true(budget_take_copy(path, at_us(0), 100));
}

/* So many flows send packets of a size at a rate of their own each; only what is sparse counts. */
static void send(struct sparse *s, uint32_t *turns, unsigned flows, uint32_t bytes, double flow_bps,
                 int64_t from_us, int64_t to_us)
{
    double step_us = bytes * 8e6 / flow_bps / flows;
    unsigned i = 0;
    for (double us = (double)from_us; us < (double)to_us; us += step_us, i++) {
        struct tstamp now = at_us((int64_t)us);
        sparse_flow(s, now, &turns[i % flows]);
        double recent = bytes / (1 - exp(-(bytes * 8e9 / flow_bps) / s->recent_ns));
        if (sparse_is(s, recent))
            sparse_spend(s, now, bytes, recent, 0);
    }
}

static void many_small_flows_are_not_sparse_all_together(void **state)
{
    (void)state;
    static const struct {
        unsigned flows;
        uint32_t bytes;
        double flow_bps;
    } rows[] = { { 300, 200, 50e3 }, { 100, 68, 160e3 }, { 1000, 100, 40e3 } };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint32_t turns[1000] = { 0 };
        struct sparse s;
        sparse_init(&s);
        s.rate_bps = 10e6;
        double recent = rows[i].flow_bps / 8 / 10;
        assert_true(s.flow_bytes > recent);
        send(&s, turns, rows[i].flows, rows[i].bytes, rows[i].flow_bps, 0, 400000);
        assert_int_equal(s.flows, rows[i].flows);
        assert_true(s.flow_bytes < recent * 1.5);
        double fair = s.rate_bps / 8 / 10 / (rows[i].flows + 1);
        assert_true(s.flow_bytes >= fair / 2);
    }
}

static void a_few_calls_stay_sparse_and_so_they_are_again(void **state)
{
    (void)state;
    uint32_t turns[300] = { 0 };
    struct sparse s;
    sparse_init(&s);
    s.rate_bps = 2e6;
    double whole = s.flow_bytes;
    send(&s, turns, 8, 200, 80e3, 0, 3000000);
    assert_true(s.flow_bytes == whole);
    send(&s, turns, 300, 200, 50e3, 3000000, 4000000);
    assert_true(s.flow_bytes < whole / 4);
    send(&s, turns, 8, 200, 80e3, 4000000, 8000000);
    assert_true(s.flow_bytes > 1103); /* what they have sent in the recent past */
    send(&s, turns, 8, 200, 80e3, 8000000, 24000000);
    assert_true(s.flow_bytes == whole);
}

/* 1000 flows, each with more than a fair share, and a ping with a part of one. */
static void a_ping_among_very_many_is_sparse_and_they_are_not(void **state)
{
    (void)state;
    uint32_t turns[1000] = { 0 };
    struct sparse s;
    sparse_init(&s);
    s.rate_bps = 8e6;
    send(&s, turns, 1000, 60, 16e3, 0, 5000000);
    double each = 60 / (1 - exp(-(60 * 8e9 / 16e3) / s.recent_ns));
    double ping = 84 / (1 - exp(-1e9 / s.recent_ns));
    assert_false(sparse_is(&s, each));
    assert_true(sparse_is(&s, ping));
}

/* What is above the share of those that wait counts tenfold. */
static void few_that_have_more_than_those_that_wait_get_little(void **state)
{
    (void)state;
    struct sparse s;
    sparse_init(&s);
    s.rate_bps = 8e6;
    sparse_spend(&s, at_us(1000000), 0, 0, 0);
    double left = s.left_bytes;
    sparse_spend(&s, at_us(1000000), 100, 1000, 100); /* a share in 100 ms */
    assert_true(s.left_bytes == left - 100);
    sparse_spend(&s, at_us(1000000), 100, 1600, 100);
    assert_true(s.left_bytes == left - 100 - 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_kind_has_its_limit_of_debt, begin, end),
        cmocka_unit_test_setup_teardown(what_has_not_left_is_owed_too, begin, end),
        cmocka_unit_test_setup_teardown(copies_are_a_twentieth_of_the_path, begin, end),
        cmocka_unit_test_setup_teardown(nothing_is_copied_while_the_queue_is_ours, begin, end),
        cmocka_unit_test(many_small_flows_are_not_sparse_all_together),
        cmocka_unit_test(a_few_calls_stay_sparse_and_so_they_are_again),
        cmocka_unit_test(a_ping_among_very_many_is_sparse_and_they_are_not),
        cmocka_unit_test(few_that_have_more_than_those_that_wait_get_little),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
