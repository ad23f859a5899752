/* SPDX-License-Identifier: ISC */
/*
 * How peers share: the rate of the server's line, the rates of peers in both directions, and the
 * sockets where there is no rate. All in virtual time; rates are those of datagrams with all their
 * headers, as configured.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "session/state.h"
#include "session/world.h"

#define MBIT UINT64_C(1000000)
#define STEP_NS NS_PER_MS

enum {
    HEADERS = 28 + 14, /* of IPv4, UDP and the link, as rates count */
    BULK_BYTES = 1200,
    CALL_BYTES = 160,
    CALL_FLOW = 9999,
    CALLS_MAX = 512,
    CALL_EVERY = 20, /* milliseconds */
};

/* The calls of a run: when each packet was sent, by its number. */
static struct tstamp called_at[CALLS_MAX];
static uint16_t calls;

/* What the network carried for each client, and when sparse packets came to node. */
struct seen {
    uint64_t down_bytes[WORLD_NODES];
    uint64_t up_bytes[WORLD_NODES];
};

static enum world_verdict count(struct world *w, struct world_datagram *d, void *arg)
{
    struct seen *s = arg;
    (void)w;
    if (d->node != 0)
        s->down_bytes[d->node] += d->len_bytes + HEADERS;
    else
        s->up_bytes[d->from.addr[2] - 100] += d->len_bytes + HEADERS;
    return WORLD_PASS;
}

static struct world *start(size_t clients, size_t links, struct seen *seen)
{
    struct world *w = world_new(clients, links);
    memset(seen, 0, sizeof *seen);
    w->hook = count;
    w->hook_arg = seen;
    return w;
}

static void go(struct world *w)
{
    calls = 0;
    world_start(w);
    for (size_t i = 1; i < w->node_count; i++)
        assert_true(world_run_until_up(w, i, 5 * NS_PER_S));
    world_run(w, NS_PER_S);
}

/* What one client is offered, in every millisecond. */
struct demand {
    unsigned packets;
    uint16_t flows;
    bool up;
    bool calls; /* both ways */
};

static void offer(struct world *w, size_t client, const struct demand *d, unsigned turn)
{
    for (unsigned i = 0; i < d->packets; i++) {
        uint16_t flow = (uint16_t)((turn * d->packets + i) % d->flows);
        world_send_flow(w, d->up ? client : 0, d->up ? 0 : client, flow, 0, BULK_BYTES);
    }
    if (!d->calls || turn % CALL_EVERY != 0)
        return;
    assert_true(++calls < CALLS_MAX);
    called_at[calls] = w->now;
    world_send_flow(w, 0, client, CALL_FLOW, calls, CALL_BYTES);
    world_send_flow(w, client, 0, CALL_FLOW, calls, CALL_BYTES);
}

/* How long a packet of a call took to a node, in milliseconds; the most of a run. */
static double longest_ms(const struct world *w, size_t node)
{
    int64_t most_ns = 0;
    for (uint16_t i = 1; i <= calls; i++) {
        assert_true(w->nodes[node].seen[i] > 0);
        int64_t took_ns = tstamp_sub(w->nodes[node].seen_at[i], called_at[i]);
        most_ns = took_ns > most_ns ? took_ns : most_ns;
    }
    return (double)most_ns / 1e6;
}

/* Runs so many milliseconds with these demands of the clients. */
static void run(struct world *w, const struct demand *demands, unsigned ms)
{
    for (unsigned turn = 0; turn < ms; turn++) {
        for (size_t i = 1; i < w->node_count; i++)
            offer(w, i, &demands[i], turn);
        world_run(w, STEP_NS);
    }
}

/* Jain's index of what the clients got: 1 where all are alike. */
static double jain(const uint64_t *got, size_t clients)
{
    double sum = 0;
    double squares = 0;
    for (size_t i = 1; i <= clients; i++) {
        sum += (double)got[i];
        squares += (double)got[i] * (double)got[i];
    }
    return sum * sum / ((double)clients * squares);
}

static double mbps(uint64_t bytes, unsigned ms)
{
    return (double)bytes * 8 / (double)ms / 1000;
}

static void assert_near(double value, double wanted, double percent)
{
    if (value < wanted * (1 - percent / 100) || value > wanted * (1 + percent / 100))
        fail_msg("%g is not within %g %% of %g", value, percent, wanted);
}

static uint64_t sum(const uint64_t *bytes, size_t clients)
{
    uint64_t all = 0;
    for (size_t i = 1; i <= clients; i++)
        all += bytes[i];
    return all;
}

/* The line of so many Mbit/s is kept to, filled, and shared alike. */
static void share_of(size_t clients, uint64_t mbit)
{
    enum { MS = 800 };
    struct seen seen;
    struct world *w = start(clients, 1, &seen);
    struct demand demands[WORLD_NODES] = { 0 };
    w->uplink_bps = mbit * MBIT;
    for (size_t i = 1; i <= clients; i++)
        demands[i] = (struct demand){ .packets = clients <= 10 ? 3 : 1, .flows = 1 };
    go(w);
    run(w, demands, 300);
    memset(&seen, 0, sizeof seen);
    run(w, demands, MS);
    double index = jain(seen.down_bytes, clients);
    print_message("%zu clients at %d Mbit/s: %.2f Mbit/s, index %.4f\n", clients, (int)mbit,
                  mbps(sum(seen.down_bytes, clients), MS), index);
    assert_true(index >= .95);
    assert_near(mbps(sum(seen.down_bytes, clients), MS), (double)mbit, 3);
    assert_int_equal(world_status(w, 0, 0).bond.limit_code, WIRE_LIMIT_UPLINK);
    world_free(w);
}

static void two_ten_and_a_hundred_peers_share_the_line_alike(void **state)
{
    (void)state;
    share_of(2, 20);
    share_of(10, 50);
    share_of(20, 50);
    share_of(100, 60);
}

static void many_flows_get_what_one_gets(void **state)
{
    enum { MS = 2000 };
    struct seen seen;
    struct world *w = start(2, 1, &seen);
    const struct demand demands[] = { { 0 }, { .packets = 4, .flows = 64 }, { 4, 1, false } };
    (void)state;
    w->uplink_bps = 20 * MBIT;
    go(w);
    run(w, demands, 500);
    memset(&seen, 0, sizeof seen);
    run(w, demands, MS);
    print_message("64 flows %.2f, 1 flow %.2f Mbit/s\n", mbps(seen.down_bytes[1], MS),
                  mbps(seen.down_bytes[2], MS));
    assert_near((double)seen.down_bytes[1], (double)seen.down_bytes[2], 3);
    world_free(w);
}

/* A call crosses the line as if it were alone, whatever the other sends. */
static void a_flood_costs_a_caller_no_time(void **state)
{
    struct seen seen;
    (void)state;
    for (uint16_t flows = 1; flows <= 1000; flows += 999) {
        struct world *w = start(3, 1, &seen);
        const struct demand alone[] = { { 0 }, { .calls = true }, { 0 }, { 0 } };
        const struct demand beside[] = {
            { 0 }, { .calls = true }, { .packets = 8, .flows = flows }, { 4, flows, true, false }
        };
        w->uplink_bps = 20 * MBIT;
        go(w);
        run(w, alone, 1000);
        world_run(w, NS_PER_S);
        double before_ms = longest_ms(w, 1);
        calls = 0;
        memset(w->nodes[1].seen, 0, sizeof w->nodes[1].seen);
        run(w, beside, 2000);
        world_run(w, NS_PER_S);
        print_message("beside %u flows: %.2f ms, alone %.2f\n", flows, longest_ms(w, 1), before_ms);
        assert_true(longest_ms(w, 1) < before_ms + 2);
        assert_true(longest_ms(w, 0) < before_ms + 2);
        world_free(w);
    }
}

/* Four links of 10 Mbit/s, or one of 40. */
static void set_links(struct world *w, size_t links)
{
    for (size_t l = 0; l < links; l++) {
        w->nodes[1].links[l].up_bps = 40 * MBIT / links;
        w->nodes[1].links[l].down_bps = 40 * MBIT / links;
    }
}

static void a_rate_of(size_t links, bool up, uint64_t mbit)
{
    enum { MS = 1500 };
    struct seen seen;
    struct world *w = start(1, links, &seen);
    const struct demand demands[] = { { 0 }, { 5, 4, up, true } };
    const uint64_t *bytes = up ? seen.up_bytes : seen.down_bytes;
    set_links(w, links);
    *(up ? &w->nodes[1].receive_limit_bps : &w->nodes[1].send_limit_bps) = mbit * MBIT;
    go(w);
    run(w, demands, 1000);
    memset(&seen, 0, sizeof seen);
    calls = 0;
    memset(w->nodes[up ? 0 : 1].seen, 0, sizeof w->nodes[0].seen);
    run(w, demands, MS);
    double got = mbps(bytes[1], MS);
    size_t sender = up ? 1 : 0;
    enum wire_limit limit = world_status(w, sender, 0).bond.limit_code;
    world_run(w, NS_PER_S);
    print_message("%zu links, %s: %.2f Mbit/s, a call takes %.1f ms\n", links, up ? "up" : "down",
                  got, longest_ms(w, up ? 0 : 1));
    assert_near(got, (double)mbit, 3);
    assert_int_equal(limit, WIRE_LIMIT_PEER_RATE);
    assert_true(longest_ms(w, up ? 0 : 1) < (double)(5 * links) + 15);
    assert_int_equal(world_drops(w, 0, CORE_DROP_RATE_LIMIT), 0);
    assert_int_equal(world_drops(w, 1, CORE_DROP_RATE_LIMIT), 0);
    world_free(w);
}

static void the_rate_of_a_peer_is_kept_in_both_directions(void **state)
{
    (void)state;
    for (size_t links = 1; links <= 4; links += 3)
        for (int up = 0; up <= 1; up++) {
            a_rate_of(links, up != 0, 2);
            a_rate_of(links, up != 0, 15);
            a_rate_of(links, up != 0, 30);
        }
}

/*
 * The sockets, or the processor, take less than all want: peers have turns of equal bytes, some
 * with one link, some with four, some with many flows. The last one has a call.
 */
static void sockets_of(size_t clients, uint64_t mbit)
{
    enum { MS = 600 };
    struct seen seen;
    struct world *w = start(clients, 4, &seen);
    struct demand demands[WORLD_NODES] = { 0 };
    unsigned packets = (unsigned)(mbit / 4 / clients) + 1;
    for (size_t i = 1; i < clients; i++) {
        demands[i] = (struct demand){ .packets = packets, .flows = i % 3 == 0 ? 64 : 1 };
        for (size_t l = 1; i % 2 == 0 && l < 4; l++)
            w->nodes[i].links[l].present = false;
    }
    demands[clients].calls = true;
    w->device_bps = mbit * MBIT;
    go(w);
    run(w, demands, 1000);
    memset(&seen, 0, sizeof seen);
    calls = 0;
    memset(w->nodes[clients].seen, 0, sizeof w->nodes[clients].seen);
    run(w, demands, MS);
    double index = jain(seen.down_bytes, clients - 1);
    double used = mbps(sum(seen.down_bytes, clients), MS);
    world_run(w, NS_PER_S);
    double took_ms = longest_ms(w, clients);
    print_message(
        "%zu clients, sockets of %d Mbit/s: %.1f used, index %.4f, a call takes %.1f ms\n", clients,
        (int)mbit, used, index, took_ms);
    assert_true(index >= .95);
    assert_true(used > .9 * (double)mbit);
    assert_true(took_ms < 5 + 2);
    world_free(w);
}

static void peers_share_the_sockets_alike(void **state)
{
    (void)state;
    sockets_of(3, 200);
    sockets_of(10, 200);
    sockets_of(50, 200);
}

/* The other side does not know RATE_LIMIT: its paths are told, and what is too much is dropped. */
static void an_old_peer_keeps_its_rate_too(void **state)
{
    enum { MS = 3000 };
    (void)state;
    for (size_t links = 1; links <= 4; links += 3) {
        struct seen seen;
        struct world *w = start(1, links, &seen);
        const struct demand demands[] = { { 0 }, { 4, 4, true, false } };
        set_links(w, links);
        go(w);
        w->nodes[0].core->peers.list[0]->association.remote_features &=
            (uint8_t)~WIRE_FEATURE_RATE_LIMIT;
        w->nodes[1].receive_limit_bps = 8 * MBIT;
        world_reload(w);
        run(w, demands, 1000);
        size_t before = w->nodes[0].delivered_bytes;
        run(w, demands, MS);
        double got = mbps(w->nodes[0].delivered_bytes - before, MS);
        print_message("%zu links of an old peer: %.2f Mbit/s\n", links, got);
        assert_in_range((unsigned)(got * 100), 8 * 90, 8 * 103);
        assert_int_equal(world_drops(w, 0, CORE_DROP_RATE_LIMIT) > 0, links > 1);
        world_free(w);
    }
}

/* Rates come, change and go while packets flow. */
static void changed_rates_count_at_once(void **state)
{
    enum { MS = 1000 };
    static const struct {
        uint64_t down_mbit, up_mbit, line_mbit;
    } turns[] = { { 4, 0, 0 }, { 8, 3, 0 }, { 0, 6, 5 }, { 20, 0, 10 }, { 0, 0, 0 }, { 0, 2, 30 } };
    struct seen seen;
    struct world *w = start(1, 2, &seen);
    const struct demand demands[] = { { 0 }, { 5, 2, false, true } };
    const struct demand back[] = { { 0 }, { 5, 2, true, false } };
    (void)state;
    set_links(w, 2);
    go(w);
    for (size_t i = 0; i < sizeof turns / sizeof turns[0]; i++) {
        w->nodes[1].send_limit_bps = turns[i].down_mbit * MBIT;
        w->nodes[1].receive_limit_bps = turns[i].up_mbit * MBIT;
        world_reload(w);
        core_set_uplink(w->nodes[0].core, w->now, turns[i].line_mbit * MBIT);
        calls = 0;
        for (unsigned turn = 0; turn < 2; turn++) {
            memset(&seen, 0, sizeof seen);
            for (unsigned ms = 0; ms < MS; ms += 5) {
                run(w, demands, 5);
                for (unsigned n = 0; n < 5; n++)
                    offer(w, 1, &back[1], ms + n);
            }
        }
        uint64_t down = turns[i].down_mbit == 0 ||
                                (turns[i].line_mbit != 0 && turns[i].line_mbit < turns[i].down_mbit)
                            ? turns[i].line_mbit
                            : turns[i].down_mbit;
        if (down != 0)
            assert_near(mbps(seen.down_bytes[1], MS), (double)down, 3);
        else
            assert_true(mbps(seen.down_bytes[1], MS) > 30);
        if (turns[i].up_mbit != 0)
            assert_near(mbps(seen.up_bytes[1], MS), (double)turns[i].up_mbit, 3);
        else
            assert_true(mbps(seen.up_bytes[1], MS) > 30);
    }
    world_free(w);
}

/* A rate may leave less than a byte: who waits for it waits, and is not asked again at once. */
static void less_than_a_byte_is_nothing(void **state)
{
    static const uint64_t rates_bps[] = { 7300000, 5000000, 20000000 };
    (void)state;
    for (size_t i = 0; i < sizeof rates_bps / sizeof rates_bps[0]; i++) {
        struct seen seen;
        struct rng rng = { 7 };
        struct world *w = start(1, 1, &seen);
        w->nodes[1].send_limit_bps = rates_bps[i];
        go(w);
        memset(&seen, 0, sizeof seen);
        for (unsigned ms = 0; ms < 5000; ms++) {
            for (unsigned n = 0; n < 4; n++)
                world_send_flow(w, 0, 1, 1, 0, i == 0 ? 722 : 60 + rng_below(&rng, 1300));
            world_run(w, STEP_NS);
        }
        assert_near(mbps(seen.down_bytes[1], 5000), (double)rates_bps[i] / 1e6, 5);
        world_free(w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(less_than_a_byte_is_nothing),
        cmocka_unit_test(two_ten_and_a_hundred_peers_share_the_line_alike),
        cmocka_unit_test(many_flows_get_what_one_gets),
        cmocka_unit_test(a_flood_costs_a_caller_no_time),
        cmocka_unit_test(the_rate_of_a_peer_is_kept_in_both_directions),
        cmocka_unit_test(peers_share_the_sockets_alike),
        cmocka_unit_test(an_old_peer_keeps_its_rate_too),
        cmocka_unit_test(changed_rates_count_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
