/* SPDX-License-Identifier: ISC */
/* The search for a path's MTU, against a path in a few lines. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rng.h"
#include "session/mtu.h"

enum { STEP_MS = 10, SENT_MAX = 1024 };

/* What became of a probe is known a round trip after it was sent. */
struct line {
    struct mtu mtu;
    struct tstamp now;
    uint32_t carries_bytes; /* IP packets */
    uint32_t overhead_bytes;
    double loss; /* of what fits */
    bool outage; /* nothing passes, and whatever is lost was not alone */
    int64_t rtt_ns;
    unsigned probes;
    struct rng random;
    struct {
        struct tstamp at;
        uint16_t serial;
        bool acked, alone;
    } news[SENT_MAX];
    size_t sent, heard;
};

static struct line begin(uint32_t limit_bytes, uint32_t carries_bytes, uint32_t overhead_bytes)
{
    struct line l = { .now = { NS_PER_S },
                      .carries_bytes = carries_bytes,
                      .overhead_bytes = overhead_bytes,
                      .rtt_ns = 30 * NS_PER_MS,
                      .random = { .state = 7 } };
    mtu_start(&l.mtu, l.now, limit_bytes, overhead_bytes);
    return l;
}

static void send_probe(struct line *l, uint32_t bytes)
{
    bool fits = bytes + l->overhead_bytes <= l->carries_bytes && !l->outage;
    size_t i = l->sent++ % SENT_MAX;
    l->news[i].at = tstamp_add(l->now, l->rtt_ns);
    l->news[i].serial = mtu_sent(&l->mtu, l->now);
    l->news[i].acked = fits && rng_unit(&l->random) >= l->loss;
    l->news[i].alone = !l->outage && rng_unit(&l->random) >= l->loss;
    l->probes++;
}

static void run(struct line *l, int64_t ns)
{
    const struct tstamp end = tstamp_add(l->now, ns);
    while (tstamp_before(l->now, end)) {
        l->now = tstamp_add(l->now, STEP_MS * NS_PER_MS);
        while (l->heard < l->sent && tstamp_reached(l->news[l->heard % SENT_MAX].at, l->now)) {
            size_t i = l->heard++ % SENT_MAX;
            if (l->news[i].acked)
                mtu_acked(&l->mtu, l->now, l->news[i].serial);
            else
                mtu_lost(&l->mtu, l->now, l->news[i].serial, l->news[i].alone);
        }
        mtu_tick(&l->mtu, l->now);
        uint32_t bytes = mtu_due(&l->mtu, l->now);
        if (bytes != 0)
            send_probe(l, bytes);
    }
}

static uint32_t ip_bytes(const struct line *l)
{
    assert_int_equal(l->mtu.settled_bytes, l->mtu.confirmed_bytes);
    return l->mtu.confirmed_bytes + l->overhead_bytes;
}

static void test_finds_every_size(void **state)
{
    (void)state;
    static const uint32_t sizes[] = { 576,  640,  768,  900,  1024, 1100, 1200, 1280, 1320, 1400,
                                      1420, 1452, 1460, 1472, 1480, 1492, 1500, 9000, 9244 };
    for (size_t i = 0; i < 2 * sizeof sizes / sizeof sizes[0]; i++) {
        uint32_t size = sizes[i / 2];
        uint32_t limit = size > 1500 ? size : 1500;
        struct line l = begin(limit, size, i % 2 == 0 ? 28 : 48);
        assert_int_equal(l.mtu.confirmed_bytes + l.overhead_bytes, 1280);
        assert_int_equal(l.mtu.settled_bytes, 0);
        run(&l, 3 * NS_PER_S);
        assert_int_equal(ip_bytes(&l), size);
        assert_true(l.probes <= 6 * MTU_TRIES);
        l.carries_bytes = 65535;
        run(&l, 11 * NS_PER_S);
        assert_int_equal(ip_bytes(&l), limit);
    }
}

static void test_sizes_between(void **state)
{
    (void)state;
    for (uint32_t size = 576; size <= 1500; size += 7) {
        struct line l = begin(1500, size, 28);
        run(&l, 4 * NS_PER_S);
        assert_in_range(ip_bytes(&l), size - 79, size);
    }
}

static void test_small_interfaces(void **state)
{
    (void)state;
    struct line l = begin(1000, 1000, 28);
    assert_int_equal(l.mtu.confirmed_bytes, 972);
    run(&l, NS_PER_S);
    assert_int_equal(ip_bytes(&l), 1000);
    assert_int_equal(l.probes, 1);
    l = begin(1280, 1280, 48);
    assert_int_equal(l.mtu.confirmed_bytes, 1232);
    run(&l, NS_PER_S);
    assert_int_equal(ip_bytes(&l), 1280);
    l = begin(300, 300, 28); /* the floor is not in question */
    assert_int_equal(l.mtu.confirmed_bytes, 548);
    assert_int_equal(l.mtu.settled_bytes, 548);
    run(&l, 60 * NS_PER_S);
    assert_int_equal(l.probes, 0);
}

static void test_black_hole(void **state)
{
    (void)state;
    struct line l = begin(1500, 1500, 28);
    run(&l, 2 * NS_PER_S);
    assert_int_equal(l.probes, 1);
    mtu_check(&l.mtu, l.now);
    run(&l, 2 * NS_PER_S);
    assert_int_equal(ip_bytes(&l), 1500);
    assert_int_equal(l.probes, 2);
    static const uint32_t narrower[] = { 1452, 1320, 1200, 600 };
    for (size_t i = 0; i < sizeof narrower / sizeof narrower[0]; i++) {
        l.carries_bytes = narrower[i];
        mtu_check(&l.mtu, l.now);
        run(&l, 3 * NS_PER_S);
        assert_in_range(ip_bytes(&l), narrower[i] - 24, narrower[i]);
    }
}

static void test_checks_are_rare(void **state)
{
    (void)state;
    struct line l = begin(1500, 1500, 28);
    run(&l, 2 * NS_PER_S);
    unsigned before = l.probes;
    for (unsigned i = 0; i < 1000; i++) {
        mtu_check(&l.mtu, l.now);
        run(&l, 10 * NS_PER_MS);
    }
    assert_in_range(l.probes - before, 8, 20);
}

/* With what the system refuses, and what the peer tells of its own direction. */
static void test_refused_and_widened(void **state)
{
    (void)state;
    struct line l = begin(1500, 1452, 28);
    run(&l, 3 * NS_PER_S);
    assert_int_equal(ip_bytes(&l), 1452);
    assert_true(mtu_refused(&l.mtu, l.now, 1424));
    assert_int_equal(l.mtu.confirmed_bytes, 1252);
    assert_int_equal(l.mtu.settled_bytes, 1424); /* until another search has ended */
    assert_false(mtu_refused(&l.mtu, l.now, 1424));
    assert_true(mtu_refused(&l.mtu, l.now, 1252));
    assert_int_equal(l.mtu.confirmed_bytes, 548);
    assert_false(mtu_refused(&l.mtu, l.now, 548));
    /* The next size is refused once each time that it is tried again. */
    l = begin(1500, 1452, 28);
    run(&l, 3 * NS_PER_S);
    for (unsigned i = 0; i < 5; i++) {
        while (mtu_due(&l.mtu, l.now) == 0) {
            l.now = tstamp_add(l.now, NS_PER_MS);
            mtu_tick(&l.mtu, l.now);
        }
        mtu_sent(&l.mtu, l.now);
        mtu_refused(&l.mtu, l.now, l.mtu.sizes[l.mtu.tried]);
        assert_false(l.mtu.trying);
        assert_int_equal(ip_bytes(&l), 1452);
    }
    l = begin(1500, 9000, 28);
    run(&l, NS_PER_S);
    assert_int_equal(ip_bytes(&l), 1500);
    mtu_widen(&l.mtu, l.now, 9216, 28);
    run(&l, 3 * NS_PER_S);
    assert_int_equal(ip_bytes(&l), 9000);
    mtu_widen(&l.mtu, l.now, 1472, 28);
    assert_int_equal(l.mtu.confirmed_bytes, 8972);
}

/* A line that loses a third of all: none of a hundred searches and checks takes that for its size.
 */
static void test_random_loss_is_no_size(void **state)
{
    (void)state;
    unsigned wrong = 0;
    for (unsigned i = 0; i < 100; i++) {
        struct line l = begin(1500, 1500, 28);
        l.random.state = i;
        l.loss = 0.3;
        run(&l, 3 * NS_PER_S);
        mtu_check(&l.mtu, l.now);
        run(&l, 3 * NS_PER_S);
        wrong += l.mtu.settled_bytes != 1472;
    }
    assert_true(wrong <= 1);
}

/* Whatever is lost in an outage says nothing of its size. */
static void test_outage_is_no_size(void **state)
{
    (void)state;
    struct line l = begin(1500, 1500, 28);
    run(&l, 2 * NS_PER_S);
    l.outage = true;
    mtu_check(&l.mtu, l.now);
    run(&l, 20 * NS_PER_S);
    assert_int_equal(l.mtu.confirmed_bytes, 1472);
    l.outage = false;
    run(&l, NS_PER_S);
    assert_int_equal(ip_bytes(&l), 1500);
    assert_false(l.mtu.trying);
}

/* Trials of the next size become rare, and begin again soon when the path may be another. */
static void test_grows_again(void **state)
{
    (void)state;
    struct line l = begin(1500, 1400, 28);
    run(&l, 3600 * NS_PER_S);
    unsigned before = l.probes;
    run(&l, 3600 * NS_PER_S);
    assert_in_range(l.probes - before, 5 * MTU_TRIES_GROWING, 7 * MTU_TRIES_GROWING);
    l.carries_bytes = 1500;
    mtu_renew(&l.mtu, l.now);
    run(&l, MTU_AGAIN_FIRST_NS);
    assert_int_equal(ip_bytes(&l), 1500);
    before = l.probes;
    run(&l, 3600 * NS_PER_S);
    assert_int_equal(l.probes, before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_finds_every_size),
        cmocka_unit_test(test_sizes_between),
        cmocka_unit_test(test_small_interfaces),
        cmocka_unit_test(test_black_hole),
        cmocka_unit_test(test_checks_are_rare),
        cmocka_unit_test(test_refused_and_widened),
        cmocka_unit_test(test_random_loss_is_no_size),
        cmocka_unit_test(test_outage_is_no_size),
        cmocka_unit_test(test_grows_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
