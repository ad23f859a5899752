/* SPDX-License-Identifier: ISC */
/*
 * What a tunnel costs that nobody uses, and how soon both sides know of a link that fell silent
 * meanwhile. Two cores in virtual time; datagrams count as IP packets, both directions together.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "session/world.h"
#include "wire/wire.h"

enum { DOWN, UP, WAYS };
enum { SERVER, CLIENT, SIDES };
enum {
    PHASES = 9,     /* moments of a cut, against the beats */
    PHASE_MS = 103, /* from one to the next; the longest interval is 864 ms */
    NEVER_MS = 5000,
};

/* What the hook sees, and which directions of link 0 are silent. */
struct wires {
    uint64_t bytes[WORLD_LINKS];
    bool cut[WAYS];
};

static size_t link_of(const struct world *w, const struct netaddr *outside)
{
    for (size_t l = 0; l < WORLD_LINKS; l++) {
        const struct world_link *link = &w->nodes[CLIENT].links[l];
        if (netaddr_equal(&link->outside, outside) || netaddr_equal(&link->outside6, outside))
            return l;
    }
    fail_msg("a datagram of no link");
    return 0;
}

static enum world_verdict watch(struct world *w, struct world_datagram *d, void *arg)
{
    struct wires *wires = arg;
    unsigned way = d->node == SERVER ? UP : DOWN;
    size_t l = link_of(w, way == UP ? &d->from : &d->to);
    wires->bytes[l] += d->len_bytes + (d->to.family == 6 ? 48 : 28);
    return l == 0 && wires->cut[way] ? WORLD_DROP : WORLD_PASS;
}

static struct world *new_world(struct wires *wires, size_t links, unsigned family)
{
    struct world *w = world_new(1, links);
    *wires = (struct wires){ 0 };
    w->hook = watch;
    w->hook_arg = wires;
    if (family == 4)
        return w;
    for (size_t l = 0; l < links; l++) {
        char text[NETADDR_STRLEN];
        snprintf(text, sizeof text, "[2001:db8:%zu::2]:40000", l + 1);
        assert_true(netaddr_parse(&w->nodes[CLIENT].links[l].outside6, text));
        w->nodes[CLIENT].links[l].outside.family = 0;
    }
    w->endpoints[w->endpoint_count++] = world_server_address6();
    return w;
}

static void start(struct world *w)
{
    world_start(w);
    assert_true(world_run_until_up(w, CLIENT, 5 * NS_PER_S));
    world_run(w, 300 * NS_PER_S); /* round trips are known */
}

/* MB in 30 days, from an hour; with or without a ping of 84 bytes there and back each second. */
static void months(struct world *w, struct wires *wires, bool pings, double mb[WORLD_LINKS])
{
    memset(wires->bytes, 0, sizeof wires->bytes);
    for (uint16_t second = 0; second < 3600; second++) {
        if (pings)
            world_send(w, CLIENT, SERVER, second, 84);
        world_run(w, NS_PER_S / 2);
        if (pings)
            world_send(w, SERVER, CLIENT, second, 84);
        world_run(w, NS_PER_S / 2);
    }
    for (size_t l = 0; l < WORLD_LINKS; l++)
        mb[l] = (double)wires->bytes[l] * 30 * 24 / 1e6;
}

static void test_an_idle_link_costs_less_than_500_mb_a_month(void **state)
{
    (void)state;
    for (unsigned family = 4; family <= 6; family += 2)
        for (size_t links = 1; links <= WORLD_LINKS; links *= 2) {
            struct wires wires;
            double mb[WORLD_LINKS];
            struct world *w = new_world(&wires, links, family);
            start(w);
            months(w, &wires, false, mb);
            for (size_t l = 0; l < links; l++) {
                print_message("IPv%u, %zu links, link %zu: %.0f MB\n", family, links, l, mb[l]);
                assert_true(mb[l] > 300 && mb[l] < 500);
            }
            world_free(w);
        }
}

/* Those that wait their turn, by role and by cost. */
static void test_waiting_links_cost_less(void **state)
{
    (void)state;
    for (unsigned family = 4; family <= 6; family += 2) {
        struct wires wires;
        double mb[WORLD_LINKS];
        struct world *w = new_world(&wires, 3, family);
        w->nodes[CLIENT].links[1].cost = 1;
        start(w);
        world_link_event(w, CLIENT, 2, true, true, WIRE_PATH_STANDBY);
        world_run(w, 60 * NS_PER_S);
        months(w, &wires, false, mb);
        print_message("IPv%u, dear: %.0f MB, standby: %.2f MB\n", family, mb[1], mb[2]);
        assert_true(mb[1] < 120);
        assert_true(mb[2] < 1);
        world_free(w);
    }
}

/* A keep-alive on one link does not make the others lively. */
static void test_links_beside_a_ping_a_second_stay_quiet(void **state)
{
    (void)state;
    struct wires wires;
    double mb[WORLD_LINKS];
    struct world *w = new_world(&wires, 4, 4);
    start(w);
    months(w, &wires, true, mb);
    for (size_t l = 0; l < 4; l++)
        print_message("a ping each second, link %zu: %.0f MB\n", l, mb[l]);
    assert_true(mb[0] < 3000 && mb[1] < 600 && mb[2] < 600 && mb[3] < 600);
    world_free(w);
}

/* What leaves out a beat is a loss more often than a cut, and nobody is told of it. */
static void test_lost_beats_are_no_news(void **state)
{
    (void)state;
    for (unsigned family = 4; family <= 6; family += 2)
        for (unsigned rtt_ms = 20; rtt_ms <= 180; rtt_ms += 160) {
            struct wires wires;
            double mb[WORLD_LINKS];
            struct world *w = new_world(&wires, 2, family);
            w->nodes[CLIENT].links[0].delay_ns = rtt_ms * NS_PER_MS / 2;
            start(w);
            w->nodes[CLIENT].links[0].loss = 0.05;
            w->nodes[CLIENT].event_count = w->nodes[SERVER].event_count = 0;
            months(w, &wires, false, mb);
            print_message("IPv%u, RTT %u ms, 5 %% loss: %.0f MB\n", family, rtt_ms, mb[0]);
            assert_int_equal(w->nodes[CLIENT].event_count + w->nodes[SERVER].event_count, 0);
            assert_true(mb[0] < 1200);
            world_free(w);
        }
}

/* ms from a cut until each side's path over link 0 was not up any more, and until its event. */
struct discovery {
    unsigned found_ms[SIDES];
    unsigned told_ms[SIDES];
};

static bool told_down(const struct world *w, size_t node)
{
    for (size_t i = 0; i < w->nodes[node].event_count; i++)
        if (w->nodes[node].events[i].type == CORE_EVENT_PATH_DOWN)
            return true;
    return false;
}

/* expected: bit for each side that is to find it. */
static struct discovery cut(struct world *w, struct wires *wires, bool up, bool down,
                            unsigned expected)
{
    struct discovery d = { { NEVER_MS, NEVER_MS }, { NEVER_MS, NEVER_MS } };
    unsigned told = 0;
    w->nodes[SERVER].event_count = w->nodes[CLIENT].event_count = 0;
    wires->cut[UP] = up;
    wires->cut[DOWN] = down;
    for (unsigned ms = 1; ms < NEVER_MS && (told & expected) != expected; ms++) {
        world_run(w, NS_PER_MS);
        for (unsigned side = 0; side < SIDES; side++) {
            enum bond_path_state now = world_status(w, side, 0).paths[0].bond.state;
            if (d.found_ms[side] == NEVER_MS && now != BOND_PATH_UP)
                d.found_ms[side] = ms;
            if (d.told_ms[side] == NEVER_MS && told_down(w, side)) {
                d.told_ms[side] = ms;
                told |= 1U << side;
            }
        }
    }
    wires->cut[UP] = wires->cut[DOWN] = false;
    return d;
}

/*
 * The latest of some moments. A cut in one direction is of consequence for the side that sends into
 * it; while there is another link, the other side goes on to use its own direction.
 */
static struct discovery latest(unsigned family, size_t links, unsigned rtt_ms, unsigned way)
{
    struct discovery most = { 0 };
    struct wires wires;
    bool up = way != DOWN;
    bool down = way != UP;
    unsigned expected = links == 1 || way == WAYS ? 3 : way == UP ? 1 << CLIENT : 1 << SERVER;
    struct world *w = new_world(&wires, links, family);
    w->nodes[CLIENT].links[0].delay_ns = rtt_ms * NS_PER_MS / 2;
    start(w);
    for (unsigned phase = 0; phase < PHASES; phase++) {
        struct discovery d = cut(w, &wires, up, down, expected);
        for (unsigned side = 0; side < SIDES; side++) {
            bool counts = (expected >> side & 1) != 0;
            if (counts && d.found_ms[side] > most.found_ms[side])
                most.found_ms[side] = d.found_ms[side];
            if (counts && d.told_ms[side] > most.told_ms[side])
                most.told_ms[side] = d.told_ms[side];
        }
        world_run(w, 90 * NS_PER_S + PHASE_MS * phase * NS_PER_MS); /* it is trusted again */
        assert_int_equal(world_status(w, CLIENT, 0).paths[0].bond.state, BOND_PATH_UP);
        assert_int_equal(world_status(w, SERVER, 0).paths[0].bond.state, BOND_PATH_UP);
    }
    world_free(w);
    return most;
}

static void discover(unsigned family, size_t links, unsigned rtt_ms, unsigned limit_ms)
{
    static const char *const ways[] = { "down", "up", "both" };
    for (unsigned way = DOWN; way <= WAYS; way++) {
        struct discovery d = latest(family, links, rtt_ms, way);
        print_message("IPv%u, %zu links, RTT %u ms, %s silent: server %u (told %u), client %u "
                      "(told %u) ms\n",
                      family, links, rtt_ms, ways[way], d.found_ms[SERVER], d.told_ms[SERVER],
                      d.found_ms[CLIENT], d.told_ms[CLIENT]);
        assert_in_range(d.found_ms[SERVER], 0, limit_ms);
        assert_in_range(d.found_ms[CLIENT], 0, limit_ms);
    }
}

static void test_a_silent_link_is_found_within_a_second(void **state)
{
    (void)state;
    static const unsigned rtts_ms[] = { 10, 20, 40, 80, 160, 300, 600 };
    for (size_t i = 0; i < sizeof rtts_ms / sizeof rtts_ms[0]; i++)
        discover(4, 2, rtts_ms[i], 1000);
    for (size_t i = 0; rtts_ms[i] <= 160; i++)
        discover(6, 2, rtts_ms[i], 1000);
}

/* Beats that would find it sooner would cost more: see beat.h. */
static void test_far_links_over_ipv6_take_a_little_longer(void **state)
{
    (void)state;
    discover(6, 2, 300, 1050);
    discover(6, 2, 600, 1200);
}

/* Nothing can be told over another one, and nothing has to be moved to it. */
static void test_an_only_link_is_asked_first(void **state)
{
    (void)state;
    discover(4, 1, 20, 1000);
    discover(4, 1, 80, 1000);
    discover(6, 1, 20, 1000);
    discover(4, 1, 600, 2100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_idle_link_costs_less_than_500_mb_a_month),
        cmocka_unit_test(test_waiting_links_cost_less),
        cmocka_unit_test(test_links_beside_a_ping_a_second_stay_quiet),
        cmocka_unit_test(test_lost_beats_are_no_news),
        cmocka_unit_test(test_a_silent_link_is_found_within_a_second),
        cmocka_unit_test(test_far_links_over_ipv6_take_a_little_longer),
        cmocka_unit_test(test_an_only_link_is_asked_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
