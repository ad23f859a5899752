/* SPDX-License-Identifier: ISC */
/* The estimator and its pace against a link of fixed rate with one queue, in virtual time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "bond/path/rate.h"

enum { PACKET_BYTES = 1500, INFLIGHT_MAX = 1 << 15 };

#define ACK_NS (5 * NS_PER_MS)
#define QUEUE_MOST_NS (300 * NS_PER_MS) /* of the link; beyond it drops */
#define CROSS_QUEUE_MOST_NS (100 * NS_PER_MS)

struct link {
    double rate_bps;
    double loss;
    int64_t delay_ns; /* each way */
    int64_t jitter_ns;
    double swapped;          /* share of packets that the next ones overtake */
    int64_t clock_offset_ns; /* of the receiver */
    double offered_bps;      /* 0: more than the link can take */
    double limit_bps;
    double cross_window_bytes; /* of a TCP on the same link; 0: there is none */
};

/* A packet on its way, and then its acknowledgement. */
struct flying {
    struct tstamp sent;
    struct tstamp came; /* TSTAMP_NEVER: lost */
    bool loaded;        /* the next one was there when it left */
};

struct world {
    struct link link;
    struct rng random;
    struct rate rate;
    struct tstamp now;
    struct tstamp link_free; /* when the queue of the link will be empty */
    struct tstamp pacer_free;
    struct tstamp offer_next;
    struct flying flying[INFLIGHT_MAX];
    uint64_t sent, acked; /* positions in flying */
    struct tstamp ack_at;
    /* measured since measure() */
    struct tstamp since;
    double delivered_bytes;
    double queue_sum_ns, queue_most_ns;
    uint64_t packets;
    double pace_most_bps;
    double cross_bytes;
    struct tstamp cross_cut;
};

static struct world world;

static struct world *begin(const struct link *link, double first_bps)
{
    struct world *w = &world;
    memset(w, 0, sizeof *w);
    w->link = *link;
    w->random = (struct rng){ 7 };
    w->now = w->since = (struct tstamp){ NS_PER_S };
    w->link_free = w->pacer_free = w->offer_next = w->now;
    w->ack_at = tstamp_add(w->now, ACK_NS);
    rate_init(&w->rate, w->now, 2 * link->delay_ns);
    w->rate.limit_bps = link->limit_bps;
    if (first_bps > 0)
        w->rate.capacity_bps = first_bps;
    return w;
}

static void send_packet(struct world *w)
{
    const struct link *l = &w->link;
    struct flying *f = &w->flying[w->sent++ % INFLIGHT_MAX];
    assert_true(w->sent - w->acked < INFLIGHT_MAX);
    int64_t queue = tstamp_sub(w->link_free, w->now);
    queue = queue > 0 ? queue : 0;
    *f = (struct flying){ .sent = w->now, .came = TSTAMP_NEVER };
    w->queue_sum_ns += (double)queue;
    w->queue_most_ns = (double)queue > w->queue_most_ns ? (double)queue : w->queue_most_ns;
    w->packets++;
    if (queue > (l->cross_window_bytes > 0 ? CROSS_QUEUE_MOST_NS : QUEUE_MOST_NS))
        return;
    w->link_free =
        tstamp_add(tstamp_add(w->now, queue), (int64_t)(PACKET_BYTES * 8e9 / l->rate_bps));
    if (rng_unit(&w->random) < l->loss)
        return;
    f->came = tstamp_add(w->link_free, l->delay_ns);
    if (l->jitter_ns > 0)
        f->came = tstamp_add(f->came, (int64_t)rng_below(&w->random, (uint64_t)l->jitter_ns));
    /* A link keeps its order, but for the swapped ones. */
    if (w->sent > 1 && l->swapped == 0) {
        struct tstamp before = w->flying[(w->sent - 2) % INFLIGHT_MAX].came;
        if (!tstamp_is_never(before))
            f->came = tstamp_max(f->came, before);
    }
    if (rng_unit(&w->random) < l->swapped)
        f->came = tstamp_add(f->came, 500 * NS_PER_US);
}

/* Everything that came long enough ago for its acknowledgement to be here. */
static void take_acks(struct world *w)
{
    struct tstamp seen = tstamp_add(w->now, -w->link.delay_ns);
    bool any = false;
    int64_t rtt_ns = 0;
    uint64_t to = w->acked;
    for (uint64_t i = w->acked; i < w->sent; i++)
        if (!tstamp_before(seen, w->flying[i % INFLIGHT_MAX].came))
            to = i + 1;
    for (; w->acked < to; w->acked++) {
        const struct flying *f = &w->flying[w->acked % INFLIGHT_MAX];
        if (tstamp_is_never(f->came)) {
            rate_lost(&w->rate, f->sent, PACKET_BYTES, w->acked);
            continue;
        }
        any = true;
        rtt_ns = tstamp_sub(w->now, f->sent);
        w->delivered_bytes += PACKET_BYTES;
        rate_acked(&w->rate, f->sent, f->came.ns + w->link.clock_offset_ns, true, PACKET_BYTES,
                   f->loaded);
    }
    if (any)
        rate_update(&w->rate, w->now, rtt_ns);
}

/* What the cross traffic sends in ACK_NS; CUBIC where it keeps to Reno's rate (RFC 9438,
 * section 4.3). */
static void run_cross(struct world *w)
{
    struct link *l = &w->link;
    int64_t queue = tstamp_sub(w->link_free, w->now);
    queue = queue > 0 ? queue : 0;
    double rtt_ns = (double)(2 * l->delay_ns + queue);
    double bytes = l->cross_window_bytes * (double)ACK_NS / rtt_ns;
    w->cross_bytes += bytes;
    w->link_free = tstamp_add(tstamp_add(w->now, queue), (int64_t)(bytes * 8e9 / l->rate_bps));
    l->cross_window_bytes += 0.53 * PACKET_BYTES * (double)ACK_NS / rtt_ns;
    if (queue > CROSS_QUEUE_MOST_NS && (double)tstamp_sub(w->now, w->cross_cut) > rtt_ns) {
        l->cross_window_bytes *= 0.7;
        w->cross_cut = w->now;
    }
}

static void run(struct world *w, int64_t duration_ns)
{
    struct tstamp end = tstamp_add(w->now, duration_ns);
    for (;;) {
        struct tstamp send_at = tstamp_max(w->pacer_free, w->offer_next);
        w->now = tstamp_max(w->now, tstamp_min(send_at, w->ack_at));
        if (tstamp_reached(end, w->now))
            break;
        if (tstamp_reached(w->ack_at, w->now)) {
            take_acks(w);
            if (w->link.cross_window_bytes > 0)
                run_cross(w);
            w->ack_at = tstamp_add(w->now, ACK_NS);
            continue;
        }
        double pace = rate_pace_bps(&w->rate, w->now);
        w->pace_most_bps = pace > w->pace_most_bps ? pace : w->pace_most_bps;
        send_packet(w);
        w->pacer_free = tstamp_add(w->now, (int64_t)(PACKET_BYTES * 8e9 / pace));
        if (w->link.offered_bps > 0)
            w->offer_next =
                tstamp_add(w->offer_next, (int64_t)(PACKET_BYTES * 8e9 / w->link.offered_bps));
        w->flying[(w->sent - 1) % INFLIGHT_MAX].loaded = tstamp_reached(w->offer_next, w->now);
    }
    w->now = end;
}

static void measure(struct world *w)
{
    w->since = w->now;
    w->delivered_bytes = w->queue_sum_ns = w->queue_most_ns = w->pace_most_bps = 0;
    w->packets = 0;
    w->cross_bytes = 0;
}

static double delivered_bps(const struct world *w)
{
    return w->delivered_bytes * 8e9 / (double)tstamp_sub(w->now, w->since);
}

static double mean_queue_ms(const struct world *w)
{
    return w->queue_sum_ns / (double)w->packets / 1e6;
}

/* At least so much of the rate is delivered, with at most so much mean queue. */
static void expect(const struct world *w, const char *name, double share, double queue_ms)
{
    double got = delivered_bps(w) / w->link.rate_bps;
    if (got < share || mean_queue_ms(w) > queue_ms)
        fail_msg("%s: %.3f of the rate delivered, queue %.1f ms (most %.1f)", name, got,
                 mean_queue_ms(w), w->queue_most_ns / 1e6);
}

static const struct {
    const char *name;
    struct link link;
} links[] = {
    { "2 Mbit/s, 20 ms", { .rate_bps = 2e6, .delay_ns = 20 * NS_PER_MS } },
    { "10 Mbit/s, 5 ms", { .rate_bps = 10e6, .delay_ns = 5 * NS_PER_MS } },
    { "50 Mbit/s, 15 ms", { .rate_bps = 50e6, .delay_ns = 15 * NS_PER_MS } },
    { "300 Mbit/s, 10 ms", { .rate_bps = 300e6, .delay_ns = 10 * NS_PER_MS } },
    { "20 Mbit/s, 150 ms", { .rate_bps = 20e6, .delay_ns = 150 * NS_PER_MS } },
    { "50 Mbit/s, jitter",
      { .rate_bps = 50e6, .delay_ns = 20 * NS_PER_MS, .jitter_ns = 4 * NS_PER_MS } },
};

/* From far below, from about right, and from far above. */
static const double first_shares[] = { 0, 0.1, 1, 4 };

static void it_finds_the_rate_and_keeps_the_queue_short(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof links / sizeof *links; i++) {
        for (size_t j = 0; j < sizeof first_shares / sizeof *first_shares; j++) {
            struct world *w = begin(&links[i].link, first_shares[j] * links[i].link.rate_bps);
            run(w, 4 * NS_PER_S);
            measure(w);
            run(w, 8 * NS_PER_S);
            double packet_ms = PACKET_BYTES * 8e3 / links[i].link.rate_bps;
            double noise_ms = 2 * (double)links[i].link.jitter_ns / 1e6;
            expect(w, links[i].name, 0.92, (packet_ms < 4 ? 10 : 10 + packet_ms) + noise_ms);
        }
    }
}

static void clocks_need_not_agree(void **state)
{
    (void)state;
    static const int64_t offsets_ns[] = { -100 * NS_PER_S, 100 * NS_PER_S, 1000000 * NS_PER_S };
    struct link link = links[2].link;
    struct world *w = begin(&link, 0);
    run(w, 3 * NS_PER_S);
    struct rate without = w->rate;
    for (size_t i = 0; i < sizeof offsets_ns / sizeof *offsets_ns; i++) {
        link.clock_offset_ns = offsets_ns[i];
        w = begin(&link, 0);
        run(w, 3 * NS_PER_S);
        assert_true(w->rate.capacity_bps > 0.98 * without.capacity_bps);
        assert_true(w->rate.capacity_bps < 1.02 * without.capacity_bps);
    }
}

static void it_follows_the_rate_down_and_up(void **state)
{
    (void)state;
    struct world *w = begin(&links[2].link, 0);
    run(w, 4 * NS_PER_S);
    w->link.rate_bps /= 2;
    run(w, 2 * NS_PER_S);
    measure(w);
    run(w, 2 * NS_PER_S);
    expect(w, "halved", 0.92, 12);
    w->link.rate_bps *= 2;
    run(w, 5 * NS_PER_S);
    measure(w);
    run(w, 3 * NS_PER_S);
    expect(w, "doubled", 0.9, 12);
}

static void a_changing_rate_shows_as_swing(void **state)
{
    (void)state;
    /* At 2 Mbit/s a window holds a few packets: there it is only noise. */
    for (size_t i = 1; i < sizeof links / sizeof *links; i++) {
        struct world *w = begin(&links[i].link, 0);
        assert_true(rate_swing(&w->rate) == 1);
        run(w, 40 * NS_PER_S);
        for (int n = 0; n < 100; n++) {
            run(w, 50 * NS_PER_MS);
            if (rate_swing(&w->rate) > 1.25)
                fail_msg("%s: %.2f", links[i].name, rate_swing(&w->rate));
        }
        w->link.rate_bps /= 2.5;
        run(w, NS_PER_S);
        w->link.rate_bps *= 2.5;
        run(w, 3 * NS_PER_S);
        if (rate_swing(&w->rate) < 1.5)
            fail_msg("%s: %.2f", links[i].name, rate_swing(&w->rate));
        run(w, 40 * NS_PER_S);
        assert_true(rate_swing(&w->rate) < 1.25);
    }
}

static void random_loss_does_not_slow_it(void **state)
{
    (void)state;
    static const double losses[] = { 0.01, 0.03, 0.05 };
    for (size_t i = 0; i < sizeof losses / sizeof *losses; i++) {
        struct link link = links[2].link;
        link.loss = losses[i];
        struct world *w = begin(&link, 0);
        run(w, 4 * NS_PER_S);
        measure(w);
        run(w, 8 * NS_PER_S);
        expect(w, "loss", 0.92 * (1 - losses[i]), 12);
        /* Over 256 packets: of 1 % the deviation is .4 %. */
        assert_true(w->rate.loss > losses[i] / 4 && w->rate.loss < losses[i] * 2);
    }
}

/* Some links swap packets; the rate is that of all of them. */
static void swapped_packets_do_not_stop_it(void **state)
{
    (void)state;
    for (size_t i = 2; i <= 3; i++) {
        struct link link = links[i].link;
        link.swapped = 0.02;
        struct world *w = begin(&link, 0);
        run(w, 4 * NS_PER_S);
        measure(w);
        run(w, 6 * NS_PER_S);
        expect(w, "swapped", 0.92, 12);
    }
}

static void a_new_base_delay_is_no_queue(void **state)
{
    (void)state;
    struct world *w = begin(&links[2].link, 0);
    run(w, 4 * NS_PER_S);
    w->link.delay_ns += 30 * NS_PER_MS;
    run(w, 3 * NS_PER_S);
    measure(w);
    run(w, 4 * NS_PER_S);
    expect(w, "longer way", 0.9, 12);
    w->link.delay_ns -= 25 * NS_PER_MS;
    run(w, 3 * NS_PER_S);
    measure(w);
    run(w, 4 * NS_PER_S);
    expect(w, "shorter way", 0.9, 12);
}

static void a_delay_that_changes_without_load_is_no_queue(void **state)
{
    (void)state;
    struct link link = { .rate_bps = 40e6, .delay_ns = 30 * NS_PER_MS, .offered_bps = 50e3 };
    struct world *w = begin(&link, 0);
    run(w, 5 * NS_PER_S);
    w->link.delay_ns = 60 * NS_PER_MS;
    run(w, 5 * NS_PER_S);
    w->link.offered_bps = 0;
    w->offer_next = w->now;
    run(w, 3 * NS_PER_S);
    measure(w);
    run(w, 2 * NS_PER_S);
    expect(w, "stepped without load", 0.9, 15);
}

/* What delays acknowledgements of an idle download may be a busy processor. */
static void a_short_delay_before_the_load_is_no_verdict(void **state)
{
    (void)state;
    struct link link = { .rate_bps = 40e6, .delay_ns = 30 * NS_PER_MS, .offered_bps = 600e3 };
    struct world *w = begin(&link, 0);
    run(w, 2 * NS_PER_S);
    for (int i = 0; i < 3; i++) {
        w->link.delay_ns += 25 * NS_PER_MS;
        run(w, 150 * NS_PER_MS);
        w->link.delay_ns -= 25 * NS_PER_MS;
        run(w, 300 * NS_PER_MS);
    }
    w->link.offered_bps = 0;
    w->offer_next = w->now;
    run(w, NS_PER_S);
    measure(w);
    run(w, NS_PER_S);
    expect(w, "late before the load", 0.9, 15);
}

/* A rate that never waits for the pacer can fill a thin link nevertheless. */
static void a_thin_link_that_is_offered_too_much_is_found(void **state)
{
    (void)state;
    struct link link = { .rate_bps = 0.5e6, .delay_ns = 30 * NS_PER_MS, .offered_bps = 0.7e6 };
    struct world *w = begin(&link, 0);
    run(w, 5 * NS_PER_S);
    measure(w);
    run(w, 5 * NS_PER_S);
    expect(w, "thin", 0.85, 60);
}

static void a_link_is_shared_with_cross_traffic(void **state)
{
    (void)state;
    for (size_t i = 0; i < 4; i += 2) {
        struct world *w = begin(&links[i].link, 0);
        run(w, 5 * NS_PER_S);
        w->link.cross_window_bytes = 10 * PACKET_BYTES;
        run(w, 30 * NS_PER_S);
        measure(w);
        run(w, 40 * NS_PER_S);
        double cross_bps = w->cross_bytes * 8 / 40;
        if (delivered_bps(w) < 0.2 * w->link.rate_bps || cross_bps < 0.2 * w->link.rate_bps)
            fail_msg("%s: %.3f for us, %.3f for the cross traffic", links[i].name,
                     delivered_bps(w) / w->link.rate_bps, cross_bps / w->link.rate_bps);
        w->link.cross_window_bytes = 0;
        run(w, 8 * NS_PER_S);
        measure(w);
        run(w, 8 * NS_PER_S);
        assert_false(w->rate.cross.on);
        expect(w, "the cross traffic has gone", 0.9, 15);
    }
}

static void nobody_is_taken_for_cross_traffic(void **state)
{
    (void)state;
    struct world *w = begin(&links[2].link, 0);
    run(w, 5 * NS_PER_S);
    for (int i = 0; i < 8; i++) {
        w->link.rate_bps = i % 2 == 0 ? 20e6 : 50e6;
        w->link.delay_ns = (i % 3 == 0 ? 45 : 15) * NS_PER_MS;
        for (int j = 0; j < 40; j++) {
            run(w, 100 * NS_PER_MS);
            assert_false(w->rate.cross.on);
        }
    }
}

static void the_limit_is_kept_always(void **state)
{
    (void)state;
    struct link link = links[2].link;
    link.limit_bps = 8e6;
    for (size_t j = 0; j < sizeof first_shares / sizeof *first_shares; j++) {
        struct world *w = begin(&link, first_shares[j] * link.rate_bps);
        run(w, 4 * NS_PER_S);
        assert_true(w->pace_most_bps <= link.limit_bps);
        measure(w);
        run(w, 4 * NS_PER_S);
        assert_true(delivered_bps(w) >= 0.92 * link.limit_bps);
        assert_true(w->pace_most_bps <= link.limit_bps);
        assert_int_equal(w->rate.phase, RATE_STEADY); /* there is no more to be found */
    }
}

static void little_traffic_does_not_lower_it(void **state)
{
    (void)state;
    struct world *w = begin(&links[2].link, 0);
    run(w, 4 * NS_PER_S);
    double before = w->rate.capacity_bps;
    w->link.offered_bps = 1e6;
    w->offer_next = w->now;
    run(w, 20 * NS_PER_S);
    assert_true(w->rate.capacity_bps > 0.9 * before);
    assert_true(w->rate.capacity_bps < 1.2 * before);
}

static void a_restart_forgets_all_but_the_limit(void **state)
{
    (void)state;
    struct link link = links[3].link;
    link.limit_bps = 200e6;
    struct world *w = begin(&link, 0);
    run(w, 3 * NS_PER_S);
    rate_restart(&w->rate, w->now, 20 * NS_PER_MS);
    assert_int_equal(w->rate.phase, RATE_START);
    assert_true(w->rate.limit_bps == 200e6);
    assert_true(w->rate.capacity_bps <= 20e6);
    assert_false(w->rate.owd_known);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_finds_the_rate_and_keeps_the_queue_short),
        cmocka_unit_test(clocks_need_not_agree),
        cmocka_unit_test(it_follows_the_rate_down_and_up),
        cmocka_unit_test(a_changing_rate_shows_as_swing),
        cmocka_unit_test(random_loss_does_not_slow_it),
        cmocka_unit_test(swapped_packets_do_not_stop_it),
        cmocka_unit_test(a_new_base_delay_is_no_queue),
        cmocka_unit_test(a_delay_that_changes_without_load_is_no_queue),
        cmocka_unit_test(a_short_delay_before_the_load_is_no_verdict),
        cmocka_unit_test(a_thin_link_that_is_offered_too_much_is_found),
        cmocka_unit_test(a_link_is_shared_with_cross_traffic),
        cmocka_unit_test(nobody_is_taken_for_cross_traffic),
        cmocka_unit_test(the_limit_is_kept_always),
        cmocka_unit_test(little_traffic_does_not_lower_it),
        cmocka_unit_test(a_restart_forgets_all_but_the_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
