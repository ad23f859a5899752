/* SPDX-License-Identifier: ISC */
/* How the side that is called wants the caller's links to be used. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>

#include "session/wish.h"
#include "session/world.h"

static struct world *connected(size_t links)
{
    struct world *w = world_new(1, links);
    world_start(w);
    assert_true(world_run_until_up(w, 1, NS_PER_S));
    world_run(w, 2 * NS_PER_S);
    return w;
}

static void server_wishes(struct world *w, const char *link, enum wire_path_use use)
{
    assert_int_equal(core_wish(w->nodes[0].core, w->now, 0, link, use), 0);
    world_run(w, NS_PER_S);
}

static struct core_path_status path(const struct world *w, size_t node, size_t link)
{
    struct core_peer_status s = world_status(w, node, 0);
    assert_in_range(link, 0, s.path_count - 1);
    return s.paths[link];
}

static void assert_both(const struct world *w, size_t link, enum wire_path_use use,
                        enum bond_path_state state)
{
    for (size_t node = 0; node < 2; node++) {
        assert_int_equal(path(w, node, link).use, use);
        assert_int_equal(path(w, node, link).bond.state, state);
    }
}

/* Of so many packets each way those that did not come. */
static unsigned lost(struct world *w, uint16_t first, uint16_t count)
{
    unsigned sum = 0;
    for (uint16_t i = 0; i < count; i++) {
        world_send(w, 1, 0, (uint16_t)(first + i), 800);
        world_send(w, 0, 1, (uint16_t)(first + i), 800);
        world_run(w, NS_PER_MS);
    }
    world_run(w, NS_PER_S);
    for (uint16_t i = 0; i < count; i++)
        sum += (unsigned)(w->nodes[0].seen[first + i] == 0) +
               (unsigned)(w->nodes[1].seen[first + i] == 0);
    return sum;
}

static unsigned events(const struct world *w, size_t node, enum core_event_type type)
{
    unsigned count = 0;
    for (size_t i = 0; i < w->nodes[node].event_count; i++)
        count += w->nodes[node].events[i].type == type;
    return count;
}

static void both_sides_keep_off_a_link(void **state)
{
    (void)state;
    struct world *w = connected(2);
    struct core_peer_link link;
    assert_true(core_peer_link(w->nodes[0].core, 0, "link1", &link));
    assert_int_equal(link.ours, WIRE_PATH_ACTIVE);
    assert_int_equal(link.theirs, WIRE_PATH_ACTIVE);
    assert_false(core_peer_link(w->nodes[0].core, 0, "link7", &link));
    assert_false(core_peer_link(w->nodes[0].core, 1, "link1", &link));
    assert_false(core_peer_link(w->nodes[1].core, 0, "link1", &link)); /* it is its own */

    server_wishes(w, "link1", WIRE_PATH_DOWN);
    assert_both(w, 1, WIRE_PATH_DOWN, BOND_PATH_STANDBY);
    assert_int_equal(events(w, 0, CORE_EVENT_PATH_DOWN), 1);
    assert_int_equal(events(w, 1, CORE_EVENT_PATH_DOWN), 1);
    uint64_t before = w->nodes[1].links[1].tx_bytes + w->nodes[1].links[1].rx_bytes;
    assert_int_equal(lost(w, 0, 500), 0);
    assert_int_equal(w->nodes[1].links[1].tx_bytes + w->nodes[1].links[1].rx_bytes, before);

    server_wishes(w, "link1", WIRE_PATH_ACTIVE);
    assert_both(w, 1, WIRE_PATH_ACTIVE, BOND_PATH_UP);
    assert_int_equal(events(w, 0, CORE_EVENT_PATH_UP), 3);
    world_free(w);
}

static void it_stands_by_and_steps_in(void **state)
{
    (void)state;
    struct world *w = connected(2);
    server_wishes(w, "link1", WIRE_PATH_STANDBY);
    assert_both(w, 1, WIRE_PATH_STANDBY, BOND_PATH_STANDBY);
    w->nodes[1].links[0].cut = true;
    assert_true(lost(w, 0, 2000) < 200);
    assert_both(w, 1, WIRE_PATH_STANDBY, BOND_PATH_UP);
    w->nodes[1].links[0].cut = false;
    world_run(w, 5 * NS_PER_S);
    assert_both(w, 1, WIRE_PATH_STANDBY, BOND_PATH_STANDBY);
    assert_both(w, 0, WIRE_PATH_ACTIVE, BOND_PATH_UP);
    world_free(w);
}

static void the_stricter_of_both_counts(void **state)
{
    (void)state;
    struct world *w = connected(2);
    struct core_peer_link link;
    server_wishes(w, "link1", WIRE_PATH_STANDBY);
    world_link_event(w, 1, 1, true, true, WIRE_PATH_DOWN);
    world_run(w, NS_PER_S);
    assert_both(w, 1, WIRE_PATH_DOWN, BOND_PATH_STANDBY);
    assert_true(core_peer_link(w->nodes[0].core, 0, "link1", &link));
    assert_int_equal(link.ours, WIRE_PATH_STANDBY);
    assert_int_equal(link.theirs, WIRE_PATH_DOWN);
    world_link_event(w, 1, 1, true, true, WIRE_PATH_ACTIVE);
    world_run(w, NS_PER_S);
    assert_both(w, 1, WIRE_PATH_STANDBY, BOND_PATH_STANDBY);
    server_wishes(w, "link1", WIRE_PATH_ACTIVE);
    assert_both(w, 1, WIRE_PATH_ACTIVE, BOND_PATH_UP);
    world_free(w);
}

static void it_holds_when_the_caller_starts_anew(void **state)
{
    (void)state;
    struct world *w = connected(2);
    server_wishes(w, "link1", WIRE_PATH_DOWN);
    world_restart(w, 1);
    assert_true(world_run_until_up(w, 1, 5 * NS_PER_S));
    world_run(w, 2 * NS_PER_S);
    assert_both(w, 1, WIRE_PATH_DOWN, BOND_PATH_STANDBY);
    assert_int_equal(lost(w, 0, 300), 0);
    world_free(w);
}

/* Also before there is such a link, and of the only one, for long. */
static void the_only_link_comes_back(void **state)
{
    (void)state;
    struct world *w = world_new(1, 1);
    world_start(w);
    assert_int_equal(core_wish(w->nodes[0].core, w->now, 0, "link0", WIRE_PATH_DOWN), 0);
    world_run(w, 600 * NS_PER_S);
    assert_both(w, 0, WIRE_PATH_DOWN, BOND_PATH_STANDBY);
    assert_int_equal(lost(w, 0, 100), 200);
    server_wishes(w, "link0", WIRE_PATH_ACTIVE);
    world_run(w, 2 * NS_PER_S);
    assert_both(w, 0, WIRE_PATH_ACTIVE, BOND_PATH_UP);
    assert_int_equal(lost(w, 1000, 100), 0);
    world_free(w);
}

static void a_list_of_wishes_has_an_end(void **state)
{
    (void)state;
    struct wish_list w = { 0 };
    char name[16];
    for (unsigned i = 0; i < WIRE_PATHS_MAX; i++) {
        snprintf(name, sizeof name, "link%u", i);
        assert_int_equal(wish_set(&w, name, WIRE_PATH_DOWN), 0);
    }
    assert_int_equal(wish_set(&w, "more", WIRE_PATH_DOWN), -ENOSPC);
    assert_int_equal(wish_set(&w, "link3", WIRE_PATH_STANDBY), 0);
    assert_int_equal(wish_of(&w, "link3"), WIRE_PATH_STANDBY);
    assert_int_equal(wish_set(&w, "link0", WIRE_PATH_ACTIVE), 0);
    assert_int_equal(wish_of(&w, "link0"), WIRE_PATH_ACTIVE);
    assert_int_equal(wish_of(&w, "link31"), WIRE_PATH_DOWN);
    assert_int_equal(wish_set(&w, "more", WIRE_PATH_DOWN), 0);
    assert_int_equal(w.count, WIRE_PATHS_MAX);
    wish_free(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_sides_keep_off_a_link),
        cmocka_unit_test(it_stands_by_and_steps_in),
        cmocka_unit_test(the_stricter_of_both_counts),
        cmocka_unit_test(it_holds_when_the_caller_starts_anew),
        cmocka_unit_test(the_only_link_comes_back),
        cmocka_unit_test(a_list_of_wishes_has_an_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
