/* SPDX-License-Identifier: ISC */
/* Who fills a queue, told by what happens to it when we send less; and the window beside cross
 * traffic.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bond/path/cross.h"

#define BASE_NS 20e6
#define SPAN_NS (20 * NS_PER_MS)
#define RTT_NS 40e6
#define DRAIN_NS (200 * NS_PER_MS)
#define DRAINS_EVERY_NS (3 * NS_PER_S)
#define EXPECTED_NS 40e6
#define RATE_BPS 20e6

struct world {
    struct cross cross;
    struct tstamp now;
    uint32_t turn;
};

static struct world world;

/* A delay that swings about delay_ns for so long. */
static void live(struct world *w, int64_t duration_ns, double delay_ns, double swing_ns)
{
    for (int64_t t = 0; t < duration_ns; t += SPAN_NS) {
        w->now = tstamp_add(w->now, SPAN_NS);
        double at = w->turn++ % 20 < 10 ? delay_ns - swing_ns : delay_ns + swing_ns;
        cross_see(&w->cross, w->now, at, RATE_BPS, (double)SPAN_NS);
    }
}

static struct world *begin(void)
{
    struct world *w = &world;
    memset(w, 0, sizeof *w);
    w->now = (struct tstamp){ NS_PER_S };
    live(w, NS_PER_S, BASE_NS, 0);
    return w;
}

/* A drain in which the delay falls by so much, and what it told. */
static enum cross_verdict drain(struct world *w, double delay_ns, double fall_ns)
{
    cross_drain(&w->cross, w->now, tstamp_add(w->now, DRAIN_NS), RTT_NS, EXPECTED_NS, delay_ns);
    assert_int_equal(cross_judge(&w->cross, w->now), CROSS_UNKNOWN); /* not before its end */
    live(w, DRAIN_NS + (int64_t)RTT_NS, delay_ns - fall_ns, 0);
    live(w, 100 * NS_PER_MS, delay_ns, 0);
    return cross_judge(&w->cross, w->now);
}

static void a_queue_that_stays_in_two_drains_is_anothers(void **state)
{
    (void)state;
    struct world *w = begin();
    live(w, DRAINS_EVERY_NS, BASE_NS + 60e6, 12e6);
    assert_true(cross_excess_ns(&w->cross, BASE_NS + 60e6, 0) > 50e6);
    assert_int_equal(drain(w, BASE_NS + 60e6, 8e6), CROSS_UNKNOWN);
    assert_int_equal(cross_judge(&w->cross, w->now), CROSS_UNKNOWN); /* one drain counts once */
    live(w, DRAINS_EVERY_NS, BASE_NS + 60e6, 12e6);
    assert_int_equal(drain(w, BASE_NS + 60e6, 8e6), CROSS_THEIRS);
}

static void two_drains_long_after_one_another_tell_nothing(void **state)
{
    (void)state;
    struct world *w = begin();
    for (int i = 0; i < 3; i++) {
        live(w, 10 * NS_PER_S, BASE_NS + 60e6, 12e6);
        assert_int_equal(drain(w, BASE_NS + 60e6, 8e6), CROSS_UNKNOWN);
    }
}

static void a_queue_that_falls_as_ours_would_is_ours(void **state)
{
    (void)state;
    struct world *w = begin();
    live(w, DRAINS_EVERY_NS, BASE_NS + 60e6, 12e6);
    assert_int_equal(drain(w, BASE_NS + 60e6, 8e6), CROSS_UNKNOWN);
    live(w, DRAINS_EVERY_NS, BASE_NS + 60e6, 12e6);
    assert_int_equal(drain(w, BASE_NS + 60e6, EXPECTED_NS), CROSS_OURS);
    live(w, DRAINS_EVERY_NS, BASE_NS + 60e6, 12e6);
    assert_int_equal(drain(w, BASE_NS + 60e6, 8e6), CROSS_UNKNOWN); /* counted anew */
}

static void a_delay_that_only_stepped_is_nobodys_queue(void **state)
{
    (void)state;
    struct world *w = begin();
    live(w, DRAINS_EVERY_NS, BASE_NS + 30e6, 0);
    cross_drain(&w->cross, w->now, w->now, RTT_NS, 0, BASE_NS + 30e6);
    live(w, DRAINS_EVERY_NS, BASE_NS + 30e6, 2e6);
    assert_true(cross_excess_ns(&w->cross, BASE_NS + 30e6, 0) <= 0);
}

/* Of the two least delays that are remembered the one before the step goes within 30 s. */
static void the_least_delay_is_forgotten(void **state)
{
    (void)state;
    struct world *w = begin();
    live(w, 31 * NS_PER_S, BASE_NS + 30e6, 0);
    assert_true(cross_least_ns(&w->cross) >= BASE_NS + 30e6);
}

static void one_drain_is_enough_for_one_that_was_known(void **state)
{
    (void)state;
    struct world *w = begin();
    cross_begin(&w->cross, w->now, RATE_BPS, RTT_NS);
    live(w, NS_PER_S, BASE_NS, 0);
    assert_true(cross_gone(&w->cross, w->now, RTT_NS));
    cross_end(&w->cross);
    live(w, DRAINS_EVERY_NS, BASE_NS + 60e6, 12e6);
    assert_false(cross_gone(&w->cross, w->now, RTT_NS));
    assert_int_equal(drain(w, BASE_NS + 60e6, 8e6), CROSS_THEIRS);
}

/* RFC 9438, section 4.2: with W_max packets before a loss the window is back there after K. */
static void the_window_is_that_of_cubic(void **state)
{
    (void)state;
    static const double far_rtt_ns = 200e6;      /* where it is faster than Reno */
    static const double before = 100;            /* packets */
    static const double plateau_s = 4.217163327; /* cbrt(100 * 0.3 / 0.4) */
    struct world *w = begin();
    struct cross *v = &w->cross;
    double bps = before * 1514 * 8 * 1e9 / far_rtt_ns;
    v->peak_bps = 0;
    cross_begin(v, w->now, bps, far_rtt_ns);
    w->now = tstamp_add(w->now, NS_PER_S);
    double cut = cross_rate_bps(v, w->now, bps, true, true, (double)SPAN_NS, far_rtt_ns);
    assert_true(cut > 0.699 * bps && cut < 0.701 * bps);
    /* A second loss in the same round trip is the same congestion. */
    assert_true(cross_rate_bps(v, w->now, bps, true, true, 0, far_rtt_ns) > 0.699 * bps);
    double rate = cut;
    double half = 0;
    for (int64_t t = 0; t < (int64_t)(plateau_s * 1e9); t += SPAN_NS) {
        w->now = tstamp_add(w->now, SPAN_NS);
        rate = cross_rate_bps(v, w->now, rate, true, false, (double)SPAN_NS, far_rtt_ns);
        half = t < (int64_t)(plateau_s * 0.5e9) ? rate : half;
    }
    assert_true(half > 0.94 * bps && half < 0.98 * bps); /* 1 - .3 / 8 */
    assert_true(rate > 0.99 * bps && rate < 1.02 * bps);
    /* It does not grow while it is not in use. */
    for (int i = 0; i < 100; i++) {
        w->now = tstamp_add(w->now, SPAN_NS);
        double idle =
            cross_rate_bps(v, w->now, rate / 10, false, false, (double)SPAN_NS, far_rtt_ns);
        assert_true(idle <= rate * 1.001);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_queue_that_stays_in_two_drains_is_anothers),
        cmocka_unit_test(two_drains_long_after_one_another_tell_nothing),
        cmocka_unit_test(a_queue_that_falls_as_ours_would_is_ours),
        cmocka_unit_test(a_delay_that_only_stepped_is_nobodys_queue),
        cmocka_unit_test(the_least_delay_is_forgotten),
        cmocka_unit_test(one_drain_is_enough_for_one_that_was_known),
        cmocka_unit_test(the_window_is_that_of_cubic),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
