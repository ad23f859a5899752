/* SPDX-License-Identifier: ISC */
/* Losses that depend on the rate against those that do not, window by window, in virtual time. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "bond/path/policer.h"

enum { PACKET_BYTES = 1514 };

#define RTT_NS (40 * NS_PER_MS)
#define WINDOW_NS (20 * NS_PER_MS)

/* A line with a token bucket, and noise. */
struct line {
    double rate_bps;     /* of the tokens; 0: there is no bucket */
    double bucket_bytes; /* room in it */
    double loss;
    double burst; /* mean number of packets lost together */
};

static struct policer policer;
static struct line line;
static struct rng draws;
static struct tstamp now;
static double tokens;
static uint64_t next_pn;
static bool bad; /* in a burst of losses */
static double capacity_bps;
static double sent, dropped, delivered_bytes, since_s;

static void begin(const struct line *l, double bps)
{
    memset(&policer, 0, sizeof policer);
    line = *l;
    draws = (struct rng){ 3 };
    now = (struct tstamp){ NS_PER_S };
    tokens = l->bucket_bytes;
    next_pn = 0;
    bad = false;
    capacity_bps = bps;
}

static bool passes(double gap_ns)
{
    tokens = fmin(tokens + gap_ns * line.rate_bps / 8e9, line.bucket_bytes);
    double chance = rng_unit(&draws);
    if (line.burst > 1 && bad)
        bad = chance >= 1 / line.burst;
    else if (line.burst > 1)
        bad = chance < line.loss / (line.burst * (1 - line.loss));
    else
        bad = chance < line.loss;
    if (line.rate_bps > 0 && tokens < PACKET_BYTES)
        return false;
    tokens -= PACKET_BYTES;
    return !bad;
}

/* One window at the pace that the policer allows, as rate.c sends it. */
static enum policer_verdict run_window(void)
{
    double pace_bps = fmin(capacity_bps * 1.05, policer_most_bps(&policer));
    double gap_ns = PACKET_BYTES * 8e9 / pace_bps;
    struct policer_window w = { .first_sent = now, .loaded = true, .steady = true };
    for (; w.span_ns < (double)WINDOW_NS; w.span_ns += gap_ns, next_pn++) {
        if (passes(gap_ns)) {
            w.packets++;
            w.bytes += PACKET_BYTES;
        } else {
            w.lost++;
            w.lost_bytes += PACKET_BYTES;
            policer_lost(&policer, next_pn);
        }
    }
    sent += w.packets + w.lost;
    dropped += w.lost;
    delivered_bytes += w.bytes;
    since_s += w.span_ns / 1e9;
    now = tstamp_add(now, (int64_t)w.span_ns);
    enum policer_verdict verdict =
        policer_see(&policer, tstamp_add(now, RTT_NS), &w, &capacity_bps, (double)RTT_NS);
    if (policer.state == POLICER_LIMITED)
        capacity_bps = policer.ceiling_bps;
    return verdict;
}

static void run(double seconds)
{
    struct tstamp end = tstamp_add(now, (int64_t)(seconds * 1e9));
    sent = dropped = delivered_bytes = since_s = 0;
    while (tstamp_before(now, end))
        run_window();
}

static void a_token_rate_is_found_and_kept(void **state)
{
    static const struct line lines[] = { { 10e6, 15e3 }, { 10e6, 64e3 },   { 10e6, 250e3 },
                                         { 3e6, 15e3 },  { 3e6, 64e3 },    { 50e6, 500e3 },
                                         { 90e6, 64e3 }, { 300e6, 1000e3 } };
    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        for (double over = 1.05; over < 1.3; over += 0.1) {
            begin(&lines[i], over * lines[i].rate_bps);
            run(15);
            run(30);
            double share = delivered_bytes * 8 / since_s / lines[i].rate_bps;
            print_message("%.0f Mbit/s, %.0f kB, begun at %.2f: %.3f of it, %.4f dropped\n",
                          lines[i].rate_bps / 1e6, lines[i].bucket_bytes / 1e3, over, share,
                          dropped / sent);
            assert_true(policer_rules(&policer));
            assert_true(share > 0.93);
            assert_true(dropped / sent < 0.02);
        }
}

static void noise_is_no_limit(void **state)
{
    static const struct line lines[] = { { .loss = 0.01 },
                                         { .loss = 0.03 },
                                         { .loss = 0.1 },
                                         { .loss = 0.03, .burst = 3 },
                                         { .loss = 0.02, .burst = 6 } };
    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        begin(&lines[i], 20e6);
        run(60);
        double share = delivered_bytes * 8 / since_s / (21e6 * (1 - lines[i].loss));
        print_message("loss %.2f, burst %.0f: %.3f\n", lines[i].loss, lines[i].burst, share);
        assert_true(share > 0.98);
    }
}

/* The bucket was full as the test began: more is lost in it, and it begins again with less. */
static void a_rate_above_the_tokens_is_tried_anew(void **state)
{
    (void)state;
    struct line l = { 30e6, 250e3, .loss = 0 };
    begin(&l, 45e6);
    run(4);
    assert_true(policer.state == POLICER_LIMITED);
    assert_true(policer.ceiling_bps < 1.1 * l.rate_bps);
}

static void a_limit_that_goes_is_left(void **state)
{
    (void)state;
    struct line l = { 10e6, 64e3, .loss = 0 };
    begin(&l, 11e6);
    run(10);
    assert_true(policer.state == POLICER_LIMITED);
    line.rate_bps = 0;
    run(12);
    assert_true(capacity_bps > 20e6);
}

/* What the losses under a ceiling are when they do not go with it. */
static void a_limit_that_becomes_noise_is_left(void **state)
{
    (void)state;
    struct line l = { 10e6, 64e3, .loss = 0 };
    begin(&l, 11e6);
    run(10);
    line = (struct line){ .loss = 0.05 };
    run(10);
    assert_true(policer.state == POLICER_NONE);
    assert_true(capacity_bps > 9e6);
}

static void a_restart_forgets_the_ceiling(void **state)
{
    (void)state;
    struct line l = { 10e6, 64e3, .loss = 0 };
    begin(&l, 11e6);
    run(10);
    assert_true(policer_most_bps(&policer) < 11e6);
    policer_restart(&policer, now);
    assert_true(isinf(policer_most_bps(&policer)));
}

/* Verdicts that were taken back are no losses. */
static void late_packets_are_no_losses(void **state)
{
    (void)state;
    begin(&(struct line){ .loss = 0 }, 20e6);
    for (int i = 0; i < 200; i++) {
        for (uint64_t k = 0; k < 3; k++)
            policer_lost(&policer, next_pn + 4 * k);
        for (int k = 0; k < 3; k++)
            policer_found(&policer);
        run_window();
    }
    assert_true(policer.usual_runs == 0);
    assert_true(policer.state == POLICER_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token_rate_is_found_and_kept),
        cmocka_unit_test(noise_is_no_limit),
        cmocka_unit_test(a_rate_above_the_tokens_is_tried_anew),
        cmocka_unit_test(a_limit_that_goes_is_left),
        cmocka_unit_test(a_limit_that_becomes_noise_is_left),
        cmocka_unit_test(a_restart_forgets_the_ceiling),
        cmocka_unit_test(late_packets_are_no_losses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
