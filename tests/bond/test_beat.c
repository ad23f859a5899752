/* SPDX-License-Identifier: ISC */
/* Beats, and a path that is quiet. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "bond/events.h"
#include "bond/path/beat.h"
#include "bond/path/path.h"

static struct arena_share memory;
static struct path *path;

static struct tstamp at_ms(int64_t ms)
{
    return (struct tstamp){ ms * NS_PER_MS };
}

static void a_month_of_beats_is_458_mb(void **state)
{
    (void)state;
    static const uint32_t overheads[] = { 28, 48 };
    for (unsigned i = 0; i < 2; i++) {
        const int64_t month_ns = 30 * 86400 * NS_PER_S;
        int64_t beats = 2 * (month_ns / beat_interval_ns(overheads[i]));
        assert_in_range(beats * (WIRE_BEAT_DATAGRAM_BYTES + overheads[i]), 453000000, 463000000);
    }
    assert_in_range(beat_interval_ns(48), 1, 870 * NS_PER_MS); /* a second is the aim */
}

static void jitter_is_allowed_for_within_bounds(void **state)
{
    (void)state;
    assert_int_equal(beat_allowance_ns(0), 20 * NS_PER_MS);
    assert_int_equal(beat_allowance_ns(10 * NS_PER_MS), 40 * NS_PER_MS);
    assert_int_equal(beat_allowance_ns(NS_PER_S), 200 * NS_PER_MS);
}

static void a_question_soon_after_another_is_noticed(void **state)
{
    (void)state;
    struct beat b = { .asked = at_ms(0) };
    beat_heard(&b, at_ms(1000), true);
    assert_false(b.asked_again);
    beat_heard(&b, at_ms(1100), false); /* no question */
    beat_heard(&b, at_ms(1200), true);
    assert_true(b.asked_again);
    beat_heard(&b, at_ms(1500), true);
    assert_false(b.asked_again);
}

static void whatever_comes_ends_the_absence(void **state)
{
    (void)state;
    struct beat b = { .missing = true };
    beat_heard(&b, at_ms(1000), false);
    assert_false(b.missing);
    assert_int_equal(b.heard.ns, at_ms(1000).ns);
}

static void questions_end(void **state)
{
    (void)state;
    struct beat b = { .wanted = false };
    assert_false(beat_asked_one(&b));
    beat_ask(&b);
    unsigned more = 0;
    while (beat_asked_one(&b))
        more++;
    assert_int_equal(more, SUSPECT_PACKETS - 1);
    assert_false(beat_asked_one(&b));
}

/* ---- a quiet path ---- */

static bool take(struct tstamp now, uint64_t largest, uint32_t delay_us)
{
    struct peer_clock clock = { 0 };
    const struct wire_ack ack = { .path = 3,
                                  .largest = (uint32_t)largest,
                                  .delay_us = delay_us,
                                  .time_us = (uint32_t)(now.ns / NS_PER_US),
                                  .range_count = 1,
                                  .time_count = 1,
                                  .ranges = { { 0, 1 } },
                                  .times = { { 1, 0 } } };
    return path_ack(path, now, &ack, false, &clock, &events_ignored);
}

static uint64_t ask(struct tstamp now)
{
    path->probe.wanted = false;
    return path_sent(path, now, 55, true, 0, NULL, false);
}

static void beat(struct tstamp now)
{
    path->beat.wanted = false;
    path_sent(path, now, 55, false, 0, NULL, false);
}

/* A path of 20 ms that has been in use for 2 s. */
static int begin(void **state)
{
    (void)state;
    path = calloc(1, sizeof *path);
    if (path == NULL)
        return -1;
    path_init(path, at_ms(0), 3, &memory);
    events_bring_up(path, at_ms(0));
    for (int64_t ms = 0; ms < 2000; ms += 100)
        if (!take(at_ms(ms + 20), ask(at_ms(ms)), 0))
            return -1;
    path_heard(path, at_ms(2000), false);
    path_tick(path, at_ms(2000), false);
    return path_quiet(path) ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    path_clear(path);
    free(path);
    return memory.used_bytes != 0;
}

/* Every 5 ms from 2 s on; what is asked is answered over another path. */
static void run(int64_t to_ms, bool peer_beats, unsigned *questions, unsigned *beats)
{
    *questions = *beats = 0;
    for (int64_t ms = 2000; ms < to_ms; ms += 5) {
        path_tick(path, at_ms(ms), false);
        if (path->probe.wanted) {
            ++*questions;
            take(at_ms(ms + 4), ask(at_ms(ms)), 0);
        } else if (path->beat.wanted) {
            ++*beats;
            beat(at_ms(ms));
        } else {
            continue;
        }
        if (peer_beats)
            path_heard(path, at_ms(ms), false);
    }
}

static void a_quiet_path_beats(void **state)
{
    (void)state;
    unsigned questions;
    unsigned beats;
    run(62000, true, &questions, &beats);
    assert_in_range(questions, 1, 3);
    assert_in_range(beats, 60000 / 640 - 6, 60000 / 630);
    assert_int_equal(path->life.state, BOND_PATH_UP);
}

/* The peer sees the path otherwise, but it answers: it is asked as often as it would beat. */
static void without_the_peers_beats_it_is_asked(void **state)
{
    (void)state;
    unsigned questions;
    unsigned beats;
    run(12000, false, &questions, &beats);
    assert_in_range(questions, 14, 20);
    assert_in_range(beats, 0, 1);
    assert_int_equal(path->life.state, BOND_PATH_UP);
}

static void missing_beats_bring_questions_then_suspicion(void **state)
{
    (void)state;
    unsigned questions = 0;
    int64_t ms = 2000;
    for (; path->life.state == BOND_PATH_UP && ms < 4000; ms++) {
        path_tick(path, at_ms(ms), false);
        if (path->probe.wanted) {
            assert_true(ms > 2640);
            questions++;
            ask(at_ms(ms));
        } else if (path->beat.wanted) {
            beat(at_ms(ms));
        }
    }
    assert_in_range(questions, SUSPECT_PACKETS, 3 * SUSPECT_PACKETS);
    assert_in_range(ms, 2700, 2760);
}

/* A long path beside another: there is no time for questions. */
static void a_long_path_is_suspected_at_once(void **state)
{
    (void)state;
    path->rtt.srtt_ns = 400 * NS_PER_MS;
    path->rtt.rttvar_ns = 0;
    path->fitness.rtt_most_ns = 440 * NS_PER_MS;
    assert_false(path_tick(path, at_ms(2650), false));
    assert_true(path_tick(path, at_ms(2655), false));
    assert_int_equal(path->life.state, BOND_PATH_SUSPECT);
}

/* While other answers show that what is sent arrives, it is asked. */
static void a_long_path_that_is_answered_is_not(void **state)
{
    (void)state;
    uint64_t pn = ask(at_ms(2100));
    path->rtt.srtt_ns = 400 * NS_PER_MS;
    path->rtt.rttvar_ns = 0;
    path->fitness.rtt_most_ns = 440 * NS_PER_MS;
    take(at_ms(2500), pn, 0);
    assert_false(path_tick(path, at_ms(2700), false));
    assert_int_equal(path->life.state, BOND_PATH_UP);
    assert_true(path->probe.wanted);
}

/* The peer tells on another path that nothing came for longer than a beat may take. */
static void a_peer_that_misses_us_makes_us_ask(void **state)
{
    (void)state;
    uint64_t last = path->flight.pn_next - 1;
    beat(at_ms(2000));
    take(at_ms(2510), last, 600000);
    assert_false(path->probe.wanted);
    take(at_ms(2560), last, 660000);
    assert_true(path->probe.wanted);
    assert_int_equal(path->beat.questions, SUSPECT_PACKETS);
}

#define quiet_test(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_month_of_beats_is_458_mb),
        cmocka_unit_test(jitter_is_allowed_for_within_bounds),
        cmocka_unit_test(a_question_soon_after_another_is_noticed),
        cmocka_unit_test(whatever_comes_ends_the_absence),
        cmocka_unit_test(questions_end),
        quiet_test(a_quiet_path_beats),
        quiet_test(without_the_peers_beats_it_is_asked),
        quiet_test(missing_beats_bring_questions_then_suspicion),
        quiet_test(a_long_path_is_suspected_at_once),
        quiet_test(a_long_path_that_is_answered_is_not),
        quiet_test(a_peer_that_misses_us_makes_us_ask),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
