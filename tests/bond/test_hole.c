/* SPDX-License-Identifier: ISC */
/* Large datagrams that vanish while others arrive, and what is lost alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bond/events.h"

enum { SMALL = 100, LARGE = 1514, TAG = 7 };

static struct arena_share memory;
static struct path *path;
static struct {
    unsigned holes, tags;
    bool alone;
} seen;

static void on_lost(void *arg, struct path *p, struct segment *s)
{
    (void)arg;
    (void)p;
    (void)s;
}

static void on_tagged(void *arg, struct path *p, uint32_t tag, bool acked, bool alone)
{
    (void)arg;
    (void)p;
    assert_int_equal(tag, TAG);
    assert_false(acked);
    seen.tags++;
    seen.alone = alone;
}

static void on_hole(void *arg, struct path *p)
{
    (void)arg;
    (void)p;
    seen.holes++;
}

static struct tstamp at_ms(int64_t ms)
{
    return (struct tstamp){ NS_PER_S + ms * NS_PER_MS };
}

static int begin(void **state)
{
    (void)state;
    memset(&seen, 0, sizeof seen);
    path = calloc(1, sizeof *path);
    if (path == NULL)
        return -1;
    path_init(path, at_ms(0), 3, &memory);
    path->config.datagram_bytes = 1472;
    events_bring_up(path, at_ms(0));
    return 0;
}

static int end(void **state)
{
    (void)state;
    path_clear(path);
    free(path);
    return memory.used_bytes != 0;
}

static uint64_t send(int64_t ms, uint32_t wire_bytes, uint32_t tag)
{
    return path_sent(path, at_ms(ms), wire_bytes, true, tag, NULL, false);
}

/* That number alone arrives. */
static void arrives(int64_t ms, uint64_t pn)
{
    static const struct path_events events = { .lost = on_lost,
                                               .tagged = on_tagged,
                                               .hole = on_hole };
    static struct peer_clock clock;
    const struct wire_ack ack = { .path = 3,
                                  .largest = (uint32_t)pn,
                                  .time_us = (uint32_t)(at_ms(ms).ns / NS_PER_US),
                                  .range_count = 1,
                                  .time_count = 1,
                                  .ranges = { { 0, 1 } },
                                  .times = { { 1, 0 } } };
    assert_true(path_ack(path, at_ms(ms), &ack, true, &clock, &events));
}

static void a_hole_is_told_after_three(void **state)
{
    (void)state;
    for (int64_t i = 0; i < 9; i++) {
        send(20 * i, LARGE, 0);
        arrives(20 * i + 15, send(20 * i + 5, SMALL, 0));
        assert_int_equal(seen.holes, (i + 1) / 3);
    }
}

static void one_large_datagram_disproves_it(void **state)
{
    (void)state;
    for (int64_t i = 0; i < 90; i++) {
        send(20 * i, LARGE, 0);
        arrives(20 * i + 15, send(20 * i + 5, i % 3 == 2 ? LARGE : SMALL, 0));
    }
    assert_int_equal(seen.holes, 0);
    /* It says nothing of one that is larger than itself. */
    for (int64_t i = 100; i < 103; i++) {
        send(20 * i, LARGE, 0);
        arrives(20 * i + 15, send(20 * i + 5, LARGE - 1, 0));
    }
    assert_int_equal(seen.holes, 1);
}

/* What the path carried before is where its rate is looked for again. */
static void what_a_hole_took_is_forgiven(void **state)
{
    (void)state;
    path->rate.capacity_bps = 50e6;
    path->rate.phase = RATE_STEADY;
    for (int64_t i = 0; i < 20; i++) {
        send(20 * i, LARGE, 0);
        arrives(20 * i + 15, send(20 * i + 5, SMALL, 0));
    }
    path->rate.capacity_bps = 1e6;
    path_unfit(path, at_ms(500), PATH_LOSSY);
    path_forgive_losses(path, at_ms(510));
    assert_int_equal(path->life.state, BOND_PATH_UP);
    assert_true(path->rate.loss == 0);
    assert_true(path->rate.capacity_bps >= 25e6);
}

static void losses_without_a_hole_stand(void **state)
{
    (void)state;
    send(0, LARGE, 0);
    send(1, SMALL, 0);
    arrives(20, send(2, LARGE, 0));
    path_unfit(path, at_ms(30), PATH_LOSSY);
    path_forgive_losses(path, at_ms(40));
    assert_int_equal(path->life.state, BOND_PATH_PROBING);
}

static void alone_is_what_others_survive(void **state)
{
    (void)state;
    static const struct {
        int64_t later_ms; /* when the next leaves */
        bool alone;
    } table[] = { { 2, true }, { 8, true }, { 24, true }, { 25, false }, { 300, false } };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        int64_t ms = 1000 * (int64_t)i;
        send(ms, LARGE, TAG);
        arrives(ms + 500, send(ms + table[i].later_ms, SMALL, 0));
        assert_int_equal(seen.tags, i + 1);
        assert_int_equal(seen.alone, table[i].alone);
    }
    assert_int_equal(seen.holes, 0); /* probes are no evidence of one */
}

/* So that a lost probe is noticed, and what became of others is known. */
static void a_probe_is_followed_by_a_small_one(void **state)
{
    (void)state;
    path->probe.at = TSTAMP_NEVER;
    send(0, LARGE, TAG);
    path_tick(path, at_ms(7), false);
    assert_false(path->probe.wanted);
    assert_true(tstamp_reached(path_deadline(path), at_ms(8)));
    path_tick(path, at_ms(8), false);
    assert_true(path->probe.wanted);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_hole_is_told_after_three, begin, end),
        cmocka_unit_test_setup_teardown(one_large_datagram_disproves_it, begin, end),
        cmocka_unit_test_setup_teardown(what_a_hole_took_is_forgiven, begin, end),
        cmocka_unit_test_setup_teardown(losses_without_a_hole_stand, begin, end),
        cmocka_unit_test_setup_teardown(alone_is_what_others_survive, begin, end),
        cmocka_unit_test_setup_teardown(a_probe_is_followed_by_a_small_one, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
