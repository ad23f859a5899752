/* SPDX-License-Identifier: ISC */
/*
 * What one peer with a genuine key can cost the others: a datagram's work and answers, the outbox,
 * events, the tunnel's device, and calls. Work is measured as processor time against that of a
 * data frame or of a start, within the process.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "attack/hostile.h"
#include "session/callers.h"
#include "session/event.h"
#include "session/send.h"
#include "session/state.h"
#include "session/world.h"

enum { HOSTILE = 1, OTHER = 2, PATHS = 32, SMALL_FRAME_BYTES = 64 };

static struct hostile hostile;

static struct peer *at_server(const struct world *w, size_t client)
{
    return w->nodes[0].core->peers.list[client - 1];
}

/* What is in hostile, from that client's first link. */
static void inject(struct world *w, uint8_t path)
{
    size_t len = hostile_seal(&hostile, path, 0);
    assert_true(len > 0);
    world_inject(w, 0, CORE_SOCKET_LISTEN, &w->nodes[HOSTILE].links[0].outside, hostile.sealed,
                 len);
}

static void begin(struct world *w)
{
    hostile_begin(&hostile, w->nodes[HOSTILE].core, w->now);
}

/* The server takes the hostile client for one with 32 paths. */
static void open_paths(struct world *w)
{
    for (uint8_t id = 1; id < PATHS; id++) {
        struct wire_frame_value f = { .type = WIRE_PING };
        begin(w);
        hostile_frame(&hostile, &f);
        inject(w, id);
        f.type = WIRE_PATH_RESPONSE;
        memcpy(f.token, at_server(w, HOSTILE)->paths[id].address.token, sizeof f.token);
        begin(w);
        hostile_frame(&hostile, &f);
        inject(w, id);
        assert_true(at_server(w, HOSTILE)->paths[id].opened);
    }
}

static struct world *connected(void)
{
    struct world *w = world_new(2, 1);
    world_start(w);
    assert_true(world_run_until_up(w, HOSTILE, NS_PER_S));
    assert_true(world_run_until_up(w, OTHER, NS_PER_S));
    world_run(w, NS_PER_S);
    return w;
}

static size_t sent_by_server(struct world *w)
{
    struct core_tx tx;
    size_t n = 0;
    while (core_next_tx(w->nodes[0].core, w->now, &tx))
        n += tx.segment_count;
    return n;
}

static void challenges_get_one_answer_a_datagram(void **state)
{
    (void)state;
    struct world *w = connected();
    for (uint32_t i = 0; i < 50; i++) {
        begin(w);
        hostile_challenges(&hostile, i);
        inject(w, 0);
    }
    assert_in_range(sent_by_server(w), 40, 60); /* some are acknowledgements */
    world_free(w);
}

static void one_peer_leaves_room_in_the_outbox(void **state)
{
    (void)state;
    struct world *w = connected();
    for (uint32_t i = 0; i < 1000; i++) {
        begin(w);
        hostile_challenges(&hostile, i);
        inject(w, 0);
    }
    assert_non_null(outbox_room(&w->nodes[0].core->outbox, at_server(w, OTHER)));
    send_ping(at_server(w, OTHER), w->now);
    assert_int_equal(world_drops(w, 0, CORE_DROP_SEND), 1000 - OUTBOX_PEER_MAX);
    world_free(w);
}

static int64_t cpu_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return t.tv_sec * NS_PER_S + t.tv_nsec;
}

/* What a datagram holds, and where it goes. */
struct kind {
    const char *name;
    void (*fill)(uint32_t i);
    uint32_t skip; /* packet numbers left out before it */
    uint8_t paths; /* taken in turn */
};

/* The mean time of a datagram at the server, until it has nothing to do any more; the least of
 * several such means. */
static int64_t cost_ns(struct world *w, const struct kind *kind)
{
    enum { TURNS = 9, EACH = 64 };
    int64_t least = INT64_MAX;
    for (unsigned turn = 0; turn < TURNS; turn++) {
        int64_t took = 0;
        for (uint32_t i = 0; i < EACH; i++) {
            begin(w);
            kind->fill(i);
            size_t len = hostile_seal(&hostile, (uint8_t)(i % kind->paths), kind->skip);
            w->now = tstamp_add(w->now, NS_PER_S / 3000);
            int64_t from = cpu_ns();
            world_inject(w, 0, CORE_SOCKET_LISTEN, &w->nodes[HOSTILE].links[0].outside,
                         hostile.sealed, len);
            core_tick(w->nodes[0].core, w->now);
            for (struct pkt *p; (p = core_next_tun(w->nodes[0].core)) != NULL;)
                pkt_put(p);
            sent_by_server(w);
            took += cpu_ns() - from;
        }
        least = took / EACH < least ? took / EACH : least;
        world_run(w, NS_PER_S);
    }
    print_message("%-20s %6d ns a datagram\n", kind->name, (int)least);
    return least;
}

static uint32_t sequence;

static void fill_data(uint32_t i)
{
    (void)i;
    hostile_data(&hostile, WIRE_LANE_UNORDERED, ++sequence, 0, 1300);
}

static void fill_ping(uint32_t i)
{
    const struct wire_frame_value ping = { .type = WIRE_PING };
    (void)i;
    hostile_frame(&hostile, &ping);
}

static void fill_padding(uint32_t i)
{
    fill_ping(i);
    while (writer_left(&hostile.w) > 0)
        write_u8(&hostile.w, WIRE_PADDING);
}

static void fill_statuses(uint32_t i)
{
    hostile_statuses(&hostile, PATHS, i % 2);
}

static void fill_acks(uint32_t i)
{
    (void)i;
    hostile_acks(&hostile, PATHS);
}

static void fill_challenges(uint32_t i)
{
    hostile_challenges(&hostile, i);
}

static void fill_jumps(uint32_t i)
{
    (void)i;
    hostile_packets(&hostile, WIRE_LANE_UNORDERED, &sequence, 4095, 0);
}

static void fill_steps(uint32_t i)
{
    (void)i;
    hostile_packets(&hostile, WIRE_LANE_UNORDERED, &sequence, 1, 0);
}

static void fill_pieces(uint32_t i)
{
    uint8_t flags = (uint8_t)(WIRE_DATA_MORE | (i % 2 == 1 ? WIRE_DATA_CONT : 0));
    hostile_data(&hostile, (uint16_t)(1 + i / 2), i % 2, flags, 1100);
}

static void fill_holes(uint32_t i)
{
    uint32_t first = sequence += 100;
    hostile_packets(&hostile, (uint16_t)(1 + i % 1000), &first, 1, 0);
}

/* The same frame again and again. */
static void fill_with(const struct wire_frame_value *f)
{
    while (writer_left(&hostile.w) > SMALL_FRAME_BYTES)
        hostile_frame(&hostile, f);
}

static void fill_pings(uint32_t i)
{
    const struct wire_frame_value f = { .type = WIRE_PING };
    (void)i;
    fill_with(&f);
}

static void fill_responses(uint32_t i)
{
    const struct wire_frame_value f = { .type = WIRE_PATH_RESPONSE, .token = { (uint8_t)i } };
    fill_with(&f);
}

static void fill_questions(uint32_t i)
{
    const struct wire_frame_value f = { .type = WIRE_REPORT_ASK, .report_s = (uint8_t)(i % 2 + 1) };
    fill_with(&f);
}

static void fill_reports(uint32_t i)
{
    const struct wire_frame_value f = { .type = WIRE_REPORT };
    (void)i;
    fill_with(&f);
}

static void fill_accepted(uint32_t i)
{
    struct wire_frame_value f = {
        .type = WIRE_ACCEPTED, .accepted = { .count = 1, .list = { { .family = 4, .len = 32 } } }
    };
    for (uint32_t n = 0; writer_left(&hostile.w) > SMALL_FRAME_BYTES; n++) {
        f.accepted.sequence = i * HOSTILE_PLAIN_MAX + n;
        f.accepted.list[0].addr[3] = (uint8_t)n;
        hostile_frame(&hostile, &f);
    }
}

static void assert_at_most(struct world *w, const struct kind *kinds, size_t count,
                           int64_t yardstick_ns, unsigned times)
{
    for (size_t i = 0; i < count; i++)
        assert_in_range(cost_ns(w, &kinds[i]), 1, yardstick_ns * times);
}

/* With as many paths as there may be: each datagram makes an acknowledgement and a look at all. */
static void no_frame_costs_many_times_a_data_frame(void **state)
{
    (void)state;
    static const struct kind data = { "data", fill_data, 0, 1 };
    static const struct kind kinds[] = {
        { "pings", fill_ping, 0, PATHS },
        { "numbers, 1 path", fill_ping, 4095, 1 },
        { "numbers", fill_ping, 4095, PATHS },
        { "numbers, near", fill_ping, 63, PATHS },
        { "numbers, every other", fill_ping, 1, PATHS },
        { "padding", fill_padding, 0, 1 },
        { "pieces", fill_pieces, 0, 1 },
    };
    struct world *w = connected();
    open_paths(w);
    assert_at_most(w, kinds, sizeof kinds / sizeof kinds[0], cost_ns(w, &data), 8);
    world_free(w);
}

static void no_frames_cost_many_times_as_many_packets(void **state)
{
    (void)state;
    static const struct kind packets = { "packets", fill_steps, 0, 1 };
    static const struct kind kinds[] = {
        { "jumps", fill_jumps, 0, 1 },
        { "holes", fill_holes, 0, 1 },
        { "statuses", fill_statuses, 0, 1 },
        { "acknowledgements", fill_acks, 0, 1 },
        { "challenges", fill_challenges, 0, 1 },
        { "responses", fill_responses, 0, 1 },
        { "pings without end", fill_pings, 0, 1 },
        { "questions", fill_questions, 0, 1 },
        { "reports", fill_reports, 0, 1 },
        { "prefixes", fill_accepted, 0, 1 },
    };
    struct world *w = connected();
    open_paths(w);
    assert_at_most(w, kinds, sizeof kinds / sizeof kinds[0], cost_ns(w, &packets), 5);
    world_free(w);
}

static int64_t served_ns; /* time that the server took */

/* Between the hostile client and the server, as long as there is something on the way. */
static void exchange(struct world *w)
{
    struct core *server = w->nodes[0].core;
    struct core *client = w->nodes[HOSTILE].core;
    struct core_tx tx;
    bool any = true;
    while (any) {
        any = false;
        core_tick(client, w->now);
        while (core_next_tx(client, w->now, &tx)) {
            int64_t from = cpu_ns();
            world_inject(w, 0, CORE_SOCKET_LISTEN, &w->nodes[HOSTILE].links[0].outside, tx.data,
                         tx.segment_bytes);
            served_ns += cpu_ns() - from;
            any = true;
        }
        for (;;) {
            int64_t from = cpu_ns();
            core_tick(server, w->now);
            bool more = core_next_tx(server, w->now, &tx);
            served_ns += cpu_ns() - from;
            if (!more)
                break;
            const struct netaddr at = world_server_address();
            for (size_t n = 0; n < tx.len_bytes; n += tx.segment_bytes)
                world_inject(w, HOSTILE, 0, &at, tx.data + n,
                             tx.len_bytes - n < tx.segment_bytes ? tx.len_bytes - n
                                                                 : tx.segment_bytes);
            any = true;
        }
    }
}

/* The least time of a start with so many links, from the first call to the last path. */
static int64_t start_ns(struct world *w, uint8_t paths)
{
    int64_t least = INT64_MAX;
    for (unsigned i = 0; i < 9; i++) {
        served_ns = 0;
        world_restart(w, HOSTILE);
        for (unsigned n = 0; n < 1000 && !w->nodes[HOSTILE].core->peers.list[0]->up; n++) {
            exchange(w);
            w->now = tstamp_add(w->now, NS_PER_MS);
        }
        assert_true(w->nodes[HOSTILE].core->peers.list[0]->up);
        struct peer *client = w->nodes[HOSTILE].core->peers.list[0];
        for (uint8_t id = 0; id < paths; id++) {
            client->paths[id].address.open = true; /* one socket passes for all links */
            client->paths[id].address.route = client->paths[0].address.route;
            begin(w);
            fill_ping(id);
            size_t len = hostile_seal(&hostile, id, 100);
            int64_t from = cpu_ns();
            world_inject(w, 0, CORE_SOCKET_LISTEN, &w->nodes[HOSTILE].links[0].outside,
                         hostile.sealed, len);
            served_ns += cpu_ns() - from;
        }
        for (unsigned n = 0; n < 20; n++) {
            exchange(w);
            w->now = tstamp_add(w->now, NS_PER_MS);
        }
        assert_true(at_server(w, HOSTILE)->paths[paths - 1].opened);
        least = served_ns < least ? served_ns : least;
        w->now = tstamp_add(w->now, NS_PER_S);
    }
    print_message("%d ns a start of %d paths\n", (int)least, paths);
    return least;
}

static void a_start_with_many_links_costs_few_times_one_with_one(void **state)
{
    (void)state;
    struct world *w = connected();
    int64_t one = start_ns(w, 1);
    assert_in_range(start_ns(w, PATHS), 1, 8 * one);
    world_free(w);
}

static void the_newest_status_counts_in_the_end(void **state)
{
    (void)state;
    struct world *w = connected();
    open_paths(w);
    for (uint32_t i = 0; i < 500; i++) {
        begin(w);
        hostile_statuses(&hostile, PATHS, i == 499 ? WIRE_PATH_STANDBY : WIRE_PATH_ACTIVE);
        inject(w, 0);
    }
    const struct peer *p = at_server(w, HOSTILE);
    world_run(w, NS_PER_S);
    for (uint8_t id = 1; id < PATHS; id++)
        assert_int_equal(p->paths[id].remote.use, WIRE_PATH_STANDBY);
    assert_int_equal(p->told.paths, 0);
    world_free(w);
}

static size_t count_events(struct world *w, size_t peer, enum core_event_type *last)
{
    struct core_event e;
    size_t n = 0;
    while (core_next_event(w->nodes[0].core, &e)) {
        n += e.peer == peer;
        if (e.peer == peer)
            *last = e.type;
    }
    return n;
}

static void a_path_that_flaps_is_told_as_it_is_in_the_end(void **state)
{
    (void)state;
    struct world *w = connected();
    struct peer *p = at_server(w, HOSTILE);
    enum core_event_type last = CORE_EVENT_MTU;
    for (unsigned i = 0; i < 2000; i++)
        event_path(p, 0, i % 2 == 1, "the test"); /* at last up */
    assert_in_range(count_events(w, 0, &last), 10, 100);
    assert_int_equal(last, CORE_EVENT_PATH_DOWN);
    size_t before = w->nodes[0].event_count;
    world_run(w, 2 * NS_PER_S);
    assert_int_equal(w->nodes[0].event_count, before + 1);
    assert_int_equal(w->nodes[0].events[before].type, CORE_EVENT_PATH_UP);
    world_free(w);
}

static void no_change_of_another_peer_is_lost(void **state)
{
    (void)state;
    struct world *w = connected();
    enum core_event_type last = CORE_EVENT_MTU;
    event_path(at_server(w, OTHER), 0, false, "the test");
    for (unsigned i = 0; i < 2000; i++)
        event_peer(at_server(w, HOSTILE), i % 2 == 1, "the test");
    assert_true(count_events(w, 1, &last) == 1);
    assert_int_equal(last, CORE_EVENT_PATH_DOWN);
    world_free(w);
}

/* What one peer brings at once does not stand before what another brings. */
static void peers_take_turns_at_the_tunnel(void **state)
{
    (void)state;
    struct world *w = world_new(2, 1);
    unsigned before = 0;
    world_start(w);
    assert_true(world_run_until_up(w, HOSTILE, NS_PER_S));
    assert_true(world_run_until_up(w, OTHER, NS_PER_S));
    struct bond *b = at_server(w, HOSTILE)->bond;
    for (uint32_t i = 0; i < 4000; i++) {
        struct pkt *p = pkt_new(w->nodes[0].pool, 40);
        const struct wire_data d = { .sequence = i + 1 };
        static const uint8_t header[20] = { 0x45, 0, 0,  40, 0, 0, 0,  0,  64, 17,
                                            0,    0, 10, 77, 0, 2, 10, 77, 0,  1 };
        for (unsigned k = 0; k < 40; k++)
            p->data[k] = (uint8_t)k; /* as the world expects it */
        memcpy(p->data, header, sizeof header);
        p->len_bytes = 40;
        bond_rx_data(b, w->now, 0, &d, p);
    }
    world_send(w, OTHER, 0, 7, 100);
    struct core_tx tx;
    while (core_next_tx(w->nodes[OTHER].core, w->now, &tx))
        world_inject(w, 0, CORE_SOCKET_LISTEN, &w->nodes[OTHER].links[0].outside, tx.data,
                     tx.segment_bytes);
    bool came = false;
    for (struct pkt *p; !came && (p = core_next_tun(w->nodes[0].core)) != NULL; pkt_put(p)) {
        came = p->data[15] == OTHER + 1;
        before += !came;
    }
    assert_in_range(before, 0, 300);
    world_run(w, NS_PER_MS);
    world_free(w);
}

/* Every call is another one: what its mac2 would be. */
static bool take(struct callers *c, struct tstamp now, const struct netaddr *from)
{
    static uint64_t call;
    uint8_t mac2[WIRE_MAC_BYTES] = { 0 };
    struct rng mix = { ++call };
    uint64_t bytes = rng_next(&mix);
    memcpy(mac2, &bytes, sizeof bytes);
    memcpy(mac2 + sizeof bytes, &call, sizeof call);
    return callers_take(c, now, from, mac2);
}

static void callers_are_limited_by_their_addresses(void **state)
{
    (void)state;
    static struct callers c;
    struct tstamp now = { NS_PER_S };
    struct netaddr a = { .family = 4, .addr = { 192, 0, 2, 1 } };
    struct netaddr six = { .family = 6, .addr = { 0x20, 1, 0xd, 0xb8 } };
    unsigned passed = 0, passed_six = 0, refused = 0;
    callers_init(&c, 42);
    for (unsigned ms = 0; ms < 10000; ms++) {
        now = tstamp_add(now, NS_PER_MS);
        a.port = (uint16_t)ms; /* another port or interface is no other caller */
        six.addr[15] = (uint8_t)ms;
        passed += take(&c, now, &a);
        passed_six += take(&c, now, &six);
        struct netaddr once = { .family = 4, .addr = { 198, 51, (uint8_t)(ms >> 8), (uint8_t)ms } };
        refused += ms % 100 == 0 && !take(&c, now, &once);
    }
    assert_in_range(passed, 200, 221);
    assert_in_range(passed_six, 200, 221);
    assert_int_equal(refused, 0);
    passed = 0;
    for (unsigned i = 0; i < 100000; i++) {
        struct netaddr many = { .family = 4,
                                .addr = { 10, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i } };
        now = tstamp_add(now, 10 * NS_PER_US);
        passed += take(&c, now, &many);
    }
    assert_in_range(passed, 500, 500 + CALLERS_ALL_BURST + 1);
}

/* However many addresses others call from, those of peers, and four of each, get their calls. */
static void addresses_of_peers_come_first(void **state)
{
    (void)state;
    static struct callers c;
    static const int ids[2]; /* two peers */
    struct tstamp now = { NS_PER_S };
    unsigned passed = 0, strangers = 0, surplus = 0;
    callers_init(&c, 42);
    for (uint8_t i = 0; i < 20; i++) {
        struct netaddr link = { .family = 4, .addr = { 192, 0, 2, i } };
        callers_answered(&c, tstamp_add(now, i), &link, &ids[i % 2]);
    }
    for (unsigned i = 0; i < 100000; i++) {
        struct netaddr many = { .family = 6,
                                .addr = { 0x20, 1, 0xd, 0xb8, 0, (uint8_t)(i >> 16),
                                          (uint8_t)(i >> 8), (uint8_t)i } };
        now = tstamp_add(now, 100 * NS_PER_US);
        strangers += take(&c, now, &many);
        struct netaddr link = { .family = 4, .addr = { 192, 0, 2, (uint8_t)(i / 1000 % 20) } };
        if (i % 1000 == 0 && i / 1000 % 20 >= 12)
            passed += take(&c, now, &link);
        else if (i % 1000 == 0)
            surplus += take(&c, now, &link);
    }
    assert_int_equal(passed, 40);
    assert_in_range(surplus, 0, 30);
    assert_in_range(strangers + passed + surplus, 5000, 5000 + CALLERS_ALL_BURST + 1);
}

/* An observer who sends a proved call again in the caller's name uses up little of its share. */
static void a_call_counts_few_times(void **state)
{
    (void)state;
    static struct callers c;
    struct tstamp now = { NS_PER_S };
    struct netaddr a = { .family = 4, .addr = { 192, 0, 2, 1 } };
    uint8_t mac2[WIRE_MAC_BYTES] = { 1 };
    unsigned passed = 0, others = 0;
    callers_init(&c, 42);
    for (unsigned i = 0; i < 10000; i++) {
        now = tstamp_add(now, NS_PER_MS);
        passed += callers_take(&c, now, &a, mac2);
        others += i % 100 == 99 && take(&c, now, &a);
    }
    assert_int_equal(passed, CALLERS_SAME);
    assert_int_equal(others, 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(challenges_get_one_answer_a_datagram),
        cmocka_unit_test(one_peer_leaves_room_in_the_outbox),
        cmocka_unit_test(no_frame_costs_many_times_a_data_frame),
        cmocka_unit_test(no_frames_cost_many_times_as_many_packets),
        cmocka_unit_test(a_start_with_many_links_costs_few_times_one_with_one),
        cmocka_unit_test(the_newest_status_counts_in_the_end),
        cmocka_unit_test(a_path_that_flaps_is_told_as_it_is_in_the_end),
        cmocka_unit_test(no_change_of_another_peer_is_lost),
        cmocka_unit_test(peers_take_turns_at_the_tunnel),
        cmocka_unit_test(callers_are_limited_by_their_addresses),
        cmocka_unit_test(addresses_of_peers_come_first),
        cmocka_unit_test(a_call_counts_few_times),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
