/* SPDX-License-Identifier: ISC */
/* Paths that carry less than they seem to, or less by now, or less in one direction. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "session/world.h"
#include "wire/wire.h"

static struct world *started(size_t clients, size_t links)
{
    struct world *w = world_new(clients, links);
    world_start(w);
    for (size_t client = 1; client <= clients; client++)
        assert_true(world_run_until_up(w, client, NS_PER_S));
    return w;
}

static uint32_t datagram_bytes(const struct world *w, size_t node, size_t path)
{
    return world_status(w, node, 0).paths[path].bond.datagram_bytes;
}

/* Packets of that size both ways, 2 ms apart, for so long. Numbers below begin are left alone. */
static void traffic(struct world *w, uint16_t begin, size_t len_bytes, int64_t duration_ns)
{
    const struct tstamp end = tstamp_add(w->now, duration_ns);
    for (uint16_t i = begin; tstamp_before(w->now, end); i++) {
        world_send(w, 1, 0, i, len_bytes);
        world_send(w, 0, 1, i, len_bytes);
        world_run(w, 2 * NS_PER_MS);
    }
}

/* So many packets of that size both ways: none is lost. */
static void all_pass(struct world *w, uint16_t begin, uint16_t count, size_t len_bytes)
{
    traffic(w, begin, len_bytes, count * 2 * NS_PER_MS);
    world_run(w, NS_PER_S);
    for (uint16_t i = begin; i < begin + count; i++) {
        assert_int_equal(w->nodes[0].seen[i], 1);
        assert_int_equal(w->nodes[1].seen[i], 1);
    }
}

static void test_search(void **state)
{
    (void)state;
    static const uint32_t sizes[] = { 1280, 1400, 1492, 1500 };
    for (size_t refuse = 0; refuse < 2; refuse++) {
        struct world *w = world_new(1, 4);
        for (size_t l = 0; l < 4; l++) {
            w->nodes[1].links[l].mtu_bytes = sizes[l];
            w->nodes[1].links[l].refuse_big = refuse == 1;
        }
        world_start(w);
        assert_true(world_run_until_up(w, 1, NS_PER_S));
        world_run(w, 60 * NS_PER_S);
        for (size_t node = 0; node < 2; node++) {
            struct core_peer_status s = world_status(w, node, 0);
            for (size_t l = 0; l < 4; l++)
                assert_int_equal(s.paths[l].bond.datagram_bytes, sizes[l] - 28);
            assert_int_equal(core_mtu(w->nodes[node].core), 1280);
        }
        all_pass(w, 0, 300, 800);
        for (uint16_t i = 2000; i < 2100; i++) { /* what fits no datagram is cut by the bond */
            world_send(w, 1, 0, i, 1500);
            world_run(w, NS_PER_MS);
        }
        world_run(w, NS_PER_S);
        for (uint16_t i = 2000; i < 2100; i++)
            assert_int_equal(w->nodes[0].seen[i], 1);
        world_free(w);
    }
}

static void test_shrinks_under_way(void **state)
{
    (void)state;
    struct world *w = started(1, 1);
    world_run(w, 2 * NS_PER_S);
    assert_int_equal(world_status(w, 1, 0).paths[0].bond.datagram_bytes, 1472);
    assert_int_equal(core_mtu(w->nodes[1].core), 1436);
    w->nodes[1].links[0].mtu_bytes = 1400;
    for (uint16_t i = 0; i < 4000; i++) {
        world_send(w, 1, 0, i, 1436);
        world_run(w, 5 * NS_PER_MS);
    }
    assert_int_equal(world_status(w, 1, 0).paths[0].bond.datagram_bytes, 1372);
    /* The size that the search began with was told to nobody. */
    for (size_t i = 0; i < w->nodes[1].event_count; i++)
        if (w->nodes[1].events[i].type == CORE_EVENT_MTU)
            assert_true(w->nodes[1].events[i].mtu_bytes >= 1336);
    assert_int_equal(core_mtu(w->nodes[1].core), 1336);
    world_free(w);
}

/* All links carry less than IPv6's minimum, and nobody says so. */
static void test_below_1280(void **state)
{
    (void)state;
    static const uint32_t sizes[] = { 1200, 1100, 900, 700, 600, 576 };
    for (size_t i = 0; i < 2 * sizeof sizes / sizeof sizes[0]; i++) {
        struct world *w = world_new(1, 2);
        const size_t links = 1 + i % 2;
        for (size_t l = 0; l < links; l++)
            w->nodes[1].links[l].mtu_bytes = sizes[i / 2];
        world_start(w);
        assert_true(world_run_until_up(w, 1, NS_PER_S));
        world_run(w, 4 * NS_PER_S);
        for (size_t node = 0; node < 2; node++) {
            assert_in_range(datagram_bytes(w, node, 0) + 28, sizes[i / 2] - 79, sizes[i / 2]);
            assert_int_equal(core_mtu(w->nodes[node].core), 1280);
        }
        all_pass(w, 0, 500, 1280);
        all_pass(w, 1000, 200, 9000);
        world_free(w);
    }
}

/* Small packets share datagrams that every path carries, also where the outer header is longer. */
static void test_small_packets_over_ipv6(void **state)
{
    (void)state;
    static const uint32_t sizes[] = { 1280, 1300, 1400, 1500, 576 };
    for (size_t i = 0; i < 2 * sizeof sizes / sizeof sizes[0]; i++) {
        struct world *w = world_new(1, 1);
        struct world_link *l = &w->nodes[1].links[0];
        l->mtu_bytes = sizes[i / 2];
        l->refuse_big = i % 2 == 0;
        if (i >= 2) {
            assert_true(netaddr_parse(&l->outside6, "[2001:db8:1::1]:40000"));
            l->outside.family = 0;
            w->endpoints[w->endpoint_count++] = world_server_address6();
        }
        world_start(w);
        assert_true(world_run_until_up(w, 1, NS_PER_S));
        world_run(w, 4 * NS_PER_S);
        uint64_t refused = world_drops(w, 1, CORE_DROP_SEND);
        for (uint16_t n = 0; n < 2000; n++) {
            world_send(w, 1, 0, n, 108);
            if (n % 20 == 19)
                world_run(w, 5 * NS_PER_MS);
        }
        world_run(w, NS_PER_S);
        for (uint16_t n = 0; n < 2000; n++)
            assert_int_equal(w->nodes[0].seen[n], 1);
        /* But for a probe of the next size, which this world's links seem to carry. */
        assert_true(world_drops(w, 1, CORE_DROP_SEND) <= refused + 1);
        world_free(w);
    }
}

/* In one direction or the other, under full load or under a packet now and then. */
static void test_shrinks_in_one_direction(void **state)
{
    (void)state;
    for (unsigned variant = 0; variant < 8; variant++) {
        const size_t links = 1 + (variant & 1);
        const bool down = (variant & 2) != 0;
        const bool busy = (variant & 4) != 0;
        struct world *w = started(1, links);
        world_run(w, 2 * NS_PER_S);
        for (size_t l = 0; l < links; l++) {
            w->nodes[1].links[l].mtu_bytes = down ? 1500 : 1000;
            w->nodes[1].links[l].mtu_down_bytes = down ? 1000 : 1500;
        }
        if (busy)
            traffic(w, 0, 1400, 3 * NS_PER_S);
        for (uint16_t i = 0; !busy && i < 20; i++) {
            world_send(w, 1, 0, i, 1400);
            world_send(w, 0, 1, i, 1400);
            world_run(w, 500 * NS_PER_MS);
        }
        for (size_t l = 0; l < links; l++) {
            assert_int_equal(world_status(w, 0, 0).paths[l].bond.state, BOND_PATH_UP);
            assert_int_equal(world_status(w, 1, 0).paths[l].bond.state, BOND_PATH_UP);
            /* What fits the one fits the other: that is found out when it matters. */
            if (busy || l == 0)
                assert_int_equal(datagram_bytes(w, down ? 0 : 1, l), 960 - 28);
            assert_int_equal(datagram_bytes(w, down ? 1 : 0, l), 1472);
        }
        all_pass(w, 10000, 500, 1400);
        for (size_t l = 0; l < links; l++)
            w->nodes[1].links[l].mtu_bytes = w->nodes[1].links[l].mtu_down_bytes = 1500;
        world_run(w, 16 * NS_PER_S);
        for (size_t l = 0; l < links; l++) {
            assert_int_equal(datagram_bytes(w, 0, l), 1472);
            assert_int_equal(datagram_bytes(w, 1, l), 1472);
        }
        all_pass(w, 20000, 500, 1400);
        world_free(w);
    }
}

/* One of two links goes on as before; the other carries less from then on, in either direction. */
static void test_one_of_two_shrinks(void **state)
{
    (void)state;
    for (unsigned down = 0; down < 2; down++) {
        struct world *w = started(1, 2);
        world_run(w, 2 * NS_PER_S);
        *(down ? &w->nodes[1].links[1].mtu_down_bytes : &w->nodes[1].links[1].mtu_bytes) = 1200;
        traffic(w, 0, 1400, 3 * NS_PER_S);
        for (size_t node = 0; node < 2; node++)
            assert_int_equal(world_status(w, node, 0).paths[1].bond.state, BOND_PATH_UP);
        assert_int_equal(datagram_bytes(w, down ? 0 : 1, 1), 1172);
        assert_int_equal(datagram_bytes(w, 0, 0), 1472);
        all_pass(w, 10000, 500, 1400);
        world_free(w);
    }
}

/* Lines that lose much keep their size, under load and after it. */
static void test_losses_are_no_size(void **state)
{
    (void)state;
    struct world *w = started(1, 1);
    world_run(w, 2 * NS_PER_S);
    w->nodes[1].links[0].loss = 0.15;
    for (unsigned i = 0; i < 20; i++) {
        traffic(w, 0, 1400, NS_PER_S);
        for (size_t node = 0; node < 2; node++)
            assert_int_equal(datagram_bytes(w, node, 0), 1472);
    }
    world_free(w);
}

/* The MTU of what is routed to a peer, or the largest packet that is not cut, as told last. */
static uint32_t told(const struct world *w, size_t node, uint16_t peer, bool fit)
{
    uint32_t bytes = 0;
    for (size_t i = 0; i < w->nodes[node].event_count; i++) {
        const struct core_event *e = &w->nodes[node].events[i];
        if (e->type == CORE_EVENT_PEER_MTU && e->peer == peer)
            bytes = fit ? e->fit_bytes : e->mtu_bytes;
    }
    return bytes;
}

/* A peer behind a narrow path has its own MTU; the device has the largest. */
static void test_each_peer_has_its_own(void **state)
{
    (void)state;
    struct world *w = world_new(3, 1);
    w->nodes[2].links[0].mtu_bytes = 1400;
    w->nodes[3].links[0].mtu_bytes = 700;
    world_start(w);
    for (size_t client = 1; client <= 3; client++)
        assert_true(world_run_until_up(w, client, NS_PER_S));
    world_run(w, 4 * NS_PER_S);
    assert_int_equal(core_mtu(w->nodes[0].core), 1436);
    assert_int_equal(told(w, 0, 0, false), 1436);
    assert_int_equal(told(w, 0, 1, false), 1336);
    assert_int_equal(told(w, 0, 2, false), 1280);
    assert_int_equal(told(w, 0, 0, true), 1436);
    assert_int_equal(told(w, 0, 1, true), 1336);
    assert_int_equal(told(w, 0, 2, true), 640 - 28 - 36);
    assert_int_equal(world_status(w, 0, 1).mtu_bytes, 1336);
    assert_int_equal(core_mtu(w->nodes[2].core), 1336);
    assert_int_equal(core_mtu(w->nodes[3].core), 1280);
    /* It grows, and still packets of 1280 bytes are cut. */
    w->nodes[3].links[0].mtu_bytes = 1280;
    world_run(w, 20 * NS_PER_S);
    assert_int_equal(told(w, 0, 2, false), 1280);
    assert_int_equal(told(w, 0, 2, true), 1280 - 28 - 36);
    world_free(w);
}

/* Where both directions cut 1280 bytes, each side tells what both carry whole. */
static void test_fits_both_directions(void **state)
{
    (void)state;
    for (unsigned down = 0; down < 2; down++) {
        struct world *w = world_new(1, 1);
        w->nodes[1].links[0].mtu_bytes = down ? 1100 : 900;
        w->nodes[1].links[0].mtu_down_bytes = down ? 900 : 1100;
        world_start(w);
        assert_true(world_run_until_up(w, 1, NS_PER_S));
        world_run(w, 6 * NS_PER_S);
        assert_int_equal(datagram_bytes(w, down, 0), 1100 - 28);
        for (size_t node = 0; node < 2; node++) {
            assert_int_equal(told(w, node, 0, false), 1280);
            assert_int_equal(told(w, node, 0, true), 900 - 28 - 36);
        }
        world_free(w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_search),
        cmocka_unit_test(test_shrinks_under_way),
        cmocka_unit_test(test_below_1280),
        cmocka_unit_test(test_small_packets_over_ipv6),
        cmocka_unit_test(test_shrinks_in_one_direction),
        cmocka_unit_test(test_one_of_two_shrinks),
        cmocka_unit_test(test_losses_are_no_size),
        cmocka_unit_test(test_each_peer_has_its_own),
        cmocka_unit_test(test_fits_both_directions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
