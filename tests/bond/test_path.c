/* SPDX-License-Identifier: ISC */
/* The sending side of one path: pacer, round trips, losses, suspicion and return. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "bond/events.h"
#include "bond/packet.h"
#include "bond/path/path.h"

enum { POOL = 16384, WIRE_BYTES = 1500, SEEN_MAX = 1 << 17 };

static struct pkt_pool *pool;
static struct arena_share memory;
static struct path *path;
static struct peer_clock peer_clock;

/* What the path told through its events. */
static struct {
    uint64_t lost[SEEN_MAX]; /* sequence of the segment */
    size_t lost_count;
    uint32_t acked_tag, lost_tag;
    bool lost_alone;
    size_t tags;
    size_t holes;
} seen;

static void on_lost(void *arg, struct path *p, struct segment *s)
{
    (void)arg;
    (void)p;
    assert_true(seen.lost_count < SEEN_MAX);
    seen.lost[seen.lost_count++] = s->sequence;
    pkt_put(s->pkt);
}

static void on_tagged(void *arg, struct path *p, uint32_t tag, bool acked, bool alone)
{

    (void)arg;
    (void)p;
    *(acked ? &seen.acked_tag : &seen.lost_tag) = tag;
    seen.lost_alone = !acked && alone;
    seen.tags++;
}

static void on_hole(void *arg, struct path *p)
{
    (void)arg;
    (void)p;
    seen.holes++;
}

static const struct path_events events = { .lost = on_lost, .tagged = on_tagged, .hole = on_hole };

static struct tstamp at_us(int64_t us)
{
    return (struct tstamp){ NS_PER_S + us * NS_PER_US };
}

static struct tstamp at_ms(int64_t ms)
{
    return at_us(ms * 1000);
}

static int begin(void **state)
{
    (void)state;
    memset(&seen, 0, sizeof seen);
    peer_clock = (struct peer_clock){ 0 };
    pool = pkt_pool_new(POOL, 0);
    path = calloc(1, sizeof *path);
    if (pool == NULL || path == NULL)
        return -1;
    path_init(path, at_ms(0), 3, &memory);
    events_bring_up(path, at_ms(0));
    return 0;
}

static int end(void **state)
{
    (void)state;
    path_clear(path);
    size_t used = pkt_pool_used(pool) + memory.used_bytes;
    free(path);
    pkt_pool_free(pool);
    return used != 0;
}

static void set_pace(struct tstamp now, double bps)
{
    path->rate.phase = RATE_START;
    path->rate.capacity_bps = bps;
    path_set_pace(path, now);
}

/* Sends a data segment whose sequence is its packet number. */
static uint64_t send(struct tstamp now)
{
    struct segment s = { .pkt = packet_udp(pool, 1, 0, 100),
                         .sequence = (uint32_t)path->flight.pn_next,
                         .bytes = 100 };
    if (memory.wanted) /* as the bond lets it, before each packet */
        path_grow(path);
    memory.wanted = false;
    return path_sent(path, now, WIRE_BYTES, true, 0, &s, false);
}

static void send_many(struct tstamp now, unsigned count)
{
    while (count-- > 0)
        send(now);
}

/* An acknowledgement of the numbers from first to last; came: when the last arrived there. */
static struct wire_ack ack_of(uint64_t first, uint64_t last, struct tstamp came)
{
    return (struct wire_ack){ .path = 3,
                              .largest = (uint32_t)last,
                              .time_us = (uint32_t)(came.ns / NS_PER_US),
                              .range_count = 1,
                              .time_count = 1,
                              .ranges = { { 0, (uint32_t)(last - first + 1) } },
                              .times = { { 1, 0 } } };
}

static bool take(struct tstamp now, const struct wire_ack *ack)
{
    return path_ack(path, now, ack, true, &peer_clock, &events);
}

static bool ack(struct tstamp now, uint64_t first, uint64_t last)
{
    struct wire_ack a = ack_of(first, last, now);
    return take(now, &a);
}

/* ---- pacer ---- */

static void acknowledgements_run_up_no_debt(void **state)
{
    (void)state;
    set_pace(at_ms(0), 1e6);
    for (unsigned i = 0; i < 1000; i++)
        path_sent(path, at_ms(0), 200, false, 0, NULL, false);
    assert_true(tstamp_sub(path->pacer.free_at, at_ms(0)) <= 2 * PATH_CREDIT_NS);
    assert_int_equal(path->flight.count, 0);
    assert_true(path->flight.oldest == path->flight.pn_next);
}

/* ---- round trips ---- */

static void round_trips_are_smoothed_as_in_rfc6298(void **state)
{
    (void)state;
    static const int64_t rtts_ms[] = { 40, 40, 60, 20, 100, 45, 45, 45, 300, 41 };
    double srtt = 0, rttvar = 0, least = 1e9;
    for (size_t i = 0; i < sizeof rtts_ms / sizeof *rtts_ms; i++) {
        double rtt = (double)rtts_ms[i] * 1e6;
        struct tstamp sent = at_ms((int64_t)i * 1000);
        uint64_t pn = send(sent);
        assert_true(ack(tstamp_add(sent, rtts_ms[i] * NS_PER_MS), pn, pn));
        if (i == 0) {
            srtt = rtt;
            rttvar = rtt / 2;
        } else {
            double error = rtt > srtt ? rtt - srtt : srtt - rtt;
            rttvar = 0.75 * rttvar + 0.25 * error;
            srtt = 0.875 * srtt + 0.125 * rtt;
        }
        least = rtt < least ? rtt : least;
        assert_true(path->rtt.srtt_ns > (int64_t)srtt - 100 &&
                    path->rtt.srtt_ns < (int64_t)srtt + 100);
        assert_true(path->rtt.rttvar_ns > (int64_t)rttvar - 100 &&
                    path->rtt.rttvar_ns < (int64_t)rttvar + 100);
        assert_int_equal(path->rtt.least_ns, (int64_t)least);
    }
}

static void the_receivers_delay_is_taken_off(void **state)
{
    (void)state;
    uint64_t pn = send(at_ms(0));
    struct wire_ack a = ack_of(pn, pn, at_ms(20));
    a.delay_us = 5000;
    take(at_ms(45), &a);
    assert_int_equal(path->rtt.srtt_ns, 40 * NS_PER_MS);
    /* The same one again, later, is no sample. */
    take(at_ms(500), &a);
    assert_int_equal(path->rtt.srtt_ns, 40 * NS_PER_MS);
    /* A delay longer than the round trip is a lie. */
    pn = send(at_ms(600));
    a = ack_of(pn, pn, at_ms(620));
    a.delay_us = 4000000;
    take(at_ms(640), &a);
    assert_int_equal(path->rtt.srtt_ns, 40 * NS_PER_MS);
}

/* ---- losses ---- */

static void three_later_packets_tell_a_loss(void **state)
{
    (void)state;
    send_many(at_ms(0), 4);
    ack(at_ms(20), 1, 2);
    assert_int_equal(seen.lost_count, 0);
    ack(at_ms(20), 1, 3);
    assert_int_equal(seen.lost_count, 1);
    assert_int_equal(seen.lost[0], 0);
    assert_int_equal(path->flight.count, 0);
    assert_int_equal(path->flight.bytes, 0);
    assert_true(path->rate.loss > 0);
}

static void a_packet_sent_a_millisecond_later_tells_it_too(void **state)
{
    (void)state;
    send(at_us(0));
    send(at_us(999));
    ack(at_ms(20), 1, 1);
    assert_int_equal(seen.lost_count, 0);
    send(at_us(1000));
    ack(at_ms(21), 1, 2);
    assert_int_equal(seen.lost_count, 1);
}

static void a_late_acknowledgement_of_a_lost_packet_is_harmless(void **state)
{
    (void)state;
    send_many(at_ms(0), 5);
    ack(at_ms(20), 1, 4);
    assert_int_equal(seen.lost_count, 1);
    ack(at_ms(30), 0, 4);
    assert_int_equal(seen.lost_count, 1);
    assert_int_equal(path->flight.bytes, 0);
}

static void tags_tell_what_became_of_control(void **state)
{
    (void)state;
    path_sent(path, at_ms(0), 100, true, 77, NULL, false);
    path_sent(path, at_ms(0), 100, true, 78, NULL, false);
    send_many(at_ms(5), 3);
    ack(at_ms(20), 1, 4);
    assert_int_equal(seen.tags, 2);
    assert_int_equal(seen.lost_tag, 77);
    assert_int_equal(seen.acked_tag, 78);
    assert_int_equal(seen.lost_count, 0); /* there is nothing to repeat */
    assert_true(path->rate.loss == 0);    /* nor a loss of data */
}

static void what_is_overwritten_is_forgotten(void **state)
{
    (void)state;
    send_many(at_ms(0), PATH_SENT_MAX + 100);
    assert_int_equal(path->flight.count, PATH_SENT_MAX);
    assert_int_equal(path->flight.bytes, PATH_SENT_MAX * WIRE_BYTES);
    assert_int_equal(pkt_pool_used(pool), PATH_SENT_MAX);
    ack(at_ms(20), 0, PATH_SENT_MAX + 99);
    assert_int_equal(path->flight.count, 0);
    assert_int_equal(path->flight.bytes, 0);
    assert_int_equal(pkt_pool_used(pool), 0);
}

static void an_abandoned_path_gives_its_packets_back(void **state)
{
    (void)state;
    send_many(at_ms(0), 10);
    ack(at_ms(20), 0, 3);
    path_abandon(path, &events);
    assert_int_equal(seen.lost_count, 6);
    assert_int_equal(pkt_pool_used(pool), 0);
    path_abandon(path, &events);
    assert_int_equal(seen.lost_count, 6);
    /* They are known until they are acknowledged, and tell of the path. */
    assert_int_equal(path->flight.count, 6);
    ack(at_ms(30), 0, 9);
    assert_int_equal(path->flight.count, 0);
    assert_int_equal(seen.lost_count, 6);
}

/* ---- acknowledgements that are wrong ---- */

static void numbers_never_sent_are_refused(void **state)
{
    (void)state;
    assert_false(ack(at_ms(0), 0, 0));
    send_many(at_ms(0), 10);
    assert_false(ack(at_ms(20), 0, 10));
    assert_false(ack(at_ms(20), 0, 1000));
    assert_false(ack(at_ms(20), 0xffffff00, 0xffffffff));
    assert_int_equal(path->flight.count, 10);
    assert_int_equal(path->rtt.srtt_ns, 0);
}

static void random_acknowledgements_do_no_harm(void **state)
{
    (void)state;
    struct rng random = { 21 };
    uint64_t sent = 0;
    for (unsigned i = 0; i < 30000; i++) {
        struct tstamp now = at_us(i * 100);
        for (uint64_t n = rng_below(&random, 4); n > 0; n--, sent++)
            send(now);
        struct wire_ack a = { .path = 3,
                              .largest =
                                  (uint32_t)(path->flight.pn_next - 20 + rng_below(&random, 24)),
                              .time_us = (uint32_t)rng_next(&random),
                              .delay_us = (uint32_t)rng_next(&random) };
        a.range_count = (uint8_t)(1 + rng_below(&random, WIRE_ACK_RANGES_MAX));
        a.time_count = (uint8_t)(1 + rng_below(&random, WIRE_ACK_TIMES_MAX));
        unsigned shift = (unsigned)rng_below(&random, 32);
        for (unsigned k = 0; k < a.range_count; k++)
            a.ranges[k] =
                (struct wire_ack_range){ (uint32_t)rng_next(&random) >> shift,
                                         1 + ((uint32_t)rng_next(&random) >> (shift | 1)) };
        for (unsigned k = 0; k < a.time_count; k++)
            a.times[k] = (struct wire_ack_time){ 1 + (uint32_t)rng_below(&random, 9),
                                                 (int32_t)rng_next(&random) };
        take(now, &a);
        path_tick(path, now, false);
        assert_int_equal(path->flight.bytes, path->flight.count * WIRE_BYTES);
        assert_int_equal(pkt_pool_used(pool), path->flight.count);
        assert_true(rate_pace_bps(&path->rate, now) > 0);
    }
    ack(at_ms(4000), path->flight.oldest, path->flight.pn_next - 1);
    assert_int_equal(path->flight.count, 0);
    assert_true(path->flight.oldest == path->flight.pn_next);
}

/* ---- suspicion and return ---- */

/* Ticks at every deadline until a time; probes are sent and, with an answer time, answered. */
static unsigned run(int64_t from_ms, int64_t to_ms, int64_t answer_ms)
{
    unsigned probes = 0;
    for (struct tstamp now = at_ms(from_ms); !tstamp_before(at_ms(to_ms), now);) {
        path_tick(path, now, false);
        if (path->probe.wanted) {
            path->probe.wanted = false;
            probes++;
            uint64_t pn = path_sent(path, now, 60, true, 0, NULL, false);
            if (answer_ms > 0) {
                struct tstamp then = tstamp_add(now, answer_ms * NS_PER_MS);
                ack(then, pn, pn);
                path_tick(path, then, false);
            }
        }
        struct tstamp next = path_deadline(path);
        assert_true(tstamp_before(now, next)); /* or the caller would spin */
        now = next;
    }
    return probes;
}

/* Some round trips of 20 ms, beside traffic. */
static void warm_up(void)
{
    path_set_brisk(path, at_ms(0), true);
    for (int64_t ms = 0; ms < 2000; ms += 100) {
        uint64_t pn = send(at_ms(ms));
        ack(at_ms(ms + 20), pn, pn);
    }
    path_tick(path, at_ms(2000), false);
    assert_int_equal(path->life.state, BOND_PATH_UP);
}

static void an_idle_path_is_probed_twice_a_second(void **state)
{
    (void)state;
    warm_up();
    assert_in_range(run(2000, 12000, 20), 18, 22);
    assert_int_equal(path->life.state, BOND_PATH_UP);
}

static void three_overdue_packets_make_it_suspect(void **state)
{
    (void)state;
    warm_up();
    int64_t patience_ms = path_patience_ns(path) / NS_PER_MS;
    assert_in_range(patience_ms, 20 + 15, 100);
    send_many(at_ms(2100), 2);
    struct tstamp limit = at_ms(2100 + patience_ms + 1);
    path_tick(path, limit, false);
    assert_int_equal(path->life.state, BOND_PATH_UP); /* two are no suspicion */
    assert_true(path->probe.wanted);                  /* but a question */
    send(at_ms(2101));
    assert_false(path_tick(path, at_ms(2101 + patience_ms / 2), false));
    path->probe.alarm = at_ms(2102 + patience_ms);
    assert_true(path_tick(path, at_ms(2102 + patience_ms), false));
    assert_int_equal(path->life.state, BOND_PATH_SUSPECT);
}

/*
 * Some answers took seconds, and the SRTT is still high. Beside other paths nobody waits that long;
 * but while answers come it is slow, not dead.
 */
static void an_srtt_of_seconds_does_not_hide_a_dead_path(void **state)
{
    (void)state;
    warm_up();
    path->rtt.srtt_ns = 2 * NS_PER_S;
    path->fitness.rtt_most_ns = 440 * NS_PER_MS;
    assert_int_equal(path_patience_ns(path), 440 * NS_PER_MS);
    send_many(at_ms(2100), 5);
    path->probe.alarm = at_ms(2530);
    assert_false(path_tick(path, at_ms(2530), false));
    ack(at_ms(2535), path->flight.pn_next - 5, path->flight.pn_next - 5);
    path->probe.alarm = at_ms(2600);
    assert_false(path_tick(path, at_ms(2600), false)); /* four are overdue, but one has just come */
    path->probe.alarm = at_ms(2980);
    assert_true(path_tick(path, at_ms(2980), false));
    assert_int_equal(path->life.state, BOND_PATH_SUSPECT);
}

/* With nothing to send the probes find a cut within a second. */
static void an_idle_path_is_found_dead_by_probes(void **state)
{
    (void)state;
    warm_up();
    run(2000, 3000, 0);
    assert_true(path->life.state == BOND_PATH_SUSPECT || path->life.state == BOND_PATH_DOWN);
}

static void a_dead_path_is_probed_ever_more_slowly(void **state)
{
    (void)state;
    warm_up();
    run(2000, 3000, 0);
    unsigned first = run(3000, 4000, 0);
    assert_int_equal(path->life.state, BOND_PATH_DOWN);
    run(4000, 10000, 0);
    unsigned last = run(10000, 20000, 0);
    assert_in_range(last, 19, 21); /* two a second: a return shows within one */
    assert_true(first <= 10);
}

static void one_answer_clears_a_suspicion(void **state)
{
    (void)state;
    warm_up();
    double before = path->rate.capacity_bps;
    send_many(at_ms(2000), 3);
    path_event(path, at_ms(2050), LIFE_DOUBT);
    struct wire_ack a = ack_of(20, 22, at_ms(2020)); /* sent before it */
    take(at_ms(2060), &a);
    assert_true(path_tick(path, at_ms(2060), false));
    assert_int_equal(path->life.state, BOND_PATH_UP);
    assert_true(path->rate.capacity_bps >= before); /* the rate is kept */
}

/*
 * What came before the path died may be acknowledged late, on another path: it need not be
 * repeated, but what is still missing leaves the path suspect.
 */
static void leftovers_do_not_clear_a_suspicion(void **state)
{
    (void)state;
    warm_up();
    send_many(at_ms(2000), 8);
    path_event(path, at_ms(2080), LIFE_DOUBT);
    path_abandon(path, &events);
    struct segment came = { .left_on = (uint8_t)(path->id + 1), .left_pn = 20 };
    struct segment missing = { .left_on = (uint8_t)(path->id + 1), .left_pn = 23 };
    assert_false(flight_came(&path->flight, &came, path->id));
    struct wire_ack a = ack_of(20, 22, at_ms(2020));
    a.delay_us = 60000;
    take(at_ms(2090), &a);
    assert_false(path_tick(path, at_ms(2090), false));
    assert_int_equal(path->life.state, BOND_PATH_SUSPECT);
    assert_true(flight_came(&path->flight, &came, path->id));
    assert_false(flight_came(&path->flight, &missing, path->id));
    uint64_t pn = path_sent(path, at_ms(2100), 60, true, 0, NULL, false);
    ack(at_ms(2120), pn, pn);
    path_tick(path, at_ms(2120), false);
    assert_int_equal(path->life.state, BOND_PATH_UP);
}

static void a_dead_path_returns_after_three_answers(void **state)
{
    (void)state;
    warm_up();
    run(2000, 5000, 0);
    assert_int_equal(path->life.state, BOND_PATH_DOWN);
    for (unsigned answers = 1; answers <= 3; answers++) {
        struct tstamp now = at_ms(6000 + 100 * answers);
        uint64_t pn = path_sent(path, now, 60, true, 0, NULL, false);
        struct tstamp then = tstamp_add(now, 20 * NS_PER_MS);
        ack(then, pn, pn);
        assert_int_equal(path_tick(path, then, false), answers == 3);
        assert_int_equal(path->life.state, answers == 3 ? BOND_PATH_UP : BOND_PATH_DOWN);
    }
    assert_int_equal(path->rate.phase, RATE_START);
    assert_int_equal(path->flight.bytes, 0);
}

/* Answers three probes, one every 100 ms, after so long each; the state then. */
static enum bond_path_state answer_three(int64_t from_ms, int64_t delay_ms)
{
    for (int64_t ms = from_ms; ms < from_ms + 600; ms += 200) {
        uint64_t pn = path_sent(path, at_ms(ms), 60, true, 0, NULL, false);
        ack(at_ms(ms + delay_ms), pn, pn);
        path_tick(path, at_ms(ms + delay_ms), false);
    }
    return path->life.state;
}

/* The clocks of two hosts have nothing in common: a delay of 0 would be better or worse than all.
 */
static void a_returned_path_knows_its_delay(void **state)
{
    (void)state;
    warm_up();
    double before_ns = path->rate.owd_ns;
    run(2000, 5000, 0);
    assert_int_equal(answer_three(6000, 20 + 100), BOND_PATH_UP);
    assert_true(path->rate.owd_known);
    assert_true(fabs(path->rate.owd_ns - before_ns - 100e6) < 1e6);
}

static void a_returned_path_begins_at_half_its_rate(void **state)
{
    (void)state;
    warm_up();
    path->rate.capacity_bps = 80e6;
    path->rate.phase = RATE_STEADY;
    run(2000, 5000, 0);
    assert_int_equal(answer_three(6000, 20), BOND_PATH_UP);
    assert_int_equal(path->rate.phase, RATE_START);
    assert_true(path->rate.capacity_bps > 39e6 && path->rate.capacity_bps < 41e6);
}

/* Time until the path is up when every probe is answered, ms. */
static int64_t time_to_return(int64_t from_ms)
{
    for (int64_t ms = from_ms; ms < from_ms + 60000; ms += 10) {
        path_tick(path, at_ms(ms), false);
        if (path->life.state == BOND_PATH_UP)
            return ms - from_ms;
        if (path->probe.wanted) {
            path->probe.wanted = false;
            uint64_t pn = path_sent(path, at_ms(ms), 60, true, 0, NULL, false);
            ack(at_ms(ms + 9), pn, pn);
        }
    }
    return INT64_MAX;
}

static void who_fails_often_is_trusted_more_slowly(void **state)
{
    (void)state;
    int64_t before_ms = 0;
    int64_t ms = 2000;
    warm_up();
    for (unsigned fall = 0; fall < 5; fall++) {
        run(ms, ms + 2000, 0);
        assert_int_equal(path->life.state, BOND_PATH_DOWN);
        int64_t needed_ms = time_to_return(ms + 2000);
        if (fall == 0)
            assert_true(needed_ms <= 1500); /* three probes by the timer alone */
        assert_true(needed_ms >= before_ms);
        before_ms = needed_ms;
        ms += 2000 + needed_ms;
    }
    assert_in_range(before_ms, 4000, 6000);
    /* A minute without a failure is forgiven. */
    run(ms, ms + 60000, 20);
    run(ms + 60000, ms + 62000, 0);
    assert_int_equal(path->life.state, BOND_PATH_DOWN);
    assert_true(time_to_return(ms + 62000) <= 1500);
}

/* Something came over a path that was given up: it is asked at once, not at the next probe. */
static void what_comes_over_a_dead_path_is_a_hint(void **state)
{
    (void)state;
    warm_up();
    run(2000, 10000, 0);
    assert_int_equal(path->life.state, BOND_PATH_DOWN);
    path->probe.wanted = false;
    path->flight.last_sent = at_ms(9900);
    path_heard(path, at_ms(10010), true);
    assert_true(path->probe.wanted);
    path->probe.wanted = false;
    path->flight.last_sent = at_ms(10010);
    path_heard(path, at_ms(10020), true); /* a stream of them does not become a stream of probes */
    assert_false(path->probe.wanted);
}

static void an_old_answer_does_not_raise_the_dead(void **state)
{
    (void)state;
    warm_up();
    send_many(at_ms(2000), 5);
    path_event(path, at_ms(2050), LIFE_DOUBT);
    run(2050, 4000, 0);
    assert_int_equal(path->life.state, BOND_PATH_DOWN);
    uint64_t first = path->flight.pn_next;
    assert_true(path_event(path, at_ms(4000), LIFE_RETRY));
    ack(at_ms(4001), 20, first - 1);
    path_tick(path, at_ms(4001), false);
    assert_int_equal(path->life.state, BOND_PATH_PROBING);
}

static void a_tail_is_followed_by_a_probe(void **state)
{
    (void)state;
    warm_up();
    send(at_ms(2010));
    assert_true(path_deadline(path).ns <= at_ms(2020).ns);
    path->probe.wanted = false;
    path_tick(path, path_deadline(path), false);
    assert_true(path->probe.wanted);
}

static void a_standby_path_is_hardly_probed(void **state)
{
    (void)state;
    warm_up();
    /* A month of probes, which the peer answers over other paths, is less than 1 MB. */
    static const uint32_t outer_bytes[] = { 28, 48 };
    const int64_t month_ms = INT64_C(31) * 86400 * 1000;
    int64_t from_ms = 2000;
    for (unsigned i = 0; i < 2; i++) {
        path->config.overhead_bytes = outer_bytes[i];
        path_event(path, at_ms(from_ms), i == 0 ? LIFE_HOLD : LIFE_SWITCH_ON);
        unsigned probes = run(from_ms, from_ms + month_ms, 20);
        unsigned bytes = probes * (WIRE_HEADER_BYTES + 1 + WIRE_TAG_BYTES + outer_bytes[i]);
        assert_in_range(bytes, 900000, 1000000);
        from_ms += month_ms;
    }
    path->config.passive = true;
    path_event(path, at_ms(from_ms), LIFE_SWITCH_ON);
    assert_int_equal(run(from_ms, from_ms + 600000, 20), 0);
    path->config.passive = false;
    path->config.use = WIRE_PATH_DOWN;
    path_event(path, at_ms(from_ms), LIFE_SWITCH_ON);
    assert_int_equal(run(from_ms, from_ms + 600000, 20), 0);
}

/* CoDel has to know what was lost with it, as with one that is down. */
static void a_closed_path_has_fallen(void **state)
{
    (void)state;
    warm_up();
    double before_bps = path->rate.capacity_bps;
    path_event(path, at_ms(2000), LIFE_CLOSE);
    assert_true(path->fall.fallen);
    assert_true(path->fall.rate_bps == before_bps);
}

/* Neither the probe behind its last packet, nor one that was about to leave. */
static void a_path_that_is_switched_off_sends_no_more(void **state)
{
    (void)state;
    warm_up();
    send_many(at_ms(2000), 5);
    path->probe.wanted = true;
    path->config.use = WIRE_PATH_DOWN;
    assert_true(path_event(path, at_ms(2004), LIFE_HOLD));
    assert_int_equal(run(2004, 600000, 20), 0);
}

static void a_closed_path_has_nothing_to_do(void **state)
{
    (void)state;
    warm_up();
    send_many(at_ms(2000), 5);
    path_event(path, at_ms(2000), LIFE_CLOSE);
    assert_true(tstamp_is_never(path_deadline(path)));
    assert_false(path_tick(path, at_ms(100000), false));
    assert_false(path->probe.wanted);
}

/* ---- out of use for doing harm ---- */

/* Sends the probes that are wanted until end; each is answered after rtt_ns, but for the ones of
 * lost, a bit mask of those that were sent. Returns how many were sent. */
static unsigned answer_probes(struct tstamp *now, struct tstamp end, int64_t rtt_ns, uint64_t lost)
{
    enum { MOST = 64 };
    struct tstamp answer_at[MOST];
    uint64_t pn[MOST];
    unsigned sent = 0, answered = 0;
    for (; tstamp_before(*now, end); *now = tstamp_add(*now, NS_PER_MS)) {
        path_tick(path, *now, false);
        if (path->probe.wanted) {
            bool padded = path->probe.padded;
            assert_true(sent < MOST);
            path->probe.wanted = path->probe.padded = false;
            pn[sent] = path_sent(path, *now, WIRE_BYTES, true, 0, NULL, false);
            if (padded)
                trial_sent(&path->fitness.trial, pn[sent]);
            answer_at[sent++] = tstamp_add(*now, rtt_ns);
        }
        for (; answered < sent && tstamp_reached(answer_at[answered], *now); answered++)
            if ((lost >> answered & 1) == 0)
                assert_true(ack(*now, pn[answered], pn[answered]));
    }
    return sent;
}

static void take_out(struct tstamp now, enum path_fault fault)
{
    warm_up();
    path->fitness.rtt_most_ns = 400 * NS_PER_MS;
    path_unfit(path, now, fault);
    assert_false(path_usable(path));
}

/* Losses have brought its rate down before the verdict; TCP's window was made for more. */
static void a_path_out_of_use_counts_as_what_it_was(void **state)
{
    (void)state;
    warm_up();
    path->rate.range.high_bps = 40e6;
    path->rate.capacity_bps = 10e6;
    path_unfit(path, at_ms(2000), PATH_LOSSY);
    assert_true(path->fall.rate_bps == 40e6);
    path_unfit(path, at_ms(3000), PATH_LATE);
    assert_true(path->fall.rate_bps == 40e6);
    events_bring_up(path, at_ms(4000));
    assert_true(path->rate.capacity_bps == 20e6);
}

static void a_path_out_of_use_returns_after_a_trial(void **state)
{
    struct tstamp now = at_ms(2000);
    (void)state;
    take_out(now, PATH_LOSSY);
    unsigned sent = answer_probes(&now, at_ms(2500), 30 * NS_PER_MS, 1 << 5);
    assert_true(sent >= TRIAL_PACKETS && sent <= TRIAL_PACKETS + 1);
    assert_int_equal(path->life.state, BOND_PATH_UP);
    assert_int_equal(path->fitness.fault, PATH_SOUND);
    assert_true(path->rtt.srtt_ns > 29 * NS_PER_MS && path->rtt.srtt_ns < 31 * NS_PER_MS);
}

static void two_losses_fail_a_trial(void **state)
{
    struct tstamp now = at_ms(2000);
    (void)state;
    take_out(now, PATH_LOSSY);
    unsigned sent = answer_probes(&now, at_ms(2120), 30 * NS_PER_MS, 1 << 2 | 1 << 5);
    assert_int_equal(path->life.state, BOND_PATH_PROBING);
    assert_true(sent < TRIAL_PACKETS); /* the rest of the train is spared */
    answer_probes(&now, at_ms(2600), 30 * NS_PER_MS, 0);
    assert_int_equal(path->life.state, BOND_PATH_UP);
}

static void late_answers_fail_a_trial(void **state)
{
    struct tstamp now = at_ms(2000);
    (void)state;
    take_out(now, PATH_LATE);
    answer_probes(&now, at_ms(3000), 450 * NS_PER_MS, 0);
    assert_int_equal(path->life.state, BOND_PATH_PROBING);
    answer_probes(&now, at_ms(4000), 300 * NS_PER_MS, 0);
    assert_int_equal(path->life.state, BOND_PATH_UP);
}

static void trials_become_rare(void **state)
{
    struct tstamp now = at_ms(2000);
    (void)state;
    take_out(now, PATH_LOSSY);
    now = at_ms(602000);
    path_tick(path, now, false);
    unsigned trains = 0;
    for (; tstamp_before(now, at_ms(662000)); trains++)
        assert_true(answer_probes(&now, tstamp_add(now, 10 * NS_PER_S), NS_PER_MS, 0xff) <
                    TRIAL_PACKETS);
    assert_int_equal(trains, 6);
    assert_int_equal(path->life.state, BOND_PATH_PROBING);
}

/* Also those of a bundle that is repeated, and not what another path has as well. */
static void test_packets_under_way(void **state)
{
    (void)state;
    struct segment whole = { .bytes = 100 };
    struct segment bundle = { .bytes = 300, .bundle = true, .sequence = 3 };
    struct segment copy = { .bytes = 100, .once = true };
    struct segment *all[] = { &whole, &bundle, &copy };
    assert_int_equal(path_packets(path), 0);
    for (size_t i = 0; i < 3; i++) {
        all[i]->pkt = pkt_new(pool, 300);
        pkt_ref(all[i]->pkt);
        assert_true(ring_push(&path->pacer.express, all[i], all[i]->bytes));
        assert_true(ring_push(i == 1 ? &path->pacer.express : &path->pacer.committed, all[i],
                              all[i]->bytes));
    }
    assert_int_equal(path_packets(path), 8);
    for (size_t i = 0; i < 3; i++) {
        pkt_ref(all[i]->pkt);
        path_sent(path, at_ms(1), all[i]->bytes, true, 0, all[i], false);
    }
    assert_int_equal(path_packets(path), 12);
}

#define path_test(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        path_test(test_packets_under_way),
        path_test(acknowledgements_run_up_no_debt),
        path_test(round_trips_are_smoothed_as_in_rfc6298),
        path_test(the_receivers_delay_is_taken_off),
        path_test(three_later_packets_tell_a_loss),
        path_test(a_packet_sent_a_millisecond_later_tells_it_too),
        path_test(a_late_acknowledgement_of_a_lost_packet_is_harmless),
        path_test(tags_tell_what_became_of_control),
        path_test(what_is_overwritten_is_forgotten),
        path_test(an_abandoned_path_gives_its_packets_back),
        path_test(numbers_never_sent_are_refused),
        path_test(random_acknowledgements_do_no_harm),
        path_test(an_idle_path_is_probed_twice_a_second),
        path_test(three_overdue_packets_make_it_suspect),
        path_test(an_srtt_of_seconds_does_not_hide_a_dead_path),
        path_test(an_idle_path_is_found_dead_by_probes),
        path_test(a_dead_path_is_probed_ever_more_slowly),
        path_test(one_answer_clears_a_suspicion),
        path_test(leftovers_do_not_clear_a_suspicion),
        path_test(a_dead_path_returns_after_three_answers),
        path_test(a_returned_path_knows_its_delay),
        path_test(a_returned_path_begins_at_half_its_rate),
        path_test(who_fails_often_is_trusted_more_slowly),
        path_test(what_comes_over_a_dead_path_is_a_hint),
        path_test(an_old_answer_does_not_raise_the_dead),
        path_test(a_tail_is_followed_by_a_probe),
        path_test(a_standby_path_is_hardly_probed),
        path_test(a_closed_path_has_fallen),
        path_test(a_path_that_is_switched_off_sends_no_more),
        path_test(a_closed_path_has_nothing_to_do),
        path_test(a_path_out_of_use_counts_as_what_it_was),
        path_test(a_path_out_of_use_returns_after_a_trial),
        path_test(two_losses_fail_a_trial),
        path_test(late_answers_fail_a_trial),
        path_test(trials_become_rare),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
