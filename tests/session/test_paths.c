/* SPDX-License-Identifier: ISC */
/* Validation, roaming, and links that come and go, between cores. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "session/world.h"
#include "wire/wire.h"

static struct world *connected(size_t links)
{
    struct world *w = world_new(1, links);
    world_start(w);
    assert_true(world_run_until_up(w, 1, NS_PER_S));
    world_run(w, 2 * NS_PER_S);
    return w;
}

/* Packets both ways for so many milliseconds; returns how many of each direction were lost. */
static unsigned traffic(struct world *w, uint16_t first, uint16_t count)
{
    unsigned lost = 0;
    for (uint16_t i = 0; i < count; i++) {
        world_send(w, 1, 0, (uint16_t)(first + i), 800);
        world_send(w, 0, 1, (uint16_t)(first + i), 800);
        world_run(w, NS_PER_MS);
    }
    world_run(w, NS_PER_S);
    for (uint16_t i = 0; i < count; i++)
        lost += (unsigned)(w->nodes[0].seen[first + i] == 0) +
                (unsigned)(w->nodes[1].seen[first + i] == 0);
    return lost;
}

static void test_nat_gives_another_port(void **state)
{
    (void)state;
    struct world *w = connected(1);
    w->nodes[1].links[0].outside.port = 50123;
    world_send(w, 1, 0, 1, 100);
    world_run(w, NS_PER_S);
    struct core_peer_status s = world_status(w, 0, 0);
    assert_int_equal(s.paths[0].remote.port, 50123);
    assert_int_equal(s.paths[0].bond.datagram_bytes, 1472);
    assert_true(s.paths[0].validated);
    assert_int_equal(traffic(w, 1000, 100), 0);
    assert_int_equal(world_status(w, 1, 0).handshakes, 1);
    world_free(w);
}

static void test_client_moves_to_another_network(void **state)
{
    (void)state;
    struct world *w = connected(2);
    w->nodes[1].links[1].outside =
        (struct netaddr){ .family = 4, .port = 777, .addr = { 192, 0, 2, 200 } };
    world_link_event(w, 1, 1, true, true, WIRE_PATH_ACTIVE);
    world_run(w, NS_PER_S);
    struct core_peer_status s = world_status(w, 0, 0);
    assert_int_equal(s.paths[1].remote.port, 777);
    assert_int_equal(traffic(w, 0, 200), 0);
    world_free(w);
}

static unsigned events_of_link(const struct world *w, const char *link, enum core_event_type type)
{
    const struct world_node *n = &w->nodes[1];
    unsigned count = 0;
    for (size_t i = 0; i < n->event_count; i++)
        count += n->events[i].type == type && strcmp(n->events[i].link, link) == 0;
    return count;
}

static void test_standby_is_not_down(void **state)
{
    (void)state;
    struct world *w = connected(2);
    assert_int_equal(events_of_link(w, "link1", CORE_EVENT_PATH_UP), 1);
    world_link_event(w, 1, 1, true, true, WIRE_PATH_STANDBY);
    world_run(w, NS_PER_S);
    assert_int_equal(world_status(w, 1, 0).paths[1].bond.state, BOND_PATH_STANDBY);
    assert_int_equal(world_status(w, 0, 0).paths[1].bond.state, BOND_PATH_STANDBY);
    assert_int_equal(events_of_link(w, "link1", CORE_EVENT_PATH_DOWN), 0);
    world_link_event(w, 1, 1, true, true, WIRE_PATH_DOWN);
    world_run(w, NS_PER_S);
    assert_int_equal(events_of_link(w, "link1", CORE_EVENT_PATH_DOWN), 1);
    world_link_event(w, 1, 1, true, true, WIRE_PATH_STANDBY);
    world_run(w, NS_PER_S);
    assert_int_equal(events_of_link(w, "link1", CORE_EVENT_PATH_UP), 2);
    world_link_event(w, 1, 1, true, true, WIRE_PATH_ACTIVE);
    world_run(w, NS_PER_S);
    assert_int_equal(events_of_link(w, "link1", CORE_EVENT_PATH_UP), 2);
    world_free(w);
}

struct thief {
    struct netaddr address;
    unsigned left;
    unsigned copies;
};

/* Someone on the way sends the client's datagrams on from another address, faster. */
static enum world_verdict steal(struct world *w, struct world_datagram *d, void *arg)
{
    struct thief *t = arg;
    if (d->node != 0 || d->data[0] != WIRE_TRANSPORT || t->left == 0)
        return WORLD_PASS;
    t->left--;
    t->copies++;
    world_inject(w, 0, CORE_SOCKET_LISTEN, &t->address, d->data, d->len_bytes);
    return WORLD_PASS;
}

static void test_no_reflection(void **state)
{
    (void)state;
    struct world *w = connected(1);
    struct thief t = { .address = { .family = 4, .port = 9, .addr = { 192, 0, 2, 9 } }, .left = 1 };
    w->stray = t.address;
    w->hook = steal;
    w->hook_arg = &t;
    uint64_t before = w->nodes[1].links[0].tx_bytes;
    world_send(w, 1, 0, 1, 40);
    world_run(w, 2 * NS_PER_MS);
    uint64_t stolen = w->nodes[1].links[0].tx_bytes - before;
    for (uint16_t i = 0; i < 500; i++)
        world_send(w, 0, 1, i, 1000);
    world_run(w, 5 * NS_PER_S);
    assert_int_equal(t.copies, 1);
    assert_true(w->stray_bytes > 0);
    assert_true(w->stray_bytes <= 3 * stolen);
    struct core_peer_status s = world_status(w, 0, 0);
    assert_int_equal(s.paths[0].remote.port, 40000);
    assert_true(world_drops(w, 0, CORE_DROP_REPLAY) >= 1);
    world_free(w);
}

/* The longest time in which nothing comes down, while packets go both ways. */
static int64_t longest_gap_down(struct world *w, int64_t duration_ns)
{
    int64_t gap = 0, most = 0;
    for (int64_t ns = 0; ns < duration_ns; ns += 5 * NS_PER_MS) {
        size_t before = w->nodes[1].delivered;
        world_send(w, 1, 0, (uint16_t)(ns / NS_PER_MS), 400);
        world_send(w, 0, 1, (uint16_t)(ns / NS_PER_MS), 400);
        world_run(w, 5 * NS_PER_MS);
        gap = w->nodes[1].delivered > before ? 0 : gap + 5 * NS_PER_MS;
        most = gap > most ? gap : most;
    }
    return most;
}

/*
 * Whoever sees the datagrams and is faster brings the challenges to the client, too, so that the
 * answers come from his address; and throws everything else away.
 */
static void test_a_faster_observer_does_not_take_the_path(void **state)
{
    (void)state;
    for (unsigned how = 0; how < 6; how++) {
        struct world *w = connected(1);
        struct thief t = { .address = { .family = 4, .port = 9, .addr = { 192, 0, 2, 9 } },
                           .left = UINT32_MAX };
        w->nodes[1].links[0].delay_ns = (how % 3 == 0 ? 3 : how % 3 == 1 ? 25 : 300) * NS_PER_MS;
        w->nodes[1].links[0].loss = how < 3 ? 0 : 0.02;
        longest_gap_down(w, 5 * NS_PER_S); /* the round trip is known */
        w->stray = t.address;
        w->stray_relay_max = 80;
        w->hook = steal;
        w->hook_arg = &t;
        int64_t rtt_ns = 2 * w->nodes[1].links[0].delay_ns;
        assert_in_range(longest_gap_down(w, 30 * NS_PER_S), 0, 100 * NS_PER_MS + 2 * rtt_ns);
        assert_true(w->stray_bytes > 0);
        assert_int_equal(world_status(w, 0, 0).paths[0].remote.port, 40000);
        world_free(w);
    }
}

/* The old address is asked, but waited for no longer than its answer would take. */
static void test_a_dead_address_delays_a_move_by_a_round_trip(void **state)
{
    (void)state;
    for (unsigned how = 0; how < 3; how++) {
        struct world *w = connected(1);
        int64_t rtt_ns = (how == 0 ? 6 : how == 1 ? 50 : 300) * NS_PER_MS;
        w->nodes[1].links[0].delay_ns = rtt_ns / 2;
        longest_gap_down(w, 5 * NS_PER_S);
        w->nodes[1].links[0].outside.port = 50123;
        /* Down to up, the challenge, what the old address gets of time, and down again. */
        assert_in_range(longest_gap_down(w, 5 * NS_PER_S), rtt_ns, 30 * NS_PER_MS + 7 * rtt_ns / 2);
        assert_int_equal(world_status(w, 0, 0).paths[0].remote.port, 50123);
        world_free(w);
    }
}

/* Outgoing datagrams take another address, while the old one still works: both are good. */
static enum world_verdict from_elsewhere(struct world *w, struct world_datagram *d, void *arg)
{
    (void)w;
    if (d->node == 0)
        d->from = *(struct netaddr *)arg;
    return WORLD_PASS;
}

static void test_an_address_that_works_is_kept(void **state)
{
    (void)state;
    struct netaddr other = { .family = 4, .port = 9, .addr = { 192, 0, 2, 9 } };
    struct world *w = connected(1);
    w->hook = from_elsewhere;
    w->hook_arg = &other;
    w->stray = other;
    w->stray_relay_max = 2000;
    assert_in_range(longest_gap_down(w, 10 * NS_PER_S), 0, 50 * NS_PER_MS);
    assert_int_equal(world_status(w, 0, 0).paths[0].remote.port, 40000);
    assert_true(w->stray_bytes < 20000);       /* challenges now and then */
    w->nodes[1].links[0].outside.port = 41000; /* now it works no more */
    assert_in_range(longest_gap_down(w, 10 * NS_PER_S), 0, 1500 * NS_PER_MS);
    assert_int_equal(world_status(w, 0, 0).paths[0].remote.port, 9);
    world_free(w);
}

static void test_unvalidated_client_gets_no_flood(void **state)
{
    (void)state;
    struct world *w = connected(1);
    /* The whole client moves to an address from where nothing can be answered. */
    struct thief t = { .address = { .family = 4, .port = 9, .addr = { 192, 0, 2, 9 } },
                       .left = 100000 };
    w->stray = t.address;
    w->hook = steal;
    w->hook_arg = &t;
    uint64_t before = w->nodes[1].links[0].tx_bytes;
    for (uint16_t i = 0; i < 300; i++) {
        world_send(w, 0, 1, i, 1200);
        world_run(w, NS_PER_MS);
    }
    uint64_t sent = w->nodes[1].links[0].tx_bytes - before;
    assert_true(t.copies > 10);
    assert_true(w->stray_bytes <= 3 * sent);
    assert_int_equal(world_status(w, 0, 0).paths[0].remote.port, 40000);
    world_free(w);
}

static void test_link_held_back_and_returned(void **state)
{
    (void)state;
    struct world *w = connected(2);
    world_link_event(w, 1, 0, true, true, WIRE_PATH_DOWN);
    world_run(w, NS_PER_S);
    uint64_t tx = w->nodes[1].links[0].tx_bytes, rx = w->nodes[1].links[0].rx_bytes;
    assert_int_equal(traffic(w, 0, 200), 0);
    assert_true(w->nodes[1].links[0].tx_bytes - tx < 3000);
    assert_true(w->nodes[1].links[0].rx_bytes - rx < 3000);
    world_link_event(w, 1, 0, true, true, WIRE_PATH_ACTIVE);
    world_run(w, NS_PER_S);
    assert_int_equal(world_status(w, 1, 0).paths[0].bond.state, BOND_PATH_UP);
    assert_int_equal(world_status(w, 0, 0).paths[0].bond.state, BOND_PATH_UP);
    assert_int_equal(traffic(w, 1000, 200), 0);
    world_free(w);
}

static void test_link_vanishes_and_returns(void **state)
{
    (void)state;
    struct world *w = connected(2);
    w->nodes[1].links[0].cut = true;
    world_link_event(w, 1, 0, false, false, WIRE_PATH_ACTIVE);
    world_run(w, 100 * NS_PER_MS);
    assert_int_equal(world_status(w, 0, 0).paths[0].bond.state == BOND_PATH_UP, 0);
    assert_int_equal(traffic(w, 0, 200), 0);
    w->nodes[1].links[0].cut = false;
    world_link_event(w, 1, 0, true, true, WIRE_PATH_ACTIVE);
    world_run(w, 2 * NS_PER_S);
    assert_int_equal(world_status(w, 0, 0).paths[0].bond.state, BOND_PATH_UP);
    assert_int_equal(world_status(w, 1, 0).paths[0].bond.state, BOND_PATH_UP);
    assert_int_equal(traffic(w, 1000, 200), 0);
    world_free(w);
}

/* The server shows a path of a link that is gone for a minute, one that is switched off for ever.
 */
static void test_ghosts_go(void **state)
{
    (void)state;
    struct world *w = connected(3);
    world_link_event(w, 1, 1, false, false, WIRE_PATH_ACTIVE);
    world_link_event(w, 1, 2, true, true, WIRE_PATH_DOWN);
    world_run(w, 55 * NS_PER_S);
    struct core_peer_status s = world_status(w, 0, 0);
    assert_int_equal(s.path_count, 3);
    assert_int_equal(s.paths[1].use, WIRE_PATH_DOWN);
    world_run(w, 10 * NS_PER_S);
    s = world_status(w, 0, 0);
    assert_int_equal(s.path_count, 2);
    assert_int_equal(s.paths[1].path, 2);
    world_run(w, 600 * NS_PER_S);
    assert_int_equal(world_status(w, 0, 0).path_count, 2);
    assert_int_equal(traffic(w, 0, 200), 0);
    world_link_event(w, 1, 1, true, true, WIRE_PATH_ACTIVE);
    world_link_event(w, 1, 2, true, true, WIRE_PATH_ACTIVE);
    world_run(w, 2 * NS_PER_S);
    s = world_status(w, 0, 0);
    assert_int_equal(s.path_count, 3);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(s.paths[i].bond.state, BOND_PATH_UP);
    assert_int_equal(traffic(w, 1000, 200), 0);
    world_free(w);
}

/* A number that goes to another link: the one that had it is told to be down. */
static void test_number_of_another_link(void **state)
{
    (void)state;
    struct world *w = connected(1);
    struct world_node *server = &w->nodes[0];
    server->event_count = 0;
    struct core_link l = { .present = true, .carrier = true, .has_ipv4 = true, .mtu_bytes = 1500 };
    world_link_event(w, 1, 0, false, false, WIRE_PATH_ACTIVE);
    snprintf(l.name, sizeof l.name, "other");
    core_link_event(w->nodes[1].core, w->now, &l);
    world_run(w, 3 * NS_PER_S);
    bool down = false;
    bool up = false;
    for (size_t i = 0; i < server->event_count; i++) {
        const struct core_event *e = &server->events[i];
        down |= e->type == CORE_EVENT_PATH_DOWN && strcmp(e->link, "link0") == 0;
        up |= e->type == CORE_EVENT_PATH_UP && strcmp(e->link, "other") == 0 && down;
    }
    assert_true(down && up);
    world_free(w);
}

static void test_link_appears_later(void **state)
{
    (void)state;
    struct world *w = world_new(1, 2);
    w->nodes[1].links[1].present = false;
    world_start(w);
    assert_true(world_run_until_up(w, 1, NS_PER_S));
    w->nodes[1].links[1].present = true;
    world_link_event(w, 1, 1, true, true, WIRE_PATH_ACTIVE);
    world_run(w, NS_PER_S);
    assert_int_equal(world_status(w, 0, 0).path_count, 2);
    assert_int_equal(world_status(w, 0, 0).paths[1].bond.state, BOND_PATH_UP);
    assert_int_equal(world_status(w, 1, 0).handshakes, 1);
    world_free(w);
}

static void test_silent_cut_of_everything(void **state)
{
    (void)state;
    struct world *w = connected(1);
    w->nodes[1].links[0].cut = true;
    world_run(w, 20 * NS_PER_S);
    assert_false(world_status(w, 1, 0).up);
    assert_false(world_status(w, 0, 0).up);
    for (uint16_t i = 0; i < 10; i++)
        world_send(w, 1, 0, i, 100);
    assert_int_equal(world_drops(w, 1, CORE_DROP_NO_SESSION), 10);
    w->nodes[1].links[0].cut = false;
    world_run(w, 3 * NS_PER_S);
    assert_true(world_status(w, 1, 0).up);
    assert_int_equal(traffic(w, 1000, 100), 0);
    world_free(w);
}

static struct netaddr address(const char *text)
{
    struct netaddr a;
    assert_true(netaddr_parse(&a, text));
    return a;
}

/* The server's addresses, IPv6 first. */
static void offer_both_families(struct world *w)
{
    w->endpoints[0] = world_server_address6();
    w->endpoints[1] = world_server_address();
    w->endpoint_count = 2;
}

/* One link has IPv6 only, one IPv4 only, one both: all carry one bond. */
static void test_mixed_families(void **state)
{
    (void)state;
    struct world *w = world_new(1, 3);
    w->nodes[1].links[0].outside.family = 0;
    w->nodes[1].links[0].outside6 = address("[2001:db8:1::1]:40000");
    w->nodes[1].links[2].outside6 = address("[2001:db8:1::3]:40000");
    offer_both_families(w);
    world_start(w);
    assert_true(world_run_until_up(w, 1, NS_PER_S));
    world_run(w, 3 * NS_PER_S);
    struct core_peer_status s = world_status(w, 0, 0);
    assert_int_equal(s.path_count, 3);
    assert_int_equal(s.paths[0].remote.family, 6);
    assert_int_equal(s.paths[0].bond.datagram_bytes, 1452);
    assert_int_equal(s.paths[1].remote.family, 4);
    assert_int_equal(s.paths[1].bond.datagram_bytes, 1472);
    assert_int_equal(core_mtu(w->nodes[1].core), 1416);
    assert_int_equal(traffic(w, 0, 200), 0);
    world_free(w);
}

/* Of three addresses only the last one answers, and it is used from then on. */
static void test_dead_endpoints(void **state)
{
    (void)state;
    struct world *w = world_new(1, 2);
    w->endpoints[0] = address("192.0.2.7:4297");
    w->endpoints[1] = address("192.0.2.8:4297");
    w->endpoints[2] = world_server_address();
    w->endpoint_count = 3;
    world_start(w);
    assert_true(world_run_until_up(w, 1, 2 * NS_PER_S));
    world_run(w, NS_PER_S);
    assert_int_equal(world_status(w, 1, 0).path_count, 2);
    assert_true(world_status(w, 1, 0).paths[1].validated);
    assert_int_equal(traffic(w, 0, 100), 0);
    world_free(w);
}

/* A link that has been dead for long gets another router: it is asked at once. */
static void test_another_router(void **state)
{
    (void)state;
    struct world *w = connected(2);
    struct world_link *l = &w->nodes[1].links[1];
    l->cut = true;
    traffic(w, 0, 1000);
    world_run(w, 20 * NS_PER_S);
    assert_int_equal(world_status(w, 1, 0).paths[1].bond.state, BOND_PATH_DOWN);
    l->cut = false;
    l->gateway = address("192.168.1.1");
    world_link_event(w, 1, 1, true, true, WIRE_PATH_ACTIVE);
    world_run(w, 2 * l->delay_ns + 5 * NS_PER_MS);
    assert_int_equal(world_status(w, 1, 0).paths[1].bond.state, BOND_PATH_UP);
    world_free(w);
}

/* Link 1 of the client fell silent twice within a minute, and has to earn its trust. */
static struct world *distrusting(void)
{
    struct world *w = world_new(1, 2);
    struct world_link *l = &w->nodes[1].links[1];
    world_start(w);
    assert_true(world_run_until_up(w, 1, NS_PER_S));
    world_run(w, NS_PER_S);
    for (unsigned i = 0; i < 3; i++) {
        l->cut = true;
        world_run(w, 3 * NS_PER_S);
        assert_int_equal(world_status(w, 1, 0).paths[1].bond.state, BOND_PATH_DOWN);
        l->cut = i == 2;
        world_run(w, 6 * NS_PER_S);
    }
    return w;
}

/* What the system tells of is no silence: the link is used at once. */
static void test_news_of_the_system_are_trusted(void **state)
{
    (void)state;
    for (unsigned vanishes = 0; vanishes < 2; vanishes++) {
        struct world *w = distrusting();
        struct world_link *l = &w->nodes[1].links[1];
        assert_int_equal(world_status(w, 1, 0).paths[1].bond.state, BOND_PATH_DOWN);
        if (vanishes == 1) {
            world_link_event(w, 1, 1, false, false, WIRE_PATH_ACTIVE);
            world_run(w, NS_PER_S);
        }
        l->cut = false;
        l->gateway = address("192.168.1.77");
        world_link_event(w, 1, 1, true, true, WIRE_PATH_ACTIVE);
        world_run(w, 8 * l->delay_ns + 20 * NS_PER_MS);
        assert_int_equal(world_status(w, 1, 0).paths[1].bond.state, BOND_PATH_UP);
        world_free(w);
    }
}

/* Drops one family on link 1 of the client. */
static enum world_verdict drop_family(struct world *w, struct world_datagram *d, void *arg)
{
    const uint8_t *family = arg;
    const struct world_link *l = &w->nodes[1].links[1];
    const struct netaddr *outside = *family == 6 ? &l->outside6 : &l->outside;
    const struct netaddr *far = d->node == 0 ? &d->from : &d->to;
    bool over_it = d->node == 0 ? netaddr_equal(far, outside) : d->socket == 1;
    return over_it && d->from.family == *family ? WORLD_DROP : WORLD_PASS;
}

/* One of two links loses one of IPv4 and IPv6 under way: it goes on over the other. */
static void test_one_family_dies(void **state)
{
    (void)state;
    struct world *w = world_new(1, 2);
    w->nodes[1].links[1].outside6 = address("[2001:db8:1::2]:40001");
    offer_both_families(w);
    world_start(w);
    assert_true(world_run_until_up(w, 1, NS_PER_S));
    world_run(w, 2 * NS_PER_S);
    uint8_t family = world_status(w, 1, 0).paths[1].remote.family;
    w->hook = drop_family;
    w->hook_arg = &family;
    traffic(w, 0, 1000);
    world_run(w, 2 * NS_PER_S);
    struct core_path_status path = world_status(w, 1, 0).paths[1];
    assert_int_equal(path.remote.family, family == 6 ? 4 : 6);
    assert_int_equal(path.bond.state, BOND_PATH_UP);
    assert_int_equal(path.bond.datagram_bytes, family == 6 ? 1472 : 1452);
    assert_int_equal(world_status(w, 0, 0).paths[1].bond.state, BOND_PATH_UP);
    assert_int_equal(traffic(w, 2000, 500), 0);
    world_free(w);
}

/* Both links have both families, of which one leads nowhere over the second link. */
static void start_without(struct world *w, uint8_t *family)
{
    w->nodes[1].links[0].outside6 = address("[2001:db8:1::1]:40001");
    w->nodes[1].links[1].outside6 = address("[2001:db8:1::2]:40001");
    offer_both_families(w);
    w->hook = drop_family;
    w->hook_arg = family;
    world_start(w);
    assert_true(world_run_until_up(w, 1, NS_PER_S));
}

/* One link's IPv6 leads nowhere from the start: it does not wait long for it. */
static void test_families_race(void **state)
{
    (void)state;
    struct world *w = world_new(1, 2);
    uint8_t family = 6;
    start_without(w, &family);
    world_run(w, 350 * NS_PER_MS);
    struct core_path_status path = world_status(w, 1, 0).paths[1];
    assert_true(path.validated);
    assert_int_equal(path.remote.family, 4);
    world_free(w);
}

/* An answer from far away may come after the other address was asked: it counts for its own. */
static void test_late_answer_of_the_race(void **state)
{
    (void)state;
    struct world *w = world_new(1, 2);
    uint8_t family = 4;
    w->nodes[1].links[1].delay_ns = 190 * NS_PER_MS;
    start_without(w, &family);
    world_run(w, 2 * NS_PER_S);
    struct core_path_status path = world_status(w, 1, 0).paths[1];
    assert_int_equal(path.remote.family, 6);
    assert_int_equal(path.bond.state, BOND_PATH_UP);
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nat_gives_another_port),
        cmocka_unit_test(test_client_moves_to_another_network),
        cmocka_unit_test(test_standby_is_not_down),
        cmocka_unit_test(test_no_reflection),
        cmocka_unit_test(test_a_faster_observer_does_not_take_the_path),
        cmocka_unit_test(test_a_dead_address_delays_a_move_by_a_round_trip),
        cmocka_unit_test(test_an_address_that_works_is_kept),
        cmocka_unit_test(test_unvalidated_client_gets_no_flood),
        cmocka_unit_test(test_link_held_back_and_returned),
        cmocka_unit_test(test_link_vanishes_and_returns),
        cmocka_unit_test(test_ghosts_go),
        cmocka_unit_test(test_number_of_another_link),
        cmocka_unit_test(test_link_appears_later),
        cmocka_unit_test(test_silent_cut_of_everything),
        cmocka_unit_test(test_mixed_families),
        cmocka_unit_test(test_dead_endpoints),
        cmocka_unit_test(test_another_router),
        cmocka_unit_test(test_news_of_the_system_are_trusted),
        cmocka_unit_test(test_one_family_dies),
        cmocka_unit_test(test_families_race),
        cmocka_unit_test(test_late_answer_of_the_race),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
