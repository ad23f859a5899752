/* SPDX-License-Identifier: ISC */
/* Two bonds over virtual links: delivery, aggregation, failures, limits, pieces and deadlines. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "bond/bond.h"
#include "bond/packet.h"
#include "bond/pipe.h"
#include "bond/state.h"

enum { BASE_BYTES = 1252 }; /* UDP payload: 1280 over IPv4 */

static struct pipe *pipe;

/* A link by its rate in Mbit/s, its delay in ms each way, and its loss. */
#define LINK(mbps, ms, share)                                                                      \
    {                                                                                              \
        .rate_bps = (mbps)*1e6, .delay_ns = (ms)*NS_PER_MS, .loss = (share)                        \
    }

static int begin(void **state)
{
    (void)state;
    pipe = malloc(sizeof *pipe);
    if (pipe == NULL)
        return -1;
    pipe_init(pipe, 1, 0);
    return 0;
}

/* No test may leave a packet behind, or have told of one that was broken or came twice. */
static int end(void **state)
{
    (void)state;
    uint64_t wrong = 0;
    for (unsigned side = 0; side < 2; side++)
        wrong += pipe->sink[side].broken + pipe->sink[side].copies;
    bool clean = pipe_free(pipe);
    free(pipe);
    return !clean || wrong > 0;
}

static void begin_again(uint64_t seed)
{
    assert_true(pipe_free(pipe));
    pipe_init(pipe, seed, 0);
}

static void open_links(const struct pipe_link *links, uint8_t count)
{
    for (uint8_t i = 0; i < count; i++) {
        pipe->links[i] = links[i];
        pipe_open(pipe, i);
    }
    pipe_run(pipe, 500 * NS_PER_MS);
    for (uint8_t i = 0; i < count; i++)
        assert_int_equal(bond_path_state(pipe->bond[0], i), BOND_PATH_UP);
}

static struct bond_path_stats path_stats(unsigned side, uint8_t link)
{
    struct bond_path_stats s;
    bond_path_stats(pipe->bond[side], pipe_now(pipe, side), link, &s);
    return s;
}

/* Lets the greedy flow end and everything on its way arrive. */
static void settle(void)
{
    pipe->greedy_bytes = 0;
    pipe_run(pipe, 2 * NS_PER_S);
}

static void nothing_arrives_before_a_path_is_open(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 10; i++)
        pipe_send(pipe, 0, 1, 500);
    assert_int_equal(bond_inner_mtu(pipe->bond[0]), 0);
    pipe_run(pipe, NS_PER_S);
    assert_int_equal(pipe->sink[1].packets, 0);
    static const struct pipe_link link[] = { LINK(10, 5, 0) };
    open_links(link, 1);
    assert_int_equal(pipe->sink[1].packets, 10);
    assert_int_equal(bond_inner_mtu(pipe->bond[0]), 1472 - WIRE_OVERHEAD_BYTES);
}

static void what_finds_no_path_for_long_is_dropped(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 10; i++)
        pipe_send(pipe, 0, 1, 1000);
    pipe_run(pipe, 10 * NS_PER_S);
    struct bond_stats stats;
    bond_stats(pipe->bond[0], pipe->now, &stats);
    assert_int_equal(stats.drops[BOND_DROP_NO_PATH], 10);
    assert_int_equal(stats.queued_bytes, 0);
    assert_int_equal(pkt_pool_used(pipe->pool[0]), 0);
    assert_true(tstamp_is_never(bond_deadline(pipe->bond[0])));
}

static const struct {
    const char *name;
    uint8_t count;
    struct pipe_link links[3];
    double least; /* share of the sum of the links, less what datagrams add */
} bundles[] = {
    { "one", 1, { LINK(20, 10, 0) }, 0.90 },
    { "twins", 2, { LINK(20, 10, 0), LINK(20, 10, 0) }, 0.88 },
    { "unequal", 2, { LINK(50, 10, 0), LINK(10, 30, 0) }, 0.88 },
    { "far", 2, { LINK(30, 10, 0), LINK(30, 80, 0) }, 0.88 },
    { "three", 3, { LINK(50, 5, 0), LINK(20, 20, 0), LINK(5, 40, 0) }, 0.88 },
    { "lossy", 2, { LINK(20, 10, 0.01), LINK(20, 15, 0.01) }, 0.85 },
    { "ten to one", 2, { LINK(100, 10, 0), LINK(10, 10, 0) }, 0.88 },
};

static void a_greedy_flow_gets_the_sum_in_order(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bundles / sizeof *bundles; i++) {
        begin_again(i + 1);
        open_links(bundles[i].links, bundles[i].count);
        double sum_bps = 0;
        for (unsigned k = 0; k < bundles[i].count; k++)
            sum_bps += bundles[i].links[k].rate_bps * 1400 /
                       (1400 + WIRE_OVERHEAD_BYTES + 28 + BOND_LINK_BYTES);
        pipe->greedy_bytes = 1400;
        pipe_run(pipe, 4 * NS_PER_S);
        pipe_measure(pipe);
        pipe_run(pipe, 5 * NS_PER_S);
        double share = pipe_bps(pipe, 1) / sum_bps;
        settle();
        const struct pipe_sink *s = &pipe->sink[1];
        double drops = (double)pipe_drops(pipe, 0);
        /* The first packets are sparse, and out of the lane's order. */
        bool lossy = bundles[i].links[0].loss > 0;
        if (share < bundles[i].least || pipe_missing(pipe, 1) > drops || (!lossy && drops > 0) ||
            s->swapped > (lossy ? s->packets / 1000 : 1))
            fail_msg("%s: %.3f of the sum, %u missing, %.0f drops, %u swapped of %u",
                     bundles[i].name, share, pipe_missing(pipe, 1), drops, (unsigned)s->swapped,
                     (unsigned)s->packets);
    }
}

static void a_loss_is_repeated_in_time(void **state)
{
    (void)state;
    static const struct pipe_link links[] = { LINK(20, 10, 0.02), LINK(20, 20, 0.02) };
    open_links(links, 2);
    for (unsigned i = 0; i < 3000; i++) { /* 12 Mbit/s of two flows */
        pipe_send(pipe, 0, 1, 1400);
        pipe_send(pipe, 0, 2, 100);
        pipe_run(pipe, NS_PER_MS);
    }
    settle();
    assert_true(pipe_missing(pipe, 1) <= 3);
    assert_true(pipe->sink[1].swapped <= 15);
    assert_true(path_stats(0, 0).resent_packets + path_stats(0, 1).resent_packets > 60);
    assert_true(path_stats(0, 0).loss > 0.002);
}

/* A call beside a greedy flow takes the short way, and no queue of ours. */
static void sparse_packets_do_not_wait_for_bulk(void **state)
{
    (void)state;
    static const struct pipe_link links[] = { LINK(20, 10, 0), LINK(20, 50, 0) };
    open_links(links, 2);
    pipe->greedy_bytes = 1400;
    pipe_run(pipe, 4 * NS_PER_S);
    int64_t sum_ns = 0;
    for (unsigned i = 0; i < 100; i++) {
        uint32_t number = pipe->sent[0][1];
        struct tstamp sent = pipe->now;
        pipe_send(pipe, 0, 1, 200);
        while (!pipe->sink[1].came[1][number] && tstamp_sub(pipe->now, sent) < NS_PER_S)
            pipe_run(pipe, NS_PER_MS);
        sum_ns += tstamp_sub(pipe->now, sent);
        pipe_run(pipe, 20 * NS_PER_MS);
    }
    assert_true(sum_ns / 100 < 25 * NS_PER_MS);
    settle();
}

static void a_cut_path_loses_nothing(void **state)
{
    (void)state;
    static const struct pipe_link links[] = { LINK(20, 10, 0), LINK(20, 20, 0) };
    for (unsigned cut = 0; cut < 2; cut++) {
        begin_again(cut + 1);
        open_links(links, 2);
        for (unsigned i = 0; i < 4000; i++) { /* 11 Mbit/s: what one link can carry alone */
            if (i == 2000) {
                pipe_measure(pipe);
                pipe->links[cut].cut = true;
            }
            pipe_send(pipe, 0, 1, 1400);
            pipe_run(pipe, NS_PER_MS);
        }
        enum bond_path_state dead = bond_path_state(pipe->bond[0], (uint8_t)cut);
        assert_true(dead == BOND_PATH_DOWN || dead == BOND_PATH_SUSPECT);
        settle();
        assert_true(pipe->sink[1].longest_silence_ns < 200 * NS_PER_MS);
        assert_true(pipe->sink[1].longest_delay_ns < 700 * NS_PER_MS);
        assert_int_equal(pipe_missing(pipe, 1), 0);
        pipe->links[cut].cut = false;
        pipe_run(pipe, 5 * NS_PER_S);
        assert_int_equal(bond_path_state(pipe->bond[0], (uint8_t)cut), BOND_PATH_UP);
        assert_int_equal(bond_path_state(pipe->bond[1], (uint8_t)cut), BOND_PATH_UP);
    }
}

static void a_suspected_path_is_left_at_once(void **state)
{
    (void)state;
    static const struct pipe_link links[] = { LINK(20, 10, 0), LINK(20, 20, 0) };
    open_links(links, 2);
    for (unsigned i = 0; i < 2000; i++) {
        if (i == 1000) {
            pipe_measure(pipe);
            pipe->links[0].cut = true;
            bond_path_suspect(pipe->bond[0], pipe->now, 0);
            assert_int_equal(bond_path_state(pipe->bond[0], 0), BOND_PATH_SUSPECT);
        }
        pipe_send(pipe, 0, 1, 1400);
        pipe_run(pipe, NS_PER_MS);
    }
    settle();
    assert_true(pipe->sink[1].longest_silence_ns < 120 * NS_PER_MS);
    assert_int_equal(pipe_missing(pipe, 1), 0);
}

static void a_closed_path_is_evacuated(void **state)
{
    (void)state;
    static const struct pipe_link links[] = { LINK(20, 10, 0), LINK(20, 20, 0) };
    open_links(links, 2);
    for (unsigned i = 0; i < 2000; i++) {
        if (i == 1000)
            for (unsigned side = 0; side < 2; side++)
                bond_path_close(pipe->bond[side], pipe_now(pipe, side), 0);
        pipe_send(pipe, 0, 1, 1400);
        pipe_run(pipe, NS_PER_MS);
    }
    settle();
    assert_int_equal(pipe_missing(pipe, 1), 0);
    assert_int_equal(bond_path_state(pipe->bond[0], 0), BOND_PATH_CLOSED);
    uint64_t before = pipe->links[0].data_datagrams[0];
    pipe_run(pipe, NS_PER_S);
    assert_int_equal(pipe->links[0].data_datagrams[0], before);
}

static void a_standby_path_waits_for_its_turn(void **state)
{
    (void)state;
    static const struct pipe_link links[] = { LINK(20, 10, 0), LINK(20, 20, 0) };
    pipe->links[0] = links[0];
    pipe->links[1] = links[1];
    pipe_open(pipe, 0);
    pipe->config.use = WIRE_PATH_STANDBY;
    pipe_open(pipe, 1);
    pipe_run(pipe, NS_PER_S);
    assert_int_equal(bond_path_state(pipe->bond[0], 0), BOND_PATH_UP);
    assert_int_equal(bond_path_state(pipe->bond[0], 1), BOND_PATH_STANDBY);
    assert_string_equal(path_stats(0, 1).why, "standby");
    uint64_t before = pipe->links[1].bytes[0];
    for (unsigned i = 0; i < 1000; i++) {
        pipe_send(pipe, 0, 1, 1000);
        pipe_run(pipe, NS_PER_MS);
    }
    assert_true(pipe->links[1].bytes[0] - before < 200);
    /* A carrier is lost: it takes over at once, and hands back when the other has returned. */
    for (unsigned loss = 0; loss < 2; loss++) {
        pipe->links[0].cut = true;
        pipe_measure(pipe);
        for (unsigned side = 0; side < 2; side++)
            bond_path_suspect(pipe->bond[side], pipe_now(pipe, side), 0);
        assert_int_equal(bond_path_state(pipe->bond[0], 1), BOND_PATH_UP);
        for (unsigned i = 0; i < 1000; i++) {
            pipe_send(pipe, 0, 1, 1000);
            pipe_run(pipe, NS_PER_MS);
        }
        assert_int_equal(bond_path_state(pipe->bond[0], 1), BOND_PATH_UP);
        /* What was in flight has to be repeated, at first by the rate that any new path begins
         * with. */
        assert_true(pipe->sink[1].longest_silence_ns < (loss == 0 ? 150 : 40) * NS_PER_MS);
        pipe->links[0].cut = false;
        pipe_run(pipe, 5 * NS_PER_S);
        assert_int_equal(bond_path_state(pipe->bond[0], 0), BOND_PATH_UP);
        assert_int_equal(bond_path_state(pipe->bond[0], 1), BOND_PATH_STANDBY);
        assert_int_equal(pipe_missing(pipe, 1), 0);
    }
}

static void open_with(uint8_t link, struct bond_path_config settings)
{
    settings.datagram_bytes = pipe->config.datagram_bytes;
    settings.overhead_bytes = pipe->config.overhead_bytes;
    pipe->config = settings;
    pipe_open(pipe, link);
}

static void a_last_resort_comes_after_all_others(void **state)
{
    (void)state;
    static const struct pipe_link links[] = { LINK(20, 10, 0), LINK(20, 20, 0), LINK(20, 5, 0) };
    memcpy(pipe->links, links, sizeof links);
    open_with(0, (struct bond_path_config){ .use = WIRE_PATH_ACTIVE });
    open_with(1, (struct bond_path_config){ .use = WIRE_PATH_STANDBY });
    open_with(2, (struct bond_path_config){ .use = WIRE_PATH_STANDBY, .last_resort = true });
    pipe_run(pipe, 2 * NS_PER_S);
    static const struct {
        unsigned cut;
        enum bond_path_state standby, last;
    } steps[] = { { 0, BOND_PATH_STANDBY, BOND_PATH_STANDBY },
                  { 1, BOND_PATH_UP, BOND_PATH_STANDBY },
                  { 3, BOND_PATH_DOWN, BOND_PATH_UP },
                  { 2, BOND_PATH_STANDBY, BOND_PATH_STANDBY },
                  { 1, BOND_PATH_UP, BOND_PATH_STANDBY } };
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        pipe->links[0].cut = (steps[i].cut & 1) != 0;
        pipe->links[1].cut = (steps[i].cut & 2) != 0;
        pipe_run(pipe, 10 * NS_PER_S);
        assert_int_equal(bond_path_state(pipe->bond[0], 1), steps[i].standby);
        assert_int_equal(bond_path_state(pipe->bond[0], 2), steps[i].last);
    }
}

/* Datagrams with data over a link while side 0 sends so much a second for so long. */
static uint64_t data_over(uint8_t link, unsigned bytes_a_ms, unsigned ms)
{
    uint64_t before = pipe->links[link].data_datagrams[0];
    for (unsigned i = 0; i < ms; i++) {
        for (unsigned left = bytes_a_ms; left >= 1250; left -= 1250)
            pipe_send(pipe, 0, 1, 1250);
        pipe_run(pipe, NS_PER_MS);
    }
    return pipe->links[link].data_datagrams[0] - before;
}

static void a_dear_path_waits_until_the_cheap_are_full(void **state)
{
    (void)state;
    static const struct pipe_link links[] = { LINK(20, 20, 0), LINK(20, 5, 0) };
    memcpy(pipe->links, links, sizeof links);
    open_with(0, (struct bond_path_config){ .use = WIRE_PATH_ACTIVE });
    open_with(1, (struct bond_path_config){ .use = WIRE_PATH_ACTIVE, .cost = 3 });
    pipe_run(pipe, NS_PER_S);
    data_over(1, 1250, 2000); /* 10 Mbit/s: also while the rates are still found out */
    assert_true(data_over(1, 1250, 3000) < 30);
    pipe->greedy_bytes = 1400;
    pipe_run(pipe, 4 * NS_PER_S);
    pipe_measure(pipe);
    pipe_run(pipe, 5 * NS_PER_S);
    assert_true(pipe_bps(pipe, 1) > 0.85 * 40e6);
    settle();
    assert_true(data_over(1, 1250, 3000) < 30);
    assert_string_equal(path_stats(0, 1).why, "dear: waits until the cheaper ones are full");
    assert_int_equal(path_stats(0, 1).why_code, WIRE_WHY_DEAR);
    for (unsigned i = 0; i < 3000; i++) { /* the other side sends over it */
        pipe_send(pipe, 1, 1, 1250);
        pipe_run(pipe, NS_PER_MS / 2);
    }
    assert_true(path_stats(0, 1).rx_bps > 1000000);
    assert_int_equal(path_stats(0, 1).why_code, WIRE_WHY_DEAR_IN_USE);
    settle();
}

/* Acknowledgements that are sent again when the last link falls must not go out on it. */
static void what_is_switched_off_stays_silent(void **state)
{
    (void)state;
    static const struct pipe_link links[] = { LINK(20, 10, 0), LINK(20, 10, 0) };
    open_links(links, 2);
    for (unsigned i = 0; i < 500; i++) {
        pipe_send(pipe, 0, 1, 1000);
        pipe_run(pipe, NS_PER_MS);
    }
    for (unsigned side = 0; side < 2; side++) {
        struct bond_path_config off = pipe->config;
        off.use = WIRE_PATH_DOWN;
        bond_path_open(pipe->bond[side], pipe_now(pipe, side), 1, &off);
    }
    settle();
    uint64_t before = pipe->links[1].bytes[0] + pipe->links[1].bytes[1];
    for (unsigned side = 0; side < 2; side++)
        bond_path_suspect(pipe->bond[side], pipe_now(pipe, side), 0);
    settle();
    assert_int_equal(pipe->links[1].bytes[0] + pipe->links[1].bytes[1], before);
}

static void standby_helps_the_busy_only_where_it_may(void **state)
{
    (void)state;
    for (unsigned may = 0; may < 2; may++) {
        begin_again(7);
        static const struct pipe_link links[] = { LINK(20, 20, 0), LINK(20, 5, 0) };
        memcpy(pipe->links, links, sizeof links);
        open_with(0, (struct bond_path_config){ .use = WIRE_PATH_ACTIVE });
        open_with(1, (struct bond_path_config){ .use = WIRE_PATH_STANDBY, .standby_busy = may });
        pipe_run(pipe, NS_PER_S);
        assert_string_equal(path_stats(0, 1).why,
                            may == 1 ? "standby until the others are down or full" : "standby");
        assert_int_equal(data_over(1, 1250, 3000), 0);
        pipe->greedy_bytes = 1400;
        pipe_run(pipe, 4 * NS_PER_S);
        pipe_measure(pipe);
        pipe_run(pipe, 5 * NS_PER_S);
        assert_true(pipe_bps(pipe, 1) > (may ? 0.85 * 40e6 : 0.85 * 20e6));
        assert_int_equal(bond_path_state(pipe->bond[0], 1), may ? BOND_PATH_UP : BOND_PATH_STANDBY);
        settle();
        data_over(1, 1250, 15000);
        assert_int_equal(bond_path_state(pipe->bond[0], 1), BOND_PATH_STANDBY);
        assert_int_equal(data_over(1, 1250, 2000), 0);
    }
}

static void a_limit_is_kept_and_the_queue_behind_it_short(void **state)
{
    (void)state;
    pipe->config.limit_bps = 5000000;
    static const struct pipe_link links[] = { LINK(50, 10, 0) };
    open_links(links, 1);
    uint64_t before = pipe->links[0].bytes[0];
    for (unsigned i = 0; i < 5000; i++) { /* 8 Mbit/s */
        pipe_send(pipe, 0, 1, 1000);
        pipe_run(pipe, NS_PER_MS);
    }
    double bps = (double)(pipe->links[0].bytes[0] - before) * 8 / 5;
    assert_true(bps > 4.6e6 && bps < 5.1e6);
    struct bond_stats stats;
    bond_stats(pipe->bond[0], pipe->now, &stats);
    assert_int_equal(stats.drops[BOND_DROP_QUEUE_FULL], 0);
    assert_string_equal(path_stats(0, 0).why, "limited by the configured rate");
}

static void assert_words(const char *words, const char *part)
{
    if (strstr(words, part) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", words, part);
}

static const char *limit_words(void)
{
    static struct bond_stats stats;
    bond_stats(pipe->bond[0], pipe->now, &stats);
    return stats.limit;
}

static void it_says_why_a_path_is_not_used(void **state)
{
    (void)state;
    static const struct pipe_link links[] = { LINK(20, 10, 0), LINK(20, 15, 0) };
    open_links(links, 2);
    assert_words(path_stats(0, 0).why, "in use");
    pipe->links[0].cut = true;
    pipe_run(pipe, 4 * NS_PER_S);
    assert_words(path_stats(0, 0).why, " s, probing");
    pipe->links[0].cut = false;
    pipe_run(pipe, 2 * NS_PER_S);
    pipe->links[0].cut = true;
    pipe_run(pipe, 2 * NS_PER_S);
    pipe->links[0].cut = false;
    pipe_run(pipe, 700 * NS_PER_MS); /* the second fall within a minute */
    assert_words(path_stats(0, 0).why, "failed lately");
    pipe_run(pipe, 2 * NS_PER_S);
    pipe->links[0].loss = 0.31;
    pipe->greedy_bytes = 1400;
    pipe_run(pipe, 3 * NS_PER_S);
    assert_words(path_stats(0, 0).why, "% loss");
}

static void a_path_out_of_use_steps_in(void **state)
{
    (void)state;
    static const struct pipe_link links[] = { LINK(20, 10, 0.31), LINK(20, 15, 0) };
    open_links(links, 2);
    pipe->greedy_bytes = 1400;
    pipe_run(pipe, 3 * NS_PER_S);
    assert_int_equal(bond_path_state(pipe->bond[0], 0), BOND_PATH_PROBING);
    assert_words(path_stats(0, 0).why, " % loss, probing");
    pipe->links[1].cut = true;
    pipe_run(pipe, 250 * NS_PER_MS);
    assert_int_equal(bond_path_state(pipe->bond[0], 0), BOND_PATH_UP);
    pipe->links[1].cut = false;
    settle();
}

static void it_says_what_limits_the_bond(void **state)
{
    (void)state;
    static const struct pipe_link links[] = { LINK(20, 10, 0), LINK(20, 15, 0) };
    assert_words(limit_words(), "no usable path");
    open_links(links, 2);
    pipe_run(pipe, 2 * NS_PER_S);
    assert_string_equal(limit_words(), "nothing: idle");
    for (unsigned i = 0; i < 3000; i++) { /* 4 Mbit/s */
        pipe_send(pipe, 0, 1, 1000);
        pipe_run(pipe, 2 * NS_PER_MS);
    }
    assert_words(limit_words(), "flow windows or senders, not links: 4.");
    pipe->greedy_bytes = 1400;
    pipe_run(pipe, 4 * NS_PER_S);
    assert_string_equal(limit_words(), "links");
    assert_int_equal(path_stats(0, 0).why_code, WIRE_WHY_LINK_FULL);
}

static void large_packets_cross_small_paths_in_pieces(void **state)
{
    (void)state;
    static const struct pipe_link links[] = { LINK(20, 10, 0.01), LINK(20, 30, 0.01) };
    pipe->config.datagram_bytes = BASE_BYTES;
    open_links(links, 2);
    pipe_measure(pipe);
    for (unsigned i = 0; i < 2000; i++) { /* 12 Mbit/s */
        pipe_send(pipe, 0, 1, 1500);
        pipe_run(pipe, NS_PER_MS);
    }
    settle();
    assert_true(pipe->links[0].longest_bytes[0] <= BASE_BYTES);
    assert_true(pipe->links[1].longest_bytes[0] <= BASE_BYTES);
    assert_true(pipe_missing(pipe, 1) <= 4);
}

static void super_packets_cross_segment_by_segment(void **state)
{
    (void)state;
    static const struct pipe_link links[] = { LINK(20, 10, 0), LINK(20, 30, 0) };
    open_links(links, 2);
    for (unsigned i = 0; i < 10; i++) {
        bond_send(pipe->bond[0], pipe->now, packet_tcp_super(pipe->pool[0], 1, 40, 1360));
        pipe_run(pipe, 100 * NS_PER_MS);
    }
    pipe_run(pipe, NS_PER_S);
    assert_int_equal(pipe->sink[1].packets, 400);
    assert_int_equal(pipe->sink[1].bytes, 400 * 1400);
    pipe->sink[1].broken = 0; /* they are not this file's numbered packets */
    assert_int_equal(pkt_pool_used(pipe->pool[0]), 0);
}

static void send_smalls(unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        pipe_send(pipe, 0, (uint16_t)(i % PIPE_FLOWS), 90);
}

static void small_packets_share_a_datagram(void **state)
{
    (void)state;
    static const struct pipe_link links[] = { LINK(10, 5, 0) };
    open_links(links, 1);
    uint64_t before = pipe->links[0].data_datagrams[0];
    send_smalls(10);
    pipe_run(pipe, 20 * NS_PER_MS);
    assert_int_equal(pipe->sink[1].packets, 10);
    assert_int_equal(pipe->links[0].data_datagrams[0], before + 1);
    pipe_run(pipe, NS_PER_S);
    send_smalls(40); /* more than one holds */
    pipe_run(pipe, 20 * NS_PER_MS);
    assert_int_equal(pipe->sink[1].packets, 50);
    assert_in_range(pipe->links[0].data_datagrams[0], before + 1 + 2, before + 1 + 40 / 8);
    assert_in_range(pipe->links[0].longest_bytes[0], 1000, BASE_BYTES);
}

static void packets_of_a_lost_datagram_are_repeated(void **state)
{
    (void)state;
    static const struct pipe_link links[] = { LINK(10, 5, 0), LINK(10, 8, 0) };
    open_links(links, 2);
    pipe->links[0].cut = pipe->links[1].cut = true;
    send_smalls(10);
    pipe_run(pipe, 2 * NS_PER_MS);
    pipe->links[0].cut = pipe->links[1].cut = false;
    pipe_run(pipe, 200 * NS_PER_MS);
    assert_int_equal(pipe->sink[1].packets, 10);
}

/* What is due at about the same time leaves in one datagram, and what is small in it as well. */
static void acknowledgements_share_a_datagram(void **state)
{
    (void)state;
    static const struct pipe_link links[] = { LINK(10, 5, 0), LINK(10, 8, 0), LINK(10, 10, 0) };
    open_links(links, 3);
    pipe->greedy_bytes = 1000;
    pipe_run(pipe, NS_PER_S);
    uint64_t acks = 0;
    uint64_t ack_datagrams = 0;
    for (unsigned i = 0; i < 3; i++) {
        acks += pipe->links[i].acks[1];
        ack_datagrams += pipe->links[i].ack_datagrams[1];
    }
    assert_true(2 * acks > 3 * ack_datagrams);
    pipe->greedy_bytes = 0;
}

/* That a broken one does not silence all. */
static void every_path_carries_some_acknowledgements(void **state)
{
    (void)state;
    static const struct pipe_link links[] = { LINK(5, 5, 0), LINK(5, 8, 0), LINK(5, 10, 0),
                                              LINK(5, 12, 0) };
    open_links(links, 4);
    pipe->greedy_bytes = 1000;
    pipe_run(pipe, NS_PER_S);
    uint64_t before = pipe->links[3].ack_datagrams[1];
    pipe_run(pipe, NS_PER_S);
    assert_in_range(pipe->links[3].ack_datagrams[1] - before, 20, 150); /* of some 200 */
    pipe->greedy_bytes = 0;
}

static void a_reset_begins_anew(void **state)
{
    (void)state;
    static const struct pipe_link links[] = { LINK(20, 10, 0), LINK(20, 30, 0) };
    open_links(links, 2);
    pipe->greedy_bytes = 1400;
    pipe_run(pipe, NS_PER_S);
    pipe->greedy_bytes = 0;
    pipe_run(pipe, 500 * NS_PER_MS);
    for (unsigned side = 0; side < 2; side++) {
        bond_reset(pipe->bond[side], pipe_now(pipe, side));
        assert_int_equal(bond_inner_mtu(pipe->bond[side]), 0);
        assert_int_equal(bond_path_state(pipe->bond[side], 0), BOND_PATH_CLOSED);
    }
    pipe_send(pipe, 0, 1, 500);
    pipe_run(pipe, NS_PER_S);
    assert_false(pipe->sink[1].came[1][0]);
    open_links(links, 2);
    pipe_run(pipe, NS_PER_S);
    assert_true(pipe->sink[1].came[1][0]);
    assert_int_equal(bond_take_pn(pipe->bond[0], pipe->now, 3, 100, false, 0), 0);
}

/* The receiver's clock is told in 32 bits of microseconds: half of them are 36 minutes. */
static void a_link_that_comes_later_is_judged_by_the_same_clock(void **state)
{
    (void)state;
    static const int64_t minutes[] = { 30, 36, 71 };
    static const struct pipe_link links[] = { LINK(20, 10, 0), LINK(20, 10, 0) };
    for (size_t i = 0; i < sizeof minutes / sizeof *minutes; i++) {
        begin_again(i + 1);
        pipe->clock_offset_ns = minutes[i] * 60 * NS_PER_S;
        open_links(links, 1);
        pipe_run(pipe, 360 * NS_PER_S);
        open_links(links, 2);
        pipe->greedy_bytes = 1400;
        pipe_run(pipe, 3 * NS_PER_S);
        assert_true(path_stats(0, 0).owd_ns < 50 * NS_PER_MS);
        assert_true(path_stats(0, 1).owd_ns < 50 * NS_PER_MS);
        settle();
    }
}

static void statistics_tell_of_the_paths(void **state)
{
    (void)state;
    static const struct pipe_link links[] = { LINK(20, 10, 0), LINK(10, 40, 0) };
    open_links(links, 2);
    assert_int_equal(path_stats(0, 0).rate_bps, 0); /* nothing was measured yet */
    pipe->greedy_bytes = 1400;
    pipe_run(pipe, 6 * NS_PER_S);
    struct bond_path_stats near = path_stats(0, 0), far = path_stats(0, 1), none = path_stats(0, 2);
    assert_true(near.srtt_ns > 19 * NS_PER_MS && near.srtt_ns < 45 * NS_PER_MS);
    assert_true(far.owd_ns - near.owd_ns > 20 * NS_PER_MS);
    assert_true(far.owd_ns - near.owd_ns < 45 * NS_PER_MS);
    assert_true(near.rate_bps > 18000000 && near.rate_bps < 22000000);
    assert_true(near.tx_bps > 17000000 && near.tx_bps < 22000000);
    assert_true(path_stats(1, 0).rx_bps > 17000000);
    assert_int_equal(none.state, BOND_PATH_CLOSED);
    assert_string_equal(none.why, "no address of the peer is reachable over it yet");
    for (int i = 0; i < BOND_DROP_COUNT; i++)
        assert_non_null(bond_drop_name((enum bond_drop)i));
    settle();
}

static void tags_come_back_as_events(void **state)
{
    (void)state;
    static const struct pipe_link links[] = { LINK(20, 10, 0) };
    open_links(links, 1);
    struct bond *b = pipe->bond[0];
    uint64_t pn = bond_take_pn(b, pipe->now, 0, 1200, true, 99);
    bond_rx(pipe->bond[1], pipe_now(pipe, 1), 0, pn, 1200, true);
    struct bond_event e;
    for (unsigned i = 0; i < 100; i++) {
        struct bond_out out;
        pipe->now = tstamp_add(pipe->now, NS_PER_MS);
        if (!bond_next(pipe->bond[1], pipe->now, &out) || out.kind != BOND_OUT_FRAMES)
            continue;
        assert_int_equal(out.ack_count, 1);
        bond_rx_ack(b, pipe->now, 0, out.acks[0]);
        bond_rx_acks_end(b, pipe->now);
        break;
    }
    assert_true(bond_next_event(b, &e));
    assert_int_equal(e.type, BOND_EVENT_ACKED);
    assert_int_equal(e.tag, 99);
    assert_int_equal(e.path, 0);
    assert_false(bond_next_event(b, &e));
}

/* One random change of the world: a link, a setting, or a burst of packets. */
static void random_step(struct rng *random)
{
    uint8_t link = (uint8_t)rng_below(random, 3);
    unsigned side = (unsigned)rng_below(random, 2);
    struct tstamp now = pipe_now(pipe, side);
    switch (rng_below(random, 12)) {
    case 0:
        pipe->links[link].cut = !pipe->links[link].cut;
        break;
    case 1:
        bond_path_suspect(pipe->bond[side], now, link);
        break;
    case 2:
        bond_path_close(pipe->bond[side], now, link);
        break;
    case 3:
        pipe->config.use = (enum wire_path_use)rng_below(random, 3);
        pipe->config.limit_bps = rng_below(random, 3) * 1000000;
        pipe->config.datagram_bytes = BASE_BYTES + (uint32_t)rng_below(random, 221);
        pipe_open(pipe, link);
        break;
    case 4:
    case 5:
        pipe->config.use = WIRE_PATH_ACTIVE;
        pipe->config.limit_bps = 0;
        pipe_open(pipe, link);
        break;
    case 6:
        pipe->links[link].loss = rng_unit(random) * 0.3;
        break;
    case 7:
        pipe->links[link].delay_ns = (int64_t)rng_below(random, 200) * NS_PER_MS;
        break;
    case 8:
        bond_take_pn(pipe->bond[side], now, link, 1200, rng_below(random, 2) == 0, 5);
        break;
    default:
        for (uint64_t n = rng_below(random, 200); n > 0; n--)
            pipe_send(pipe, side, (uint16_t)rng_below(random, PIPE_FLOWS),
                      PACKET_UDP_LEAST + (uint32_t)rng_below(random, 1469));
        break;
    }
}

static void random_troubles_leave_no_busy_loop_and_no_leak(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 12; seed++) {
        static const struct pipe_link links[] = { LINK(20, 10, 0), LINK(5, 40, 0.02),
                                                  LINK(50, 5, 0) };
        struct rng random = { seed };
        begin_again(seed);
        pipe->clock_offset_ns = (int64_t)rng_below(&random, 6000) * NS_PER_S;
        for (uint8_t i = 0; i < 3; i++) {
            pipe->links[i] = links[i];
            pipe->links[i].jitter_ns = (int64_t)rng_below(&random, 5) * NS_PER_MS;
            pipe_open(pipe, i);
        }
        for (unsigned i = 0; i < 300; i++) {
            random_step(&random);
            pipe_run(pipe, (int64_t)rng_below(&random, 60) * NS_PER_MS);
        }
        for (unsigned side = 0; side < 2; side++)
            assert_int_equal(pipe->sink[side].copies + pipe->sink[side].broken, 0);
        /* When the world is well again, so is the bond. */
        for (uint8_t i = 0; i < 3; i++) {
            pipe->links[i].cut = false;
            pipe->links[i].loss = 0;
            pipe->config =
                (struct bond_path_config){ .datagram_bytes = 1472, .overhead_bytes = 28 };
            pipe_open(pipe, i);
        }
        pipe_run(pipe, 8 * NS_PER_S);
        uint32_t first = pipe->sent[0][1];
        for (unsigned i = 0; i < 100; i++)
            pipe_send(pipe, 0, 1, 1000);
        pipe_run(pipe, 2 * NS_PER_S);
        for (uint32_t i = first; i < pipe->sent[0][1]; i++)
            assert_true(pipe->sink[1].came[1][i]);
        for (unsigned side = 0; side < 2; side++) {
            /* A lane keeps the first pieces of a packet until something comes behind them. */
            assert_true(pkt_pool_used(pipe->pool[side]) <= PIPE_FLOWS);
            for (uint8_t i = 0; i < 3; i++)
                assert_true(path_stats(side, i).inflight_bytes < 10000);
        }
    }
}

/* Acknowledgements that were begun when the last path closed wait for one that opens. */
static void what_waits_for_a_path_keeps_nobody_awake(void **state)
{
    (void)state;
    begin_again(1);
    pipe->links[0] = (struct pipe_link)LINK(20, 10, 0);
    pipe_open(pipe, 0);
    pipe_run(pipe, NS_PER_S);
    struct bond *b = pipe->bond[0];
    b->receiver.incoming[0].carriers = 2;
    bond_path_close(b, pipe->now, 0);
    assert_true(bond_deadline(b).ns > 0);
}

#define bond_test(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        bond_test(nothing_arrives_before_a_path_is_open),
        bond_test(what_finds_no_path_for_long_is_dropped),
        bond_test(a_greedy_flow_gets_the_sum_in_order),
        bond_test(a_loss_is_repeated_in_time),
        bond_test(sparse_packets_do_not_wait_for_bulk),
        bond_test(a_cut_path_loses_nothing),
        bond_test(a_suspected_path_is_left_at_once),
        bond_test(a_closed_path_is_evacuated),
        bond_test(a_standby_path_waits_for_its_turn),
        bond_test(a_last_resort_comes_after_all_others),
        bond_test(a_dear_path_waits_until_the_cheap_are_full),
        bond_test(what_is_switched_off_stays_silent),
        bond_test(standby_helps_the_busy_only_where_it_may),
        bond_test(a_limit_is_kept_and_the_queue_behind_it_short),
        bond_test(it_says_why_a_path_is_not_used),
        bond_test(a_path_out_of_use_steps_in),
        bond_test(it_says_what_limits_the_bond),
        bond_test(large_packets_cross_small_paths_in_pieces),
        bond_test(super_packets_cross_segment_by_segment),
        bond_test(small_packets_share_a_datagram),
        bond_test(packets_of_a_lost_datagram_are_repeated),
        bond_test(acknowledgements_share_a_datagram),
        bond_test(every_path_carries_some_acknowledgements),
        bond_test(a_reset_begins_anew),
        bond_test(a_link_that_comes_later_is_judged_by_the_same_clock),
        bond_test(statistics_tell_of_the_paths),
        bond_test(tags_come_back_as_events),
        bond_test(random_troubles_leave_no_busy_loop_and_no_leak),
        bond_test(what_waits_for_a_path_keeps_nobody_awake),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
