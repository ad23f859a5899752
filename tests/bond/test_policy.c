/* SPDX-License-Identifier: ISC */
/* Two bonds over virtual links with policies: where the packets go, and what others get. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bond/pipe.h"

enum { FIRST = 1, SECOND = 2 }; /* policies */

static struct pipe *pipe;
static struct bond_policy table[BOND_POLICIES_MAX];

/* 20 Mbit/s after 15 ms, and after 20 ms. */
static int begin(void **state)
{
    (void)state;
    pipe = malloc(sizeof *pipe);
    if (pipe == NULL)
        return -1;
    pipe_init(pipe, 1, 0);
    memset(table, 0, sizeof table);
    for (uint8_t i = 0; i < 2; i++) {
        pipe->links[i] =
            (struct pipe_link){ .rate_bps = 20e6, .delay_ns = (15 + 5 * i) * NS_PER_MS };
        pipe_open(pipe, i);
    }
    pipe_run(pipe, 500 * NS_PER_MS);
    return 0;
}

/* No test may leave a packet behind, or have told of one that was broken or came twice. */
static int end(void **state)
{
    (void)state;
    uint64_t wrong = pipe->sink[1].broken + pipe->sink[1].copies;
    bool clean = pipe_free(pipe);
    free(pipe);
    return !clean || wrong > 0;
}

static void set(unsigned policy, struct bond_policy action)
{
    action.used = true;
    table[policy - 1] = action;
    assert_int_equal(bond_set_policies(pipe->bond[0], table), 0);
}

/* Packets of a flow at a pace, one each interval. */
static void stream(uint16_t flow, unsigned count, uint32_t bytes, int64_t interval_ns)
{
    for (unsigned i = 0; i < count; i++) {
        pipe_send(pipe, 0, flow, bytes);
        pipe_run(pipe, interval_ns);
    }
}

static void settle(void)
{
    pipe->greedy_bytes = 0;
    pipe_run(pipe, 2 * NS_PER_S);
}

static void numbers_without_policy_are_plain(void **state)
{
    (void)state;
    pipe->policy[1] = 7;
    stream(1, 100, 1000, NS_PER_MS);
    set(FIRST, (struct bond_policy){ .mode = BOND_MODE_BOND });
    pipe->policy[2] = BOND_POLICIES_MAX + 1;
    stream(1, 100, 1000, NS_PER_MS);
    stream(2, 100, 1000, NS_PER_MS);
    settle();
    assert_int_equal(pipe_missing(pipe, 1), 0);
}

static void a_pinned_flow_stays_on_its_path(void **state)
{
    (void)state;
    set(FIRST, (struct bond_policy){ .pinned = true, .paths = 1U << 1, .fallback = true });
    pipe->policy[1] = FIRST;
    uint64_t before = pipe->links[0].data_datagrams[0];
    stream(1, 2000, 1200, NS_PER_MS);
    settle();
    assert_int_equal(pipe->links[0].data_datagrams[0], before);
    assert_int_equal(pipe_missing(pipe, 1), 0);
    assert_int_equal(pipe->sink[1].swapped, 0);
}

/* Both get what is theirs when one may use half of the bond only. */
static void a_pinned_flow_shares_and_holds_up_nobody(void **state)
{
    (void)state;
    set(FIRST, (struct bond_policy){ .pinned = true, .paths = 1U << 0, .fallback = true });
    pipe->policy[1] = FIRST;
    pipe->greedy_bytes = 1400;
    pipe_run(pipe, 4 * NS_PER_S);
    pipe->greedy_bytes = 0;
    uint64_t before = pipe->sink[1].bytes;
    uint32_t pinned = pipe->sink[1].next[1];
    for (unsigned i = 0; i < 5000; i++) { /* 22 Mbit/s: more than its path can carry */
        for (unsigned k = 0; k < 2; k++)
            pipe_send(pipe, 0, 1, 1400);
        for (unsigned k = 0; k < 3; k++)
            pipe_send(pipe, 0, 0, 1400);
        pipe_run(pipe, NS_PER_MS);
    }
    double seconds = 5;
    double all_bps = (double)(pipe->sink[1].bytes - before) * 8 / seconds;
    double pinned_bps = (pipe->sink[1].next[1] - pinned) * 1400.0 * 8 / seconds;
    assert_true(all_bps > 0.85 * 40e6 * 1400 / 1466);
    assert_true(pinned_bps > 0.7 * 20e6 * 1400 / 1466);
    assert_true(all_bps - pinned_bps > 0.7 * 20e6 * 1400 / 1466);
    settle();
}

static void without_its_link_it_takes_another_or_none(void **state)
{
    (void)state;
    for (unsigned fallback = 0; fallback < 2; fallback++) {
        set(FIRST,
            (struct bond_policy){ .pinned = true, .paths = 1U << 1, .fallback = fallback == 1 });
        pipe->policy[1] = FIRST;
        pipe->links[1].cut = true;
        pipe_run(pipe, 2 * NS_PER_S); /* noticed without any traffic */
        uint32_t missing = pipe_missing(pipe, 1);
        stream(1, 200, 1200, NS_PER_MS);
        stream(2, 200, 1200, NS_PER_MS);
        settle();
        assert_int_equal(pipe_missing(pipe, 1) - missing, fallback == 1 ? 0 : 200);
        pipe->links[1].cut = false;
        pipe_run(pipe, 5 * NS_PER_S);
        assert_int_equal(bond_path_state(pipe->bond[0], 1), BOND_PATH_UP);
    }
}

/* Sparse packets and a busy flow: each comes once, and a cut is not noticed. */
static void redundant_loses_nothing(void **state)
{
    (void)state;
    set(FIRST, (struct bond_policy){ .mode = BOND_MODE_REDUNDANT });
    for (unsigned cut = 0; cut < 2; cut++) {
        pipe->policy[1] = pipe->policy[2] = FIRST;
        stream(1, 500, 1000, NS_PER_MS); /* the paths' rates get known */
        pipe_measure(pipe);
        uint64_t before = pipe->links[1].data_datagrams[0];
        for (unsigned i = 0; i < 2000; i++) {
            if (i == 1000) {
                assert_true(pipe->links[1].data_datagrams[0] - before >= 1050);
                pipe->links[cut].cut = true;
            }
            pipe_send(pipe, 0, 1, 1000); /* 8 Mbit/s */
            if (i % 20 == 0)
                pipe_send(pipe, 0, 2, 84);
            pipe_run(pipe, NS_PER_MS);
        }
        settle();
        assert_int_equal(pipe_missing(pipe, 1), 0);
        assert_true(pipe->sink[1].longest_delay_ns < 40 * NS_PER_MS);
        pipe->links[cut].cut = false;
        pipe_run(pipe, 5 * NS_PER_S);
    }
}

static void redundant_is_in_order(void **state)
{
    (void)state;
    set(FIRST, (struct bond_policy){ .mode = BOND_MODE_REDUNDANT });
    pipe->policy[1] = FIRST;
    pipe->links[0].loss = pipe->links[1].loss = 0.01;
    stream(1, 4000, 1200, NS_PER_MS);
    settle();
    assert_int_equal(pipe_missing(pipe, 1), 0);
    assert_true(pipe->sink[1].swapped <= 4); /* the first are sparse */
}

static void a_single_flow_moves_only_when_its_path_fails(void **state)
{
    (void)state;
    set(FIRST, (struct bond_policy){ .mode = BOND_MODE_SINGLE });
    pipe->policy[1] = FIRST;
    uint64_t before[2] = { pipe->links[0].data_datagrams[0], pipe->links[1].data_datagrams[0] };
    stream(1, 3000, 1200, NS_PER_MS);
    unsigned used = pipe->links[0].data_datagrams[0] > before[0] ? 0 : 1;
    assert_int_equal(pipe->links[1 - used].data_datagrams[0], before[1 - used]);
    assert_int_equal(pipe->sink[1].swapped, 0);
    pipe->links[used].cut = true;
    stream(1, 3000, 1200, NS_PER_MS);
    assert_true(pipe->links[1 - used].data_datagrams[0] - before[1 - used] > 2500);
    pipe->links[used].cut = false;
    pipe_run(pipe, 5 * NS_PER_S);
    before[used] = pipe->links[used].data_datagrams[0];
    stream(1, 1000, 1200, NS_PER_MS);
    settle();
    assert_int_equal(pipe->links[used].data_datagrams[0], before[used]);
    assert_int_equal(pipe_missing(pipe, 1), 0);
}

/* Two flows, each on one of the paths: neither waits for the other's. */
static void single_flows_do_not_hold_up_each_other(void **state)
{
    (void)state;
    set(FIRST, (struct bond_policy){ .mode = BOND_MODE_SINGLE });
    for (unsigned flow = 0; flow < PIPE_FLOWS; flow++)
        pipe->policy[flow] = FIRST;
    pipe_run(pipe, NS_PER_S);
    for (unsigned i = 0; i < 6000; i++) { /* four flows of 11 Mbit/s for 40 */
        for (uint16_t flow = 0; flow < PIPE_FLOWS; flow++)
            pipe_send(pipe, 0, flow, 1400);
        if (i == 2000)
            pipe_measure(pipe);
        pipe_run(pipe, NS_PER_MS);
    }
    assert_true(pipe_bps(pipe, 1) > 0.85 * 40e6 * 1400 / 1466);
    settle();
}

static void lowest_latency_keeps_to_the_short_way(void **state)
{
    (void)state;
    set(FIRST, (struct bond_policy){ .mode = BOND_MODE_LOWEST_LATENCY });
    pipe->policy[1] = FIRST;
    stream(1, 500, 1200, NS_PER_MS);
    pipe_measure(pipe);
    uint64_t before = pipe->links[1].data_datagrams[0];
    stream(1, 3000, 1200, NS_PER_MS); /* 10 Mbit/s of its 20 */
    settle();
    assert_true(pipe->links[1].data_datagrams[0] - before < 30);
    assert_true(pipe->sink[1].longest_delay_ns < 25 * NS_PER_MS);
    assert_int_equal(pipe_missing(pipe, 1), 0);
}

/* A call of 2 Mbit/s, no sparse flow any more, beside a greedy one. */
static void realtime_overtakes(void **state)
{
    (void)state;
    set(FIRST, (struct bond_policy){ .class = BOND_CLASS_REALTIME });
    pipe->policy[1] = FIRST;
    pipe->greedy_bytes = 1400;
    pipe_run(pipe, 4 * NS_PER_S);
    int64_t sum_ns = 0;
    enum { COUNT = 500 };
    for (unsigned i = 0; i < COUNT; i++) {
        uint32_t number = pipe->sent[0][1];
        struct tstamp sent = pipe->now;
        for (unsigned k = 0; k < 2; k++)
            pipe_send(pipe, 0, 1, 1000);
        while (!pipe->sink[1].came[1][number + 1] && tstamp_sub(pipe->now, sent) < NS_PER_S)
            pipe_run(pipe, NS_PER_MS / 4);
        sum_ns += tstamp_sub(pipe->now, sent);
        pipe_run(pipe, tstamp_sub(tstamp_add(sent, 40 * NS_PER_MS), pipe->now));
    }
    assert_true(sum_ns / COUNT < 30 * NS_PER_MS);
    settle();
    for (uint32_t n = 0; n < pipe->sent[0][1]; n++)
        assert_true(pipe->sink[1].came[1][n]);
}

/* More real-time traffic than there is room: it is dropped, not queued in the network. */
static void realtime_has_an_end(void **state)
{
    (void)state;
    set(FIRST, (struct bond_policy){ .class = BOND_CLASS_REALTIME });
    pipe->policy[1] = FIRST;
    pipe_measure(pipe);
    for (unsigned i = 0; i < 5000; i++) { /* 90 Mbit/s for 40 */
        for (unsigned k = 0; k < 8; k++)
            pipe_send(pipe, 0, 1, 1400);
        pipe_run(pipe, NS_PER_MS);
    }
    settle();
    assert_true(pipe->sink[1].longest_delay_ns < 400 * NS_PER_MS);
}

static void bulk_takes_what_is_left(void **state)
{
    (void)state;
    set(FIRST, (struct bond_policy){ .class = BOND_CLASS_BULK });
    pipe->policy[0] = FIRST; /* the greedy flow */
    pipe->greedy_bytes = 1400;
    pipe_run(pipe, 4 * NS_PER_S);
    pipe_measure(pipe);
    pipe_run(pipe, 2 * NS_PER_S);
    assert_true(pipe_bps(pipe, 1) > 0.85 * 40e6 * 1400 / 1466);
    uint32_t before = pipe->sink[1].next[1];
    uint64_t bytes_before = pipe->sink[1].bytes;
    for (unsigned i = 0; i < 4000; i++) { /* 28 Mbit/s of normal class */
        for (unsigned k = 0; k < 5; k++)
            if ((i + k) % 2 == 0)
                pipe_send(pipe, 0, 1, 1400);
        pipe_run(pipe, NS_PER_MS);
    }
    double normal = (pipe->sink[1].next[1] - before) * 1400.0 * 8 / 4;
    double all = (double)(pipe->sink[1].bytes - bytes_before) * 8 / 4;
    assert_true(normal > 0.97 * 28e6);
    assert_true(all > 0.85 * 40e6 * 1400 / 1466);
    settle();
}

/* What waits when the policies change goes on under the new ones. */
static void a_change_drops_nothing(void **state)
{
    (void)state;
    set(FIRST, (struct bond_policy){ .pinned = true, .paths = 1U << 0, .fallback = true });
    pipe->policy[1] = FIRST;
    for (unsigned i = 0; i < 400; i++)
        pipe_send(pipe, 0, 1, 1000);
    pipe_run(pipe, 5 * NS_PER_MS);
    memset(table, 0, sizeof table);
    assert_int_equal(bond_set_policies(pipe->bond[0], table), 0);
    pipe_run(pipe, 20 * NS_PER_MS);
    for (unsigned i = 0; i < 100; i++)
        pipe_send(pipe, 0, 1, 1000);
    set(SECOND, (struct bond_policy){ .mode = BOND_MODE_SINGLE });
    pipe->policy[1] = SECOND;
    stream(1, 100, 1000, NS_PER_MS);
    settle();
    assert_int_equal(pipe_missing(pipe, 1), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(numbers_without_policy_are_plain, begin, end),
        cmocka_unit_test_setup_teardown(a_pinned_flow_stays_on_its_path, begin, end),
        cmocka_unit_test_setup_teardown(a_pinned_flow_shares_and_holds_up_nobody, begin, end),
        cmocka_unit_test_setup_teardown(without_its_link_it_takes_another_or_none, begin, end),
        cmocka_unit_test_setup_teardown(redundant_loses_nothing, begin, end),
        cmocka_unit_test_setup_teardown(redundant_is_in_order, begin, end),
        cmocka_unit_test_setup_teardown(a_single_flow_moves_only_when_its_path_fails, begin, end),
        cmocka_unit_test_setup_teardown(single_flows_do_not_hold_up_each_other, begin, end),
        cmocka_unit_test_setup_teardown(lowest_latency_keeps_to_the_short_way, begin, end),
        cmocka_unit_test_setup_teardown(realtime_overtakes, begin, end),
        cmocka_unit_test_setup_teardown(realtime_has_an_end, begin, end),
        cmocka_unit_test_setup_teardown(bulk_takes_what_is_left, begin, end),
        cmocka_unit_test_setup_teardown(a_change_drops_nothing, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
